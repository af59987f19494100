"""Carries a client's request to the rules and back: resolve, decide, journal, reply. Refusals are journalled too."""

import asyncio
from collections.abc import Awaitable
from functools import partial

import structlog

from bedside.assess.capturing import next_number, present
from bedside.assess.importing import may_import
from bedside.commands import (
    BEGINS,
    AnyCommand,
    CalibrateDevice,
    ConfirmPrompt,
    ImportRobot,
    ImportTrial,
    ReportRobot,
    StartCapture,
    Stop,
    StopBelt,
    TakeControl,
    name_of,
)
from bedside.config import ConfigError
from bedside.events import CommandRefused, ControlTaken, Envelope, RobotImported, StepEntered, TrialImported
from bedside.station import robot_table
from bedside.station.access import Access
from bedside.station.attached import Client
from bedside.station.bounds import demand_bounds
from bedside.station.calibration import Calibrations
from bedside.station.core import Core, Ended
from bedside.station.devices import Fleet
from bedside.station.importing import Imports, Wanted
from bedside.station.resolve import Resolver
from bedside.station.server import Server
from bedside.station.wire import Reply, Request
from bedside.visit.inputs import Person
from bedside.visit.rules import Refusal
from bedside.visit.state import Visit
from hal.device import HalError
from hal.roles import OperatorDriven

log = structlog.get_logger()


