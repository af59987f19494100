import asyncio
import contextlib
import struct
from functools import reduce
from operator import xor

import pytest

from hal.sim.clock import SimClock
from hal.sim.faults import Faults
from hal.sim.gait.robot_device import VALUES, RobotDevice, state_values, value_frame
from hal.sim.patient.gait_model import GaitModel


def decoded(frame: bytes) -> dict[str, float]:
    """A frame's values by name, after checking everything around them; its own reading of the format."""
    assert len(frame) == 255
    assert frame[0:1] == b"V"
    count = frame[1]
    assert frame[254] == reduce(xor, frame[2:254])
    assert not any(frame[2 + 8 * count : 254])
    return dict(zip(VALUES, struct.unpack_from(f"<{count}d", frame, 2), strict=True))


def test_golden_frame():
    frame = value_frame((1.0, -2.0))
    assert frame[:18] == bytes.fromhex("56 02 00 00 00 00 00 00 F0 3F 00 00 00 00 00 00 00 C0")
    assert frame[18:254] == bytes(236)
    assert frame[254] == 0xF0 ^ 0x3F ^ 0xC0


def test_values_stand_in_the_published_order():
    gait = GaitModel()
    gait.fit(28.8, 70.0)
    gait.stand()
    gait.walk(1.5)
    gait.advance(40.0)
    values = decoded(value_frame(state_values(gait, 40.0)))
    assert list(values)[0:2] == ["time_s", "angle_hip_right_deg"]
    assert list(values)[19:] == [
        "contact_right",
        "contact_left",
        "speed_kmh",
        "body_weight_support_kg",
        "assist_pct",
        "phase",
        "e_stop",
        "steps",
    ]
    assert (values["time_s"], values["speed_kmh"], values["phase"]) == (40.0, 1.5, 3.0)
    assert (values["body_weight_support_kg"], values["assist_pct"], values["e_stop"]) == (28.8, 70.0, 0.0)
    assert values["steps"] > 20


class Robot:
    def __init__(self, *faults: str, speed: float = 20.0) -> None:
        self.faults = Faults()
        for spec in faults:
            self.faults.add(spec)
        self.device = RobotDevice(GaitModel(), SimClock(speed), self.faults)

    async def __aenter__(self) -> "Robot":
        await self.device.port.plug()
        self.task = asyncio.create_task(self.device.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.device.port.port)


async def frame_from(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readexactly(255), 5)


async def test_states_arrive_in_simulated_time():
    async with Robot() as robot:
        reader, writer = await robot.connect()
        times = [decoded(await frame_from(reader))["time_s"] for _ in range(40)]
        assert times == sorted(times)
        assert times[-1] - times[0] > 1.0
        writer.close()


async def test_it_survives_a_station_that_vanishes():
    async with Robot() as robot:
        for _ in range(3):
            reader, writer = await robot.connect()
            decoded(await frame_from(reader))
            writer.transport.abort()


async def test_fault_garbage_breaks_the_checksum():
    async with Robot("robot.garbage") as robot:
        reader, writer = await robot.connect()
        with pytest.raises(AssertionError):
            decoded(await frame_from(reader))
        assert robot.faults.all[0].strikes
        writer.close()


async def test_fault_silence_keeps_the_connection():
    async with Robot("robot.silence") as robot:
        reader, writer = await robot.connect()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        assert robot.faults.all[0].strikes
        writer.close()


async def test_fault_cable_out_ends_the_connection():
    async with Robot() as robot:
        reader, writer = await robot.connect()
        await frame_from(reader)
        robot.faults.add("robot.cable_out", robot.device._clock.now_s())
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(-1), 5)
        assert robot.faults.all[0].strikes
        writer.close()
