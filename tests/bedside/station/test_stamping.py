"""An amplifier's blocks come late and in heaps; their times stay even."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bedside.station.stamping import Stamping
from hal.roles import EmgBlock

RATE_HZ, ROWS, START_NS = 5120.0, 103, 7_000_000_000_000


def blocks(seconds: float, *, ppm: float = 0.0, index: int = 0, start_s: float = 0.0) -> Iterator[tuple[EmgBlock, int]]:
    """Blocks with the true time of their first sample: most arrive at once, some 5 to 80 ms late and with the next."""
    rng = np.random.default_rng(1)
    period_s = (1 + ppm / 1e6) / RATE_HZ
    arrived_s = 0.0
    for first in range(0, int(seconds * RATE_HZ), ROWS):
        taken_s = start_s + first * period_s
        late_s = rng.uniform(0.005, 0.08) if rng.random() < 0.1 else rng.exponential(0.0003)
        arrived_s = max(arrived_s, taken_s + ROWS * period_s + late_s)
        counts = np.zeros((ROWS, 8), np.int16)
        block = EmgBlock(START_NS + round(arrived_s * 1e9), counts, 0.5, RATE_HZ, index + first)
        yield block, START_NS + round(taken_s * 1e9)


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_times_are_even_and_within_two_milliseconds_though_blocks_are_late(ppm: float) -> None:
    stamping = Stamping(RATE_HZ)
    told = np.array([(stamping.first_ns(block), true_ns, block.mono_ns) for block, true_ns in blocks(60, ppm=ppm)])
    errors_ms = (told[:, 0] - told[:, 1]) / 1e6
    assert (np.diff(told[:, 0]) > 0).all()
    assert np.abs(errors_ms[100:]).max() < 2.0
    by_arrival_ms = (told[:, 2] - ROWS / RATE_HZ * 1e9 - told[:, 1]) / 1e6
    assert by_arrival_ms.max() > 50.0, "stamping by arrival would have done"


def test_no_sample_lies_before_one_that_was_recorded_earlier() -> None:
    stamping, ends, begins = Stamping(RATE_HZ), [], []
    for number, (block, _) in enumerate(blocks(30, ppm=100.0)):
        # the whole delay falls by 2 ms now and then: the map moves back
        late_ns = 6_000_000 - 2_000_000 * min(number // 300, 3)
        begins.append(stamping.first_ns(replace(block, mono_ns=block.mono_ns + late_ns)))
        ends.append(begins[-1] + round((ROWS - 1) * 1e9 / RATE_HZ))
    over_ns = np.array(ends[:-1]) - np.array(begins[1:])
    assert over_ns.max() < 0.5e9 / RATE_HZ, "more than a crystal's share of one block"


@pytest.mark.parametrize("stall_s", [0.3, 0.9, 3.0])
def test_a_stall_moves_no_time(stall_s: float) -> None:
    stamping, begins, errors_ms = Stamping(RATE_HZ), [], []
    back_ns = START_NS + round((6.0 + stall_s) * 1e9)
    for block, true_ns in blocks(20):
        # nothing is read for so long, and then everything that waited at once
        stalled = START_NS + 6_000_000_000 < block.mono_ns < back_ns
        begins.append(stamping.first_ns(replace(block, mono_ns=back_ns) if stalled else block))
        errors_ms.append((begins[-1] - true_ns) / 1e6)
    assert np.diff(begins).min() > 0.9e9 * ROWS / RATE_HZ, "no block reaches into the next"
    assert np.abs(errors_ms[100:]).max() < 2.0


def test_a_delay_that_stays_is_taken_for_the_new_one_and_the_times_go_on_rising() -> None:
    stamping, begins, errors_ms = Stamping(RATE_HZ), [], []
    for block, true_ns in blocks(20):
        late_ns = 400_000_000 if true_ns > START_NS + 6_000_000_000 else 0
        begins.append(stamping.first_ns(replace(block, mono_ns=block.mono_ns + late_ns)))
        errors_ms.append((begins[-1] - late_ns - true_ns) / 1e6)
    assert np.diff(begins).min() > 0
    assert np.abs(errors_ms[-400:]).max() < 2.0


def test_after_a_hole_that_was_estimated_the_times_are_right_again() -> None:
    stamping = Stamping(RATE_HZ)
    before = [block for block, _ in blocks(5)]
    for block in before:
        stamping.first_ns(block)
    after = list(blocks(5, index=before[-1].first_sample + ROWS + 4720, start_s=6.02))
    marked = [(replace(block, lost=4720 * (number == 0)), true_ns) for number, (block, true_ns) in enumerate(after)]
    errors_ms = [(stamping.first_ns(block) - true_ns) / 1e6 for block, true_ns in marked]
    assert np.abs(errors_ms[110:]).max() < 2.0


def test_a_counted_loss_moves_no_time() -> None:
    stamping, errors_ms = Stamping(RATE_HZ), []
    for number, (block, true_ns) in enumerate(blocks(10)):
        if number % 50 != 40:
            counted = replace(block, lost=ROWS * (number % 50 == 41))
            errors_ms.append((stamping.first_ns(counted) - true_ns) / 1e6)
    assert np.abs(errors_ms[20:]).max() < 2.0


def test_a_sender_whose_rate_is_not_what_it_says_never_strays_far() -> None:
    stamping = Stamping(RATE_HZ)
    strays_ms = [(stamping.first_ns(block) - true_ns) / 1e6 for block, true_ns in blocks(120, ppm=20_000.0)]
    assert np.abs(strays_ms).max() < 400.0


def test_an_amplifier_that_counts_anew_is_followed() -> None:
    stamping = Stamping(RATE_HZ)
    for block, _ in blocks(5):
        stamping.first_ns(block)
    again = list(blocks(5, start_s=7.0))
    errors_ms = [(stamping.first_ns(block) - true_ns) / 1e6 for block, true_ns in again]
    assert np.abs(errors_ms[100:]).max() < 2.0
