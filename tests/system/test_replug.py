"""Every link pulled and plugged in again at random, 200 times in all; and what the station then does to the pulses."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hal.device import HealthChanged
from hal.drivers.gait.robot_telemetry import unknown_state
from hal.roles import JOINTS, ContactState, RobotState
from hal.sim.gait.openexo_device import VALUES as OPENEXO_VALUES
from hal.sim.gait.robot_device import VALUES as ROBOT_VALUES
from hal.sim.hands import Hands
from hal.sim.world import SimulatedWorld
from tests.helpers.bluetooth import bluetooth
from tests.helpers.pulled import Pulled, connect, in_order
from tests.helpers.station_process import bedside_at
from tests.helpers.stops import CableEnd, presses, standing_train, stimulator_pulled

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ALWAYS = ("emg", "robot", "stimulator")
ASKED_FOR = ("force_board", "force_board_dual", "balance_board", "emergency_stop", "foot_switch", "trackmaster")
SLOW = ("imu_foot_left", "imu_foot_right")
"""Seconds pass until these are set up again."""
CLOCKED = ("imu_nus_left", "imu_nus_right", "imu_capture2go", "imu_dot")
SENSORS = (*CLOCKED, *SLOW)
WIRELESS = (*SENSORS, "ftms", "openexo")
LINKS = (*ALWAYS, *ASKED_FOR, *WIRELESS)
COUNTED = ("force_board", "force_board_dual", "imu_nus_left", "imu_nus_right", "imu_capture2go")
SAMPLED = ("emg", "force_board", "force_board_dual", "balance_board", *SENSORS)
RECOGNISED = tuple(name for name in SAMPLED if name not in ("emg", "imu_dot"))
"""Sensors whose samples are known again by what they carry; a DOT's are fractions."""
PULLS = dict.fromkeys((*ALWAYS, *ASKED_FOR), 14) | dict.fromkeys(WIRELESS, 10) | dict.fromkeys(SLOW, 7)
SPEED_KMH = 1.2
PRESSES = 5
STOP_S, SAID_S = 0.2, 1.0
SLACK_S = 1.5
"""What a busy machine may add; the strict figures are the benchmark's."""
SEED = random.SystemRandom().randrange(1 << 32)


