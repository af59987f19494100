import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.station.present import Present
from bedside.station.ring import Ring
from bedside.station.sweeps import LATE_S, SweepBook


def ramp(start: int, count: int) -> np.ndarray:
    return np.stack([np.arange(start, start + count), -np.arange(start, start + count)], axis=1).astype(np.int16)


@given(sizes=st.lists(st.integers(1, 90), min_size=1, max_size=30))
def test_a_window_holds_exactly_the_samples_of_its_indices(sizes: list[int]) -> None:
    ring = Ring(100, 2)
    at = 0
    for size in sizes:
        ring.append(at, ramp(at, size))
        at += size
    oldest = max(0, at - 100)
    window = ring.window(oldest, at)
    assert window is not None
    assert np.array_equal(window, ramp(oldest, at - oldest))
    assert ring.window(oldest - 1, at) is None
    assert ring.window(oldest, at + 1) is None


def test_no_window_spans_lost_samples() -> None:
    ring = Ring(100, 2)
    ring.append(0, ramp(0, 30))
    ring.append(40, ramp(40, 30))
    assert ring.window(20, 45) is None
    assert ring.window(0, 30) is not None
    assert ring.window(40, 70) is not None


def test_an_amplifier_that_starts_again_starts_a_new_ring() -> None:
    ring = Ring(100, 2)
    ring.append(500, ramp(500, 50))
    ring.append(0, ramp(0, 20))
    assert ring.window(0, 20) is not None
    assert ring.window(510, 520) is None


def test_a_block_larger_than_the_ring_keeps_its_newest_part() -> None:
    ring = Ring(100, 2)
    ring.append(0, ramp(0, 250))
    window = ring.window(150, 250)
    assert window is not None
    assert window[0, 0] == 150


def test_a_pulse_is_complete_only_when_its_whole_sweep_is_there() -> None:
    book = SweepBook(1000.0)
    book.expect(7, 100)
    book.trigger(150)
    assert book.complete(449) is None
    done = book.complete(450)
    assert done is not None
    assert (done.pulse, done.zero) == (7, 150)
    assert book.complete(10_000) is None


def test_a_trigger_before_the_pulse_was_asked_for_is_not_its_own() -> None:
    book = SweepBook(1000.0)
    book.expect(7, 100)
    book.trigger(99)
    assert book.complete(10_000) is None


def test_a_trigger_is_missing_when_the_samples_of_its_time_have_come_without_it() -> None:
    book = SweepBook(1000.0)
    book.expect(3, 100)
    assert book.missing(10**9, 1e9) is None
    book.reported(3, 400, 10.0)
    assert book.missing(399, 10.1) is None
    missing = book.missing(400, 10.1)
    assert missing is not None
    assert missing.pulse == 3
    assert "trigger cable" in missing.reason


def test_samples_that_do_not_come_are_waited_for_and_then_given_up() -> None:
    book = SweepBook(1000.0)
    book.expect(3, 100)
    book.reported(3, 400, 10.0)
    assert book.missing(150, 10.0 + LATE_S - 0.01) is None
    missing = book.missing(150, 10.0 + LATE_S)
    assert missing is not None
    assert "too late" in missing.reason


def test_a_trigger_after_the_report_is_not_the_pulse_s_own() -> None:
    book = SweepBook(1000.0)
    book.expect(3, 100)
    book.reported(3, 400, 10.0)
    book.trigger(400)
    assert book.complete(10_000) is None


def test_the_present_is_judged_by_the_promptest_blocks() -> None:
    present = Present(1000.0)
    assert present.sample(5.0) == 0
    for now_s, delay_s in ((10.0, 0.3), (10.1, 0.02), (10.2, 4.0), (10.3, 4.0)):
        present.heard(round((now_s - delay_s) * 1000), now_s)
    assert present.sample(10.3) == pytest.approx(10_280, abs=1)


def test_the_present_follows_an_amplifier_that_is_slower_than_the_clock() -> None:
    present = Present(1000.0)
    for second in range(3600):
        present.heard(round(second * 1000 * (1 - 1e-4)), float(second))
    assert present.sample(3599.0) == pytest.approx(3599 * 1000 * (1 - 1e-4), abs=2)


def test_an_amplifier_that_counts_anew_is_judged_anew() -> None:
    present = Present(1000.0)
    present.heard(500_000, 10.0)
    present.restart()
    present.heard(20, 10.1)
    assert present.sample(10.2) == pytest.approx(120, abs=1)


def test_a_cancelled_pulse_takes_no_trigger() -> None:
    book = SweepBook(1000.0)
    book.expect(3, 100)
    book.cancel()
    book.trigger(120)
    assert book.complete(10_000) is None
