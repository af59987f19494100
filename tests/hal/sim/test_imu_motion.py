"""What a simulated sensor on the leg feels: rest while the foot stands, strides at the gait's cadence, gravity."""

import numpy as np
import pytest

from hal.sim.gait_model import DUTY, GaitModel, stride_hz
from hal.sim.imu_frames import counts
from hal.sim.imu_motion import GRAVITY_M_S2, SEGMENTS, Felt, SegmentMotion


def walking(segment: str, speed_kmh: float, *, left: bool = False, seconds: float = 20.0) -> tuple[np.ndarray, Felt]:
    """Stride phase of that foot, and what the sensor on it feels at 100 Hz."""
    gait = GaitModel()
    gait.fit()
    gait.stand()
    if speed_kmh:
        gait.walk(speed_kmh)
        gait.advance(60.0)
    times_s = 60.0 + np.arange(0, seconds, 0.01)
    felt = SegmentMotion(gait, segment, left=left, rng=np.random.default_rng(1)).at(times_s)
    return (gait.stride_phase(times_s) + (0.5 if left else 0.0)) % 1.0, felt


@pytest.mark.parametrize("segment", SEGMENTS)
def test_standing_is_gravity_and_noise(segment: str) -> None:
    _, felt = walking(segment, 0.0)
    assert np.linalg.norm(felt.accel_m_s2.mean(axis=0)) == pytest.approx(GRAVITY_M_S2, abs=0.02)
    assert np.abs(felt.gyro_rad_s).max() < 0.03
    assert felt.accel_m_s2.std(axis=0).max() < 0.05


@pytest.mark.parametrize("speed_kmh", [0.8, 1.5, 3.0])
@pytest.mark.parametrize("left", [True, False])
def test_a_foot_rests_in_stance_and_turns_in_swing(speed_kmh: float, left: bool) -> None:
    phase, felt = walking("foot", speed_kmh, left=left)
    turn = felt.gyro_rad_s[:, 1]
    flat = (phase > 0.1) & (phase < 0.38)
    assert np.abs(turn[flat]).max() < 0.03
    assert np.linalg.norm(felt.accel_m_s2[flat], axis=1) == pytest.approx(GRAVITY_M_S2, abs=0.3)
    assert turn[phase > DUTY].max() > 3 * speed_kmh**0.5 / 2
    # it comes back to where it was: the turns of a stride cancel
    assert turn.sum() * 0.01 == pytest.approx(0, abs=1.6)
    bump = felt.accel_m_s2[(phase < 0.01) | (phase > 0.99), 2]
    assert bump.max() > GRAVITY_M_S2 + 5 * speed_kmh


@pytest.mark.parametrize("segment", SEGMENTS)
def test_the_humps_of_a_segment_cancel(segment: str) -> None:
    assert sum(hump.angle_deg for hump in SEGMENTS[segment].humps) == 0


@pytest.mark.parametrize("speed_kmh", [1.0, 2.0])
def test_strides_come_at_the_gait_s_cadence(speed_kmh: float) -> None:
    _, felt = walking("shank", speed_kmh, seconds=60)
    turn = felt.gyro_rad_s[:, 1] - felt.gyro_rad_s[:, 1].mean()
    spectrum = np.abs(np.fft.rfft(turn, 1 << 16))
    first = np.fft.rfftfreq(1 << 16, 0.01)[
        np.argmax(spectrum * (np.fft.rfftfreq(1 << 16, 0.01) < 1.5 * stride_hz(speed_kmh)))
    ]
    assert first == pytest.approx(stride_hz(speed_kmh), rel=0.03)


def test_counts_stop_at_their_rails() -> None:
    strong = Felt(np.full((1, 3), 1e4), np.full((1, 3), -1e4), np.zeros((1, 3)))
    assert counts(strong).tolist() == [[32767] * 3 + [-32768] * 3]
    assert counts(strong, field_ut_per_count=0.15).shape == (1, 9)
