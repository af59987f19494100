"""Simulated sensors that are held together and knocked, and what was recorded of it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from bedside.record.samples import SampleRun
from hal.sim.motion.imu_motion import Array, Felt, SegmentMotion

KNOCKS_S = (0.0, 0.8, 1.9)
KNOCK_ROOM_S = 1.5
"""Rest before the first and after the last."""
WIDTH_S = 0.05
TURN_RAD_S = 15.0
GROWS = 0.2
TREMOR_RAD_S = 0.01


class Feels(Protocol):
    """Whatever tells what a sensor feels."""

    def at(self, times_s: Array) -> Felt:
        """At times (s, shape (n,)) near the present."""
        ...


class Knocked(SegmentMotion):
    """What a segment's sensor feels, knocked at simulated times `at_s`; around them it is held still in a hand."""

    def __init__(self, felt: Feels, at_s: Sequence[float]) -> None:
        self._felt = felt
        self._at_s = tuple(at_s)
        self._tremor = np.random.default_rng(1)

    def at(self, times_s: Array) -> Felt:
        """What it feels at times (s, shape (n,)) near the present."""
        felt = self._felt.at(times_s)
        held = (times_s > self._at_s[0] - 2 * KNOCK_ROOM_S) & (times_s < self._at_s[-1] + 2 * KNOCK_ROOM_S)
        if not held.any():
            return felt
        still = self._tremor.normal(0.0, TREMOR_RAD_S, felt.gyro_rad_s.shape)
        turn = np.where(held[:, np.newaxis], still, felt.gyro_rad_s)
        for number, knock_s in enumerate(self._at_s):
            bump = TURN_RAD_S * (1 + GROWS * number) * np.exp(-0.5 * ((times_s - knock_s) / WIDTH_S) ** 2)
            turn[:, 1] += bump
        return Felt(felt.accel_m_s2, turn, felt.field_ut)


def felt_between(run: SampleRun, begin_ns: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) and turn rates (n, 3) of the samples recorded between two times."""
    rows = (run.times_ns >= begin_ns) & (run.times_ns < end_ns)
    return run.times_ns[rows], run.values[rows, 4:7]
