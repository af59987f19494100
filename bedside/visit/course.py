"""The treatment: start, pause, resume, lower, end; its trains; the coil's contact."""

from typing import Literal

from msgspec.structs import replace

from bedside.events import (
    AmplitudeIntended,
    ArmIntended,
    ContactConfirmed,
    ContactPrompted,
    Event,
    IntensityLowered,
    OffIntended,
    StimulationEnded,
    StimulationPaused,
    StimulationResumed,
    StimulationStarted,
    TrainEnded,
    TrainIntended,
)
from bedside.refusal import Refusal
from bedside.visit import current_plan, interlocks, trigger, uncounted
from bedside.visit.dose import planned_pattern, split_train
from bedside.visit.inputs import NS, Now
from bedside.visit.state import TrainRun, Visit
from bedside.visit.timing import Pattern, next_train

EndCause = Literal["complete", "aborted", "pause_too_long", "fault", "interrupted"]


def start(state: Visit, now: Now) -> tuple[Event, ...]:
    """The person's start: the first link of amplitude, arm, train. Raises `Refusal` unless every interlock holds."""
    if state.step != "treatment":
        raise Refusal("stimulation starts in the treatment step", "complete the steps before it")
    if state.course.pause is not None:
        raise Refusal("stimulation is paused", "resume it")
    if state.course.begun or state.chain is not None:
        raise Refusal("stimulation has begun", "")
    interlocks.demand(state, now, "treatment")
    _wait_after_single(state, now)
    return (_amplitude(state),)


def _wait_after_single(state: Visit, now: Now) -> None:
    if state.singles and (now.mono_ns - state.singles[-1].asked_ns) / NS < state.setup.limits.min_isi_s:
        raise Refusal("a single pulse was given just now", "wait a few seconds")


def _amplitude(state: Visit) -> AmplitudeIntended:
    if trigger.bursts(state) is not None:
        return AmplitudeIntended(
            amplitude_pct_mso=state.intensity_pct_mso or 0, purpose="treatment", follow_trigger=True
        )
    pattern = planned_pattern(state)
    return AmplitudeIntended(
        amplitude_pct_mso=state.intensity_pct_mso or 0,
        purpose="treatment",
        burst_pulses=pattern.burst_pulses if pattern is not None else 1,
        inter_pulse_s=pattern.inter_pulse_s if pattern is not None else 0.0,
    )


def resume(state: Visit, now: Now) -> tuple[Event, ...]:
    """Go on with the pulses that remain, under the same interlocks as a start; raises `Refusal` where one breaks."""
    if state.course.pause is None or state.course.ended is not None:
        raise Refusal("stimulation is not paused", "")
    if pause_left_s(state, now) <= 0:
        raise Refusal("the pause was too long", "go on with the next step")
    wait_s = _gap_left_s(state, now)
    if wait_s > 0:
        raise Refusal(f"the pause between two trains lasts {wait_s:.0f} s more", "wait for it, then resume")
    interlocks.demand(state, now, "treatment")
    return (StimulationResumed(remaining=state.ledger.remaining), _amplitude(state))


def go_on(state: Visit, now: Now) -> tuple[Event, ...]:
    """The next link after a confirmed one, or off when a condition broke meanwhile."""
    stage = state.chain.stage if state.chain is not None else None
    settled = replace(state, chain=None)
    violation = next(iter(interlocks.problems(settled, now, "treatment")), None)
    if violation is not None:
        return halt(state, violation.condition.id, violation.reason)
    if stage == "amplitude" and not state.armed:
        return (ArmIntended(purpose="treatment"),)
    if trigger.bursts(state) is None:
        return (train(state),)
    return (train(state), current_plan.intent("start", current_plan.planned(state)))


def train(state: Visit) -> TrainIntended:
    """The next device-timed train out of the pulses that remain; lost pulses are not made up.

    Raises `Refusal` without a planned dose or a stimulator.
    """
    dose = state.dose
    device = state.setup.devices.get("stimulator")
    if dose is None or device is None:
        raise Refusal("no dose is planned", "plan the dose")
    pattern = planned_pattern(state)
    if pattern is not None and trigger.bursts(state) is not None:
        return replace(_patterned_train(state, pattern, dose.pulses, pattern.trains), triggered=True)
    if pattern is not None:
        return _patterned_train(state, pattern, dose.pulses, device.max_trains)
    pulses, trains = split_train(state.ledger.remaining, device.max_pulses_per_train, device.max_trains)
    return TrainIntended(
        amplitude_pct_mso=state.intensity_pct_mso or 0,
        rate_hz=dose.rate_hz,
        pulses=pulses,
        trains=trains,
        first_pulse=dose.pulses - state.ledger.remaining + 1,
    )


