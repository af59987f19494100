"""STOP: on every screen, over everything, in every role, asked once, and honest when it cannot be sent."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from textual.binding import Binding
from textual.widgets import Input

from bedside.commands import Stop
from bedside.tui.actions import ACTIONS, BY_ID
from bedside.tui.app import BedsideApp
from bedside.tui.deedkinds import Ask, Open
from bedside.tui.deeds import DEEDS
from tests.bedside.tui.assess_scenes import ASSESS_SCENES
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.screen import Kiosk, kiosk

ASKS = {tag: deed for tag, deed in DEEDS.items() if isinstance(deed, Ask)}
PAGES = {action.id: action.deed for action in ACTIONS if isinstance(action.deed, Open)}


class NoPriority(BedsideApp, inherit_bindings=False):
    """A broken kiosk: its STOP is a key like any other."""

    BINDINGS = [Binding("f12", "do('stop')", priority=False)]  # noqa: RUF012


async def stops(user: Kiosk) -> bool:
    """Whether one press of F12 reaches the station as exactly one STOP."""
    before = user.peer.stops
    await user.press("f12")
    for _ in range(100):
        if user.peer.stops > before:
            break
        await asyncio.sleep(0.005)
    return user.peer.stops == before + 1


async def test_stop_on_every_screen(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["start"]) as user:
        for n, (name, scene) in enumerate((SCENES | ASSESS_SCENES).items(), 1000):
            user.peer.put(msgspec.structs.replace(scene, n=n))
            await user.until(lambda n=n: user.app.picture.snapshot.n == n, name)
            assert await stops(user), name


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_stop_over_every_page_and_dialog(size: tuple[int, int], tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"], size=size) as user:
        for name, deed in {**ASKS, **PAGES, "emergency": BY_ID["emergency"].deed}.items():
            user.app._perform(deed, name)
            await user.until(lambda: len(user.app.screen_stack) == 2, name)
            assert await stops(user), name
            user.app.pop_screen()


async def test_stop_while_typing(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("f5", "enter")
        await user.until(lambda: isinstance(user.app.focused, Input), "the line to type in")
        await user.type("S")
        assert user.peer.stops == 0
        assert isinstance(user.app.focused, Input)
        assert user.app.focused.value == "S"
        assert await stops(user)


async def test_the_test_catches_a_stop_without_priority(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"], app_class=NoPriority) as user:
        assert await stops(user)
        user.app._perform(BY_ID["note"].deed, "note")
        await user.until(lambda: len(user.app.screen_stack) == 2, "the dialog")
        assert not await stops(user)


async def test_letter_and_double_escape_stop_too(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("S")
        await user.until(lambda: user.peer.stops == 1, "S")
        await user.press("escape")
        await user.settle()
        assert user.peer.stops == 1
        user.clock.pass_(0.3)
        await user.key("escape")
        await user.until(lambda: user.peer.stops == 2, "Escape twice")


async def test_slow_escapes_are_not_a_stop(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("escape", "escape", "escape")
        await user.settle()
        assert user.peer.stops == 0


async def test_held_stop_key_does_not_flood_the_station(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        for _ in range(30):
            user.clock.pass_(0.033)
            await user.key("f12")
        await user.until(lambda: user.peer.stops >= 4, "stops")
        assert 4 <= user.peer.stops <= 6


async def test_watcher_may_stop_and_nothing_else(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"], role="observe") as user:
        await user.press("space", "f2", "f2", "f3", "f4", "f5", "l", "e", "c", "T", "exclamation_mark")
        await user.press("escape")
        assert user.peer.asked == []
        assert await stops(user)
        assert user.peer.names() == ["stop"]


async def test_emergency_card_stops_first(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("exclamation_mark")
        await user.until(lambda: user.peer.stops == 1, "STOP by the card")
        await user.sees("SEIZURE")
        user.clock.pass_(301.0)
        user.app.link.heard_s = user.clock()
        await user.sees("SEIZURE   5:01")
        await user.press("tab")
        await user.sees("FAINTING")


async def test_stop_without_station_says_so_and_is_sent_on_return(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.peer.close()
        await user.until(lambda: not user.app.link.state().up, "loss")
        await user.press("f12")
        await user.sees("STOP NOT SENT: use the stimulator's own stop button")
        await user.peer.__aenter__()
        await user.until(lambda: user.peer.stops == 1, "the owed STOP")
        stop = user.peer.asked[0]
        assert isinstance(stop, Stop)
        assert "while the station did not answer" in stop.reason