class Executive:
    """Answers requests. Everything a person asks passes here."""

    def __init__(
        self,
        core: Core,
        resolver: Resolver,
        fleet: Fleet,
        access: Access,
        calibrations: Calibrations,
        imports: Imports,
    ) -> None:
        self._core = core
        self._resolver = resolver
        self._fleet = fleet
        self._access = access
        self._calibrations = calibrations
        self._imports = imports
        self._importing = asyncio.Lock()
        self.server: Server | None = None
        self._step_n = 0
        core.listen(self._follow)

    async def execute(self, request: Request, client: Client) -> Reply:
        """Carry out one request; the reply is sent when its events are durable."""
        try:
            demand_bounds(request.command)
            self._check_fresh(request)
            await self._carry_out(request.command, client)
        except Refusal as refusal:
            return self._refused(request, client, refusal.reason, refusal.remedy)
        except ConfigError as error:
            told = "a file of the box cannot be read" if client.role == "assess" else str(error)
            return self._refused(request, client, told, "correct the file")
        except HalError as error:
            return self._refused(request, client, str(error), error.remedy)
        return Reply(id=request.id, ok=True, n=self._core.state.n)

    def _follow(self, envelope: Envelope) -> None:
        if isinstance(envelope.event, StepEntered):
            self._step_n = envelope.n

    def _check_fresh(self, request: Request) -> None:
        """Refuse what was asked of a step that is no longer the present one; a stop is never stale."""
        stale = request.expect is not None and request.expect < self._step_n
        if stale and not isinstance(request.command, Stop | StopBelt):
            raise Refusal("the visit has moved on meanwhile", "look at the screen and press again")

    async def _carry_out(self, command: AnyCommand, client: Client) -> None:
        if isinstance(command, TakeControl):
            self._take_control(client)
            return
        if isinstance(command, StartCapture) and self._calibrations.busy:
            raise Refusal("a calibration is under way", "wait until it has ended")
        asked_after, person = client.asked_after, self._access.person(client)
        source = person.user if person is not None else client.user
        if isinstance(command, CalibrateDevice):
            await self._calibrate(command, source, client, signed_in=person is not None)
            return
        if isinstance(command, ImportTrial):
            await self._import(command, person, source, client)
            return
        if isinstance(command, ImportRobot):
            await self._import_robot(command, person, source, client)
            return
        cause = await asyncio.to_thread(self._resolver.resolve, command, person)
        self._access.check(client, cause)
        first = isinstance(command, Stop | StopBelt)
        overtaken = partial(self._stopped_since, asked_after) if isinstance(command, BEGINS) else None
        await self._core.ask(cause, who=person, source=source, via=client.role, first=first, overtaken=overtaken)
        self._by_hand(command)

    def _stopped_since(self, stops: int) -> bool:
        return self.server is not None and self.server.stops != stops

    def _take_control(self, client: Client) -> None:
        if client.role != "control" or self.server is None:
            raise Refusal("only a kiosk can take control")
        self.server.take_control(client)
        self._core.note(ControlTaken(client=client.id, user=client.user), source=client.user, via=client.role)

    async def _calibrate(self, asked: CalibrateDevice, source: str, client: Client, *, signed_in: bool) -> None:
        """Calibrate a sensor while nobody is treated and nothing is recorded."""
        state = self._core.state
        if not signed_in:
            raise Refusal("nobody is signed in", "sign in first")
        if state.going_on and not state.assesses:
            raise Refusal("a treatment is open", "calibrate before or after it")
        if state.assessment is not None and state.assessment.running is not None:
            raise Refusal("a trial is being recorded", "stop it first")
        calibrated = await self._calibrations.carry_out(asked)
        self._core.note(calibrated, source=source, via=client.role)
        await self._core.idle()

    async def _import(self, asked: ImportTrial, person: Person | None, source: str, client: Client) -> None:
        """Read a file for the rules, once they say that there may be a trial; what they refuse leaves no copy."""
        ask = partial(self._core.ask, who=person, source=source, via=client.role)
        async with self._one_import():
            await ask(asked)
            wanted, blinded = wanted_of(self._core.state, asked), client.role == "assess"
            read = await asyncio.to_thread(self._imports.read, asked, wanted, listed_only=blinded)
            await self._kept(ask(read), read.found, wanted.visit)

    async def _import_robot(self, asked: ImportRobot, person: Person | None, source: str, client: Client) -> None:
        """Keep a robot's table with the visit, once the rules say that there may be one."""
        ask = partial(self._core.ask, who=person, source=source, via=client.role)
        async with self._one_import():
            await ask(asked)
            state = self._core.state
            begun = robot_table.Begun(asked.visit, state.opened_utc, len(state.robot_tables))
            read = await asyncio.to_thread(robot_table.read, self._imports, asked, begun)
            await self._kept(ask(read), read.found, asked.visit)

    def _one_import(self) -> asyncio.Lock:
        """To be held for an import; raises `Refusal` while another one goes on, so that none of them pile up."""
        if self._importing.locked():
            raise Refusal("another file is being imported", "wait until it is done")
        return self._importing

    async def _kept(self, asking: Awaitable[None], found: TrialImported | RobotImported, visit: str) -> None:
        """Await the rules' word on a table whose copy is durable; what they refuse leaves no copy in an open visit."""
        try:
            await asking
        except Ended:
            # nobody knows whether the event is durable: if it is, its copy must be
            raise
        except Refusal:
            # from the folder of a visit that was closed meanwhile nothing is taken: its manifest may name the copy
            state = self._core.state
            if state.going_on and state.opened is not None and state.opened.visit == visit:
                await asyncio.to_thread(self._imports.drop, found, visit)
            raise

    def _by_hand(self, command: AnyCommand) -> None:
        """Pass on to a device without a wire what its operator did or read."""
        if isinstance(command, ReportRobot) and self._fleet.robot is not None:
            self._fleet.robot.report(
                phase=command.phase,
                speed_kmh=command.speed_kmh,
                body_weight_support_kg=command.body_weight_support_kg,
                assist_pct=command.assist_pct,
                steps=command.steps,
            )
        if isinstance(command, ConfirmPrompt) and self._fleet.operated is not None:
            confirm(self._fleet.operated, command)

    def _refused(self, request: Request, client: Client, reason: str, remedy: str) -> Reply:
        name = name_of(request.command)
        log.info("refused", command=name, reason=reason, client=client.id)
        self._core.note(CommandRefused(command=name, reason=reason), source=client.user, via=client.role)
        return Reply(id=request.id, ok=False, n=self._core.state.n, reason=reason, remedy=remedy)


def wanted_of(state: Visit, asked: ImportTrial) -> Wanted:
    """The trial that a file would be; raises `Refusal` where there can be none."""
    assessment, opened = state.assessment, state.opened
    if assessment is None or opened is None:
        raise Refusal("no assessment is open", "open one first")
    catalogue = state.setup.catalogue
    return Wanted(
        visit=opened.visit,
        instrument=present(assessment, catalogue).id,
        task=asked.task,
        trial=next_number(assessment, asked.task),
        kind=may_import(assessment, catalogue, asked),
    )


def confirm(operated: OperatorDriven, answer: ConfirmPrompt) -> None:
    """Pass the operator's answer on, to the prompt it was given to; a stop may have put another in its place."""
    kind = operated.prompt.kind if operated.prompt is not None else None
    match kind if kind == answer.prompt else None:
        case "amplitude" if answer.value is not None:
            operated.operator_reads_back(answer.value)
        case "enable" | "train":
            operated.operator_confirms(answer.value)
        case "start":
            operated.operator_started()
        case "off":
            operated.operator_stopped()
        case "fire":
            operated.operator_pulse()
        case _:
            raise Refusal("nothing waits for this answer", "look at the prompt on the screen")