def _patterned_train(state: Visit, pattern: Pattern, planned: int, most_trains: int) -> TrainIntended:
    chosen = next_train(pattern, state.ledger.remaining, most_trains)
    if chosen is None:
        raise Refusal("less than a burst remains", "end the treatment")
    return TrainIntended(
        amplitude_pct_mso=state.intensity_pct_mso or 0,
        rate_hz=chosen.rate_hz,
        pulses=chosen.stimuli,
        trains=chosen.trains,
        first_pulse=planned - state.ledger.remaining + 1,
        burst_pulses=chosen.burst_pulses,
        inter_pulse_s=chosen.inter_pulse_s,
        inter_train_s=chosen.inter_train_s or 1.0 / chosen.rate_hz,
    )


def _gap_left_s(state: Visit, now: Now) -> float:
    """How long a pattern's pause between trains still lasts; 0 for an even train."""
    pattern = planned_pattern(state)
    if pattern is None:
        return 0.0
    return max(0.0, pattern.inter_train_s - (now.mono_ns - state.course.last_pulse_ns) / NS)


def halt(state: Visit, cause: str, reason: str) -> tuple[Event, ...]:
    """Off first; then, when a course runs, the pause with its cause and reason."""
    off = OffIntended(reason=reason)
    if not state.course.running:
        return (off,)
    return (off, *uncounted.before_loss(state, cause), StimulationPaused(cause=cause, reason=reason))


def pause(state: Visit, reason: str) -> tuple[Event, ...]:
    """The person's pause; raises `Refusal` when nothing runs."""
    if not state.course.running:
        raise Refusal("stimulation is not running", "")
    return halt(state, "asked", reason or "asked for")


def end(state: Visit, cause: EndCause, reason: str) -> tuple[Event, ...]:
    """No more pulses in this visit; off first when anything may still be on.

    Of a train under way that no device counts, what is due by now is told; its stop settles it in the ledger.

    Raises `Refusal` before a course has begun and after it has ended.
    """
    if state.course.ended is not None or state.dose is None or not state.course.begun:
        raise Refusal("no stimulation to end", "")
    ledger, (certain, more) = state.ledger, uncounted.by_now(state)
    ended = StimulationEnded(
        cause=cause,
        reason=reason,
        planned=ledger.planned,
        delivered=ledger.course + certain,
        uncertain=ledger.uncertain_course + more,
    )
    quiet = state.course.pause is not None and not state.armed and state.chain is None
    return (ended,) if quiet else (OffIntended(reason=reason, keeps_current=cause == "complete"), ended)


def lower(state: Visit, now: Now, to_pct_mso: int, reason: str) -> tuple[Event, ...]:
    """Lower the intensity (%MSO). A running train is switched off and goes on at the new value on resume.

    One that another device triggers could not go on: it is lowered as it runs. Raises `Refusal` for a value that is not
    lower, and when nothing is planned any more.
    """
    present = state.intensity_pct_mso
    if present is None or state.course.ended is not None:
        raise Refusal("no intensity is planned", "")
    if not 1 <= to_pct_mso < present:
        raise Refusal(f"only lower than {present} %MSO is possible during treatment", "choose a lower value")
    lowered = IntensityLowered(from_pct_mso=present, to_pct_mso=to_pct_mso, reason=reason or "asked for")
    if state.course.running and state.course.train is not None and state.course.train.triggered:
        return (lowered, replace(_amplitude(state), amplitude_pct_mso=to_pct_mso))
    text = f"intensity lowered to {to_pct_mso} %MSO"
    stopped = halt(state, "lowered", text) if state.course.running or state.chain is not None else ()
    return (*stopped, lowered)


def confirm_contact(state: Visit) -> tuple[Event, ...]:
    """The coil still touches its mark; raises `Refusal` when nothing runs."""
    if not state.course.running:
        raise Refusal("stimulation is not running", "")
    return (ContactConfirmed(),)


def started(state: Visit) -> tuple[Event, ...]:
    """The first train is reported running, or its first pulse was."""
    course = state.course
    return (StimulationStarted(),) if course.train is not None and course.started_ns is None else ()


