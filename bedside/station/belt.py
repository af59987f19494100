"""Carries out orders to a treadmill's belt, apart from the stimulator's: a ramp of seconds never stands before an off.

One order at a time, which the rules see to. A stop overtakes whatever is under way. It is begun the moment it arrives,
before the journal has it, for a card may take a second and the patient walks.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

import structlog

from bedside.config import DeviceConfig
from bedside.events import BeltIntended, Event
from bedside.visit.inputs import ActionDone, ActionFailed, BeltAction
from bedside.visit.setup import BeltSetup
from hal.device import HalError
from hal.roles import GaitTrainer, Treadmill

log = structlog.get_logger()

Report = Callable[[ActionDone | ActionFailed], None]
BY_HAND = "look at the treadmill; its own stop stops it"


def belt_of(devices: Mapping[str, DeviceConfig], robot: GaitTrainer | None) -> BeltSetup | None:
    """What the rules know of the belt that is commanded: of `robot`, where its device file says so; None else."""
    commanded = any(config.role == "robot" and config.commanded for config in devices.values())
    if not commanded or not isinstance(robot, Treadmill):
        return None
    slowest_kmh, fastest_kmh, step_kmh = robot.limits_kmh
    return BeltSetup(slowest_kmh, fastest_kmh, step_kmh, robot.stops_when_silent)


class BeltWorker:
    """One worker for one treadmill, None where none is commanded. `report` hears the outcome of every order."""

    def __init__(self, treadmill: Treadmill | None, report: Report) -> None:
        self._treadmill = treadmill
        self._report = report
        self._order: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._held = False

    def perform(self, event: Event) -> None:
        """Begin what a journalled intent announces; other events are of no interest."""
        if not isinstance(event, BeltIntended) or self._treadmill is None:
            return
        if event.action == "stop":
            begun, self._held = self._held and self._is_stopping, False
            if not begun:
                self._stop(self._treadmill)
        elif self._held:
            log.info("not begun: a stop of the belt came first", order=event.action)
        elif event.action == "start":
            self._begin("belt_start", _start(self._treadmill, event.speed_kmh or 0.0))
        else:
            self._begin("belt_speed", self._treadmill.set_speed(event.speed_kmh or 0.0))

    def stop_now(self) -> None:
        """A stop arrived: begin it, and nothing else until its intent has been journalled."""
        if self._treadmill is not None:
            self._held = True
            self._stop(self._treadmill)

    async def leave(self, *, stop: bool) -> None:
        """Give up what is under way and wait for a stop, one of our own where `stop`."""
        if self._order is not None:
            self._order.cancel()
        if stop and self._treadmill is not None and not self._is_stopping:
            self._stop(self._treadmill)
        left = [task for task in (self._order, self._stopping) if task is not None]
        await asyncio.gather(*left, return_exceptions=True)

    def _begin(self, action: BeltAction, work: Coroutine[Any, Any, None]) -> None:
        if self._order is not None:
            self._order.cancel()
        self._order = asyncio.create_task(self._attempt(action, work))

    @property
    def _is_stopping(self) -> bool:
        return self._stopping is not None and not self._stopping.done()

    def _stop(self, treadmill: Treadmill) -> None:
        """End what is under way and stop; a machine that took no notice of a first stop is told again."""
        for task in (self._order, self._stopping):
            if task is not None:
                task.cancel()
        self._stopping = asyncio.create_task(self._attempt("belt_stop", treadmill.stop_belt()))

    async def _attempt(self, action: BeltAction, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except HalError as error:
            log.warning("order to the belt failed", action=action, error=str(error))
            self._report(ActionFailed(action=action, error=str(error), remedy=error.remedy))
        except Exception as error:
            # a station that ended here would leave the belt running, and the patient's other devices with it
            log.exception("order to the belt failed", action=action)
            self._report(ActionFailed(action=action, error=f"the driver failed: {error}", remedy=BY_HAND))
        else:
            self._report(ActionDone(action=action))


async def _start(treadmill: Treadmill, speed_kmh: float) -> None:
    """Start the belt and see it run at `speed_kmh`; a belt that was started and does not come to that is stopped."""
    await treadmill.take_control()
    await treadmill.start_belt()
    try:
        await treadmill.set_speed(speed_kmh)
    except Exception:
        with suppress(HalError):
            await treadmill.stop_belt()
        raise
