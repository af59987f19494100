"""A scripted therapist: looks at the same snapshots as the kiosk and sends the same commands.

It knows nothing of the station's inside. What it does next follows from the picture alone, so that it carries on
after a crash of the station as a person would.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

import structlog

from bedside.commands import (
    AcceptThreshold,
    Answer,
    AnyCommand,
    ChooseHotspot,
    ConfirmContact,
    ConfirmPrompt,
    ConfirmResume,
    NextStep,
    OpenVisit,
    PlaceCoil,
    PrepareCurrent,
    ResumeStimulation,
    SetPacing,
    Sign,
    SignIn,
    StartStimulation,
)
from bedside.events import ContactPrompted, Value
from bedside.snapshot import Hunt, Item, Run, Snapshot, Step
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import EventMessage, SnapshotMessage, Subscribe

log = structlog.get_logger()

BEAT_S = 0.25
PLAIN_ANSWERS: dict[str, Value] = {"tick": True, "yesno": False, "text": "none", "secret": ""}


@dataclass(frozen=True, slots=True)
class Script:
    """Who works, on whom, and the answers that are not the plain ones (tick, no, middle of the range)."""

    user: str
    pin: str
    participant: str
    second_identifier: str
    answers: dict[str, Value] = field(default_factory=dict)


def next_command(picture: Snapshot, script: Script) -> AnyCommand | None:
    """What a therapist would do now; None while there is only waiting to do."""
    if picture.interruption is not None:
        return ConfirmResume() if picture.user else SignIn(user=script.user, pin=script.pin)
    if not picture.user:
        return SignIn(user=script.user, pin=script.pin)
    if picture.step is None:
        return _open_visit(picture, script)
    if picture.prompt is not None:
        return ConfirmPrompt(prompt=picture.prompt.id, value=picture.prompt.expects)
    return _in_step(picture, picture.step, script)


def _open_visit(picture: Snapshot, script: Script) -> AnyCommand | None:
    if picture.closed:
        return None
    return OpenVisit(participant=script.participant, second_identifier=script.second_identifier)


def _in_step(picture: Snapshot, step: Step, script: Script) -> AnyCommand | None:
    if picture.run is not None and picture.run.contact_left_s is not None:
        return ConfirmContact()
    for item in step.items:
        if item.state != "ok" and item.required and item.by != "machine":
            return Answer(step=step.id, item=item.id, value=_answer(item, step, script))
    if step.id in ("hotspot", "threshold") and picture.hunt is not None:
        return _hunting(picture.hunt, step)
    if step.id == "treatment" and picture.run is not None:
        return _treating(picture.run, step)
    if step.id == "signoff" and not picture.signed:
        return Sign(pin=script.pin, meaning="delivered and recorded as described")
    return NextStep() if _next_is("step.next", step) else None


def _answer(item: Item, step: Step, script: Script) -> Value:
    key = f"{step.id}.{item.id}"
    if key in script.answers:
        return script.answers[key]
    if item.kind == "choice":
        return item.choices[0]
    if item.kind == "number":
        return _middle(item)
    return PLAIN_ANSWERS[item.kind]


def _middle(item: Item) -> float:
    low = item.low if item.low is not None else 0.0
    high = item.high if item.high is not None else low + 2.0
    return round((low + high) / 2.0)


def _hunting(hunt: Hunt, step: Step) -> AnyCommand | None:
    if _next_is("step.next", step):
        return NextStep()
    if _next_is("hotspot.choose", step):
        return ChooseHotspot()
    if _next_is("threshold.accept", step):
        return AcceptThreshold()
    proposed = next((site.id for site in hunt.sites if site.state == "now"), None)
    if step.id == "hotspot" and proposed is not None and hunt.site != proposed:
        return PlaceCoil(site=proposed)
    if not hunt.pacing and not hunt.done:
        return SetPacing(automatic=True)
    return None


def _treating(run: Run, step: Step) -> AnyCommand | None:
    if _next_is("step.next", step):
        return NextStep()
    if run.word == "PAUSED" and _next_is("run.resume", step):
        return ResumeStimulation()
    if _next_is("current.prepare", step):
        return PrepareCurrent()
    if _next_is("run.start", step):
        return StartStimulation()
    return None


def _next_is(command: str, step: Step) -> bool:
    return step.next is not None and step.next.enabled and step.next.command == command


class Therapist:
    """Works through one visit on one connection at a time; `finished` is set when the visit is closed."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._changed = asyncio.Event()
        self.picture: Snapshot | None = None
        self.refusals: list[str] = []
        self._prompted = False
        self._seen = 0

    async def work(self, client: StationClient) -> bool:
        """Carry the visit on until it is closed (True) or the station goes (False)."""
        client.subscribe(Subscribe(waves=False))
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(self._look(client)), tasks.create_task(self._beat(client))]
            try:
                return await self._act(client)
            except StationGone as error:
                log.info("station gone", reason=str(error))
                return False
            finally:
                for helper in helpers:
                    helper.cancel()

    async def _look(self, client: StationClient) -> None:
        with contextlib.suppress(StationGone):
            async for message in client.messages():
                if isinstance(message, SnapshotMessage):
                    self.picture = message.snapshot
                    self._changed.set()
                elif isinstance(message, EventMessage) and isinstance(message.envelope.event, ContactPrompted):
                    self._prompted = True
                    self._changed.set()
        self.picture = None
        self._changed.set()

    async def _beat(self, client: StationClient) -> None:
        with contextlib.suppress(StationGone):
            while True:
                client.beat()
                await asyncio.sleep(BEAT_S)

    async def _act(self, client: StationClient) -> bool:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._prompted:
                self._prompted = False
                await self._send(client, ConfirmContact())
            picture = self.picture
            if picture is None:
                return False
            if picture.closed:
                return True
            command = next_command(picture, self._script) if picture.n >= self._seen else None
            if command is not None:
                await self._send(client, command)

    async def _send(self, client: StationClient, command: AnyCommand) -> None:
        reply = await client.ask(command)
        self._seen = reply.n
        if not reply.ok:
            self.refusals.append(f"{type(command).__name__}: {reply.reason}")
            log.info("refused", command=type(command).__name__, reason=reply.reason)
