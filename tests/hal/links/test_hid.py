"""HID nodes: reports stay whole, and what can be wrong with a path."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from hal.device import LinkBusy, LinkDenied, LinkLost, LinkNotFound, SetupError
from hal.links import hid
from hal.links.address import make_link
from hal.links.hid import HidLink
from hal.sim.plate.hid_port import HidPort
from tests.helpers.far_ends import finishes, until


def _link(address: str) -> HidLink:
    link = make_link(address)
    assert isinstance(link, HidLink)
    assert (link.address, link.is_open) == (address, False)
    return link


async def test_one_write_is_one_report_both_ways(tmp_path: Path) -> None:
    reports: list[bytes] = []
    port = HidPort(tmp_path / "hid", reports.append)
    await port.plug()
    link = _link(port.address)
    await finishes(link.open())
    await until(lambda: port.connected)
    for report in (b"\x11\x10", b"\x15\x00"):
        link.write(report)
        port.write(report + b"\xff")
    assert [await link.read(), await link.read()] == [b"\x11\x10\xff", b"\x15\x00\xff"]
    await until(lambda: reports == [b"\x11\x10", b"\x15\x00"])
    reading = asyncio.create_task(link.read())
    await asyncio.sleep(0)
    port.unplug()
    with pytest.raises(LinkLost):
        await asyncio.wait_for(reading, 5)
    link.close()
    link.close()
    with pytest.raises(LinkLost, match="not open"):
        link.write(b"x")


def _write_forever(link: HidLink) -> None:
    for number in range(1 << 16):
        link.write(number.to_bytes(2, "big") * 100)


async def test_reports_that_nobody_takes_wait_whole_then_the_link_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "hid"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen(1)
        link = _link(f"hid:{path}")
        await finishes(link.open())
        peer, _ = listener.accept()
        with peer:
            with pytest.raises(LinkLost, match="takes no more"):
                _write_forever(link)
            peer.setblocking(False)
            first = [peer.recv(4096) for _ in range(3)]
            assert first == [number.to_bytes(2, "big") * 100 for number in range(3)]
        link.close()


async def test_what_can_be_wrong_with_a_path(tmp_path: Path) -> None:
    with pytest.raises(LinkNotFound, match="is not there") as missing:
        await make_link(f"hid:{tmp_path}/hidraw0").open()
    assert "pair it" in missing.value.remedy
    plain = tmp_path / "file"
    plain.write_bytes(b"")
    with pytest.raises(LinkNotFound, match="is not there"):
        await make_link(f"hid:{plain}").open()
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    dead.bind(str(tmp_path / "dead"))
    dead.close()
    with pytest.raises(LinkNotFound, match="nothing listens"):
        await make_link(f"hid:{tmp_path}/dead").open()
    with pytest.raises(SetupError, match="absolute path"):
        make_link("hid:hidraw0")


async def test_a_node_of_root_needs_a_udev_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(hid, "_open_node", denied)
    with pytest.raises(LinkDenied, match="no permission") as refused:
        await make_link("hid:/dev/null").open()
    assert "udev rule" in refused.value.remedy


def test_the_rule_names_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hid, "SYSFS", tmp_path)
    (tmp_path / "0005:057E:0306.0003").mkdir()
    (tmp_path / "hidraw4").mkdir()
    (tmp_path / "hidraw4" / "device").symlink_to(tmp_path / "0005:057E:0306.0003")
    assert 'KERNELS=="0005:057E:0306.*"' in hid.udev_rule("/dev/hidraw4")
    assert 'KERNELS=="BUS:VENDOR:PRODUCT.*"' in hid.udev_rule("/dev/hidraw9")


async def test_a_second_station_on_the_node_is_told() -> None:
    # A pseudo-terminal is a character device like a hidraw node, and takes the same lock.
    far, near = os.openpty()
    first, second = (make_link(f"hid:{os.ttyname(near)}") for _ in range(2))
    await first.open()
    with pytest.raises(LinkBusy, match="another program"):
        await second.open()
    first.close()
    await second.open()
    second.close()
    os.close(far)
    os.close(near)
