"""The inside of a simulated MagPro: bytes and time in; bytes and pulses out. No I/O, no clock of its own.

There is no remote mode and no keepalive: the panel is always live, and a train runs on whoever listens.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Literal

import numpy as np

from hal.drivers.magpro_codec import Page, StreamParser, Waveform, encode_frame
from hal.sim.coil import CoilHeat
from hal.sim.faults import Faults
from hal.sim.magpro_state import SETTABLE_PAGES, SLOPE_A_US_PER_PCT, MagProState, TrainSettings, train_from_bytes

LATENCY_S = (0.020, 0.080)
"""From a command's last byte to its effect and answer, as measured on devices by the author of MagProController."""
THERMOMETER_S = 0.5

PulseSource = Literal["fire", "train", "external"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """A discharge of the coil: its running number since power-on, simulated time, %MSO, and what released it."""

    number: int
    at_s: float
    amplitude_pct_mso: int
    source: PulseSource


class MagProCore:
    """One stimulator. Call `receive` with what came, then `advance`; the frames to send gather in `outbox`.

    `on_pulse` is told of every discharge when it happens. Times are simulated seconds and never run backwards; a train
    is timed by the device, each pulse from the train's own start, so a late `advance` delays no pulse.
    """

    def __init__(
        self,
        *,
        rng: np.random.Generator,
        faults: Faults,
        on_pulse: Callable[[Pulse], None],
        heat: CoilHeat | None = None,
        state: MagProState | None = None,
    ) -> None:
        self.state = state or MagProState()
        self.heat = heat or CoilHeat()
        self.outbox: list[bytes] = []
        self.ignored = 0
        self._rng = rng
        self._faults = faults
        self._on_pulse = on_pulse
        self._parser = StreamParser()
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._busy_until_s = 0.0
        self._train_id = 0
        self._at(0.0, self._thermometer)

    @property
    def next_due_s(self) -> float:
        """When something will next happen by itself."""
        return self._due[0][0]

    def receive(self, data: bytes, now_s: float) -> None:
        """Bytes from the wire. Frames with a wrong CRC and unknown commands are ignored, as the device does."""
        for body in self._parser.feed(data):
            latency_s = self._rng.uniform(*LATENCY_S)
            self._busy_until_s = max(self._busy_until_s, now_s) + latency_s
            self._at(self._busy_until_s, partial(self._execute, body))

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
        """A pulse at the trigger input, or a foot on the switch."""
        if self.state.enabled:
            self._release("external", at_s, 0)

    def panel_disable(self) -> None:
        """The disable button on the front."""
        self._disable()

    def panel_enable(self) -> None:
        """The enable button on the front."""
        self._enable()

    def panel_amplitude(self, amplitude_pct_mso: int) -> None:
        """The dial on the front; values are held within 0..100."""
        self.state.amplitude_a = max(0, min(100, amplitude_pct_mso))
        self._send(self.state.amplitude())

    def panel_page(self, page: int) -> None:
        """Somebody shows another page."""
        self.state.page = page
        self._send(self.state.page_and_running())

    def _at(self, due_s: float, action: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (due_s, next(self._order), action))

    def _send(self, body: bytes) -> None:
        self.outbox.append(encode_frame(body))

    def _execute(self, body: bytes, at_s: float) -> None:
        command, data = body[0], body[1:]
        handler = {
            0x00: self._cmd_short_status,
            0x01: self._cmd_amplitude,
            0x02: self._cmd_enable,
            0x03: self._cmd_fire,
            0x04: self._cmd_train,
            0x05: self._cmd_long_status,
            0x06: self._cmd_train_settings,
            0x07: self._cmd_page,
            0x08: self._cmd_delays,
            0x09: self._cmd_waveform,
            0x0A: self._cmd_delays_of_page,
            0x0B: self._cmd_timing_page,
            0x0C: self._cmd_counters,
        }.get(command)
        if handler is None or not handler(data, at_s):
            self.ignored += 1

    def _cmd_short_status(self, _data: bytes, _at_s: float) -> bool:
        self._send(self.state.short_status())
        return True

    def _cmd_long_status(self, _data: bytes, _at_s: float) -> bool:
        self._send(self.state.long_status())
        return True

    def _cmd_amplitude(self, data: bytes, _at_s: float) -> bool:
        if len(data) not in (1, 2) or max(data) > 100:
            return False
        self.state.amplitude_a, self.state.amplitude_b = data[0], data[1] if len(data) == 2 else 0
        self._send(self.state.amplitude())
        return True

    def _cmd_enable(self, data: bytes, at_s: float) -> bool:
        if data == b"\x01":
            self._enable()
            return True
        if data == b"\x00":
            if not (self.state.enabled and self._faults.strike("stimulator.ignore_off", at_s)):
                self._disable()
            return True
        return False

    def _cmd_fire(self, data: bytes, at_s: float) -> bool:
        if data not in (b"", b"\x01") or not self.state.enabled or self.state.running:
            return False
        self._release("fire", at_s, 0)
        return True

    def _cmd_train(self, _data: bytes, at_s: float) -> bool:
        if self.state.running:
            self._end_train()
            return True
        if not self.state.enabled or self.state.page not in (Page.TIMING, Page.PROTOCOL):
            return False
        self._start_train(at_s)
        return True

    def _cmd_train_settings(self, data: bytes, _at_s: float) -> bool:
        if self.state.page != Page.TIMING or self.state.running or len(data) != 8:
            return False
        return self._accept_train(train_from_bytes(data))

    def _cmd_page(self, data: bytes, _at_s: float) -> bool:
        if not data or data[0] not in SETTABLE_PAGES:
            return False
        self.panel_page(data[0])
        return True

    def _cmd_delays(self, data: bytes, _at_s: float) -> bool:
        if len(data) != 8:
            return False
        self.state.delays = data[:6]
        return True

    def _cmd_waveform(self, data: bytes, _at_s: float) -> bool:
        state = self.state
        if data[:1] == b"\x00":
            self._send(state.waveform_block())
            return True
        if len(data) != 10 or data[0] != 1 or data[1] != state.model or data[4] not in tuple(Waveform) or data[5] > 3:
            return False
        state.mode, state.direction, state.waveform, state.burst_code = data[2] & 3, data[3] & 1, data[4], data[5]
        state.ipi_ms = int.from_bytes(data[6:8], "big") / 10
        state.ratio_b_a = int.from_bytes(data[8:10], "big") / 100
        return True

    def _cmd_delays_of_page(self, data: bytes, _at_s: float) -> bool:
        if data[:1] == b"\x01" and len(data) == 7:
            self.state.delays = data[1:7]
        elif data[:1] != b"\x00":
            return False
        self._send(self.state.delay_settings())
        return True

    def _cmd_timing_page(self, data: bytes, _at_s: float) -> bool:
        if data[:1] == b"\x01" and len(data) >= 10 and not self.state.running:
            if not self._accept_train(train_from_bytes(data[2:10])):
                return False
            self.state.timing_control = data[1] & 3
        elif data[:1] != b"\x00":
            return False
        self._send(self.state.timing())
        return True

    def _cmd_counters(self, data: bytes, _at_s: float) -> bool:
        if data[:1] != b"\x00":
            return False
        self._send(self.state.counters())
        return True

    def _accept_train(self, train: TrainSettings) -> bool:
        if not train.valid(self.state.model):
            return False
        self.state.train = train
        return True

    def _enable(self) -> None:
        self.state.enabled = self.state.shown_c < self.heat.limit_c
        for message in (self.state.short_status(), self.state.coil(), self.state.short_status()):
            self._send(message)

    def _disable(self) -> None:
        self.state.enabled = False
        if self.state.running:
            self._end_train()
        self._send(self.state.amplitude())
        self._send(self.state.coil())

    def _start_train(self, at_s: float) -> None:
        self.state.running = True
        self.state.sequence_pulses = 0
        self._train_id += 1
        self._send(self.state.page_and_running())
        self._schedule_train_pulse(0, at_s, self._train_id)

    def _end_train(self) -> None:
        self.state.running = False
        self._train_id += 1
        self._send(self.state.page_and_running())

    def _schedule_train_pulse(self, index: int, start_s: float, train_id: int) -> None:
        offset_s = self.state.train.pulse_s(index)
        if offset_s is None:
            self._end_train()
            return

        def pulse(at_s: float) -> None:
            if train_id == self._train_id:
                self._release("train", at_s, index + 1)
            if train_id == self._train_id:
                self._schedule_train_pulse(index + 1, start_s, train_id)

        self._at(start_s + offset_s, pulse)

    def _release(self, source: PulseSource, at_s: float, in_train: int) -> None:
        self._discharge(source, at_s, in_train)
        for k in range(1, self.state.pulses_per_trigger):
            self._at(at_s + k * self.state.ipi_ms / 1000, lambda s: self._discharge(source, s, 0))

    def _discharge(self, source: PulseSource, at_s: float, in_train: int) -> None:
        if not self.state.enabled:
            return
        self._faults.note_pulse(self.state.total_pulses + 1, in_train, at_s)
        if self._faults.strike("stimulator.lost_pulse", at_s):
            return
        if self._faults.strike("stimulator.zero_slope", at_s):
            self._send(self.state.pulse(0))
            return
        self.state.total_pulses += 1
        self.state.sequence_pulses += source == "train"
        hotter = self._faults.strike("stimulator.overheat", at_s)
        self.heat.add_pulse(self.state.amplitude_a, at_s, hotter.number if hotter else 1.0)
        self._on_pulse(Pulse(self.state.total_pulses, at_s, self.state.amplitude_a, source))
        if not self._faults.strike("stimulator.lost_report", at_s):
            self._send(self.state.pulse(round(SLOPE_A_US_PER_PCT * self.state.amplitude_a)))
        self._panel_faults(at_s)

    def _panel_faults(self, at_s: float) -> None:
        if self.state.enabled and self._faults.strike("stimulator.front_panel_disable", at_s):
            self._disable()
        if turned := self._faults.strike("stimulator.front_panel_amplitude", at_s):
            self.panel_amplitude(int(turned.number))

    def _thermometer(self, at_s: float) -> None:
        self._panel_faults(at_s)
        if self.state.enabled and self._faults.strike("stimulator.extra_pulse", at_s):
            self.trigger(at_s)
        shown_c = int(self.heat.temperature_c(at_s))
        if shown_c != self.state.shown_c and not self._faults.strike("stimulator.stuck_temperature", at_s):
            self.state.shown_c = shown_c
            self._send(self.state.coil())
        if self.state.enabled and self.heat.temperature_c(at_s) >= self.heat.limit_c:
            self._disable()
        self._at(at_s + THERMOMETER_S, self._thermometer)
