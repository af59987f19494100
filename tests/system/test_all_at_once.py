"""All devices at once at real rate: ten minutes in CI, half a minute elsewhere."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsp.knock import offset_ms
from hal.sim.motion.imu_motion import Felt
from hal.sim.truth import Left
from tests.helpers import truths
from tests.helpers.knocked import KNOCKS_S, Knocked
from tests.helpers.tools import IN_CI, need_tools
from tests.soak.plan import FREE

pytestmark = [pytest.mark.system]
QUICK_MINUTES = 0.4
LONG_MINUTES = 10.0 if IN_CI else QUICK_MINUTES
FREE_SLACK = 0.002
"""Of all samples: on a machine that stalls, a sensor without a counter may seem to lose some (`hal.free_running`)."""


def report_of(folder: Path, minutes: float, *options: str) -> dict[str, Any]:
    """The report of a run of that length."""
    need_tools("dbus-daemon")
    report = folder / "report.json"
    command = [sys.executable, "-m", "tests.soak", "--minutes", str(minutes), "--report", str(report), *options]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert report.exists(), done.stderr[-3000:]
    return dict(json.loads(report.read_text()))


def held(report: dict[str, Any], *, strict: bool) -> None:
    """All that must hold. What a busy machine may spoil (CPU, the settled clocks) has slack unless `strict`."""
    spoilt = ("station ", "ms apart", "ms RMS", "memory ", *(f"{name}: " for name in FREE))
    failed = [
        words for words, ok in report["verdicts"].items() if not ok and (strict or not any(s in words for s in spoilt))
    ]
    assert not failed, f"{failed}\n{json.dumps(report, indent=1)}"
    assert report["run"]["cores"]["station"] <= 0.5
    for name in FREE:
        told = report["streams"][name]
        assert not told["wrong"], told
        assert abs(told["lost"] - told["true_lost"]) <= max(3, FREE_SLACK * told["rows"]), told
    assert all(apart <= 6.0 for apart in report["between_ms"].values() if not np.isnan(apart)), report["between_ms"]


@pytest.mark.timeout(300)
def test_injected_losses_are_counted_exactly(tmp_path: Path) -> None:
    held(report_of(tmp_path, QUICK_MINUTES, "--loss", "--standing"), strict=False)


@pytest.mark.timeout(60 * LONG_MINUTES + 600)
def test_nothing_is_lost_with_all_devices_at_once(tmp_path: Path) -> None:
    options = () if IN_CI else ("--standing",)
    held(report_of(tmp_path, LONG_MINUTES, *options), strict=False)


# the checks see what they are there for


def recorded(rows: int = 400) -> tuple[np.ndarray, Left]:
    """Words that left a device, numbered, one in a hundred of its samples lost."""
    rng = np.random.default_rng(1)
    number = np.flatnonzero(np.arange(rows) % 100 != 99)
    words = rng.integers(-500, 500, (len(number), 6)).astype(float)
    return words, Left(number, number / 100, words)


def check(words: np.ndarray, index: np.ndarray, times_s: np.ndarray, left: Left) -> truths.Checked:
    def station(at_s: np.ndarray) -> np.ndarray:
        return np.rint(at_s * 1e9).astype(np.int64)

    return truths.check(words, index, station(times_s), left, station)


def test_a_whole_recording_is_whole() -> None:
    words, left = recorded()
    checked = check(words[20:], left.number[20:], left.at_s[20:] + 0.01, left)
    assert (checked.wrong, checked.lost, checked.true_lost, checked.same_holes) == ("", 3, 3, True)
    assert checked.errors_ms == pytest.approx(10.0, abs=1e-6)


def test_a_recorder_that_drops_a_block_is_seen() -> None:
    words, left = recorded()
    kept = np.r_[0:200, 205:390]
    checked = check(words[kept], left.number[kept], left.at_s[kept], left)
    assert checked.wrong == "5 samples that left the device are missing at row 200"


def test_a_driver_that_repeats_a_block_is_seen() -> None:
    words, left = recorded()
    twice = np.r_[0:200, 195:390]
    checked = check(words[twice], np.arange(len(twice)), left.at_s[: len(twice)], left)
    assert checked.wrong == "row 200 was recorded before"


def test_losses_told_in_the_wrong_place_or_number_are_seen() -> None:
    words, left = recorded()
    assert not check(words, np.arange(len(words)), left.at_s, left).same_holes
    moved = left.number + (np.arange(len(words)) == 98)
    assert not check(words, moved, left.at_s, left).same_holes


def test_times_through_the_mean_of_the_arrivals_are_seen() -> None:
    words, left = recorded(6000)
    noise_s = np.random.default_rng(2).uniform(0.0, 0.05, len(words)).cumsum() / np.arange(1, len(words) + 1)
    good = check(words, left.number, left.at_s, left)
    bad = check(words, left.number, left.at_s + noise_s + 1e-4 * left.at_s, left)
    assert truths.apart_ms(good, good) == 0.0
    assert truths.apart_ms(good, bad) > 1.0


def test_an_offset_between_the_sides_that_the_knocks_do_not_tell_is_seen() -> None:
    words, left = recorded(20_000)
    one = check(words, left.number, left.at_s, left)
    two = check(words, left.number, left.at_s + 0.012, left)
    assert truths.left_of_offset_ms(one, two, 12.0) == pytest.approx(0.0, abs=1e-3)
    assert truths.left_of_offset_ms(one, two, 0.0) == pytest.approx(12.0, abs=1e-3)


def test_both_sensors_feel_the_same_knocks() -> None:
    class Walking:
        def at(self, times_s: np.ndarray) -> Felt:
            turn = np.column_stack((np.sin(7 * times_s), np.cos(7 * times_s), times_s * 0))
            return Felt(turn * 0, turn, turn * 0)

    times_s = np.arange(0.0, 20.0, 0.01)
    knocks_s = tuple(10.0 + at_s for at_s in KNOCKS_S)
    sides = []
    for late_s in (0.0, 0.012):
        felt = Knocked(Walking(), knocks_s).at(times_s)
        held = abs(times_s - knocks_s[1]) < 3.0
        sides.append((np.rint((times_s + late_s) * 1e9)[held], felt.gyro_rad_s[held]))
    assert offset_ms(*sides[0], *sides[1]) == pytest.approx(12.0, abs=1.0)
    assert np.abs(Knocked(Walking(), (math.inf,)).at(times_s).gyro_rad_s).max() <= 1.0
