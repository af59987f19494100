"""The station goes, comes back, falls silent; the screen says so and never shows the old as the present."""

import asyncio
from pathlib import Path

import msgspec

from bedside.snapshot import Robot, Run
from bedside.station.wire import Goodbye
from bedside.tui.app import BedsideApp
from bedside.tui.panels.alarms import GONE_TEXT
from tests.bedside.tui.peer import Peer
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.screen import ENVIRONMENT, Clock, Kiosk, kiosk


async def test_lost_station_owns_the_banner_and_comes_back(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.peer.close()
        await user.sees(GONE_TEXT)
        user.clock.pass_(65.0)
        await user.sees("for 1:05")
        text = user.text()
        assert "UNKNOWN" in text
        assert "STIMULATING" not in text
        assert "magpro not known" in text
        user.peer.snapshot = msgspec.structs.replace(SCENES["paused"], n=2000)
        await user.peer.__aenter__()
        await user.until(lambda: user.app.picture.snapshot.n == 2000, "reconnection")
        text = await user.settle()
        assert GONE_TEXT not in text
        assert "PAUSED" in text


async def test_hung_up_client_reconnects(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["coil"]) as user:
        user.peer.hang_up()
        await user.until(lambda: user.peer.joined == 2 and user.app.link.state().up, "the second connection")


async def test_goodbye_is_told_with_its_reason(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["coil"]) as user:
        user.peer.say(Goodbye(reason="the station restarts"))
        await user.peer.close()
        await user.until(lambda: not user.app.link.state().up, "loss")
        await user.sees("STATION NOT ANSWERING")


async def test_frozen_station_counts_as_gone_although_connected(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        user.clock.pass_(1.9)
        await user.settle()
        assert GONE_TEXT not in user.text()
        user.clock.pass_(0.2)
        await user.sees(GONE_TEXT)
        assert user.peer.writers, "the connection itself stayed open"
        user.peer.put(user.peer.snapshot)
        await user.until(lambda: GONE_TEXT not in user.text(), "the banner gone")


async def test_garbage_from_the_station_is_a_reconnection_not_a_crash(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["coil"]) as user:
        for writer in user.peer.writers:
            writer.write(b'{"t":"snapshot","snapshot":{"n":"x"}}\n')
        await user.until(lambda: user.peer.joined == 2 and user.app.link.state().up, "the second connection")


async def test_screen_before_the_station_waits_and_says_so(tmp_path: Path) -> None:
    clock = Clock()
    app = BedsideApp(tmp_path, "control", clock=clock, environment=ENVIRONMENT)
    async with app.run_test(size=(80, 24)) as pilot:
        peer = Peer(tmp_path, SCENES["start"])
        user = Kiosk(app, peer, pilot, clock)
        clock.pass_(2.0)
        await user.sees("no station answers at")
        async with peer:
            await user.sees("Sign in")


async def test_beats_come_from_the_painting_loop(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.until(lambda: user.peer.beats >= 3, "beats")
        for timer in list(user.app._timers):
            timer.stop()
        await asyncio.sleep(0.3)
        before = user.peer.beats
        await asyncio.sleep(0.6)
        assert user.peer.beats == before, "a screen that no longer ticks must fall silent"


async def test_watcher_never_beats(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"], role="observe") as user:
        await asyncio.sleep(0.6)
        assert user.peer.beats == 0


async def test_many_snapshots_are_shown_as_one(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        for n in range(2000, 2200):
            user.peer.put(msgspec.structs.replace(SCENES["stimulating"], n=n))
        await user.until(lambda: user.app.picture.snapshot.n == 2199, "the newest")


async def test_unknown_values_say_so_and_old_ones_show_their_age(tmp_path: Path) -> None:
    scene = msgspec.structs.replace(
        SCENES["stimulating"],
        run=Run(word="STIMULATING", reason="", planned=1200, delivered=3),
        robot=Robot(phase="walk", speed_kmh=1.6, source="device", age_s=1.0),
        alarms=(),
    )
    async with kiosk(tmp_path, scene) as user:
        text = await user.settle()
        assert text.count("not known") >= 4
        assert "old" not in text
        user.clock.pass_(1.5)
        user.app.link.heard_s = user.clock()
        await user.sees("2 s old")
        styles = _styles_of(user, "1.6 km/h")
        assert styles == {"stale"}


def _styles_of(user: Kiosk, words: str) -> set[str]:
    panel = user.app.screen.query_one("#numbers")
    return {name for row in panel._rows for text, name in row if text == words}  # type: ignore[attr-defined]
