"""What this participant's arm gets of direct current, what keeps it from being started, and the intent to do so."""

from bedside.config.current import CurrentPart
from bedside.events import CurrentIntended
from bedside.refusal import Refusal
from bedside.visit import current
from bedside.visit.inputs import NS, Now
from bedside.visit.state import Visit
from hal.roles import ABSOLUTE_MAX_MA, CurrentProgram


def part_of(state: Visit) -> CurrentPart:
    """The study's direct current; raises `Refusal` where it has none."""
    part = state.setup.current
    if part is None:
        raise Refusal("this study gives no direct current", "")
    return part


def planned(state: Visit) -> current.CurrentPlan:
    """What this participant's arm gets; raises `Refusal` where that is nothing."""
    if state.profile is None:
        raise Refusal("no visit is open", "open a visit first")
    return current.plan(part_of(state), state.profile.arm)


def gates(state: Visit, now: Now, plan: current.CurrentPlan) -> tuple[current.Gate, ...]:
    """All that keeps `plan` from being started, most serious first."""
    limits = part_of(state).study.limits
    device = state.setup.devices.get("current")
    if device is None:
        return (current.Gate("device", "no electrical stimulator is configured", "name one in station.toml"),)
    ceiling = device.options.get("max_current_ma", limits.max_ma)
    links = [link.health.state for link in state.live.devices.values() if link.role == "current"]
    ready = current.Readiness(
        status=state.live.current,
        age_s=(now.mono_ns - state.live.current_ns) / NS / state.setup.speed,
        linked=bool(links) and all(link == "ok" for link in links),
        skin_checked=state.answer("coil", "electrode_skin") is True,
        ceiling_ma=min(float(ceiling), ABSOLUTE_MAX_MA) if isinstance(ceiling, int | float) else 0.0,
    )
    return current.gates(plan, ready, limits)


def intent(action: str, plan: current.CurrentPlan) -> CurrentIntended:
    """The intent to "start" the plan's program, or else to prepare it."""
    program = plan.program
    return CurrentIntended(
        action="start" if action == "start" else "prepare",
        preset=plan.preset,
        sham=plan.sham,
        current_ma=program.current_ma,
        plateau_s=program.plateau_s,
        ramp_s=program.ramp_s,
        trigger_bursts=program.trigger_bursts,
        burst_pulses=program.burst_pulses,
        inter_pulse_ms=program.inter_pulse_ms,
        inter_burst_ms=program.inter_burst_ms,
        bursts_per_train=program.bursts_per_train,
        train_period_ms=program.train_period_ms,
        shown_s=plan.shown_s,
    )


def program_of(event: CurrentIntended) -> CurrentProgram:
    """The device's program in a journalled intent."""
    return CurrentProgram(
        event.current_ma,
        event.plateau_s,
        event.ramp_s,
        event.trigger_bursts,
        event.burst_pulses,
        event.inter_pulse_ms,
        event.inter_burst_ms,
        event.bursts_per_train,
        event.train_period_ms,
    )
