"""How the stimulator's events change the state: intents, reports, single pulses, the counter."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bedside.events import (
    AmplitudeIntended,
    ArmIntended,
    CoilPlaced,
    CounterNoted,
    Envelope,
    Event,
    HotspotChosen,
    HuntStarted,
    OffConfirmed,
    OffIntended,
    PacingSet,
    PulseIntended,
    PulseJudged,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    ResponseMeasured,
    ResponseMissing,
    StimulatorFailed,
    StimulatorSaid,
    ThresholdFound,
)
from bedside.visit import evolve_current
from bedside.visit.inputs import NS
from bedside.visit.state import Baseline, Chain, Single, TrainRun, Unsettled, Visit

SINGLE_HZ = 1.0
LATE_S = 0.1


def unsettled(state: Visit, train: TrainRun, at_most: int, reason: str, mono_ns: int) -> Unsettled:
    """The doubt about `at_most` pulses of a train, at any time since it was asked for."""
    slack = train.unreported_bursts(LATE_S * state.setup.speed)
    return Unsettled(
        at_most,
        "treatment",
        reason,
        mono_ns,
        train.asked_ns,
        train.rate_hz,
        burst_pulses=train.burst_pulses,
        slack=slack,
    )


def missed(state: Visit, mono_ns: int) -> Visit:
    """The state when a train is cut short in which reports were missing: those may have been given."""
    train = state.course.train
    if train is None or state.unsettled is not None:
        return state
    count = max(train.missed, _of_bursts(train, mono_ns, state.setup.speed))
    if not count:
        return state
    reason = f"{count} pulses of a train were not reported"
    return replace(state, unsettled=unsettled(state, train, count, reason, mono_ns))


def _of_bursts(train: TrainRun, mono_ns: int, speed: float) -> int:
    """Pulses of bursts begun by now that no report covers, where reports do not come pulse by pulse."""
    if train.pattern is None or not train.reported or train.unreported_bursts(LATE_S * speed) is None:
        return 0
    begun = train.pattern.begun_by((mono_ns - train.first_ns) / NS)
    return max(0, begun * train.burst_pulses - train.reported)


def unheard(state: Visit, mono_ns: int, reason: str) -> Visit:
    """The state when nobody can say how many of the pulses under way were given."""
    pending, train = state.pending, state.course.train
    if pending is not None:
        failed = replace(pending, failed=reason)
        doubt = Unsettled(1, pending.purpose, reason, mono_ns, pending.asked_ns, SINGLE_HZ)
        return replace(state, singles=(*state.singles[:-1], failed), unsettled=doubt)
    if train is not None:
        left = max(0, train.pulses - train.reported)
        doubt = unsettled(state, train, left, reason, mono_ns)
        before = max(train.missed, _of_bursts(train, train.last_ns, state.setup.speed))
        slack = None if doubt.slack is None else train.stimuli - train.reported
        heard_ns = max(train.asked_ns, train.running_ns, train.last_ns)
        doubt = replace(doubt, heard_ns=heard_ns, missed=before, slack=slack)
        state = replace(state, course=replace(state.course, train=None))
        if left:
            return replace(state, unsettled=doubt)
    return state


def rebased(state: Visit, mono_ns: int) -> Visit:
    """The state with its waits begun anew at `mono_ns`, as visit time may be; nothing is waited for by the old clock.

    What bounds the pulses that may have been given unheard keeps its times: another clock's bound nothing.
    """
    singles, doubt, baseline = state.singles, state.unsettled, state.baseline
    if singles:
        singles = (*singles[:-1], replace(singles[-1], asked_ns=mono_ns))
    return replace(
        state,
        singles=singles,
        asked_ns=mono_ns,
        unsettled=replace(doubt, since_ns=mono_ns) if doubt is not None else None,
        baseline=replace(baseline, noted_ns=mono_ns) if baseline is not None else None,
    )


def _amplitude(state: Visit, event: AmplitudeIntended, envelope: Envelope) -> Visit:
    under_way = state.course.running and state.course.train is not None and state.course.train.triggered
    chain = None if under_way else Chain(event.purpose, "amplitude", envelope.mono_ns)
    return replace(state, asked_pct_mso=event.amplitude_pct_mso, asked_ns=envelope.mono_ns, chain=chain)


def _arm(state: Visit, event: ArmIntended, envelope: Envelope) -> Visit:
    chain = Chain(event.purpose, "arm", envelope.mono_ns)
    return replace(state, chain=chain, armed=True, off_since_ns=None, off_confirmed=False, off_ns=None)


def _pulse(state: Visit, event: PulseIntended, envelope: Envelope) -> Visit:
    single = Single(
        pulse=event.pulse,
        purpose=event.purpose,
        amplitude_pct_mso=event.amplitude_pct_mso,
        site=event.site,
        x_cm=event.x_cm,
        y_cm=event.y_cm,
        asked_ns=envelope.mono_ns,
    )
    return replace(state, singles=(*state.singles, single), chain=None)


def _off(state: Visit, event: OffIntended, envelope: Envelope) -> Visit:
    if not event.keeps_current:
        state = evolve_current.stopped(state, event.reason, envelope.mono_ns)
    train = state.course.train
    if train is not None and train.off_ns is None:
        state = replace(state, course=replace(state.course, train=replace(train, off_ns=envelope.mono_ns)))
    return replace(
        state,
        chain=None,
        armed=False,
        pacing=False,
        off_since_ns=envelope.mono_ns,
        off_reason=event.reason,
        off_confirmed=False,
        off_ns=None,
        off_failed="",
    )


def _off_confirmed(state: Visit, _event: OffConfirmed, envelope: Envelope) -> Visit:
    course = state.course if state.course.running else replace(state.course, train=None)
    return replace(state, off_confirmed=True, off_failed="", off_ns=envelope.mono_ns, course=course)


def _failed(state: Visit, event: StimulatorFailed, envelope: Envelope) -> Visit:
    state = replace(state, chain=None)
    if event.action == "off":
        return replace(state, off_failed=event.error)
    if event.action == "pulse" and state.pending is not None:
        return unheard(state, envelope.mono_ns, event.error)
    if event.action == "train" and state.course.train is not None:
        return unheard(state, envelope.mono_ns, event.error)
    return state


def _said(state: Visit, event: StimulatorSaid, _: Envelope) -> Visit:
    return replace(state, said=event)


def _counted(state: Visit, count: int) -> Baseline | None:
    return None if state.baseline is None else replace(state.baseline, since=state.baseline.since + count)


def _pulse_reported(state: Visit, event: PulseReported, envelope: Envelope) -> Visit:
    ledger = state.ledger.with_pulses(1, event.purpose)
    state = replace(state, ledger=ledger, baseline=_counted(state, 1), di_dt_a_us=event.di_dt_a_us)
    doubt = state.unsettled
    belongs = doubt is not None and event.purpose == doubt.purpose and event.pulse is None
    if doubt is not None and belongs and doubt.at_most and state.course.train is None:
        state = replace(state, unsettled=replace(doubt, at_most=doubt.at_most - 1, heard_ns=envelope.mono_ns))
    if event.purpose == "treatment":
        return _course_pulse(state, envelope.mono_ns)
    return _change_single(state, event.pulse, reported=True) if event.pulse is not None else state


def _course_pulse(state: Visit, mono_ns: int) -> Visit:
    course = replace(state.course, last_pulse_ns=mono_ns)
    train = course.train
    if train is not None:
        first_ns = mono_ns if train.reported == 0 else train.first_ns
        missed = _not_reported(train, mono_ns, state.setup.speed) if train.reported else train.missed
        train = replace(train, reported=train.reported + 1, first_ns=first_ns, last_ns=mono_ns, missed=missed)
    return replace(state, course=replace(course, train=train), chain=None)


def _not_reported(train: TrainRun, mono_ns: int, speed: float) -> int:
    """Pulses that had room before this report and were not reported."""
    if train.pattern is None:
        return train.missed + _gap(train, mono_ns, speed)
    due = train.pattern.due_by((mono_ns - train.first_ns) / NS - LATE_S * speed)
    return max(0, due - train.reported - 1)


def _gap(train: TrainRun, mono_ns: int, speed: float) -> int:
    """Pulses of an even train that fit between two reports; reports may be late by a tenth of a real second."""
    gap_ns, interval_ns = mono_ns - train.last_ns, NS / train.rate_hz
    return round(gap_ns / interval_ns) - 1 if gap_ns > 1.5 * interval_ns + LATE_S * speed * NS else 0


def _change_single(state: Visit, pulse: int, **changes: Any) -> Visit:
    """One single pulse changed; it is nearly always the last."""
    place = next((i for i in range(len(state.singles) - 1, -1, -1) if state.singles[i].pulse == pulse), None)
    if place is None:
        return state
    changed = replace(state.singles[place], **changes)
    return replace(state, singles=(*state.singles[:place], changed, *state.singles[place + 1 :]))


def _measured(state: Visit, event: ResponseMeasured, _: Envelope) -> Visit:
    return _change_single(state, event.pulse, response=event.target, others=event.others, missing="")


def _missing(state: Visit, event: ResponseMissing, _: Envelope) -> Visit:
    return _change_single(state, event.pulse, missing=event.reason)


def _judged(state: Visit, event: PulseJudged, _: Envelope) -> Visit:
    return _change_single(state, event.pulse, rejected="" if event.accepted else event.reason or "rejected")


def _counter(state: Visit, event: CounterNoted, envelope: Envelope) -> Visit:
    baseline = Baseline(event.total, event.proven, event.serial_number, 0, envelope.mono_ns)
    return replace(state, baseline=baseline)


def _lost(state: Visit) -> int:
    """Pulses in the ledger as lost whose fate is being settled."""
    return state.unsettled.lost if state.unsettled is not None else 0


def _reconciled(state: Visit, event: PulsesReconciled, _: Envelope) -> Visit:
    ledger = state.ledger.with_pulses(event.count, event.purpose).with_pulses(event.unasked, None)
    ledger = ledger.found(min(event.count, _lost(state)))
    state = replace(state, ledger=ledger, unsettled=None, baseline=_counted(state, event.count + event.unasked))
    train = state.course.train
    if train is None or event.purpose != "treatment":
        return state
    reported, last_ns, device = train.reported + event.count, train.last_ns, state.setup.devices.get("stimulator")
    if device is not None and not device.counts_pulses and train.pattern is None:
        # the earliest time of the last certain pulse: what may follow it unheard is bounded from there on
        last_ns = max(last_ns, train.asked_ns + round((reported - 1) / train.rate_hz * NS))
    return replace(state, course=replace(state.course, train=replace(train, reported=reported, last_ns=last_ns)))


def _uncertain(state: Visit, event: PulsesUncertain, _: Envelope) -> Visit:
    ledger = state.ledger.with_uncertain(event.at_most, event.purpose)
    ledger = ledger.found(min(event.at_most, _lost(state)))
    return replace(state, ledger=ledger, unsettled=None, baseline=None)


def _pacing(state: Visit, event: PacingSet, _: Envelope) -> Visit:
    return replace(state, pacing=event.automatic)


def _placed(state: Visit, event: CoilPlaced, _: Envelope) -> Visit:
    return replace(state, placed=event)


def _hotspot(state: Visit, event: HotspotChosen, _: Envelope) -> Visit:
    return replace(state, hotspot=event, hunt=None, threshold=None, dose=None, intensity_pct_mso=None)


def _hunt(state: Visit, event: HuntStarted, _: Envelope) -> Visit:
    return replace(state, hunt=event, hunt_from=len(state.singles), threshold=None, dose=None, intensity_pct_mso=None)


def _threshold(state: Visit, event: ThresholdFound, _: Envelope) -> Visit:
    return replace(state, threshold=event, pacing=False, dose=None, intensity_pct_mso=None)


CHANGES: dict[type[Event], Callable[[Visit, Any, Envelope], Visit]] = {
    AmplitudeIntended: _amplitude,
    ArmIntended: _arm,
    PulseIntended: _pulse,
    OffIntended: _off,
    OffConfirmed: _off_confirmed,
    StimulatorFailed: _failed,
    StimulatorSaid: _said,
    PulseReported: _pulse_reported,
    ResponseMeasured: _measured,
    ResponseMissing: _missing,
    PulseJudged: _judged,
    CounterNoted: _counter,
    PulsesReconciled: _reconciled,
    PulsesUncertain: _uncertain,
    PacingSet: _pacing,
    CoilPlaced: _placed,
    HotspotChosen: _hotspot,
    HuntStarted: _hunt,
    ThresholdFound: _threshold,
}
