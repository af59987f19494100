"""Plates pulled and plugged in again and again: every gap marked, nothing twice, nothing out of order."""

from pathlib import Path

import numpy as np
import pytest

from hal.drivers.plate.balance_board import BalanceBoard
from hal.drivers.plate.force_board import ForceBoard
from hal.drivers.plate.plate_stream import StreamingPlate
from hal.links.hid import HidLink
from hal.links.serial import SerialLink
from hal.sim.far_end import Surroundings
from hal.sim.plate.balance_board_device import BalanceBoardDevice
from hal.sim.plate.force_board_device import ForceBoardDevice
from hal.supervised import Patience
from tests.helpers.far_ends import finishes, until
from tests.helpers.plates import Heard, served, station_clock, strike, surroundings

PATIENCE = Patience(silence_s=0.4, reopen_s=0.8, first_retry_s=0.01, last_retry_s=0.03)
OPTIONS = {"gains_kg_per_count": [5e-5] * 4, "zero_counts": [0.0] * 4}
PULLS = 10


def _pair(kind: str, around: Surroundings) -> tuple[BalanceBoardDevice | ForceBoardDevice, StreamingPlate]:
    if kind == "balance_board":
        board = BalanceBoardDevice(around)
        node = HidLink(board.address, path=board.address.removeprefix("hid:"))
        return board, BalanceBoard("plate", station_clock(around), node, None, PATIENCE)
    cells = ForceBoardDevice(around)
    port = SerialLink(cells.address, path=cells.address.removeprefix("serial:"), baud=115_200)
    return cells, ForceBoard("plate", station_clock(around), port, OPTIONS, PATIENCE)


@pytest.mark.parametrize("kind", ["balance_board", "force_board"])
async def test_pulled_again_and_again(tmp_path: Path, kind: str) -> None:
    around, random = surroundings(tmp_path, kind, speed=3.0), np.random.default_rng(4)
    far_end, plate = _pair(kind, around)
    heard = Heard(plate)
    async with served(far_end):
        await finishes(plate.open())
        for pull in range(PULLS):
            before = heard.rows
            await until(lambda before=before: heard.rows >= before + 8)
            fault = strike(around, f"cable_out@0+{random.uniform(0.05, 0.3):.3f}")
            await until(lambda pull=pull: plate.health.reconnects == pull + 1)
            assert fault.fired_at_s is not None
        before = heard.rows
        await until(lambda: heard.rows >= before + 8)
        heard.check_order()
        assert sum(1 for block in heard.blocks if block.lost) == PULLS
        await finishes(plate.close())
