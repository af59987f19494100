"""The device files of the amplifiers are what their drivers take."""

import time
import tomllib
from pathlib import Path

import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import Device
from hal.roles import EmgAmplifier
from tests.helpers.tools import need_module

FOLDER = Path(__file__).parents[4] / "configs" / "devices"


def built(name: str) -> Device:
    file = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    assert (file["id"], file["role"], file.get("verified")) == (name, "emg", False)
    options = {**file["options"], "channels": file["channels"]}
    return build(DeviceSpec(name, file["driver"], file["address"], options), time.monotonic_ns)


@pytest.mark.parametrize(
    ("name", "for_meps", "channels"),
    [
        ("quattrocento", True, 8),
        ("sessantaquattro", True, 8),
        ("delsys", True, 8),
        ("bitalino", False, 4),
        ("cyton", False, 8),
        ("lsl_emg", True, 8),
    ],
)
def test_device_files(name: str, for_meps: bool, channels: int) -> None:
    if name == "lsl_emg":
        need_module("pylsl")
    amplifier = built(name)
    assert isinstance(amplifier, EmgAmplifier)
    assert amplifier.for_meps is for_meps
    assert len(amplifier.channels) == channels
    assert any("not for motor evoked potentials" in note for note in amplifier.vitals.notes) is not for_meps
