"""A recording held against what the far ends truly sampled: nothing lost, repeated, moved; how wrong its times are.

Rows are recognised by what they carry: the sequence that was recorded must be the sequence that left the device.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.record.samples import SampleRun, read_states
from hal.clockmap import ClockMap
from hal.sim.motion.imu_frames import FULL_ACCEL_M_S2, FULL_TURN_RAD_S
from hal.sim.plate.balance_board_device import WIRE_TO_CORNER, Memory
from hal.sim.truth import Left

WARM_S = 30.0
"""A clock map is settled so long after the first sample."""
HEAD = 40
"""Rows by which the beginning of a recording is found in what left the device."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Station = Callable[[Floats], Ints]


@dataclass(frozen=True)
class Checked:
    """One stream against its truth. `wrong` is empty where every recorded row is the next one that left the device.

    `lost` counts samples by the recorded `index`, `true_lost` by the device's own `number`; `same_holes` tells whether
    they are missing at the same rows. `errors_ms` is recorded minus true time `at_ns`; shape (n,) each.
    """

    rows: int
    wrong: str
    lost: int
    true_lost: int
    same_holes: bool
    errors_ms: Floats
    at_ns: Ints
    index: Ints
    number: Ints

    @property
    def warm(self) -> NDArray[np.bool_]:
        """Rows after the map has settled."""
        return np.asarray(self.at_ns > self.at_ns[:1] + WARM_S * 1e9)

    @property
    def delay_ms(self) -> float:
        """The constant that timing alone cannot see: the median error once settled (ms)."""
        settled = self.errors_ms[self.warm]
        return float(np.median(settled)) if len(settled) else math.nan


def check(words: Floats, index: Ints, times_ns: Ints, left: Left, station: Station) -> Checked:
    """Recorded `words` (n, k) with running `index` and times, against what left the device."""
    start = _begin(words, left.words)
    if start is None:
        return _nothing(len(words), "no such samples left the device")
    sent = slice(start, start + len(words))
    number, at_ns = left.number[sent], station(left.at_s[sent])
    wrong = _wrong(words, left.words[sent])
    if wrong:
        return _nothing(len(words), wrong)
    holes, true_holes = np.diff(index) - 1, np.diff(number) - 1
    return Checked(
        rows=len(words),
        wrong="" if (np.diff(times_ns) > 0).all() else "times do not rise",
        lost=int(holes.sum()),
        true_lost=int(true_holes.sum()),
        same_holes=bool(np.array_equal(holes, true_holes)),
        errors_ms=(times_ns - at_ns) / 1e6,
        at_ns=at_ns,
        index=index,
        number=number,
    )


def check_amplifier(run: SampleRun, left: Left, station: Station) -> Checked:
    """The amplifier's blocks by their CRC-32; `errors_ms` are those of the first sample of each."""
    whole = (left.number >= run.index[0]) & (left.number + left.words[:, 0] <= run.index[-1] + 1)
    number, at_s = left.number[whole], left.at_s[whole]
    sizes, sums = left.words[whole, 0].astype(np.int64), left.words[whole, 1].astype(np.int64)
    first = np.searchsorted(run.index, number)
    wrong, covered = "", 0
    for row, n, crc in zip(first.tolist(), sizes.tolist(), sums.tolist(), strict=True):
        values = run.values[row : row + n]
        if zlib.crc32(np.ascontiguousarray(values).data) != crc:
            wrong = f"a block of {n} samples at row {row} is not the one that left the device"
            break
        covered += n
    edges = int(first[0]) + len(run.index) - int(first[-1]) - int(sizes[-1])
    if not wrong and covered + edges != len(run.index):
        wrong = f"{len(run.index) - covered - edges} samples that never left the device"
    holes = np.diff(run.index) - 1
    true_holes = number[1:] - number[:-1] - sizes[:-1]
    at_ns = station(at_s)
    return Checked(
        rows=len(run.index),
        wrong=wrong or ("" if (np.diff(run.times_ns[first]) > 0).all() else "times do not rise"),
        lost=int(holes.sum()),
        true_lost=int(true_holes.sum()),
        same_holes=sorted(holes[holes > 0].tolist()) == sorted(true_holes[true_holes > 0].tolist()),
        errors_ms=(run.times_ns[first] - at_ns) / 1e6,
        at_ns=at_ns,
        index=run.index[first],
        number=number,
    )


def _nothing(rows: int, wrong: str) -> Checked:
    none = np.zeros(0, np.int64)
    return Checked(rows, wrong, 0, 0, False, np.zeros(0), none, none, none)


def _begin(words: Floats, sent: Floats) -> int | None:
    head = words[:HEAD]
    for start in np.flatnonzero((sent == head[0]).all(axis=1)).tolist():
        if np.array_equal(sent[start : start + len(head)], head):
            return int(start)
    return None


