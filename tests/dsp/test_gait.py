"""Gait of feet that walk on paper, and what must be refused or flagged."""

import numpy as np
import pytest

from dsp.gait import Foot, analyse
from dsp.gait.ten_metre import ten_metre
from tests.helpers.spoilt_feet import turned_over
from tests.helpers.walking_feet import RATE_HZ, changed, mounting, pair, walk


@pytest.mark.parametrize(("period_s", "length_m"), [(1.1, 1.2), (1.0, 1.5), (2.0, 0.4)])
def test_strides_are_found_and_measured_in_any_mounting(period_s: float, length_m: float) -> None:
    result = analyse(*pair(period_s=period_s, length_m=length_m))
    assert result.refusal is None
    for side in ("left", "right"):
        lengths = [s.stride_length_m for s in result.strides if s.side == side]
        assert len(lengths) == 12
        assert np.array(lengths, dtype=float) == pytest.approx(length_m, rel=0.03)
    assert result.summary is not None
    assert result.summary.gait_cycle_s == pytest.approx(period_s, abs=0.01)
    assert result.summary.step_frequency_per_min == pytest.approx(120 / period_s, rel=0.01)
    assert result.summary.identities == ()
    assert not any(s.is_turn for s in result.strides)


def test_the_way_is_level_and_shows_the_clearance() -> None:
    result = analyse(*pair())
    stride = result.strides[6]
    assert stride.path_m is not None
    assert stride.path_m[-1] == pytest.approx([stride.stride_length_m, 0.0, 0.0], abs=1e-6)
    assert stride.clearance_m == pytest.approx(0.12, abs=0.03)
    assert stride.lateral_excursion_m == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_mounting_does_not_matter(seed: int) -> None:
    foot, turn = walk(seed=1), mounting(seed)
    turned = Foot(foot.gyro_rad_s @ turn.T, foot.accel_m_s2 @ turn.T, RATE_HZ)
    plain, other = analyse(foot, None).strides, analyse(turned, None).strides
    assert [s.initial_contact_s for s in plain] == pytest.approx([s.initial_contact_s for s in other], abs=1e-3)
    assert [s.stride_length_m for s in plain] == pytest.approx([s.stride_length_m for s in other], abs=1e-3)


def test_one_foot_gives_its_own_numbers_alone() -> None:
    result = analyse(walk(), None)
    assert result.summary is not None
    assert result.summary.right is None
    assert result.summary.double_support_pct is None
    assert result.summary.left is not None
    assert result.summary.left.step_length_cm is None
    assert "left foot only" in result.flags[0]


def bad() -> dict[str, tuple[Foot | None, Foot | None, str]]:
    left, right = pair()
    still = np.tile([0.0, 0.0, 9.81], (1000, 1)) + np.random.default_rng(0).normal(0, 0.02, (1000, 3))
    sway = np.random.default_rng(1).normal(0, 0.01, (1000, 3))
    return {
        "none": (None, None, "no foot"),
        "g": (changed(left, accel_m_s2=left.accel_m_s2 / 9.80665), right, "in g"),
        "degrees": (changed(left, gyro_rad_s=np.degrees(left.gyro_rad_s)), right, "deg/s"),
        "no gravity": (changed(left, accel_m_s2=left.accel_m_s2 * 0.01), right, "not 9.81"),
        "scale": (changed(left, accel_m_s2=1.2 * left.accel_m_s2), right, "axes and units"),
        "sign of one sensor": (changed(left, gyro_rad_s=-left.gyro_rad_s), right, "axes"),
        "still": (Foot(sway, still, RATE_HZ), None, "standing still"),
        "one step": (walk(1), None, "no walking"),
        "rates": (changed(left, rate_hz=50.0), right, "sampling rates"),
        "shape": (Foot(left.gyro_rad_s[:, :2], left.accel_m_s2, RATE_HZ), None, "(n, 3)"),
        "slow": (changed(left, rate_hz=10.0), None, "outside"),
        "empty": (Foot(np.zeros((0, 3)), np.zeros((0, 3)), RATE_HZ), None, "too short"),
        "mostly lost": (changed(left, received=np.arange(left.gyro_rad_s.shape[0]) % 3 == 0), right, "missing"),
    }


@pytest.mark.parametrize("name", bad())
def test_what_cannot_be_measured_is_refused_by_name(name: str) -> None:
    left, right, word = bad()[name]
    result = analyse(left, right)
    assert result.refusal is not None
    assert word in result.refusal
    assert result.strides == ()
    assert result.summary is None


def test_a_short_hole_is_filled_and_a_long_one_cuts_its_stride_alone() -> None:
    left, right = pair()
    received = np.ones(left.gyro_rad_s.shape[0], dtype=bool)
    received[500:503] = received[800:812] = False
    accel = left.accel_m_s2.copy()
    accel[~received] = 1e3
    result = analyse(changed(left, accel_m_s2=accel, received=received), right)
    cut = [s for s in result.strides if "cut by lost samples" in s.flags]
    assert len(cut) == 1
    assert cut[0].stride_length_m is None
    assert cut[0].mid_stance_s < 8.0 < cut[0].next_mid_stance_s
    filled = [s for s in result.strides if "short hole filled" in s.flags]
    assert [s.stride_length_m for s in filled] == pytest.approx([1.2], rel=0.03)
    assert any("lost" in flag for flag in result.flags)


def test_a_sensor_that_stops_half_way_gives_no_strides_after_it() -> None:
    left, right = pair()
    gyro, accel = left.gyro_rad_s.copy(), left.accel_m_s2.copy()
    gyro[1100:], accel[1100:] = gyro[1099], accel[1099]
    result = analyse(changed(left, gyro_rad_s=gyro, accel_m_s2=accel), right)
    assert any("stopped" in flag for flag in result.flags)
    late = [s for s in result.strides if s.side == "left" and s.next_mid_stance_s > 11.2]
    assert all(s.stride_length_m is None for s in late)


def test_saturation_is_flagged() -> None:
    left, right = pair()
    accel = left.accel_m_s2.copy()
    accel[600] = 16 * 9.80665
    result = analyse(changed(left, accel_m_s2=accel), right)
    assert any("end of the sensor's range" in flag for flag in result.flags)
    assert sum("sensor at the end of its range" in s.flags for s in result.strides) == 1


def test_a_sensor_upside_down_is_named() -> None:
    foot, other = walk(seed=1), walk(seed=1, late_s=0.55)
    assert any("upside down" in flag for flag in analyse(foot, turned_over(other)).flags)
    assert not any("upside down" in flag for flag in analyse(foot, other).flags)


def test_feet_on_two_clocks_are_doubted() -> None:
    left, right = pair()
    shifted = changed(right, gyro_rad_s=right.gyro_rad_s[14:], accel_m_s2=right.accel_m_s2[14:])
    assert any("one clock" in flag for flag in analyse(left, shifted).flags)
    assert not any("clock" in flag for flag in analyse(left, right).flags)


def test_ten_metres() -> None:
    result = ten_metre(analyse(*pair(strides=14)))
    assert result.speed_m_s == pytest.approx(1.2 / 1.1, rel=0.03)
    short = ten_metre(analyse(*pair(strides=5)))
    assert short.time_s is None
    assert "12 m" in (short.reason or "")
