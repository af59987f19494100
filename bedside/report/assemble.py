"""From a visit's journal to its report, for one role: what a blinded reader must not know is not in it at all."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from bedside.events import Envelope, Role, Signed, VisitClosed, VisitOpened
from bedside.report import adverse, assessed, treated
from bedside.report.model import Report, Section
from bedside.visit.rules import evolve
from bedside.visit.setup import Setup
from bedside.visit.state import Visit

FOOTER = (
    "bedside is research software, not a certified medical device. Every number here was folded from the visit's "
    "journal; nothing was typed into this report."
)
SIMULATED = "SIMULATED: the devices of this visit were simulated; no patient took part."


class NoVisitError(ValueError):
    """The events hold no visit that the reader may know of."""


def assemble(events: Sequence[Envelope], setup: Setup, visit: Path, role: Role) -> Report:
    """The report of the visit in `events`; `visit` is its folder. Raises `NoVisitError`."""
    events = _of_visit(events)
    told = list(_told(events, role))
    state = Visit.start(setup)
    for envelope in told:
        state = evolve(state, envelope)
    opened = state.opened
    if opened is None:
        raise NoVisitError("there is no visit in this journal")
    sections: tuple[Section, ...]
    if state.assessment is not None:
        sections = tuple(assessed.sections(state.assessment, setup.catalogue, visit, role))
        sections += (adverse.section(state, told),) if state.adverse else ()
    elif role == "assess":
        sections = (Section(title="Treatment", paragraphs=("Not shown to an assessor.",)),)
    else:
        sections = tuple(treated.sections(state, told))
    kind = f"Assessment {opened.point}" if opened.kind == "assessment" else "Treatment"
    signed = next((x.event for x in reversed(events) if isinstance(x.event, Signed)), None)
    return Report(
        title=f"{kind}, participant {opened.participant}",
        facts=_facts(state, told, opened, signed, masked=role == "assess" and opened.kind == "treatment"),
        warnings=tuple(_warnings(state, opened, signed)),
        sections=sections,
        footer=FOOTER,
    )


def _of_visit(events: Sequence[Envelope]) -> Sequence[Envelope]:
    """Up to the visit's closing: a box goes on journalling, and none of that is the visit's."""
    closed = next((place for place, x in enumerate(events) if isinstance(x.event, VisitClosed)), len(events))
    return events[: closed + 1]


def _told(events: Sequence[Envelope], role: Role) -> Iterator[Envelope]:
    for envelope in events:
        event = envelope.event.told(role)
        if event is not None:
            yield replace(envelope, event=event)


def _facts(
    state: Visit, told: Sequence[Envelope], opened: VisitOpened, signed: Signed | None, *, masked: bool
) -> tuple[tuple[str, str], ...]:
    """`masked`: a treatment for an assessor, who reads neither its session, which its name holds, nor its outcome."""
    begin = next(envelope for envelope in told if envelope.event is opened)
    facts = [
        ("Study", state.setup.study.title),
        *([] if masked else [("Visit", opened.visit)]),
        ("Begun (UTC)", begin.utc[:19].replace("T", " ")),
        ("Ended (UTC)", told[-1].utc[:19].replace("T", " ") if state.closed is not None else "not closed"),
        ("Outcome", _outcome(state, masked=masked)),
    ]
    if opened.kind == "treatment" and not masked:
        facts.append(("Session", f"{opened.session} of {opened.sessions_planned}"))
    due = state.assessment.due if state.assessment is not None else None
    if due is not None:
        facts.append(("Due", due[0] if due[0] == due[1] else f"{due[0]} to {due[1]}"))
    if signed is not None:
        facts.append(("Signed by", signed.name if masked else f"{signed.name}: {signed.meaning}"))
    return tuple(facts)


def _outcome(state: Visit, *, masked: bool) -> str:
    """How the visit ended; of a treatment an assessor reads only that it did."""
    if state.closed is None:
        return "open"
    return "closed" if masked else f"{state.closed.outcome}: {state.closed.reason}"


def _warnings(state: Visit, opened: VisitOpened, signed: Signed | None) -> list[str]:
    found = [SIMULATED] if opened.simulated else []
    if signed is None:
        found.append("This visit is not signed.")
    if state.assessment is not None:
        found += [f"Departs from the study's plan: {text}" for text in state.assessment.deviations]
    return found
