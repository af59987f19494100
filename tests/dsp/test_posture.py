"""Quiet standing: tracks with known truth, the authors' published values, and data that must not be measured."""

import csv
import json
import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.posture import DISPUTED, SMALLER_IS_BETTER, analyse, broken, moved, resample, weight_distribution
from tests.helpers.recordings import need_recordings

RATE_HZ, SECONDS = 100.0, 60.0
T = np.arange(int(RATE_HZ * SECONDS) + 1) / RATE_HZ


def sway(seed: int = 1, seconds: float = SECONDS, rate_hz: float = RATE_HZ) -> tuple[np.ndarray, np.ndarray]:
    """Slow waves of random phase in both axes, nothing over 3 Hz."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate_hz) + 1) / rate_hz
    hz = np.arange(0.05, 3.0, 0.05)
    size = 0.25 / (1.0 + 8 * hz**1.5)
    axes = [np.sin(2 * np.pi * np.outer(t, hz) + rng.uniform(0, 2 * np.pi, hz.size)) @ size for _ in range(2)]
    return axes[0], 1.5 * axes[1]


@pytest.mark.parametrize(("radius_cm", "hz"), [(1.0, 0.5), (3.0, 0.2)])
def test_a_circle(radius_cm: float, hz: float) -> None:
    made = analyse(radius_cm * np.cos(2 * np.pi * hz * T) + 2, radius_cm * np.sin(2 * np.pi * hz * T) - 4, RATE_HZ)
    path, area = 2 * np.pi * radius_cm * hz * SECONDS, np.pi * radius_cm**2
    assert made.path_length_cm == pytest.approx(path, rel=0.01)
    assert made.mean_speed_cm_s == pytest.approx(path / SECONDS, rel=0.01)
    assert made.sector_area_cm2 == pytest.approx(area, rel=0.01)
    assert made.hull_area_cm2 == pytest.approx(area, rel=0.01)
    assert (made.offset_x_cm, made.offset_y_cm) == pytest.approx((2.0, -4.0), abs=0.01)
    assert made.path_per_area_per_cm == pytest.approx(path / area, rel=0.01)
    assert made.frequency_hz == pytest.approx(hz, abs=0.01)
    assert made.rms_cm == pytest.approx(radius_cm, rel=0.01)
    assert made.path_trusted
    assert made.warnings == ()


def test_an_ellipse_and_its_axes() -> None:
    u, v = 2.0 * np.cos(2 * np.pi * 0.3 * T), 0.5 * np.sin(2 * np.pi * 0.3 * T)
    c, s = math.cos(math.radians(30)), math.sin(math.radians(30))
    made = analyse(c * u - s * v, s * u + c * v, RATE_HZ)
    assert made.sector_area_cm2 == pytest.approx(np.pi, rel=0.01)
    assert made.hull_area_cm2 == pytest.approx(np.pi, rel=0.01)
    assert (made.major_rms_cm, made.minor_rms_cm) == pytest.approx((2 / np.sqrt(2), 0.5 / np.sqrt(2)), rel=0.01)
    assert made.major_axis_deg == pytest.approx(30.0, abs=0.5)


def test_a_line_has_no_area_and_no_path_per_area() -> None:
    wave = np.cos(2 * np.pi * 0.3 * T)
    made = analyse(wave, 2 * wave, RATE_HZ)
    assert (made.sector_area_cm2, made.hull_area_cm2, made.ellipse_area_cm2) == (0.0, 0.0, 0.0)
    assert made.path_per_area_per_cm is None
    assert made.path_length_cm == pytest.approx(18 * 4 * np.sqrt(5), rel=0.01)


def test_the_ellipse_of_normal_positions() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 60_001)) * [[0.3], [0.6]]
    made = analyse(x, y, 1000.0)
    assert made.ellipse_area_cm2 == pytest.approx(np.pi * 0.3 * 0.6 * -2 * math.log(0.05), rel=0.01)


@given(st.floats(0.5, 2.0), st.floats(0, 360), st.floats(-10, 10), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_turning_and_moving_change_no_path_and_no_area_and_scaling_does(
    scale: float, turn_deg: float, shift_cm: float, seed: int
) -> None:
    x, y = sway(seed, 30.0)
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    plain, turned = (
        analyse(x, y, RATE_HZ),
        analyse(scale * (c * x - s * y) + shift_cm, scale * (s * x + c * y), RATE_HZ),
    )
    assert turned.path_length_cm == pytest.approx(scale * plain.path_length_cm, rel=1e-9)
    assert turned.hull_area_cm2 == pytest.approx(scale**2 * plain.hull_area_cm2, rel=1e-9)
    assert turned.ellipse_area_cm2 == pytest.approx(scale**2 * plain.ellipse_area_cm2, rel=1e-7)
    assert turned.sector_area_cm2 <= turned.hull_area_cm2
    assert turned.mean_speed_cm_s * turned.duration_s == pytest.approx(turned.path_length_cm)


def test_the_outline_does_not_shrink_at_a_low_rate() -> None:
    x, y = sway(2, 30.0)
    full, slow = analyse(x, y, 100.0), analyse(x[::4], y[::4], 25.0)
    assert slow.sector_area_cm2 == pytest.approx(full.sector_area_cm2, rel=0.03)
    assert not slow.path_trusted
    assert "too slow" in slow.warnings[0]
    assert "too slow" in analyse(x, y, 100.0, sampled_hz=25.0).warnings[0]


def test_what_is_called_the_envelope_is_chosen_and_written() -> None:
    x, y = sway()
    for name in ("sector", "hull", "ellipse", "outline", "outline_closed"):
        made = analyse(x, y, RATE_HZ, envelope=name)
        assert made.envelope == name
        assert made.envelope_area_cm2 == getattr(made, f"{name}_area_cm2")
        assert made.path_per_area_per_cm == made.path_length_cm / made.envelope_area_cm2
        assert made.definition
    with pytest.raises(ValueError, match="sector, hull, ellipse, outline"):
        analyse(x, y, RATE_HZ, envelope="circle")


def test_a_part_of_the_trial_and_an_origin() -> None:
    x, y = sway()
    part = analyse(x, y, RATE_HZ, skip_s=5.0, duration_s=30.0, origin_cm=(1.0, -1.0))
    whole = analyse(x[500:3501], y[500:3501], RATE_HZ)
    assert part.path_length_cm == whole.path_length_cm
    assert part.duration_s == 30.0
    assert part.offset_x_cm == pytest.approx(whole.offset_x_cm - 1.0)
    assert "30 s were asked" in str(analyse(x, y, RATE_HZ, skip_s=31.0, duration_s=30.0).refusal)


def test_the_filter_is_written_and_takes_the_noise_away() -> None:
    x, y = sway()
    noise = 0.02 * np.random.default_rng(4).normal(size=(2, x.size))
    quiet, noisy = analyse(x, y, RATE_HZ), analyse(x + noise[0], y + noise[1], RATE_HZ)
    assert quiet.filter == "as given"
    assert quiet.path_trusted
    assert noisy.path_length_cm > 1.5 * quiet.path_length_cm
    assert not noisy.path_trusted
    assert "noise" in noisy.warnings[0]
    filtered = analyse(x + noise[0], y + noise[1], RATE_HZ, lowpass_hz=5.0)
    assert filtered.path_length_cm == pytest.approx(quiet.path_length_cm, rel=0.06)
    assert "5 Hz" in filtered.filter


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("steps of 0.5 mm", {"round": 0.05}),
        ("low-pass of 2 Hz", {"lowpass_hz": 2.0}),
        ("short of 25 s", {"seconds": 12.0}),
    ],
)
def test_a_path_that_cannot_be_trusted_is_said(words: str, change: dict[str, float]) -> None:
    x, y = sway(1, change.get("seconds", SECONDS))
    step = change.get("round")
    if step:
        x, y = np.round(x / step) * step, np.round(y / step) * step
    made = analyse(x, y, RATE_HZ, lowpass_hz=change.get("lowpass_hz"))
    assert made.valid
    assert not made.path_trusted
    assert any(words in one for one in made.warnings)


def test_a_plate_at_its_full_scale_is_said() -> None:
    x, y = sway()
    clipped = analyse(np.clip(x, -0.4, 0.4), y, RATE_HZ)
    assert not clipped.path_trusted
    assert any("full scale" in one for one in clipped.warnings)


def test_loads_that_show_the_unit_leave_a_very_unsteady_stand_trusted() -> None:
    x, y = sway()
    x, y = 8 * x, 6 * y
    side = x / 20.0
    loads = 35.0 * np.column_stack((1 - side, 1 + side))
    alone = analyse(x, y, RATE_HZ)
    shown = analyse(x, y, RATE_HZ, loads_kg=loads, cells=("left", "right"))
    for made, trusted in ((alone, False), (shown, True)):
        assert any("unusually large" in one for one in made.warnings)
        assert made.path_trusted == trusted


def test_drop_outs_that_only_the_position_shows_are_said_and_not_mended() -> None:
    """Without loads nobody knows that a jump to the origin is no movement."""
    x, y = sway()
    x, y = x + 1.5, y - 8.0
    x[1000], y[1000] = 0.0, 0.0
    made = analyse(x, y, RATE_HZ)
    assert not made.path_trusted
    assert any("2 single jumps" in one for one in made.warnings)


def test_a_large_movement_in_a_quiet_stand_is_said() -> None:
    x, y = sway()
    moved = x + 8.0 * np.exp(-(((T - 5.0) / 0.4) ** 2))
    assert any("moved" in one for one in analyse(moved, y, RATE_HZ).warnings)
    assert not analyse(x, y, RATE_HZ).warnings


def test_a_few_missing_samples_are_bridged_and_said_and_many_are_refused() -> None:
    x, y = sway()
    holes = x.copy()
    holes[1000:1005] = np.nan
    made = analyse(holes, y, RATE_HZ)
    assert made.path_length_cm == pytest.approx(analyse(x, y, RATE_HZ).path_length_cm, rel=0.01)
    assert not made.path_trusted
    assert "5 were filled" in made.warnings[0]
    holes[2000:2050] = np.nan
    refused = analyse(holes, y, RATE_HZ)
    assert "longest gap 0.50 s" in str(refused.refusal)
    assert math.isnan(refused.path_length_cm)
    assert refused.path_per_area_per_cm is None


@pytest.mark.parametrize("axis", [0, 1])
def test_a_position_that_never_changes_one_way_is_refused(axis: int) -> None:
    track = list(sway())
    track[axis] = np.full_like(track[axis], 0.7)
    refusal = analyse(track[0], track[1], RATE_HZ).refusal
    assert refusal is not None
    assert refusal.startswith(f"stuck: the position {('sideways', 'to the front')[axis]} never changes")


@pytest.mark.parametrize(
    ("words", "x_scale", "y_scale", "shift", "rate_hz"),
    [
        ("metres", 0.01, 0.01, 0.0, 100.0),
        ("off the plate", 10.0, 10.0, 80.0, 100.0),
        ("not standing", 30.0, 30.0, 0.0, 100.0),
        ("stuck", 0.0, 0.0, 1.0, 100.0),
        ("rate", 1.0, 1.0, 0.0, 1.0),
        ("rate", 1.0, 1.0, 0.0, -5.0),
        ("rate", 1.0, 1.0, 0.0, math.nan),
        ("rate", 1.0, 1.0, 0.0, 1e6),
        ("too short", 1.0, 1.0, 0.0, 2000.0),
    ],
)
def test_what_is_no_stand_is_refused_by_name(
    words: str, x_scale: float, y_scale: float, shift: float, rate_hz: float
) -> None:
    x, y = sway()
    made = analyse(x_scale * x + shift, y_scale * y + shift, rate_hz)
    assert words in str(made.refusal)
    assert math.isnan(made.path_length_cm)
    assert not made.path_trusted


def test_faster_than_anyone_moves_over_two_feet_is_refused() -> None:
    for hz, refused in ((1.0, False), (2.0, True)):
        turn = 2 * np.pi * hz * T
        made = analyse(4.0 * np.cos(turn), 4.0 * np.sin(turn), RATE_HZ)
        assert ("cm/s on average" in str(made.refusal)) == refused
        assert made.valid != refused


def test_loads_show_an_empty_plate_a_dead_cell_and_wrong_units() -> None:
    x, y = sway()
    rng = np.random.default_rng(1)
    loads = 17.0 + 0.1 * rng.normal(size=(x.size, 4))
    assert analyse(x, y, RATE_HZ, loads_kg=loads).refusal is None
    assert "newton" in str(analyse(x, y, RATE_HZ, loads_kg=9.8 * loads).refusal)
    dead = loads.copy()
    dead[:, 2] = 0.01
    assert "unloaded cell: cell 3 of 4" in str(analyse(x, y, RATE_HZ, loads_kg=dead).refusal)
    stuck = loads.copy()
    stuck[:, 1] = 17.0
    assert "stuck cell: cell 2" in str(analyse(x, y, RATE_HZ, loads_kg=stuck).refusal)
    away = loads.copy()
    away[3000:] = 0.0
    assert "off the plate" in str(analyse(x, y, RATE_HZ, loads_kg=away).refusal)
    # a drop-out throws the position far away; it is judged by the load
    out = loads.copy()
    out[100:102] = 0.0
    jump = x.copy()
    jump[100:102] = 20.0
    made = analyse(jump, y, RATE_HZ, loads_kg=out)
    assert made.path_length_cm == pytest.approx(analyse(x, y, RATE_HZ).path_length_cm, rel=0.01)


def test_missing_loads_are_missing_samples_and_not_an_empty_plate() -> None:
    x, y = sway()
    loads = 17.0 + 0.1 * np.random.default_rng(1).normal(size=(x.size, 4))
    few = loads.copy()
    few[500:505] = np.nan
    made = analyse(x, y, RATE_HZ, loads_kg=few)
    assert made.refusal is None
    assert "5 were filled" in made.warnings[0]
    many = loads.copy()
    many[500:900, 2] = np.nan
    assert "missing samples" in str(analyse(x, y, RATE_HZ, loads_kg=many).refusal)
    assert "missing samples" in str(analyse(x, y, RATE_HZ, loads_kg=np.full_like(loads, np.nan)).refusal)


@pytest.mark.parametrize("step_cm", [0.0, 0.05, 0.1])
def test_a_sensor_that_stopped_half_way_is_refused_and_coarse_steps_are_not(step_cm: float) -> None:
    x, y = sway()
    if step_cm:
        x, y = np.round(x / step_cm) * step_cm, np.round(y / step_cm) * step_cm
    assert analyse(x, y, RATE_HZ).refusal is None
    for stopped_s in (3.0, 30.0):
        held_x, held_y = x.copy(), y.copy()
        first = x.size - round(stopped_s * RATE_HZ)
        held_x[first:], held_y[first:] = x[first], y[first]
        assert "the sensor stopped" in str(analyse(held_x, held_y, RATE_HZ).refusal)


def test_a_stand_in_millimetres_or_metres_is_never_passed_without_a_word() -> None:
    """Without loads the scale is only a matter of what people do: then it is refused or doubted."""
    for seed in range(8):
        x, y = sway(seed)
        assert not analyse(x, y, RATE_HZ).warnings
        for scale in (10.0, 100.0, 0.1, 0.01):
            made = analyse(scale * x, scale * y, RATE_HZ)
            assert made.refusal is not None or any(one.startswith("sway: unusually") for one in made.warnings)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (4, ("top_left", "bottom_left", "top_right", "bottom_right")),
        (2, ("left", "right")),
    ],
)
def test_the_loads_tell_wrong_units_and_axes(cells: int, names: tuple[str, ...]) -> None:
    x, y = sway()
    side, ahead = x / 20.0, y / 12.0
    if cells == 4:
        loads = 17.5 * np.column_stack(
            [(1 + right * side) * (1 + top * ahead) for right, top in ((-1, 1), (-1, -1), (1, 1), (1, -1))]
        )
    else:
        loads = 35.0 * np.column_stack((1 - side, 1 + side))
    told = partial(analyse, rate_hz=RATE_HZ, loads_kg=loads, cells=names)
    assert told(x, y).refusal is None
    assert "in mm?" in str(told(6 * x, 6 * y).refusal)
    assert "metres" in str(told(0.1 * x, 0.1 * y).refusal)
    assert "swapped" in str(told(y, x).refusal)
    assert "the other way" in str(told(-x, y).refusal)
    assert (told(x, -y).refusal is not None) == (cells == 4)
    # names that say nothing prove nothing
    unnamed = tuple(f"cell_{i}" for i in range(cells))
    assert analyse(y, x, RATE_HZ, loads_kg=loads, cells=unnamed).refusal is None
    with pytest.raises(ValueError, match="cells"):
        analyse(x, y, RATE_HZ, loads_kg=loads, cells=names[1:])


def test_path_is_speed_times_duration_in_every_result_and_a_table_that_breaks_it_is_named() -> None:
    made = analyse(*sway(), RATE_HZ)
    ours = {
        "path_length_cm": made.path_length_cm,
        "mean_speed_cm_s": made.mean_speed_cm_s,
        "duration_s": made.duration_s,
        "envelope_area_cm2": made.envelope_area_cm2,
        "path_per_area_per_cm": made.path_per_area_per_cm,
    }
    assert broken(**ours) == ()
    (told,) = broken(**ours | {"duration_s": 30.0})
    assert "imply 60 s and not 30 s" in told
    (told,) = broken(**ours | {"envelope_area_cm2": 1.2 * made.envelope_area_cm2})
    assert "path per area" in told
    assert broken(path_length_cm=40.0, mean_speed_cm_s=1.3) == ()


def test_smaller_is_better_for_all_six_and_offsets_count_by_size() -> None:
    assert len(SMALLER_IS_BETTER) == 6
    for variable in SMALLER_IS_BETTER:
        assert moved(variable, 2.0, 1.0) == "better"
        assert moved(variable, 1.0, 2.0) == "worse"
        assert moved(variable, 1.0, 1.0) == "same"
    assert moved("offset_x_cm", -2.0, 1.0) == "better"
    assert moved("offset_y_cm", 0.5, -1.0) == "worse"
    assert {"path_per_area_per_cm"} == DISPUTED
    with pytest.raises(KeyError, match="no direction"):
        moved("frequency_hz", 1.0, 2.0)


def test_shapes_and_options_that_cannot_be_are_errors() -> None:
    x, y = sway()
    with pytest.raises(ValueError, match="equally long"):
        analyse(x, y[1:], RATE_HZ)
    with pytest.raises(ValueError, match="loads_kg"):
        analyse(x, y, RATE_HZ, loads_kg=np.ones(4))
    with pytest.raises(ValueError, match="duration_s must be positive"):
        analyse(x, y, RATE_HZ, duration_s=-5.0)
    with pytest.raises(ValueError, match="skip_s must not be negative"):
        analyse(x, y, RATE_HZ, skip_s=-1.0)
    with pytest.raises(ValueError, match="lowpass_hz"):
        analyse(x, y, RATE_HZ, lowpass_hz=50.0)


def test_the_weight_on_each_leg() -> None:
    left, right = np.full(100, 40.0), np.full(100, 30.0)
    made = weight_distribution(left, right, paretic="right")
    assert made.left_pct == pytest.approx(400 / 7)
    assert made.right_minus_left_pct == pytest.approx(-100 / 7)
    assert (made.paretic_pct, made.asymmetry_pct) == pytest.approx((300 / 7, 100 / 7))
    assert weight_distribution(left, right, paretic="left").asymmetry_pct == pytest.approx(-100 / 7)
    assert "not the load" in weight_distribution(left, right, two_plates=False).source
    assert "off the plate" in str(weight_distribution(left / 10, right / 10).refusal)
    with pytest.raises(ValueError, match="paretic"):
        weight_distribution(left, right, paretic="both")


@pytest.mark.parametrize("loads", [None, np.full((1800, 4), 9.0)], ids=["unknown", "not zeroed"])
def test_an_empty_plate_is_named_and_not_taken_for_gaps(loads: NDArray[np.float64] | None) -> None:
    x = np.full(1800, np.nan)
    told = str(analyse(x, x, 50.0, loads_kg=loads).refusal)
    assert told.startswith("nobody on the plate")
    assert "100 %" in told
    x[:1200] = np.random.default_rng(1).normal(0.0, 0.3, 1200)
    assert "missing samples" in str(analyse(x, x, 50.0, loads_kg=loads).refusal), "a third is a gap"


def test_uneven_samples_are_read_off_evenly_and_gaps_stay_gaps() -> None:
    rng = np.random.default_rng(2)
    times = np.arange(1200) * 0.025 + rng.uniform(-0.005, 0.005, 1200)
    wave = np.sin(2 * np.pi * 0.3 * times)
    even = resample(times, wave[:, None], 50.0)
    at = even.start_s + np.arange(len(even.values)) / 50.0
    assert even.values[:, 0] == pytest.approx(np.sin(2 * np.pi * 0.3 * at), abs=0.002)
    keep = (times < 10) | (times > 12)
    assert np.count_nonzero(np.isnan(resample(times[keep], wave[keep, None], 50.0).values)) == pytest.approx(100, abs=4)
    same = resample(np.arange(500) / 100, wave[:500, None])
    assert same.rate_hz == 100.0
    np.testing.assert_array_equal(same.values[:, 0], wave[:500])
    with pytest.raises(ValueError, match="rise"):
        resample([0.0, 0.0], [[1.0], [1.0]])


def test_the_authors_published_values_are_met() -> None:
    folder = need_recordings("cop")
    published = json.loads((folder / "manifest.json").read_text())["files"]
    names = [name for name, values in published.items() if "coparea" in values]
    assert len(names) == 14
    for name in names:
        with (folder / name).open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        net = "net_cop_ml_m" in rows[0]
        keys, scale = (("net_cop_ml_m", "net_cop_ap_m"), 100.0) if net else (("cop_ml_cm", "cop_ap_cm"), 1.0)
        x, y = (scale * np.array([float(row[key]) for row in rows]) for key in keys)
        made, values = analyse(x, y, RATE_HZ), published[name]
        assert made.refusal is None
        assert made.ellipse_area_cm2 == pytest.approx(float(values["coparea"]), rel=1e-6)
        # they divide the path by n samples, not by n - 1 steps
        assert made.path_length_cm * RATE_HZ / x.size == pytest.approx(float(values["copvelo"]), rel=1e-6)
        assert made.frequency_hz == pytest.approx(float(values["copmfreq"]), rel=1e-6)
