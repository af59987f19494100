"""Serial and TCP links on real ptys and sockets."""

import asyncio
import os
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hal.device import LinkBusy, LinkDenied, LinkLost, LinkNotFound
from hal.links.address import make_link
from hal.links.base import Link
from hal.links.fd import MAX_QUEUED_BYTES
from tests.helpers.far_ends import FarEnd, PtyEnd, TcpEnd, finishes, until


@pytest.fixture(params=["pty", "tcp"])
def end(request: pytest.FixtureRequest, tmp_path: Path) -> FarEnd:
    return PtyEnd(tmp_path) if request.param == "pty" else TcpEnd()


async def _opened(end: FarEnd) -> Link:
    await end.plug()
    link = make_link(end.address)
    await finishes(link.open())
    return link


async def test_bytes_both_ways(end: FarEnd) -> None:
    link = await _opened(end)
    got = bytearray()
    end.on_bytes = got.extend
    link.write(b"\x00\xff\n\r\x03\x11")
    await until(lambda: bytes(got) == b"\x00\xff\n\r\x03\x11")
    end.send(b"\x04\x13\xfe")
    assert await link.read() == b"\x04\x13\xfe"
    link.close()
    link.close()
    assert link.fileno() is None
    await end.unplug()


async def test_the_far_end_going_away_ends_a_read(end: FarEnd) -> None:
    link = await _opened(end)
    reading = asyncio.create_task(link.read())
    await asyncio.sleep(0)
    await end.unplug()
    with pytest.raises(LinkLost) as lost:
        await asyncio.wait_for(reading, 5)
    assert lost.value.remedy
    link.close()


async def test_closing_ends_a_read(end: FarEnd) -> None:
    link = await _opened(end)
    reading = asyncio.create_task(link.read())
    await asyncio.sleep(0)
    link.close()
    with pytest.raises(LinkLost, match="closed"):
        await asyncio.wait_for(reading, 5)
    with pytest.raises(LinkLost, match="not open"):
        link.write(b"x")
    await end.unplug()


