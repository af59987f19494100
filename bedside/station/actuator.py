"""Carries out durable intents on the stimulator, in order; an order to stop overtakes everything.

An order to stop is one order: it switches off the electrical stimulator too, and is carried out once both say so. Only
where the pulses end as planned does current go on.

Nothing is done here that a journalled event did not announce, but switching off: the off frame is written first
and journalled after.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from bedside.events import (
    AmplitudeIntended,
    ArmIntended,
    CurrentIntended,
    Event,
    OffIntended,
    PulseIntended,
    TrainIntended,
)
from bedside.visit.current_plan import program_of
from bedside.visit.inputs import ActionDone, ActionFailed, DeviceAction
from hal.device import HalError, Refused, SetupError
from hal.roles import AcceptsTrigger, CurrentStimulator, SetsBursts, Stimulator, Train

log = structlog.get_logger()

ActionName = DeviceAction
Report = Callable[[ActionDone | ActionFailed], None]
OFF_ATTEMPTS = 3
KEPT = (CurrentIntended, OffIntended)
"""What the planned end of the pulses does not take away."""
NO_CURRENT = frozenset({"idle", "unknown"})
"""Phases of the electrical stimulator that a stop need not wait for: what is not known has an alarm of its own."""


class Actuator:
    """One worker for one stimulator; `current` stops with it. `report` hears the outcome of every action."""

    def __init__(self, stimulator: Stimulator, report: Report, current: CurrentStimulator | None = None) -> None:
        self._stimulator = stimulator
        self._current = current
        self._report = report
        self._todo: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._action: asyncio.Task[None] | None = None
        self._holds = 0
        self._doing: Event | None = None

    def perform(self, event: Event) -> None:
        """Queue the effect of a journalled intent; other events have none. An `OffIntended` acts at once."""
        if isinstance(event, OffIntended):
            if event.keeps_current:
                self._pulses_off()
            else:
                self.off_now()
            self._todo.append(event)
        elif isinstance(event, CurrentIntended) and event.action == "stop":
            self._ramp_down()
            self._todo.append(event)
        elif isinstance(event, TrainIntended) and event.triggered:
            return  # the stimulator follows its trigger input already; the intent that starts the trigger comes next
        elif isinstance(event, CurrentIntended | AmplitudeIntended | ArmIntended | PulseIntended | TrainIntended):
            if self._holds:
                log.info("not begun: a stop came first", intent=type(event).__name__)
                return
            self._todo.append(event)
        else:
            return
        self._wake.set()

    def hold(self) -> None:
        """A stop is about to be decided or journalled: off this instant, and begin nothing until `release`."""
        self._holds += 1
        self.off_now()

    def release(self) -> None:
        """What `hold` was called for is decided and journalled; called once for each `hold`."""
        self._holds -= 1

    def _pulses_off(self) -> None:
        """Write the magnetic stimulator's off frame and forget what it was still to do; the current goes on."""
        self._stimulator.off_now()
        self._todo = deque(event for event in self._todo if isinstance(event, KEPT))
        if self._action is not None and not isinstance(self._doing, KEPT):
            self._action.cancel()

    def _ramp_down(self) -> None:
        """Write the electrical stimulator's stop frame and forget what it was still to do; the pulses go on."""
        if self._current is not None:
            self._current.off_now()
        self._todo = deque(event for event in self._todo if not isinstance(event, CurrentIntended))

    def off_now(self) -> None:
        """Write the off frames this instant and forget whatever else was to be done, but to see that it is off."""
        self._write_off()
        self._todo = deque(event for event in self._todo if isinstance(event, OffIntended))
        if self._action is not None and not isinstance(self._doing, OffIntended):
            self._action.cancel()

    async def run(self) -> None:
        """Work until cancelled; the stimulator is switched off on the way out."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._todo:
                    await self._one(self._todo.popleft())
        finally:
            self._write_off()

    async def _one(self, event: Event) -> None:
        name, work = self._work(event)
        self._doing = event
        pulse = event.pulse if isinstance(event, PulseIntended) else None
        self._action = asyncio.ensure_future(self._attempt(name, work, pulse))
        action = self._action
        try:
            await asyncio.wait([action])
        finally:
            action.cancel()
            self._action = None
        if not action.cancelled():
            action.result()

    async def _attempt(self, name: ActionName, work: Coroutine[Any, Any, None], pulse: int | None) -> None:
        try:
            await work
        except HalError as error:
            self._todo = deque(event for event in self._todo if _switches_off(event))
            log.warning("action failed", action=name, error=str(error))
            self._report(ActionFailed(action=name, error=str(error), remedy=error.remedy, pulse=pulse))
        else:
            self._report(ActionDone(action=name, pulse=pulse))

    def _work(self, event: Event) -> tuple[ActionName, Coroutine[Any, Any, None]]:
        match event:
            case AmplitudeIntended():
                return "amplitude", self._amplitude(event)
            case ArmIntended():
                return "arm", self._stimulator.enable()
            case PulseIntended():
                return "pulse", self._stimulator.fire()
            case TrainIntended():
                return "train", self._train(event)
            case CurrentIntended(action="prepare"):
                return "current_prepare", self._direct(event)
            case CurrentIntended(action="start"):
                return "current_start", self._direct(event)
            case CurrentIntended():
                return "current_stop", self._direct(event)
            case OffIntended(keeps_current=True):
                return "off", _insist(self._stimulator.off)
            case _:
                return "off", self._off()

    async def _direct(self, event: CurrentIntended) -> None:
        """Prepare, start or stop direct current; the rules intend nothing for a device that is not configured."""
        if self._current is None:
            raise SetupError("no electrical stimulator is configured", remedy="name one in station.toml")
        match event.action:
            case "prepare":
                await self._current.prepare(program_of(event))
            case "start":
                await self._current.start()
            case _:
                await _insist(self._current.stop)

    async def _amplitude(self, event: AmplitudeIntended) -> None:
        """What a stimulus is, and what gives it, come first: a stimulator takes both only while it is disabled."""
        if isinstance(self._stimulator, AcceptsTrigger):
            await self._stimulator.follow_trigger(event.follow_trigger)
        elif event.follow_trigger:
            raise Refused("it cannot follow a trigger", remedy="name a stimulator that can in station.toml")
        if isinstance(self._stimulator, SetsBursts):
            await self._stimulator.set_bursts(event.burst_pulses, event.inter_pulse_s)
        await self._stimulator.set_amplitude(event.amplitude_pct_mso)

    async def _train(self, event: TrainIntended) -> None:
        train = Train(
            event.rate_hz,
            event.pulses,
            event.trains,
            # of a single train it means nothing, but a device may take only some values
            inter_train_s=event.inter_train_s or (1.0 if event.trains == 1 else 1.0 / event.rate_hz),
            burst_pulses=event.burst_pulses,
            inter_pulse_s=event.inter_pulse_s,
        )
        await self._stimulator.prepare_train(train)
        await self._stimulator.start_train()

    def _write_off(self) -> None:
        self._stimulator.off_now()
        if self._current is not None:
            self._current.off_now()

    async def _off(self) -> None:
        """Both at once; raises what the magnetic stimulator, or else the electrical one, did not confirm."""
        stops = [_insist(self._stimulator.off)]
        if self._current is not None and self._current.status.phase not in NO_CURRENT:
            stops.append(_insist(self._current.stop))
        for outcome in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


def _switches_off(event: Event) -> bool:
    """Whether it is to be carried out whatever failed before it."""
    return isinstance(event, OffIntended) or (isinstance(event, CurrentIntended) and event.action == "stop")


async def _insist(stop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    for attempt in range(1, OFF_ATTEMPTS + 1):
        try:
            await stop()
            return
        except HalError:
            if attempt == OFF_ATTEMPTS:
                raise
