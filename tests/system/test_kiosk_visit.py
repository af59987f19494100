"""A whole visit by keys alone, in a real terminal of 80x24, with a supervisor's screen beside it."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bedside.snapshot import Item, Snapshot
from tests.helpers.at_the_screen import Fingers, Opener, looking, terminals
from tests.helpers.short_course import short_course

pytestmark = [pytest.mark.system, pytest.mark.timeout(460)]

SPEED = 10
BEDSIDE = f"{sys.executable} -m bedside.cli"


@pytest.fixture
def terminal() -> Iterator[Opener]:
    with terminals() as open_one:
        yield open_one


SENSIBLE = {"spo2_pct": "97"}


def answer(item: Item) -> tuple[str, ...]:
    """The keys that give an item its plain answer."""
    if item.kind == "tick":
        return ("y",)
    if item.kind == "yesno":
        return ("n",)
    if item.kind == "choice":
        return ("1",)
    if item.kind == "number":
        low = item.low if item.low is not None else 0.0
        middle = round((low + (item.high if item.high is not None else low + 2.0)) / 2)
        return ("Enter", SENSIBLE.get(item.id, str(middle)), "Enter")
    return ("Enter", "none", "Enter")


def next_keys(picture: Snapshot) -> tuple[str, ...]:
    """What to press now; empty while there is only waiting to do."""
    if not picture.user:
        return ("F2", "thera", "Enter", "1234", "Enter", "F2")
    step, hunt, run = picture.step, picture.hunt, picture.run
    if step is None:
        return ("F2", "D-0017", "Enter", "1957", "Enter", "F2")
    if run is not None and run.contact_left_s is not None:
        return ("c",)
    if step.next is not None and step.next.enabled and step.next.command == "run.resume":
        return ("F2", "F2")
    for item in step.items:
        if item.value is None and item.by != "machine":
            return answer(item)
    if step.next is not None and step.next.enabled and step.next.command in ("step.next", "hotspot.choose"):
        return ("F2",)
    if step.id in ("hotspot", "threshold") and hunt is not None:
        proposed = next((site.id for site in hunt.sites if site.state == "now"), None)
        if step.id == "hotspot" and proposed is not None and hunt.site != proposed:
            return ("o",)
        if hunt.done and step.next is not None and step.next.enabled:
            return ("F2",)
        return () if hunt.pacing else ("p",)
    if step.id == "signoff" and not picture.signed:
        return ("F2", "1234", "Enter", "F2")
    if step.next is not None and step.next.enabled and step.next.command == "run.start":
        return ("F2", "F2")
    return ()


async def test_a_visit_from_check_in_to_sign_off_by_keys(tmp_path: Path, terminal: Opener) -> None:
    data, config = tmp_path / "demo", short_course(tmp_path, 150)
    kiosk = terminal("kiosk", f"{BEDSIDE} demo --speed {SPEED} --seed 1 --data {data} --config {config}")
    seen: dict[str, str] = {}
    async with looking(data / "run") as eyes, asyncio.timeout(420):
        while eyes.picture is None:
            await asyncio.sleep(0.1)
        watch = terminal("watch", f"{BEDSIDE} watch --run {data / 'run'}")
        fingers = Fingers(kiosk)
        while not eyes.picture.closed:
            step = eyes.picture.step
            if step is not None:
                seen[step.id] = watch.screen
            await fingers.press(*next_keys(eyes.picture))
        closed = eyes.picture
        await asyncio.sleep(1.0)
        last = kiosk.screen
    assert closed.signed
    assert closed.run is not None
    assert closed.run.delivered == 150
    assert len(seen) == 13, f"steps seen on the supervisor's screen: {list(seen)}"
    assert all("SIMULATED" in screen for screen in seen.values())
    assert "D-0017" in seen["treatment"]
    assert "STIMULATING" in seen["treatment"] or "of 150" in seen["treatment"]
    assert "Traceback" not in last
