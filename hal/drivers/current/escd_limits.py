"""What a direct current stimulator is allowed: options of its device file, checks of a program, watch of a run. No I/O.

Defaults: 2.5 mA and 20 minutes are the spinal cord injury study's; 4 mA, 40 minutes and 7.2 C are the most that
published transcranial sessions stayed within without serious harm; impedance 10 and 20 kOhm are this project's choice.
"""

import math
from dataclasses import dataclass

from hal.device import Refused, SetupError
from hal.drivers.current.escd_codec import Hello, Status
from hal.roles import ABSOLUTE_MAX_MA, CurrentProgram

ABSOLUTE_MAX_S = 2400.0
ABSOLUTE_MAX_C = 7.2
STEP_MA = 0.1
RAMP_S = (5.0, 60.0)
FLOOR_MA = 0.05
"""Half a step: a smaller difference between two currents is not called a deviation."""
DEVIATION = 0.10
DEVIATION_S = 1.0
OVERRUN_S = 2.0
"""A device that says it gives current this long after its program's plateau should have ended is stopped."""
TIMEOUT_S = (0.5, 3.0)
"""The device's own time-out, bounds believed: at least twice our longest pause, and soon enough for a person."""
_RECHARGE = "charge its battery, then start again"
_ELECTRODES = "moisten the electrodes, press them on, look at the skin, then start again"


@dataclass(frozen=True, slots=True)
class EscdOptions:
    """Options of a device file: mA, s, kOhm, percent; times in real seconds.

    `max_current_ma` is never above 4.0. `start_kohm`: from this impedance no program starts; `stop_kohm`: above it a
    running one is ended. `poll_s` is also what keeps the device from its time-out.
    """

    max_current_ma: float = 2.5
    max_plateau_s: float = 1200.0
    start_kohm: float = 10.0
    stop_kohm: float = 20.0
    max_compliance_pct: int = 90
    min_battery_pct: int = 30
    poll_s: float = 0.2
    answer_s: float = 1.5

    def __post_init__(self) -> None:
        if not 0 < self.max_current_ma <= ABSOLUTE_MAX_MA:
            raise ValueError(f"max_current_ma must be above 0 and at most {ABSOLUTE_MAX_MA:g}: no file may raise that")
        if not 1 <= self.max_plateau_s <= ABSOLUTE_MAX_S:
            raise ValueError(f"max_plateau_s must be 1 to {ABSOLUTE_MAX_S:g}")
        if not 0 < self.start_kohm <= self.stop_kohm <= 20:
            raise ValueError("start_kohm and stop_kohm must rise and not pass 20")
        if not 50 <= self.max_compliance_pct <= 95 or not 10 <= self.min_battery_pct <= 100:
            raise ValueError("max_compliance_pct must be 50 to 95, min_battery_pct 10 to 100")
        if not 0.05 <= self.poll_s <= 0.25 or not 0.5 <= self.answer_s <= 5:
            raise ValueError("poll_s must be 0.05 to 0.25, answer_s 0.5 to 5")


def check_program(program: CurrentProgram, options: EscdOptions) -> None:
    """Raise `Refused` for a program that the options, or no options at all, allow. The device is not asked."""
    current_ma = program.current_ma
    if not 0 < current_ma <= ABSOLUTE_MAX_MA:
        raise Refused(f"{current_ma:g} mA is outside 0 to {ABSOLUTE_MAX_MA:g} mA", remedy="nothing allows this current")
    if current_ma > options.max_current_ma:
        remedy = "choose a lower current; a higher ceiling is a decision of the device file"
        raise Refused(f"{current_ma:g} mA is above this device's {options.max_current_ma:g} mA", remedy=remedy)
    if not math.isclose(current_ma / STEP_MA, round(current_ma / STEP_MA), abs_tol=1e-6):
        raise Refused(f"{current_ma:g} mA is no whole tenth of a mA", remedy="round the current down to a tenth")
    if not RAMP_S[0] <= program.ramp_s <= RAMP_S[1]:
        raise Refused(f"a ramp of {program.ramp_s:g} s is outside 5 to 60 s", remedy="correct the protocol")
    if not 0 < program.plateau_s <= options.max_plateau_s:
        remedy = "correct the protocol; a longer limit is a decision of the device file"
        raise Refused(f"{program.plateau_s:g} s is outside 0 to {options.max_plateau_s:g} s", remedy=remedy)
    if program.charge_c > ABSOLUTE_MAX_C:
        raise Refused(f"{program.charge_c:.2f} C is above {ABSOLUTE_MAX_C:g} C", remedy="correct the protocol")
    _check_trigger(program, options)


def _check_trigger(program: CurrentProgram, options: EscdOptions) -> None:
    if program.trigger_bursts == 0:
        return
    pulses, bursts = program.burst_pulses, program.bursts_per_train
    if min(program.trigger_bursts, pulses, bursts, program.inter_pulse_ms) < 1:
        raise Refused("the trigger pattern has counts below 1", remedy="correct the protocol")
    burst_ms, train_ms = pulses * program.inter_pulse_ms, bursts * program.inter_burst_ms
    if burst_ms > program.inter_burst_ms or train_ms > program.train_period_ms:
        raise Refused("bursts or trains of the trigger pattern overlap", remedy="correct the protocol")
    if program.last_trigger_s > options.max_plateau_s:
        raise Refused("the trigger pattern lasts longer than any plateau may", remedy="correct the protocol")


