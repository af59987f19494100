"""A port on which a device connects to us, on real sockets."""

import asyncio
import socket

import pytest

from hal.device import LinkBusy, LinkLost, LinkNotFound, NoAnswer, SetupError
from hal.links import listen
from hal.links.address import make_link
from hal.links.listen import ListenLink
from tests.helpers.far_ends import finishes


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
async def link() -> ListenLink:
    made = make_link(f"listen:127.0.0.1:{free_port()}")
    assert isinstance(made, ListenLink)
    yield made
    made.stop_listening()
    made.stop_listening()


async def _connect(link: ListenLink) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", link._port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.005)


async def _both(link: ListenLink) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    device, _ = await asyncio.wait_for(asyncio.gather(_connect(link), link.open()), 5)
    return device


async def test_bytes_both_ways(link: ListenLink) -> None:
    reader, writer = await _both(link)
    assert link.is_open
    link.write(b"\x41\x41")
    assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\x41\x41"
    writer.write(b"samples")
    assert await asyncio.wait_for(link.read(), 5) == b"samples"
    writer.close()
    with pytest.raises(LinkLost, match="far end closed"):
        await asyncio.wait_for(link.read(), 5)


async def test_waiting_for_the_device_says_what_to_do(link: ListenLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "WAIT_S", 0.02)
    with pytest.raises(NoAnswer, match=f"waiting for the device to connect to port {link._port}") as waiting:
        await finishes(link.open())
    assert "network mode" in waiting.value.remedy
    link.close()
    _, writer = await _connect(link)
    await finishes(link.open())
    assert link.is_open, "the device that came between two attempts was not turned away"
    writer.close()


async def test_the_newest_connection_wins(link: ListenLink) -> None:
    old, old_writer = await _both(link)
    reading = asyncio.create_task(link.read())
    await asyncio.sleep(0)
    _, new_writer = await _connect(link)
    with pytest.raises(LinkLost, match="a newer one took its place"):
        await asyncio.wait_for(reading, 5)
    await finishes(link.open())
    new_writer.write(b"new")
    assert await asyncio.wait_for(link.read(), 5) == b"new"
    assert await asyncio.wait_for(old.read(), 5) == b"", "the older one was hung up on"
    for writer in (old_writer, new_writer):
        writer.close()


async def test_a_port_in_use(link: ListenLink) -> None:
    with socket.create_server(("127.0.0.1", link._port)), pytest.raises(LinkBusy, match="in use"):
        await link.open()


async def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(LinkNotFound, match="no address"):
        await make_link("listen:192.0.2.1:45454").open()


async def test_the_port_is_free_after_stopping(link: ListenLink) -> None:
    _, writer = await _both(link)
    link.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", link._port)
    writer.close()


@pytest.mark.parametrize("address", ["listen:45454", "listen:10.0.0.1:45454", "listen:[::1]:45454"])
def test_addresses(address: str) -> None:
    assert make_link(address).address == address


@pytest.mark.parametrize(
    "address", ["listen:", "listen:host", "listen:0", "listen:99999", "listen:h:1/x", "listen:me@h:1"]
)
def test_addresses_that_make_no_sense(address: str) -> None:
    with pytest.raises(SetupError, match="makes no sense"):
        make_link(address)
