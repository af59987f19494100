"""The OpenExo driver with its simulated exoskeleton, over a link in memory."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.device import Attention, Reading, Refused, SetupError
from hal.drivers.gait.openexo import ERROR_NOTIFY, UART_NOTIFY, ContactPhase, OpenExo
from hal.links.gatt import Notification
from hal.roles import GaitTrainer, RobotState
from hal.sim.clock import SimClock
from hal.sim.far_end import FAR_ENDS, Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.gait.openexo_device import VALUES, OpenExoDevice, frame_bytes
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from hal.supervised import Patience
from tests.helpers.far_ends import finishes, until
from tests.helpers.gatt import MemoryLink, act

NAMES = [name if name != "time_s" else "-" for name in VALUES]
OPTIONS: dict[str, Any] = {"values": NAMES, "battery": "percent"}
SPEED = 10.0


def surroundings(folder: Path) -> Surroundings:
    clock = SimClock(SPEED)
    return Surroundings(
        "openexo", folder, 1, clock, Faults(), Patient(1), GaitModel(), lambda _s, _pct: None, "in memory"
    )


class Bench:
    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.device = OpenExoDevice(surroundings(folder))
        self.link = MemoryLink(self.device.peripheral)
        patience = Patience(silence_s=1.0, reopen_s=3.0, first_retry_s=0.05)
        clock = self.device.around.clock
        self.robot = OpenExo("robot", lambda: int(clock.now_s() * 1e9), self.link, options, patience)
        self.states: list[RobotState] = []
        self.robot.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, RobotState):
            self.states.append(reading)

    @property
    def last(self) -> RobotState:
        return self.states[-1]

    @property
    def gait(self) -> GaitModel:
        return self.device.around.gait

    def fault(self, what: str) -> Fault:
        return self.device.around.faults.add(f"openexo.{what}", self.device.now_s)


@asynccontextmanager
async def bench(folder: Path, options: dict[str, Any] | None = None) -> AsyncIterator[Bench]:
    made = Bench(folder, OPTIONS if options is None else options)
    made.gait.fit()
    made.gait.stand()
    serving = asyncio.create_task(act(made.device, made.link))
    try:
        await finishes(made.robot.open())
        yield made
    finally:
        await finishes(made.robot.close())
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert not made.device.written, "an exoskeleton is never commanded"


async def test_joints_contacts_steps_and_battery(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert isinstance(b.robot, GaitTrainer)
        await until(lambda: b.states and b.robot.vitals.battery_pct)
        assert b.robot.vitals.battery_pct == 87.0
        b.gait.walk(1.2)
        await until(lambda: b.last.steps)
        assert all(math.isfinite(angle) for angle in b.last.angles_deg)
        assert [math.isfinite(torque) for torque in b.last.torques_nm] == [False, False, True, False, False, True]
        assert (b.last.velocities_deg_s, b.last.speed_kmh, b.last.e_stop) == ((), None, None)
        assert len(b.last.contacts) == 2
        vitals = b.robot.vitals
        assert vitals.received == len(b.states)
        assert vitals.rssi_dbm == b.device.peripheral.rssi_dbm
        assert b.robot.health.dropped == 0


async def test_a_fault_is_told_at_once_and_stays(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await until(lambda: b.states)
        b.gait.press_e_stop()
        await until(lambda: b.last.phase == "fault")
        assert b.robot.vitals.attention == (Attention("fault: motor timeout", "restart the exoskeleton"),)
        told = len(b.states)
        b.gait.release_e_stop()
        await until(lambda: len(b.states) > told + 3)
        assert {state.phase for state in b.states[told:]} == {"fault"}


async def test_a_lost_link_is_unknown(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await until(lambda: b.states)
        fault = b.fault("cable_out@0+3")
        await until(lambda: b.robot.health.state == "lost")
        assert fault.strikes
        assert (b.last.phase, b.last.angles_deg, b.last.steps) == ("unknown", (), None)
        assert b.robot.health.error.startswith("exoskeleton state unknown")
        await until(lambda: b.robot.health.state == "ok")
        await until(lambda: b.last.angles_deg)


async def test_frames_that_stop_are_unknown_though_the_battery_still_comes(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await until(lambda: b.states)
        b.gait.switch_off()
        await until(lambda: b.last.contacts == () and b.last.phase == "unknown")
        assert b.robot.health.state == "ok"


async def test_numbers_nobody_named_are_not_read(tmp_path: Path) -> None:
    async with bench(tmp_path, {}) as b:
        await until(lambda: b.states and b.robot._battery)
        assert (b.last.phase, b.last.angles_deg, b.last.contacts) == ("unknown", (), ())
        assert b.robot.vitals.battery_pct is None
        assert "does not name its numbers" in b.robot.vitals.notes[0]
        assert "87 (unit not confirmed)" in b.robot.vitals.notes[1]
        with pytest.raises(Refused, match="reports its own state"):
            b.robot.report(phase="walk", speed_kmh=1, body_weight_support_kg=None, assist_pct=None, steps=None)


async def test_garbage_and_lost_frames_are_lived_through(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        faults = [b.fault("garbage@0+3"), b.fault("truncated@4+2"), b.fault("lost_samples:3@7")]
        await until(lambda: all(fault.strikes for fault in faults))
        assert b.robot.dropped
        told = len(b.states)
        await until(lambda: len(b.states) > told + 5)
        assert b.robot.health.state == "ok"


def notes(data: bytes, uuid: str = UART_NOTIFY) -> Notification:
    return Notification(5, uuid, data)


async def test_frames_that_are_too_short_and_error_counts(tmp_path: Path) -> None:
    b = Bench(tmp_path, OPTIONS)
    b.robot.on_notification(notes(frame_bytes("?", (1.0,)) + frame_bytes("w", (0,)) + frame_bytes("s", (-1,))))
    assert (b.robot.dropped, b.states) == (1, [])
    b.robot.on_notification(notes(frame_bytes("w", (2,)) + frame_bytes("w", (2,)) + frame_bytes("Q", (2,))))
    assert [state.phase for state in b.states] == ["fault"]
    b.robot.on_notification(notes(b"4", ERROR_NOTIFY))
    assert "torque out of bounds" in b.robot.vitals.attention[0].what
    b.robot.on_notification(notes(b"\x63", ERROR_NOTIFY))
    assert "error 99" in b.robot.vitals.attention[0].what


@pytest.mark.parametrize(
    "options",
    [{"values": ["angle_hip_rigth_deg"]}, {"values": ["speed_kmh", "speed_kmh"]}, {"battery": "W"}, {"value": []}],
)
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(SetupError):
        Bench(tmp_path, options)


def test_the_world_can_make_it(tmp_path: Path) -> None:
    assert FAR_ENDS["openexo"].build(surroundings(tmp_path)).address.startswith("ble:")


def phases(contacts: list[tuple[bool, bool]], step_s: float) -> list[str]:
    phase = ContactPhase()
    return [phase.feed(pair, round(n * step_s * 1e9)) for n, pair in enumerate(contacts)]


def test_standing_takes_three_still_seconds() -> None:
    told = phases([(True, True)] * 50, 0.1)
    assert set(told[:30]) == {"unknown"}
    assert set(told[30:]) == {"stand"}


def test_a_leg_in_the_air_is_no_standing() -> None:
    assert set(phases([(True, False)] * 80, 0.1)) == {"unknown"}


def test_walking_and_its_end() -> None:
    gait = GaitModel()
    gait.fit()
    gait.stand()
    gait.walk(0.8)
    contacts = []
    for n in range(2000):
        gait.advance(n / 100)
        contacts.append(gait.posture().contacts)
    assert set(phases(contacts, 0.01)[600:]) == {"walk"}, "the slowest walk of the envelope is walking throughout"
    assert phases([*contacts, *[(True, True)] * 400], 0.01)[-1] == "stand"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60), st.floats(0.01, 2.0))
def test_walking_needs_both_feet(contacts: list[tuple[bool, bool]], step_s: float) -> None:
    for n, phase in enumerate(phases(contacts, step_s)):
        if phase == "walk":
            seen = contacts[: n + 1]
            assert len({right for right, _ in seen}) == len({left for _, left in seen}) == 2
