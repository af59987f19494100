"""The driver of direct current stimulators with its simulated device, over a real pty and over Bluetooth in memory."""

import asyncio
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import NoAnswer, OffNotConfirmed, ReadBackMismatch, Refused, SetupError
from hal.drivers.current import escd_codec as wire
from hal.drivers.current.escd import Escd
from hal.drivers.current.escd_conversation import FOUND_RUNNING, UNKNOWN
from hal.roles import CurrentProgram, CurrentStimulator
from hal.sim.current import escd_engine as engine
from hal.sim.current import escd_wire
from hal.sim.current.escd_wire import Plan
from hal.sim.far_end import FAR_ENDS
from hal.sim.world import SimulatedWorld
from tests.helpers.escd import Rig, talking
from tests.helpers.far_ends import finishes, until

SHORT = CurrentProgram(2.5, 30, 5)
LONG = CurrentProgram(2.5, 200, 5, trigger_bursts=200)
PAIRED = CurrentProgram(2.5, 20, 5, trigger_bursts=20)


async def flowing(rig: Rig, program: CurrentProgram = LONG) -> None:
    """On the plateau."""
    await finishes(rig.escd.prepare(program))
    await finishes(rig.escd.start())
    await until(lambda: rig.escd.status.phase == "plateau")


@pytest.mark.parametrize("wireless", [False, True])
async def test_a_program_is_prepared_started_watched_and_ends_by_itself(tmp_path, wireless):
    async with talking(tmp_path, speed=30, wireless=wireless) as rig:
        escd: CurrentStimulator = rig.escd
        assert isinstance(rig.escd, CurrentStimulator)
        assert (escd.status.phase, escd.max_current_ma) == ("idle", 2.5)
        assert (escd.fileno() is None) == wireless
        await finishes(escd.prepare(SHORT))
        assert escd.status.phase == "prepared"
        assert escd.status.impedance_kohm is not None
        await finishes(escd.start())
        assert escd.status.phase in ("ramp_up", "plateau")
        await until(lambda: rig.phases[-1] == "idle", 10)
        assert rig.phases[-5:] == ["prepared", "ramp_up", "plateau", "ramp_down", "idle"]
        full = [told for told in rig.told if told.phase == "plateau"]
        assert full[0].measured_ma == pytest.approx(2.5, abs=0.01)
        assert rig.escd.vitals.battery_pct == pytest.approx(87, abs=1)
        assert rig.escd.vitals.rssi_dbm == (-58 if wireless else None)
        assert rig.escd.vitals.received > 10
        assert rig.told[-1].charge_c == pytest.approx(2.5e-3 * 35, rel=0.01)
        assert not rig.told[-1].fault


async def test_triggers_are_told(tmp_path):
    async with talking(tmp_path, speed=40) as rig:
        await flowing(rig, PAIRED)
        await until(lambda: rig.told[-1].triggers == 60)


async def test_what_is_above_the_ceiling_is_refused_whatever_the_file_says(tmp_path):
    async with talking(tmp_path) as rig:
        with pytest.raises(Refused, match=r"2\.6 mA is above"):
            await rig.escd.prepare(CurrentProgram(2.6, 30, 15))
    async with talking(tmp_path, max_current_ma=4.0) as rig:
        await finishes(rig.escd.prepare(CurrentProgram(4.0, 30, 15)))
        with pytest.raises(Refused, match=r"4\.1 mA"):
            await rig.escd.prepare(CurrentProgram(4.1, 30, 15))
    with pytest.raises(SetupError, match="at most 4"):
        build(DeviceSpec("current", "escd", "serial:/dev/null", {"max_current_ma": 4.1}), time.monotonic_ns)


@pytest.mark.parametrize("battery_pct", [29, 30])
async def test_the_battery_decides_on_the_start(tmp_path, battery_pct):
    async with talking(tmp_path) as rig:
        fault = rig.fault(f"low_battery:{battery_pct}")
        await finishes(rig.escd.prepare(SHORT))
        if battery_pct == 30:
            await finishes(rig.escd.start())
        else:
            with pytest.raises(Refused, match="29 %, 30 % are needed"):
                await finishes(rig.escd.start())
            assert ["no program starts" in part.what for part in rig.escd.vitals.attention] == [True]
            assert not rig.engine.bench.trace
        assert fault.fired_at_s is not None


async def test_dry_electrodes_do_not_start_and_moistened_ones_do(tmp_path):
    async with talking(tmp_path) as rig:
        fault = rig.fault("dry_electrode:14")
        await finishes(rig.escd.prepare(SHORT))
        with pytest.raises(Refused, match="impedance is 14 kOhm"):
            await finishes(rig.escd.start())
        assert fault.fired_at_s is not None
        assert "moisten" in " ".join(rig.escd.vitals.notes)
        fault.duration_s = 0.0
        await until(lambda: (rig.escd.status.impedance_kohm or 99) < 10)
        await finishes(rig.escd.start())


