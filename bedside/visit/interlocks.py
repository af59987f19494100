"""The table of conditions without which nothing is armed, and with which a running train is held to.

`problem` says in words why a condition does not hold. Conditions with `during` are watched while the stimulator is
armed: the first that breaks switches it off before anything else is done.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from bedside.events import Purpose
from bedside.refusal import Refusal
from bedside.visit import dose, pairing, robot, stimulator, switches
from bedside.visit.inputs import NS, Now
from bedside.visit.side import target_channel
from bedside.visit.state import Visit

Problem = Callable[[Visit, Now], str | None]
ALL: frozenset[Purpose] = frozenset(get_args(Purpose))
HUNT: frozenset[Purpose] = ALL - {"treatment"}
COURSE: frozenset[Purpose] = frozenset({"treatment"})
MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Condition:
    """One interlock."""

    id: str
    text: str
    problem: Problem
    remedy: str
    purposes: frozenset[Purpose] = ALL
    during: bool = False

    def holds(self, state: Visit, now: Now) -> bool:
        """Whether it holds."""
        return self.problem(state, now) is None


@dataclass(frozen=True, slots=True)
class Violation:
    """A condition that does not hold, and why."""

    condition: Condition
    reason: str


def problems(state: Visit, now: Now, purpose: Purpose, *, during: bool = False) -> Iterable[Violation]:
    """Every violated condition for this purpose, in the table's order; with `during` only the watched ones."""
    for condition in TABLE:
        if purpose in condition.purposes and (condition.during or not during):
            reason = condition.problem(state, now)
            if reason is not None:
                yield Violation(condition, reason)


def demand(state: Visit, now: Now, purpose: Purpose) -> None:
    """Raise `Refusal` with the first reason why nothing may be armed for this purpose."""
    for violation in problems(state, now, purpose):
        raise Refusal(violation.reason, violation.condition.remedy)


def _person(state: Visit, _: Now) -> str | None:
    return None if state.person is not None else "nobody is signed in"


def _visit(state: Visit, _: Now) -> str | None:
    if not state.going_on:
        return "no visit is open"
    return "the visit was interrupted and not resumed" if state.interrupted is not None else None


def _screening(state: Visit, _: Now) -> str | None:
    if "screening" not in state.done:
        return "the safety questions are not complete"
    return next((f"undecided: {doubt.text}" for doubt in state.doubts.values() if doubt.blocks), None)


def _ears(state: Visit, _: Now) -> str | None:
    return None if state.answer("screening", "ear_protection") is True else "ear protection is not confirmed"


def _locked(state: Visit, _: Now) -> str | None:
    ends = {category.id for category in state.setup.adverse.categories if category.effect == "end"}
    found = next((e.category for e in state.adverse if e.category in ends and e.severity != "none"), None)
    return None if found is None else f"{found} was reported: no more stimulation in this visit"


def _posture(state: Visit, _: Now) -> str | None:
    return None if "posture" in state.done else "the posture checklist is not complete"


def _hotspot(state: Visit, _: Now) -> str | None:
    return None if state.hotspot is not None else "no hotspot is chosen"


def _threshold(state: Visit, _: Now) -> str | None:
    return None if state.threshold is not None else "no threshold was found in this visit"


def _dose(state: Visit, _: Now) -> str | None:
    if state.dose is None or "dose" not in state.done:
        return "the dose is not confirmed"
    try:
        planned = dose.plan(state)
    except Refusal as refusal:
        return refusal.reason
    same = (planned.pulses, planned.intensity_pct_mso) == (state.dose.pulses, state.dose.intensity_pct_mso)
    return None if same else "the threshold or the protocol changed since the dose was planned"


def _intensity(state: Visit, _: Now) -> str | None:
    planned, now_pct = state.dose, state.intensity_pct_mso
    if planned is None or now_pct is None or state.threshold is None:
        return "no intensity is set"
    ceiling = dose.rounded_down(state.threshold.rmt_pct_mso, dose.preset_of(state).intensity.ceiling)
    if now_pct > min(planned.intensity_pct_mso, ceiling):
        return f"{now_pct} %MSO is above the planned {planned.intensity_pct_mso} %MSO"
    return None


