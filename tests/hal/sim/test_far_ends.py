"""The table of far ends: each has a driver, a shipped device file, and an address in the file's form."""

import time
from pathlib import Path

import pytest

from bedside.config import load_device
from bedside.station.building import device_spec
from hal.catalogue import build, driver_names
from hal.links.address import link_kind
from hal.sim.far_end import BLUETOOTH, FAR_ENDS
from tests.helpers.tools import need_module

CONFIGS = Path(__file__).parents[3] / "configs"
ALWAYS_THERE = {"magpro", "quattrocento", "corc_robot"}
BY_HAND = {"manual_stimulator", "manual_robot"}
SCHEMES = {
    "serial (pty)": "serial",
    "RFC 2217 (TCP)": "line",
    "TCP": "tcp",
    "TCP, it connects to us": "listen",
    "LSL": "lsl",
    "hidraw (seqpacket)": "hid",
}
"""The form of address by a far end's transport; Bluetooth has two."""


@pytest.mark.parametrize("name", FAR_ENDS)
def test_each_far_end_has_a_driver_and_a_device_file_that_names_it(name: str) -> None:
    kind = FAR_ENDS[name]
    if kind.driver == "lsl_emg":
        need_module("pylsl")
    device = load_device(CONFIGS, kind.device or name)
    assert kind.driver in driver_names()
    assert (device.id, device.driver, device.role) == (kind.device or name, kind.driver, kind.role)
    built = build(device_spec(device), time.monotonic_ns)
    assert (built.name, built.role, built.address) == (device.id, kind.role, device.address)
    scheme = device.address.partition(":")[0]
    assert scheme in ("ble", "nus") if kind.transport == BLUETOOTH else scheme == SCHEMES[kind.transport]
    assert link_kind(device.address) is not None


def test_each_driver_with_a_wire_has_a_far_end() -> None:
    assert {kind.driver for kind in FAR_ENDS.values()} | ALWAYS_THERE == set(driver_names()) - BY_HAND


def test_each_device_file_loads_and_builds() -> None:
    for path in sorted((CONFIGS / "devices").glob("*.toml")):
        device = load_device(CONFIGS, path.stem)
        if device.driver == "lsl_emg":
            need_module("pylsl")
        assert build(device_spec(device), time.monotonic_ns).name == path.stem
