"""The processes of a demonstration: simulated devices, guarded station. Started, watched, restarted, ended."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bedside.station.client import StationClient, StationGone

START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 10.0
SYSTEM_BUS = "DBUS_SYSTEM_BUS_ADDRESS"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
MOST_LETTERS = 500
_PRIORITY = re.compile(r"^<\d>")


class DemoFailed(RuntimeError):
    """A process of the demonstration did not start or ended on its own; the message names its log."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running process and where it narrates."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    log_from: int = 0
    """How many bytes the log had before."""

    @property
    def last_words(self) -> str:
        """The last thing it narrated, and where the rest is."""
        said = self.log.read_bytes()[self.log_from :].decode(errors="replace").strip().splitlines()
        told = [_told(line) for line in said]
        word = next((words for words, error in reversed(told) if error), told[-1][0] if told else "it said nothing")
        return f"{word[:MOST_LETTERS]}; see {self.log}"

    async def end(self) -> None:
        """Ask it to end; insist after a while, and with it end what it started."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()


@dataclass(frozen=True, slots=True)
class FarEnds:
    """Where the simulated devices are: an address by name, and the D-Bus of those on Bluetooth ("" for none).

    `credentials` are the secrets that they want from the station, by the credential's name.
    """

    addresses: dict[str, str]
    bus: str = ""
    credentials: dict[str, str] = field(default_factory=dict)


async def start_simulation(folder: Path, options: Sequence[str]) -> tuple[Child, FarEnds]:
    """Start the far ends, and find them where they announced themselves."""
    log = folder / "simulation.log"
    with log.open("ab") as narration:
        begun = narration.tell()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hal.sim",
            "--dir",
            str(folder),
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=narration,
            start_new_session=True,
        )
    child = Child("simulation", process, log, begun)
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        await child.end()
        raise DemoFailed(f"the simulated devices did not start: {child.last_words}")
    told = json.loads(line)
    return child, FarEnds(dict(told["addresses"]), told["bus"], dict(told["credentials"]))


def surroundings(folder: Path, far_ends: FarEnds) -> dict[str, str]:
    """What a program that opens these far ends needs in its environment; their secrets are written below `folder`.

    The folder and its files are readable to this user alone, as those of a service manager are.
    """
    return hand_over(folder / "credentials", far_ends.credentials) | (
        {SYSTEM_BUS: far_ends.bus} if far_ends.bus else {}
    )


def hand_over(folder: Path, credentials: Mapping[str, str]) -> dict[str, str]:
    """Write each credential into `folder`; the environment that names it. Nothing for no credentials."""
    if not credentials:
        return {}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, held in credentials.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(held)
    return {CREDENTIALS: str(folder)}


async def start_station(folder: Path, options: Sequence[str], environ: Mapping[str, str] | None = None) -> Child:
    """Start the station below its guard; `environ` is added to its environment, see `surroundings`."""
    log = folder / "station.log"
    with log.open("ab") as narration:
        begun = narration.tell()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hal.guard",
            "--",
            sys.executable,
            "-m",
            "bedside.cli",
            "station",
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=narration,
            stderr=narration,
            start_new_session=True,
            env={**os.environ, **(environ or {})},
        )
    return Child("station", process, log, begun)


async def attach(run_folder: Path, station: Child) -> StationClient:
    """Connect as the controlling client as soon as the station listens."""
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while True:
        try:
            return await StationClient.connect(run_folder, "control")
        except StationGone as error:
            if station.process.returncode is not None:
                raise DemoFailed(f"the station ended: {station.last_words}") from error
            if asyncio.get_running_loop().time() > deadline:
                raise DemoFailed(f"the station did not open its sockets: {station.last_words}") from error
            await asyncio.sleep(0.05)


async def run_kiosk(run_folder: Path, hint: str) -> int:
    """The kiosk in this terminal until it is left; its exit code."""
    command = [sys.executable, "-m", "bedside.cli", "kiosk", "--run", str(run_folder), "--hint", hint]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _told(line: str) -> tuple[str, bool]:
    """A line of narration in words, and whether it tells of an error: the station's lines are JSON after a priority."""
    try:
        said = json.loads(_PRIORITY.sub("", line))
        return (f"{said['event']}: {said['error']}", True) if "error" in said else (str(said["event"]), False)
    except (ValueError, KeyError, TypeError):
        return line.removeprefix("simulation: "), False
