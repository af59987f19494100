"""What a device's file says is held against its driver: a contradiction is refused with file, key and remedy."""

import shutil
import tomllib
from pathlib import Path

import pytest
import tomli_w

from bedside.config import ConfigError, load_device, load_devices, load_station
from bedside.station.belt import belt_of
from bedside.station.building import build_fleet
from bedside.station.clock import Clock
from bedside.visit.setup import BeltSetup
from hal.device import SetupError
from hal.roles import GaitTrainer
from tests.helpers.tools import need_module

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


def write(folder: Path, device: str, **values: object) -> None:
    path = folder / "devices" / f"{device}.toml"
    path.write_text(tomli_w.dumps(tomllib.loads(path.read_text()) | values))


def built(folder: Path, device: str) -> None:
    build_fleet(folder, {device: load_device(folder, device)}, Clock())


def test_every_shipped_device_file_agrees_with_its_driver() -> None:
    need_module("pylsl")
    for path in (CONFIGS / "devices").glob("*.toml"):
        built(CONFIGS, path.stem)


def test_a_fleet_is_built_of_all_devices_of_the_station(folder: Path) -> None:
    write(folder, "corc_robot", address="sim://tcp:127.0.0.1:2048")
    fleet, simulated = build_fleet(folder, load_devices(folder, load_station(folder)), Clock())
    assert [device.name for device in fleet.devices] == ["magpro", "quattrocento", "corc_robot"]
    assert isinstance(fleet.robot, GaitTrainer)
    assert fleet.robot.address == "tcp:127.0.0.1:2048"
    assert simulated == {"corc_robot"}


@pytest.mark.parametrize(
    ("device", "values", "key", "words"),
    [
        ("ftms_treadmill", {"role": "imu"}, "role", "is for the role 'robot', not 'imu' (write role = \"robot\""),
        ("manual_robot", {"address": "serial:/dev/ttyS0"}, "address", "has no wire"),
        ("manual_robot", {"telemetry": True}, "telemetry", "'manual_robot' contradicts telemetry = true"),
        ("corc_robot", {"telemetry": False}, "telemetry", "write telemetry = true"),
        ("magpro", {"telemetry": False}, "telemetry", "'magpro' contradicts telemetry = false"),
        ("magpro", {"counts_pulses": False}, "counts_pulses", "write counts_pulses = true"),
        ("magstim_rapid2", {"counts_pulses": True}, "counts_pulses", "write counts_pulses = false"),
        ("corc_robot", {"commanded": True}, "commanded", "'corc_robot' contradicts commanded = true"),
        ("manual_robot", {"commanded": True}, "commanded", "write commanded = false"),
        ("manual_stimulator", {"telemetry": True}, "telemetry", "write telemetry = false"),
        ("manual_stimulator", {"bursts": True}, "bursts", "write bursts = false"),
        ("magstim_rapid2", {"trigger_input": True}, "trigger_input", "write trigger_input = false"),
        ("openexo", {"commanded": True}, "commanded", "'openexo' contradicts commanded = true"),
        ("magpro", {"commanded": True}, "commanded", "write commanded = false"),
        ("imu_foot_left", {"telemetry": False}, "telemetry", "write telemetry = true"),
        ("magpro", {"driver": "magpra"}, "driver", "did you mean magpro"),
        ("magpro", {"address": "serial:ttyUSB0"}, "address", "absolute path"),
        ("trackmaster", {"options": {"slew_kmh_s": "0.2"}}, "options.slew_kmh_s", "Expected `float`, got `str`"),
        ("trackmaster", {"options": {"units": "km/h"}}, "options.units", "(valid: kmh, mph)"),
        ("trackmaster", {"options": {"unit": "kmh"}}, "options.unit", "did you mean units"),
        ("trackmaster", {"options": {"slew_kmh_s": 9.0}}, "options.slew_kmh_s", "0.05 to 1.0"),
        ("triggered_line", {"options": {"echo_byte": 80}}, "options.echo_byte", "set proof instead"),
        ("quattrocento", {"channels": []}, "channels", "is missing"),
    ],
)
def test_a_file_that_contradicts_its_driver_is_refused(
    folder: Path, device: str, values: dict[str, object], key: str, words: str
) -> None:
    write(folder, device, **values)
    with pytest.raises(ConfigError) as refused:
        built(folder, device)
    assert (refused.value.path, refused.value.key) == (folder / "devices" / f"{device}.toml", key)
    assert words in str(refused.value)


@pytest.mark.parametrize("device", ["trackmaster", "ftms_treadmill"])
def test_a_treadmill_may_be_commanded(folder: Path, device: str) -> None:
    write(folder, device, commanded=True)
    built(folder, device)


def test_a_trigger_that_nothing_proves_counts_no_pulse(folder: Path) -> None:
    options = load_device(folder, "triggered_line").options
    write(folder, "triggered_line", options={**options, "proof": "none"})
    with pytest.raises(ConfigError, match="contradicts counts_pulses = true"):
        built(folder, "triggered_line")
    write(folder, "triggered_line", counts_pulses=False)
    built(folder, "triggered_line")


def test_what_no_file_can_mend_blames_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    need_module("pylsl")
    monkeypatch.setattr("hal.links.lsl_library.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(SetupError, match="LSL is not installed"):
        built(folder, "lsl_emg")


def test_no_shipped_device_file_has_its_belt_commanded() -> None:
    assert not [path.stem for path in (CONFIGS / "devices").glob("*.toml") if load_device(CONFIGS, path.stem).commanded]


@pytest.mark.parametrize("device", ["trackmaster", "ftms_treadmill"])
def test_a_treadmill_is_commanded_once_its_file_says_so(folder: Path, device: str) -> None:
    for commanded in (False, True):
        write(folder, device, commanded=commanded)
        devices = {"robot": load_device(folder, device)}
        belt = belt_of(devices, build_fleet(folder, devices, Clock())[0].robot)
        assert (belt is not None) == commanded
    assert belt == BeltSetup(0.8, 1.8, 0.1, stops_by_itself=device == "trackmaster")
