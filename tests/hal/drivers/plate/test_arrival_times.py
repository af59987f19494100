"""Samples without a clock: what comes in one heap had waited, and is neither lost nor all of one moment."""

from typing import Any

import numpy as np
import pytest

from hal.drivers.plate import balance_board_codec as codec
from hal.drivers.plate.arrival_times import QUEUE, ArrivalTimes
from hal.drivers.plate.balance_board import BalanceBoard
from tests.helpers.plates import Heard

MS = 1_000_000


def times(*arrivals_ms: float) -> list[float]:
    """The times (ms) of samples that arrived then."""
    arrivals, told = ArrivalTimes(100.0), []
    for number, at_ms in enumerate(arrivals_ms):
        told += arrivals.arrived((number,), round(at_ms * MS))
    told += arrivals.rest()
    assert [one.counts for one in told] == [(number,) for number in range(len(arrivals_ms))]
    assert [one.arrived_ns for one in told] == [round(at_ms * MS) for at_ms in arrivals_ms]
    return [one.at_ns / MS for one in told]


def test_a_sample_that_comes_alone_is_taken_when_it_arrives() -> None:
    assert times(0, 13, 20, 37, 44) == [0, 13, 20, 37, 44]


def test_a_heap_is_spread_over_the_time_in_which_it_waited() -> None:
    assert times(0, 10, 50, 50.1, 50.2, 50.3, 60) == pytest.approx([0, 10, 20.3, 30.3, 40.3, 50.3, 60])
    # more came than fit in: closer together, and never before what was there
    assert times(0, 10, 30, 30, 30, 30, 30) == [0, 10, 14, 18, 22, 26, 30]
    assert times(5, 5.5, 6) == [-14, -4, 6]


def test_a_full_queue_holds_the_oldest_of_what_waited() -> None:
    told = times(0, 10, *[2000.0] * QUEUE, 2010)
    assert told[2:4] == [20, 30]
    assert told[-2:] == [10 + 10 * QUEUE, 2010]


def test_how_late_arrivals_are_is_told_once_there_are_enough() -> None:
    arrivals = ArrivalTimes(100.0)
    for number in range(100):
        arrivals.arrived((number,), number // 4 * 40 * MS)
        if number == 40:
            assert arrivals.spread_ms is None
    assert arrivals.spread_ms == pytest.approx(30.0)


class NoNode:
    """What the driver asks of its link while a test hands it the reports."""

    address, is_open = "hid:/dev/null", True

    def write(self, data: bytes) -> None:
        """Nobody listens."""


@pytest.mark.parametrize("stall_s", [0.2, 0.6])
async def test_of_a_stalled_program_nothing_is_lost_and_times_stay_where_they_were(stall_s: float) -> None:
    now, node = [10**13], NoNode()
    made: Any = BalanceBoard
    board = made("board", lambda: now[0], node, {})
    heard, rng = Heard(board), np.random.default_rng(1)
    board._calibration, board._streaming = codec.BoardCalibration((2000,) * 4, (4000,) * 4, (6000,) * 4), True
    taken_s = np.arange(500) / 100.0 + rng.uniform(-0.001, 0.001, 500)
    for at_s in taken_s:
        arrival_s = 2.0 + stall_s if 2.0 <= at_s < 2.0 + stall_s else at_s
        now[0] = max(now[0], 10**13 + round(arrival_s * 1e9))
        weights = rng.integers(3000, 4000, 4).astype(">u2").tobytes()
        board.on_bytes(b"\x32\x00\x00" + weights)
    board._pass_on(board._arrivals.rest())
    board.flush()
    heard.check_order()
    assert board.vitals.lost == 0
    wrong_ms = ((heard.joined()[2] - 10**13) / 1e9 - taken_s) * 1e3
    assert np.abs(wrong_ms).max() < 15.0, "a period and the reports' own jitter"
