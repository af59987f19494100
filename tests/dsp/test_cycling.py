"""Knee angle and cadence against a modelled leg on a crank, and against everything that is no such thing."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.cycling import Cycling, Segment, cadence, summarise, window
from dsp.cycling.ranges import wrong_range
from tests.helpers.pedalling import Ride, Rig, cut, delayed, ride
from tests.helpers.recordings import need_recordings

Array = NDArray[np.float64]
Speed = Callable[[Array], Array]

STANDARD = Rig()
SPEEDS: dict[str, Speed] = {
    "steady 60": lambda t: np.full_like(t, 60.0),
    "paretic 20": lambda t: 20 + 8 * np.sin(2 * np.pi * t / 2.7),
    "ramp": lambda t: 20 + t,
    "two stops": lambda t: np.where(((t > 4) & (t < 20)) | ((t > 26) & (t < 50)), 40.0, 0.0),
    "fast": lambda t: np.full_like(t, 100.0),
    "back and forth": lambda t: np.where((t < 20) | (t > 40), 45.0, -45.0),
}


@cache
def ridden(name: str, rig: Rig = STANDARD) -> Ride:
    """The same ride is modelled once."""
    return ride(SPEEDS[name], rig)


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
    x = ridden(name, Rig(seed=seed))
    found = run(x)
    assert found.refusal is None
    assert np.sqrt(np.mean((found.knee_angle_deg - x.knee_deg) ** 2)) < 2.0
    t = np.arange(x.crank_rad.size) / x.rate_hz
    assert cadence_errors_rpm(found, t, x.crank_rad).max() < 0.5
    way = np.abs(np.diff(x.crank_rad)).sum() / (2 * np.pi)
    assert found.revolution_s.size + found.unfinished == pytest.approx(way, abs=0.15)
    assert found.zero == "circle"


def test_no_revolution_is_lost_at_start_and_stop() -> None:
    x = ridden("two stops")
    found = run(x)
    whole = int(x.crank_rad[-1] / (2 * np.pi))
    assert found.revolution_s.size == whole == 26
    assert np.count_nonzero(found.paused_s > 4.0) == 1
    assert found.mean_cadence_rpm == pytest.approx(40.0, abs=2.5)
    steady = found.paused_s == 0
    assert np.allclose(found.revolution_start_s[1:], found.revolution_s[:-1])
    assert np.all(np.abs(found.cadence_rpm[steady][1:] - 40) < 2.5)


def test_a_change_of_direction_makes_no_spike_and_is_told() -> None:
    found = run(ridden("back and forth"))
    assert found.cadence_rpm.max() < 45.5
    assert set(found.direction.tolist()) == {1, -1}
    assert "part of it was pedalled backward" in found.flags


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 120.0])
def test_other_rates(rate_hz: float) -> None:
    x = ridden("steady 60", Rig(rate_hz=rate_hz))
    assert np.sqrt(np.mean((run(x).knee_angle_deg - x.knee_deg) ** 2)) < 2.0


@pytest.mark.parametrize("rig", [Rig(tissue_deg=1.0), Rig(ankle_m=0.02)], ids=["tissue", "ankle"])
def test_where_the_zero_is_off_the_shape_and_the_cadence_are_not(rig: Rig) -> None:
    x = ridden("steady 60", rig)
    found = run(x)
    off = found.knee_angle_deg - x.knee_deg
    assert np.std(off) < 2.0
    t = np.arange(x.crank_rad.size) / x.rate_hz
    assert cadence_errors_rpm(found, t, x.crank_rad).max() < 0.5
    told = run(x, known=(10.0, 11.0, float(np.mean(x.knee_deg[500:550]))))
    assert np.sqrt(np.mean((told.knee_angle_deg - x.knee_deg) ** 2)) < 2.0
    assert (told.zero, told.zero_doubt_deg) == ("known posture", 0.0)


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
    x = ridden("steady 60")
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
    x = ridden("steady 60")
    turned = Segment(x.thigh.gyro_rad_s * [1, -1, -1], x.thigh.accel_m_s2 * [1, -1, -1])
    assert np.allclose(cadence(turned, x.shank, rate_hz=50.0).knee_angle_deg, run(x).knee_angle_deg, atol=1e-3)


def test_saturation_is_flagged() -> None:
    x = ridden("fast")
    limit = 0.5 * np.abs(x.thigh.gyro_rad_s).max()
    found = cadence(replace(x.thigh, gyro_rad_s=np.clip(x.thigh.gyro_rad_s, -limit, limit)), x.shank, rate_hz=50.0)
    assert found.refusal is not None or any("full scale" in flag for flag in found.flags)
    limit = 0.8 * np.abs(x.shank.accel_m_s2).max()
    found = cadence(x.thigh, replace(x.shank, accel_m_s2=np.clip(x.shank.accel_m_s2, -limit, limit)), rate_hz=50.0)
    assert found.refusal is not None or any("full scale" in flag for flag in found.flags)
    assert not any("full scale" in flag for flag in run(x).flags)


@pytest.mark.parametrize(("sensors", "factor"), [("both", 0.5), ("both", 2.0), ("shank", 0.5)])
def test_a_turn_rate_of_another_range_is_refused_by_the_knee_that_both_feel(sensors: str, factor: float) -> None:
    made = ride(lambda t: 60 + 0 * t, Rig(seconds=20.0))
    thigh, shank = (
        replace(segment, gyro_rad_s=segment.gyro_rad_s * (factor if sensors in (name, "both") else 1.0))
        for name, segment in (("thigh", made.thigh), ("shank", made.shank))
    )
    result = cadence(thigh, shank, rate_hz=made.rate_hz)
    assert result.refusal is not None
    assert f"fits the acceleration only times {1 / factor:g}" in result.refusal


@pytest.mark.parametrize(
    ("rpm", "rig"), [(60.0, Rig(tissue_deg=3.0)), (15.0, Rig(tissue_deg=3.0, ankle_m=0.02)), (90.0, Rig())]
)
def test_no_soft_tissue_and_no_slow_leg_is_taken_for_a_wrong_range(rpm: float, rig: Rig) -> None:
    made = ride(lambda t: rpm + 0 * t, replace(rig, seconds=30.0))
    sensors = ((part.gyro_rad_s, part.accel_m_s2) for part in (made.thigh, made.shank))
    assert wrong_range(*sensors, made.rate_hz) is None


def test_a_small_error_of_scale_is_flagged_and_a_dead_axis_refused() -> None:
    made = ride(lambda t: 60 + 0 * t, Rig(seconds=20.0))
    thigh, shank = (replace(part, gyro_rad_s=0.9 * part.gyro_rad_s) for part in (made.thigh, made.shank))
    assert any("only times 1.1" in flag for flag in cadence(thigh, shank, rate_hz=made.rate_hz).flags)
    for name in ("gyro_rad_s", "accel_m_s2"):
        for axis in range(3):
            values = getattr(made.shank, name).copy()
            values[:, axis] = values[0, axis]
            result = cadence(made.thigh, replace(made.shank, **{name: values}), rate_hz=made.rate_hz)
            assert result.refusal is not None
            assert f"never changes along {'xyz'[axis]}" in result.refusal


def test_short_holes_are_filled_and_long_ones_end_the_measurement() -> None:
    x = ridden("steady 60")
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
    x = ridden("steady 60", Rig(seconds=10.0))
    with pytest.raises(ValueError, match="one clock"):
        cadence(x.thigh, cut(x.shank, slice(1, None)), rate_hz=50.0)
    with pytest.raises(ValueError, match="rate"):
        cadence(x.thigh, x.shank, rate_hz=0.0)
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        cadence(Segment(x.thigh.gyro_rad_s[:, :2], x.thigh.accel_m_s2), x.shank, rate_hz=50.0)
    with pytest.raises(ValueError, match="received"):
        cadence(replace(x.thigh, received=np.ones(3, dtype=bool)), x.shank, rate_hz=50.0)


def test_one_sensor_given_twice_is_refused() -> None:
    x = ridden("steady 60")
    assert cadence(x.thigh, x.thigh, rate_hz=50.0).refusal is not None


@pytest.mark.parametrize("name", ["steady 60", "paretic 20"])
@pytest.mark.parametrize("late_ms", [60.0, -60.0, 10.0, 130.0])
def test_clocks_that_disagree_are_found_by_the_knee_and_taken_out(name: str, late_ms: float) -> None:
    x = ridden(name, Rig(seed=2))
    found = cadence(x.thigh, delayed(x.shank, late_ms, 50.0), rate_hz=50.0)
    assert found.refusal is None
    assert found.clock_offset_ms == pytest.approx(late_ms, abs=3.0)
    seen = np.isfinite(found.knee_angle_deg)
    assert np.count_nonzero(~seen) <= abs(late_ms) * 0.1 + 1
    assert np.sqrt(np.mean((found.knee_angle_deg - x.knee_deg)[seen] ** 2)) < 1.0
    t = np.arange(x.crank_rad.size) / x.rate_hz
    assert cadence_errors_rpm(found, t, x.crank_rad).max() < 0.5
    # the held end of a shifted sensor is no change of direction, and costs no whole revolution but the last
    assert set(found.direction.tolist()) == {1}
    assert found.revolution_s.size >= int(x.crank_rad[-1] / (2 * np.pi) - abs(late_ms) / 1000.0)
    told = [flag for flag in found.flags if "stamps are" in flag]
    assert len(told) == (abs(late_ms) >= 20.0)
    assert all(("shank" if late_ms > 0 else "thigh") in flag for flag in told)
    # what it would have done: the angle follows an offset by this much
    assert found.clock_deg_per_ms == pytest.approx(0.37 if name == "steady 60" else 0.124, rel=0.1)


def test_sensors_too_far_apart_in_time_are_no_leg() -> None:
    x = ridden("steady 60")
    assert "share no knee" in str(cadence(x.thigh, delayed(x.shank, 400.0, 50.0), rate_hz=50.0).refusal)


@pytest.mark.parametrize("name", ["steady 60", "paretic 20"])
@pytest.mark.parametrize(
    "rig", [Rig(tissue_deg=1.0), Rig(tissue_deg=1.0, seed=3), Rig(ankle_m=0.02)], ids=["tissue", "tissue 3", "ankle"]
)
def test_the_zero_says_how_far_it_may_be_off(name: str, rig: Rig) -> None:
    x = ridden(name, rig)
    found = run(x)
    off = abs(float(np.mean(found.knee_angle_deg - x.knee_deg)))
    assert 2.0 < off < found.zero_doubt_deg < 9.0


def test_a_test_in_numbers() -> None:
    x = ride(lambda t: 40.0 + 2.0 * t / 60.0, Rig(seconds=300.0))
    found = run(x)
    made = summarise(found, 50.0)
    assert made is not None
    whole, last = made.whole, made.last_4_min
    assert last is not None
    true = np.diff(np.interp((last.start_s, last.end_s), np.arange(x.crank_rad.size) / 50.0, x.crank_rad))[0] / (
        2 * np.pi
    )
    assert last.end_s - last.start_s == pytest.approx(240.0, abs=0.05)
    assert last.mean_rpm == last.moving_rpm == pytest.approx(true / 4.0, abs=0.05)
    assert whole.mean_rpm == pytest.approx(45.0, abs=0.1)
    assert whole.drift_rpm_per_min == pytest.approx(2.0, abs=0.05)
    assert whole.sd_rpm == pytest.approx(10.0 / np.sqrt(12), rel=0.05)
    assert whole.revolutions == found.revolution_s.size
    assert whole.knee_range_deg == pytest.approx(np.ptp(x.knee_deg), abs=1.0)
    assert made.minutes == pytest.approx(5.0, abs=0.01)
    assert len(made.stops) == 0
    # a sensor that stopped before the end leaves no last minutes
    received = np.ones(x.knee_deg.size, dtype=bool)
    received[-100:] = False
    cut_off = summarise(cadence(replace(x.thigh, received=received), x.shank, rate_hz=50.0), 50.0)
    assert cut_off is not None
    assert cut_off.last_4_min is None


def test_stops_are_counted_from_two_seconds_on_and_rests_at_the_ends_are_none() -> None:
    def speed(t: Array) -> Array:
        stands = (t < 5) | ((t > 30) & (t < 31.6)) | ((t > 50) & (t < 54)) | ((t > 70) & (t < 80)) | (t > 100)
        return np.where(stands, 0.0, 40.0)

    x = ride(speed, Rig(seconds=120.0))
    found = run(x)
    made = summarise(found, 50.0)
    assert made is not None
    assert made.stops == pytest.approx(np.array([[50.0, 54.0], [70.0, 80.0]]), abs=0.35)
    assert (made.began_s, made.ended_s) == pytest.approx((5.0, 100.0), abs=0.35)
    # the short halt is no interruption, and no pedalling either
    assert made.minutes == pytest.approx((95.0 - 1.6 - 4.0 - 10.0) / 60.0, abs=0.02)
    turned = float(x.crank_rad[-1]) / (2 * np.pi)
    assert made.whole.turned == pytest.approx(turned, abs=0.1)
    assert made.whole.mean_rpm == pytest.approx(turned / 2.0, abs=0.1)
    assert made.whole.moving_rpm == pytest.approx(40.0, abs=0.7)
    assert made.last_4_min is None
    assert found.revolution_s.size + found.unfinished == pytest.approx(turned, abs=0.1)


def test_what_was_turned_back_and_forth_adds_up() -> None:
    x = ridden("back and forth")
    found = run(x)
    made = window(found, 50.0, 0.0, 60.0)
    assert made.turned == pytest.approx(np.abs(np.diff(x.crank_rad)).sum() / (2 * np.pi), abs=0.1)
    assert np.all(np.diff(found.turned) >= 0)
    with pytest.raises(ValueError, match="end after"):
        window(found, 50.0, 10.0, 10.0)
    assert summarise(cadence(None, x.shank, rate_hz=50.0), 50.0) is None


def test_more_than_a_leg_can_is_said() -> None:
    found = run(ride(lambda t: np.full_like(t, 128.0), Rig(rate_hz=100.0, seconds=20.0)))
    made = summarise(found, 100.0)
    assert made is not None
    assert any("beyond 120 rpm" in flag for flag in made.flags)