def _signed(state: Visit, _: Now) -> str | None:
    timing = state.setup.study.timing
    return None if timing.signed else f"timing mode '{timing.mode}' is not signed by a physician for this study"


def _fit(state: Visit, _: Now) -> str | None:
    if state.setup.study.robot is None:
        return None
    return None if "fit" in state.done else "the fitting is not complete"


def _coil(state: Visit, _: Now) -> str | None:
    return None if "coil" in state.done else "the coil's placement is not confirmed"


def _remaining(state: Visit, _: Now) -> str | None:
    if state.course.ended is not None:
        return "stimulation has ended for this visit"
    return None if state.ledger.remaining > 0 else "no planned pulses remain"


def _settled(state: Visit, now: Now) -> str | None:
    if state.unsettled is not None:
        return "it is being settled how many pulses were given"
    base, off_ns = state.baseline, state.off_ns
    if base is None or not base.proven or off_ns is None or not state.course.begun or state.live.counter_ns > off_ns:
        return None
    waited_s = (now.mono_ns - off_ns) / NS
    limit_s = state.setup.limits.fresh.settle_s * state.setup.speed
    return "the stimulator's counter is being read" if 0 <= waited_s < limit_s else None


def _off(state: Visit, now: Now) -> str | None:
    if state.off_failed:
        return "the stimulator did not confirm that it is off"
    if not (state.armed or state.off_confirmed):
        return "the stimulator is being switched off"
    return stimulator.elsewhere(state, now)


def _ceiling(state: Visit, _: Now) -> str | None:
    if state.course.running and not state.ledger.remaining:
        # The plan reached the ceiling exactly and is over: nothing is left to be kept from.
        return None
    totals, record = state.setup.limits.totals, state.recalled
    given = state.ledger.ceiling
    if (record.pulses_today if record else 0) + given >= totals.day:
        return f"{totals.day} pulses were given today"
    return (
        f"{totals.week} pulses were given this week"
        if (record.pulses_week if record else 0) + given >= totals.week
        else None
    )


def _singles(state: Visit, _: Now) -> str | None:
    most = state.setup.limits.totals.single
    used = max(len(state.singles), state.ledger.single + state.ledger.uncertain_single)
    return None if used < most else f"{most} single pulses were given in this visit"


def _emg(state: Visit, now: Now) -> str | None:
    target = target_channel(state)
    if target is None:
        return "no EMG channel lies on the target muscle"
    gone = stimulator.lost(state, "emg")
    if gone is not None:
        return gone
    emg = state.live.emg
    age_s = (now.mono_ns - state.live.emg_ns) / NS
    if emg is None or age_s > state.setup.limits.fresh.emg_s * state.setup.speed:
        return "no EMG is arriving"
    if not emg.for_meps:
        return "this amplifier cannot measure evoked potentials as it is: its line among the devices (F8) says why"
    return f"channel {target} is saturated" if target in emg.saturated else None


def _control(state: Visit, _: Now) -> str | None:
    return None if state.live.control else state.live.control_text


def _guard(state: Visit, _: Now) -> str | None:
    return None if state.live.guard_ok else state.live.guard_text or "the guard does not watch"


def _record(state: Visit, _: Now) -> str | None:
    return f"the record cannot be written: {state.live.trouble}" if state.live.trouble else None


def _disk(state: Visit, _: Now) -> str | None:
    free = state.live.disk_free_bytes
    least = state.setup.limits.disk.stimulate_mb
    if free is None:
        return "the free disk space is not known"
    return None if free >= least * MEGA else f"only {free / MEGA:.0f} MB of disk are free"


