"""Ports and name servers that hang in the kernel: the loop goes on, and what comes too late is closed again."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import serial

from hal.device import Health, LinkBusy, LinkLost, NoAnswer
from hal.linked import LinkedDevice, Patience
from hal.links import fd, hid, tcp, tty_lines
from hal.links import serial as serial_link
from hal.links.address import make_link
from hal.links.base import Link
from hal.links.tty_lines import TtyLines
from tests.helpers.far_ends import PtyEnd, finishes, until
from tests.helpers.stuck import StuckDoor

LIMIT_S = 0.15


@pytest.fixture
def door(tmp_path: Path) -> Iterator[StuckDoor]:
    made = StuckDoor(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def end(tmp_path: Path) -> AsyncIterator[PtyEnd]:
    made = PtyEnd(tmp_path)
    await made.plug()
    yield made
    await made.unplug()


@pytest.fixture
def stuck_port(end: PtyEnd, door: StuckDoor, monkeypatch: pytest.MonkeyPatch) -> StuckDoor:
    """The terminal behind `end` cannot be opened until the door is free."""
    monkeypatch.setattr(os, "open", door.before(os.open, only=_path(end)))
    return door


def _path(end: PtyEnd) -> str:
    return end.address.removeprefix("serial:").partition("?")[0]


def _hasten(monkeypatch: pytest.MonkeyPatch, limit_s: float = LIMIT_S) -> None:
    for module, name in ((serial_link, "OPEN_S"), (hid, "OPEN_S"), (tty_lines, "OPEN_S"), (tcp, "CONNECT_S")):
        monkeypatch.setattr(module, name, limit_s)


def _held(path: str) -> int:
    """How many descriptors of this process are open on the terminal that `path` names."""
    terminal, count = os.path.realpath(path), 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            count += str(descriptor.readlink()) == terminal
    return count


async def _loop_goes_on_beside(door: StuckDoor, work: Awaitable[object]) -> asyncio.Task[object]:
    """`work`, once it is stuck and the loop has gone round beside it; fails where the loop stood still."""
    task = asyncio.ensure_future(work)
    assert isinstance(task, asyncio.Task)
    await until(lambda: door.waiting > door.passed)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not door.rescued, "the loop stood still until the door freed itself"
    assert door.waiting > door.passed
    return task


def _links(end: PtyEnd) -> dict[str, Link]:
    made = {"serial": make_link(end.address), "hid": make_link(f"hid:{_path(end)}")}
    return {name: link for name, link in made.items() if isinstance(link, fd.FdLink)}


@pytest.mark.parametrize("kind", ["serial", "hid"])
async def test_a_port_that_hangs_in_open_is_told_and_closed_when_it_comes(
    stuck_port: StuckDoor, end: PtyEnd, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    _hasten(monkeypatch)
    before, link = _held(_path(end)), _links(end)[kind]
    with pytest.raises(NoAnswer, match="hangs while it is opened") as hung:
        await (await _loop_goes_on_beside(stuck_port, link.open()))
    assert hung.value.remedy
    assert not link.is_open
    for _ in range(3):
        with pytest.raises(NoAnswer, match="hangs"):
            await link.open()
    assert stuck_port.waiting == 1, "one attempt hangs, not one a try"
    stuck_port.free()
    await until(lambda: stuck_port.passed == 1 and _held(_path(end)) == before)
    monkeypatch.undo()
    await finishes(link.open())
    link.close()
    await link.wait_closed()
    assert _held(_path(end)) == before


@pytest.mark.parametrize("kind", ["serial", "hid"])
async def test_a_port_that_opens_after_the_cancel_is_closed_and_not_locked(
    stuck_port: StuckDoor, end: PtyEnd, kind: str
) -> None:
    before, link, other = _held(_path(end)), _links(end)[kind], _links(end)[kind]
    opening = await _loop_goes_on_beside(stuck_port, link.open())
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    stuck_port.free()
    await until(lambda: stuck_port.passed == 1 and _held(_path(end)) == before)
    assert not link.is_open
    await finishes(other.open())
    with pytest.raises(LinkBusy):
        await link.open()
    other.close()
    await other.wait_closed()


@pytest.mark.parametrize("kind", ["serial", "hid"])
async def test_a_port_that_hangs_in_close_holds_up_nobody_and_is_free_for_others(
    end: PtyEnd, door: StuckDoor, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(fd, "CLOSE_S", LIMIT_S)
    before, link, other = _held(_path(end)), _links(end)[kind], _links(end)[kind]
    await finishes(link.open())
    if kind == "serial":
        monkeypatch.setattr(serial.Serial, "close", door.before(serial.Serial.close))
    else:
        monkeypatch.setattr(hid, "_shut", door.before(hid._shut))
    link.close()
    assert not link.is_open
    closing = await _loop_goes_on_beside(door, link.wait_closed())
    await finishes(other.open())
    await finishes(closing)
    assert _held(_path(end)) == before + 2
    door.free()
    await until(lambda: _held(_path(end)) == before + 1)
    other.close()
    await other.wait_closed()


class Echo(LinkedDevice):
    """Every byte is a message."""

    role = "test"

    def on_bytes(self, data: bytes) -> None:
        self.heard()


async def test_one_stuck_port_leaves_another_device_heard(
    stuck_port: StuckDoor, end: PtyEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hasten(monkeypatch)
    (tmp_path / "good").mkdir()
    good_end = PtyEnd(tmp_path / "good")
    await good_end.plug()
    patience = Patience(silence_s=5, reopen_s=5, first_retry_s=0.01, last_retry_s=0.02)
    stuck, good = (
        Echo(name, time.monotonic_ns, make_link(address), patience)
        for name, address in (("stuck", end.address), ("good", good_end.address))
    )
    good_end.send(b"hello")
    opening = asyncio.create_task(stuck.open())
    await finishes(good.open())
    assert good.health.state == "ok"
    await finishes(opening)
    assert _why(stuck.health) == ("lost", True)
    told_ns = good.health.last_heard_ns or 0
    good_end.send(b"still here")
    await until(lambda: (good.health.last_heard_ns or 0) > told_ns)
    assert stuck_port.waiting == 1
    stuck_port.free()
    end.send(b"at last")
    await until(lambda: stuck.health.state == "ok")
    for device in (stuck, good):
        await finishes(device.close())
    await good_end.unplug()


def _why(health: Health) -> tuple[str, bool]:
    return health.state, "hangs" in health.error and "plug it in again" in health.remedy


async def test_control_lines_that_hang_in_open_are_told_and_closed_when_they_come(
    door: StuckDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hasten(monkeypatch)
    made: list[serial.Serial] = []

    def make(_path: str) -> serial.Serial:
        made.append(serial.serial_for_url("loop://"))
        return made[0]

    lines = TtyLines("line:/dev/stuck", "/dev/stuck", door.before(make))
    with pytest.raises(NoAnswer, match="hangs while it is opened"):
        await (await _loop_goes_on_beside(door, lines.open()))
    assert not lines.is_open
    door.free()
    await until(lambda: made and not made[0].is_open)


async def test_a_line_that_hangs_when_it_is_read_or_switched_ends_the_link(
    door: StuckDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serial.serial_for_url("loop://")
    lines = TtyLines("line:/dev/stuck", "/dev/stuck", lambda _path: port)
    await lines.open()
    monkeypatch.setattr(tty_lines, "ANSWER_S", LIMIT_S)
    monkeypatch.setattr(tty_lines, "_counters", door.before(tty_lines._counters))
    with pytest.raises(LinkLost, match="it hangs") as hung:
        await (await _loop_goes_on_beside(door, lines.lines()))
    assert hung.value.remedy
    with pytest.raises(LinkLost, match="it hangs"):
        await lines.pulse("dtr", 0.001)
    lines.close()
    door.free()
    await until(lambda: not port.is_open)
    assert not port.dtr, "the pulse that nobody waits for any more was left out"


@pytest.mark.parametrize("address", ["tcp:stuck.invalid:9", "listen:stuck.invalid:9", "line:rfc2217:stuck.invalid:9"])
async def test_a_name_server_that_hangs_is_told_and_uses_up_one_thread(
    door: StuckDoor, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    _hasten(monkeypatch)
    monkeypatch.setattr(socket, "getaddrinfo", door.before(socket.getaddrinfo, only="stuck.invalid"))
    link = make_link(address)
    with pytest.raises(NoAnswer, match="no name server"):
        await (await _loop_goes_on_beside(door, link.open()))
    for _ in range(3):
        with pytest.raises(NoAnswer, match="no name server"):
            await link.open()
    assert door.waiting == 1
    assert sum(thread.name == f"link {address}" for thread in threading.enumerate()) == 1