def _wrong(words: Floats, sent: Floats) -> str:
    n = min(len(words), len(sent))
    differ = np.flatnonzero((words[:n] != sent[:n]).any(axis=1))
    if not len(differ):
        return "" if len(words) == len(sent) else "more rows than left the device"
    row = int(differ[0])
    ahead = np.flatnonzero((sent[row : row + 2000] == words[row]).all(axis=1))
    behind = np.flatnonzero((sent[max(0, row - 2000) : row] == words[row]).all(axis=1))
    if len(ahead):
        return f"{int(ahead[0])} samples that left the device are missing at row {row}"
    return f"row {row} was recorded before" if len(behind) else f"row {row} never left the device"


# what the words of each recorded stream are


def motion_words(run: SampleRun) -> Floats:
    """int16 words of acceleration and turn rate, shape (n, 6)."""
    accel = run.values[:, 1:4].astype(np.float64) / (FULL_ACCEL_M_S2 / 32768)
    turn = run.values[:, 4:7].astype(np.float64) / (FULL_TURN_RAD_S / 32768)
    words: Floats = np.rint(np.hstack((accel, turn)))
    return words


def force_words(run: SampleRun, gain_kg_per_count: float) -> Floats:
    """Counts of four cells whose zero is 0, shape (n, 4)."""
    words: Floats = np.rint(run.values[:, 1:5].astype(np.float64) / gain_kg_per_count)
    return words


def balance_words(run: SampleRun, memory: Memory) -> Floats:
    """Counts of four sensors in the order of the wire, shape (n, 4)."""
    wire = [1 + corner for corner in WIRE_TO_CORNER]
    words: Floats = np.rint(memory.counts(run.values[:, wire].astype(np.float64)))
    return words


def read_robot(files: Sequence[Path]) -> tuple[Floats, Ints]:
    """Angles and torques of every recorded state, shape (n, 12), and their times (ns)."""
    states = read_states(files, "robot")
    heard = [(at, data) for at, data in states if data.get("angles_deg")]
    words = np.array([[*data["angles_deg"], *data["torques_nm"]] for _, data in heard])
    return words, np.array([at for at, _ in heard], np.int64)


def robot_left(left: Left) -> Left:
    """What left the robot, cut to the columns of `read_robot`."""
    return Left(left.number, left.at_s, left.words[:, [*range(1, 7), *range(13, 19)]])


# times


@dataclass(frozen=True)
class Pairs:
    """The raw pairs of a device's count and its arrival, shape (n,) each."""

    counts: Ints
    arrival_ns: Ints


def read_pairs(files: Sequence[Path], device: str) -> Pairs:
    """What the recording keeps for mapping a device's clock again."""
    pairs = [data for _, data in read_states(files, "clocks") if data["device"] == device]
    return Pairs(
        np.array([pair["counter"] for pair in pairs], np.int64), np.array([pair["mono_ns"] for pair in pairs], np.int64)
    )


def mapped_again(pairs: Pairs, tick_ns: float, index: Ints) -> Ints:
    """Times (ns) of running indices from the recorded pairs alone; tick by tick as they came in."""
    clock, times = ClockMap(tick_ns), []
    edges = np.searchsorted(index, pairs.counts)
    before = 0
    for count, arrival_ns, edge in zip(pairs.counts.tolist(), pairs.arrival_ns.tolist(), edges.tolist(), strict=True):
        clock.feed(count, arrival_ns)
        if edge > before:
            times.append(clock.at_ns(index[before:edge]))
            before = edge
    if before < len(index):
        times.append(clock.at_ns(index[before:]))
    return np.concatenate(times)


def apart_ms(a: Checked, b: Checked, from_s: float = WARM_S) -> float:
    """The largest disagreement (ms) of two devices' times at the same instant, each less its constant delay.

    From `from_s` after the first sample of the later one on.
    """
    if not (a.warm.any() and b.warm.any()):
        return math.nan
    begin_ns = max(a.at_ns[0], b.at_ns[0]) + from_s * 1e9
    shared = (a.at_ns >= begin_ns) & (a.at_ns <= b.at_ns[-1])
    if not shared.any():
        return math.nan
    other = np.interp(a.at_ns[shared], b.at_ns, b.errors_ms - b.delay_ms)
    return float(np.abs(a.errors_ms[shared] - a.delay_ms - other).max())


def left_of_offset_ms(a: Checked, b: Checked, told_ms: float) -> float:
    """The largest disagreement (ms, mean of a minute) of two devices' times once `b` is told to be `told_ms` late."""
    one, two, at_ns = a.errors_ms[a.warm], b.errors_ms[b.warm], a.at_ns[a.warm]
    left_ms = np.interp(at_ns, b.at_ns[b.warm], two) - one - told_ms
    minute = (at_ns - at_ns[0]) // 60_000_000_000
    return float(np.abs(np.bincount(minute, left_ms) / np.maximum(np.bincount(minute), 1)).max())


def rms_ms(checked: Checked) -> float:
    """Root mean square of the error (ms) less the constant delay, once settled."""
    settled = checked.errors_ms[checked.warm] - checked.delay_ms
    return float(np.sqrt(np.mean(settled**2))) if len(settled) else math.nan