def pause_left_s(state: Visit, now: Now) -> float:
    """Seconds in which a paused course may still be resumed."""
    paused = state.course.pause
    if paused is None:
        return 0.0
    return state.setup.study.run.pause_limit_s - max(0.0, (now.mono_ns - paused.since_ns) / NS)


def watch_pause(state: Visit, now: Now) -> tuple[Event, ...]:
    """A pause that lasts too long ends the course, what remains is lost and not caught up; so does one with nothing
    to go on with, once it is known that nothing is.
    """
    if state.course.pause is None or state.course.ended is not None:
        return ()
    if _behind(state) and _settled(state, now):
        doubt = state.ledger.uncertain_course
        known = f", {doubt} of them cannot be proved or excluded" if doubt else ""
        return end(state, "aborted" if doubt else "complete", f"all planned pulses are behind{known}")
    if pause_left_s(state, now) > 0:
        return ()
    limit_s = state.setup.study.run.pause_limit_s
    return end(state, "pause_too_long", f"paused for more than {limit_s:g} s")


def watch_contact(state: Visit, now: Now) -> tuple[Event, ...]:
    """Ask for the coil's contact again and again; silence pauses the pulses."""
    course, rule = state.course, state.setup.study.run
    if not course.running or course.started_ns is None:
        return ()
    if course.prompted_ns is None:
        due = (now.mono_ns - course.contact_ns) / NS >= rule.contact_every_s
        return (ContactPrompted(),) if due else ()
    if (now.mono_ns - course.prompted_ns) / NS < rule.contact_answer_s:
        return ()
    return halt(state, "contact", f"the coil's contact was not confirmed within {rule.contact_answer_s:g} s")


def watch_train(state: Visit, now: Now) -> tuple[Event, ...]:
    """A train that is over is closed; what remains follows in its own train, at the right interval, or the end."""
    course = state.course
    if not course.running or state.busy:
        return ()
    if course.train is None:
        return _after_train(state, now)
    return _close(state, course.train, now) if _over(state, course.train, now) else ()


def _over(state: Visit, train: TrainRun, now: Now) -> bool:
    if train.reported >= train.pulses:
        return not train.triggered or (now.mono_ns - train.last_ns) / NS > trigger.TOLD_S * state.setup.speed
    begun_ns = train.first_ns if train.reported else state.train_running_ns
    if begun_ns < train.asked_ns:
        return False
    length_ns = round(train.length_s * NS)
    status = state.live.status
    still = status is not None and status.train_running is True and state.live.status_ns >= begun_ns + length_ns
    late_ns = round(trigger.TOLD_S * state.setup.speed * NS) if train.triggered else 0
    return now.mono_ns >= begun_ns + length_ns + round(2 * NS / train.rate_hz) + late_ns and not still


def _close(state: Visit, train: TrainRun, now: Now) -> tuple[Event, ...]:
    counted = uncounted.whole(state)
    reported = train.reported + sum(event.count for event in counted)
    lost = max(0, train.pulses - reported)
    ended = TrainEnded(reported=reported, lost=lost, triggers=trigger.sent(state) if train.triggered else None)
    if not lost or counted:
        return (*counted, ended)
    reason = f"{lost} of {train.pulses} pulses were not reported"
    more = state.ledger.remaining > lost
    return (
        ended,
        OffIntended(reason=reason),
        *((StimulationPaused(cause="unreported", reason=reason),) if more else ()),
    )


def _behind(state: Visit) -> bool:
    """Whether less is left of the plan than one stimulus."""
    pattern = planned_pattern(state)
    return state.ledger.remaining < (pattern.burst_pulses if pattern is not None else 1)


def _settled(state: Visit, now: Now) -> bool:
    """Whether it is off, and whatever counts has had the time to say what was given."""
    if not state.off_confirmed or state.off_ns is None or state.unsettled is not None:
        return False
    return (now.mono_ns - state.off_ns) / NS >= state.setup.limits.fresh.settle_s * state.setup.speed


def _after_train(state: Visit, now: Now) -> tuple[Event, ...]:
    if state.unsettled is not None:
        return ()
    if _behind(state):
        return end(state, "complete", "all planned pulses are behind")
    rate_hz = state.dose.rate_hz if state.dose is not None else 1.0
    waited = (now.mono_ns - state.course.last_pulse_ns) / NS >= 1.0 / rate_hz and not _gap_left_s(state, now)
    if not state.armed or not waited:
        return ()
    return go_on(state, now)
