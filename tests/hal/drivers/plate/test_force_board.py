"""The force board's driver and its far end over a real pseudo-terminal."""

from pathlib import Path

import numpy as np
import pytest

from hal.device import Refused, SetupError
from hal.drivers.plate.force_board import ForceBoard
from hal.drivers.plate.plate_math import solve_gains
from hal.drivers.plate.plate_stream import FROZEN, UNZEROED
from hal.links.serial import SerialLink
from hal.roles import ForcePlate
from hal.sim.far_end import Surroundings
from hal.sim.plate.force_board_device import NOMINAL_KG_PER_COUNT, ForceBoardDevice, dual, single
from hal.supervised import Patience
from tests.helpers.far_ends import finishes, until
from tests.helpers.plates import Heard, served, station_clock, strike, surroundings

PATIENCE = Patience(silence_s=0.4, reopen_s=0.8, first_retry_s=0.02, last_retry_s=0.1)
SPEED = 3.0
"""Simulated seconds a real one: a driver waits in real seconds, the rest is simulated."""
NOMINAL = {"gains_kg_per_count": [NOMINAL_KG_PER_COUNT] * 4}
DUAL = {"gains_kg_per_count": [NOMINAL_KG_PER_COUNT] * 8, "boards": 2, "spacing_cm": [14.0, 28.0]}
ZEROED = {**NOMINAL, "zero_counts": [0.0] * 4}


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return surroundings(tmp_path, "force_board", speed=SPEED)


@pytest.fixture
def far_end(around: Surroundings) -> ForceBoardDevice:
    return ForceBoardDevice(around, rate_hz=100.0)


def _board(far_end: ForceBoardDevice, options: dict[str, object]) -> ForceBoard:
    link = SerialLink(far_end.address, path=far_end.address.removeprefix("serial:"), baud=ForceBoard.default_baud)
    return ForceBoard("board", station_clock(far_end.source.around), link, options, PATIENCE)


async def test_a_person_is_weighed_after_a_tare(far_end: ForceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end, NOMINAL)
        heard = Heard(board)
        assert isinstance(board, ForcePlate)
        await finishes(board.open())
        await until(lambda: heard.rows >= 60)
        assert board.rate_hz == 100.0, "as the board's header says"
        assert UNZEROED in board.vitals.notes
        zero = await board.zero()
        assert zero == pytest.approx(far_end.offsets * NOMINAL_KG_PER_COUNT, abs=0.01)
        assert board.vitals.notes == ("not calibrated: its loads are nominal",)
        far_end.stander.lean(3.0, -2.0)
        far_end.stander.step_on()
        before = heard.rows
        await until(lambda: heard.rows >= before + 180, 10)
        loads, cop, times = heard.joined()
        heard.check_order()
        assert loads[-30:].sum(axis=1).mean() == pytest.approx(far_end.stander.mass_kg, rel=0.005)
        assert np.abs(cop[-30:].mean(axis=0) - (3.0, -2.0)).max() < 2.0
        assert np.isnan(cop[20]).all()
        vitals = board.vitals
        assert (vitals.lost, board.health.dropped) == (0, 0)
        # a heap of late samples passes for a higher rate until it has left the window
        await until(lambda: board.vitals.rate_hz == pytest.approx(100, abs=8), 15)
        assert vitals.clock_spread_ms is not None
        assert np.diff(times[50:]).std() < 1e6, "the board's clock, not the arrivals"
        with pytest.raises(Refused, match=r"not (still|empty)") as refused:
            await board.zero()
        assert "step off" in refused.value.remedy
        await finishes(board.close())


async def test_the_whole_conversation(far_end: ForceBoardDevice) -> None:
    said = bytearray()
    obey = far_end.port._on_bytes
    far_end.port._on_bytes = lambda data: (said.extend(data), obey(data))[1]
    async with served(far_end):
        board = _board(far_end, ZEROED)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 30)
        await finishes(board.close())
    assert said == b"?\n"


async def test_two_boards_share_the_load(tmp_path: Path) -> None:
    far_end = dual(surroundings(tmp_path, "force_board_dual", speed=SPEED))
    far_end.stander.put(60.0, 5.0, 2.0)
    async with served(far_end):
        board = _board(far_end, {**DUAL, "zero_counts": [float(offset) for offset in far_end.offsets]})
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        assert (board.boards, board.side) == (2, "both")
        loads, cop, _ = heard.joined()
        assert loads.shape[1] == 8
        right = loads[:, 4:].sum() / loads.sum()
        assert right == pytest.approx(0.5 + 5.0 / 30.0, abs=0.003)
        assert cop.mean(axis=0) == pytest.approx((5.0, 2.0), abs=0.05)
        await finishes(board.close())


async def test_a_known_mass_on_the_corners_gives_the_gains(far_end: ForceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end, NOMINAL)
        heard = Heard(board)
        await finishes(board.open())

        async def mean_counts() -> tuple[float, ...]:
            before = heard.rows
            await until(lambda: heard.rows >= before + 60)
            return board.mean_counts()

        zero = await mean_counts()
        placings = []
        for x_cm, y_cm in ((-14, 14), (14, 14), (-14, -14), (14, -14), (0, 0)):
            far_end.stander.put(20.0, x_cm, y_cm)
            placings.append(await mean_counts())
        found = solve_gains(np.array(placings), np.array(zero), 20.0)
        assert found.gains_kg_per_count == pytest.approx(far_end.gains_kg_per_count, rel=1e-3)
        await finishes(board.close())
        calibrated = _board(far_end, found.as_options(zero, "2026-11-21"))
        assert any(note.startswith("calibrated 2026-11-21") for note in calibrated.vitals.notes)


