"""The belt's worker: one order at a time, a stop over everything, and no order before an off of the stimulator."""

import asyncio

import pytest

from bedside.events import BeltIntended
from bedside.station.belt import BeltWorker
from bedside.visit.inputs import ActionDone, ActionFailed
from hal.device import NoAnswer, Refused


class Machine:
    """A treadmill that takes its time: `gates` holds back what it is to do until it is let through."""

    telemetry = True
    stops_when_silent = False
    limits_kmh = (0.8, 1.8, 0.1)

    def __init__(self) -> None:
        self.did: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.errors: dict[str, Exception] = {}

    async def _do(self, what: str) -> None:
        self.did.append(what)
        if what in self.gates:
            await self.gates[what].wait()
        if what in self.errors:
            raise self.errors[what]
        self.did.append(f"{what} done")

    async def take_control(self) -> None:
        await self._do("control")

    async def start_belt(self) -> None:
        await self._do("start")

    async def set_speed(self, speed_kmh: float) -> None:
        await self._do(f"speed {speed_kmh:g}")

    async def stop_belt(self) -> None:
        await self._do("stop")


class Rig:
    def __init__(self) -> None:
        self.machine = Machine()
        self.reports: list[ActionDone | ActionFailed] = []
        self.worker = BeltWorker(self.machine, self.reports.append)  # type: ignore[arg-type]

    def intend(self, action: str, speed_kmh: float | None = None) -> None:
        self.worker.perform(BeltIntended(action=action, speed_kmh=speed_kmh, reason="asked for"))  # type: ignore[arg-type]

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(type(report).__name__, report.action) for report in self.reports]


async def test_a_start_takes_control_starts_and_sees_the_speed() -> None:
    rig = Rig()
    rig.intend("start", 0.8)
    await rig.settle()
    assert rig.machine.did == ["control", "control done", "start", "start done", "speed 0.8", "speed 0.8 done"]
    assert rig.told == [("ActionDone", "belt_start")]


@pytest.mark.parametrize("gate", ["control", "start", "speed 0.8"])
async def test_a_stop_overtakes_a_start_at_every_stage(gate: str) -> None:
    rig = Rig()
    rig.machine.gates[gate] = asyncio.Event()
    rig.intend("start", 0.8)
    await rig.settle()
    rig.worker.stop_now()
    await rig.settle()
    rig.machine.gates[gate].set()
    await rig.settle()
    assert rig.machine.did[-2:] == ["stop", "stop done"], "nothing follows the stop"
    rig.intend("stop")
    await rig.settle()
    assert ("ActionDone", "belt_stop") in rig.told
    assert ("ActionDone", "belt_start") not in rig.told


async def test_nothing_begins_between_a_stop_and_its_intent() -> None:
    rig = Rig()
    rig.worker.stop_now()
    rig.intend("speed", 0.9)
    await rig.settle()
    assert rig.machine.did == ["stop", "stop done"]
    rig.intend("stop")
    rig.intend("speed", 0.9)
    await rig.settle()
    assert rig.machine.did[-1] == "speed 0.9 done"


async def test_each_stop_that_is_asked_goes_out_once_also_while_one_is_waited_for() -> None:
    rig = Rig()
    rig.machine.gates["stop"] = asyncio.Event()
    for _ in range(3):
        rig.worker.stop_now()
        await rig.settle()
        rig.intend("stop")
        await rig.settle()
    assert rig.machine.did == ["stop"] * 3
    rig.machine.gates["stop"].set()
    await rig.settle()
    assert rig.machine.did[3:] == ["stop done"]
    assert rig.told == [("ActionDone", "belt_stop")]


async def test_a_stop_that_the_rules_intend_goes_out_too() -> None:
    rig = Rig()
    rig.intend("stop")
    await rig.settle()
    assert rig.machine.did == ["stop", "stop done"]


async def test_a_belt_that_does_not_come_to_its_first_speed_is_stopped() -> None:
    rig = Rig()
    rig.machine.errors["speed 0.8"] = NoAnswer("no answer", remedy="look")
    rig.intend("start", 0.8)
    await rig.settle()
    assert rig.machine.did[-2:] == ["stop", "stop done"]
    assert rig.told == [("ActionFailed", "belt_start")]


async def test_a_driver_that_breaks_after_the_start_leaves_no_belt_running() -> None:
    rig = Rig()
    rig.machine.errors = {"speed 0.8": ZeroDivisionError("no such speed")}
    rig.intend("start", 0.8)
    await rig.settle()
    assert rig.machine.did[-2:] == ["stop", "stop done"]
    assert rig.told == [("ActionFailed", "belt_start")]


async def test_a_refusal_and_a_broken_driver_are_told_and_end_nothing() -> None:
    rig = Rig()
    rig.machine.errors = {"control": Refused("held by another", remedy="x"), "speed 0.9": ZeroDivisionError("oops")}
    rig.intend("start", 0.8)
    await rig.settle()
    rig.intend("speed", 0.9)
    await rig.settle()
    assert rig.told == [("ActionFailed", "belt_start"), ("ActionFailed", "belt_speed")]
    assert "oops" in str(rig.reports[-1])
    rig.intend("stop")
    await rig.settle()
    assert rig.machine.did[-1] == "stop done"


async def test_leaving_stops_a_belt_of_ours_and_waits_for_it() -> None:
    rig = Rig()
    rig.machine.gates["speed 0.9"] = asyncio.Event()
    rig.intend("speed", 0.9)
    await rig.settle()
    await rig.worker.leave(stop=True)
    assert rig.machine.did == ["speed 0.9", "stop", "stop done"]
    other = Rig()
    await other.worker.leave(stop=False)
    assert other.machine.did == []


async def test_where_none_is_commanded_nothing_happens() -> None:
    worker = BeltWorker(None, lambda report: pytest.fail("nothing to report"))
    worker.stop_now()
    worker.perform(BeltIntended(action="start", speed_kmh=0.8, reason="asked for"))
    await worker.leave(stop=True)