TABLE: tuple[Condition, ...] = (
    Condition("person", "somebody is signed in", _person, "sign in"),
    Condition("visit", "a visit is open", _visit, "open or resume the visit", during=True),
    Condition("screening", "safety questions passed", _screening, "answer them; a physician decides", during=True),
    Condition("ears", "ear protection worn", _ears, "put the ear plugs in and tick it", during=True),
    Condition("no_seizure", "no seizure or faint today", _locked, "end the visit", during=True),
    Condition("posture", "seated, legs relaxed", _posture, "complete the posture step", HUNT),
    Condition("hotspot", "hotspot chosen", _hotspot, "choose it", ALL - {"hotspot"}),
    Condition("threshold", "threshold of today", _threshold, "find the threshold", COURSE),
    Condition("dose", "dose within the limits", _dose, "plan the dose again", COURSE),
    Condition("intensity", "intensity within the plan", _intensity, "lower it", COURSE, during=True),
    Condition("timing", "timing mode signed", _signed, "a physician signs it in the study file"),
    Condition("fit", "robot fitted", _fit, "complete the fitting", COURSE),
    Condition("coil", "coil placed, both operators there", _coil, "complete the coil step", COURSE),
    Condition("remaining", "pulses remain", _remaining, "go on with the next step", COURSE),
    Condition("settled", "pulse count settled", _settled, "wait a few seconds"),
    Condition("off", "last stop confirmed", _off, "wait, or switch the stimulator off by hand"),
    Condition("ceiling", "below the day's and week's ceilings", _ceiling, "no more pulses", during=True),
    Condition("singles", "below the ceiling of single pulses", _singles, "end the visit; no more today", HUNT),
    Condition(
        "e_stop", "emergency stop released", switches.stop_problem, "see to the patient, release it", during=True
    ),
    Condition(
        "robot_stop", "no emergency stop", robot.stop_problem, "see to the patient, release it", COURSE, during=True
    ),
    Condition("robot_state", "patient stands or walks", robot.state_problem, "stand or walk", COURSE, during=True),
    Condition("robot_steady", "steady walk", robot.steady_problem, "wait until the walk is steady", COURSE),
    Condition(
        "robot_speed", "speed within the study's", robot.speed_problem, "slow the robot down", COURSE, during=True
    ),
    Condition(
        "robot_link", "robot heard", robot.telemetry_problem, "check the robot's network cable", COURSE, during=True
    ),
    Condition("stimulator_link", "stimulator heard", stimulator.link, "check its power and cable", during=True),
    Condition("enabled", "enabled as asked", stimulator.enabled, "see why, then start again", during=True),
    Condition("read_back", "amplitude as asked", stimulator.read_back, "leave the dial, then start again", during=True),
    Condition("train", "train as asked", stimulator.train, "see why, then resume", COURSE, during=True),
    Condition(
        "stimulator_silent",
        "pulses reported",
        stimulator.silence,
        "check the stimulator and its cable",
        COURSE,
        during=True,
    ),
    Condition("pair", "current prepared, which times the pulses", pairing.ready, "prepare tsDCS, then start", COURSE),
    Condition(
        "trigger_master",
        "trigger's master heard",
        pairing.master,
        "look at the electrical stimulator",
        COURSE,
        during=True,
    ),
    Condition("trigger_input", "trigger followed", pairing.follows, "leave its Timing page", COURSE, during=True),
    Condition("trigger_count", "pulses as triggered", pairing.count, "check the trigger cable", COURSE, during=True),
    Condition("coil_heat", "coil cool enough", stimulator.heat, "let the coil cool, or change it", during=True),
    Condition("coil_known", "coil known", stimulator.coil, "connect a coil of the device file"),
    Condition("emg", "EMG heard", _emg, "check the amplifier and the electrodes", HUNT, during=True),
    Condition("control", "a kiosk is in control", _control, "take control at the kiosk", during=True),
    Condition("guard", "guard watches", _guard, "start the station below its guard", during=True),
    Condition("record", "journal can be written", _record, "see the disk", during=True),
    Condition("disk", "disk has room", _disk, "free disk space", during=True),
)

BY_ID = {condition.id: condition for condition in TABLE}
