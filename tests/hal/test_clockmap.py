"""The clock map: accurate at 100 ppm and bunches of 10 to 60 ms, never out of order, and better than a mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.clockmap import ClockMap
from tests.helpers.arrivals import STATION_NS, Arrivals, arrivals

BAR_MS = 2.0
WARM_S = 3.0


def mapped_ms(got: Arrivals, clock: ClockMap) -> np.ndarray:
    """Error (ms) of every sample, mapped as it arrives; the device counts 10 us in 32 bits from near the wrap."""
    errors = []
    for rows, at_ns in got.bunches():
        counts = [clock.unwrap(int(i * 1000 + 2**32 - 30_000) % 2**32, at_ns) for i in got.index[rows]]
        clock.feed(counts[-1], at_ns)
        errors.append((clock.at_ns(counts) - got.true_ns[rows]) / 1e6)
    return np.concatenate(errors)


@pytest.mark.parametrize("seed", range(8))
def test_two_devices_agree_within_2_ms(seed: int) -> None:
    worst = 0.0
    for number, ppm in enumerate((100.0, -100.0)):
        got = arrivals(2 * seed + number, ppm=ppm, loss=0.01)
        clock = ClockMap(1e4, bits=32)
        errors_ms = mapped_ms(got, clock)
        warm = got.true_ns - STATION_NS > WARM_S * 1e9
        worst += np.abs(errors_ms[warm]).max()
        assert clock.drift_ppm == pytest.approx(ppm, abs=15)
        assert clock.offset_ms == pytest.approx(ppm * 58 / 1e3, abs=1.5)
        assert 5 < clock.spread_ms < 65
    assert worst < BAR_MS


def test_after_a_reconnect_the_map_is_right_again_and_the_drift_is_not_forgotten() -> None:
    got = arrivals(11, ppm=80.0, seconds=90)
    clock = ClockMap(1e4, bits=32)
    clock_at = []
    cut = int(40e9) + STATION_NS
    for rows, at_ns in got.bunches():
        if cut <= at_ns < cut + int(20e9):
            if clock.known:
                clock.restart()
            continue
        # a device that counts from zero again after the pause
        base = 0 if at_ns < cut else 5_900_000
        counts = [clock.unwrap(int(i * 1000 - base) % 2**32, at_ns) for i in got.index[rows]]
        clock.feed(counts[-1], at_ns)
        clock_at.append((at_ns, clock.at_ns(counts), got.true_ns[rows]))
    errors = [(at, np.abs(times - true).max() / 1e6) for at, times, true in clock_at]
    assert max(error for at, error in errors if at > cut + int(20e9 + WARM_S * 1e9)) < BAR_MS
    assert np.diff(np.concatenate([times for _, times, _ in clock_at])).min() > 0
    assert clock.drift_ppm == pytest.approx(80, abs=15)


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 10**9)), min_size=1, max_size=60),
    st.sets(st.integers(0, 59), max_size=4),
)
@settings(max_examples=80, deadline=None)
def test_times_rise_strictly_whatever_arrives(steps: list[tuple[int, int]], restarts: set[int]) -> None:
    clock, count, now_ns, times = ClockMap(1e7), 0, STATION_NS, []
    for number, (samples, wait_ns) in enumerate(steps):
        now_ns += wait_ns
        if number in restarts:
            clock.restart()
        counts = np.arange(count, count + samples)
        clock.feed(int(counts[-1]), now_ns)
        times.append(clock.at_ns(counts))
        count += samples
    assert (np.diff(np.concatenate(times)) > 0).all()


@given(st.sampled_from((8, 16, 32)), st.lists(st.integers(1, 100), min_size=2, max_size=200), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_counters_are_unwrapped_over_bunches_and_losses(bits: int, steps: list[int], start: int) -> None:
    clock, count, arrival_ns = ClockMap(1e7, bits=bits), start % 2**bits, STATION_NS
    rng = np.random.default_rng(start)
    for step in steps:
        got = clock.unwrap(count % 2**bits, arrival_ns + int(rng.uniform(0, 60e6)))
        clock.feed(got, arrival_ns + int(rng.uniform(0, 60e6)))
        assert got == count
        count, arrival_ns = count + step, arrival_ns + step * 10**7


def test_a_pause_of_several_turns_is_unwrapped_by_time() -> None:
    clock = ClockMap(1e7, bits=8)
    clock.feed(clock.unwrap(250, STATION_NS), STATION_NS)
    later = STATION_NS + 1000 * 10**7 + 40_000_000
    assert clock.unwrap((250 + 1000) % 256, later) == 1250


def test_repeats_and_late_counts_teach_nothing() -> None:
    clock = ClockMap(1e7)
    clock.feed(100, STATION_NS)
    clock.feed(100, STATION_NS - 10**8)
    clock.feed(90, STATION_NS - 10**9)
    assert clock.at_ns([100]) == [STATION_NS]


def test_nothing_is_mapped_before_anything_arrived() -> None:
    with pytest.raises(ValueError, match="nothing has arrived"):
        ClockMap(1e7).at_ns([1])
