"""Parts of our own recordings on one even time axis: sensors of two crystals, losses, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.gait_files import read_feet
from bedside.analyse.recorded import NS, Part, even, motion_arrays, runs_of
from bedside.analyse.walking import WalkSettings, measure_walk
from bedside.record.recorder import Recorder
from bedside.station.entries import MOTION_CHANNELS, MOTION_UNITS, uneven_stream
from dsp.gait import Foot, analyse
from tests.helpers.walking_feet import RATE_HZ, walk
from tests.helpers.walking_leg import leg

START_NS = 5_000 * NS
ROWS = 10
PLACES = {"left": "foot_left", "right": "foot_right"}


def write(
    recorder: Recorder, name: str, place: str, foot: Foot, times_s: np.ndarray, lost: tuple[int, ...] = ()
) -> None:
    """A sensor's samples in blocks of ten, each with its own time; the blocks in `lost` never came."""
    recorder.declare(uneven_stream(name, place, RATE_HZ, MOTION_CHANNELS, MOTION_UNITS))
    rows = np.hstack((foot.accel_m_s2, foot.gyro_rad_s))
    for block, first in enumerate(range(0, len(rows), ROWS)):
        if block in lost:
            continue
        at_ns = START_NS + np.round(times_s[first : first + ROWS] * NS).astype(np.int64)
        offsets_ms = (at_ns - at_ns[0]) / 1e6
        values = np.column_stack((offsets_ms, rows[first : first + ROWS])).astype(np.float32)
        recorder.samples(name, first, int(at_ns[0]), values)


def recording(folder: Path, *, right_late_s: float = 0.0, stamped_late_s: float = 0.0) -> tuple[Path, Foot, Foot]:
    """Both feet; the right one is sampled `right_late_s` after the left, and its times are late by the other."""
    left, right = walk(seed=1), walk(late_s=0.55 - right_late_s, seed=2)
    recorder = Recorder(folder / "raw", ())
    recorder.start()
    t = np.arange(len(left.gyro_rad_s)) / RATE_HZ
    write(recorder, "a", "foot_left", left, t)
    write(recorder, "b", "foot_right", right, t[: len(right.gyro_rad_s)] + right_late_s + stamped_late_s)
    recorder.stop()
    return folder, left, right


def contacts_s(left: Foot | None, right: Foot | None) -> np.ndarray:
    """From each left contact to the right one after it."""
    strides = [s for s in analyse(left, right).strides if s.initial_contact_s is not None]
    at = {side: np.array([s.initial_contact_s for s in strides if s.side == side]) for side in ("left", "right")}
    return np.array([at["right"][at["right"] > one][0] - one for one in at["left"][1:-2]])


def test_sensors_that_sample_at_different_instants_meet_on_one_axis(tmp_path: Path) -> None:
    folder, left, _ = recording(tmp_path, right_late_s=0.0043)
    truth = contacts_s(left, walk(late_s=0.55, seed=2))
    feet = read_feet(folder)
    assert feet.left is not None
    assert feet.left.rate_hz == RATE_HZ
    assert np.abs(contacts_s(feet.left, feet.right) - truth).max() < 0.0015
    ignored = contacts_s(left, walk(late_s=0.55 - 0.0043, seed=2))
    assert np.abs(ignored - truth).max() > 0.003, "and it would show"


def test_what_knocks_have_shown_is_taken_out(tmp_path: Path) -> None:
    folder, left, right = recording(tmp_path, stamped_late_s=0.02)
    truth = contacts_s(left, right)
    late, mended = (read_feet(folder, Part(late_ms=told)) for told in ((), (("b", 20.0),)))
    assert np.abs(contacts_s(late.left, late.right) - truth).max() > 0.015
    assert np.abs(contacts_s(mended.left, mended.right) - truth).max() < 0.0015


def test_a_part_is_cut_at_its_instants(tmp_path: Path) -> None:
    folder, _, _ = recording(tmp_path)
    runs = runs_of(folder, Part(START_NS + 2 * NS, START_NS + 5 * NS))
    for run in runs.values():
        assert run.times_ns[0] >= START_NS + 2 * NS
        assert run.times_ns[-1] <= START_NS + 5 * NS
        assert len(run.times_ns) == 3 * RATE_HZ + 1
    with pytest.raises(BadRecordingError, match="no samples in that part"):
        runs_of(folder, Part(START_NS + 900 * NS, None))


def test_a_hole_is_no_measurement_and_a_frozen_or_clipped_axis_stays_one() -> None:
    t = np.arange(200) / 100.0
    values = np.column_stack((np.sin(t), np.clip(3 * np.sin(4 * t), -2, 2)))
    values[120:150] = values[120]
    kept = np.r_[0:40, 60:200]
    at_ns = np.arange(0.0033, 1.98, 0.01) * NS
    read, received = even((t[kept] * NS).astype(np.int64), values[kept], 100.0, at_ns)
    at = at_ns / NS
    assert not received[(at > 0.4) & (at < 0.59)].any()
    assert received[(at < 0.38) | (at > 0.61)].all()
    smooth = received & (at < 1.1)
    assert np.abs(read[smooth, 0] - np.sin(at[smooth])).max() < 1e-4
    frozen = read[(at > 1.2) & (at < 1.48)]
    assert np.ptp(frozen, axis=0).tolist() == [0.0, 0.0], "equal neighbours stay equal"
    assert (read[:, 1] == 2.0).sum() > 5, "so does a rail"