async def test_stop_is_confirmed_by_the_device_from_every_phase(tmp_path):
    async with talking(tmp_path, speed=10) as rig:
        await finishes(rig.escd.stop())
        await finishes(rig.escd.prepare(SHORT))
        await finishes(rig.escd.stop())
        assert rig.engine.phase == engine.IDLE
        with pytest.raises(Refused, match="no program is prepared"):
            await rig.escd.start()
        await flowing(rig)
        await finishes(rig.escd.stop())
        assert rig.engine.phase == engine.RAMP_DOWN
        await until(lambda: rig.told[-1].phase == "idle")
        assert max(at_ua for _, at_ua in rig.engine.bench.trace) <= 2500


async def test_a_stop_that_is_ignored_is_said_to_be_unconfirmed(tmp_path):
    async with talking(tmp_path, answer_s=0.6) as rig:
        await flowing(rig)
        fault = rig.fault("ignore_off")
        with pytest.raises(OffNotConfirmed, match="no answer confirms"):
            await finishes(rig.escd.stop())
        assert fault.fired_at_s is not None
        assert rig.engine.phase == engine.PLATEAU
        fault.duration_s = 0.0


async def test_off_now_is_the_guards_frame_and_refuses_what_waits(tmp_path):
    async with talking(tmp_path) as rig:
        assert rig.escd.off_bytes == bytes.fromhex("e55c0004005800")
        await flowing(rig)
        waiting = asyncio.create_task(rig.escd.prepare(SHORT))
        await asyncio.sleep(0)
        rig.escd.off_now()
        with pytest.raises(Refused):
            await waiting
        await until(lambda: rig.engine.phase in (engine.RAMP_DOWN, engine.IDLE))


async def test_an_open_electrode_ramps_down_within_a_second_and_is_said(tmp_path):
    async with talking(tmp_path, speed=1) as rig:
        await finishes(rig.escd.prepare(CurrentProgram(2.5, 60, 5)))
        await finishes(rig.escd.start())
        await until(lambda: (rig.told[-1].asked_ma or 0) > 0.3)
        fault = rig.fault("open_electrode")
        await until(lambda: rig.told[-1].phase == "ramp_down")
        assert fault.fired_at_s is not None
        assert rig.around.clock.now_s() - fault.fired_at_s < 1.0
        assert "electrode is off" in rig.told[-1].fault
        await until(lambda: "electrode is off" in rig.escd.health.error)


async def test_current_that_deviates_unseen_by_the_device_is_stopped_by_us(tmp_path):
    async with talking(tmp_path, speed=10) as rig:
        await flowing(rig)
        small = rig.fault("current_off:8")
        await until(lambda: small.strikes > 8)
        assert rig.told[-1].phase == "plateau"
        small.duration_s = 0.0
        large = rig.fault("current_off:12")
        since_s = asyncio.get_running_loop().time()
        await until(lambda: rig.told[-1].phase == "ramp_down")
        assert asyncio.get_running_loop().time() - since_s >= 1.0
        assert large.fired_at_s is not None
        assert "should flow" in rig.told[-1].fault
        assert "should flow" in rig.escd.health.error
        await until(lambda: rig.told[-1].phase == "idle")
        large.duration_s = 0.0
        await finishes(rig.escd.prepare(SHORT))
        assert rig.escd.health.error == ""
        assert rig.escd.status.fault == ""


@pytest.mark.parametrize("wireless", [False, True])
async def test_a_lost_link_is_unknown_at_once_and_nothing_resumes(tmp_path, wireless):
    async with talking(tmp_path, speed=1, wireless=wireless) as rig:
        await finishes(rig.escd.prepare(CurrentProgram(2.5, 60, 5)))
        await finishes(rig.escd.start())
        # high enough that it still ramps down when the cable is back: a stop in that time leaves the fault standing
        await until(lambda: (rig.told[-1].asked_ma or 0) > 0.8)
        rig.engine.timeout_ms = 500
        fault = rig.fault("cable_out")
        await until(lambda: rig.escd.status.phase == "unknown")
        assert (rig.told[-1].phase, rig.told[-1].fault) == ("unknown", UNKNOWN)
        assert UNKNOWN in rig.escd.vitals.notes
        assert fault.fired_at_s is not None
        with pytest.raises((NoAnswer, Refused)):
            await rig.escd.start()
        with pytest.raises(NoAnswer):
            await rig.escd.prepare(SHORT)
        with pytest.raises(OffNotConfirmed):
            await finishes(rig.escd.stop())
        await until(lambda: rig.engine.fault == engine.LINK_SILENT)
        fault.duration_s = 0.0
        await until(lambda: rig.escd.health.state == "ok", 10)
        await until(lambda: rig.told[-1].phase == "fault", 10)
        assert "heard nothing" in rig.escd.health.error
        with pytest.raises(Refused, match="stop it first"):
            await rig.escd.prepare(SHORT)
        await finishes(rig.escd.stop())
        await until(lambda: rig.told[-1].phase == "idle")
        with pytest.raises(Refused, match="no program is prepared"):
            await rig.escd.start()
        assert "ramp_up" not in rig.phases[rig.phases.index("unknown", 1) :]


