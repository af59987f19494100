"""Direct current in a visit: what an arm gets, what has to hold for a start, what was given, what may be seen.

Nothing here is chosen by hand: the arm says which protocol. Density and charge are computed, never typed. Durations
count the plateau; both ramps come on top and their charge is kept apart.
"""

import msgspec
from msgspec.structs import replace

from bedside.config.current import CurrentLimits, CurrentPart, CurrentPreset
from bedside.refusal import Refusal
from hal.roles import CurrentProgram, CurrentStatus

FLOWS = frozenset({"ramp_up", "plateau", "ramp_down"})
RUNS = FLOWS | {"triggers_only"}


class CurrentPlan(msgspec.Struct, frozen=True):
    """What one arm gets: mA, s, mA/cm2, C, C/cm2. `shown_s`: how long a blinded person sees it run, with ramps."""

    preset: str
    sham: bool
    enabled: bool
    program: CurrentProgram
    area_cm2: float
    shown_s: float

    @property
    def density_ma_cm2(self) -> float:
        """Current density under the smaller electrode."""
        return self.program.current_ma / self.area_cm2

    @property
    def plateau_c(self) -> float:
        """Charge of the plateau."""
        return self.program.current_ma / 1000 * self.program.plateau_s

    @property
    def ramps_c(self) -> float:
        """Charge of both linear ramps."""
        return self.program.current_ma / 1000 * self.program.ramp_s

    @property
    def charge_density_c_cm2(self) -> float:
        """Charge of the plateau per area."""
        return self.plateau_c / self.area_cm2


class Gate(msgspec.Struct, frozen=True):
    """Something that keeps the current from being started."""

    id: str
    reason: str
    remedy: str


class Readiness(msgspec.Struct, frozen=True):
    """What is known before a start: the device's last account, its age (s), the link, and what a person looked at."""

    status: CurrentStatus | None
    age_s: float
    linked: bool
    skin_checked: bool
    ceiling_ma: float


class CurrentLedger(msgspec.Struct, frozen=True):
    """What the device says it gave. Charges in C by phase; `unplaced_c` is what flowed while nobody listened."""

    sham: bool = False
    plateau_c: float = 0.0
    ramps_c: float = 0.0
    unplaced_c: float = 0.0
    plateau_s: float = 0.0
    highest_ma: float = 0.0
    lowest_kohm: float | None = None
    highest_kohm: float | None = None
    triggers: int = 0
    told: CurrentStatus | None = None

    @property
    def given_c(self) -> float:
        """All charge that flowed, whatever the arm."""
        return self.plateau_c + self.ramps_c + self.unplaced_c

    @property
    def dose_c(self) -> float:
        """Charge that counts as treatment: none of a sham's."""
        return 0.0 if self.sham else self.given_c


class Shown(msgspec.Struct, frozen=True):
    """All that a blinded person may see of it: whether it runs, and two clocks (s). No current, no impedance."""

    text: str
    elapsed_s: float
    remaining_s: float


def plan(part: CurrentPart, arm: str) -> CurrentPlan:
    """What `arm` gets; raises `Refusal` for an arm that the study does not name."""
    given = part.study.arms.get(arm)
    if given is None:
        raise Refusal("this participant's arm has no direct current protocol", "ask who keeps the allocation")
    preset = part.presets[given.preset]
    visible = part.presets[given.twin or given.preset]
    bursts = part.study.bursts if given.bursts and "current" in part.study.trigger_masters else None
    program = CurrentProgram(preset.current_ma, preset.plateau_s, preset.ramp_s)
    if bursts is not None:
        program = CurrentProgram(
            preset.current_ma,
            preset.plateau_s,
            preset.ramp_s,
            bursts.bursts,
            bursts.pulses,
            bursts.inter_pulse_ms,
            bursts.inter_burst_ms,
            bursts.bursts_per_train,
            bursts.train_period_ms,
        )
    return CurrentPlan(
        preset.id,
        preset.sham,
        part.is_enabled(preset.id) and part.is_enabled(visible.id),
        program,
        preset.montage.smallest_cm2,
        _longest_s(part) if part.study.equalise_duration else _whole_s(visible),
    )


def _whole_s(preset: CurrentPreset) -> float:
    return preset.plateau_s + 2 * preset.ramp_s


def _longest_s(part: CurrentPart) -> float:
    return max(_whole_s(part.presets[arm.twin or arm.preset]) for arm in part.study.arms.values())


def facts(planned: CurrentPlan) -> tuple[str, ...]:
    """The numbers of the arming screen, for unblinded eyes only."""
    program = planned.program
    triggers = program.trigger_bursts * program.burst_pulses
    paired = (
        f"it triggers {triggers} magnetic pulses from the plateau's begin, the last at {program.last_trigger_s:g} s"
    )
    return (
        f"{program.current_ma:g} mA over {planned.area_cm2:g} cm2: {planned.density_ma_cm2:.2f} mA/cm2",
        f"{program.plateau_s:g} s between two ramps of {program.ramp_s:g} s",
        f"{planned.plateau_c:.3g} C, {planned.charge_density_c_cm2:.2g} C/cm2; ramps add {planned.ramps_c:.3g} C",
        *((paired,) if triggers else ()),
    )


