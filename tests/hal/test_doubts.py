"""A device that is heard and measures nothing says so also after a silence: hearing it again proves nothing more."""

import time

import pytest

from bedside.config import load_device
from bedside.station.building import device_spec
from hal.catalogue import build
from hal.supervised import SupervisedDevice
from tests.helpers.station_process import CONFIGS


@pytest.mark.parametrize("name", ["force_board", "balance_board", "imu_foot_left", "imu_dot", "quattrocento", "cyton"])
async def test_what_measures_nothing_is_not_well_after_a_silence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = build(device_spec(load_device(CONFIGS, name)), time.monotonic_ns)
    assert isinstance(device, SupervisedDevice)
    device._set_state("silent", error="no message for 0.5 s", remedy="look")
    device.heard()
    assert (device.health.state, device.health.error) == ("ok", "")
    stillness = device._stillness  # type: ignore[attr-defined]
    frozen = True if isinstance(getattr(stillness, "frozen", None), bool) else (lambda _rate_hz: True)
    monkeypatch.setattr(stillness, "frozen", frozen)
    device._set_state("silent", error="no message for 0.5 s", remedy="look")
    device.heard()
    assert device.health.state == "ok"
    assert "measures nothing" in device.health.error
    assert device.health.remedy