async def test_a_port_that_dies_while_it_is_set_up_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()

    def dead(*_arguments: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(termios, "tcsetattr", dead)
    with pytest.raises(LinkNotFound, match="does not work as a serial port"):
        await make_link(end.address).open()
    monkeypatch.undo()
    await end.unplug()


async def test_reopening_the_same_link(end: FarEnd) -> None:
    link = await _opened(end)
    await end.unplug()
    await end.plug()
    await finishes(link.open())
    end.send(b"again")
    assert await link.read() == b"again"
    link.close()
    await end.unplug()


def _write_forever(link: Link) -> None:
    while True:
        link.write(bytes(MAX_QUEUED_BYTES // 2))


async def test_a_far_end_that_takes_nothing_is_lost_not_waited_for(end: FarEnd) -> None:
    link = await _opened(end)
    with pytest.raises(LinkLost, match="takes no more bytes"):
        _write_forever(link)
    link.close()
    await end.unplug()


async def test_what_was_said_before_opening_is_not_flushed(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()
    end.send(b"said before")
    link = make_link(end.address)
    await link.open()
    assert await asyncio.wait_for(link.read(), 5) == b"said before"
    link.close()
    await end.unplug()


async def test_the_port_is_raw_and_at_its_speed(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()
    link = make_link(f"serial:{tmp_path}/port?baud=9600&stop_bits=2")
    await link.open()
    iflag, oflag, cflag, lflag, _, ospeed, _ = termios.tcgetattr(link.fileno() or 0)
    assert ospeed == termios.B9600
    assert not lflag & (termios.ICANON | termios.ECHO | termios.ISIG)
    assert not oflag & termios.OPOST
    assert not iflag & (termios.IXON | termios.ICRNL)
    assert cflag & termios.CSTOPB
    link.close()
    await end.unplug()


@pytest.mark.parametrize(("query", "rts"), [("", True), ("?rts=low", False)])
async def test_request_to_send_is_low_where_the_address_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, rts: bool
) -> None:
    """A pty has no such line, so what would be told to it is looked at."""
    told: list[bool] = []
    monkeypatch.setattr(serial.Serial, "_update_dtr_state", lambda _port: None)
    monkeypatch.setattr(serial.Serial, "_update_rts_state", lambda port: told.append(port.rts))
    end = PtyEnd(tmp_path)
    await end.plug()
    link = make_link(end.address.partition("?")[0] + query)
    await finishes(link.open())
    assert told == [rts]
    link.close()
    await end.unplug()


async def test_a_second_program_on_the_port_is_named_with_a_remedy(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()
    hold = (
        "import serial,sys; p=serial.Serial(sys.argv[1], exclusive=True); print('open', flush=True); sys.stdin.read()"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", hold, str(tmp_path / "port"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert await other.stdout.readline() == b"open\n"
    link = make_link(end.address)
    with pytest.raises(LinkBusy, match="in use by another program") as busy:
        await link.open()
    assert "close the other program" in busy.value.remedy
    await other.communicate(b"")
    await link.open()
    link.close()
    await end.unplug()


async def test_our_own_lock_ends_at_closing_though_a_duplicate_lives(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()
    first, second = make_link(end.address), make_link(end.address)
    await first.open()
    with pytest.raises(LinkBusy):
        await second.open()
    duplicate = os.dup(first.fileno() or 0)
    first.close()
    await second.open()
    os.close(duplicate)
    second.close()
    await end.unplug()


async def test_a_port_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(LinkNotFound, match="does not exist"):
        await make_link(f"serial:{tmp_path}/none").open()


async def test_a_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LinkNotFound, match="does not work as a serial port"):
        await make_link(f"serial:{tmp_path}/file").open()


@pytest.fixture
def locked_port(tmp_path: Path) -> Iterator[Path]:
    """Permissions hold for everybody but the superuser, so stop being that for a while."""
    (tmp_path / "port").touch(mode=0o000)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield tmp_path / "port"
    os.seteuid(was)


async def test_a_port_of_somebody_else(locked_port: Path) -> None:
    with pytest.raises(LinkDenied, match="no permission"):
        await make_link(f"serial:{locked_port}").open()


async def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(LinkNotFound, match="nothing listens") as missing:
            await make_link(f"tcp:127.0.0.1:{port}").open()
    assert missing.value.remedy


async def test_a_host_nobody_knows() -> None:
    with pytest.raises(LinkNotFound, match="cannot be reached"):
        await make_link("tcp:no-such-host.invalid:1").open()


async def test_the_loop_is_asked_once_to_read_and_not_again_for_every_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = PtyEnd(tmp_path)
    link = await _opened(end)
    loop, asked, fd = asyncio.get_running_loop(), [], link.fileno()
    add = loop.add_reader

    def count(watched: int, *words: object) -> None:
        if watched == fd:
            asked.append(watched)
        add(watched, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "add_reader", count)
    for number in range(20):
        end.send(bytes((number,)))
        assert await asyncio.wait_for(link.read(), 5) == bytes((number,))
    assert len(asked) == 1
    link.close()
    await end.unplug()


async def test_what_nobody_takes_waits_without_keeping_the_loop_busy(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    link = await _opened(end)
    end.send(b"a")
    assert await asyncio.wait_for(link.read(), 5) == b"a"
    rounds, took = 0, link._take  # type: ignore[attr-defined]

    def count(fd: int) -> None:
        nonlocal rounds
        rounds += 1
        took(fd)

    loop = asyncio.get_running_loop()
    loop.add_reader(link.fileno() or -1, count, link.fileno())
    end.send(b"b")
    await until(lambda: rounds > 0)
    end.send(b"c")
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert 1 <= rounds <= 2
    assert (
        await asyncio.wait_for(link.read(), 5) + (await asyncio.wait_for(link.read(), 5) if rounds == 2 else b"")
        == b"bc"
    )
    link.close()
    await end.unplug()
