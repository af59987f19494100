"""Samples without a counter: every loss that can be seen is counted, and times stay within 5 ms RMS."""

import numpy as np
import pytest

from hal.free_running import FreeRunning, Run
from tests.helpers.arrivals import STATION_NS, Arrivals, arrivals

BAR_MS = 5.0


def run_all(got: Arrivals, free: FreeRunning, *, to_the_end: bool = True) -> tuple[np.ndarray, np.ndarray, list[Run]]:
    """Running indices, times (ns) and runs of everything in `got`."""
    indices, times, runs = [], [], []

    def take(run: Run) -> None:
        runs.append(run)
        indices.append(np.arange(run.first, run.first + run.n))
        times.append(free.at_ns(run))

    for rows, at_ns in got.bunches():
        free.feed(rows.stop - rows.start, at_ns)
        for run in free.decided(at_ns):
            take(run)
    if to_the_end:
        for run in free.reconnect():
            take(run)
    return np.concatenate(indices), np.concatenate(times), runs


@pytest.mark.parametrize(
    ("seed", "rate_hz", "burst", "ppm", "minutes"),
    [
        (1, 100, 3, 100, 30),
        (2, 100, 1, -100, 3),
        (3, 100, 10, 60, 3),
        (4, 50, 3, -60, 3),
        (5, 50, 1, 100, 3),
        (6, 200, 3, -100, 3),
        (7, 100, 30, 300, 3),
    ],
)
def test_losses_are_exact_and_times_within_5_ms_rms(
    seed: int, rate_hz: float, burst: float, ppm: float, minutes: float
) -> None:
    got = arrivals(seed, rate_hz=rate_hz, seconds=60 * minutes, ppm=ppm, loss=0.01, burst=burst)
    free = FreeRunning(rate_hz)
    indices, times_ns, runs = run_all(got, free)
    injected = int(got.index[-1]) + 1 - len(got.index)
    assert injected > 50
    assert free.lost == sum(run.lost for run in runs) == injected
    assert indices[-1] == got.index[-1]
    errors_ms = (times_ns - got.true_ns) / 1e6
    assert np.sqrt((errors_ms**2).mean()) < BAR_MS
    assert (np.diff(times_ns) > 0).all()
    assert (np.diff(indices) > 0).all()
    assert free.map.drift_ppm == pytest.approx(ppm, abs=40)


@pytest.mark.parametrize("seed", range(4))
def test_no_loss_is_claimed_where_there_is_none(seed: int) -> None:
    got = arrivals(seed, ppm=(-1) ** seed * 300, seconds=120)
    free = FreeRunning(100)
    indices, _, _ = run_all(got, free)
    assert free.lost == 0
    assert len(indices) == len(got.index)


def test_a_stalled_link_that_delivers_everything_later_is_no_loss() -> None:
    got = arrivals(5, seconds=60)
    late = got.arrival_ns.copy()
    stall = (late > STATION_NS + 20e9) & (late < STATION_NS + 22.5e9)
    late[stall] = STATION_NS + int(22.5e9)
    free = FreeRunning(100)
    run_all(Arrivals(got.index, got.true_ns, late, 100, 0), free)
    assert free.lost == 0


def test_the_pause_of_a_reconnection_is_counted_and_the_index_goes_on() -> None:
    got = arrivals(6, ppm=50, seconds=120)
    before, after = got.index < 5000, got.index >= 7345
    free = FreeRunning(100)
    first = run_all(Arrivals(got.index[before], got.true_ns[before], got.arrival_ns[before], 100, 50), free)
    second = run_all(Arrivals(got.index[after], got.true_ns[after], got.arrival_ns[after], 100, 50), free)
    assert free.lost == second[2][0].lost == 2345
    assert second[0][0] == 7345
    assert second[1][0] > first[1][-1]
    assert np.abs(second[1] - got.true_ns[after])[100:].max() < 5e6


def test_samples_wait_only_while_a_step_is_in_sight() -> None:
    got = arrivals(8, seconds=10)
    free = FreeRunning(100)
    indices, _, _ = run_all(got, free, to_the_end=False)
    assert len(got.index) - len(indices) < 15
    holed = (got.index < 880) | (got.index >= 890)
    free = FreeRunning(100)
    indices, _, runs = run_all(
        Arrivals(got.index[holed], got.true_ns[holed], got.arrival_ns[holed], 100, 0), free, to_the_end=False
    )
    assert 85 < holed.sum() - len(indices) < 125
    # too few have come since to claim anything by, and nothing is held for ever
    late = free.decided(int(got.arrival_ns[-1]) + 4_000_000_000)
    assert sum(run.n for run in (*runs, *late)) == holed.sum()
    assert free.lost == sum(run.lost for run in late) == 10


def test_a_second_of_delay_is_no_loss() -> None:
    got = arrivals(9, seconds=30)
    late = got.arrival_ns.copy()
    slow = (late > STATION_NS + 12e9) & (late < STATION_NS + 13.2e9)
    late[slow] += 90_000_000
    free = FreeRunning(100)
    run_all(Arrivals(got.index, got.true_ns, np.maximum.accumulate(late), 100, 0), free)
    assert free.lost == 0
