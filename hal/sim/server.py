"""A simulated world as a process: its control socket, and its beginning and end."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from hal.sim.control import MAX_LINE, SOCKET_NAME
from hal.sim.far_end import credentials_of
from hal.sim.hands import Hands
from hal.sim.world import SimulatedWorld


class ControlServer:
    """Answers JSON lines on the Unix socket `FOLDER/sim.sock`; any number of clients."""

    def __init__(self, world: SimulatedWorld, folder: Path) -> None:
        self.path = folder / SOCKET_NAME
        self._hands = Hands(world)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Open the socket; one left behind by a dead world is replaced."""
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=MAX_LINE)

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._server is not None:
                self._server.close()
            for writer in tuple(self._writers):
                writer.close()
            self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                writer.write(json.dumps(self._reply(line)).encode() + b"\n")
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    def _reply(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
        except ValueError as error:
            return {"ok": False, "error": f"not JSON: {error}"}
        return self._hands.answer(request)


async def serve(
    world: SimulatedWorld, folder: Path, *, lifetime_pid: int | None = None, until_stdin_closes: bool = False
) -> None:
    """Run `world` until SIGTERM or SIGINT, or until process `lifetime_pid` or standard input has ended.

    Prints one line of JSON with all addresses on stdout once everything listens; `bus` is the D-Bus that the station's
    Bluetooth takes for the system's (`DBUS_SYSTEM_BUS_ADDRESS`), "" without Bluetooth; `credentials` are what the
    station needs to be let in, by the credential's name.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), _watch_stdin, stop)
    if lifetime_pid is not None:
        _watch_process(lifetime_pid, stop)
    await world.plug()
    control = ControlServer(world, folder)
    await control.listen()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(world.run()), group.create_task(control.run())]
        _announce(world, folder)
        await stop.wait()
        for task in tasks:
            task.cancel()


def _announce(world: SimulatedWorld, folder: Path) -> None:
    line = {
        "ready": True,
        "pid": os.getpid(),
        "seed": world.seed,
        "speed": world.clock.speed,
        "control": str(folder / SOCKET_NAME),
        "addresses": world.addresses,
        "bus": world.bus,
        "credentials": credentials_of(world.also.values()),
        "channels": world.patient.names,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _watch_stdin(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _watch_process(pid: int, stop: asyncio.Event) -> None:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        stop.set()
        return
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(watched)
        os.close(watched)
        stop.set()

    loop.add_reader(watched, ended)
