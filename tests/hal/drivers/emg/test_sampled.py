"""What amplifiers' streams share: losses by counter and by clock, edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.emg.sampled import UNKNOWN, ClockedLoss, EdgeDetector, FrameLosses, Gap, LossDetector


def _counter(*values: int) -> np.ndarray:
    return np.array(values, np.uint16).astype(np.int16)


def test_a_counter_that_counts_has_no_gaps_across_runs_and_its_wrap() -> None:
    losses = LossDetector()
    assert losses.feed(_counter(65533, 65534, 65535, 0, 1)) == []
    assert losses.feed(_counter(2, 3)) == []


def test_gaps_are_found_between_and_inside_runs() -> None:
    losses = LossDetector()
    losses.feed(_counter(10, 11, 12))
    assert losses.feed(_counter(15, 16, 20, 21)) == [Gap(0, 2), Gap(2, 3)]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40))
def test_every_loss_is_counted(lost: list[int]) -> None:
    losses, counter, found = LossDetector(), 0, 0
    for missing in [0, *lost]:
        counter += missing
        run = np.arange(counter, counter + 50) & 0xFFFF
        counter += 50
        found += sum(gap.lost for gap in losses.feed(run.astype(np.uint16).astype(np.int16)) or [])
    assert found == sum(lost)


def test_a_counter_that_stands_still_is_said_so_and_claims_no_loss() -> None:
    losses = LossDetector()
    assert losses.feed(_counter(5, 5, 5, 5)) == []
    assert losses.stuck


def total(counter: np.ndarray, chunk: int) -> tuple[int, bool]:
    """What is found lost in a counter fed in pieces, and whether it was once unknown."""
    losses = LossDetector()
    gaps = [gap for at in range(0, len(counter), chunk) for gap in losses.feed(counter[at : at + chunk]) or []]
    return sum(gap.lost for gap in gaps if gap.lost != UNKNOWN), any(gap.lost == UNKNOWN for gap in gaps)


CHUNKS = (20, 25, 41, 100)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("wrong", [-1, 0, 5, 139, 141, 30_000, 40_000])
def test_one_wrong_value_of_the_counter_is_no_loss(chunk: int, wrong: int) -> None:
    counter = np.arange(300)
    counter[140] = wrong
    assert total(counter, chunk) == (0, False)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("again", [0, 50, 139, 140])
def test_a_counter_that_goes_back_is_left_to_the_clock(chunk: int, again: int) -> None:
    counter = np.concatenate((np.arange(140), np.arange(again, again + 160) - (again == 140)))
    assert total(counter, chunk) == (0, True)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_loss_after_a_step_back_and_one_before_a_wrong_value_are_counted(chunk: int) -> None:
    counter = np.concatenate((np.arange(90), np.arange(60, 120), np.arange(127, 300)))
    assert total(counter, chunk) == (7, True)
    counter = np.concatenate((np.arange(90), np.arange(95, 300)))
    counter[130] = 3
    assert total(counter, chunk) == (5, False)


def test_a_loss_is_believed_once_the_next_value_bears_it_out() -> None:
    losses = LossDetector()
    assert [losses.feed(_counter(value)) for value in (1, 2, 5, 6, 9, 10)] == [[], [], [], [Gap(0, 2)], [], [Gap(0, 2)]]


def test_noise_instead_of_a_counter_means_lost_alignment() -> None:
    losses = LossDetector()
    losses.feed(_counter(*range(100)))
    assert losses.feed(np.random.default_rng(1).integers(-99, 99, 100, dtype=np.int16)) is None


def test_edges_with_hysteresis() -> None:
    edges = EdgeDetector(1000)
    line = np.array([0, 400, 1000, 900, 600, 1001, 499, 999, 1000, 2000], np.int16)
    assert edges.feed(line) == [2, 8], "600 is not yet low again, 499 is"


def test_a_line_high_from_the_start_has_not_risen() -> None:
    edges = EdgeDetector(1000)
    assert edges.feed(np.array([5000, 5000, 0, 5000], np.int16)) == [3]


@given(st.lists(st.integers(-2000, 2000), min_size=1, max_size=200), st.integers(1, 17))
def test_edges_do_not_depend_on_chunks(line: list[int], chunk: int) -> None:
    samples = np.array(line, np.int16)
    whole, pieces = EdgeDetector(1000), EdgeDetector(1000)
    found = [at + row for at in range(0, len(samples), chunk) for row in pieces.feed(samples[at : at + chunk])]
    assert found == whole.feed(samples)


@pytest.mark.parametrize("modulus", [16, 256])
@given(st.data())
def test_small_counters_show_losses_below_a_turn(modulus: int, data: st.DataObject) -> None:
    lost = data.draw(st.lists(st.integers(0, modulus - 2), max_size=20))
    losses, counter, found = FrameLosses(modulus), 0, 0
    for missing in [0, *lost]:
        counter += missing
        run = np.arange(counter, counter + 50) % modulus
        counter += 50
        found += sum(gap.lost for gap in losses.feed(run))
    assert found == sum(lost)


def clocked(loss: ClockedLoss, rate_hz: float, gone: dict[int, int], *, seconds: float = 20.0, seed: int = 1) -> int:
    """What `loss` finds when samples arrive in bunches 10 to 60 ms late, `gone` samples missing at a sample."""
    rng = np.random.default_rng(seed)
    found = index = taken = 0
    now_s = 0.0
    while taken < seconds * rate_hz:
        ready_s = taken / rate_hz + rng.uniform(0.010, 0.060)
        now_s = max(now_s, ready_s)
        step = max(1, round(rng.uniform(0.01, 0.03) * rate_hz))
        lost = sum(n for at, n in gone.items() if taken <= at < taken + step)
        taken += step
        index += step - lost
        found += loss.feed(max(now_s, taken / rate_hz) * (1 + 100e-6), index + found)
    return found


@pytest.mark.parametrize(("rate_hz", "turn", "gone"), [(1000.0, 16, 64), (250.0, 256, 256), (2000.0, 1, 150)])
def test_losses_that_no_counter_shows_are_found_by_the_clock(rate_hz: float, turn: int, gone: int) -> None:
    loss = ClockedLoss(rate_hz, turn=turn, least_s=0.02)
    found = clocked(loss, rate_hz, {int(10 * rate_hz): gone})
    assert found == pytest.approx(gone, abs=0 if turn > 1 else 12)


@pytest.mark.parametrize("seed", range(5))
def test_late_bunches_are_no_loss(seed: int) -> None:
    assert clocked(ClockedLoss(1000.0, turn=16, least_s=0.02), 1000.0, {}, seed=seed) == 0


def test_a_stall_that_is_made_up_for_is_no_loss() -> None:
    loss = ClockedLoss(250.0, turn=256)
    found = sum(loss.feed(at / 50, at * 5) for at in range(600))
    found += loss.feed(600 / 50 + 3.0, 600 * 5)
    found += sum(loss.feed(at / 50, at * 5) for at in range(751, 1500))
    assert found == 0
