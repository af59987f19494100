"""Evoked potentials of an assessment: three accepted responses at the intensity that the first visit fixed.

The intensity is 120 % of the first assessment's threshold, rounded down, and stays that at every later visit, whatever
the threshold has become since.
"""

from statistics import fmean

from bedside.assess.state import MEP
from bedside.events import Event, InstrumentClosed, MuscleResponse
from bedside.refusal import Refusal
from bedside.visit.side import channels
from bedside.visit.state import Single, Visit
from dsp.mep_assessment import INTENSITY_NOT_REACHABLE, SWEEPS_A_SIDE, LockedIntensity, lock_intensity

INTENSITY = "intensity_pct_mso"
BASELINE = "baseline_rmt_pct_mso"


def locked(state: Visit) -> LockedIntensity:
    """The intensity of this and every later visit; raises `Refusal` before there is a threshold."""
    before = state.assessment.earlier if state.assessment is not None else ()
    first = next((found for found in before if found.instrument == MEP and INTENSITY in found.values), None)
    cap = state.setup.study.hunt.cap_pct_mso
    if first is not None:
        again = lock_intensity(first.values.get(BASELINE, first.values[INTENSITY]), largest_pct_mso=cap)
        # a study may have lowered its limit since: the limit holds, and the flags say that another intensity was asked
        pct_mso = min(round(first.values[INTENSITY]), cap)
        return LockedIntensity(pct_mso, again.asked_pct_mso, again.baseline_rmt_pct_mso, flags=again.flags)
    if state.threshold is None:
        raise Refusal("no threshold is accepted", "go back and find it")
    return lock_intensity(state.threshold.rmt_pct_mso, largest_pct_mso=cap)


def given(state: Visit) -> tuple[Single, ...]:
    """The pulses of this step."""
    return tuple(single for single in state.singles if single.purpose == "assessment")


def counted(state: Visit) -> tuple[Single, ...]:
    """Those whose response counts, at the present hotspot and the locked intensity.

    Somebody may go back and find another threshold or another site: responses from before are of something else.
    """
    counts = [single for single in given(state) if single.counts]
    if not counts or state.hotspot is None:
        return ()
    site = (state.hotspot.site, state.hotspot.x_cm, state.hotspot.y_cm)
    pct_mso = locked(state).pct_mso
    return tuple(x for x in counts if (x.site, x.x_cm, x.y_cm) == site and x.amplitude_pct_mso == pct_mso)


def finished(state: Visit) -> str | None:
    """Why no more pulses are needed here; None while some are."""
    if closed(state) is not None:
        return "the evoked potentials are finished"
    done = len(counted(state))
    return f"{done} responses are accepted" if done >= SWEEPS_A_SIDE else None


def complete(state: Visit) -> str:
    """The summary of the step; raises `Refusal` while responses are missing and nobody said why."""
    before = closed(state)
    done = len(counted(state))
    if before is None and done < SWEEPS_A_SIDE:
        raise Refusal(f"{done} of {SWEEPS_A_SIDE} responses are accepted", "give pulses, or finish with a reason")
    return f"{done} responses at {locked(state).pct_mso} %MSO" if done else "not done"


def leaving(state: Visit, examiner: str) -> tuple[Event, ...]:
    """The outcome, when the step is left; nothing where it was finished by hand before."""
    return () if closed(state) is not None else (outcome(state, "", examiner),)


def finish(state: Visit, reason: str, examiner: str) -> tuple[Event, ...]:
    """Finish with what there is; raises `Refusal` without a reason, and in other steps."""
    if state.step != "mep":
        raise Refusal("evoked potentials are finished in their step", "go back to it")
    if closed(state) is not None:
        raise Refusal("the evoked potentials are finished", "go on")
    if state.pending is not None or state.chain is not None:
        raise Refusal("a pulse is under way", "wait for it")
    if len(counted(state)) < SWEEPS_A_SIDE and not reason.strip():
        raise Refusal("finishing with fewer responses needs a reason", "say why")
    return (outcome(state, reason, examiner),)


def outcome(state: Visit, reason: str, examiner: str) -> InstrumentClosed:
    """What was found: each leg's mean amplitude and latency over the accepted responses, and the intensity."""
    done = counted(state)
    return InstrumentClosed(
        instrument=MEP,
        outcome="complete" if len(done) >= SWEEPS_A_SIDE else "partial" if done else "not_done",
        reason=reason,
        total=None,
        values=_values(state, done),
        examiner=examiner,
    )


def _values(state: Visit, done: tuple[Single, ...]) -> dict[str, float]:
    if not done:
        return {}
    lock = locked(state)
    values = {
        INTENSITY: float(lock.pct_mso),
        BASELINE: lock.baseline_rmt_pct_mso,
        INTENSITY_NOT_REACHABLE: float(INTENSITY_NOT_REACHABLE in lock.flags),
    }
    if state.threshold is not None:
        values["rmt_pct_mso"] = state.threshold.rmt_pct_mso
    muscle = state.setup.study.hunt.target_muscle
    for channel in channels(state):
        if channel.muscle == muscle:
            values |= _side(channel.side, [_of(single, channel.name) for single in done[:SWEEPS_A_SIDE]])
    return values


def _of(single: Single, channel: str) -> MuscleResponse | None:
    found = (single.response, *single.others)
    return next((answer for answer in found if answer is not None and answer.channel == channel), None)


def _side(side: str, answers: list[MuscleResponse | None]) -> dict[str, float]:
    """One leg: the mean over its valid responses; the mean of the latencies, of those that have an onset."""
    valid = [answer for answer in answers if answer is not None and answer.valid]
    values = {f"{side}_n": float(len(valid))}
    if valid:
        values[f"{side}_amplitude_uv"] = fmean(answer.amplitude_uv for answer in valid)
    latencies = [answer.latency_ms for answer in valid if answer.latency_ms is not None]
    if latencies:
        values[f"{side}_latency_ms"] = fmean(latencies)
    return values


def closed(state: Visit) -> InstrumentClosed | None:
    """The outcome, once the evoked potentials are finished."""
    work = state.assessment.works.get(MEP) if state.assessment is not None else None
    return work.closed if work is not None else None
