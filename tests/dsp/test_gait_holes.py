"""Lost samples of a foot: what a hole costs depends on what the foot did in it, not on its length alone."""

import numpy as np
import pytest

from dsp.gait import Foot, Gait, Stride, analyse
from dsp.gait.holes import LONGEST_FILLED_S, bent, doubt, fill, find_holes
from tests.helpers.gait_scores import event_errors
from tests.helpers.recordings import need_recordings
from tests.helpers.spoilt_feet import holed_in_rows
from tests.helpers.walking_feet import Array, Recording, changed, pair, recordings

RATE_HZ = 100.0


def lost(count: int, *holes: tuple[int, int]) -> np.ndarray:
    """A mask (count,) with these holes in it."""
    good = np.ones(count, dtype=bool)
    for first, last in holes:
        good[first:last] = False
    return good


def curve(of: Array) -> Array:
    return np.stack([of, -2 * of, 0 * of], axis=1)


def test_a_line_is_filled_without_doubt_and_a_bend_is_doubted() -> None:
    good = lost(40, (10, 14), (20, 21))
    line, bend = curve(np.arange(40.0)), curve((np.arange(40.0) - 12) ** 2)
    assert np.allclose(fill(np.where(good[:, None], line, 1e3), good), line)
    assert np.allclose(doubt(line, good), 0.0, atol=1e-12)
    wrong = fill(np.where(good[:, None], bend, 0.0), good)
    doubted = doubt(wrong, good)
    assert (doubted[~good] > 0).all()
    assert (doubted[good] == 0).all()
    assert doubted[11] > doubted[20]  # the longer hole
    for hole in (slice(10, 14), slice(20, 21)):  # all errors of the hole add up to no more than three deviations
        missed = np.linalg.norm((wrong - bend)[hole].sum(axis=0))
        assert missed <= 3 * np.sqrt((doubted[hole] ** 2).sum()) * 1.01


def test_the_other_filling_goes_on_with_the_slopes() -> None:
    good = lost(60, (20, 26), (40, 41))
    wave = curve(np.sin(np.arange(60) / 8))
    straight = fill(np.where(good[:, None], wave, 0.0), good)
    other = bent(straight, good)
    assert np.array_equal(other[good], wave[good])
    assert np.abs(other - wave).max() < 0.25 * np.abs(straight - wave).max()


def test_holes_are_sorted_by_time_not_by_samples() -> None:
    for rate_hz in (50.0, 100.0, 400.0):
        longest = round(LONGEST_FILLED_S * rate_hz)
        good = lost(int(3 * rate_hz), (10, 10 + longest), (100, 101 + longest))
        holes = find_holes(good, rate_hz)
        assert holes.filled[10 : 10 + longest].all()
        assert holes.cut[100 : 101 + longest].all()
        assert not (holes.cut & holes.filled).any()
        assert ((holes.cut | holes.filled) == ~good).all()
    at_the_end = find_holes(lost(100, (0, 1), (98, 100)), RATE_HZ)
    assert at_the_end.cut[[0, 98, 99]].all()  # nothing on the other side to fill to


def without(foot: Foot, lasts_s: float, *begins_s: float) -> Foot:
    """The foot without the samples of some holes, nonsense in their place."""
    rows = [(round(first * RATE_HZ), round((first + lasts_s) * RATE_HZ)) for first in begins_s]
    good = lost(len(foot.gyro_rad_s), *rows)
    accel = np.where(good[:, None], foot.accel_m_s2, 1e3)
    return changed(foot, accel_m_s2=accel, received=good)


def stride_over(gait: Gait, time_s: float) -> Stride:
    return next(s for s in gait.strides if s.side == "left" and s.mid_stance_s <= time_s < s.next_mid_stance_s)


def test_a_hole_costs_nothing_in_the_stance_and_the_length_in_the_swing() -> None:
    left, right = pair()
    whole = next(s for s in analyse(left, right).strides if s.side == "left" and s.mid_stance_s > 5)
    assert whole.final_contact_s is not None
    standing, swinging = whole.mid_stance_s + 0.03, whole.final_contact_s + 0.02
    calm = stride_over(analyse(without(left, 0.08, standing), right), standing)
    assert "short hole filled" in calm.flags
    assert calm.stride_length_m == pytest.approx(1.2, rel=0.02)
    shaken = stride_over(analyse(without(left, 0.08, swinging), right), swinging)
    assert "lost samples matter: no length" in shaken.flags
    assert shaken.stride_length_m is None
    longer = stride_over(analyse(without(left, 0.12, standing), right), standing)
    assert "cut by lost samples" in longer.flags
    assert longer.stride_length_m is None


@pytest.mark.parametrize("lasts_s", [0.05, 0.09])
def test_an_event_beside_a_hole_is_given_where_both_fillings_agree_and_says_so(lasts_s: float) -> None:
    """Holes at every place about every toe-off of a smooth foot, where nothing hides in them."""
    left, right = pair()
    toe_offs = [s.final_contact_s for s in analyse(left, right).strides if s.side == "left"][2:10]
    true = [at for at in toe_offs if at is not None]
    assert len(true) == 8
    given = 0
    for offset_s in np.arange(-0.08, 0.03, 0.01):
        result = analyse(without(left, lasts_s, *(at + offset_s for at in true)), right)
        for at in true:
            stride = stride_over(result, at)
            given += "samples lost near toe-off" in stride.flags
            assert stride.final_contact_s == pytest.approx(at, abs=lasts_s / 3)
    assert given > 10


def by_place(gait: Gait) -> dict[tuple[str, int], float]:
    return {(s.side, round(10 * s.mid_stance_s)): s.stride_length_m for s in gait.strides if s.stride_length_m}


def some() -> list[Recording]:
    folder = need_recordings("gait")
    return [next(recordings(folder, kind)) for kind in ("foot_mocap", "foot_vicon", "stroke_treadmill")]


def test_two_samples_in_a_hundred_lost_in_rows_of_five_cost_few_strides_and_no_wrong_ones() -> None:
    errors, count = [], 0
    for recording in some():
        before = by_place(analyse(recording.left, recording.right))
        spoil = holed_in_rows(0.02, 5, seed=1)
        result = analyse(*(foot and spoil(foot) for foot in (recording.left, recording.right)))
        assert any("samples lost" in flag for flag in result.flags)
        after = by_place(result)
        count += len(before)
        errors += [abs(after[key] / before[key] - 1) for key in before.keys() & after.keys()]
    assert len(errors) >= 0.8 * count
    assert np.median(errors) <= 0.01
    assert np.max(errors) <= 0.25


def test_contacts_are_found_though_one_packet_in_ten_is_lost_in_rows_of_four() -> None:
    found, asked, withheld = [], 0, 0
    for recording in list(recordings(need_recordings("gait"), "foot_events_agpl"))[1:4]:
        spoil = holed_in_rows(0.1, 4, seed=2)
        result = analyse(*(foot and spoil(foot) for foot in (recording.left, recording.right)))
        withheld += sum("samples lost at initial contact" in stride.flags for stride in result.strides)
        errors, count, _ = event_errors(result, recording, "ic")
        found.extend(errors)
        asked += count
    assert len(found) >= 0.88 * asked
    assert np.std(found) <= 0.025
    assert withheld > 0
