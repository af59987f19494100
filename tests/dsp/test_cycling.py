"""Knee angle and cadence against a modelled leg on a crank, and against everything that is no such thing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.cycling import Cycling, Segment, cadence
from tests.helpers.pedalling import Ride, Rig, cut, ride
from tests.helpers.recordings import need_recordings

Array = NDArray[np.float64]
Speed = Callable[[Array], Array]

SPEEDS: dict[str, Speed] = {
    "steady 60": lambda t: np.full_like(t, 60.0),
    "paretic 20": lambda t: 20 + 8 * np.sin(2 * np.pi * t / 2.7),
    "ramp": lambda t: 20 + t,
    "two stops": lambda t: np.where(((t > 4) & (t < 20)) | ((t > 26) & (t < 50)), 40.0, 0.0),
    "fast": lambda t: np.full_like(t, 100.0),
    "back and forth": lambda t: np.where((t < 20) | (t > 40), 45.0, -45.0),
}


def run(x: Ride, **more: tuple[float, float, float]) -> Cycling:
    return cadence(x.thigh, x.shank, rate_hz=x.rate_hz, **more)


def cadence_errors_rpm(found: Cycling, t: Array, crank_rad: Array) -> Array:
    """Against the turns the true crank made between the two ends of each revolution, backward negative."""
    turned = np.interp(found.revolution_s, t, crank_rad) - np.interp(found.revolution_start_s, t, crank_rad)
    true_rpm = 60 * turned / (2 * np.pi) / (found.revolution_s - found.revolution_start_s)
    return np.abs(found.cadence_rpm * found.direction - true_rpm)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", SPEEDS)
def test_knee_angle_and_cadence(name: str, seed: int) -> None:
    x = ride(SPEEDS[name], Rig(seed=seed))
    found = run(x)
    assert found.refusal is None
    assert np.sqrt(np.mean((found.knee_angle_deg - x.knee_deg) ** 2)) < 2.0
    t = np.arange(x.crank_rad.size) / x.rate_hz
    assert cadence_errors_rpm(found, t, x.crank_rad).max() < 0.5
    way = np.abs(np.diff(x.crank_rad)).sum() / (2 * np.pi)
    assert found.revolution_s.size + found.unfinished == pytest.approx(way, abs=0.15)
    assert found.zero == "circle"


def test_no_revolution_is_lost_at_start_and_stop() -> None:
    x = ride(SPEEDS["two stops"])
    found = run(x)
    whole = int(x.crank_rad[-1] / (2 * np.pi))
    assert found.revolution_s.size == whole == 26
    assert np.count_nonzero(found.paused_s > 4.0) == 1
    assert found.mean_cadence_rpm == pytest.approx(40.0, abs=2.5)
    steady = found.paused_s == 0
    assert np.allclose(found.revolution_start_s[1:], found.revolution_s[:-1])
    assert np.all(np.abs(found.cadence_rpm[steady][1:] - 40) < 2.5)


def test_a_change_of_direction_makes_no_spike_and_is_told() -> None:
    found = run(ride(SPEEDS["back and forth"]))
    assert found.cadence_rpm.max() < 45.5
    assert set(found.direction.tolist()) == {1, -1}
    assert "part of it was pedalled backward" in found.flags


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 120.0])
def test_other_rates(rate_hz: float) -> None:
    x = ride(SPEEDS["steady 60"], Rig(rate_hz=rate_hz))
    assert np.sqrt(np.mean((run(x).knee_angle_deg - x.knee_deg) ** 2)) < 2.0


@pytest.mark.parametrize("rig", [Rig(tissue_deg=1.0), Rig(ankle_m=0.02)], ids=["tissue", "ankle"])
def test_where_the_zero_is_off_the_shape_and_the_cadence_are_not(rig: Rig) -> None:
    x = ride(SPEEDS["steady 60"], rig)
    found = run(x)
    off = found.knee_angle_deg - x.knee_deg
    assert np.std(off) < 2.0
    t = np.arange(x.crank_rad.size) / x.rate_hz
    assert cadence_errors_rpm(found, t, x.crank_rad).max() < 0.5
    told = run(x, known=(10.0, 11.0, float(np.mean(x.knee_deg[500:550]))))
    assert np.sqrt(np.mean((told.knee_angle_deg - x.knee_deg) ** 2)) < 2.0
    assert told.zero == "known posture"


@pytest.mark.parametrize("name", ["steady_1", "ramp_2", "paretic_3"])
def test_recordings_of_another_model(name: str) -> None:
    with np.load(need_recordings("gait") / "cycling_synth" / f"{name}.npz") as file:
        thigh, shank = (Segment(file[f"{part}_gyr"], file[f"{part}_acc"]) for part in ("thigh", "shank"))
        t, crank_rad, knee = file["t"], file["crank_true"], np.degrees(file["knee_flexion_true"])
    found = cadence(thigh, shank, rate_hz=50.0)
    assert np.sqrt(np.mean((found.knee_angle_deg - knee) ** 2)) < 1.0
    assert cadence_errors_rpm(found, t, crank_rad).max() < 0.5
    assert found.revolution_s.size == int(crank_rad[-1] / (2 * np.pi))
    assert set(found.direction.tolist()) == {1}


def in_g(segment: Segment) -> Segment:
    return replace(segment, accel_m_s2=segment.accel_m_s2 / 9.81)


def in_degrees(segment: Segment) -> Segment:
    return replace(segment, gyro_rad_s=np.degrees(segment.gyro_rad_s))


def frozen(segment: Segment) -> Segment:
    gyro, accel = segment.gyro_rad_s.copy(), segment.accel_m_s2.copy()
    gyro[800:], accel[800:] = gyro[800], accel[800]
    return Segment(gyro, accel)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda a, b: (None, b), "no sensor on the thigh"),
        (lambda a, b: (a, None), "no sensor on the shank"),
        (lambda a, b: (None, None), "thigh and shank"),
        (lambda a, b: (b, a), "swapped"),
        (lambda a, b: (in_g(a), b), "thigh: acceleration is about 1"),
        (lambda a, b: (a, in_degrees(b)), "deg/s"),
        (lambda a, b: (cut(a, slice(0, 200)), cut(b, slice(0, 200))), "too short"),
        (lambda a, b: (cut(a, slice(0, -25)), cut(b, slice(25, None))), "share no knee"),
        (lambda a, b: (frozen(a), b), "samples are missing"),
    ],
    ids=["no thigh", "no shank", "none", "swapped", "g", "deg", "short", "two legs", "frozen"],
)
def test_what_is_no_leg_on_a_crank_is_refused(
    spoil: Callable[[Segment, Segment], tuple[Segment | None, Segment | None]], word: str
) -> None:
    x = ride(SPEEDS["steady 60"])
    found = cadence(*spoil(x.thigh, x.shank), rate_hz=50.0)
    assert found.refusal is not None
    assert word in found.refusal
    assert np.isnan(found.knee_angle_deg).all()
    assert found.cadence_rpm.size == found.revolution_s.size == 0


def test_standing_still_and_less_than_a_turn_are_refused() -> None:
    assert "standing still" in (run(ride(np.zeros_like)).refusal or "")
    part = run(ride(lambda t: np.where((t > 5) & (t < 5.8), 50.0, 0.0)))
    assert part.refusal is not None


def test_upside_down_sensors_change_nothing() -> None:
    x = ride(SPEEDS["steady 60"])
    turned = Segment(x.thigh.gyro_rad_s * [1, -1, -1], x.thigh.accel_m_s2 * [1, -1, -1])
    assert np.allclose(cadence(turned, x.shank, rate_hz=50.0).knee_angle_deg, run(x).knee_angle_deg, atol=1e-3)


def test_saturation_is_flagged() -> None:
    x = ride(SPEEDS["fast"])
    limit = 0.5 * np.abs(x.thigh.gyro_rad_s).max()
    found = cadence(replace(x.thigh, gyro_rad_s=np.clip(x.thigh.gyro_rad_s, -limit, limit)), x.shank, rate_hz=50.0)
    assert found.refusal is not None or any("full scale" in flag for flag in found.flags)
    limit = 0.8 * np.abs(x.shank.accel_m_s2).max()
    found = cadence(x.thigh, replace(x.shank, accel_m_s2=np.clip(x.shank.accel_m_s2, -limit, limit)), rate_hz=50.0)
    assert found.refusal is not None or any("full scale" in flag for flag in found.flags)
    assert not any("full scale" in flag for flag in run(x).flags)


def test_short_holes_are_filled_and_long_ones_end_the_measurement() -> None:
    x = ride(SPEEDS["steady 60"])
    received = np.ones(x.knee_deg.size, dtype=bool)
    received[np.random.default_rng(5).random(received.size) < 0.05] = False
    found = cadence(replace(x.thigh, received=received), x.shank, rate_hz=50.0)
    assert any("missing" in flag for flag in found.flags)
    assert np.sqrt(np.nanmean((found.knee_angle_deg - x.knee_deg) ** 2)) < 2.0
    received[2000:2100] = False
    found = cadence(replace(x.thigh, received=received), x.shank, rate_hz=50.0)
    assert any("between holes" in flag for flag in found.flags)
    assert np.isnan(found.knee_angle_deg[2100:]).all()
    assert found.revolution_s.max() <= 40.0


def test_shapes_that_do_not_fit_are_errors() -> None:
    x = ride(SPEEDS["steady 60"], Rig(seconds=10.0))
    with pytest.raises(ValueError, match="one clock"):
        cadence(x.thigh, cut(x.shank, slice(1, None)), rate_hz=50.0)
    with pytest.raises(ValueError, match="rate"):
        cadence(x.thigh, x.shank, rate_hz=0.0)
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        cadence(Segment(x.thigh.gyro_rad_s[:, :2], x.thigh.accel_m_s2), x.shank, rate_hz=50.0)
    with pytest.raises(ValueError, match="received"):
        cadence(replace(x.thigh, received=np.ones(3, dtype=bool)), x.shank, rate_hz=50.0)


def test_one_sensor_given_twice_is_refused() -> None:
    x = ride(SPEEDS["steady 60"])
    assert cadence(x.thigh, x.thigh, rate_hz=50.0).refusal is not None
