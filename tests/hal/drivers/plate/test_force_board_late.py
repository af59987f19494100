"""A force board of which nothing arrives for a while and then everything: nothing is lost, and no time moves."""

from typing import Any

import numpy as np
import pytest

from hal.drivers.plate.force_board import ForceBoard
from hal.sim.crc8 import check
from tests.helpers.plates import Heard

START_NS = 10**13
RATE_HZ, DRIFT, DELAY_S = 80.0, 40e-6, (0.001, 0.004)
LASTS_S = 12.0
OPTIONS = {"gains_kg_per_count": [5e-5] * 4, "zero_counts": [0.0] * 4}


class NoPort:
    """What the driver asks of its port while a test hands it the bytes."""

    address, is_open = "serial:/dev/null", True

    def write(self, data: bytes) -> None:
        """Nobody listens."""


def _line(number: int, rng: np.random.Generator, period_us: int = 12_500) -> bytes:
    words = (number & 0xFFFF, (number * period_us + 2**32 - 4_000_000) % 2**32, *rng.integers(10**5, 2 * 10**5, 4))
    body = f"B,{','.join(map(str, words))},".encode()
    return body + b"%02x\r\n" % check(body)


async def told(at_s: float, stall_s: float) -> tuple[ForceBoard, Heard, np.ndarray]:
    """The board, what it published, and the error of each sample's time beside the shortest delay (ms)."""
    now, port = [START_NS], NoPort()
    made: Any = ForceBoard
    board = made("plate", lambda: now[0], port, OPTIONS)
    heard, rng = Heard(board), np.random.default_rng(2)
    board.on_link_up()
    taken_s = np.arange(int(LASTS_S * RATE_HZ)) * (1 + DRIFT) / RATE_HZ
    for number, at in enumerate(taken_s + rng.uniform(*DELAY_S, taken_s.size)):
        arrival_s = at_s + stall_s if at_s <= at < at_s + stall_s else at
        now[0] = max(now[0], START_NS + round(arrival_s * 1e9))
        board.on_bytes(_line(number, rng))
    board._release_held()
    board.flush()
    times = heard.joined()[2]
    return board, heard, ((times - START_NS) / 1e9 - taken_s - DELAY_S[0]) * 1e3


@pytest.mark.parametrize("stall_s", [0.2, 1.0, 2.9])
async def test_what_comes_late_is_neither_lost_nor_moved_in_time(stall_s: float) -> None:
    board, heard, wrong_ms = await told(6.0, stall_s)
    heard.check_order()
    assert (board.vitals.lost, board.dropped) == (0, 0)
    assert heard.blocks[-1].first_sample + len(heard.blocks[-1].sample_ns) == len(wrong_ms)
    assert np.abs(wrong_ms).max() < 5.0


async def test_what_waited_in_the_port_before_it_was_opened_has_its_own_time() -> None:
    board, _, wrong_ms = await told(0.0, 1.2)
    assert board.vitals.lost == 0
    assert np.abs(wrong_ms).max() < 20.0


async def test_what_waits_for_the_clock_outlives_its_link() -> None:
    board, heard, _ = await told(0.0, 0.0)
    before = heard.rows
    board.on_link_up()
    board.on_bytes(_line(2000, np.random.default_rng(1)))
    assert heard.rows == before, "it waits for the clock"
    board.on_link_up()
    board.flush()
    assert heard.rows == before + 1


@pytest.mark.parametrize(("period_us", "said"), [(100_000, ["it takes 10 samples a second, not 80"]), (11_000, [])])
async def test_converters_at_another_rate_are_told_and_no_loss_is_made_of_it(period_us: int, said: list[str]) -> None:
    now, port, rng = [START_NS], NoPort(), np.random.default_rng(1)
    made: Any = ForceBoard
    board = made("plate", lambda: now[0], port, OPTIONS)
    board.on_link_up()
    for number in range(120):
        now[0] += period_us * 1000
        board.on_bytes(_line(number, rng, period_us))
    board._release_held()
    assert [part.what for part in board.vitals.attention] == said
    assert board.vitals.lost == 0
