"""An assessment after one of its events. Nothing is decided here."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bedside.assess.scoring import Entry
from bedside.assess.state import Assessment, Trial, Work
from bedside.events import (
    AssessmentPlanned,
    AssessmentRecalled,
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviationNoted,
    DeviceCalibrated,
    Envelope,
    Event,
    InstrumentClosed,
    InstrumentOpened,
    InstrumentReopened,
    ItemScored,
    TrialImported,
    TrialJudged,
)


def begun(event: AssessmentPlanned) -> Assessment:
    """The assessment as it is planned."""
    return Assessment(event.point, event.instruments, event.blinded, event.due, event.beyond, event.left_out)


def evolve(state: Assessment, envelope: Envelope) -> Assessment:
    """The assessment after `envelope`; events that are not its own leave it as it is."""
    change = _CHANGES.get(type(envelope.event))
    return state if change is None else change(state, envelope.event, envelope)


def _with(state: Assessment, instrument: str, work: Work) -> Assessment:
    return replace(state, works={**state.works, instrument: work})


def _work(state: Assessment, instrument: str) -> Work:
    return state.works.get(instrument) or Work()


def _recalled(state: Assessment, event: AssessmentRecalled, _: Envelope) -> Assessment:
    return replace(state, earlier=event.earlier)


def _deviates(state: Assessment, event: DeviationNoted, _: Envelope) -> Assessment:
    return replace(state, deviations=(*state.deviations, event.text))


def _opened(state: Assessment, event: InstrumentOpened, envelope: Envelope) -> Assessment:
    state = _listed(state, event.instrument)
    work = replace(_work(state, event.instrument), opened=event, opened_ns=envelope.mono_ns)
    return replace(_with(state, event.instrument, work), open=event.instrument, last=None)


def _listed(state: Assessment, instrument: str) -> Assessment:
    """With the instrument on the visit's list: what the study plans comes before what is beyond its plan."""
    if instrument in state.instruments:
        return state
    if instrument not in state.left_out:
        return replace(state, instruments=(*state.instruments, instrument), beyond=(*state.beyond, instrument))
    planned = tuple(name for name in state.instruments if name not in state.beyond)
    rest = tuple(name for name in state.left_out if name != instrument)
    return replace(state, instruments=(*planned, instrument, *state.beyond), left_out=rest)


def _reopened(state: Assessment, event: InstrumentReopened, _: Envelope) -> Assessment:
    work = replace(_work(state, event.instrument), closed=None)
    return replace(_with(state, event.instrument, work), open=event.instrument, last=None)


def _scored(state: Assessment, event: ItemScored, _: Envelope) -> Assessment:
    work = _work(state, event.instrument)
    entries = {**work.entries, event.code: Entry(event.value, event.missing, event.flag, event.by)}
    return _with(state, event.instrument, replace(work, entries=entries))


def _closed(state: Assessment, event: InstrumentClosed, _: Envelope) -> Assessment:
    work = replace(_work(state, event.instrument), closed=event)
    return replace(_with(state, event.instrument, work), open=None, last=event.instrument)


def _started(state: Assessment, event: CaptureStarted | TrialImported, envelope: Envelope) -> Assessment:
    work = _work(state, event.instrument)
    return _with(state, event.instrument, replace(work, trials=(*work.trials, Trial(event, envelope.mono_ns))))


def _cue(state: Assessment, event: CueGiven, envelope: Envelope) -> Assessment:
    running = state.running
    if running is None or state.open is None:
        return state
    work = state.work
    told = replace(running, cues=(*running.cues, (envelope.mono_ns, event.cue)))
    return _with(state, state.open, replace(work, trials=(*work.trials[:-1], told)))


def _stopped(state: Assessment, event: CaptureStopped, _: Envelope) -> Assessment:
    return _trial(state, event, "stopped")


def _analysed(state: Assessment, event: CaptureAnalysed, _: Envelope) -> Assessment:
    return _trial(state, event, "analysed")


def _judged(state: Assessment, event: TrialJudged, _: Envelope) -> Assessment:
    return _trial(state, event, "judged")


def _trial(state: Assessment, event: CaptureStopped | CaptureAnalysed | TrialJudged, field: str) -> Assessment:
    """Enter `event` under `field` in the trial it speaks of."""
    work = _work(state, event.instrument)
    trials = tuple(
        replace(trial, **{field: event}) if (trial.task, trial.started.trial) == (event.task, event.trial) else trial
        for trial in work.trials
    )
    return _with(state, event.instrument, replace(work, trials=trials))


def _calibrated(state: Assessment, event: DeviceCalibrated, _: Envelope) -> Assessment:
    return replace(state, calibrated={**state.calibrated, f"{event.device}.{event.what}": event})


Change = Callable[[Assessment, Any, Envelope], Assessment]
_CHANGES: dict[type[Event], Change] = {
    AssessmentRecalled: _recalled,
    DeviationNoted: _deviates,
    InstrumentOpened: _opened,
    InstrumentReopened: _reopened,
    ItemScored: _scored,
    InstrumentClosed: _closed,
    CaptureStarted: _started,
    TrialImported: _started,
    CueGiven: _cue,
    CaptureStopped: _stopped,
    CaptureAnalysed: _analysed,
    TrialJudged: _judged,
    DeviceCalibrated: _calibrated,
}
