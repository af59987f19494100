"""The order of a belt's commands, without a treadmill."""

import asyncio
from collections.abc import Callable

import pytest

from hal.device import ReadBackMismatch, Refused
from hal.drivers.gait.belt_limits import BeltLimits
from hal.drivers.gait.belt_pilot import BeltPilot


class Wire:
    """A belt at 0.8 km/h whose set speed is sent back by a stop, as machines do."""

    name = "belt"
    actual_kmh: float | None = 0.8
    accounts = 1
    tolerance_kmh = 0.05

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()
        self.on_start: Callable[[], None] = lambda: None

    async def ask_start(self) -> None:
        self.on_start()

    async def ask_speed(self, speed_kmh: float, after_kmh: float | None) -> None:
        self.asked.set()
        await self.stopped.wait()
        raise ReadBackMismatch(f"set speed should be {speed_kmh:g}, the treadmill reports 0", device=self.name)

    async def ask_stop(self) -> None:
        self.stopped.set()


async def test_a_speed_that_a_stop_set_back_is_no_fault_of_the_treadmill() -> None:
    wire = Wire()
    pilot = BeltPilot(wire, BeltLimits(), settle_s=1.0, hold_s=0.1)
    pilot.granted = True
    await pilot.start()
    ramp = asyncio.create_task(pilot.go(1.0))
    await asyncio.wait_for(wire.asked.wait(), 5)
    await pilot.stop()
    with pytest.raises(Refused, match="stopped before this command was carried out"):
        await ramp


async def test_without_a_stop_the_treadmills_own_fault_is_told() -> None:
    wire = Wire()
    pilot = BeltPilot(wire, BeltLimits(), settle_s=1.0, hold_s=0.1)
    pilot.granted = True
    await pilot.start()
    wire.stopped.set()
    with pytest.raises(ReadBackMismatch):
        await pilot.go(1.0)


async def test_a_stop_at_the_panel_overtakes_a_start_and_our_own_stop_comes_after_it() -> None:
    wire = Wire()
    pilot = BeltPilot(wire, BeltLimits(), settle_s=1.0, hold_s=0.1)
    pilot.granted = True
    wire.on_start = pilot.halted
    with pytest.raises(Refused, match="stopped before this command was carried out"):
        await pilot.start()
    assert wire.stopped.is_set(), "answered with a stop"
    assert not pilot.started


async def test_the_word_of_our_own_stop_ends_nothing_that_was_asked_since() -> None:
    wire = Wire()
    pilot = BeltPilot(wire, BeltLimits(), settle_s=1.0, hold_s=0.1)
    await pilot.stop()
    stops = pilot.stops
    pilot.halted()
    assert pilot.stops == stops
