"""Running the real app against the peer, with a clock that stands still, and looking at its screen as text."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from bedside.events import Role
from bedside.snapshot import Snapshot
from bedside.tui.app import BedsideApp
from tests.bedside.tui.peer import Peer, Rule, keep

ENVIRONMENT = {"BEDSIDE_GLYPHS": "half", "BEDSIDE_FLASH": "off", "TERM": "xterm-256color"}


class Clock:
    """Monotonic seconds that pass only when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def pass_(self, seconds: float) -> None:
        self.now_s += seconds


class Kiosk:
    """One app on one peer."""

    def __init__(self, app: BedsideApp, peer: Peer, pilot: Pilot[None], clock: Clock) -> None:
        self.app = app
        self.peer = peer
        self.pilot = pilot
        self.clock = clock

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Let the loop run until something holds; fails after five seconds of trying."""
        for _ in range(500):
            if holds():
                await self.rest()
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"never happened: {what or holds}\n{self.text()}")

    async def press(self, *keys: str) -> None:
        """Press keys like a person: a second apart."""
        for key in keys:
            self.clock.pass_(1.0)
            self.app.link.heard_s = self.clock()
            await self.key(key)
        await self.rest()

    async def key(self, key: str) -> None:
        """One key as the terminal's driver delivers it, handled before this returns."""
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        event = events.Key(name, key if len(key) == 1 else " " if key == "space" else None)
        event.set_sender(self.app)
        assert self.app._driver is not None
        self.app._driver.send_message(event)
        await self.rest()

    async def rest(self) -> None:
        """Let the app, then its widgets, handle all that is queued; an app that crashed says so."""
        for _ in range(2):
            handled = asyncio.Event()
            if not self.app.call_later(handled.set) and self.app._exception is not None:
                raise self.app._exception
            await handled.wait()
            await self.pilot._wait_for_screen()

    async def type(self, text: str) -> None:
        """Type a text."""
        for sign in text:
            await self.key(sign)

    async def asked(self, name: str) -> None:
        """Wait until the station was asked for a command."""
        await self.until(lambda: name in self.peer.names(), f"asked {name}, got {self.peer.names()}")

    async def sees(self, words: str) -> None:
        """Wait until the screen shows some words."""
        await self.until(lambda: words in self.text(), f"{words!r} on the screen")

    async def settle(self) -> str:
        """Let everything be painted: the screen stays the same for a while; returns it."""
        self.app._renew()
        before, same = "", 0
        for _ in range(200):
            await self.rest()
            await asyncio.sleep(0.01)
            now = self.text()
            same = same + 1 if now == before else 0
            before = now
            if same == 4:
                return now
        raise AssertionError(f"the screen never comes to rest\n{before}")

    def text(self) -> str:
        """The top screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


@contextlib.asynccontextmanager
async def kiosk(
    folder: Path,
    snapshot: Snapshot,
    *,
    size: tuple[int, int] = (80, 24),
    role: Role = "control",
    rule: Rule = keep,
    app_class: type[BedsideApp] = BedsideApp,
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Kiosk]:
    """The app on a peer that shows this snapshot, settled."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    clock = Clock()
    async with Peer(folder, snapshot, rule) as peer:
        app = app_class(folder, role, clock=clock, environment=environment or ENVIRONMENT)
        async with app.run_test(size=size) as pilot:
            user = Kiosk(app, peer, pilot, clock)
            await user.until(lambda: app.picture.snapshot.n == snapshot.n, "the first snapshot")
            await user.settle()
            yield user
