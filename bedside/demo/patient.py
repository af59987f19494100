"""The patient of a demonstration: does what the running trial of an assessment asks for, as the station tells it.

It hears what everybody in the room would: which instrument is opened, that a trial begins, each cue, that it ends. What
a cue asks for stands in the configuration of its task. Nothing but the simulation is touched.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from bedside.config.captures import CaptureConfig, CaptureTask, Cue
from bedside.events import (
    AnyEvent,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviceCalibrated,
    InstrumentClosed,
    InstrumentOpened,
)
from hal.sim.control import SimControl, SimRefused

SPEED_M_S = 0.75
WALKWAY_M = 14.0
STILL_S = 2.0
"""How long the patient stands before a walk, as the instruction says."""
RPM = 42.0
ROBOT_KMH = 1.5
HELD_S = 7.0
"""How long a lean is held before the weight comes back to the middle."""
PUSH_CM = {"x_cm": 1.5, "y_cm": 4.0}
ROBOT, WALKWAY = "gait_robot", "gait_overground"
"""Captures that are no walk on a belt."""


class Patient:
    """Follows one assessment after the other; `speed` is how much faster than real time the simulation runs."""

    def __init__(
        self, sim: SimControl, captures: Mapping[str, CaptureConfig], paretic: str | None = None, speed: float = 1.0
    ) -> None:
        self._sim = sim
        self._captures = captures
        self._paretic = paretic
        self._speed = speed
        self._task: CaptureTask | None = None
        self._zeroed = False
        self._later: asyncio.Task[None] | None = None

    async def act(self, event: AnyEvent) -> None:
        """Do what an event asks for; raises `SimRefused` for what the simulation refuses."""
        match event:
            case InstrumentOpened(instrument=name):
                await self._get_ready(self._captures.get(name))
            case DeviceCalibrated(what="zero"):
                self._zeroed = True
            case CaptureStarted(instrument=name, task=task) if name in self._captures:
                self._task = self._captures[name].task(task)
                await self._begin(self._captures[name])
            case CueGiven(cue=text) if self._task is not None:
                await self._follow(next((cue for cue in self._task.cues if cue.text == text), None))
            case CaptureStopped(instrument=name) if name in self._captures:
                self._task = None
                await self._end(self._captures[name])
            case InstrumentClosed():
                self._never_mind()
                await self._do("sit")

    def close(self) -> None:
        """Do nothing more."""
        self._never_mind()

    async def _get_ready(self, capture: CaptureConfig | None) -> None:
        self._never_mind()
        match None if capture is None else capture.kind:
            case "cycling":
                await self._do("cycle", rpm=0.0)
            case "posture":
                # nobody stands on a plate that is not zeroed yet
                await self._do("stand", on_plate=self._zeroed)
            case "gait" if capture is not None and capture.id == ROBOT:
                await self._do("robot")
                for action in ("fit", "stand"):
                    await self._sim.robot(action)
            case "gait":
                await self._do("stand")
            case _:
                await self._do("sit")

    async def _begin(self, capture: CaptureConfig) -> None:
        self._never_mind()
        match capture.kind:
            case "cycling":
                await self._do("cycle", rpm=RPM)
            case "posture":
                await self._do("stand", on_plate=True)
            case "gait" if capture.id == ROBOT:
                await self._sim.robot("walk", speed_kmh=ROBOT_KMH)
            case "gait":
                far_m = WALKWAY_M if capture.id == WALKWAY else None
                self._after(STILL_S, "activity", name="walk", speed_m_s=SPEED_M_S, distance_m=far_m)

    async def _follow(self, cue: Cue | None) -> None:
        self._never_mind()
        if cue is None:
            return
        if cue.left_pct is not None:
            await self._sim.ask("follow", left_pct=cue.left_pct)
        elif cue.direction_deg is not None:
            await self._sim.ask("follow", direction_deg=cue.direction_deg, limit_pct=cue.limit_pct or 100.0)
            self._after(HELD_S, "activity", name="stand", on_plate=True)
        elif cue.x_cm is not None:
            await self._sim.ask("follow", x_cm=cue.x_cm, y_cm=cue.y_cm)
        elif self._task is not None and self._task.settings.get("task") == "perturbation":
            await self._sim.ask("push", **PUSH_CM)

    async def _end(self, capture: CaptureConfig) -> None:
        self._never_mind()
        match capture.kind:
            case "cycling":
                await self._do("cycle", rpm=0.0)
            case "posture" if self._zeroed:
                await self._do("stand", on_plate=True)
            case "gait" if capture.id == ROBOT:
                await self._sim.robot("stop")
            case _:
                await self._do("stand")

    async def _do(self, activity: str, **settings: float | bool) -> None:
        await self._sim.ask("activity", name=activity, paretic=self._paretic or "none", **settings)

    def _after(self, seconds: float, command: str, **settings: float | str | None) -> None:
        """Ask for it later, unless something else comes first."""

        async def wait() -> None:
            await asyncio.sleep(seconds / self._speed)
            given = {name: value for name, value in settings.items() if value is not None}
            with contextlib.suppress(SimRefused, ConnectionError):
                await self._sim.ask(command, **given)

        self._later = asyncio.create_task(wait())

    def _never_mind(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
