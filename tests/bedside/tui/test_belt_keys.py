"""The belt's keys at 80 columns: what they ask, when they mean something, and what the screen says of the belt."""

from pathlib import Path

import msgspec
import pytest

from bedside import commands
from bedside.commands import AnyCommand
from bedside.snapshot import Snapshot
from bedside.tui.beltkeys import belt_row
from bedside.tui.panels.alarms import banner
from bedside.tui.picture import LinkState, Picture
from tests.bedside.tui.belt_scenes import BELT_SCENES
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.screen import kiosk
from tests.bedside.tui.test_golden import differing


async def test_the_belt_looks_as_agreed(tmp_path: Path) -> None:
    differ: list[str] = []
    async with kiosk(tmp_path, SCENES["start"]) as user:
        for n, (scene, snapshot) in enumerate(BELT_SCENES.items(), 1000):
            user.peer.put(msgspec.structs.replace(snapshot, n=n))
            await user.until(lambda n=n: user.app.picture.snapshot.n == n, scene)
            differ += differing(f"belt-80x24-{scene}", await user.settle())
        user.peer.put(msgspec.structs.replace(BELT_SCENES["rest"], n=2000))
        await user.until(lambda: user.app.picture.snapshot.n == 2000, "rest")
        await user.press(")")
        differ += differing("belt-80x24-armed", await user.settle())
    async with kiosk(tmp_path, BELT_SCENES["runs_on"], size=(60, 15)) as user:
        differ += differing("belt-60x15-runs_on", await user.settle())
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


async def test_a_start_asks_who_stands_at_the_stop_and_takes_a_second_press(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["rest"]) as user:
        await user.press(")")
        await user.sees("Somebody at the treadmill's own stop?")
        user.clock.pass_(10.5)
        user.app.link.heard_s = user.clock()
        await user.sees("belt at rest")
        await user.press(")")
        assert user.peer.asked == []
        await user.press(")")
        await user.asked("belt.start")
        assert user.peer.asked == [commands.StartBelt(attended=True)]
        assert user.peer.requests[0].expect == BELT_SCENES["rest"].n


async def test_a_start_that_is_not_possible_says_why(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["not_ready"]) as user:
        await user.press(")", ")")
        await user.sees("the handrails are not ticked")
        assert user.peer.asked == []


async def test_faster_and_slower_ask_one_step_from_what_was_asked(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["runs_on"]) as user:
        await user.press(")")
        await user.asked("belt.speed")
        await user.press("(")
        await user.until(lambda: len(user.peer.asked) == 2, "slower")
        assert user.peer.asked == [commands.SetBeltSpeed(speed_kmh=1.3), commands.SetBeltSpeed(speed_kmh=1.1)]


async def test_a_held_key_is_one_step(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["runs_on"]) as user:
        for _ in range(30):
            user.clock.pass_(0.03)
            await user.key(")")
        await user.rest()
        assert len(user.peer.asked) == 1


async def test_while_pulses_come_faster_is_refused_on_the_spot(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["walks"]) as user:
        await user.press(")")
        await user.sees("only slower, or stop")
        assert user.peer.asked == []
        await user.press("(")
        await user.asked("belt.speed")


@pytest.mark.parametrize("scene", ["lost", "elsewhere", "interrupted"])
async def test_its_stop_works_everywhere_and_over_everything(scene: str, tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES[scene]) as user:
        over = ["", "f1", "f8", *(["f4", "f5"] if scene != "interrupted" else []), "exclamation_mark"]
        for place, key in enumerate(over, 1):
            if key:
                await user.press(key)
                await user.until(lambda: len(user.app.screen_stack) == 2, key)
                await user.sees("F7 stop belt")
            await user.press("f7")
            await user.until(lambda n=place: user.peer.names().count("belt.stop") == n, f"a stop over {key or scene}")
            if key:
                await user.press("escape")
                await user.until(lambda: len(user.app.screen_stack) == 1, "back")


async def test_hammered_and_held_it_asks_at_once_and_then_once_a_second(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["walks"]) as user:
        for _ in range(50):
            user.clock.pass_(0.05)
            user.app.link.heard_s = user.clock()
            await user.key("f7")
        await user.rest()
        assert user.peer.names() == ["belt.stop"] * 3


async def test_a_kiosk_that_is_not_in_control_can_stop_the_belt_and_nothing_else(tmp_path: Path) -> None:
    async with kiosk(tmp_path, msgspec.structs.replace(BELT_SCENES["runs_on"], controller="control-9")) as user:
        await user.press(")", "f7")
        await user.asked("belt.stop")
        assert user.peer.names() == ["belt.stop"]


async def test_a_watcher_has_no_key_for_the_belt(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["runs_on"], role="observe") as user:
        await user.press("f7", ")", "(")
        assert user.peer.asked == []


async def test_stop_is_stimulations_alone_and_says_that_the_belt_runs_on(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["walks"]) as user:
        await user.press("f12")
        await user.asked("stop")
        await user.sees("the belt runs on: F7 stops it")
        assert user.peer.names() == ["stop"]


async def test_a_stop_that_is_refused_names_the_treadmills_own(tmp_path: Path) -> None:
    def no(command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
        return "the station is ending"

    async with kiosk(tmp_path, BELT_SCENES["walks"], rule=no) as user:
        await user.press("f7")
        await user.sees("use the treadmill's own stop")


async def test_the_screen_is_not_closed_on_a_running_belt(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BELT_SCENES["runs_on"]) as user:
        await user.press("Q")
        await user.sees("stop the belt first")


async def test_a_robot_that_is_not_commanded_keeps_its_form(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("f7")
        await user.sees("What the robot shows")
        assert user.peer.asked == []


def test_without_the_station_the_belt_is_unknown_and_never_at_rest() -> None:
    for scene in BELT_SCENES.values():
        words = "".join(text for text, _ in belt_row(Picture(snapshot=scene, link=LinkState(up=False, ever=True))))
        assert "UNKNOWN" in words
        assert "at rest" not in words


def test_a_silent_station_names_both_machines_own_stops() -> None:
    gone = Picture(snapshot=BELT_SCENES["walks"], link=LinkState(up=False, ever=True))
    assert "the treadmill's own stop" in banner(gone, lit=True)[0][0][0]
    assert "treadmill" not in banner(Picture(snapshot=SCENES["stimulating"], link=gone.link), lit=True)[0][0][0]
