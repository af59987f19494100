"""What happens inside a simulated Magstim as time passes: arming, charging, pulses, trains, heat, and its dead-man.

No I/O and no clock of its own; times are simulated seconds. Where no public source gives a figure it was chosen, and
the constant says so.
"""

import heapq
from collections.abc import Callable
from itertools import count

from hal.sim.faults import Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator.magstim_state import MagstimState

ARMING_S = 1.0
UP_S_PER_PCT = 0.010
DOWN_S_PER_PCT = 0.100
DROPPED_WITHIN_S = 0.5
IDLE_DISARM_S = 60.0
"""A 200-2 that is armed and not fired for this long disarms."""
TRAIN_PAUSE_S = 0.5
SUPPLY_W = 1050.0
LONGEST_J = 63_000.0
J_PER_PCT2 = 0.0252
LOOK_S = (0.1, 0.5)
"""How often it looks at itself: so many seconds of the wire's time, and at most so many simulated ones."""


def recharge_s(power_pct: int) -> float:
    """How long the capacitor charges after a pulse. Chosen."""
    return 0.1 + 0.004 * power_pct


class MagstimEngine:
    """Call `advance` to let time pass. `on_pulse` is told of every discharge: time (s) and %MSO.

    `name` is the TARGET of its faults. `lapse_s` without a request ends remote control.
    """

    def __init__(
        self,
        name: str,
        *,
        faults: Faults,
        on_pulse: Callable[[float, float], None],
        state: MagstimState,
        heat: CoilHeat | None = None,
        lapse_s: float = 1.0,
    ) -> None:
        self.name = name
        self.state = state
        self.faults = faults
        self.heat = heat or CoilHeat()
        self.lapses = 0
        self.dropped_pulses = 0
        self.pulses: list[tuple[float, float]] = []
        self._on_pulse = on_pulse
        self._lapse_s = lapse_s
        self._heard_s = 0.0
        self._level = (0.0, float(state.power_pct))
        self._charge_id = 0
        self._train_id = 0
        self._last_fire_s = -1e9
        self._active_s = 0.0
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self.schedule(0.0, self._look)

    @property
    def next_due_s(self) -> float:
        """When something will next happen by itself."""
        return self._due[0][0]

    def schedule(self, due_s: float, action: Callable[[float], None]) -> None:
        """Let `action` happen at `due_s`; it is given that time."""
        heapq.heappush(self._due, (due_s, next(self._order), action))

    def advance(self, now_s: float) -> None:
        """Let everything happen that is due up to `now_s`, in order."""
        while self._due[0][0] <= now_s:
            at_s, _, action = heapq.heappop(self._due)
            self._lapse(at_s)
            action(at_s)

    def strike(self, kind: str, at_s: float) -> bool:
        """Whether a fault of this far end acts now."""
        return bool(self.faults.strike(f"{self.name}.{kind}", at_s))

    def heard(self, at_s: float) -> None:
        """A request that was understood keeps remote control."""
        self._heard_s = at_s

    def level_pct(self, at_s: float) -> float:
        """What a pulse would give now: the capacitor follows the set power, quickly up and slowly down."""
        since_s, start = self._level
        gone_s = max(0.0, at_s - since_s)
        if self.state.power_pct >= start:
            return min(float(self.state.power_pct), start + gone_s / UP_S_PER_PCT)
        return max(float(self.state.power_pct), start - gone_s / DOWN_S_PER_PCT)

    def set_power(self, pct: int, at_s: float) -> None:
        """Set another power; the capacitor starts towards it."""
        self._level = (at_s, self.level_pct(at_s))
        self.state.power_pct = pct

    def may_arm(self, at_s: float) -> bool:
        """Whether it lets itself be armed."""
        state = self.state
        cool = self.heat.temperature_c(at_s) < self.heat.limit_c
        return state.remote and not state.armed and state.coil and not state.error and cool

    def arm(self, at_s: float) -> None:
        """Begin to charge."""
        self.state.armed = True
        self._active_s = at_s
        self._charge(at_s, ARMING_S)

    def disarm(self) -> None:
        """Discharge; ends a running train."""
        self.state.armed = self.state.ready = self.state.train = self.state.waiting = False
        self._charge_id += 1
        self._train_id += 1

    def release_remote(self) -> None:
        """The front panel has control again, disarmed."""
        self.disarm()
        self.state.remote = False

    def fire(self, at_s: float) -> bool:
        """A request to fire; False when it conflicts with the present state."""
        state = self.state
        if state.armed and not state.repetitive and at_s - self._last_fire_s < DROPPED_WITHIN_S:
            self.dropped_pulses += 1
            return True
        if not (state.remote and state.ready) or state.waiting:
            return False
        if state.repetitive:
            return self._start_train(at_s)
        self._last_fire_s = at_s
        if self._discharge(at_s, 0):
            self._charge(at_s, recharge_s(state.power_pct))
        return True

    def longest_train_s(self) -> float:
        """What the supply allows at the present power and frequency."""
        rate_hz = self.state.frequency_tenth_hz / 10
        watts = rate_hz * J_PER_PCT2 * self.state.power_pct**2
        return float("inf") if watts <= SUPPLY_W else LONGEST_J / watts

    def _start_train(self, at_s: float) -> bool:
        state = self.state
        if not state.frequency_tenth_hz or state.duration_tenth_s / 10 > self.longest_train_s():
            return False
        state.train, state.ready = True, False
        self._train_id += 1
        self._charge_id += 1
        self._train_pulse(0, at_s, at_s, self._train_id)
        return True

    def _train_pulse(self, index: int, start_s: float, at_s: float, train_id: int) -> None:
        if train_id != self._train_id:
            return
        state = self.state
        rate_hz = state.frequency_tenth_hz / 10
        self._discharge(at_s, index + 1)
        if train_id != self._train_id:
            return
        after_s = start_s + (index + 1) / rate_hz
        if index + 1 >= state.pulses or after_s - start_s >= state.duration_tenth_s / 10 - 1e-9:
            self._end_train(index + 1, at_s)
        else:
            self.schedule(after_s, lambda s: self._train_pulse(index + 1, start_s, s, train_id))

    def _end_train(self, given: int, at_s: float) -> None:
        state = self.state
        rate_hz = state.frequency_tenth_hz / 10
        excess_w = rate_hz * J_PER_PCT2 * state.power_pct**2 - SUPPLY_W
        pause_s = max(TRAIN_PAUSE_S, given * excess_w / (SUPPLY_W * rate_hz))
        state.train, state.waiting = False, True
        train_id = self._train_id

        def over(_at_s: float) -> None:
            if train_id == self._train_id:
                state.waiting, state.ready = False, state.armed

        self.schedule(at_s + pause_s, over)

    def _charge(self, at_s: float, for_s: float) -> None:
        self.state.ready = False
        self._charge_id += 1
        charge_id = self._charge_id

        def charged(_at_s: float) -> None:
            if charge_id == self._charge_id:
                self.state.ready = self.state.armed

        self.schedule(at_s + for_s, charged)

    def _discharge(self, at_s: float, in_train: int) -> bool:
        """Whether the coil got the charge."""
        self._active_s = at_s
        self.faults.note_pulse(self.state.total_pulses + 1, in_train, at_s)
        if self.strike("lost_pulse", at_s):
            return False
        level = self.level_pct(at_s)
        self.state.total_pulses += 1
        hotter = self.faults.strike(f"{self.name}.overheat", at_s)
        self.heat.add_pulse(level, at_s, hotter.number if hotter else 1.0)
        self.pulses.append((at_s, level))
        self._on_pulse(at_s, level)
        self._mishaps(at_s)
        return True

    def _lapse(self, at_s: float) -> None:
        if self.state.remote and at_s - self._heard_s > self._lapse_s:
            self.lapses += 1
            self.release_remote()

    def _mishaps(self, at_s: float) -> None:
        state = self.state
        state.coil = not self.strike("coil_out", at_s)
        state.error = "E07" if self.strike("device_error", at_s) else ""
        if state.armed and self.strike("panel_off", at_s):
            self.disarm()
        if state.armed and (not state.coil or state.error):
            self.disarm()

    def _look(self, at_s: float) -> None:
        """What it watches by itself."""
        self._mishaps(at_s)
        state = self.state
        hot = self.heat.temperature_c(at_s) >= self.heat.limit_c
        idle = state.model == "200_2" and at_s - self._active_s > IDLE_DISARM_S
        if state.armed and (hot or idle):
            self.disarm()
        self.schedule(at_s + min(LOOK_S[0] * self._lapse_s, LOOK_S[1]), self._look)
