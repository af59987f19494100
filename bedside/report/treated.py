"""The report of a treatment: threshold, dose as planned and as counted, pauses, current, robot, adverse events."""

from collections.abc import Iterator, Sequence

from bedside import events as e
from bedside.events import Envelope
from bedside.report import adverse, walked
from bedside.report.model import Figure, Section, Series, Table
from bedside.visit.narrate import line
from bedside.visit.state import Visit

NS = 1e9


def sections(state: Visit, events: Sequence[Envelope]) -> Iterator[Section]:
    """The sections of a treatment, those that nothing was recorded for left out."""
    yield _steps(state)
    if state.threshold is not None or state.singles:
        yield _threshold(state)
    if state.dose is not None:
        yield _dose(state, events)
    if state.currents:
        yield _current(state)
    yield from walked.sections(state)
    yield adverse.section(state, events)
    remarks = tuple(line(x.event) for x in events if isinstance(x.event, e.AlarmRaised | e.NoteAdded))
    if remarks:
        yield Section(title="Alarms and notes", paragraphs=tuple(dict.fromkeys(remarks)))


def _steps(state: Visit) -> Section:
    rows = tuple((step, done.summary, done.who, done.utc[11:19]) for step, done in state.done.items())
    return Section(
        title="Steps",
        tables=(Table(caption="Completed steps", head=("step", "summary", "by", "at (UTC)"), rows=rows),),
    )


def _threshold(state: Visit) -> Section:
    found, site = state.threshold, state.hotspot
    words = []
    if site is not None:
        words.append(f"Hotspot {site.site}, {site.x_cm:+.1f} cm to the right and {site.y_cm:+.1f} cm to the front.")
    if found is None:
        words.append("No threshold was accepted.")
    else:
        words.append(
            f"Resting motor threshold of {found.muscle}: {found.rmt_pct_mso:.1f} %MSO, 95 % interval "
            f"{found.low_pct_mso:.1f} to {found.high_pct_mso:.1f}, {found.trials} pulses, rule {found.rule}."
        )
    trials = [single for single in state.singles if single.purpose == "threshold" and single.response is not None]
    figures: tuple[Figure, ...] = ()
    if trials:
        good = [(float(t.amplitude_pct_mso), t.response.amplitude_uv) for t in trials if t.counts and t.response]
        bad = [(float(t.amplitude_pct_mso), t.response.amplitude_uv) for t in trials if not t.counts and t.response]
        series = tuple(
            Series(label=label, x=tuple(x for x, _ in spots), y=tuple(y for _, y in spots), points=True)
            for label, spots in (("counted", good), ("void or rejected", bad))
            if spots
        )
        figures = (
            Figure(
                caption="Responses of the threshold hunt",
                text=f"{len(good)} responses counted, {len(bad)} void or rejected.",
                x_label="intensity (%MSO)",
                y_label="response (uV)",
                series=series,
            ),
        )
    return Section(title="Hotspot and threshold", paragraphs=tuple(words), figures=figures)


def _dose(state: Visit, events: Sequence[Envelope]) -> Section:
    dose, ledger, ended = state.dose, state.ledger, state.course.ended
    if dose is None:
        return Section(title="Dose")
    rows = [
        ("protocol", dose.preset),
        ("intensity planned", f"{dose.intensity_pct_mso} %MSO ({dose.pct_rmt} % of the threshold, rounded down)"),
        ("intensity at the end", f"{state.intensity_pct_mso} %MSO"),
        ("pulses planned", f"{dose.pulses} at {dose.rate_hz:g} Hz"),
        ("pulses reported by the stimulator", str(ledger.course)),
        ("pulses that cannot be proved or excluded", str(ledger.uncertain_course)),
        ("single pulses", str(ledger.single)),
        ("ended", "not ended" if ended is None else f"{ended.cause}: {ended.reason}"),
    ]
    pauses = tuple(
        (x.utc[11:19], line(x.event))
        for x in events
        if isinstance(x.event, e.StimulationPaused | e.StimulationResumed | e.IntensityLowered)
    )
    tables = [Table(caption="Dose as planned and as counted", head=("what", "value"), rows=tuple(rows))]
    if pauses:
        tables.append(Table(caption="Pauses and changes", head=("at (UTC)", "what"), rows=pauses))
    warnings = ("Some pulses can be neither proved nor excluded.",) if ledger.uncertain_course else ()
    return Section(title="Dose", warnings=warnings, tables=tuple(tables), figures=tuple(_course(events)))


def _course(events: Sequence[Envelope]) -> Iterator[Figure]:
    times = [x.mono_ns for x in events if isinstance(x.event, e.PulseReported) and x.event.purpose == "treatment"]
    if len(times) < 2:
        return
    minutes = tuple((at - times[0]) / NS / 60 for at in times)
    yield Figure(
        caption="Pulses as the stimulator reported them",
        text=f"{len(times)} pulses within {minutes[-1]:.1f} min.",
        x_label="time since the first pulse (min)",
        y_label="pulses",
        series=(Series(label="", x=minutes, y=tuple(float(n + 1) for n in range(len(times)))),),
    )


def _current(state: Visit) -> Section:
    rows = []
    for run in state.currents:
        given = "not known" if run.ended is None else f"{run.ended.given_c:.3f} C of {run.ended.planned_c:.3f} C"
        words = run.ended.reason if run.ended is not None else run.failed or run.stop_reason or "not ended"
        rows.append((run.intended.preset, f"{run.intended.current_ma:g} mA", given, words))
    table = Table(caption="Direct current programs", head=("program", "current", "charge", "ended"), rows=tuple(rows))
    return Section(title="Direct current", tables=(table,))
