"""The patient of a demonstration does what the station's running trial asks for."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bedside.config.captures import load_captures
from bedside.demo.also import ASSESSED, also_of
from bedside.demo.patient import HELD_S, RPM, STILL_S, WALKWAY_M, Patient
from bedside.demo.processes import DemoFailed
from bedside.events import (
    AnyEvent,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviceCalibrated,
    InstrumentClosed,
    InstrumentOpened,
)
from hal.sim.control import SimRefused
from hal.sim.hands import Hands
from hal.sim.world import SimulatedWorld

CAPTURES = load_captures(Path(__file__).parents[3] / "configs")
FAST = 100.0


class Sim:
    """The control channel of a world that is not served: what was asked, and refused where the world refuses it."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.world = SimulatedWorld(1, folder, also=("force_board_dual",))
        self.world.clock.now_s = lambda: 30.0  # type: ignore[method-assign]

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.asked.append((command, arguments))
        reply = Hands(self.world).answer({"do": command, **arguments})
        if not reply["ok"]:
            raise SimRefused(reply["error"])
        return reply

    async def robot(self, action: str, **settings: float) -> None:
        await self.ask("robot", action=action, **settings)

    def last(self) -> dict[str, Any]:
        """The last command, its name as `do`."""
        command, arguments = self.asked[-1]
        return {"do": command, **{name: value for name, value in arguments.items() if name != "paretic"}}


async def told(sim: Sim, *events: AnyEvent, paretic: str = "right") -> Patient:
    patient = Patient(sim, CAPTURES, paretic, FAST)  # type: ignore[arg-type]
    for event in events:
        await patient.act(event)
    return patient


def opened(instrument: str) -> InstrumentOpened:
    return InstrumentOpened(instrument=instrument, version="1", digest="")


def started(instrument: str, task: str) -> CaptureStarted:
    settings = dict(CAPTURES[instrument].task(task).settings)  # type: ignore[union-attr]
    return CaptureStarted(instrument=instrument, task=task, trial=1, seconds=30.0, settings=settings)


def stopped(instrument: str, task: str) -> CaptureStopped:
    return CaptureStopped(instrument=instrument, task=task, trial=1, cause="time", seconds=30.0)


ZEROED = DeviceCalibrated(device="board", what="zero", residual=0.0, unit="kg")


async def came(sim: Sim, count: int) -> None:
    """Wait until so many commands were given."""
    async with asyncio.timeout(5):
        while len(sim.asked) < count:
            await asyncio.sleep(0.001)


async def test_a_walk_begins_after_a_stand_and_ends_at_the_mark(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    await told(sim, opened("gait_overground"))
    assert sim.last() == {"do": "activity", "name": "stand"}
    patient = await told(sim, started("gait_overground", "walk_10m"))
    assert len(sim.asked) == 1, f"still for {STILL_S} s"
    await came(sim, 2)
    assert sim.last() == {"do": "activity", "name": "walk", "speed_m_s": 0.75, "distance_m": WALKWAY_M}
    await patient.act(stopped("gait_overground", "walk_10m"))
    assert sim.last()["name"] == "stand"


async def test_a_trial_that_is_stopped_before_the_walk_begins_is_no_walk(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    patient = await told(sim, started("gait_treadmill", "treadmill"), stopped("gait_treadmill", "treadmill"))
    await asyncio.sleep(3 * STILL_S / FAST)
    assert [arguments["name"] for _, arguments in sim.asked] == ["stand"]
    patient.close()


async def test_pedalling_begins_and_ends_with_the_trial(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    events = (opened("cycling_5min"), started("cycling_5min", "pedal"), stopped("cycling_5min", "pedal"))
    await told(sim, *events)
    assert [arguments["rpm"] for _, arguments in sim.asked] == [0.0, RPM, 0.0]
    assert sim.world.body.paretic == "right"


async def test_nobody_stands_on_a_plate_that_is_not_zeroed_before_the_trial(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    patient = await told(sim, opened("balance_static"))
    assert not sim.last()["on_plate"]
    await patient.act(started("balance_static", "eyes_open"))
    assert sim.last()["on_plate"]
    await patient.act(stopped("balance_static", "eyes_open"))
    assert "on_plate" not in sim.last(), "off again: it may be zeroed now"
    for event in (ZEROED, opened("balance_static")):
        await patient.act(event)
    assert sim.last()["on_plate"]


async def test_each_cue_is_followed_as_its_task_says(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    patient = await told(sim, ZEROED, started("balance_weight_shift", "shift_70"), CueGiven(cue="left 70 %"))
    assert sim.last() == {"do": "follow", "left_pct": 70.0}
    await patient.act(CueGiven(cue="what nobody planned"))
    assert sim.last() == {"do": "follow", "left_pct": 70.0}
    for event in (started("balance_limits", "reach"), CueGiven(cue="lean back")):
        await patient.act(event)
    assert sim.last() == {"do": "follow", "direction_deg": 270.0, "limit_pct": 75.0}
    count = len(sim.asked)
    await came(sim, count + 1)
    assert sim.last() == {"do": "activity", "name": "stand", "on_plate": True}, f"back after {HELD_S} s"
    for event in (started("balance_perturbation", "push"), CueGiven(cue="push")):
        await patient.act(event)
    assert sim.last()["do"] == "push"
    for event in (stopped("balance_perturbation", "push"), CueGiven(cue="push")):
        await patient.act(event)
    assert sim.last()["do"] != "push", "no trial, no push"


async def test_in_the_robot_its_panel_is_worked(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    await told(sim, opened("gait_robot"), started("gait_robot", "robot_walk"), stopped("gait_robot", "robot_walk"))
    assert [arguments.get("action") for _, arguments in sim.asked] == [None, "fit", "stand", "walk", "stop"]


async def test_scales_are_done_sitting(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    await told(
        sim,
        opened("bbs"),
        InstrumentClosed(instrument="bbs", outcome="complete", reason="", total=1.0, values={}, examiner="a"),
    )
    assert [arguments["name"] for _, arguments in sim.asked] == ["sit", "sit"]


def test_an_assessment_brings_its_sensors_and_nobody_scripted() -> None:
    assert also_of(["force_board", "imu_nus_left"], assess=True, unattended=False) == [*ASSESSED, "force_board"]
    assert also_of(["escd", "escd"], assess=False, unattended=True) == ["escd"]
    with pytest.raises(DemoFailed, match="scripted therapist"):
        also_of([], assess=True, unattended=True)


def test_every_capture_is_somewhere_in_the_demonstration() -> None:
    placed = {name.removeprefix("imu_nus_").replace("force_board_dual", "plate") for name in ASSESSED} | {"emg"}
    placed = {{"left": "foot_left", "right": "foot_right"}.get(name, f"{name}") for name in placed}
    for capture in CAPTURES.values():
        assert set(capture.needs) <= placed, capture.id
