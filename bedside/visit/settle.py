"""Settling how many pulses were given: what the device reports, what its counter proves, what stays uncertain."""

import math

from msgspec.structs import replace

from bedside.events import CounterNoted, Event, PulseReported, PulsesReconciled, PulsesUncertain, Purpose
from bedside.visit import course, trigger
from bedside.visit.inputs import NS, Now
from bedside.visit.state import Visit
from hal.roles import PulseCounter, PulseDelivered

NOTE_EVERY_S = 60.0


def pulse(state: Visit, reading: PulseDelivered) -> tuple[Event, ...]:
    """Attribute a reported pulse: to the single pulse or train that was asked for, or to nobody, and then off."""
    single, train, doubt = state.pending, state.course.train, state.unsettled
    expected = state.armed or not state.off_confirmed
    if single is not None and expected:
        return (_reported(reading, single.purpose, pulse=single.pulse),)
    if train is not None and train.reported < train.pulses and expected and trigger.may_have_begun(state):
        return (_reported(reading, "treatment", course=state.ledger.course + 1), *course.started(state))
    if doubt is not None and doubt.at_most and expected:
        number = state.ledger.course + 1 if doubt.purpose == "treatment" else None
        return (_reported(reading, doubt.purpose, course=number),)
    unasked = _reported(reading, None)
    if not state.going_on and not state.armed:
        return (unasked,)
    return (unasked, *course.halt(state, "unasked_pulse", "the stimulator gave a pulse that nobody here asked for"))


def _reported(
    reading: PulseDelivered, purpose: Purpose | None, *, pulse: int | None = None, course: int | None = None
) -> PulseReported:
    return PulseReported(
        purpose=purpose,
        pulse=pulse,
        course=course,
        di_dt_a_us=reading.di_dt_a_us,
        amplitude_pct_mso=reading.amplitude_pct_mso,
        source=reading.source,
    )


def counter(state: Visit, reading: PulseCounter, now: Now) -> tuple[Event, ...]:
    """Use the device's own total: settle what is open, or note it as the baseline for later."""
    if state.unsettled is not None:
        return _settled(state, reading)
    if not state.going_on or state.pending is not None or _in_bursts(state):
        return ()
    unheard = _unheard(state, reading)
    if unheard:
        return unheard
    base = state.baseline
    serial = state.said.serial_number if state.said is not None else None
    if not reading.agrees:
        before_any_pulse = base is None and state.ledger.ceiling == 0
        return (CounterNoted(total=reading.total, proven=False, serial_number=serial),) if before_any_pulse else ()
    if base is not None and base.proven and base.total + base.since == reading.total:
        recent = (now.mono_ns - base.noted_ns) / NS < NOTE_EVERY_S
        if recent or not base.since:
            return ()
    return (CounterNoted(total=reading.total, proven=True, serial_number=serial),)


def _in_bursts(state: Visit) -> bool:
    """Bursts may be reported once and counted pulse by pulse: while they run, the baseline before them has to stand."""
    return state.course.train is not None and state.course.train.burst_pulses > 1


def _advance(state: Visit, reading: PulseCounter) -> int | None:
    """Pulses the counter knows of and nobody heard, once all is off; None while it proves nothing.

    A counter that has not yet been seen to count may still show a pulse by moving; that it stood still shows nothing.
    """
    base = state.baseline
    serial = state.said.serial_number if state.said is not None else None
    if base is None or not state.off_confirmed or serial != base.serial_number:
        return None
    missed = reading.total - base.total - base.since
    return missed if missed > 0 or (base.proven and missed == 0) else None


def _evidence(state: Visit, reading: PulseCounter) -> str:
    base = state.baseline
    if base is None:
        return ""
    return f"device counter {base.total} then {reading.total}; {base.since} reported in between"


def _unheard(state: Visit, reading: PulseCounter) -> tuple[Event, ...]:
    """Reports that went missing without anybody noticing: the course's own, as far as it had room for them."""
    missed = _advance(state, reading)
    if not missed or state.armed or state.baseline is None or not state.baseline.proven:
        return ()
    ours = min(missed, state.ledger.remaining) if state.course.begun else 0
    return (
        PulsesReconciled(count=ours, purpose="treatment", evidence=_evidence(state, reading), unasked=missed - ours),
    )


def _settled(state: Visit, reading: PulseCounter) -> tuple[Event, ...]:
    doubt, missed = state.unsettled, _advance(state, reading)
    if doubt is None or missed is None:
        return ()
    if doubt.slack is not None and missed <= doubt.slack:
        return ()
    ours = min(missed, doubt.at_most)
    if state.course.begun and doubt.purpose == "treatment" and not doubt.lost:
        ours = min(missed, state.ledger.remaining)
    evidence = _evidence(state, reading)
    return (PulsesReconciled(count=ours, purpose=doubt.purpose, evidence=evidence, unasked=missed - ours),)


def watch(state: Visit, now: Now) -> tuple[Event, ...]:
    """What no counter settled in time stays uncertain, bounded by what was asked and the time it had."""
    doubt = state.unsettled
    if doubt is None or not state.off_confirmed:
        return ()
    waited_s = (now.mono_ns - max(doubt.since_ns, state.off_since_ns or doubt.since_ns)) / NS
    if waited_s < state.setup.limits.fresh.settle_s * state.setup.speed:
        return ()
    return give_up(state)


def give_up(state: Visit) -> tuple[Event, ...]:
    """State the doubt that remains."""
    doubt = state.unsettled
    if doubt is None:
        return ()
    return (PulsesUncertain(at_most=most(state), purpose=doubt.purpose, reason=doubt.reason),)


def most(state: Visit) -> int:
    """The most pulses that can have been given unheard: those asked for, and no more than time allowed until off.

    Where another device triggered them, also no more than it says it sent.
    """
    doubt = state.unsettled
    if doubt is None:
        return 0
    triggers = trigger.sent(state) if doubt.purpose == "treatment" and trigger.bursts(state) is not None else None
    if triggers is not None and state.off_confirmed:
        doubt = replace(doubt, at_most=min(doubt.at_most, max(0, triggers - state.ledger.course)))
    if not state.off_confirmed or state.off_ns is None or state.off_ns < doubt.heard_ns:
        return doubt.at_most
    window_s, pulses = (state.off_ns - doubt.heard_ns) / NS, doubt.burst_pulses
    return min(doubt.at_most, doubt.missed + math.floor(window_s * doubt.rate_hz * pulses) + pulses)
