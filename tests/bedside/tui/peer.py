"""The far end of the wire for the screens: a real Unix socket server with a script instead of rules.

`python peer.py FOLDER [NAME]` serves a scene by hand, with live waves, for looking at the screens.
"""

import asyncio
import base64
import contextlib
import math
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from bedside.commands import AnyCommand, Stop, name_of
from bedside.events import Role
from bedside.snapshot import Snapshot
from bedside.station.wire import (
    PROTOCOL,
    SOCKETS,
    Beat,
    ClientMessage,
    Hello,
    Reply,
    Request,
    ServerMessage,
    SnapshotMessage,
    Sweep,
    Wave,
)

ROLES: tuple[Role, ...] = ("control", "observe", "assess")
Rule = Callable[[AnyCommand, Snapshot], "Snapshot | str"]


def keep(command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
    """Accept everything, change nothing."""
    return snapshot


class Peer:
    """Serves one snapshot to everybody, answers by a rule, and keeps what it was asked."""

    def __init__(self, folder: Path, snapshot: Snapshot, rule: Rule = keep) -> None:
        self.folder = folder
        self.snapshot = snapshot
        self.rule = rule
        self.asked: list[AnyCommand] = []
        self.requests: list[Request] = []
        self.beats = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.joined = 0
        self.slow = False
        self._late: list[tuple[Request, asyncio.StreamWriter]] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Peer":
        for role in ROLES:
            path = self.folder / SOCKETS[role]
            path.unlink(missing_ok=True)
            self._servers.append(await asyncio.start_unix_server(self._accept(role), path=path))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Go: the sockets vanish and everybody is cut off."""
        for server in self._servers:
            server.close()
        self.hang_up()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._servers.clear()

    def hang_up(self) -> None:
        """Cut everybody off but keep listening."""
        for writer in self.writers:
            writer.close()
        self.writers.clear()

    def put(self, snapshot: Snapshot) -> None:
        """Show this from now on."""
        self.snapshot = snapshot
        self.say(SnapshotMessage(snapshot=snapshot))

    def say(self, message: ServerMessage) -> None:
        """Send to everybody."""
        for writer in self.writers:
            writer.write(msgspec.json.encode(message) + b"\n")

    def _accept(self, role: Role) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._serve(role, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return accepted

    async def _serve(self, role: Role, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.joined += 1
        client = "control-1" if role == "control" else f"{role}-{self.joined}"
        hello = Hello(protocol=PROTOCOL, box="box", software="0.1", role=role, client=client, n=self.snapshot.n)
        writer.write(msgspec.json.encode(hello) + b"\n")
        writer.write(msgspec.json.encode(SnapshotMessage(snapshot=self.snapshot)) + b"\n")
        self.writers.append(writer)
        decoder = msgspec.json.Decoder(ClientMessage)
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self._take(decoder.decode(line), writer)
        if writer in self.writers:
            self.writers.remove(writer)
        writer.close()

    def _take(self, message: ClientMessage, writer: asyncio.StreamWriter) -> None:
        if isinstance(message, Beat):
            self.beats += 1
        if not isinstance(message, Request):
            return
        self.requests.append(message)
        self.asked.append(message.command)
        if self.slow:
            self._late.append((message, writer))
        else:
            self._respond(message, writer, show=True)

    def catch_up(self, count: int | None = None, *, show: bool = True) -> None:
        """Answer what a slow peer still owes, or the first few of it; `show` puts what came of it into the picture."""
        for message, writer in self._late[:count]:
            self._respond(message, writer, show=show)
        del self._late[:count]

    def _respond(self, message: Request, writer: asyncio.StreamWriter, *, show: bool) -> None:
        after = self.rule(message.command, self.snapshot)
        refusal = after if isinstance(after, str) else ""
        n = after.n if isinstance(after, Snapshot) else self.snapshot.n
        writer.write(msgspec.json.encode(Reply(id=message.id, ok=not refusal, n=n, reason=refusal, remedy="")) + b"\n")
        if isinstance(after, Snapshot) and after is not self.snapshot:
            self.snapshot = after
            if show:
                self.put(after)

    @property
    def stops(self) -> int:
        """How often STOP was asked."""
        return sum(isinstance(command, Stop) for command in self.asked)

    def names(self) -> list[str]:
        """The tags of all that was asked."""
        return [name_of(command) for command in self.asked]


CHANNELS = ("TA R", "SOL R", "RF R")


def wave(first_column: int, columns: int, channels: tuple[str, ...] = CHANNELS, seed: int = 0) -> Wave:
    """Noise of about 10 uV, a burst each second, in 5 ms columns of 0.5 uV counts; the same for the same start."""
    rng = random.Random(f"{seed}:{first_column}")
    low, high, pulses = [], [], []
    for column in range(first_column, first_column + columns):
        t_ms = column * 5 % 1000
        if t_ms == 0:
            pulses.append(column)
        for channel in range(len(channels)):
            burst = 150 * math.exp(-((t_ms - 35) ** 2) / 200) / (channel + 1)
            low.append(int(-20 - burst * 2 - rng.random() * 10))
            high.append(int(20 + burst * 2 + rng.random() * 10))
    pack = struct.Struct(f"<{len(low)}h").pack
    return Wave(
        first_column=first_column,
        column_ms=5.0,
        channels=channels,
        uv_per_count=0.5,
        low=base64.b64encode(pack(*low)).decode(),
        high=base64.b64encode(pack(*high)).decode(),
        pulses=tuple(pulses),
    )


def sweep(pulse: int, amplitude_uv: float, channels: tuple[str, ...] = CHANNELS) -> Sweep:
    """A biphasic response at 30 ms with an artefact at 0, 2 kHz, 50 ms before to 150 ms after."""
    samples = []
    for channel in range(len(channels)):
        size = amplitude_uv / (channel + 1)
        values = []
        for n in range(400):
            t_ms = n / 2 - 50
            value = size * math.sin((t_ms - 30) / 10 * 2 * math.pi) / 2 if 30 <= t_ms < 40 else 0.0
            value += 2000 * math.exp(-t_ms) if 0 <= t_ms < 5 else 0.0
            values.append(max(min(int(value / 0.5), 32767), -32768))
        samples.append(base64.b64encode(struct.pack("<400h", *values)).decode())
    return Sweep(pulse=pulse, channels=channels, rate_hz=2000.0, zero=100, uv_per_count=0.5, samples=tuple(samples))


async def _by_hand(folder: Path, name: str) -> None:
    from tests.bedside.tui.scenes import SCENES, walk

    folder.mkdir(parents=True, exist_ok=True)
    async with Peer(folder, SCENES[name], walk) as peer:
        column = pulse = 0
        while True:
            await asyncio.sleep(0.1)
            peer.say(wave(column, 20))
            column += 20
            if column % 400 == 0:
                pulse += 1
                peer.say(sweep(pulse, 40 + 20 * (pulse % 6)))
            if column % 40 == 0:
                peer.put(msgspec.structs.replace(peer.snapshot, mono_ns=peer.snapshot.mono_ns + 200_000_000))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    asyncio.run(_by_hand(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "start"))
