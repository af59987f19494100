"""Real recordings spoilt on purpose: each a named refusal or a flag, never a plausible wrong number."""

from functools import lru_cache

import numpy as np
import pytest

from dsp.gait import Foot, Gait, analyse
from dsp.gait.doubts import body_side, way_ratio
from tests.helpers import spoilt_feet as spoilt
from tests.helpers.recordings import need_recordings
from tests.helpers.walking_feet import Recording, changed, pair, recordings

HARD = "stroke_p03_5"  # one foot hardly turns: what is wrong with it shows least
STROKE = ("stroke_p05_2", "stroke_p11_2")


@lru_cache(maxsize=1)
def real() -> dict[str, Recording]:
    folder = need_recordings("gait")
    kinds = ("foot_mocap", "stroke_treadmill", "foot_events_agpl")
    return {recording.name: recording for kind in kinds for recording in recordings(folder, kind)}


@lru_cache(maxsize=16)
def as_it_is(name: str) -> Gait:
    return analyse(*feet(name))


def feet(name: str) -> tuple[Foot, Foot]:
    recording = real()[name]
    assert recording.left is not None
    assert recording.right is not None
    return recording.left, recording.right


def right_spoilt(name: str, spoil: spoilt.Spoil) -> Gait:
    left, right = feet(name)
    return analyse(left, spoil(right))


def right_length_cm(gait: Gait) -> float | None:
    assert gait.summary is not None
    return None if gait.summary.right is None else gait.summary.right.stride_length_cm


REFUSED: dict[str, tuple[spoilt.Spoil, str]] = {
    "g": (spoilt.in_g, "it is in g"),
    "degrees": (spoilt.in_degrees, "they are in deg/s"),
    "mirrored": (spoilt.mirrored, "check axes"),
    "another range of turn rate": (spoilt.scaled_turning(0.5), "check axes and units"),
    "most lost": (spoilt.holed(0.6), "are missing"),
    "short": (spoilt.ended(0.04), "too short"),
}


@pytest.mark.parametrize("name", STROKE)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_right_is_refused_by_name(kind: str, name: str) -> None:
    spoil, words = REFUSED[kind]
    result = right_spoilt(name, spoil)
    assert result.refusal is not None
    assert result.refusal.startswith("right foot: ") or words == "check axes"
    if words != "check axes":
        assert words in result.refusal
    assert result.summary is None


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_wrong_scale_that_hardly_shows_makes_the_feet_travel_unlike(factor: float) -> None:
    assert not any("travel alike" in flag for flag in as_it_is(HARD).flags)
    result = right_spoilt(HARD, spoilt.scaled_turning(factor))
    assert result.refusal or any("do not travel alike" in flag for flag in result.flags)


def test_both_feet_of_everybody_travel_alike() -> None:
    for name in real():
        ratio = way_ratio(as_it_is(name).strides)
        assert ratio == pytest.approx(1.0, abs=0.04), name


@pytest.mark.parametrize("name", [HARD, *STROKE, "healthy_20m_out"])
def test_a_sensor_upside_down_changes_nothing_and_is_named(name: str) -> None:
    result = right_spoilt(name, spoilt.turned_over)
    assert any("upside down" in flag for flag in result.flags)
    assert not any("upside down" in flag for flag in as_it_is(name).flags)
    assert right_length_cm(result) == pytest.approx(right_length_cm(as_it_is(name)), rel=1e-3)


def test_left_and_right_swapped_are_told_where_the_feet_show_it() -> None:
    """The source of healthy_4-1 has the feet swapped itself: every sign of it is mirrored."""
    told = 0
    for name in real():
        left, right = feet(name)
        given, swapped = as_it_is(name).body_side, analyse(right, left).body_side
        assert given is not None
        assert swapped is not None
        assert swapped.outward == swapped.strides - given.outward
        if given.verdict is None:
            assert swapped.verdict is None, name
            continue
        told += 1
        mine, other = ("swapped", "as labelled") if name == "healthy_4-1" else ("as labelled", "swapped")
        assert (given.verdict, swapped.verdict) == (mine, other), name
        assert given.chance <= 0.001
    assert told >= 10


def test_swapped_feet_are_flagged_and_a_few_strides_say_nothing() -> None:
    left, right = feet(STROKE[0])
    assert any("look swapped" in flag for flag in analyse(right, left).flags)
    assert body_side(as_it_is(STROKE[0]).strides[:8]) is None


@pytest.mark.parametrize("late_ms", [60, -60])
@pytest.mark.parametrize("name", ["stroke_p02_1", "healthy_20m_out", "healthy_10-1"])
def test_feet_on_two_clocks_are_told_by_how_much(name: str, late_ms: int) -> None:
    left, right = feet(name)
    ahead = spoilt.early(abs(late_ms) / 1e3)
    result = analyse(left, ahead(right)) if late_ms > 0 else analyse(ahead(left), right)
    flag = next(flag for flag in result.flags if "clock" in flag)
    assert ("left foot's clock" if late_ms > 0 else "right foot's clock") in flag
    found = next(float(word) for word in flag.split("may be ")[1].split() if word.isdigit())
    assert found == pytest.approx(60, abs=15)
    assert not any("clock" in flag for flag in as_it_is(name).flags)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("name", ["gyro_rad_s", "accel_m_s2"])
def test_an_axis_that_never_changes_is_refused(name: str, axis: int) -> None:
    left, right = feet(HARD)
    values = getattr(right, name).copy()
    values[:, axis] = values[0, axis]
    refusal = analyse(left, changed(right, **{name: values})).refusal
    assert refusal is not None
    assert refusal.startswith("right foot: ")
    assert f"never changes along {'xyz'[axis]}" in refusal


