"""Real walking against its references: optical, belt speed, events checked by hand. Bars are what is reached today."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsp.gait import analyse
from dsp.gait.cycle import cycle, swing_peaks, swings
from dsp.gait.events import IMPACT_FLAG
from dsp.gait.model import Array
from dsp.gait.samples import check
from dsp.gait.ways import paths
from tests.helpers.gait_scores import against_contacts, against_mid_stances, double_support_s, event_errors
from tests.helpers.recordings import need_recordings
from tests.helpers.walking_feet import recordings


@pytest.fixture
def folder() -> Path:
    return need_recordings("gait")


def test_a_healthy_walk_agrees_with_the_cameras(folder: Path) -> None:
    for recording in recordings(folder, "foot_mocap"):
        result = analyse(recording.left, recording.right)
        strides = against_contacts(result, recording)
        assert strides.found == 1.0
        assert 1e3 * np.abs(strides.time_s).mean() <= 4.5
        assert 100 * np.abs(strides.length).mean() <= 2.4
        for kind in ("ic", "tc"):
            errors, _, _ = event_errors(result, recording, kind)
            assert 1e3 * abs(errors.mean()) <= 10.0
            assert 1e3 * errors.std() <= 5.0
        assert result.summary is not None
        assert result.summary.identities == ()
        assert result.summary.double_support_pct is not None
        assert result.summary.gait_cycle_s is not None
        true_pct = 100 * float(np.mean(double_support_s(recording))) / result.summary.gait_cycle_s
        assert result.summary.double_support_pct / 2 == pytest.approx(true_pct, abs=1.5)


def test_lengths_of_strides_between_turns_agree_with_the_cameras(folder: Path) -> None:
    found: list[float] = []
    lengths: list[float] = []
    for recording in recordings(folder, "foot_vicon"):
        strides = against_mid_stances(analyse(recording.left, recording.right), recording)
        found.extend([strides.found] * len(recording.truth["strides"]))
        lengths.extend(strides.length)
    assert np.mean(found) >= 0.97
    assert 100 * np.abs(lengths).mean() <= 1.2


def test_events_checked_by_hand_are_found_though_packets_were_lost(folder: Path) -> None:
    for kind, spread_ms in (("ic", 18.0), ("tc", 8.0)):
        errors, count, given = [], 0, 0
        for recording in recordings(folder, "foot_events_agpl"):
            found, those, ours = event_errors(analyse(recording.left, recording.right), recording, kind)
            errors.append(found)
            count, given = count + those, given + ours
        together = np.concatenate(errors)
        assert together.size / count >= 0.95
        assert together.size / given >= 0.95
        assert 1e3 * together.std() <= spread_ms


def test_no_stride_of_a_paretic_foot_is_lost_on_the_treadmill(folder: Path) -> None:
    errors = []
    for recording in recordings(folder, "stroke_treadmill"):
        result = analyse(recording.left, recording.right)
        assert result.summary is not None
        assert result.summary.identities == ()
        left, right = result.summary.left, result.summary.right
        assert left is not None
        assert right is not None
        assert abs(left.strides + left.turns - right.strides - right.turns) <= 1
        assert result.summary.gait_cycle_s is not None
        for side in (left, right):
            assert side.strides >= 0.97 * recording.lasts_s / result.summary.gait_cycle_s - 1
            assert side.speed_m_s is not None
            errors.append(abs(side.speed_m_s / recording.truth["belt_speed_m_s"] - 1))
    assert 100 * np.mean(errors) <= 1.0


def test_a_walk_of_unsteady_force_gives_times_and_no_lengths(folder: Path) -> None:
    for recording in recordings(folder, "pathological_noref"):
        result = analyse(recording.left, recording.right)
        assert len(result.strides) >= 140
        assert all(s.stride_length_m is None for s in result.strides)
        assert result.summary is not None
        assert result.summary.gait_cycle_s == pytest.approx(0.92, abs=0.03)


def test_axes_that_do_not_fit_are_refused_on_every_recording(folder: Path) -> None:
    for kind in ("foot_mocap", "foot_vicon", "foot_events_agpl", "stroke_treadmill"):
        for recording in recordings(folder, kind):
            swapped = [
                foot and replace(foot, gyro_rad_s=foot.gyro_rad_s[:, [1, 2, 0]])
                for foot in (recording.left, recording.right)
            ]
            assert analyse(*swapped).refusal is not None, recording.name


def test_a_contact_without_a_heel_is_taken_from_its_impact_and_says_so(folder: Path) -> None:
    """Last steps and turns end flat; a stride without drop and impact has no contact at all."""
    by_impact: list[float] = []
    without = 0
    for recording in recordings(folder, "foot_events_agpl"):
        for stride in analyse(recording.left, recording.right).strides:
            without += stride.next_initial_contact_s is None
            if IMPACT_FLAG in stride.flags and stride.next_initial_contact_s is not None:
                true = np.array(recording.truth["events"][stride.side]["ic"])
                by_impact.append(float(np.abs(true - stride.next_initial_contact_s).min()))
    near = [away for away in by_impact if away < 0.25]  # the others are steps that nobody labelled
    assert len(near) >= 4
    assert np.median(near) <= 0.06
    assert without >= 1


def test_the_sensors_of_one_set_have_the_same_errors_on_every_walker(folder: Path) -> None:
    """Six people wore the same two sensors; what is found of their errors is the sensors', not the walker's."""
    forces: dict[str, list[Array]] = {"left": [], "right": []}
    for recording in recordings(folder, "foot_events_agpl"):
        for side, foot in (("left", recording.left), ("right", recording.right)):
            assert foot is not None
            samples = check(foot, "left" if side == "left" else "right", 200.0, 40.0)
            own = cycle(samples)
            found = swings(samples, swing_peaks(own, foot.rate_hz, own.period_s), own.period_s)
            forces[side].append(paths(samples, found).accel_bias_m_s2)
    left, right = (np.array(forces[side]) for side in ("left", "right"))
    apart = np.linalg.norm(np.median(left, axis=0) - np.median(right, axis=0))
    assert apart > 0.3
    for each in (left, right):
        assert np.median(np.linalg.norm(each - np.median(each, axis=0), axis=1)) < 0.3 * apart
