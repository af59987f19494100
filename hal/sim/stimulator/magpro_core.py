"""A simulated MagPro without its wire: bytes and time in; bytes and pulses out. No I/O, no clock of its own."""

from collections.abc import Callable
from functools import partial

import numpy as np

from hal.sim.faults import Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator import magpro_wire as wire
from hal.sim.stimulator.magpro_engine import MagProEngine, Pulse
from hal.sim.stimulator.magpro_state import MagProState, TrainSettings

LATENCY_S = (0.020, 0.080)
"""From a command's last byte to its effect and answer, as measured on devices by the author of MagProController."""


class MagProCore(MagProEngine):
    """One stimulator. Call `receive` with what came, then `advance`; the frames to send gather in `outbox`.

    `ignored` counts the commands the device passed over: unknown, malformed, out of range, or not on this page.
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
        super().__init__(faults=faults, on_pulse=on_pulse, heat=heat, state=state)
        self.ignored = 0
        self._rng = rng
        self._reader = wire.FrameReader()
        self._busy_until_s = 0.0

    def receive(self, data: bytes, now_s: float) -> None:
        """Bytes from the wire. Frames with a wrong CRC and unknown commands are ignored, as the device does."""
        for body in self._reader.take(data):
            latency_s = self._rng.uniform(*LATENCY_S)
            self._busy_until_s = max(self._busy_until_s, now_s) + latency_s
            self.schedule(self._busy_until_s, partial(self._execute, body))

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
        self.send(self.state.short_status())
        return True

    def _cmd_long_status(self, _data: bytes, _at_s: float) -> bool:
        self.send(self.state.long_status())
        return True

    def _cmd_amplitude(self, data: bytes, _at_s: float) -> bool:
        if len(data) not in (1, 2) or max(data) > 100:
            return False
        self.state.amplitude_a, self.state.amplitude_b = data[0], data[1] if len(data) == 2 else 0
        self.send(self.state.amplitude())
        return True

    def _cmd_enable(self, data: bytes, at_s: float) -> bool:
        if data == b"\x01":
            self.enable()
            return True
        if data == b"\x00":
            if not (self.state.enabled and self.faults.strike("stimulator.ignore_off", at_s)):
                self.disable()
            return True
        return False

    def _cmd_fire(self, data: bytes, at_s: float) -> bool:
        if data not in (b"", b"\x01") or not self.state.enabled or self.state.running:
            return False
        self.release("fire", at_s, 0)
        return True

    def _cmd_train(self, _data: bytes, at_s: float) -> bool:
        if self.state.running:
            self.end_train()
            return True
        if not self.state.enabled or self.state.page not in (wire.TIMING, wire.PROTOCOL):
            return False
        self.start_train(at_s)
        return True

    def _cmd_train_settings(self, data: bytes, _at_s: float) -> bool:
        if self.state.page != wire.TIMING or self.state.running or len(data) != 8:
            return False
        return self._accept_train(TrainSettings(*wire.read_train(data)))

    def _cmd_page(self, data: bytes, _at_s: float) -> bool:
        if not data or data[0] not in wire.SETTABLE_PAGES:
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
            self.send(state.waveform_block())
            return True
        if len(data) != 10 or data[0] != 1 or data[1] != state.model or data[4] > wire.BURST or data[5] > 3:
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
        self.send(self.state.delay_settings())
        return True

    def _cmd_timing_page(self, data: bytes, _at_s: float) -> bool:
        if data[:1] == b"\x01" and len(data) >= 10 and not self.state.running:
            if not self._accept_train(TrainSettings(*wire.read_train(data[2:10]))):
                return False
            self.state.timing_control = data[1] & 3
        elif data[:1] != b"\x00":
            return False
        self.send(self.state.timing())
        return True

    def _cmd_counters(self, data: bytes, _at_s: float) -> bool:
        if data[:1] != b"\x00":
            return False
        self.send(self.state.counters())
        return True

    def _accept_train(self, train: TrainSettings) -> bool:
        if not train.valid(self.state.model):
            return False
        self.state.train = train
        return True