def test_lost_packets_and_a_late_start_are_marked(tmp_path: Path) -> None:
    left, right = walk(seed=1), walk(late_s=0.55, seed=2)
    recorder = Recorder(tmp_path / "raw", ())
    recorder.start()
    t = np.arange(len(left.gyro_rad_s)) / RATE_HZ
    write(recorder, "a", "foot_left", left, t, lost=(50, 51))
    write(recorder, "b", "foot_right", right, t, lost=tuple(range(60)))
    recorder.stop()
    arrays = motion_arrays(tmp_path, Part(), PLACES)
    assert arrays["left_received"].size == arrays["right_received"].size == t.size
    assert np.flatnonzero(~arrays["left_received"]).tolist() == list(range(500, 520))
    assert np.flatnonzero(~arrays["right_received"]).tolist() == list(range(600))


def test_what_cannot_be_told_apart_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadRecordingError, match=r"no \.mcap file"):
        read_feet(tmp_path)
    recorder = Recorder(tmp_path / "raw", ())
    recorder.start()
    foot, t = walk(), np.arange(len(walk().gyro_rad_s)) / RATE_HZ
    write(recorder, "a", "foot_left", foot, t)
    write(recorder, "b", "foot_left", foot, t)
    recorder.stop()
    with pytest.raises(BadRecordingError, match=r"two sensors on foot_left \(a, b\)"):
        read_feet(tmp_path)
    with pytest.raises(BadRecordingError, match="no sensor on thigh_left; there are foot_left"):
        motion_arrays(tmp_path, Part(), {"left_thigh": "thigh_left"})


def test_what_is_worn_on_a_leg_comes_with_the_feet_and_changes_nothing_of_them(tmp_path: Path) -> None:
    left, right = walk(seed=1), walk(late_s=0.55, seed=2)
    made = leg(seed=7)
    t = np.arange(len(left.gyro_rad_s)) / RATE_HZ
    recorder = Recorder(tmp_path / "raw", ())
    recorder.start()
    write(recorder, "a", "foot_left", left, t)
    write(recorder, "b", "foot_right", right, t)
    write(recorder, "c", "thigh_left", Foot(made.thigh.gyro_rad_s, made.thigh.accel_m_s2, RATE_HZ), t + 0.0021)
    write(recorder, "d", "shank_left", Foot(made.shank.gyro_rad_s, made.shank.accel_m_s2, RATE_HZ), t + 0.0037, (30,))
    recorder.stop()
    feet = read_feet(tmp_path)
    arrays = motion_arrays(tmp_path, Part(), PLACES)
    assert feet.left is not None
    assert np.array_equal(feet.left.gyro_rad_s, arrays["left_gyr"]), "the instants are the feet's"
    assert set(feet.legs) == {"left"}
    shown = measure_walk(feet, WalkSettings())["curves"]
    assert shown["right"]["refused"] == {}
    assert "knee_deg" not in shown["right"]
    knee = shown["left"]["knee_deg"]
    assert knee["cycles"] >= 3
    # sampled a few ms later than its stamps would be without crystals of its own: at most 1 deg of a fast knee
    assert max(knee["mean"]) == pytest.approx(53.8, abs=1.5)
    assert shown["left"]["zero"] == "quiet standing"


def test_a_faulty_sensor_on_a_leg_refuses_its_angles_and_not_the_walk(tmp_path: Path) -> None:
    left, right, made = walk(seed=1), walk(late_s=0.55, seed=2), leg(seed=7)
    t = np.arange(len(left.gyro_rad_s)) / RATE_HZ
    back = t.copy()
    back[500:510] -= 1.0
    recorder = Recorder(tmp_path / "raw", ())
    recorder.start()
    write(recorder, "a", "foot_left", left, t)
    write(recorder, "b", "foot_right", right, t)
    shank = Foot(made.shank.gyro_rad_s, made.shank.accel_m_s2, RATE_HZ)
    write(recorder, "c", "shank_left", shank, back)
    write(recorder, "d", "shank_right", shank, t)
    write(recorder, "e", "shank_right", shank, t)
    recorder.stop()
    found = measure_walk(read_feet(tmp_path), WalkSettings())
    assert found["refusal"] is None
    assert found["summary"]["left"]["strides"] == 12
    curves = found["curves"]
    assert curves["left"]["flags"] == ["shank not read: stream c: its times do not rise; replay the raw clock pairs"]
    assert curves["right"]["flags"] == ["shank not read: two sensors on shank_right (d, e)"]
    assert curves["left"]["refusal"] is None
