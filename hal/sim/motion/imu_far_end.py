"""What simulated inertial sensors share: a crystal of their own, what the leg feels, connection events, losses.

Samples are taken by the device's own clock, which is off by some ten parts per million, and wait for connection events
10 to 60 ms apart. `lost` counts the samples that faults swallowed while somebody listened.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from hal.sim.bluetooth.ble_far_end import BleFarEnd
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral
from hal.sim.far_end import Surroundings
from hal.sim.motion.imu_frames import counts
from hal.sim.motion.imu_motion import Felt, SegmentMotion
from hal.sim.patient.jet import Array
from hal.sim.patient.limb import Segment
from hal.sim.truth import Truth

INTERVAL_MS = (10.0, 60.0)
DRIFT_PPM = 80.0
BURST = 3
"""Notifications lost in a row, on average, where some percent of all samples are."""
LEAST_WAIT_S = 0.001
MOST_WAIT_S = 0.02
BACKLOG_S = 2.0
"""Samples older than this are not made up: the world has been stopped."""
BATTERY_PCT = 82


class ImuDevice(BleFarEnd):
    """A sensor that takes `rate_hz` samples a second by its own crystal, `samples_per_packet` together."""

    def __init__(
        self, around: Surroundings, peripheral: Peripheral, segment: Segment, rate_hz: float, *, left: bool = True
    ) -> None:
        super().__init__(around, peripheral)
        self.rng = np.random.default_rng(around.seed)
        self.drift_ppm = float(self.rng.uniform(-DRIFT_PPM, DRIFT_PPM))
        self.motion = SegmentMotion(around.legs, segment, left=left, rng=self.rng)
        self.rate_hz = rate_hz
        self.lost = 0
        self.sent = 0
        self.truth: Truth | None = None
        self.samples_per_packet = 1
        self._origin_s = around.clock.now_s()
        self._origin_sample = 0
        self._next = 0
        self._burst = 0
        self._frozen: Felt | None = None

    @property
    @abstractmethod
    def listened(self) -> bool:
        """Whether samples leave the device now."""

    @abstractmethod
    def send_packet(self, first: int, felt: Felt) -> bool:
        """Send `samples_per_packet` samples, the first of them number `first`; False where nothing left."""

    def set_rate(self, rate_hz: float) -> None:
        """Take samples at another rate from now on."""
        self._origin_s, self._origin_sample = self.taken_at_s(self._next), self._next
        self.rate_hz = rate_hz

    def taken_at_s(self, sample: int) -> float:
        """Simulated time (s) of sample number `sample`: a crystal that drifts up is late."""
        period_s = (1 + self.drift_ppm / 1e6) / self.rate_hz
        return self._origin_s + (sample - self._origin_sample) * period_s

    def device_s(self, sample: int) -> float:
        """What the device's own clock shows (s) when it takes that sample."""
        return sample / self.rate_hz

    def battery_pct(self) -> int:
        """Charge, or what the fault `low_battery` makes of it."""
        fault = self.around.faults.strike(f"{self.around.name}.low_battery", self.now_s)
        return int(fault.number) if fault is not None else BATTERY_PCT

    def step(self, now_s: float) -> None:
        """Take and send what is due."""
        self.around.gait.advance(now_s)
        if now_s - self.taken_at_s(self._next) > BACKLOG_S:
            self._next += int((now_s - self.taken_at_s(self._next)) * self.rate_hz)
        n = self.samples_per_packet
        while self.taken_at_s(self._next + n - 1) <= now_s:
            first, self._next = self._next, self._next + n
            if self.listened:
                self._send(first, n)
        wait_s = self.around.clock.real_s(self.taken_at_s(self._next + n - 1) - now_s)
        self._tick_s = min(max(wait_s, LEAST_WAIT_S), MOST_WAIT_S)

    def _send(self, first: int, n: int) -> None:
        if self._swallowed(n):
            return
        times: Array = np.array([self.taken_at_s(sample) for sample in range(first, first + n)])
        felt = self.motion.at(times)
        if self.struck("freeze"):
            self._frozen = self._frozen if self._frozen is not None else _last_of(felt)
            felt = self._frozen
        else:
            self._frozen = None
        if self.send_packet(first, felt):
            self.sent += n
            if self.truth is not None:
                self.truth.note(range(first, first + n), times.tolist(), counts(felt))

    def _swallowed(self, n: int) -> bool:
        faults, name = self.around.faults, self.around.name
        if not self._burst and (fault := faults.strike(f"{name}.lost_samples", self.now_s)):
            self._burst = -(-int(fault.number) // n)
        if not self._burst and (fault := faults.strike(f"{name}.loss", self.now_s)):
            share = min(fault.number / 100, 0.9)
            if self.rng.random() < share / (BURST * (1 - share)):
                self._burst = int(self.rng.geometric(1 / BURST))
        if not self._burst:
            return False
        self._burst -= 1
        self.lost += n
        return True


def _last_of(felt: Felt) -> Felt:
    """As many samples, each of them the last."""
    return Felt(*(np.broadcast_to(part[-1], part.shape) for part in (felt.accel_m_s2, felt.gyro_rad_s, felt.field_ut)))


def imu_peripheral(
    around: Surroundings, name: str, services: Mapping[str, Sequence[Characteristic]], *, prefix: str
) -> Peripheral:
    """A peripheral whose address is `prefix` and the last three bytes of the seed."""
    mac = f"{prefix}:{around.seed >> 16 & 0xFF:02X}:{around.seed >> 8 & 0xFF:02X}:{around.seed & 0xFF:02X}"
    return Peripheral(mac, name, services, interval_ms=INTERVAL_MS, seed=around.seed)