async def test_lost_samples_are_counted_exactly(far_end: ForceBoardDevice, around: Surroundings) -> None:
    async with served(far_end):
        board = _board(far_end, ZEROED)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        faults = [strike(around, "lost_samples:7"), strike(around, "loss:20@0.1+0.6")]
        await until(lambda: far_end.source.lost > 12 and not faults[1].active(around.clock.now_s()))
        before = heard.rows
        await until(lambda: heard.rows >= before + 20)
        assert all(fault.fired_at_s is not None for fault in faults)
        heard.check_order()
        assert board.vitals.lost == far_end.source.lost
        times = heard.joined()[2]
        assert np.diff(times).max() > 60e6
        await finishes(board.close())


async def test_fault_cable_out_marks_the_gap_by_the_boards_own_counter(
    far_end: ForceBoardDevice, around: Surroundings
) -> None:
    async with served(far_end):
        board = _board(far_end, ZEROED)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 30)
        fault = strike(around, "cable_out@0+0.8")
        await until(lambda: board.health.state == "lost")
        assert fault.fired_at_s is not None
        before = heard.rows
        await until(lambda: heard.rows >= before + 20)
        heard.check_order()
        assert board.health.reconnects == 1
        assert 60 <= board.vitals.lost <= 400
        counted = heard.blocks[-1].first_sample + len(heard.blocks[-1].loads_kg)
        assert counted == heard.rows + board.vitals.lost
        await finishes(board.close())


async def test_a_board_that_starts_anew_is_followed(far_end: ForceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end, ZEROED)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 30)
        far_end.reset()
        before = heard.rows
        await until(lambda: heard.rows >= before + 30)
        heard.check_order()
        assert board.vitals.lost <= 5, "estimated by the clock, not a turn of the counter"
        await finishes(board.close())


@pytest.mark.parametrize("kind", ["garbage", "truncated", "silence"])
async def test_a_damaged_or_dead_wire(far_end: ForceBoardDevice, around: Surroundings, kind: str) -> None:
    far_end.stander.put(40.0, 0.0, 0.0)
    async with served(far_end):
        board = _board(far_end, ZEROED)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        fault = strike(around, f"{kind}@0+1.65")
        await until(lambda: board.health.state == "silent")
        assert fault.fired_at_s is not None
        before = heard.rows
        await until(lambda: heard.rows >= before + 30)
        heard.check_order()
        assert board.vitals.lost >= 40
        loads = heard.joined()[0]
        assert np.abs(loads - np.median(loads, axis=0)).max() < 0.2, "nothing damaged was believed"
        await finishes(board.close())


async def test_fault_freeze_is_said(far_end: ForceBoardDevice, around: Surroundings) -> None:
    async with served(far_end):
        board = _board(far_end, ZEROED)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        fault = strike(around, "freeze@0+1.2")
        await until(lambda: board.health.error == FROZEN)
        assert fault.fired_at_s is not None
        await until(lambda: not board.health.error)
        await finishes(board.close())


async def test_a_cell_at_its_rail_is_named(tmp_path: Path) -> None:
    around = surroundings(tmp_path, "force_board_dual", speed=SPEED)
    far_end = dual(around)
    far_end.stander.put(60.0, 0.0, 0.0)
    async with served(far_end):
        board = _board(far_end, {**DUAL, "zero_counts": [0.0] * 8})
        heard = Heard(board)
        await finishes(board.open())
        fault = strike(around, "saturated:5")
        await until(lambda: heard.blocks and heard.blocks[-1].saturated)
        assert fault.fired_at_s is not None
        assert heard.blocks[-1].saturated == ("right top_right",)
        assert [part.what for part in board.vitals.attention] == [
            "right top right is at its rail: its load is not known"
        ]
        assert np.isnan(heard.blocks[-1].cop_cm[-1]).all()
        with pytest.raises(Refused, match=r"rail|enough"):
            await board.zero()
        await finishes(board.close())


async def test_a_board_of_another_kind_is_refused(tmp_path: Path) -> None:
    far_end = dual(surroundings(tmp_path, "force_board_dual", speed=SPEED))
    async with served(far_end):
        board = _board(far_end, NOMINAL)
        await finishes(board.open())
        await until(lambda: "8 cells" in board.health.error)
        assert "boards" in board.health.remedy
        await finishes(board.close())


def test_the_world_makes_one_of_four_cells(around: Surroundings) -> None:
    assert single(around).rate_hz == 80.0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "gains_kg_per_count"),
        ({"gains_kg_per_count": [1e-5] * 3}, "needs 4 gains"),
        ({"gains_kg_per_count": [1e-5, 0.0, 1e-5, 1e-5]}, "other than 0"),
        ({**NOMINAL, "boards": 2}, "needs 8 gains"),
        ({**NOMINAL, "boards": 3}, "boards"),
        ({**NOMINAL, "zero_counts": [1.0]}, "zero_counts"),
        ({**NOMINAL, "residual_pct": 1.2}, "calibrate the board again"),
        ({**NOMINAL, "calibrated": "yesterday"}, "yesterday"),
        ({**NOMINAL, "rate_hz": 0}, "rate_hz"),
        ({**DUAL, "side": "left"}, "both feet"),
    ],
)
def test_options_that_make_no_sense(far_end: ForceBoardDevice, options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        _board(far_end, options)
