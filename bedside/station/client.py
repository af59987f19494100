"""The client's end of the station's socket: connect, hear, ask. Imports nothing that is slow to load."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from bedside.commands import AnyCommand
from bedside.events import Role
from bedside.station.wire import (
    PROTOCOL,
    SOCKETS,
    Beat,
    ClientMessage,
    Hello,
    Reply,
    Request,
    ServerMessage,
    Subscribe,
)

READ_LIMIT_BYTES = 4 * 1024 * 1024
GREETING_S = 10.0


class StationGone(ConnectionError):
    """The station cannot be asked, or the connection to it ended; `problem` and `remedy` are the words' two halves."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}; {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


class StationAbsent(StationGone):
    """Nobody listens there: no station is running. Any other trouble leaves open whether one holds the devices."""


class StationClient:
    """One connection to the station.

    `messages()` yields everything the station says except replies, which `ask` returns. One task may iterate while
    others ask.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: Hello) -> None:
        self.hello = hello
        self._reader = reader
        self._writer = writer
        self._next_id = 1
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._decoder = msgspec.json.Decoder(ServerMessage)
        self._encoder = msgspec.json.Encoder()

    @classmethod
    async def connect(cls, folder: Path, role: Role = "control") -> "StationClient":
        """Attach to the station whose sockets lie in `folder`; raises `StationGone`, or its `StationAbsent`."""
        path = folder / SOCKETS[role]
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=READ_LIMIT_BYTES)
            line = await _first_line(reader, writer)
        except TimeoutError as error:
            raise StationGone(f"the station at {path} does not answer", "restart it") from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise StationAbsent(f"no station answers at {path} ({error.strerror})", "is it running?") from error
        except PermissionError as error:
            words = f"{path} does not let this user look for a station"
            raise StationGone(words, "run this as a member of the socket's group") from error
        except OSError as error:
            raise StationGone(f"the station at {path} breaks off: {error.strerror or error}", "restart it") from error
        message = _hello(line)
        if message is not None:
            return cls(reader, writer, message)
        writer.close()
        if not line:
            raise StationGone(f"what listens at {path} closed the connection at once", "restart it")
        raise StationGone(f"what answers at {path} is no station of this version", "restart it once no visit runs")

    async def messages(self) -> AsyncIterator[ServerMessage]:
        """Everything the station says, in order; ends with `StationGone` when it goes."""
        try:
            while line := await self._reader.readline():
                message = self._decoder.decode(line)
                if isinstance(message, Reply):
                    self._resolve(message)
                else:
                    yield message
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise StationGone(f"the connection to the station broke: {error}") from error
        finally:
            self._abandon_waiting()
        raise StationGone("the station closed the connection")

    async def ask(self, command: AnyCommand, *, expect: int | None = None) -> Reply:
        """Send one command and wait for its reply; needs `messages()` being iterated elsewhere."""
        request = Request(id=self._next_id, command=command, expect=expect)
        self._next_id += 1
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = waiting
        self.send(request)
        return await waiting

    def beat(self) -> None:
        """Tell the station that this client is alive."""
        self.send(Beat())

    def subscribe(self, subscribe: Subscribe) -> None:
        """Choose the streams to hear."""
        self.send(subscribe)

    def send(self, message: ClientMessage) -> None:
        """Queue one message; raises `StationGone` when the connection is closed."""
        if self._writer.is_closing():
            raise StationGone("the connection to the station is closed")
        self._writer.write(self._encoder.encode(message) + b"\n")

    async def close(self) -> None:
        """End the connection."""
        self._abandon_waiting()
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass

    def _resolve(self, reply: Reply) -> None:
        waiting = self._waiting.pop(reply.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _abandon_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(StationGone("the station went before it answered"))
                waiting.exception()
        self._waiting.clear()


async def _first_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The greeting; the connection is closed when none comes."""
    try:
        async with asyncio.timeout(GREETING_S):
            return await reader.readline()
    except BaseException:
        writer.close()
        raise


def _hello(line: bytes) -> Hello | None:
    """The greeting in the first line, None when it is something else."""
    try:
        message = msgspec.json.decode(line, type=ServerMessage)
    except msgspec.DecodeError:
        return None
    return message if isinstance(message, Hello) and message.protocol == PROTOCOL else None