def check_device(hello: Hello) -> None:
    """Raise `SetupError` for a device whose own time-out cannot be relied on."""
    low_s, high_s = TIMEOUT_S
    if not low_s <= hello.timeout_ms / 1000 <= high_s:
        raise SetupError(
            f"its own time-out is {hello.timeout_ms} ms, not {low_s:g} to {high_s:g} s",
            remedy="do not use this device: it may run on when nobody hears it",
        )


def check_fit(program: CurrentProgram, hello: Hello) -> None:
    """Raise `Refused` for a program that this very device says it cannot run."""
    if program.current_ma > hello.max_ma:
        raise Refused(f"the device gives at most {hello.max_ma:g} mA", remedy="choose a lower current")
    if program.ramp_s < hello.min_ramp_s:
        raise Refused(f"the device ramps for at least {hello.min_ramp_s} s", remedy="choose a longer ramp")
    if program.trigger_bursts and not hello.has_trigger:
        raise Refused("the device has no trigger output", remedy="use a device that has one, or another trigger")


def check_start(status: Status, options: EscdOptions) -> None:
    """Raise `Refused` for a device that must not start: battery, electrodes, or not knowing either."""
    if status.battery_pct is None or status.battery_pct < options.min_battery_pct:
        told = "is not told" if status.battery_pct is None else f"is at {status.battery_pct} %"
        raise Refused(f"the battery {told}, {options.min_battery_pct} % are needed", remedy=_RECHARGE)
    if status.impedance_kohm is None or status.impedance_kohm >= options.start_kohm:
        told = "is not told" if status.impedance_kohm is None else f"is {status.impedance_kohm:g} kOhm"
        raise Refused(f"the impedance {told}, below {options.start_kohm:g} kOhm is needed", remedy=_ELECTRODES)
    if status.measured_ma is None:
        raise Refused("the device does not tell the current it measures", remedy="do not use this device")


class Watch:
    """Watches what the device says of itself while it is connected; `program` is what it should run, None: nothing."""

    def __init__(self, options: EscdOptions) -> None:
        self._options = options
        self._off_since_s: float | None = None
        self._gives_since_s: float | None = None
        self._ramps_since_s: float | None = None
        self.program: CurrentProgram | None = None

    def judge(self, status: Status, now_s: float) -> str:
        """Why it must stop now, "" while all is well; `now_s` is any monotonic clock (s)."""
        if status.phase == "unknown":
            return "it tells a phase that this version of the protocol does not have"
        gives = status.phase in ("ramp_up", "plateau")
        if reason := self._too_long(status, now_s):
            return reason
        if gives and self.program is None:
            return "it gives current that was not asked for"
        if gives and self.program is not None:
            if status.asked_ma > self.program.current_ma * 1.02 + FLOOR_MA:
                return f"it set itself to {status.asked_ma:g} mA, the program says {self.program.current_ma:g} mA"
            if status.elapsed_s > self.program.ramp_s + self.program.plateau_s + OVERRUN_S:
                return "it gives current beyond its program's end"
            if reason := self._electrodes(status):
                return reason
        return self._deviation(status, now_s)

    def _too_long(self, status: Status, now_s: float) -> str:
        """By our own clock: the device's may stand still, and the ramp down that confirms a stop may never end."""
        gives, ramps = status.phase in ("ramp_up", "plateau"), status.phase == "ramp_down"
        self._gives_since_s = (now_s if self._gives_since_s is None else self._gives_since_s) if gives else None
        self._ramps_since_s = (now_s if self._ramps_since_s is None else self._ramps_since_s) if ramps else None
        if self._ramps_since_s is not None:
            ramp_s = RAMP_S[1] if self.program is None else self.program.ramp_s
            if now_s - self._ramps_since_s > ramp_s + OVERRUN_S:
                return "its ramp down does not end"
        if self._gives_since_s is None or self.program is None:
            return ""
        longest_s = self.program.ramp_s + self.program.plateau_s + OVERRUN_S
        stands = now_s - self._gives_since_s > longest_s
        return "it gives current for longer than its program lasts; its own clock stands" if stands else ""

    def _electrodes(self, status: Status) -> str:
        if status.impedance_kohm is not None and status.impedance_kohm > self._options.stop_kohm:
            return f"an electrode is off or dry: {status.impedance_kohm:g} kOhm"
        if status.compliance_pct is not None and status.compliance_pct > self._options.max_compliance_pct:
            return f"its output voltage is at {status.compliance_pct} % of what it has: an electrode dries or lifts"
        return ""

    def _deviation(self, status: Status, now_s: float) -> str:
        if status.measured_ma is not None:
            off_ma = abs(status.measured_ma - status.asked_ma)
            if off_ma <= max(DEVIATION * status.asked_ma, FLOOR_MA):
                self._off_since_s = None
                return ""
        if self._off_since_s is None:
            self._off_since_s = now_s
        if now_s - self._off_since_s < DEVIATION_S:
            return ""
        if status.measured_ma is None:
            return "it no longer tells the current it measures"
        return f"it measures {status.measured_ma:g} mA where {status.asked_ma:g} mA should flow"

    def forget(self) -> None:
        """A new connection or program: nothing has deviated yet."""
        self._off_since_s = self._gives_since_s = self._ramps_since_s = None
