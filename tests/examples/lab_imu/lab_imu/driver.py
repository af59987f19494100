"""The conversation with the sensor: start it, hear it, know what is missing. Not tried on hardware: there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hal.clockmap import ClockMap
from hal.device import Vitals
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import MotionBlock, Placement
from lab_imu.codec import COUNTER_BITS, START, LineParser, Sample

RATE_HZ = 100.0


@dataclass(frozen=True, slots=True)
class LabImuOptions:
    """What the device file may say below [options]."""

    placement: Placement = "unplaced"


class LabImu(LinkedDevice):
    """A `hal.roles.MotionSensor` on a cable."""

    role = "imu"
    default_baud = 115_200
    rate_hz = RATE_HZ
    counter_unit = "sample"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=0.5, reopen_s=3.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(LabImuOptions, options or {}, device=name)
        self._parser = LineParser()
        self._clock = ClockMap(1e9 / RATE_HZ, bits=COUNTER_BITS)
        self._newest: int | None = None
        self._next_sample = 0
        self._lost = self._told = 0

    @property
    def placement(self) -> Placement:
        """Where it is worn."""
        return self.options.placement

    @property
    def dropped(self) -> int:
        """Damaged lines."""
        return self._parser.dropped

    @property
    def vitals(self) -> Vitals:
        """Samples received and lost, and the sensor's clock against the station's."""
        received = self._next_sample - self._lost
        if not self._clock.known:
            return Vitals(received=received, lost=self._lost)
        return Vitals(
            received=received,
            lost=self._lost,
            clock_offset_ms=self._clock.offset_ms,
            clock_drift_ppm=self._clock.drift_ppm,
            clock_spread_ms=self._clock.spread_ms,
        )

    def on_link_up(self) -> None:
        """Forget half a line and start the sensor. Its counter went on meanwhile, so the clock map may be kept."""
        self._parser = LineParser()
        self.link.write(START)

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; what they complete is published as one block a run without a gap."""
        now_ns = self.now_ns()  # first thing: all that follows takes time
        run: list[Sample] = []
        for sample in self._parser.feed(data):
            count = self._clock.unwrap(sample.count, now_ns)
            if self._newest is not None and count <= self._newest:
                continue
            missing = 0 if self._newest is None else count - self._newest - 1
            if missing:
                self._publish(run, now_ns)
                run = []
                self._lost += missing
                self._next_sample += missing
            self._newest = count
            self._clock.feed(count, now_ns)
            run.append(Sample(count, sample.accel_m_s2, sample.gyro_rad_s))
        self._publish(run, now_ns)

    def _publish(self, run: list[Sample], now_ns: int) -> None:
        if not run:
            return
        self.heard()
        counts = np.array([sample.count for sample in run], np.int64)
        first = self._next_sample
        self._next_sample += len(run)
        self.publish(
            MotionBlock(
                mono_ns=now_ns,
                accel_m_s2=np.array([sample.accel_m_s2 for sample in run], np.float32),
                gyro_rad_s=np.array([sample.gyro_rad_s for sample in run], np.float32),
                sample_ns=self._clock.at_ns(counts),
                first_sample=first,
                rate_hz=RATE_HZ,
                lost=self._lost - self._told,
                counts=counts,
            )
        )
        self._told = self._lost
