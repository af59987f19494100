"""Somebody in front of a screen of 80x24: real terminals in a tmux of their own, eyes, fingers."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from bedside.snapshot import Snapshot
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import SnapshotMessage, Subscribe
from tests.helpers.tools import need_tools

SAME_KEY_S = 0.8


class Terminal:
    """One tmux session of 80x24."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self._tmux("new-session", "-d", "-s", name, "-x", "80", "-y", "24", command)

    def keys(self, *keys: str) -> None:
        """Press keys by their tmux names; text is typed."""
        self._tmux("send-keys", "-t", self.name, *keys)

    @property
    def screen(self) -> str:
        """What is on it."""
        return self._tmux("capture-pane", "-p", "-t", self.name)

    @property
    def ended(self) -> bool:
        """Whether what ran in it has ended by itself."""
        try:
            self._tmux("has-session", "-t", self.name)
        except subprocess.CalledProcessError:
            return True
        return False

    def close(self) -> None:
        """End what runs in it."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._tmux("kill-session", "-t", self.name)

    @staticmethod
    def _tmux(*words: str) -> str:
        command = ["tmux", "-L", f"bedside-test-{os.getpid()}", "-f", os.devnull, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


Opener = Callable[[str, str], Terminal]


@contextlib.contextmanager
def terminals() -> Iterator[Opener]:
    """Opens terminals by name and command, and closes them all at the end; skips where there is no tmux."""
    need_tools("tmux")
    opened: list[Terminal] = []

    def open_one(name: str, command: str) -> Terminal:
        opened.append(Terminal(f"{name}-{os.getpid()}", command))
        return opened[-1]

    try:
        yield open_one
    finally:
        for one in opened:
            one.close()


class Eyes:
    """Sees what the screens are told, to know which key comes next."""

    def __init__(self) -> None:
        self.picture: Snapshot | None = None

    async def look(self, run_folder: Path) -> None:
        """Keep the newest picture until cancelled."""
        while True:
            with contextlib.suppress(StationGone):
                client = await StationClient.connect(run_folder, "observe")
                client.subscribe(Subscribe(waves=False, events=False))
                try:
                    async for message in client.messages():
                        if isinstance(message, SnapshotMessage):
                            self.picture = message.snapshot
                finally:
                    await client.close()
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def looking(run_folder: Path) -> AsyncIterator[Eyes]:
    """Eyes that are open."""
    eyes = Eyes()
    task = asyncio.create_task(eyes.look(run_folder))
    try:
        yield eyes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Fingers:
    """Presses one key after the other; a key is pressed again only after a rest, as a hand would."""

    def __init__(self, kiosk: Terminal) -> None:
        self._kiosk = kiosk
        self._last: dict[str, float] = {}
        self.pressed: list[str] = []

    async def press(self, *keys: str) -> None:
        """Press these, and rest."""
        for key in keys:
            rest_s = SAME_KEY_S - (time.monotonic() - self._last.get(key, 0.0))
            await asyncio.sleep(max(0.12, rest_s))
            self._kiosk.keys(key)
            self._last[key] = time.monotonic()
            self.pressed.append(key)
        await asyncio.sleep(0.25)
