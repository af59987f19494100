"""A stimulator behind a trigger: over RFC 2217 and over a box on a pty, against the simulated one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import LinkLost, OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Reading, Refused, SetupError
from hal.drivers.stimulator.trigger_schedule import Schedule
from hal.drivers.stimulator.triggered_stimulator import TriggeredStimulator
from hal.linked import Patience
from hal.links.address import make_link
from hal.roles import OperatorDriven, PulseDelivered, Stimulator, StimulatorStatus, Train
from hal.sim.rfc2217 import Rfc2217Port
from hal.sim.stimulator.trigger_device import TriggerDevice
from hal.sim.world import SimulatedWorld
from tests.helpers.far_ends import finishes, until

IMPATIENT = Patience(silence_s=0.6, reopen_s=1.2, first_retry_s=0.02, last_retry_s=0.1)
OPTIONS = {"trigger_line": {"proof": "cts"}, "trigger_box": {"echo_byte": 0x50}}
UNPROVED: dict[str, dict[str, object]] = {"trigger_line": {"proof": "none"}, "trigger_box": {}}
NS = 1_000_000_000


@asynccontextmanager
async def bench(
    tmp_path: Path, kind: str, *faults: str, speed: float = 1.0, **options: object
) -> AsyncIterator[tuple[TriggeredStimulator, TriggerDevice, list[Reading], SimulatedWorld]]:
    world = SimulatedWorld(3, tmp_path, speed=speed, faults=faults, also=(kind,))
    far = world.also[kind]
    assert isinstance(far, TriggerDevice)
    await far.plug()
    serving = asyncio.create_task(far.run())

    def now_ns() -> int:
        return round(world.clock.now_s() * NS)

    driver = TriggeredStimulator("tms", now_ns, make_link(far.address), options or OPTIONS[kind], IMPATIENT)
    heard: list[Reading] = []
    driver.subscribe(heard.append)
    await finishes(driver.open())
    await until(lambda: driver.health.state == "ok")
    try:
        yield driver, far, heard, world
    finally:
        await finishes(driver.close())
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def armed(driver: TriggeredStimulator, far: TriggerDevice, amplitude: int = 48) -> None:
    """As the operator does: sets the dial, reads it back, enables."""
    work = asyncio.ensure_future(driver.set_amplitude(amplitude))
    await until(lambda: driver.prompt is not None)
    far.panel.amplitude_pct_mso = amplitude
    driver.operator_reads_back(amplitude)
    await finishes(work)
    work = asyncio.ensure_future(driver.enable())
    await until(lambda: driver.prompt is not None)
    far.panel.enabled = True
    driver.operator_confirms()
    await finishes(work)


def pulses(heard: list[Reading]) -> list[PulseDelivered]:
    return [reading for reading in heard if isinstance(reading, PulseDelivered)]


@pytest.fixture(params=["trigger_line", "trigger_box"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_pulse_with_its_proof(tmp_path: Path, kind: str) -> None:
    async with bench(tmp_path, kind) as (driver, far, heard, _):
        assert isinstance(driver, Stimulator)
        assert isinstance(driver, OperatorDriven)
        assert (driver.capabilities.drive, driver.capabilities.reads_back) == ("triggered", False)
        await armed(driver, far)
        await finishes(driver.fire())
        (pulse,) = pulses(heard)
        assert (pulse.source, pulse.amplitude_pct_mso, pulse.di_dt_a_us) == ("trigger", 48, None)
        assert len(far.panel.given) == 1
        status = [reading for reading in heard if isinstance(reading, StimulatorStatus)][-1]
        assert (status.enabled, status.temperature_c, status.coil_type, status.source) == (None, None, None, "trigger")
        with pytest.raises(Refused, match="just now"):
            await finishes(driver.fire())
        await finishes(driver.off())


async def test_a_trigger_without_its_proof_is_no_pulse(tmp_path: Path, kind: str) -> None:
    async with bench(tmp_path, kind) as (driver, far, heard, _):
        await armed(driver, far)
        far.panel.enabled = False
        with pytest.raises(PulseNotDelivered, match="no pulse came back"):
            await finishes(driver.fire())
        assert not pulses(heard)


async def test_without_a_proof_wire_the_operator_is_asked_again_after_a_stop(tmp_path: Path, kind: str) -> None:
    for options, again in (({"pulse_ms": 5.0, **UNPROVED[kind]}, True), (OPTIONS[kind], False)):
        async with bench(tmp_path, kind, **options) as (driver, far, _, _):
            await armed(driver, far)
            driver.off_now()
            work = asyncio.ensure_future(driver.enable())
            await asyncio.sleep(0)
            assert (driver.prompt is not None) is again, "disabled by hand meanwhile, nobody would notice"
            if again:
                with pytest.raises(Refused, match="has not enabled"):
                    await driver.fire()
                driver.operator_confirms()
            await finishes(work)


async def test_without_a_proof_wire_a_trigger_counts_as_a_trigger(tmp_path: Path, kind: str) -> None:
    options = UNPROVED[kind] or {"byte_high": 1}
    async with bench(tmp_path, kind, **options) as (driver, far, heard, _):
        assert not driver.capabilities.counts_pulses
        assert "no trigger-out is wired" in driver.vitals.notes[1]
        await armed(driver, far)
        await finishes(driver.fire())
        assert [pulse.source for pulse in pulses(heard)] == ["trigger"]


async def test_a_pulse_by_the_button_on_the_coil_is_heard(tmp_path: Path, kind: str) -> None:
    async with bench(tmp_path, kind) as (driver, far, heard, _):
        await armed(driver, far)
        assert far.panel.fire()
        far.wired.tell()
        await until(lambda: len(pulses(heard)) == 1)


async def test_another_intensity_typed_is_a_mismatch(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line") as (driver, _, _h, _w):
        work = asyncio.ensure_future(driver.set_amplitude(48))
        await until(lambda: driver.prompt is not None)
        driver.operator_reads_back(84)
        with pytest.raises(ReadBackMismatch, match="operator reads 84"):
            await finishes(work)
        with pytest.raises(Refused, match="not enabled"):
            await finishes(driver.fire())


async def test_the_operator_enables_once_while_the_wire_is_there(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line") as (driver, far, _, _w):
        await armed(driver, far)
        await finishes(driver.off())
        await finishes(driver.enable())
        driver.operator_stopped()
        work = asyncio.ensure_future(driver.enable())
        await until(lambda: driver.prompt is not None)
        driver.operator_declines()
        with pytest.raises(Refused):
            await finishes(work)


async def test_a_train_at_ten_times_speed_does_not_drift(tmp_path: Path, kind: str) -> None:
    async with bench(tmp_path, kind, speed=10.0) as (driver, far, heard, _):
        await armed(driver, far)
        await finishes(driver.prepare_train(Train(1.0, 20)))
        await finishes(driver.start_train())
        await until(lambda: driver._running is None)
        given = far.panel.given
        assert len(given) == len(pulses(heard)) >= 8, "one that came too late for its place was left out"
        for at_s in given:
            offset_s = at_s - given[0]
            assert abs(offset_s - round(offset_s)) < 0.45, "each at its own second, whatever the others did"
        assert min(b - a for a, b in pairwise(given)) > 0.5
        assert [r.train_running for r in heard if isinstance(r, StimulatorStatus)][-1] is False
        await finishes(driver.off())


def test_times_are_absolute() -> None:
    schedule = Schedule(lambda: 5 * NS)
    schedule.begin(Train(1.0, 600, 2, 1.0))
    assert [schedule.due_ns(i) - 5 * NS for i in (0, 1, 599, 600, 1199)] == [0, NS, 599 * NS, 600 * NS, 1199 * NS]
    schedule.begin(Train(0.3, 10_000))
    assert schedule.due_ns(9_000) - 5 * NS == 30_000 * NS


async def test_a_late_pulse_is_left_out_and_moves_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(ns=0)
    schedule = Schedule(lambda: clock.ns)

    async def nap(seconds: float) -> None:
        clock.ns += round(seconds * NS)

    monkeypatch.setattr("hal.drivers.stimulator.trigger_schedule.asyncio.sleep", nap)
    schedule.begin(Train(1.0, 1200))
    outcome = []
    async for late in schedule.due():
        outcome.append((clock.ns / NS, late))
        if len(outcome) == 100:
            clock.ns += round(2.5 * NS)
    assert [index for index, (_, late) in enumerate(outcome) if late] == [100, 101]
    for index, (at_s, late) in enumerate(outcome):
        assert late or abs(at_s - index) < 0.06, "1200 pulses, and the last is as punctual as the first"


BURST = Train(5.0, 10, 20, 8.2, 3, 0.02)


async def test_bursts_are_never_timed_here(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path, kind) as (driver, far, heard, _):
        await armed(driver, far)
        calls: list[str] = []
        monkeypatch.setattr(driver._output, "pulse", lambda: calls.append("pulse"))
        for train, why in ((BURST, "never timed by this computer"), (Train(1.1, 10), "more than the 1 Hz")):
            with pytest.raises(Refused, match=why):
                await finishes(driver.prepare_train(train))
            with pytest.raises(Refused, match="no train is prepared"):
                await finishes(driver.start_train())
        assert (calls, far.panel.given, pulses(heard)) == ([], [], [])


async def test_a_lost_link_ends_the_train_and_says_so(tmp_path: Path, kind: str) -> None:
    async with bench(tmp_path, kind, speed=10.0) as (driver, far, heard, world):
        await armed(driver, far)
        await finishes(driver.prepare_train(Train(1.0, 1200)))
        await finishes(driver.start_train())
        await until(lambda: len(pulses(heard)) >= 3)
        fault = world.add_fault(f"{kind}.cable_out@0+5")
        await until(lambda: driver.health.state == "lost")
        assert fault.fired_at_s is not None
        assert driver.health.remedy
        await until(lambda: driver._running is None)
        await until(lambda: [r.train_running for r in heard if isinstance(r, StimulatorStatus)][-1] is False)
        given = len(far.panel.given)
        with pytest.raises(OffNotConfirmed, match="by hand NOW"):
            await finishes(driver.off())
        await until(lambda: driver.health.state == "ok")
        assert len(far.panel.given) == given, "nothing resumes by itself"
        with pytest.raises(Refused, match="not enabled"):
            await finishes(driver.fire())


async def test_a_missing_proof_ends_the_train(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line", speed=10.0) as (driver, far, heard, _):
        await armed(driver, far)
        await finishes(driver.prepare_train(Train(1.0, 1200)))
        await finishes(driver.start_train())
        await until(lambda: len(pulses(heard)) >= 2)
        far.panel.enabled = False
        await until(lambda: driver._running is None)
        assert len(pulses(heard)) == len(far.panel.given)
        assert "ended early: triggered, but no pulse came back" in driver.vitals.notes[-1]


def outputs(far: TriggerDevice) -> dict[str, bool]:
    port = far.wired.port
    assert isinstance(port, Rfc2217Port)
    return dict(port.outputs)


async def test_off_ends_the_train_and_the_line_is_low(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line", speed=10.0) as (driver, far, heard, _):
        assert outputs(far) == {"rts": False, "dtr": False}
        await armed(driver, far)
        await finishes(driver.prepare_train(Train(1.0, 1200)))
        await finishes(driver.start_train())
        await until(lambda: len(pulses(heard)) >= 2)
        await finishes(driver.off())
        assert outputs(far) == {"rts": False, "dtr": False}
        given = len(far.panel.given)
        await asyncio.sleep(0.3)
        assert len(far.panel.given) == len(pulses(heard)) == given


async def test_a_stop_behind_a_pulses_proof_does_not_lose_the_pulse(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line", pulse_ms=50.0, proof="cts") as (driver, far, heard, _):
        await armed(driver, far)
        fired = asyncio.ensure_future(driver.fire())
        await until(lambda: driver._proof is not None and driver._proof.done())
        assert not fired.done(), "the wire is still high"
        driver.off_now()
        fired.cancel()
        await asyncio.gather(fired, return_exceptions=True)
        await finishes(driver.off())
        assert len(pulses(heard)) == len(far.panel.given) == 1


async def test_a_train_that_a_stop_ends_was_not_stopped_at_the_stimulator(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line", speed=10.0) as (driver, far, heard, _):
        await armed(driver, far)
        await finishes(driver.prepare_train(Train(1.0, 1200)))
        await finishes(driver.start_train())
        await until(lambda: len(pulses(heard)) >= 2)
        train = driver._running
        assert train is not None
        driver.off_now()
        await asyncio.gather(train, return_exceptions=True)
        assert statuses(heard)[-1].train_running is True, "its end is told by off, once the wire is low"
        await finishes(driver.off())
        assert statuses(heard)[-1].train_running is False


def statuses(heard: list[Reading]) -> list[StimulatorStatus]:
    return [reading for reading in heard if isinstance(reading, StimulatorStatus)]


async def test_a_level_left_high_would_fire_again(tmp_path: Path) -> None:
    """Why the line is lowered: the simulated device shows what happens otherwise."""
    async with bench(tmp_path, "trigger_line", speed=2.0, pulse_ms=50.0, proof="cts") as (driver, far, heard, _):
        await armed(driver, far)
        await finishes(driver.fire())
        far.panel.trigger(True)
        await until(lambda: len(far.panel.given) >= 3)
        far.panel.trigger(False)
        await until(lambda: len(pulses(heard)) == len(far.panel.given))


async def test_a_silent_port_server_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hal.links.network_lines.ANSWER_S", 0.2)
    async with bench(tmp_path, "trigger_line", speed=10.0) as (driver, _far, _, world):
        fault = world.add_fault("trigger_line.silence@0+20")
        await until(lambda: driver.health.state == "lost")
        assert fault.strikes
        with pytest.raises(Refused, match="not connected"):
            await finishes(driver.enable())
        await until(lambda: driver.health.state == "ok")


async def test_a_stop_answers_whoever_waits_for_the_operator(tmp_path: Path) -> None:
    async with bench(tmp_path, "trigger_line") as (driver, _, _h, _w):
        work = asyncio.ensure_future(driver.set_amplitude(48))
        await until(lambda: driver.prompt is not None)
        driver.off_now()
        with pytest.raises(Refused, match="stopped before"):
            await finishes(work)


@pytest.mark.parametrize(
    ("address", "options", "why"),
    [
        ("line:/dev/ttyS0", {"max_rate_hz": 2.0}, "max_rate_hz"),
        ("line:/dev/ttyS0", {"echo_byte": 80}, "trigger box"),
        ("serial:/dev/ttyS0", {"proof": "cts"}, "control line"),
        ("serial:/dev/ttyS0", {"byte_high": 0}, "different"),
        ("line:/dev/ttyS0", {"output": "txd"}, "output"),
        ("hid:/dev/hidraw0", {"pulse_ms": 500.0}, "pulse_ms"),
    ],
)
def test_options_that_make_no_sense(address: str, options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        build(DeviceSpec("tms", "triggered_stimulator", address, options), time.monotonic_ns)


async def test_an_absent_port_is_told_and_not_raised(tmp_path: Path) -> None:
    driver = build(DeviceSpec("tms", "triggered_stimulator", f"serial:{tmp_path}/nowhere", {}), time.monotonic_ns)
    await finishes(driver.open())
    assert driver.health.state == "lost"
    assert isinstance(LinkLost("x"), Exception)
    await finishes(driver.close())
    await finishes(driver.close())
