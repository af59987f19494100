"""The balance board's driver and its far end over a real sequenced-packet socket."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from hal.device import Refused, SetupError
from hal.drivers.plate.balance_board import BalanceBoard
from hal.drivers.plate.plate_stream import FROZEN
from hal.linked import Patience
from hal.links.address import make_link
from hal.links.hid import HidLink
from hal.roles import ForcePlate
from hal.sim.far_end import Surroundings
from hal.sim.patient.sway import corner_loads_kg
from hal.sim.plate.balance_board_device import SPACING_CM, BalanceBoardDevice, make
from tests.helpers.far_ends import finishes, until
from tests.helpers.plates import Heard, served, station_clock, strike, surroundings

PATIENCE = Patience(silence_s=0.4, reopen_s=0.8, first_retry_s=0.02, last_retry_s=0.1)
SPEED = 3.0
"""Simulated seconds a real one: a driver waits in real seconds, the rest is simulated."""


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return surroundings(tmp_path, "balance_board", speed=SPEED)


@pytest.fixture
def far_end(around: Surroundings) -> BalanceBoardDevice:
    return make(around)


def _board(far_end: BalanceBoardDevice, **options: object) -> BalanceBoard:
    link = make_link(far_end.address)
    assert isinstance(link, HidLink)
    return BalanceBoard("board", station_clock(far_end.source.around), link, options, PATIENCE)


async def test_a_person_is_weighed_after_a_tare(far_end: BalanceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        assert isinstance(board, ForcePlate)
        await finishes(board.open())
        assert far_end.led
        await until(lambda: heard.rows >= 55)
        zero = await board.zero()
        aged = [round(kg, 1) for kg in far_end._aged_kg]
        wire = [zero[1], zero[3], zero[0], zero[2]]
        assert [round(kg, 1) for kg in wire] == pytest.approx(aged, abs=0.11), "unclamped, so that a tare can see it"
        assert min(zero) < 0 < max(zero)
        far_end.stander.lean(4.0, -2.0)
        far_end.stander.step_on()
        before = heard.rows
        await until(lambda: heard.rows >= before + 180, 10)
        loads, cop, times = heard.joined()
        heard.check_order()
        assert loads[-30:].sum(axis=1).mean() == pytest.approx(far_end.stander.mass_kg, abs=0.3)
        sway = cop[-30:].mean(axis=0) - (4.0, -2.0)
        assert np.abs(sway).max() < 2.0
        assert np.isnan(cop[20]).all(), "nobody stood on it"
        assert board.vitals.rate_hz == pytest.approx(100, abs=8)
        assert board.vitals.battery_pct == 95
        assert (board.vitals.lost, board.health.dropped) == (0, 0)
        assert np.diff(times).mean() == pytest.approx(10e6, rel=0.05)
        await finishes(board.close())
        await until(lambda: not far_end.led)
    assert far_end.memory.forbidden_writes == 0


async def test_the_whole_conversation(far_end: BalanceBoardDevice) -> None:
    said: list[bytes] = []
    obey = far_end.port._on_report
    far_end.port._on_report = lambda report: (said.append(report), obey(report))[1]
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 10)
        await finishes(board.close())
        await until(lambda: len(said) >= 12)
    assert said == [
        bytes.fromhex(report)
        for report in (
            "11 10",
            "15 00",
            "16 04A400F0 01 55" + "00" * 15,
            "16 04A400FB 01 00" + "00" * 15,
            "17 04A400FA 0006",
            "17 04A40024 0018",
            "17 04A40020 0002",
            "17 04A4003C 0004",
            "17 04A40060 0002",
            "12 04 32",
            "12 00 30",
            "11 00",
        )
    ]


async def test_a_person_on_the_board_is_no_zero(far_end: BalanceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        far_end.stander.step_on()
        with pytest.raises(Refused, match="enough samples"):
            await board.zero()
        await finishes(board.open())
        await until(lambda: heard.rows >= 70)
        with pytest.raises(Refused, match=r"not (still|empty)") as refused:
            await board.zero()
        assert "step off" in refused.value.remedy
        await finishes(board.close())


async def test_the_stream_goes_on_after_the_board_has_reported_its_status(far_end: BalanceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end, battery_every_s=1.0)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 330)
        far_end._say(far_end._status(extension=True))
        before = heard.rows
        await until(lambda: heard.rows >= before + 30)
        assert board.health.reconnects == 0
        heard.check_order()
        await finishes(board.close())


async def test_a_loose_extension_starts_the_board_anew(far_end: BalanceBoardDevice) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        far_end.replug_extension()
        await until(lambda: board.health.state == "lost")
        assert "lost its sensors" in board.health.error
        before = heard.rows
        await until(lambda: heard.rows >= before + 20)
        assert board.health.reconnects == 1
        heard.check_order()
        await finishes(board.close())


async def test_a_damaged_calibration_is_refused_and_may_be_trusted(far_end: BalanceBoardDevice) -> None:
    far_end.memory.cells[0x61] ^= 0x01
    async with served(far_end):
        board = _board(far_end)
        await finishes(board.open())
        await until(lambda: board.health.state == "lost")
        assert "must not be used" in board.health.error
        assert "checksum" in board.health.error
        await finishes(board.close())
        trusting = _board(far_end, trust_calibration=True)
        heard = Heard(trusting)
        await finishes(trusting.open())
        await until(lambda: heard.rows >= 10)
        assert any("trusted" in note for note in trusting.vitals.notes)
        await finishes(trusting.close())


async def test_a_wii_remote_is_no_board(far_end: BalanceBoardDevice) -> None:
    far_end.memory.cells[0xFA:0x100] = bytes.fromhex("0000A4200000")
    async with served(far_end):
        board = _board(far_end)
        await finishes(board.open())
        await until(lambda: "no balance board" in board.health.error)
        await finishes(board.close())


async def test_fault_cable_out_marks_the_gap(far_end: BalanceBoardDevice, around: Surroundings) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 30)
        fault = strike(around, "cable_out@0+1.0")
        await until(lambda: board.health.state == "lost")
        assert fault.fired_at_s is not None
        before = heard.rows
        await until(lambda: heard.rows >= before + 20)
        heard.check_order()
        assert 70 <= board.vitals.lost <= 400, "an estimate by the clock"
        assert board.vitals.rate_hz is None or board.vitals.rate_hz > 80
        await finishes(board.close())


async def test_fault_silence_is_noticed(far_end: BalanceBoardDevice, around: Surroundings) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        fault = strike(around, "silence@0+1.8")
        await until(lambda: board.health.state == "silent")
        assert fault.fired_at_s is not None
        assert board.health.remedy
        before = heard.rows
        await until(lambda: heard.rows >= before + 20)
        heard.check_order()
        assert board.health.dropped >= 40
        await finishes(board.close())


@pytest.mark.parametrize("kind", ["garbage", "truncated"])
async def test_damaged_reports_are_not_believed(far_end: BalanceBoardDevice, around: Surroundings, kind: str) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        fault = strike(around, f"{kind}@0+0.3")
        await until(lambda: fault.strikes > 10)
        before = heard.rows
        await until(lambda: heard.rows >= before + 30)
        loads = heard.joined()[0]
        assert np.abs(loads - np.median(loads, axis=0)).max() < 1.0
        await finishes(board.close())


async def test_fault_freeze_is_said(far_end: BalanceBoardDevice, around: Surroundings) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        fault = strike(around, "freeze@0+1.2")
        await until(lambda: board.health.error == FROZEN)
        assert fault.fired_at_s is not None
        assert FROZEN in board.vitals.notes
        with pytest.raises(Refused, match="stand still"):
            await board.zero()
        await until(lambda: not board.health.error)
        await finishes(board.close())


async def test_a_corner_at_its_rail_is_named_and_gives_no_centre(
    far_end: BalanceBoardDevice, around: Surroundings
) -> None:
    async with served(far_end):
        board = _board(far_end)
        heard = Heard(board)
        far_end.stander.put(60.0, 0.0, 0.0)
        await finishes(board.open())
        await until(lambda: heard.rows >= 20)
        fault = strike(around, "saturated:2")
        await until(lambda: heard.blocks[-1].saturated)
        assert fault.fired_at_s is not None
        await asyncio.sleep(0)
        assert heard.blocks[-1].saturated == ("bottom_left",)
        assert np.isnan(heard.blocks[-1].cop_cm[-1]).all()
        await finishes(board.close())


async def test_fault_low_battery_is_a_note(far_end: BalanceBoardDevice, around: Surroundings) -> None:
    fault = strike(around, "low_battery")
    async with served(far_end):
        board = _board(far_end)
        await finishes(board.open())
        await until(lambda: board.vitals.battery_pct == 9)
        assert fault.fired_at_s is not None
        assert any("nearly empty" in note for note in board.vitals.notes)
        await finishes(board.close())


def test_options_that_make_no_sense(far_end: BalanceBoardDevice) -> None:
    with pytest.raises(SetupError, match="spacing_cm"):
        _board(far_end, spacing_cm=[0.0, 23.8])
    with pytest.raises(SetupError, match="unknown option"):
        _board(far_end, sides="both")


def test_the_far_ends_corners() -> None:
    from hal.sim.patient.sway import Stance

    loads = corner_loads_kg(Stance(80.0, SPACING_CM[0] / 2, SPACING_CM[1] / 2), SPACING_CM)
    assert loads == pytest.approx((0, 80, 0, 0)), "right and towards the toes"
