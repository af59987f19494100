"""Attitude against motion of known truth, and its doubts about the compass."""

import importlib

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dsp.orientation import AttitudeFilter, UnavailableError, attitude, estimate, fit_magnetometer
from dsp.orientation.attitude import WATCH_S

pytest.importorskip("vqf", reason="vqf is not installed: no wheel for this machine, see docs/dependencies.md")
Array = NDArray[np.float64]

RATE_HZ = 100.0
FIELD_UT = np.array([0.0, 20.0, -44.0])


def motion(seconds: float = 60.0, seed: int = 3) -> tuple[Array, Array, Array, Rotation]:
    """Turn rate, acceleration, field and truth of a sensor waved about one place."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / RATE_HZ)
    angles = sum(
        np.outer(np.sin(2 * np.pi * f * t + p), a)
        for f, p, a in ((0.13, 0.0, [1.2, 0.5, 2.0]), (0.41, 1.0, [0.5, 0.8, 0.4]))
    )
    truth = Rotation.from_euler("xyz", angles)
    turn = (truth[:-1].inv() * truth[1:]).as_rotvec() * RATE_HZ
    gyro = np.vstack([turn[:1], turn]) + 0.005 + rng.normal(0, 0.003, (t.size, 3))
    accel = truth.inv().apply([0.0, 0.0, 9.81]) + rng.normal(0, 0.05, (t.size, 3))
    mag = truth.inv().apply(FIELD_UT) + rng.normal(0, 0.3, (t.size, 3))
    return gyro, accel, mag, truth


def errors_deg(quaternions: Array, truth: Rotation) -> Array:
    found = Rotation.from_quat(quaternions, scalar_first=True)
    return np.degrees((found * truth.inv()).magnitude())


def tilt_deg(quaternions: Array, truth: Rotation) -> Array:
    up = Rotation.from_quat(quaternions, scalar_first=True).inv().apply([0, 0, 1])
    return np.degrees(np.arccos(np.clip(np.sum(up * truth.inv().apply([0, 0, 1]), axis=1), -1, 1)))


def test_nine_axes_find_the_whole_attitude_in_east_north_up() -> None:
    gyro, accel, mag, truth = motion()
    result = estimate(gyro, accel, mag, rate_hz=RATE_HZ)
    settled = slice(round(15 * RATE_HZ), None)
    assert np.sqrt(np.mean(errors_deg(result.quaternions, truth)[settled] ** 2)) < 1.5
    watched = round(WATCH_S * RATE_HZ)
    assert result.by_compass[watched:].all()
    assert not result.by_compass[: watched - 1].any()
    assert result.reason.startswith("9-axis")
    assert np.allclose(np.linalg.norm(result.quaternions, axis=1), 1)


def test_six_axes_find_the_tilt_and_say_that_heading_is_relative() -> None:
    gyro, accel, _, truth = motion()
    result = estimate(gyro, accel, rate_hz=RATE_HZ)
    assert np.sqrt(np.mean(tilt_deg(result.quaternions, truth)[1500:] ** 2)) < 1.0
    assert not result.by_compass.any()
    assert "relative" in result.reason
    assert np.array_equal(attitude(gyro, accel, rate_hz=RATE_HZ), result.quaternions)


@pytest.mark.parametrize("compass", [True, False])
def test_chunks_of_any_size_give_what_the_whole_gives(compass: bool) -> None:
    gyro, accel, mag, _ = motion(20.0)
    mag[900:1100] *= 1.5
    field = mag if compass else None
    whole = estimate(gyro, accel, field, rate_hz=RATE_HZ)
    stream, rng, parts, believed, at = AttitudeFilter(RATE_HZ), np.random.default_rng(1), [], [], 0
    while at < gyro.shape[0]:
        rows = slice(at, at + int(rng.integers(0, 37)))
        quaternions, clean = stream(gyro[rows], accel[rows], field[rows] if field is not None else None)
        parts.append(quaternions)
        believed.append(clean)
        at = rows.stop
    assert np.array_equal(np.concatenate(parts), whole.quaternions)
    assert np.array_equal(np.concatenate(believed), whole.by_compass)


def test_a_magnet_that_comes_near_turns_the_compass_off_and_not_the_heading() -> None:
    gyro, accel, mag, truth = motion(90.0)
    magnet = slice(4000, 8000)
    mag[magnet] += [30.0, -20.0, 15.0]
    result = estimate(gyro, accel, mag, rate_hz=RATE_HZ)
    assert result.by_compass[2000:4000].all()
    assert not result.by_compass[4300:].any()
    assert np.max(errors_deg(result.quaternions, truth)[2000:]) < 5.0
    assert "magnet" in result.reason


def test_a_calibration_that_was_refused_turns_the_compass_off() -> None:
    gyro, accel, mag, _ = motion(10.0)
    refused = fit_magnetometer(mag[:50])
    result = estimate(gyro, accel, mag, rate_hz=RATE_HZ, calibration=refused)
    assert not refused.accepted
    assert not result.by_compass.any()
    assert refused.reason in result.reason


def test_a_field_far_from_the_calibrated_one_is_not_believed() -> None:
    gyro, accel, mag, _ = motion(30.0)
    fit = fit_magnetometer(np.random.default_rng(2).normal(size=(2000, 3)) @ np.eye(3))
    assert not fit.accepted
    sphere = Rotation.random(2000, rng=np.random.default_rng(2)).apply([60.0, 0, 0])
    result = estimate(gyro, accel, mag, rate_hz=RATE_HZ, calibration=fit_magnetometer(sphere))
    assert not result.by_compass.any()


def test_what_cannot_be_a_motion_is_refused_by_name() -> None:
    gyro, accel, mag, _ = motion(5.0)
    with pytest.raises(ValueError, match="not g"):
        attitude(gyro, accel / 9.81, rate_hz=RATE_HZ)
    with pytest.raises(ValueError, match="deg/s"):
        attitude(np.degrees(gyro), accel, rate_hz=RATE_HZ)
    with pytest.raises(ValueError, match="rate"):
        attitude(gyro, accel, rate_hz=0.0)
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        attitude(gyro[:, :2], accel, rate_hz=RATE_HZ)
    with pytest.raises(ValueError, match="length"):
        attitude(gyro[:-1], accel, rate_hz=RATE_HZ)
    with pytest.raises(ValueError, match="magnetometer"):
        attitude(gyro, accel, mag[:-1], rate_hz=RATE_HZ)
    accel[7, 0] = np.nan
    with pytest.raises(ValueError, match="no numbers"):
        attitude(gyro, accel, rate_hz=RATE_HZ)


def test_a_hole_in_the_magnetometer_is_no_compass() -> None:
    gyro, accel, mag, _ = motion(20.0)
    mag[500] = np.nan
    result = estimate(gyro, accel, mag, rate_hz=RATE_HZ)
    assert not result.by_compass[500:].any()
    assert np.isfinite(result.quaternions).all()


def test_without_the_library_it_says_where_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("dsp.orientation.attitude"), "VQF", None)
    with pytest.raises(UnavailableError, match=r"docs/dependencies\.md"):
        AttitudeFilter(RATE_HZ)
