"""From driver names to devices, with a plug-in of somebody else's."""

import sys
import time
from pathlib import Path

import pytest

from hal.catalogue import DeviceSpec, build, driver_names
from hal.device import SetupError
from hal.drivers.emg.quattrocento import Quattrocento
from hal.drivers.gait.manual_robot import ManualRobot
from hal.drivers.stimulator.magpro import MagPro
from hal.drivers.stimulator.manual_stimulator import ManualStimulator
from hal.roles import ROLES, EmgAmplifier, GaitTrainer, OperatorDriven, Stimulator, lacking

EMG = {"channels": [{"name": "TA left", "muscle": "tibialis_anterior", "side": "left", "input": 1}]}


@pytest.mark.parametrize(
    ("spec", "role"),
    [
        (DeviceSpec("tms", "magpro", "serial:/dev/ttyUSB0"), Stimulator),
        (DeviceSpec("tms", "manual_stimulator"), Stimulator),
        (DeviceSpec("tms", "manual_stimulator", "manual"), OperatorDriven),
        (DeviceSpec("emg", "quattrocento", "tcp:10.0.0.5:23456", EMG), EmgAmplifier),
        (DeviceSpec("robot", "corc_robot", "tcp:10.0.0.6:2048"), GaitTrainer),
        (DeviceSpec("robot", "manual_robot"), GaitTrainer),
    ],
)
def test_every_built_in_driver_fills_its_role(spec: DeviceSpec, role: type) -> None:
    device = build(spec, time.monotonic_ns)
    assert isinstance(device, role)
    assert (device.name, device.health.state) == (spec.name, "closed")
    assert device.address == (spec.address or "manual")


def test_the_built_in_names() -> None:
    assert {"magpro", "manual_stimulator", "quattrocento", "corc_robot", "manual_robot"} <= set(driver_names())


def test_an_unknown_driver_names_the_nearest() -> None:
    with pytest.raises(SetupError, match=r"tms: unknown driver 'magpra' \(did you mean magpro"):
        build(DeviceSpec("tms", "magpra"), time.monotonic_ns)


def test_a_driver_with_a_wire_needs_an_address() -> None:
    with pytest.raises(SetupError, match="tms: this driver needs an address"):
        build(DeviceSpec("tms", "magpro"), time.monotonic_ns)


def test_a_driver_is_not_given_a_link_that_it_does_not_speak_over() -> None:
    with pytest.raises(SetupError, match=r"tms: this driver does not speak over ble: \(valid forms: serial:"):
        build(DeviceSpec("tms", "magpro", "ble:C0:FF:EE:00:00:01"), time.monotonic_ns)
    with pytest.raises(SetupError, match=r"does not speak over tcp: \(valid forms: ble:"):
        build(DeviceSpec("mill", "ftms_treadmill", "tcp:10.0.0.1:1"), time.monotonic_ns)


@pytest.mark.parametrize("driver", [MagPro, Quattrocento, ManualStimulator, ManualRobot])
def test_roles(driver: type) -> None:
    assert driver.role in ("stimulator", "emg", "robot")


MODULE = """
from hal.device import Device
from hal.drivers.gait.manual_robot import ManualRobot
nothing = 3
class LabRobot(ManualRobot): pass
class Abstract(Device):
    role, address = "robot", "manual"
class OtherWords(ManualRobot):
    def __init__(self, name): super().__init__(name, int)
class Fails(ManualRobot):
    def __init__(self, *given): raise NameError("name 'lik' is not defined")
class FailsLater(ManualRobot):
    @property
    def vitals(self): raise RuntimeError("not yet")
class Unasked(ManualRobot):
    role = "imus"
class Sensor(ManualRobot):
    role = "imu"
class Nameless(Device):
    address = "manual"
    def __init__(self, name, now_ns, *given): super().__init__(name, now_ns)
    async def open(self): pass
    async def close(self): pass
"""


def _plug_in(folder: Path, target: str, name: str = "lab-robot") -> None:
    """Install a distribution with a driver of its own, as a laboratory would."""
    info = folder / "lab_driver-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-driver\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[bedside.drivers]\n{name} = {target}\n")
    (folder / "lab_driver_of_test.py").write_text(MODULE)
    (folder / "lab_driver_broken.py").write_text("class Robot(:\n")
    (folder / "lab_driver_wrong.py").write_text("class Robot(Device): pass\n")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("lab_driver_of_test", "lab_driver_broken", "lab_driver_wrong"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


def test_a_plug_in_needs_no_change_here(lab: Path) -> None:
    _plug_in(lab, "lab_driver_of_test:LabRobot")
    assert type(build(DeviceSpec("robot", "lab-robot"), time.monotonic_ns)).__name__ == "LabRobot"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("lab_driver_of_test:Missing", "cannot be loaded"),
        ("lab_driver_not_there:X", "cannot be loaded"),
        ("lab_driver_of_test:nothing", "is no device"),
        ("lab_driver_broken:Robot", "cannot be loaded: SyntaxError"),
        ("lab_driver_wrong:Robot", "cannot be loaded: NameError"),
        ("lab_driver_of_test:Abstract", "cannot be made: TypeError: Can't instantiate abstract class Abstract"),
        ("lab_driver_of_test:OtherWords", "cannot be made: TypeError"),
        ("lab_driver_of_test:Fails", "cannot be made: NameError: name 'lik'"),
        ("lab_driver_of_test:FailsLater", "cannot be made: RuntimeError: not yet"),
        ("lab_driver_of_test:Nameless", "names no role; known: stimulator, emg, robot"),
        ("lab_driver_of_test:Unasked", "names the role 'imus', and there is none; known: stimulator"),
        ("lab_driver_of_test:Sensor", "does not fill its role imu: it lacks counter_unit, placement, rate_hz"),
    ],
)
def test_a_broken_plug_in_is_named(lab: Path, target: str, why: str) -> None:
    _plug_in(lab, target)
    with pytest.raises(SetupError, match=f"driver 'lab-robot' {why}") as refused:
        build(DeviceSpec("robot", "lab-robot"), time.monotonic_ns)
    assert (refused.value.device, refused.value.key) == ("robot", "driver")
    assert refused.value.remedy


def test_a_plug_in_does_not_take_another_drivers_name(lab: Path) -> None:
    _plug_in(lab, "lab_driver_of_test:LabRobot", name="manual_robot")
    with pytest.raises(SetupError, match=r"'manual_robot' is declared more than once: .*bedside and .*of lab-"):
        build(DeviceSpec("robot", "manual_robot"), time.monotonic_ns)


def test_a_driver_without_a_wire_is_given_no_address() -> None:
    with pytest.raises(SetupError, match=r"'manual_robot' has no wire, and serial:/dev/ttyS0 would never be opened"):
        build(DeviceSpec("robot", "manual_robot", "serial:/dev/ttyS0"), time.monotonic_ns)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_lacks_all_that_a_bare_object_has_not(role: str) -> None:
    gaps = lacking(object(), role)
    assert {"name", "role", "address", "health", "vitals", "open", "close", "subscribe"} < set(gaps)
    assert not any(name.startswith("_") for name in gaps)
