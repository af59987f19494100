"""The attitude of a whole recording: what is refused before an estimate, and the angle between two."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dsp.cycling import Segment
from dsp.orientation import joint_angle, orientation
from dsp.orientation.agreement import disagreement

pytest.importorskip("vqf", reason="vqf is not installed: no wheel for this machine, see docs/dependencies.md")
Array = NDArray[np.float64]

RATE_HZ = 100.0
T = np.arange(0, 20.0, 1 / RATE_HZ)


def swung(size_rad: float, frequency_hz: float, shaken_m_s2: float = 0.0) -> Segment:
    """A sensor that swings about x, and is shaken along y as often."""
    rng = np.random.default_rng(2)
    truth = Rotation.from_euler("x", (size_rad * np.sin(2 * np.pi * frequency_hz * T))[:, None])
    turn = (truth[:-1].inv() * truth[1:]).as_rotvec() * RATE_HZ
    shaken = np.outer(shaken_m_s2 * np.cos(2 * np.pi * frequency_hz * T), [0, 1, 0])
    accel = truth.inv().apply(shaken + np.array([0, 0, 9.81])) + rng.normal(0, 0.05, (T.size, 3))
    return Segment(np.vstack([turn[:1], turn]) + rng.normal(0, 0.003, (T.size, 3)), accel)


def test_degrees_of_a_slow_movement_are_told_from_radians() -> None:
    """Within every range, and yet wrong: gravity does not turn so fast."""
    slow = swung(0.3, 0.1)
    degrees = np.degrees(slow.gyro_rad_s)
    assert np.max(np.abs(degrees)) < 35
    told = orientation(replace(slow, gyro_rad_s=degrees), rate_hz=RATE_HZ).refusal
    assert told is not None
    assert "only times 0.01" in told
    assert orientation(slow, rate_hz=RATE_HZ).refusal is None


@pytest.mark.parametrize("factor", [-1.0, 0.25, 4.0, np.pi / 180])
def test_a_wrong_reading_is_seen_in_a_calm_movement(factor: float) -> None:
    calm = swung(1.0, 0.15)
    assert disagreement(calm.gyro_rad_s, calm.accel_m_s2, RATE_HZ) is None
    assert disagreement(factor * calm.gyro_rad_s, calm.accel_m_s2, RATE_HZ) is not None


def test_nothing_is_said_where_a_limb_is_shaken_or_lies_still() -> None:
    for motion in (swung(0.3, 1.5, 15.0), swung(0.0, 1.0)):
        assert disagreement(motion.gyro_rad_s, motion.accel_m_s2, RATE_HZ) is None


@pytest.mark.parametrize("lever_m", [0.2, 0.4, 0.6])
def test_a_leg_that_swings_freely_is_no_fault(lever_m: float) -> None:
    """A rod of 0.6 m from rest at 60 degrees: beyond two thirds of it the sensor feels gravity turn the other way."""
    length_m, g = 0.6, 9.81
    step_s = 1 / (10 * RATE_HZ)
    angle, rate, states = 1.05, 0.0, []
    for _ in range(10 * T.size):
        pull = -1.5 * g / length_m * np.sin(angle)
        states.append((angle, rate, pull))
        rate += (pull - 0.05 * rate) * step_s
        angle += rate * step_s
    angles, rates, pulls = np.array(states)[::10].T
    along, across = g * np.cos(angles) + lever_m * rates**2, g * np.sin(angles) + lever_m * pulls
    noise = np.random.default_rng(2).normal(0, 0.003, (2, T.size, 3))
    gyro = np.stack([rates, 0 * T, 0 * T], axis=1) + noise[0]
    accel = np.stack([0 * T, across, along], axis=1) + 15 * noise[1]
    assert disagreement(gyro, accel, RATE_HZ) is None


def test_a_declared_range_is_the_end_of_what_can_be_known() -> None:
    calm = swung(1.0, 0.15)
    top = float(np.max(np.abs(calm.gyro_rad_s)))
    told = orientation(calm, rate_hz=RATE_HZ, gyro_range_rad_s=top).refusal
    assert told is not None
    assert "end of the sensor's range" in told
    assert orientation(calm, rate_hz=RATE_HZ, gyro_range_rad_s=2 * top).refusal is None


@pytest.mark.parametrize(("top_deg_s", "refused"), [(125.0, True), (286.7, True), (100.0, False)])
def test_a_turn_rate_that_stays_at_a_sold_range_is_lost(top_deg_s: float, refused: bool) -> None:
    fast = swung(1.0, 1.0)
    assert np.degrees(np.max(fast.gyro_rad_s)) > 300
    top = np.radians(top_deg_s)
    found = orientation(replace(fast, gyro_rad_s=np.clip(fast.gyro_rad_s, -top, top)), rate_hz=RATE_HZ)
    assert ("end of the sensor's range" in str(found.refusal)) == refused
    assert any("stays at its extreme" in flag for flag in found.flags) != refused


def test_a_sensor_at_rest_has_an_attitude() -> None:
    found = orientation(swung(0.0, 1.0), rate_hz=RATE_HZ)
    assert found.refusal is None
    assert found.rest.all()
    assert np.isfinite(found.quaternions).all()


def test_shapes_and_rates_that_cannot_be_are_named() -> None:
    calm = swung(0.3, 0.1)
    with pytest.raises(ValueError, match="rate"):
        orientation(calm, rate_hz=0.0)
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        orientation(replace(calm, gyro_rad_s=calm.gyro_rad_s[:, :2]), rate_hz=RATE_HZ)
    with pytest.raises(ValueError, match="magnetometer"):
        orientation(calm, calm.accel_m_s2[1:], rate_hz=RATE_HZ)
    whole = orientation(calm, rate_hz=RATE_HZ)
    short = orientation(Segment(calm.gyro_rad_s[1:], calm.accel_m_s2[1:]), rate_hz=RATE_HZ)
    with pytest.raises(ValueError, match="one clock"):
        joint_angle(whole, short, slice(0, 100))
    assert "outside" in str(orientation(calm, rate_hz=10.0).refusal)


def test_without_the_library_it_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("dsp.orientation.attitude"), "VQF", None)
    told = orientation(swung(0.3, 0.1), rate_hz=RATE_HZ).refusal
    assert told is not None
    assert "docs/dependencies.md" in told
