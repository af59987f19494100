"""Durable intents on the real driver, a real pseudo-terminal and the simulated stimulator at its far end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bedside.events import AmplitudeIntended, ArmIntended, OffIntended, PulseIntended, StepEntered, TrainIntended
from bedside.station.actuator import Actuator
from bedside.visit.inputs import ActionDone, ActionFailed
from hal.catalogue import DeviceSpec, build
from hal.roles import Stimulator
from hal.sim.world import SimulatedWorld

SPEED = 20.0


class Bench:
    def __init__(self, world: SimulatedWorld, stimulator: Stimulator) -> None:
        self.world = world
        self.reports: list[ActionDone | ActionFailed] = []
        self.actuator = Actuator(stimulator, self.reports.append)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    @property
    def done(self) -> list[str]:
        return [report.action for report in self.reports if isinstance(report, ActionDone)]

    @property
    def failed(self) -> list[str]:
        return [report.action for report in self.reports if isinstance(report, ActionFailed)]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    world = SimulatedWorld(3, tmp_path, speed=SPEED)
    await world.plug()
    running = asyncio.create_task(world.run())
    device = build(DeviceSpec("stimulator", "magpro", world.addresses["stimulator"]), lambda: 0)
    assert isinstance(device, Stimulator)
    await device.open()
    bench = Bench(world, device)
    worker = asyncio.create_task(bench.actuator.run())
    yield bench
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await device.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


AMPLITUDE = AmplitudeIntended(amplitude_pct_mso=60, purpose="threshold")
ARM = ArmIntended(purpose="threshold")
PULSE = PulseIntended(pulse=1, purpose="threshold", amplitude_pct_mso=60, site="r0c0", x_cm=0.0, y_cm=0.0)
TRAIN = TrainIntended(amplitude_pct_mso=60, rate_hz=1.0, pulses=600, trains=2, first_pulse=1)
OFF = OffIntended(reason="test")


async def test_a_pulse_is_given_in_the_order_of_its_intents(bench: Bench) -> None:
    for event in (AMPLITUDE, ARM, StepEntered(step="threshold"), PULSE):
        bench.actuator.perform(event)
    await bench.until(lambda: len(bench.reports) == 3)
    assert bench.done == ["amplitude", "arm", "pulse"]
    assert [pulse.amplitude_pct_mso for pulse in bench.world.pulses] == [60]


async def test_off_overtakes_what_waits(bench: Bench) -> None:
    for event in (AMPLITUDE, ARM, PULSE, OFF):
        bench.actuator.perform(event)
    await bench.until(lambda: "off" in bench.done)
    assert bench.done == ["off"]
    assert bench.world.pulses == []
    assert not bench.world.core.state.enabled


async def test_off_ends_a_running_train_and_is_confirmed(bench: Bench) -> None:
    for event in (AMPLITUDE, ARM, TRAIN):
        bench.actuator.perform(event)
    await bench.until(lambda: len(bench.world.pulses) >= 3)
    bench.actuator.perform(OFF)
    await bench.until(lambda: "off" in bench.done)
    fired = len(bench.world.pulses)
    await asyncio.sleep(3.0 / SPEED)
    assert len(bench.world.pulses) == fired


async def test_bursts_are_set_before_the_device_is_enabled_and_single_pulses_put_back(bench: Bench) -> None:
    burst = AmplitudeIntended(amplitude_pct_mso=45, purpose="treatment", burst_pulses=3, inter_pulse_s=0.02)
    train = TrainIntended(
        amplitude_pct_mso=45,
        rate_hz=5.0,
        pulses=10,
        trains=2,
        first_pulse=1,
        burst_pulses=3,
        inter_pulse_s=0.02,
        inter_train_s=8.2,
    )
    for event in (burst, ARM, train):
        bench.actuator.perform(event)
    await bench.until(lambda: len(bench.world.pulses) == 60)
    assert bench.done == ["amplitude", "arm", "train"]
    at_s = [pulse.at_s for pulse in bench.world.pulses]
    assert (at_s[30] - at_s[0], at_s[1] - at_s[0]) == pytest.approx((10.0, 0.02), abs=1e-6)
    for event in (OFF, AMPLITUDE, ARM, PULSE):
        before = len(bench.reports)
        bench.actuator.perform(event)
        await bench.until(lambda before=before: len(bench.reports) > before)  # type: ignore[misc]
    assert bench.failed == []
    assert len(bench.world.pulses) == 61


async def test_after_a_stop_nothing_begins_until_the_stop_is_on_record(bench: Bench) -> None:
    bench.actuator.hold()
    for event in (AMPLITUDE, ARM, PULSE):
        bench.actuator.perform(event)
    bench.actuator.perform(OFF)
    await bench.until(lambda: "off" in bench.done)
    assert bench.done == ["off"]
    assert bench.world.pulses == []
    bench.actuator.release()
    bench.actuator.perform(AMPLITUDE)
    await bench.until(lambda: "amplitude" in bench.done)


async def test_two_stops_at_once_hold_until_both_are_on_record(bench: Bench) -> None:
    bench.actuator.hold()
    bench.actuator.hold()
    bench.actuator.perform(OFF)
    bench.actuator.release()
    for event in (AMPLITUDE, ARM, PULSE):
        bench.actuator.perform(event)
    bench.actuator.perform(OFF)
    bench.actuator.release()
    await bench.until(lambda: bench.done == ["off", "off"])
    assert bench.world.pulses == []
    bench.actuator.perform(AMPLITUDE)
    await bench.until(lambda: "amplitude" in bench.done)


async def test_a_stop_does_not_cancel_the_confirmation_of_the_one_before(bench: Bench) -> None:
    bench.actuator.perform(OFF)
    await bench.until(lambda: bench.actuator._action is not None)
    bench.actuator.hold()
    bench.actuator.release()
    await bench.until(lambda: bench.done == ["off"])


async def test_a_failed_action_takes_those_behind_it_along(bench: Bench) -> None:
    bench.world.add_fault("stimulator.lost_pulse")
    for event in (AMPLITUDE, ARM, PULSE, TRAIN):
        bench.actuator.perform(event)
    await bench.until(lambda: bool(bench.failed))
    assert bench.failed == ["pulse"]
    assert bench.world.faults.all[0].fired_at_s is not None, "the fault did not happen"
    await asyncio.sleep(0.1)
    assert bench.world.pulses == []


async def test_a_device_that_ignores_off_is_reported_as_not_confirmed(bench: Bench) -> None:
    for event in (AMPLITUDE, ARM):
        bench.actuator.perform(event)
    await bench.until(lambda: "arm" in bench.done)
    bench.world.add_fault("stimulator.ignore_off")
    bench.actuator.perform(OFF)
    await bench.until(lambda: bool(bench.failed))
    assert bench.failed == ["off"]
    assert bench.world.faults.all[0].fired_at_s is not None, "the fault did not happen"
