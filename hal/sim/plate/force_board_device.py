"""A simulated force board: load cells on HX711 converters, a microcontroller's clock that drifts, lines of text.

The board's own counts: 24 bits, each cell with its gain and offset drawn from the seed around the nominal ones that the
device files carry (`NOMINAL_KG_PER_COUNT`).
"""

import numpy as np

from hal.sim.crc8 import check
from hal.sim.far_end import Surroundings
from hal.sim.plate.plate_source import PlateFarEnd, PlateSample, PlateSource
from hal.sim.ports import PtyPort
from hal.sim.truth import Truth

RATE_HZ = 80.0
SPACING_CM = (40.0, 40.0)
FOOT_SPACING_CM = (14.0, 28.0)
NOMINAL_KG_PER_COUNT = 5e-5
"""A 200 kg cell of 2 mV/V at gain 128: about 20000 counts a kilogram."""
NOISE_KG = 0.006
RAIL = (1 << 23) - 1
CLOCK_PPM = 40.0
"""Standard deviation of a ceramic or crystal oscillator's error."""


class ForceBoardDevice(PlateFarEnd):
    """One board of four cells, or two of four, on a pseudo-terminal. `stander` takes what hands do.

    `sent` counts lines, `source.lost` what faults swallowed. `reset` is the microcontroller's button.
    """

    def __init__(self, around: Surroundings, *, boards: int = 1, rate_hz: float = RATE_HZ) -> None:
        spacing_cm = SPACING_CM if boards == 1 else FOOT_SPACING_CM
        self.source = PlateSource(around, rate_hz, spacing_cm, boards=boards)
        self.stander = self.source.stander
        self.port = PtyPort(around.folder / around.name, self._on_bytes)
        self.sent = 0
        self.truth: Truth | None = None
        self.rate_hz = rate_hz
        rng = self.source.rng
        self.gains_kg_per_count = NOMINAL_KG_PER_COUNT * rng.normal(1.0, 0.001, 4 * boards)
        self.offsets = rng.integers(-2000, 2000, 4 * boards)
        self.clock_ppm = float(rng.normal(0.0, CLOCK_PPM))
        self._booted_s = around.clock.now_s() - float(rng.uniform(0.0, 4000.0))
        self._last: tuple[int, ...] = (0,) * 4 * boards

    def measured(self, sample: PlateSample) -> None:
        """One line a sample."""
        self.sent += 1
        self._say(self._line(sample))

    def set_rate(self, rate_hz: float) -> None:
        """Another converter: so many samples a second."""
        self.rate_hz = rate_hz
        self.source.set_rate(rate_hz)

    def reset(self) -> None:
        """Start anew: counter and clock at 0, the header again."""
        self.source.restart()
        self._booted_s = self.source.around.clock.now_s()
        self._say(self._header())

    def micros(self, at_s: float) -> int:
        """The board's clock at simulated time `at_s`."""
        return int((at_s - self._booted_s) * (1e6 + self.clock_ppm)) % (1 << 32)

    def _on_bytes(self, data: bytes) -> None:
        if b"?" in data and not self.source.struck("silence"):
            self._say(self._header())

    def _header(self) -> bytes:
        return b"#bedside-board 1 cells=%d rate=%g\r\n" % (len(self._last), self.rate_hz)

    def _line(self, sample: PlateSample) -> bytes:
        if not sample.frozen:
            noise = self.source.rng.normal(0.0, NOISE_KG, len(self._last))
            counts = self.offsets + (np.array(sample.loads_kg) + noise) / self.gains_kg_per_count
            self._last = tuple(int(count) for count in np.clip(np.rint(counts), -RAIL - 1, RAIL))
        words = list(self._last)
        if (cell := self.source.saturated()) is not None:
            words[cell] = RAIL
        if self.truth is not None:
            self.truth.note((sample.number,), (sample.at_s,), words)
        fields = ",".join(str(word) for word in (sample.number & 0xFFFF, self.micros(sample.at_s), *words))
        body = f"B,{fields},".encode()
        return body + b"%02x\r\n" % check(body)

    def _say(self, line: bytes) -> None:
        if self.source.struck("truncated"):
            line = line[: len(line) // 2]
        if self.source.struck("garbage"):
            rng = self.source.rng
            flipped = bytearray(line)
            flipped[int(rng.integers(len(line) - 2))] ^= 1 << int(rng.integers(7))
            line = rng.bytes(int(rng.integers(1, 40))) + bytes(flipped)
        self.port.write(line)


def single(around: Surroundings) -> ForceBoardDevice:
    """The far end `force_board`."""
    return ForceBoardDevice(around)


def dual(around: Surroundings) -> ForceBoardDevice:
    """The far end `force_board_dual`."""
    return ForceBoardDevice(around, boards=2)
