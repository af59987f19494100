"""The station's sockets: who is attached, what each may ask, and what each is told.

Snapshots are coalesced, waveforms dropped for a slow reader and events never; a reader that falls a megabyte behind
is put out. Anybody who can connect may stop. What takes seconds is answered when it is done, and the same client's
stop does not wait for it.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Collection, Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

from bedside.commands import CalibrateDevice, ImportRobot, ImportTrial, Stop, StopBelt, TakeControl
from bedside.events import Envelope, Role
from bedside.record.chain import BadLine
from bedside.refusal import Refusal
from bedside.station.attached import REQUESTS_PER_S, Client, Hooks, peer_user
from bedside.station.catching_up import CatchingUp, TooFarBehind
from bedside.station.wire import (
    MAX_LINE_BYTES,
    PROTOCOL,
    SOCKETS,
    Beat,
    ClientMessage,
    EventMessage,
    Goodbye,
    Hello,
    Live,
    Reply,
    Request,
    ServerMessage,
    Subscribe,
    Sweep,
    Wave,
)

log = structlog.get_logger()

DROP_WAVES_ABOVE_BYTES = 256 * 1024
PUT_OUT_ABOVE_BYTES = 1024 * 1024
"""A client that reads too slowly first misses live traces, which nobody needs later, then is put out."""
REMEMBERED_REPLIES = 1000
MOST_WAITING = 256
"""Requests of one client that may wait to be answered, while the disk is slow."""
CONTROL_SILENT_S = 0.8
"""Leaves 0.2 s to notice and to switch off, so that a train ends within a second of the kiosk's death."""


