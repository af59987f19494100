"""What happens inside a simulated MagPro as time passes: trains, discharges, heat, and hands on the front panel.

No I/O and no clock of its own. There is no remote mode and no keepalive: the panel is always live, and a train runs on
whoever listens.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from hal.sim.faults import Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator import magpro_wire as wire
from hal.sim.stimulator.magpro_state import SLOPE_A_US_PER_PCT, MagProState

THERMOMETER_S = 0.5

PulseSource = Literal["fire", "train", "external"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """A discharge of the coil: its running number since power-on, simulated time, %MSO, and what released it."""

    number: int
    at_s: float
    amplitude_pct_mso: int
    source: PulseSource


class MagProEngine:
    """Call `advance` to let time pass; the frames to send gather in `outbox`.

    `on_pulse` is told of every discharge when it happens. Times are simulated seconds and never run backwards; a train
    is timed by the device, each pulse from the train's own start, so a late `advance` delays no pulse.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        on_pulse: Callable[[Pulse], None],
        heat: CoilHeat | None = None,
        state: MagProState | None = None,
    ) -> None:
        self.state = state or MagProState()
        self.heat = heat or CoilHeat()
        self.outbox: list[bytes] = []
        self.faults = faults
        self._on_pulse = on_pulse
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._train_id = 0
        self.schedule(0.0, self._thermometer)

    @property
    def next_due_s(self) -> float:
        """When something will next happen by itself."""
        return self._due[0][0]

    def advance(self, now_s: float) -> None:
        """Let everything happen that is due up to `now_s`, in order."""
        while self._due[0][0] <= now_s:
            at_s, _, action = heapq.heappop(self._due)
            action(at_s)

    def take_output(self) -> list[bytes]:
        """The frames to send, in order; forgotten here."""
        frames, self.outbox = self.outbox, []
        return frames

    def trigger(self, at_s: float) -> None:
        """A foot on the switch."""
        if self.state.enabled:
            self.release("external", at_s, 0)

    def trigger_in(self, at_s: float) -> None:
        """A pulse on the cable to the trigger input. Under another timing control this device does not heed it."""
        self.advance(at_s)
        if self.state.enabled and self.state.timing_control == wire.EXTERNAL_TRIGGER:
            self.release("external", at_s, 0)

    def panel_amplitude(self, amplitude_pct_mso: int) -> None:
        """The dial on the front; values are held within 0..100."""
        self.state.amplitude_a = max(0, min(100, amplitude_pct_mso))
        self.send(self.state.amplitude())

    def panel_page(self, page: int) -> None:
        """Somebody shows another page."""
        self.state.page = page
        self.send(self.state.page_and_running())

    def schedule(self, due_s: float, action: Callable[[float], None]) -> None:
        """Let `action` happen at `due_s`; it is given that time."""
        heapq.heappush(self._due, (due_s, next(self._order), action))

    def send(self, body: bytes) -> None:
        """Queue one frame for the wire."""
        self.outbox.append(wire.frame(body))

    def enable(self) -> None:
        """Arm the coil, unless it is too hot, and tell it in three frames as an X100 does."""
        self.state.enabled = self.state.shown_c < self.heat.limit_c
        for message in (self.state.short_status(), self.state.coil(), self.state.short_status()):
            self.send(message)

    def disable(self) -> None:
        """Disarm, end a running train, and tell it."""
        self.state.enabled = False
        if self.state.running:
            self.end_train()
        self.send(self.state.amplitude())
        self.send(self.state.coil())

    def start_train(self, at_s: float) -> None:
        """Start the train of the Timing page."""
        self.state.running = True
        self.state.sequence_pulses = 0
        self._train_id += 1
        self.send(self.state.page_and_running())
        self._schedule_train_pulse(0, at_s, self._train_id)

    def end_train(self) -> None:
        """End the running train."""
        self.state.running = False
        self._train_id += 1
        self.send(self.state.page_and_running())

    def _schedule_train_pulse(self, index: int, start_s: float, train_id: int) -> None:
        offset_s = self.state.train.pulse_s(index)
        if offset_s is None:
            last_s = start_s + (self.state.train.pulse_s(index - 1) or 0.0)
            burst_s = (self.state.pulses_per_trigger - 1) * self.state.ipi_ms / 1000
            self.schedule(last_s + burst_s, lambda _at_s: self._end_of(train_id))
            return

        def pulse(at_s: float) -> None:
            if train_id == self._train_id:
                self.release("train", at_s, index + 1)
            if train_id == self._train_id:
                self._schedule_train_pulse(index + 1, start_s, train_id)

        self.schedule(start_s + offset_s, pulse)

    def _end_of(self, train_id: int) -> None:
        if train_id == self._train_id:
            self.end_train()

    def release(self, source: PulseSource, at_s: float, in_train: int) -> None:
        """One trigger: a pulse, or a burst; `in_train` is its number in the train, 0 outside one.

        How a real device reports and counts inside a burst is not known; this one does it pulse by pulse, and the
        faults `stimulator.burst_reports_once` and `stimulator.burst_counts_once` do it the other way.
        """
        self._discharge(source, at_s, in_train)
        for k in range(1, self.state.pulses_per_trigger):
            self.schedule(at_s + k * self.state.ipi_ms / 1000, lambda s: self._discharge(source, s, 0, later=True))

    def _discharge(self, source: PulseSource, at_s: float, in_train: int, *, later: bool = False) -> None:
        if not self.state.enabled:
            return
        self.faults.note_pulse(self.state.total_pulses + 1, in_train, at_s)
        if self.faults.strike("stimulator.lost_pulse", at_s):
            return
        if self.faults.strike("stimulator.zero_slope", at_s):
            self.send(self.state.pulse(0))
            return
        self.state.total_pulses += 1
        self.state.uncounted += later and self.faults.strike("stimulator.burst_counts_once", at_s) is not None
        self.state.sequence_pulses += source == "train"
        hotter = self.faults.strike("stimulator.overheat", at_s)
        self.heat.add_pulse(self.state.amplitude_a, at_s, hotter.number if hotter else 1.0)
        self._on_pulse(Pulse(self.state.total_pulses, at_s, self.state.amplitude_a, source))
        once = later and self.faults.strike("stimulator.burst_reports_once", at_s) is not None
        if not once and not self.faults.strike("stimulator.lost_report", at_s):
            self.send(self.state.pulse(round(SLOPE_A_US_PER_PCT * self.state.amplitude_a)))
        self._panel_faults(at_s)

    def _panel_faults(self, at_s: float) -> None:
        if self.state.enabled and self.faults.strike("stimulator.front_panel_disable", at_s):
            self.disable()
        if turned := self.faults.strike("stimulator.front_panel_amplitude", at_s):
            self.panel_amplitude(int(turned.number))

    def _thermometer(self, at_s: float) -> None:
        self._panel_faults(at_s)
        if self.state.enabled and self.faults.strike("stimulator.extra_pulse", at_s):
            self.trigger(at_s)
        shown_c = int(self.heat.temperature_c(at_s))
        if shown_c != self.state.shown_c and not self.faults.strike("stimulator.stuck_temperature", at_s):
            self.state.shown_c = shown_c
            self.send(self.state.coil())
        if self.state.enabled and self.heat.temperature_c(at_s) >= self.heat.limit_c:
            self.disable()
        self.schedule(at_s + THERMOMETER_S, self._thermometer)
