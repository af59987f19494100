import asyncio
import errno
import fcntl
import os
import termios
import tty

import pytest

from hal.sim.ports import PtyPort, TcpPort


async def settled(condition) -> None:
    """Wait until `condition()` holds; the test's own time-out is the limit."""
    while not condition():
        await asyncio.sleep(0.005)


def opened(path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    return fd


def exclusive(fd: int) -> bool:
    answer = fcntl.ioctl(fd, 0x80045440, bytes(4))  # TIOCGEXCL, which termios does not name
    return any(answer)


async def line_from(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, 100)
        except BlockingIOError:
            await asyncio.sleep(0.005)


@pytest.fixture
async def port(tmp_path):
    got = bytearray()
    port = PtyPort(tmp_path / "stimulator", got.extend)
    port.got = got
    await port.plug()
    yield port
    port.unplug()


async def test_bytes_pass_both_ways_unchanged(port):
    assert port.address == f"serial:{port.path}"
    every_byte = bytes(range(256))
    fd = opened(port.path)
    os.write(fd, every_byte)
    await settled(lambda: len(port.got) == 256)
    assert bytes(port.got) == every_byte
    port.write(every_byte)
    assert await line_from(fd) == every_byte[:100]
    os.close(fd)


async def test_it_survives_every_closing_of_the_port(port):
    for n in range(5):
        fd = opened(port.path)
        os.write(fd, bytes((n,)))
        await settled(lambda n=n: len(port.got) == n + 1)
        os.close(fd)
        await settled(lambda: not port._open)
    assert bytes(port.got) == bytes(range(5))


async def test_last_words_of_a_dying_station_arrive(port):
    fd = opened(port.path)
    os.write(fd, b"off")
    os.close(fd)
    await settled(lambda: port.got == b"off")


async def test_what_is_said_to_nobody_is_lost(port):
    port.write(b"stale")
    fd = opened(port.path)
    await settled(lambda: port._open)
    port.write(b"fresh")
    assert await line_from(fd) == b"fresh"
    os.close(fd)


async def test_exclusive_mode_of_a_killed_station_does_not_outlive_it(port):
    fd = opened(port.path)
    fcntl.ioctl(fd, termios.TIOCEXCL)
    await settled(lambda: port._open)
    assert exclusive(fd)
    os.close(fd)
    await settled(lambda: not port._open)
    fd = opened(port.path)
    assert not exclusive(fd)
    os.close(fd)


async def test_unplugging_hangs_up_and_plugging_returns(port):
    fd = opened(port.path)
    await settled(lambda: port._open)
    port.unplug()
    assert not port.path.is_symlink()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        os.write(fd, b"x")
    os.close(fd)
    await port.plug()
    os.close(opened(port.path))


async def test_a_link_left_behind_is_replaced_and_a_file_is_not(tmp_path):
    path = tmp_path / "stimulator"
    path.symlink_to("/nowhere")
    port = PtyPort(path, lambda _data: None)
    await port.plug()
    assert path.exists()
    port.unplug()
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="remove it"):
        await port.plug()
    assert path.read_text() == "precious"


async def test_tcp_port_keeps_its_number_and_serves_the_newest_peer():
    got = bytearray()
    port = TcpPort(got.extend)
    await port.plug()
    number = port.port
    _, old_writer = await asyncio.open_connection("127.0.0.1", number)
    await settled(lambda: port.connected)
    new, new_writer = await asyncio.open_connection("127.0.0.1", number)
    new_writer.write(b"hello")
    await settled(lambda: got == b"hello")
    port.write(b"you")
    assert await new.readexactly(3) == b"you"
    old_writer.close()
    port.unplug()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", number)
    await port.plug()
    assert port.address == f"tcp:127.0.0.1:{number}"
    new_writer.close()
    port.unplug()
