"""What every screen looks like, compared with files; `BEDSIDE_GOLDEN=write` writes them anew."""

import os
from pathlib import Path

import msgspec
import pytest

from bedside.events import Role
from bedside.tui.actions import BY_ID
from tests.bedside.tui.assess_scenes import ASSESS_SCENES, LIST, cop_live, feet_live, knee_live
from tests.bedside.tui.peer import sweep, wave
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.screen import Kiosk, kiosk
from tests.bedside.tui.test_devices import IMU, PLATE, STOP

GOLDEN = Path(__file__).parent / "golden"
FEW = ("screening", "hotspot", "threshold", "stimulating", "unknown")
SETS: dict[str, tuple[Role, tuple[int, int], tuple[str, ...]]] = {
    "kiosk-80x24": ("control", (80, 24), tuple(SCENES)),
    "kiosk-100x30": ("control", (100, 30), FEW),
    "kiosk-160x50": ("control", (160, 50), FEW),
    "kiosk-60x15": ("control", (60, 15), FEW),
    "watch-80x24": ("observe", (80, 24), ("start", "hotspot", "stimulating", "interrupted")),
}


def differing(name: str, text: str) -> list[str]:
    """The name of the golden file when the text is another one; writes it when asked to."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("BEDSIDE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [] if path.is_file() and text == path.read_text(encoding="utf-8") else [f"{name}\n{text}"]


async def with_signals(user: Kiosk) -> None:
    """Two seconds of EMG and two responses, as they are when the screen opens."""
    user.peer.say(wave(0, 380))
    for pulse, amplitude_uv in ((7, 60.0), (8, 160.0)):
        user.peer.say(sweep(pulse, amplitude_uv))
    await user.until(lambda: len(user.app.link.sweeps) == 2 and bool(user.app.link.waves), "signals")


@pytest.mark.parametrize("name", SETS)
async def test_screens_look_as_agreed(name: str, tmp_path: Path) -> None:
    role, size, scenes = SETS[name]
    differ: list[str] = []
    async with kiosk(tmp_path, SCENES["start"], size=size, role=role) as user:
        await with_signals(user)
        for n, scene in enumerate(scenes, 1000):
            user.peer.put(msgspec.structs.replace(SCENES[scene], n=n))
            await user.until(lambda n=n: user.app.picture.snapshot.n == n, scene)
            differ += differing(f"{name}-{scene}", await user.settle())
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 48)])
async def test_assessments_look_as_agreed(size: tuple[int, int], tmp_path: Path) -> None:
    differ: list[str] = []
    async with kiosk(tmp_path, ASSESS_SCENES["home"], size=size) as user:
        user.peer.say(wave(0, 380, ("RF L", "BF L", "RF R", "BF R")))
        for live in (cop_live(), knee_live(), feet_live("left"), feet_live("right", 98.0)):
            user.peer.say(live)
        await user.until(lambda: len(user.app.link.lives) == 4 and bool(user.app.link.waves), "live values")
        for n, (scene, snapshot) in enumerate(ASSESS_SCENES.items(), 1000):
            user.peer.put(msgspec.structs.replace(snapshot, n=n))
            await user.until(lambda n=n: user.app.picture.snapshot.n == n, scene)
            if scene == "review":
                await user.until(lambda: user.app.focused is not None, "the keys")
                await user.key("end")
            differ += differing(f"assess-{size[0]}x{size[1]}-{scene}", await user.settle())
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


async def test_pages_and_dialogs_look_as_agreed(tmp_path: Path) -> None:
    differ: list[str] = []
    async with kiosk(tmp_path, SCENES["unknown"]) as user:
        for key in ("help", "devices", "emergency", "adverse", "robot", "note"):
            await user.press(BY_ID[key].keys[0])
            differ += differing(f"page-{key}", await user.settle())
            await user.press("escape")
            await user.until(lambda: len(user.app.screen_stack) == 1, "back")
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_a_long_choice_looks_as_agreed(size: tuple[int, int], tmp_path: Path) -> None:
    differ: list[str] = []
    async with kiosk(tmp_path, LIST, size=size) as user:
        await user.press(BY_ID["further"].keys[0])
        for name in ("first", "middle"):
            differ += differing(f"page-further-{size[0]}x{size[1]}-{name}", await user.settle())
            await user.press(*["down"] * 7)
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


async def test_a_long_page_of_devices_scrolls(tmp_path: Path) -> None:
    differ: list[str] = []
    more = (msgspec.structs.replace(IMU, name=f"imu_{place}") for place in ("foot_right", "thigh", "shank"))
    lines = (*SCENES["start"].devices, IMU, *more, PLATE, STOP)
    async with kiosk(tmp_path, msgspec.structs.replace(SCENES["start"], devices=lines)) as user:
        await user.press(BY_ID["devices"].keys[0])
        for name in ("devices-first", "devices-rest"):
            differ += differing(f"page-{name}", await user.settle())
            await user.press("pagedown")
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


async def test_linux_console_gets_only_signs_of_its_font(tmp_path: Path) -> None:
    console = {"TERM": "linux", "LANG": "C.UTF-8", "BEDSIDE_FLASH": "off"}
    async with kiosk(tmp_path, SCENES["start"], environment=console) as user:
        await with_signals(user)
        for n, scene in enumerate(("hotspot", "threshold", "stimulating", "screening", *ASSESS_SCENES), 1000):
            user.peer.put(msgspec.structs.replace((SCENES | ASSESS_SCENES)[scene], n=n))
            await user.until(lambda n=n: user.app.picture.snapshot.n == n, scene)
            odd = {sign for sign in await user.settle() if not sign.isascii()}
            assert odd <= set("─│┌┐└┘├┤┬┴┼ …µ±°→"), (scene, odd)


async def test_comparison_notices_a_changed_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEDSIDE_GOLDEN", raising=False)
    async with kiosk(tmp_path, SCENES["hotspot"]) as user:
        assert differing("kiosk-80x24-start", await user.settle())
