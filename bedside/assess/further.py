"""Instruments that are not on the visit's list: which of them can still be done, and why not the others."""

from collections.abc import Collection

from bedside.assess.catalogue import Catalogue
from bedside.assess.importing import table_kind
from bedside.assess.state import MEP, Assessment
from bedside.config.captures import CaptureConfig
from bedside.refusal import Refusal
from bedside.snapshot import FurtherInstrument


def demand_blind(catalogue: Catalogue, instrument: str, *, blinded: bool) -> None:
    """Raise `Refusal` for an instrument that tells the arm, in an assessment whose assessor must not know it."""
    if blinded and catalogue.tells_arm(instrument):
        words = f"{catalogue.title(instrument)} tells the arm, and this assessment is blinded"
        raise Refusal(words, "carry it out in an assessment that is not")


def demand_possible(state: Assessment, catalogue: Catalogue, instrument: str, served: Collection[str]) -> None:
    """Raise `Refusal` for what cannot be added to the visit's list.

    `served` are the places that have a configured device, such as "plate". An instrument of the plan is opened without
    its sensors too, so that it can be finished with the reason; one that nobody planned would only leave a gap, unless
    another program's table can be a trial of it.
    """
    title = catalogue.title(instrument)
    if catalogue.kind(instrument) == "mep":
        words = f"{title}: measured in steps of its own, which this assessment does not have"
        raise Refusal(words, f"open an assessment with '{MEP}' in its plan")
    demand_blind(catalogue, instrument, blinded=state.blinded)
    capture = catalogue.captures.get(instrument)
    if capture is not None and (lacks := _lacks(capture, served)) and not _takes_tables(capture):
        raise Refusal(f"{title}: {lacks}", "name a device for it in station.toml")


def _lacks(capture: CaptureConfig, served: Collection[str]) -> str:
    """Words for the places that no device serves; empty when all are served."""
    places = ", ".join(place.replace("_", " ") for place in capture.needs if place not in served)
    return f"no sensor is configured for {places}" if places else ""


def _takes_tables(capture: CaptureConfig) -> bool:
    """Whether another program's table can be a trial of one of its tasks."""
    for task in capture.tasks:
        try:
            table_kind(capture, task)
        except Refusal:
            continue
        return True
    return False


def choices(state: Assessment, catalogue: Catalogue, served: Collection[str]) -> tuple[FurtherInstrument, ...]:
    """All that is not on the list, with why it cannot be added; nothing while an instrument is open."""
    if state.open is not None:
        return ()
    names = (name for name in catalogue.names if name not in state.instruments)
    return tuple(_choice(state, catalogue, name, served) for name in names)


def _choice(state: Assessment, catalogue: Catalogue, name: str, served: Collection[str]) -> FurtherInstrument:
    refusal = ""
    try:
        demand_possible(state, catalogue, name, served)
    except Refusal as why:
        refusal = why.reason
    capture, planned = catalogue.captures.get(name), name in state.left_out
    lacks = _lacks(capture, served) if capture is not None and not refusal else ""
    remark = ", ".join(words for words in ("planned, left out at first" if planned else "", lacks) if words)
    return FurtherInstrument(id=name, title=catalogue.title(name), refusal=refusal, remark=remark)