class Server:
    """All sockets of one station."""

    def __init__(self, box: str, software: str, hooks: Hooks) -> None:
        self._box = box
        self._software = software
        self._hooks = hooks
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._counter = 0
        self.stops = 0
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(ClientMessage)
        self.clients: list[Client] = []

    async def listen(self, folder: Path, inherited: dict[str, socket.socket]) -> None:
        """Open the four sockets in `folder`, or take those the service manager handed over (by role name)."""
        for role, name in SOCKETS.items():
            if role in inherited:
                server = await asyncio.start_unix_server(self._accept(role), sock=inherited[role], limit=MAX_LINE_BYTES)
            else:
                path = folder / name
                path.unlink(missing_ok=True)
                server = await asyncio.start_unix_server(self._accept(role), path=path, limit=MAX_LINE_BYTES)
                path.chmod(0o660)
            self._servers.append(server)

    async def close(self, reason: str) -> None:
        """Say goodbye to everybody and stop listening."""
        for server in self._servers:
            server.close()
        for client in tuple(self.clients):
            self._send(client, self._encoder.encode(Goodbye(reason=reason)) + b"\n")
            client.writer.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def controller(self) -> Client | None:
        """The one controlling client."""
        return next((client for client in self.clients if client.controls), None)

    def control_silence_s(self) -> float | None:
        """Seconds since the controlling client was heard; None when there is none."""
        controller = self.controller
        return None if controller is None else time.monotonic() - controller.beat_s

    def take_control(self, client: Client) -> None:
        """Make `client` the controlling one."""
        for other in self.clients:
            other.controls = other is client

    def broadcast(
        self, make: Callable[[Role], ServerMessage | None], *, besides: Collection[Client] = frozenset()
    ) -> None:
        """Send each role its own message, encoded once; None sends nothing to that role, and `besides` get nothing."""
        lines: dict[Role, bytes | None] = {}
        for client in [client for client in self.clients if client not in besides]:
            if client.role not in lines:
                message = make(client.role)
                lines[client.role] = None if message is None else self._encoder.encode(message) + b"\n"
            line = lines[client.role]
            if line is not None:
                self._send(client, line)

    def tell_event(self, envelope: Envelope) -> None:
        """Tell everybody who may know of an event; who is told of the past hears of it behind that."""
        self.broadcast(lambda role: self._event_for(role, envelope), besides=self._tell_later(envelope))

    def _tell_later(self, envelope: Envelope) -> set[Client]:
        later = {client for client in self.clients if client.catching_up is not None}
        for client in later:
            try:
                client.catching_up.later(envelope)  # type: ignore[union-attr]
            except TooFarBehind:
                self._abort(client)
        return later

    def wave(self, wave: Wave | Sweep | Live, *, assessors: bool = False) -> None:
        """Send a waveform, dropping it for readers that are behind; to assessors only where they may see it."""
        line = self._encoder.encode(wave) + b"\n"
        for client in tuple(self.clients):
            if (client.role == "assess" and not assessors) or not client.wants.waves:
                continue
            if client.writer.transport.get_write_buffer_size() > DROP_WAVES_ABOVE_BYTES:
                client.dropped += 1
                continue
            if client.dropped and isinstance(wave, Wave | Live):
                line_after_gap = self._encoder.encode(msgspec.structs.replace(wave, dropped=client.dropped)) + b"\n"
                client.dropped = 0
                self._send(client, line_after_gap)
            else:
                self._send(client, line)

    def _event_for(self, role: Role, envelope: Envelope) -> EventMessage | None:
        event = envelope.event.told(role) if self._hooks.tells(role, envelope) else None
        if event is None:
            return None
        shown = msgspec.structs.replace(envelope, n=self._hooks.shown_n(role, envelope.n), event=event)
        return EventMessage(envelope=shown)

    def _accept(self, role: Role) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._spawn(self._serve(role, reader, writer))

        return accepted

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, role: Role, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = self._welcome(role, writer)
        answering = self._spawn(self._answer_in_turn(client))
        reason = "connection closed"
        try:
            reason = await self._listen_to(client, reader)
        except (OSError, asyncio.IncompleteReadError):
            reason = "connection broken"
        finally:
            self._dismiss(client, reason)
        # what was asked before the connection ended is still done
        client.requests.put_nowait(None)
        await answering

    def _welcome(self, role: Role, writer: asyncio.StreamWriter) -> Client:
        self._counter += 1
        now_s = time.monotonic()
        client = Client(f"{role}-{self._counter}", role, peer_user(writer), writer, now_s, now_s)
        client.controls = role == "control" and self.controller is None
        self.clients.append(client)
        hello = Hello(
            protocol=PROTOCOL,
            box=self._box,
            software=self._software,
            role=role,
            client=client.id,
            n=self._hooks.shown_n(role, self._hooks.last_n()),
        )
        self._send(client, self._encoder.encode(hello) + b"\n")
        self._hooks.joined(client)
        return client

    async def _listen_to(self, client: Client, reader: asyncio.StreamReader) -> str:
        """Handle lines until the client goes or has to; the result says why."""
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                return self._put_out(client, f"a line is longer than {MAX_LINE_BYTES // 1024} kB")
            if not line:
                return "connection closed"
            try:
                message = self._decoder.decode(line)
            except msgspec.DecodeError as error:
                return self._put_out(client, f"message not understood: {error}")
            too_much = self._too_much(client, message)
            if not too_much or (isinstance(message, Request) and isinstance(message.command, Stop | StopBelt)):
                self._handle(client, message)
            if too_much:
                return self._put_out(client, too_much)

    def _too_much(self, client: Client, message: ClientMessage) -> str:
        """Why a client is put out that asks more than can be answered; "" while it does not."""
        if isinstance(message, Request) and client.too_fast(time.monotonic()):
            return f"more than {REQUESTS_PER_S} requests in a second"
        return f"{MOST_WAITING} requests wait to be answered" if client.requests.qsize() >= MOST_WAITING else ""

    def _handle(self, client: Client, message: ClientMessage) -> None:
        """Never waits: a stop must not lie unread behind what waits for the disk."""
        client.beat_s = time.monotonic()
        match message:
            case Request(command=Stop()):
                self.stops += 1
                self._hooks.stop_now()
                self._spawn(self._stop(client, message))
            case Request(command=StopBelt()) if client.role == "control":
                # from any kiosk, also one that is not in control
                self.stops += 1
                self._hooks.stop_belt_now()
                self._spawn(self._at_once(client, message))
            case Request(command=CalibrateDevice() | ImportTrial() | ImportRobot()):
                # what takes its time: the next request of the same client does not wait for it
                self._spawn(self._answer(client, message))
            case Request():
                client.requests.put_nowait((message, self.stops))
            case Subscribe():
                client.wants = message
                if message.since is not None:
                    self._catch_up(client, message.since)
            case Beat():
                pass

    async def _answer_in_turn(self, client: Client) -> None:
        while (asked := await client.requests.get()) is not None:
            request, client.asked_after = asked
            await self._answer(client, request)

    async def _stop(self, client: Client, request: Request) -> None:
        """Every stop is carried out, also one whose number was answered before."""
        try:
            await self._at_once(client, request)
        finally:
            self._hooks.stopped()

    async def _at_once(self, client: Client, request: Request) -> None:
        reply = await self._carry_out(client, request)
        self._send(client, self._encoder.encode(reply) + b"\n")

    async def _answer(self, client: Client, request: Request) -> None:
        reply = client.replies.get(request.id)
        if reply is None:
            reply = self._forbidden(client, request) or await self._carry_out(client, request)
            client.replies[request.id] = reply
            if len(client.replies) > REMEMBERED_REPLIES:
                client.replies.pop(next(iter(client.replies)))
        self._send(client, self._encoder.encode(reply) + b"\n")

    async def _carry_out(self, client: Client, request: Request) -> Reply:
        """Execute, with journal numbers as the client's role knows them."""
        if request.expect is not None:
            request = msgspec.structs.replace(request, expect=self._hooks.real_n(client.role, request.expect))
        reply = await self._hooks.execute(request, client)
        return msgspec.structs.replace(reply, n=self._hooks.shown_n(client.role, reply.n))

    def _forbidden(self, client: Client, request: Request) -> Reply | None:
        command = request.command
        if isinstance(command, TakeControl) and client.role == "control":
            return None
        # what a kiosk asked before it was gone is not done any more once another one has taken over
        controls = client.controls and self.controller in (client, None)
        if client.role == "control" and not controls:
            return Reply(id=request.id, ok=False, reason="another kiosk is in control", remedy="take control first")
        try:
            self._hooks.allow(client, command)
        except Refusal as refusal:
            return Reply(id=request.id, ok=False, reason=refusal.reason, remedy=refusal.remedy)
        return None

    def _catch_up(self, client: Client, since: int) -> None:
        """Begin to tell what happened up to now; asked for again, it begins anew."""
        if client.replay is not None:
            client.replay.cancel()
        pages = self._hooks.pages(self._hooks.real_n(client.role, since), self._hooks.last_n())
        client.catching_up = CatchingUp(lambda envelope: self._tell(client, envelope), client.writer.drain)
        client.replay = self._spawn(self._replay(client, client.catching_up, pages))

    def _tell(self, client: Client, envelope: Envelope) -> None:
        message = self._event_for(client.role, envelope)
        if message is not None:
            self._send(client, self._encoder.encode(message) + b"\n")

    async def _replay(self, client: Client, catching_up: CatchingUp, pages: Iterator[list[Envelope]]) -> None:
        """A client that cannot be told of the past is put out: it must not believe that nothing happened."""
        try:
            await catching_up.run(pages)
            client.catching_up = None
        except (BadLine, msgspec.MsgspecError) as error:
            self._put_out(client, f"the journal cannot be read: {error}")
            client.writer.close()
        except OSError as error:
            log.warning("client not told of the past", client=client.id, error=str(error))
            client.writer.close()

    def _put_out(self, client: Client, reason: str) -> str:
        self._send(client, self._encoder.encode(Goodbye(reason=reason)) + b"\n")
        return reason

    def _send(self, client: Client, line: bytes) -> None:
        if client.writer.is_closing():
            return
        client.writer.write(line)
        if client.writer.transport.get_write_buffer_size() > PUT_OUT_ABOVE_BYTES:
            self._abort(client)

    def _abort(self, client: Client) -> None:
        log.warning("client put out", client=client.id, reason="reads too slowly")
        client.writer.transport.abort()

    def _dismiss(self, client: Client, reason: str) -> None:
        client.writer.close()
        if client.replay is not None:
            client.replay.cancel()
        if client in self.clients:
            self.clients.remove(client)
            self._hooks.left(client, reason)
