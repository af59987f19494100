"""The way of the EMG through the station: block in, then ring, rest gate, live trace and sweep.

The number and the picture part here. What is measured comes from the raw ring; what is drawn goes through a causal
filter and a min/max decimator and is never measured.
"""

import base64
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bedside.station.measure import Epoch, MeasureRule, measure_sweep
from bedside.station.present import Present
from bedside.station.ring import Counts, Ring
from bedside.station.sweeps import AFTER_MS, BEFORE_MS, Expected, SweepBook
from bedside.station.wire import Sweep, Wave
from bedside.visit.inputs import EmgQuality, SweepMeasured, SweepMissing
from dsp.emg import rms
from dsp.streaming import BAND_HZ, MinMaxDecimator, StreamFilter
from hal.roles import EmgAmplifier, EmgBlock

RING_S = 4.0
REST_MS = 100.0
QUALITY_EVERY_MS = 200.0
COLUMN_MS = 10.0
DRAW_MS = 40.0
"""A screen draws 20 times a second: waves need not go out for each block."""
OVERLAY_RATE_HZ = 2560.0
HIGHEST_OF_RATE = 0.45
DISPLAY_LSB_UV = 0.25
EARLY_S, LATE_S = 0.05, 0.25
"""How far (real s) a pulse may seem to lie before its order and after its report, for all delays on the way."""


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where the path's results go. All but `in_loop` are called on the event loop's thread."""

    quality: Callable[[EmgQuality], None]
    wave: Callable[[Wave], None]
    sweep: Callable[[Sweep], None]
    measured: Callable[[SweepMeasured | SweepMissing], None]
    in_loop: Callable[[Callable[[], None]], None]


class EmgPath:
    """One amplifier's path. `speed` widens the live trace's columns so that their number a second stays the same."""

    def __init__(
        self, amplifier: EmgAmplifier, rule: Callable[[], MeasureRule | None], out: Outlets, speed: float
    ) -> None:
        self._amplifier = amplifier
        self._names = tuple(channel.name for channel in amplifier.channels)
        self._rate_hz = amplifier.rate_hz
        self._rail = amplifier.rail_counts
        self._rule = rule
        self._out = out
        self._ring = Ring(round(RING_S * self._rate_hz), len(self._names))
        self._book = SweepBook(self._rate_hz)
        self._present = Present(self._rate_hz)
        self._speed = speed
        self._filter = StreamFilter(len(self._names), self._rate_hz, band_hz=shown_band_hz(self._rate_hz))
        self._columns = MinMaxDecimator(len(self._names), self._book.samples(COLUMN_MS * max(1.0, speed)))
        self._draw_samples = self._book.samples(DRAW_MS * max(1.0, speed))
        self._undrawn: list[NDArray[np.float64]] = []
        self._undrawn_pulses: list[int] = []
        self._first_column = 0
        self._next_quality = 0
        self._uv_per_count = 1.0
        self._measuring = ThreadPoolExecutor(1, thread_name_prefix="measure")

    def close(self) -> None:
        """Stop measuring."""
        self._measuring.shutdown(wait=False, cancel_futures=True)

    def expect(self, pulse: int) -> None:
        """A single pulse is about to be given: the next trigger from now on is its own."""
        self._book.expect(pulse, max(self._ring.end, self._sample_in(-EARLY_S)))

    def reported(self, pulse: int) -> None:
        """The stimulator reported that pulse: its trigger has been sampled, though perhaps not yet arrived."""
        self._book.reported(pulse, self._sample_in(LATE_S), time.monotonic())

    def forget(self) -> None:
        """The expected pulse was not given."""
        self._book.cancel()

    def take(self, block: EmgBlock) -> None:
        """One block from the amplifier."""
        self._uv_per_count = block.uv_per_count
        if block.first_sample < self._ring.end:
            self._present.restart()
        self._ring.append(block.first_sample, block.counts)
        self._present.heard(self._ring.end, time.monotonic() * self._speed)
        for trigger in block.triggers:
            self._book.trigger(trigger)
        self._draw(block)
        self._report_quality()
        self._settle_pulse()

    def _settle_pulse(self) -> None:
        complete = self._book.complete(self._ring.end)
        if complete is not None:
            self._measure(complete)
        missing = self._book.missing(self._ring.end, time.monotonic())
        if missing is not None:
            self._out.measured(SweepMissing(missing.pulse, missing.reason))

    def _sample_in(self, real_s: float) -> int:
        """The sample that is taken so many real seconds from now."""
        return self._present.sample((time.monotonic() + real_s) * self._speed)

    def _measure(self, pulse: Expected) -> None:
        zero = pulse.zero if pulse.zero is not None else 0
        before, after = self._book.samples(BEFORE_MS), self._book.samples(AFTER_MS)
        counts = self._ring.window(zero - before, zero + after)
        if counts is None:
            self._out.measured(SweepMissing(pulse.pulse, "EMG samples around the pulse were lost"))
            return
        self._out.sweep(self._overlay(pulse.pulse, counts, before))
        epoch_uv = np.multiply(counts, self._uv_per_count, dtype=np.float64)
        rule = self._rule()
        if rule is None:
            return
        epoch = Epoch(pulse.pulse, epoch_uv, self._rate_hz, before, self._names)
        work = self._measuring.submit(measure_sweep, epoch, rule)
        work.add_done_callback(self._deliver)

    def _deliver(self, work: "Future[SweepMeasured | SweepMissing]") -> None:
        if not work.cancelled():
            result = work.result()
            self._out.in_loop(lambda: self._out.measured(result))

    def _report_quality(self) -> None:
        if self._ring.end < self._next_quality:
            return
        self._next_quality = self._ring.end + self._book.samples(QUALITY_EVERY_MS)
        counts = self._ring.window(self._ring.end - self._book.samples(REST_MS), self._ring.end)
        if counts is not None:
            found = quality(counts, self._names, self._uv_per_count, self._rail)
            self._out.quality(replace(found, for_meps=self._amplifier.for_meps))

    def _draw(self, block: EmgBlock) -> None:
        if block.lost:
            self._send_wave()
            self._filter.reset()
            self._columns.reset()
        self._undrawn.append(block.samples_uv)
        self._undrawn_pulses += block.triggers
        if sum(map(len, self._undrawn)) >= self._draw_samples:
            self._send_wave()

    def _send_wave(self) -> None:
        """Draw what has come since the last wave."""
        if not self._undrawn:
            return
        columns = self._columns(self._filter(np.concatenate(self._undrawn)))
        self._undrawn.clear()
        if not len(columns.low):
            return
        width = self._columns.factor
        pulses = tuple(trigger // width for trigger in self._undrawn_pulses)
        self._undrawn_pulses.clear()
        self._out.wave(
            Wave(
                first_column=self._first_column,
                column_ms=width * 1000.0 / self._rate_hz,
                channels=self._names,
                uv_per_count=DISPLAY_LSB_UV,
                low=packed(columns.low),
                high=packed(columns.high),
                pulses=pulses,
            )
        )
        self._first_column += len(columns.low)

    def _overlay(self, pulse: int, counts: Counts, zero: int) -> Sweep:
        step = max(1, int(self._rate_hz // OVERLAY_RATE_HZ))
        uv = (counts - np.median(counts[:zero], axis=0)) * self._uv_per_count
        return Sweep(
            pulse=pulse,
            channels=self._names,
            rate_hz=self._rate_hz / step,
            zero=zero // step,
            uv_per_count=DISPLAY_LSB_UV,
            samples=tuple(packed(column) for column in uv[::step].T),
        )


def packed(uv: NDArray[np.float64]) -> str:
    """Microvolts as base64 of little-endian int16 in steps of 0.25 uV, clipped at +-8.19 mV."""
    counts = np.clip(np.rint(uv / DISPLAY_LSB_UV), -32768, 32767).astype("<i2")
    return base64.b64encode(np.ascontiguousarray(counts).tobytes()).decode()


def shown_band_hz(rate_hz: float) -> tuple[float, float]:
    """The live trace's band (Hz): 10 to 500, or as far as a slow amplifier's rate carries it."""
    low, high = BAND_HZ
    return low, min(high, HIGHEST_OF_RATE * rate_hz)


def quality(counts: Counts, names: tuple[str, ...], uv_per_count: float, rail: int) -> EmgQuality:
    """Rest RMS about the mean (uV) per channel, and channels with two or more consecutive samples at the rail.

    `counts` has shape (n, channels).
    """
    rest_uv = rms(np.multiply(counts, uv_per_count, dtype=np.float64))
    at_rail = np.abs(counts.astype(np.int32)) >= rail
    stuck = np.any(at_rail[1:] & at_rail[:-1], axis=0).tolist()
    return EmgQuality(
        {name: float(value) for name, value in zip(names, rest_uv, strict=True)},
        tuple(name for name, bad in zip(names, stuck, strict=True) if bad),
    )