async def test_a_device_found_running_is_told_to_stop_and_reported(tmp_path):
    async with talking(tmp_path, speed=1, opened=False) as rig:
        plan = Plan(2500, 60000, 5000, 0, 3, 20, 200, 10, 10000)
        now_s = rig.around.clock.now_s()
        rig.engine.receive(escd_wire.Request(escd_wire.PROGRAM, 1, plan.packed), now_s)
        rig.engine.receive(escd_wire.Request(escd_wire.START, 1, plan.number.to_bytes(2, "little")), now_s)
        await finishes(rig.escd.open())
        await until(lambda: rig.told and rig.told[-1].phase in ("ramp_down", "idle"))
        assert rig.told[-1].fault == FOUND_RUNNING
        assert rig.escd.health.error == FOUND_RUNNING
        assert FOUND_RUNNING in rig.escd.vitals.notes


async def test_silence_is_unknown_and_the_device_ramps_down_by_itself(tmp_path):
    async with talking(tmp_path, speed=1) as rig:
        await finishes(rig.escd.prepare(CurrentProgram(2.5, 60, 5)))
        await finishes(rig.escd.start())
        rig.engine.timeout_ms = 500
        fault = rig.fault("silence@0+1.2")
        await until(lambda: rig.escd.status.phase == "unknown")
        assert rig.escd.health.state == "silent"
        await until(lambda: rig.engine.phase in (engine.RAMP_DOWN, engine.FAULT))
        assert fault.fired_at_s is not None
        await until(lambda: rig.escd.health.state == "ok", 10)


async def test_garbage_is_counted_and_the_next_good_frame_is_read(tmp_path):
    async with talking(tmp_path, speed=1) as rig:
        fault = rig.fault("garbage@0+0.5")
        await until(lambda: rig.escd.dropped)
        received = rig.escd.vitals.received
        await until(lambda: rig.escd.vitals.received > received + 3)
        assert fault.fired_at_s is not None
        assert rig.escd.status.phase == "idle"


async def test_a_program_read_back_wrongly_is_stopped(tmp_path, monkeypatch):
    async with talking(tmp_path) as rig:
        real = escd_wire.program_report
        monkeypatch.setattr(escd_wire, "program_report", lambda seq, plan: real(seq, plan._replace(current_ua=1000)))
        with pytest.raises(ReadBackMismatch):
            await finishes(rig.escd.prepare(SHORT))
        await until(lambda: rig.engine.phase == engine.IDLE)


@pytest.mark.parametrize(("field", "value"), [("version", 2), ("timeout_ms", 0), ("timeout_ms", 60_000)])
async def test_a_device_of_another_version_or_without_a_time_out_is_not_used(tmp_path, field, value):
    async with talking(tmp_path, opened=False) as rig:
        setattr(rig.engine, field, value)
        await finishes(rig.escd.open())
        assert rig.escd.health.state in ("lost", "connecting")
        assert ("version" if field == "version" else "time-out") in rig.escd.health.error
        with pytest.raises(NoAnswer):
            await rig.escd.prepare(SHORT)


async def test_a_device_without_trigger_output_or_long_ramps_refuses_such_programs(tmp_path):
    async with talking(tmp_path, opened=False) as rig:
        rig.engine.has_trigger = False
        await finishes(rig.escd.open())
        with pytest.raises(Refused, match="no trigger output"):
            await rig.escd.prepare(LONG)


async def test_closing_leaves_no_current(tmp_path):
    async with talking(tmp_path) as rig:
        await flowing(rig)
        await finishes(rig.escd.close())
        assert rig.engine.phase in (engine.RAMP_DOWN, engine.IDLE)
        assert rig.escd.status.phase == "unknown"


def test_the_program_is_one_frame_of_the_protocol():
    frame: Any = wire.encode(wire.Kind.PROGRAM, 1, wire.program_payload(LONG))
    assert len(frame) == 26
    assert Escd.default_baud == 115200


@pytest.mark.parametrize("name", ["escd", "escd_ble"])
def test_the_shipped_device_files_build_this_driver(name):
    shipped = tomllib.loads((Path(__file__).parents[4] / "configs" / "devices" / f"{name}.toml").read_text())
    spec = DeviceSpec("current", shipped["driver"], shipped["address"], shipped["options"])
    device = build(spec, time.monotonic_ns)
    assert isinstance(device, Escd)
    assert (device.role, device.max_current_ma, shipped["verified"]) == ("current", 2.5, False)
    assert device.status.phase == "unknown"
    assert FAR_ENDS[name].driver == shipped["driver"]


async def test_the_wired_device_lives_in_a_whole_world(tmp_path):
    world = SimulatedWorld(4, tmp_path, also=("escd",))
    far = world.also["escd"]
    await far.plug()
    serving = asyncio.create_task(far.run())
    device = build(DeviceSpec("current", "escd", world.addresses["escd"]), time.monotonic_ns)
    assert isinstance(device, Escd)
    await finishes(device.open())
    await until(lambda: device.status.phase == "idle")
    await finishes(device.close())
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
