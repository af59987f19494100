"""One order to stop, two stimulators: the real driver of the electrical one on a pty, a magnetic one that obeys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bedside.events import OffIntended
from bedside.station.actuator import Actuator
from bedside.visit.inputs import ActionDone, ActionFailed
from hal.roles import CurrentProgram
from hal.sim import escd_engine as engine
from tests.helpers.escd import Rig, talking
from tests.helpers.far_ends import finishes, until

OFF = OffIntended(reason="test")


class Coil:
    """A magnetic stimulator that confirms every stop."""

    def __init__(self) -> None:
        self.offs = 0

    def off_now(self) -> None:
        self.offs += 1

    async def off(self) -> None:
        await asyncio.sleep(0)


class Bench:
    def __init__(self, rig: Rig) -> None:
        self.rig, self.coil = rig, Coil()
        self.reports: list[ActionDone | ActionFailed] = []
        self.actuator = Actuator(cast(Any, self.coil), self.reports.append, rig.escd)


@asynccontextmanager
async def working(folder: Path, **options: Any) -> AsyncIterator[Bench]:
    async with talking(folder, **options) as rig:
        bench = Bench(rig)
        worker = asyncio.create_task(bench.actuator.run())
        try:
            yield bench
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


async def flowing(bench: Bench) -> None:
    await finishes(bench.rig.escd.prepare(CurrentProgram(2.5, 200, 5)))
    await finishes(bench.rig.escd.start())
    await until(lambda: bench.rig.escd.status.phase == "plateau")


async def test_off_is_done_when_both_confirm_it(tmp_path):
    async with working(tmp_path) as bench:
        await flowing(bench)
        bench.actuator.perform(OFF)
        await until(lambda: bench.reports)
        assert bench.reports == [ActionDone("off")]
        assert bench.coil.offs == 1
        assert bench.rig.engine.phase in (engine.RAMP_DOWN, engine.IDLE)


async def test_a_held_stop_ramps_down_before_anything_is_journalled(tmp_path):
    async with working(tmp_path) as bench:
        await flowing(bench)
        bench.actuator.hold()
        await until(lambda: bench.rig.engine.phase in (engine.RAMP_DOWN, engine.IDLE))
        assert bench.reports == []


async def test_current_that_does_not_confirm_makes_the_stop_fail(tmp_path):
    async with working(tmp_path, answer_s=0.5) as bench:
        await flowing(bench)
        fault = bench.rig.fault("ignore_off")
        bench.actuator.perform(OFF)
        await until(lambda: bench.reports, 10)
        failed = bench.reports[0]
        assert isinstance(failed, ActionFailed)
        assert (failed.action, fault.fired_at_s is not None) == ("off", True)
        assert "its own switch" in failed.remedy
        fault.duration_s = 0.0


async def test_a_station_that_ends_leaves_no_current(tmp_path):
    async with talking(tmp_path) as rig:
        bench = Bench(rig)
        worker = asyncio.create_task(bench.actuator.run())
        await flowing(bench)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await until(lambda: rig.engine.phase in (engine.RAMP_DOWN, engine.IDLE))


async def test_an_absent_electrical_stimulator_does_not_hold_up_the_stop_of_the_other(tmp_path):
    async with working(tmp_path, opened=False) as bench:
        bench.actuator.perform(OFF)
        await until(lambda: bench.reports)
        assert bench.reports == [ActionDone("off")]
