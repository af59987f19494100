"""Blocks of an amplifier: their running index over losses that were counted, and over those only the clock tells."""

import numpy as np
import pytest

from hal.drivers.emg.emg_blocks import BlockMaker
from hal.drivers.emg.sampled import Gap, LossDetector

RATE_HZ, ROWS = 1000.0, 20


def fed(counter: np.ndarray, arrived_s: np.ndarray) -> BlockMaker:
    """A counter's runs of 20 with their arrivals (s), through loss detector and block maker."""
    losses, maker = LossDetector(), BlockMaker(1.0, RATE_HZ)
    for run, at_s in zip(counter.reshape(-1, ROWS), arrived_s, strict=True):
        gaps = losses.feed(run)
        assert gaps is not None
        maker.cut(np.zeros((ROWS, 1), np.int16), gaps, [], round(at_s * 1e9))
    return maker


def test_a_counter_that_begins_anew_after_a_pause_leaves_what_was_missed_to_the_clock() -> None:
    counter = np.concatenate((np.arange(1000), np.arange(600)))
    arrived_s = (np.arange(80) + 1) * ROWS / RATE_HZ + np.where(np.arange(80) >= 50, 0.5, 0.0)
    maker = fed(counter, arrived_s)
    assert maker.lost == 500
    assert maker.next_sample == 2100


def test_a_counter_that_repeats_a_value_costs_no_sample() -> None:
    counter = np.concatenate((np.arange(1000), np.arange(999, 1599)))
    maker = fed(counter, (np.arange(80) + 1) * ROWS / RATE_HZ)
    assert (maker.lost, maker.next_sample) == (0, 1600)


@pytest.mark.parametrize("counted", [0, 7])
def test_what_is_counted_after_a_reconnection_is_not_missed_twice(counted: int) -> None:
    maker = BlockMaker(1.0, RATE_HZ)
    maker.cut(np.zeros((ROWS, 1), np.int16), [], [], 1_000_000_000)
    maker.restart()
    gaps = [Gap(5, counted)] if counted else []
    blocks = maker.cut(np.zeros((ROWS, 1), np.int16), gaps, [], 2_000_000_000)
    assert sum(block.lost for block in blocks) == maker.lost == 1000 - ROWS
    assert maker.next_sample == 1000 + ROWS