def gates(planned: CurrentPlan, ready: Readiness, limits: CurrentLimits) -> tuple[Gate, ...]:
    """All that keeps the current from being started, most serious first; () allows it. What is not known forbids."""
    return (*_plan_gates(planned, ready, limits), *_device_gates(ready, limits))


def _plan_gates(planned: CurrentPlan, ready: Readiness, limits: CurrentLimits) -> tuple[Gate, ...]:
    current_ma, ceiling_ma = planned.program.current_ma, min(limits.max_ma, ready.ceiling_ma)
    found = []
    if not planned.enabled:
        found.append(Gate("enabled", "this protocol is not enabled", "a physician enables it for the study"))
    if current_ma > ceiling_ma:
        text = f"{current_ma:g} mA is above the ceiling of {ceiling_ma:g} mA"
        found.append(Gate("ceiling", text, "nobody can allow this here"))
    if planned.density_ma_cm2 > limits.max_density_ma_cm2 + 1e-9:
        text = f"{planned.density_ma_cm2:.2f} mA/cm2 is above {limits.max_density_ma_cm2:g}"
        found.append(Gate("density", text, "use the electrodes of the protocol"))
    if not ready.skin_checked:
        text = "the skin under the electrodes was not looked at"
        found.append(Gate("skin", text, "look at it: the patient may not feel a burn"))
    return tuple(found)


def _device_gates(ready: Readiness, limits: CurrentLimits) -> tuple[Gate, ...]:
    status = ready.status
    if not ready.linked or status is None or status.phase == "unknown" or ready.age_s > limits.status_age_s:
        return (Gate("link", "UNKNOWN - check device", "look at the device itself, then at cable or radio link"),)
    found = []
    if status.phase != "prepared":
        found.append(Gate("phase", f"the device is in {status.phase}, not prepared", "prepare the program"))
    if status.fault:
        found.append(Gate("fault", status.fault, "stop it, find the cause, prepare it anew"))
    if status.battery_pct is None or status.battery_pct < limits.min_battery_pct:
        told = "is not told" if status.battery_pct is None else f"is at {status.battery_pct:g} %"
        text = f"the battery {told}, {limits.min_battery_pct} % are needed"
        found.append(Gate("battery", text, "charge or change it"))
    if status.impedance_kohm is None or status.impedance_kohm >= limits.start_kohm:
        told = "is not told" if status.impedance_kohm is None else f"is {status.impedance_kohm:.1f} kOhm"
        text = f"the impedance {told}, below {limits.start_kohm:g} kOhm is needed"
        found.append(Gate("impedance", text, "moisten the electrodes, press them on"))
    return tuple(found)


def counted(ledger: CurrentLedger, status: CurrentStatus) -> CurrentLedger:
    """The ledger after one more account of the device. A new program starts a new charge at the device: see `begun`."""
    before = ledger.told
    ledger = replace(ledger, told=status)
    if status.phase not in RUNS and status.phase not in ("idle", "fault"):
        return ledger
    ledger = _electrodes(ledger, status) if status.phase in FLOWS else ledger
    if status.triggers is not None:
        ledger = replace(ledger, triggers=max(ledger.triggers, status.triggers))
    charge_c = status.charge_c
    if charge_c is None or charge_c <= ledger.given_c:
        return ledger
    more_c = charge_c - ledger.given_c
    if before is None or before.phase == "unknown":
        return replace(ledger, unplaced_c=ledger.unplaced_c + more_c)
    if before.phase == "plateau":
        ran_s = max(0.0, (status.elapsed_s or 0.0) - (before.elapsed_s or 0.0))
        return replace(ledger, plateau_c=ledger.plateau_c + more_c, plateau_s=ledger.plateau_s + ran_s)
    return replace(ledger, ramps_c=ledger.ramps_c + more_c)


def begun(planned: CurrentPlan) -> CurrentLedger:
    """The ledger of a program that is about to start."""
    return CurrentLedger(sham=planned.sham)


def _electrodes(ledger: CurrentLedger, status: CurrentStatus) -> CurrentLedger:
    kohm = status.impedance_kohm
    highest_ma = max(ledger.highest_ma, status.measured_ma or 0.0)
    if kohm is None:
        return replace(ledger, highest_ma=highest_ma)
    lowest = kohm if ledger.lowest_kohm is None else min(ledger.lowest_kohm, kohm)
    highest = kohm if ledger.highest_kohm is None else max(ledger.highest_kohm, kohm)
    return replace(ledger, highest_ma=highest_ma, lowest_kohm=lowest, highest_kohm=highest)


def shown(planned: CurrentPlan, elapsed_s: float | None, *, stopped: bool = False) -> Shown:
    """What a blinded person sees `elapsed_s` after the start (None: not started): of a sham exactly its twin's view.

    It follows from the clock alone, never from the current. A stop shows as a stop in every arm.
    """
    whole_s = planned.shown_s
    if elapsed_s is None:
        return Shown("not started", 0.0, whole_s)
    at_s = min(max(elapsed_s, 0.0), whole_s)
    if stopped:
        return Shown("stopped", at_s, 0.0)
    if at_s >= whole_s:
        return Shown("ended", whole_s, 0.0)
    return Shown("electrical stimulation", at_s, whole_s - at_s)
