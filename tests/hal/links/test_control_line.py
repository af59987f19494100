"""Control lines: our client against our far end, each of them against pyserial, and a local port by pyserial's loop."""

import asyncio
import random
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import serial
import serial.rfc2217

from hal.device import LinkLost, LinkNotFound, NoAnswer, Refused, SetupError
from hal.links import telnet_port as wire
from hal.links.control_line import ControlLineLink
from hal.links.lines import Lines
from hal.links.network_lines import NetworkLines
from hal.links.tty_lines import TtyLines
from hal.sim.rfc2217 import Rfc2217Port
from tests.helpers.far_ends import until


@pytest.fixture
async def port() -> AsyncIterator[Rfc2217Port]:
    made = Rfc2217Port()
    await made.plug()
    yield made
    made.unplug()


@pytest.fixture
async def link(port: Rfc2217Port) -> AsyncIterator[ControlLineLink]:
    made = ControlLineLink(port.address)
    await made.open()
    yield made
    made.close()


FRAMES = [
    (wire.negotiate(wire.WILL, wire.COM_PORT), "ff fb 2c"),
    (wire.port_option(wire.SET_CONTROL, bytes((wire.RTS_ON,))), "ff fa 2c 05 0b ff f0"),
    (wire.port_option(wire.SET_CONTROL, bytes((wire.RTS_OFF,))), "ff fa 2c 05 0c ff f0"),
    (wire.port_option(wire.SET_CONTROL, bytes((wire.DTR_ON,))), "ff fa 2c 05 08 ff f0"),
    (wire.port_option(wire.SET_MODEM_STATE_MASK, b"\xff"), "ff fa 2c 0b ff ff ff f0"),
]


@pytest.mark.parametrize(("made", "bytes_"), FRAMES)
def test_frames(made: bytes, bytes_: str) -> None:
    assert made == bytes.fromhex(bytes_)


def test_messages_out_of_a_stream_cut_anywhere() -> None:
    stream = bytes.fromhex("41 ff ff ff fd 2c ff fa 2c 6b b1 ff f0 42 ff fa 2c 69 0b ff f0 ff fa 2c 6f ff ff ff f0")
    whole = wire.Decoder().feed(stream)
    assert whole == [
        wire.Negotiation(wire.DO, 44),
        wire.PortOption(107, b"\xb1"),
        wire.PortOption(105, b"\x0b"),
        wire.PortOption(111, b"\xff"),
    ]
    one_by_one = wire.Decoder()
    assert [message for byte in stream for message in one_by_one.feed(bytes((byte,)))] == whole


def test_noise_is_survived_and_read_past() -> None:
    rng = random.Random(5)
    decoder = wire.Decoder()
    good = wire.port_option(107, b"\x10")
    for _ in range(400):
        decoder.feed(bytes(rng.choices((0xFF, 0xFA, 0xF0, 44, 0, 107, 0xFD, 65), k=500)))
        decoder.feed(good)
        assert wire.PortOption(107, b"\x10") in decoder.feed(good)
    assert decoder.dropped > 0


async def test_outputs_are_low_after_opening_and_after_closing(port: Rfc2217Port) -> None:
    link = ControlLineLink(port.address)
    await link.open()
    assert link.is_open
    assert port.outputs == {"rts": False, "dtr": False}
    await link.set_rts(True)
    await link.set_dtr(True)
    assert port.outputs == {"rts": True, "dtr": True}
    link.close()
    assert not link.is_open
    await until(lambda: port.outputs == {"rts": False, "dtr": False})


async def test_a_pulse_rises_once_and_falls(port: Rfc2217Port, link: ControlLineLink) -> None:
    seen: list[tuple[bool, bool]] = []
    port._on_outputs = lambda rts, dtr: seen.append((rts, dtr))
    await link.pulse("rts", 0.005)
    await link.pulse("dtr", 0.005)
    assert seen == [(True, False), (False, False), (False, True), (False, False)]


async def test_a_cancelled_pulse_falls_too(port: Rfc2217Port, link: ControlLineLink) -> None:
    pulse = asyncio.create_task(link.pulse("rts", 30))
    await until(lambda: port.outputs["rts"])
    pulse.cancel()
    await until(lambda: not port.outputs["rts"])


async def test_inputs_are_told_and_a_short_pulse_is_not_missed(port: Rfc2217Port, link: ControlLineLink) -> None:
    port.set_inputs(cts=True, dcd=True)
    assert (await link.lines()).cts
    since = await link.lines()
    assert (since.cts, since.dsr, since.dcd, since.ri) == (True, False, True, False)
    waiting = asyncio.create_task(link.changed(since))
    port.set_inputs(dsr=True)
    port.set_inputs(dsr=False)
    await asyncio.wait_for(waiting, 5)
    after = await link.lines()
    assert (after.dsr, after.changes[1] - since.changes[1]) == (False, 2)


async def test_a_server_that_goes_ends_every_wait(port: Rfc2217Port, link: ControlLineLink) -> None:
    since = await link.lines()
    waiting = asyncio.create_task(link.changed(since))
    await asyncio.sleep(0)
    port.unplug()
    with pytest.raises(LinkLost):
        await asyncio.wait_for(waiting, 5)
    assert not link.is_open
    with pytest.raises(LinkLost):
        await link.lines()
    link.lower_now()