@pytest.mark.parametrize("name", STROKE)
def test_a_sensor_that_stops_gives_nothing_after_it(name: str) -> None:
    result = right_spoilt(name, spoilt.held)
    assert any("sensor stopped" in flag for flag in result.flags)
    assert any("end 30.0 s before" in flag for flag in result.flags)
    assert max(s.next_mid_stance_s for s in result.strides if s.side == "right") < 31.0
    before = as_it_is(name)
    assert right_length_cm(result) == pytest.approx(right_length_cm(before), rel=0.04)


def test_a_foot_that_ends_early_is_told() -> None:
    result = right_spoilt(STROKE[0], spoilt.ended(0.6))
    assert any("right foot: its samples end 24" in flag for flag in result.flags)


@pytest.mark.parametrize("range_deg_s", [250.0, 500.0])
@pytest.mark.parametrize("name", ["stroke_p05_2", "healthy_1-1", "healthy_20m_out"])
def test_a_clipped_turn_rate_gives_no_length(name: str, range_deg_s: float) -> None:
    spoil = spoilt.clipped_turning(range_deg_s)
    cut = np.abs(feet(name)[1].gyro_rad_s) > np.radians(range_deg_s)
    result = right_spoilt(name, spoil)
    if not cut.any():
        assert result.flags == as_it_is(name).flags
        return
    assert result.refusal or any("turn rate at the end" in flag for flag in result.flags)
    length = None if result.refusal else right_length_cm(result)
    assert length is None or length == pytest.approx(right_length_cm(as_it_is(name)), rel=0.03)


@pytest.mark.parametrize("range_g", [2.0, 4.0])
@pytest.mark.parametrize("name", ["stroke_p05_2", "stroke_p02_1"])
def test_a_clipped_acceleration_is_flagged(name: str, range_g: float) -> None:
    result = right_spoilt(name, spoilt.clipped_force(range_g))
    rows = (np.abs(feet(name)[1].accel_m_s2) >= range_g * 9.80665).any(axis=1).sum()
    if rows >= 10:
        assert result.refusal or any("acceleration at the end" in flag for flag in result.flags)
    length = None if result.refusal else right_length_cm(result)
    assert length is None or length == pytest.approx(right_length_cm(as_it_is(name)), rel=0.03)


def test_a_declared_range_is_a_clip_though_it_is_touched_once() -> None:
    left, right = pair()
    accel = right.accel_m_s2.copy()
    accel[600, 2] = 4 * 9.80665
    touched = changed(right, accel_m_s2=accel)
    assert not any("end of the sensor's range" in flag for flag in analyse(left, touched).flags)
    flags = analyse(left, touched, accel_range_m_s2=4 * 9.80665).flags
    assert any("right foot: 1 samples of acceleration at the end" in flag for flag in flags)


@pytest.mark.parametrize("name", ["stroke_p11_2", "stroke_p02_1"])
def test_lost_packets_are_told_and_lengths_hold(name: str) -> None:
    for share in (0.05, 0.2):
        result = right_spoilt(name, spoilt.holed(share))
        assert any("samples lost" in flag for flag in result.flags)
        assert right_length_cm(result) == pytest.approx(right_length_cm(as_it_is(name)), rel=0.02)


def test_half_a_sensor_that_stops_is_seen() -> None:
    left, right = pair()
    gyro = right.gyro_rad_s.copy()
    gyro[1000:] = gyro[1000]
    result = analyse(left, changed(right, gyro_rad_s=gyro))
    assert any("sensor stopped" in flag for flag in result.flags)


def test_standing_still_and_the_same_foot_twice_are_refused() -> None:
    left, right = feet("healthy_13-1")
    start = slice(0, int(4 * left.rate_hz))
    waiting = [
        changed(f, gyro_rad_s=f.gyro_rad_s[start], accel_m_s2=f.accel_m_s2[start], received=None) for f in (left, right)
    ]
    assert "standing still" in (analyse(*waiting).refusal or "")
    assert "same recording" in (analyse(left, left).refusal or "")


def test_one_foot_gives_its_own_numbers_and_says_so() -> None:
    left, _ = feet(STROKE[0])
    result = analyse(left, None)
    assert "left foot only" in result.flags[0]
    assert result.body_side is None
    assert result.summary is not None
    assert result.summary.double_support_pct is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", [0.0, 0.3, 5.0, 1e200, np.nan])
def test_garbage_never_raises_and_never_has_a_length(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 1500))
    noise = rng.normal(0, 1, (2, count, 3))
    with np.errstate(invalid="ignore"):
        result = analyse(Foot(scale * noise[0], scale * noise[1] + [0.0, 0.0, 9.8], 100.0), None)
    assert result.refusal or all(stride.stride_length_m is None for stride in result.strides)


def test_feet_on_two_clocks_have_nothing_that_takes_time_from_one_to_the_other() -> None:
    left, right = pair()
    one, two = analyse(left, right), analyse(left, right, common_clock=False)
    assert one.summary is not None
    assert two.summary is not None
    assert two.flags[-1].startswith("the feet are not on one clock")
    for side in ("left", "right"):
        found, known = getattr(two.summary, side), getattr(one.summary, side)
        assert found.initial_double_support_pct is found.terminal_double_support_pct is None
        assert found.single_support_pct is found.step_length_cm is None
        assert found.stance_pct == pytest.approx(known.stance_pct, abs=0.5)
        assert (found.stride_length_cm, found.gait_cycle_s) == (known.stride_length_cm, known.gait_cycle_s)
    assert two.summary.double_support_pct is two.summary.step_time_ratio is None
    assert two.summary.single_support_index_pct is None
    assert two.summary.stance_ratio is not None
    assert two.summary.identities == ()