@contextlib.asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[dict[str, Pulled]]:
    """All links, each with its real driver."""
    async with bluetooth(folder) as radio:
        world = SimulatedWorld(1, folder, also=(*ASKED_FOR, *WIRELESS), bus=radio.bus.address)
        world.gait.fit(25.0, 80.0)
        world.gait.stand()
        world.gait.walk(SPEED_KMH)
        world.gait.speed_kmh = SPEED_KMH
        Hands(world).treadmill("trackmaster", "start")
        await world.plug()
        running = asyncio.create_task(world.run())
        links = {name: connect(world, name, time.monotonic_ns) for name in LINKS}
        try:
            await asyncio.gather(*(link.device.open() for link in links.values()))
            yield links
        finally:
            await asyncio.gather(*(link.device.close() for link in links.values()))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_200_pulls_lose_only_what_was_missed_and_say_so(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    async with connected(tmp_path) as links:
        async with asyncio.TaskGroup() as tasks:
            for number, link in enumerate(links.values()):
                tasks.create_task(link.pull(PULLS[link.name], random.Random(SEED + number)))
        assert sum(link.pulls for link in links.values()) >= 200
        await asyncio.gather(*(link.well() for link in links.values()))
    for link in links.values():
        lost = [r for r in link.said if isinstance(r, HealthChanged) and r.health.state == "lost"]
        assert len(lost) >= link.pulls, f"{link.name} did not say that it was lost"
    for name in SAMPLED:
        links[name].check_index()
        assert links[name].gaps >= links[name].pulls, f"{name} marks {links[name].gaps} gaps"
    for name in CLOCKED:
        links[name].check_counts()
    for name in RECOGNISED:
        numbers = links[name].numbers()
        index = np.concatenate([b.first_sample + np.arange(len(b.sample_ns)) for b in links[name].blocks])
        if name in COUNTED:
            assert len(set((numbers - index).tolist())) == 1, f"{name}: what was lost is not exact"
    check_joints(links["robot"], ROBOT_VALUES)
    check_joints(links["openexo"], OPENEXO_VALUES)
    check_belt(links["trackmaster"])
    check_belt(links["ftms"])
    check_button(links["emergency_stop"], out=True)
    check_button(links["foot_switch"], out=None)


def check_joints(robot: Pulled, values: tuple[str, ...]) -> None:
    """The joints that it told are those that were sent, in order, and each time it was lost it was unknown."""
    names = [name for name in values if name.startswith(("angle", "torque"))]
    told = [joints(state) for state in states_of(robot) if state.angles_deg]
    heard = np.array([[state[name] for name in names] for state in told])
    sent = robot.truth.left().words[:, [values.index(name) for name in names]]
    in_order(heard, np.ascontiguousarray(sent), robot.name)


def joints(state: RobotState) -> dict[str, float]:
    """Angles and torques by the names that robots send them under."""
    angles = {f"angle_{joint}_deg": angle for joint, angle in zip(JOINTS, state.angles_deg, strict=True)}
    return angles | {f"torque_{joint}_nm": torque for joint, torque in zip(JOINTS, state.torques_nm, strict=True)}


def check_belt(belt: Pulled) -> None:
    """It never stood or changed its speed, and nobody said that it did."""
    told = [state for state in states_of(belt) if state.speed_kmh is not None]
    assert {state.speed_kmh for state in told} == {SPEED_KMH}, belt.name
    assert "walk" in {state.phase for state in told} <= {"walk", "unknown"}, belt.name


def states_of(robot: Pulled) -> list[RobotState]:
    """All states; each time it was lost, one of them knows nothing."""
    states = [reading for reading in robot.said if isinstance(reading, RobotState)]
    blank = [state for state in states if state == unknown_state(state.mono_ns)]
    assert len(blank) >= robot.pulls, robot.name
    return states


def check_button(button: Pulled, *, out: bool | None) -> None:
    """Released when it is back, and nothing but `out` when it is not: an emergency stop pressed, another unknown."""
    active = [reading.active for reading in button.said if isinstance(reading, ContactState)]
    assert sum((before, after) == (False, out) for before, after in pairwise(active)) >= button.pulls, button.name
    assert set(active) == {False, out}, button.name


async def test_the_button_switches_the_stimulator_off_each_time(tmp_path: Path) -> None:
    async with bedside_at(tmp_path, speed=4.0, step="treatment", also=("emergency_stop",)) as bed:
        await standing_train(bed)
        off_s = await presses(bed, PRESSES)
    assert max(off_s) < STOP_S + SLACK_S, off_s


@pytest.mark.parametrize("end", ["cable_out", "silence"])
async def test_a_stimulator_whose_cable_is_pulled_is_unknown_and_then_off(tmp_path: Path, end: CableEnd) -> None:
    async with bedside_at(tmp_path, speed=1.0, step="treatment") as bed:
        await standing_train(bed)
        said_s, off_s = await stimulator_pulled(bed, end)
    assert said_s < SAID_S + SLACK_S
    assert off_s < SAID_S + SLACK_S


def test_a_sample_that_comes_twice_out_of_order_or_never_was_is_seen() -> None:
    sent = np.random.default_rng(1).integers(-9, 9, (500, 6)).astype(float)
    assert in_order(sent[5:400:2], sent, "device").tolist() == list(range(5, 400, 2))
    for broken in ([3, 4, 4], [3, 5, 4]):
        with pytest.raises(AssertionError, match="twice, out of order"):
            in_order(sent[broken], sent, "device")
    with pytest.raises(AssertionError, match="never sent"):
        in_order(sent[:3] + 0.5, sent, "device")
