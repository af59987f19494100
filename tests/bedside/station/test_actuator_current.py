"""One order to stop, two stimulators: the real driver of the electrical one on a pty, a magnetic one that obeys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bedside.events import AmplitudeIntended, CurrentIntended, Event, OffIntended, TrainIntended
from bedside.station.actuator import OFF_ATTEMPTS, Actuator
from bedside.visit.inputs import ActionDone, ActionFailed
from hal.device import NoAnswer
from hal.roles import CurrentProgram
from hal.sim.current import escd_engine as engine
from tests.helpers.escd import Rig, talking
from tests.helpers.far_ends import finishes, until

OFF = OffIntended(reason="test")
PREPARE = CurrentIntended(action="prepare", current_ma=2.5, plateau_s=200, ramp_s=5)
START = CurrentIntended(action="start", current_ma=2.5, plateau_s=200, ramp_s=5)
STOP = CurrentIntended(action="stop", reason="test")


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


async def test_an_off_of_both_is_carried_out_after_a_failed_one_of_the_pulses(tmp_path):
    async with working(tmp_path) as bench:
        await flowing(bench)
        answers, silences = asyncio.Event(), iter(range(OFF_ATTEMPTS))

        async def silent_at_first() -> None:
            await answers.wait()
            if next(silences, None) is not None:
                raise NoAnswer("it says nothing", device="coil", remedy="look at it")

        bench.coil.off = silent_at_first
        bench.actuator.perform(OffIntended(reason="the train is over", keeps_current=True))
        await asyncio.sleep(0)
        bench.actuator.perform(OFF)
        answers.set()
        await until(lambda: len(bench.reports) == 2)
        assert isinstance(bench.reports[0], ActionFailed)
        assert bench.reports[1] == ActionDone("off")
        assert bench.rig.escd.status.phase in ("ramp_down", "idle")


async def test_an_absent_electrical_stimulator_does_not_hold_up_the_stop_of_the_other(tmp_path):
    async with working(tmp_path, opened=False) as bench:
        bench.actuator.perform(OFF)
        await until(lambda: bench.reports)
        assert bench.reports == [ActionDone("off")]


async def test_direct_current_is_prepared_started_and_stopped_in_order(tmp_path):
    async with working(tmp_path) as bench:
        for number, intent in enumerate((PREPARE, START), 1):
            bench.actuator.perform(intent)
            await until(lambda number=number: len(bench.reports) == number)
        assert bench.rig.engine.phase in (engine.RAMP_UP, engine.PLATEAU)
        bench.actuator.perform(STOP)
        await until(lambda: len(bench.reports) == 3)
        assert bench.reports == [ActionDone("current_prepare"), ActionDone("current_start"), ActionDone("current_stop")]
        assert bench.rig.engine.phase in (engine.RAMP_DOWN, engine.IDLE)
        assert bench.coil.offs == 0


async def test_what_the_device_refuses_is_reported_with_its_remedy(tmp_path):
    async with working(tmp_path) as bench:
        bench.actuator.perform(START)
        await until(lambda: bench.reports)
        failed = bench.reports[0]
        assert isinstance(failed, ActionFailed)
        assert (failed.action, "no program is prepared" in failed.error) == ("current_start", True)
        assert failed.remedy


async def test_a_stop_overtakes_a_start_that_is_still_to_be_carried_out(tmp_path):
    async with working(tmp_path) as bench:
        bench.actuator.perform(PREPARE)
        bench.actuator.perform(START)
        bench.actuator.perform(OFF)
        await until(lambda: ActionDone("off") in bench.reports)
        assert bench.rig.engine.phase == engine.IDLE
        assert ActionDone("current_start") not in bench.reports


async def test_after_a_stop_nothing_begins_before_it_is_journalled(tmp_path):
    async with working(tmp_path) as bench:
        bench.actuator.hold()
        bench.actuator.perform(PREPARE)
        bench.actuator.perform(OffIntended(reason="planned", keeps_current=True))
        bench.actuator.perform(START)
        await until(lambda: bench.reports)
        assert bench.reports == [ActionDone("off")]
        assert bench.rig.engine.phase == engine.IDLE


async def test_the_planned_end_of_the_pulses_does_not_stop_the_current(tmp_path):
    async with working(tmp_path) as bench:
        await flowing(bench)
        bench.actuator.perform(OffIntended(reason="all planned pulses are behind", keeps_current=True))
        await until(lambda: bench.reports)
        assert bench.reports == [ActionDone("off")]
        assert bench.coil.offs == 1
        assert bench.rig.escd.status.phase == "plateau"


async def test_without_a_device_the_intent_fails_in_words(tmp_path):
    reports: list[ActionDone | ActionFailed] = []
    actuator = Actuator(cast(Any, Coil()), reports.append)
    worker = asyncio.create_task(actuator.run())
    actuator.perform(PREPARE)
    await until(lambda: reports)
    assert isinstance(reports[0], ActionFailed)
    assert "no electrical stimulator" in reports[0].error
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


class Following(Coil):
    """A magnetic stimulator that can follow a trigger; `calls` is what it was asked, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[object] = []

    async def follow_trigger(self, follow: bool) -> None:
        self.calls.append(("follow", follow))

    async def set_amplitude(self, amplitude_pct_mso: int) -> None:
        self.calls.append(("amplitude", amplitude_pct_mso))

    async def prepare_train(self, train: object) -> None:
        self.calls.append(train)


async def worked(coil: object, *intents: Event) -> list[ActionDone | ActionFailed]:
    reports: list[ActionDone | ActionFailed] = []
    actuator = Actuator(cast(Any, coil), reports.append)
    worker = asyncio.create_task(actuator.run())
    for intent in intents:
        actuator.perform(intent)
    await until(lambda: reports)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    return reports


async def test_a_triggered_train_is_set_to_follow_and_never_started_by_us():
    coil = Following()
    train = TrainIntended(
        amplitude_pct_mso=40, rate_hz=5.0, pulses=10, trains=20, first_pulse=1, burst_pulses=3, triggered=True
    )
    follow = AmplitudeIntended(amplitude_pct_mso=40, purpose="treatment", follow_trigger=True)
    assert await worked(coil, train, follow) == [ActionDone("amplitude")]
    assert coil.calls == [("follow", True), ("amplitude", 40)]


async def test_single_pulses_put_the_trigger_input_back():
    coil = Following()
    await worked(coil, AmplitudeIntended(amplitude_pct_mso=40, purpose="hotspot"))
    assert coil.calls == [("follow", False), ("amplitude", 40)]


async def test_a_stimulator_that_cannot_follow_fails_in_words():
    follow = AmplitudeIntended(amplitude_pct_mso=40, purpose="treatment", follow_trigger=True)
    (failed,) = await worked(Coil(), follow)
    assert isinstance(failed, ActionFailed)
    assert (failed.action, "cannot follow a trigger" in failed.error) == ("amplitude", True)