async def test_a_silent_server_is_no_answer(
    port: Rfc2217Port, link: ControlLineLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hal.links.network_lines.ANSWER_S", 0.1)
    port.deaf = True
    with pytest.raises(NoAnswer):
        await link.lines()
    with pytest.raises(NoAnswer):
        await link.set_rts(True)


async def test_a_server_that_does_not_switch_is_found_out(port: Rfc2217Port, link: ControlLineLink) -> None:
    port.refuses = {"rts"}
    with pytest.raises(Refused):
        await link.set_rts(True)


async def test_something_else_on_the_port_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hal.links.network_lines.ANSWER_S", 0.1)
    peers: list[asyncio.StreamWriter] = []

    def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer)
        writer.write(b"220 mail\r\n")

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    link = ControlLineLink(f"line:rfc2217:127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(NoAnswer):
        await link.open()
    server.close()
    for peer in peers:
        peer.transport.abort()
    await server.wait_closed()
    with pytest.raises(LinkNotFound):
        await link.open()


@pytest.mark.parametrize("address", ["line:", "line:ttyUSB0", "line:rfc2217:host", "line:rfc2217:h:x", "serial:/dev/x"])
def test_addresses_without_sense_are_refused(address: str) -> None:
    with pytest.raises(SetupError, match="no sense"):
        ControlLineLink(address)


# pyserial on the other side


class _Loop:
    """What pyserial's server half asks of a serial port: RTS leads to CTS, DTR to DSR."""

    cts = dsr = ri = cd = False
    baudrate, bytesize, parity, stopbits = 9600, 8, "N", 1

    @property
    def rts(self) -> bool:
        return self.cts

    @rts.setter
    def rts(self, on: bool) -> None:
        self.cts = on

    @property
    def dtr(self) -> bool:
        return self.dsr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self.dsr = on


def _serve_by_pyserial(listener: socket.socket, loop: _Loop) -> None:
    listener.settimeout(5)
    peer, _ = listener.accept()
    peer.settimeout(5)
    with peer, suppress(ConnectionError):
        writer = type("Writer", (), {"write": staticmethod(peer.sendall)})()
        manager = serial.rfc2217.PortManager(loop, writer)
        while data := peer.recv(1024):
            for _ in manager.filter(data):
                pass
            manager.check_modem_lines()


async def test_our_client_and_the_server_of_pyserial() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        loop = _Loop()
        server = threading.Thread(target=_serve_by_pyserial, args=(listener, loop), daemon=True)
        server.start()
        link = ControlLineLink(f"line:rfc2217:127.0.0.1:{listener.getsockname()[1]}")
        await link.open()
        before = await link.lines()
        await link.set_rts(True)
        assert loop.cts
        assert (await asyncio.wait_for(link.changed(before), 5)).cts
        await link.set_dtr(True)
        assert (await link.lines()).dsr
        await link.set_rts(False)
        await link.set_dtr(False)
        assert (loop.cts, loop.dsr) == (False, False)
        link.close()
        await asyncio.to_thread(server.join)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated:DeprecationWarning")
async def test_the_client_of_pyserial_and_our_far_end(port: Rfc2217Port) -> None:
    got = bytearray()
    port._on_data = got.extend
    port.set_inputs(dcd=True)

    def talk() -> tuple[bool, bool, bool]:
        client = serial.serial_for_url(f"rfc2217://127.0.0.1:{port.port}", baudrate=38400)
        client.rts = False
        client.write(b"a\xffb")
        told = (client.cts, client.dsr, client.cd)
        client.close()
        return told

    assert await asyncio.to_thread(talk) == (False, False, True)
    await until(lambda: bytes(got) == b"a\xffb")


# a local port


def _looped(monkeypatch: pytest.MonkeyPatch) -> TtyLines:
    return TtyLines("line:/dev/loop", "/dev/loop", lambda _path: serial.serial_for_url("loop://"))


async def test_a_local_port(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _looped(monkeypatch)
    await lines.open()
    before = await lines.lines()
    assert not before.cts
    assert not before.dsr
    await lines.set_line("rts", True)
    after = await asyncio.wait_for(lines.changed(before), 5)
    assert after.cts
    assert after.changes[0] == before.changes[0] + 1
    lines.lower_now()
    assert not (await lines.lines()).cts
    await lines.pulse("dtr", 0.002)
    assert not (await lines.lines()).dsr
    lines.close()
    lines.close()
    with pytest.raises(LinkLost):
        await lines.lines()


async def test_a_pseudo_terminal_has_no_control_lines() -> None:
    import os

    far, near = os.openpty()
    link = ControlLineLink(f"line:{os.ttyname(near)}")
    with pytest.raises(LinkNotFound, match="no control lines"):
        await link.open()
    os.close(far)
    os.close(near)
    with pytest.raises(LinkNotFound):
        await ControlLineLink("line:/dev/there-is-none").open()


def test_lines_compare_by_level_and_count() -> None:
    assert Lines(True, False, False, False) != Lines(True, False, False, False, (2, 0, 0, 0))
    assert isinstance(NetworkLines("line:rfc2217:h:1", "h", 1).is_open, bool)
