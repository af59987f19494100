"""Addresses of a device file."""

import subprocess
import sys
from pathlib import Path

import pytest

from hal.device import SetupError
from hal.links.address import make_link
from hal.links.ble import BleLink
from hal.links.nus import NORDIC_UART, NusLink
from hal.links.serial import SerialLink
from hal.links.tcp import TcpLink


@pytest.mark.parametrize(
    "address",
    [
        "serial:/dev/ttyUSB0",
        "serial:/dev/serial/by-id/usb-1?baud=9600&parity=E&stop_bits=2",
        "serial:/dev/ttyUSB0?rts=low",
    ],
)
def test_serial_addresses(address: str) -> None:
    link = make_link(address)
    assert isinstance(link, SerialLink)
    assert link.address == address
    assert link.fileno() is None


@pytest.mark.parametrize("address", ["tcp:10.0.0.5:23456", "tcp:emg.local:1", "tcp:[::1]:65535"])
def test_tcp_addresses(address: str) -> None:
    assert isinstance(make_link(address), TcpLink)


@pytest.mark.parametrize(
    "address",
    ["ble:C0:FF:EE:00:00:01", "ble:c0:ff:ee:00:00:01?adapter=hci1", "ble:name=WT901BLE", "ble:name=WT 9?adapter=hci0"],
)
def test_bluetooth_addresses(address: str) -> None:
    link = make_link(address)
    assert isinstance(link, BleLink)
    assert (link.address, link.is_open, link.rssi_dbm) == (address, False, None)


def test_bluetooth_is_loaded_when_a_device_is_opened_and_not_before() -> None:
    script = (
        "import sys; from hal.catalogue import make_link; import hal.ble; make_link('ble:name=WT'); "
        "make_link('nus:name=WT'); print(*{'bleak', 'dbus_fast'} & set(sys.modules))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_byte_stream_over_bluetooth() -> None:
    link = make_link("nus:C0:FF:EE:00:00:01")
    assert isinstance(link, NusLink)
    assert (link.address, link.is_open, link.fileno()) == ("nus:C0:FF:EE:00:00:01", False, None)
    other = make_link(f"nus:name=HM?write={NORDIC_UART.notify}&notify={NORDIC_UART.write.upper()}")
    assert isinstance(other, NusLink)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ble:",
        "ble:C0:FF:EE:00:00",
        "ble:C0-FF-EE-00-00-01",
        "ble:name=",
        "ble:WT901",
        "ble:C0:FF:EE:00:00:01?adapter=eth0",
        "ble:C0:FF:EE:00:00:01?speed=1",
        "nus:COM3",
        "nus:name=HM?notify=ffe1",
        "ttyUSB0",
        "serial:",
        "serial:ttyUSB0",
        "serial:/dev/ttyUSB0?baud=fast",
        "serial:/dev/ttyUSB0?baud=1",
        "serial:/dev/ttyUSB0?speed=9600",
        "serial:/dev/ttyUSB0?parity=X",
        "serial:/dev/ttyUSB0?stop_bits=3",
        "serial:/dev/ttyUSB0?baud",
        "serial:/dev/ttyUSB0?rts=off",
        "tcp:",
        "tcp:host",
        "tcp:host:0",
        "tcp:host:70000",
        "tcp:host:port",
        "tcp:host:1/path",
        "tcp:me@host:1",
        "tcp:[::1:1",
        "udp:host:1",
    ],
)
def test_addresses_that_make_no_sense_name_the_valid_forms(address: str) -> None:
    with pytest.raises(SetupError, match=r"emg: link .* makes no sense") as refusal:
        make_link(address, device="emg")
    assert "tcp:HOST:PORT" in refusal.value.remedy
    assert "serial:/dev/ttyUSB0" in refusal.value.remedy
