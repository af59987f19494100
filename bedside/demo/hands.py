"""The hands of a demonstration: what a person would do at the coil and at the robot's panel, done to the simulation.

They follow the visit as the station tells it and touch nothing but simulated devices.
"""

import asyncio
import contextlib
from pathlib import Path

import structlog

from bedside.demo.patient import Patient
from bedside.events import (
    AnyEvent,
    CoilPlaced,
    HotspotChosen,
    ProfileShown,
    RobotChanged,
    StepEntered,
)
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import EventMessage, Subscribe
from hal.sim.control import SimControl, SimRefused

log = structlog.get_logger()

RECOVERY_S = 4.0
SPEED_KMH = 1.2


class Hands:
    """Moves the simulated coil to where the therapist says it is, and works the simulated robot's panel.

    What the `patient` of an assessment does is left to that one.
    """

    def __init__(self, sim: SimControl, speed: float, patient: Patient) -> None:
        self._sim = sim
        self._speed = speed
        self._patient = patient
        self._tilt_deg = 0
        self._walking = False

    async def follow(self, run_folder: Path) -> None:
        """Follow one station after the other until cancelled."""
        since: int | None = None
        while True:
            with contextlib.suppress(StationGone):
                client = await StationClient.connect(run_folder, "admin")
                client.subscribe(Subscribe(waves=False, snapshots=False, since=since))
                try:
                    async for message in client.messages():
                        if isinstance(message, EventMessage):
                            since = message.envelope.n
                            await self._act(message.envelope.event)
                finally:
                    await client.close()
            await asyncio.sleep(0.1)

    async def _act(self, event: AnyEvent) -> None:
        try:
            await self._do(event)
            await self._patient.act(event)
        except SimRefused as error:
            log.info("the simulation refused", what=type(event).__name__, reason=str(error))

    async def _do(self, event: AnyEvent) -> None:
        match event:
            case ProfileShown(tilt_to_scalp_deg=tilt):
                self._tilt_deg = tilt
            case CoilPlaced(x_cm=x_cm, y_cm=y_cm) | HotspotChosen(x_cm=x_cm, y_cm=y_cm):
                await self._sim.coil(x_cm=x_cm, y_cm=y_cm, contact=True)
            case StepEntered(step=step):
                await self._at_step(step)
            case RobotChanged(e_stop=True):
                await self._after(RECOVERY_S, "release")
                await self._resume_walking()
            case RobotChanged(phase="stand") if self._walking:
                await self._resume_walking()

    async def _at_step(self, step: str) -> None:
        match step:
            case "fit":
                await self._sim.ask("activity", name="robot")
                await self._sim.robot("fit")
            case "coil":
                await self._sim.coil(tilt_deg=float(self._tilt_deg))
                await self._sim.robot("stand")
            case "treatment":
                self._walking = True
                await self._after(RECOVERY_S, "walk", speed_kmh=SPEED_KMH)
            case "finish":
                self._walking = False
                await self._sim.robot("stop")
            case "aftercare":
                await self._sim.robot("off")

    async def _resume_walking(self) -> None:
        if self._walking:
            await self._after(RECOVERY_S, "walk", speed_kmh=SPEED_KMH)

    async def _after(self, seconds: float, action: str, **settings: float) -> None:
        await asyncio.sleep(seconds / self._speed)
        await self._sim.robot(action, **settings)
