"""Further simulated devices of a demonstration: what is refused, and how secrets reach the station."""

import shutil
import stat
from pathlib import Path

import pytest

from bedside.cli import main
from bedside.config import ConfigError, load_device
from bedside.demo.also import check_also
from bedside.demo.processes import DemoFailed, FarEnds, surroundings
from bedside.demo.setup import Layout, prepare
from hal.sim.far_end import FAR_ENDS, credentials_of
from hal.sim.world import SimulatedWorld

CONFIGS = Path(__file__).parents[3] / "configs"
ADDRESSES = {"stimulator": "serial:/far/end", "emg": "tcp:127.0.0.1:1", "robot": "tcp:127.0.0.1:2"}


def test_every_far_end_may_stand_beside_the_patient_at_real_time() -> None:
    for name in FAR_ENDS:
        check_also([name], 1.0)


@pytest.mark.parametrize(
    ("names", "speed", "words"),
    [
        (["imu_foot_lef"], 1.0, "did you mean imu_foot_left"),
        (["what"], 1.0, "bedside simulate --list"),
        (["magstim_200", "trigger_box"], 1.0, "a bedside has one stimulator"),
        (["force_board", "imu_foot_left"], 20.0, "imu_foot_left is on Bluetooth, and a radio cannot run 20 times"),
    ],
)
def test_what_cannot_be_shown_is_refused(names: list[str], speed: float, words: str) -> None:
    with pytest.raises(DemoFailed, match=words):
        check_also(names, speed)


def test_several_plates_and_the_same_name_twice_are_no_trouble() -> None:
    check_also(["force_board", "balance_board", "force_board", "magstim_200", "magstim_200"], 60.0)


def test_a_demonstration_that_cannot_be_shown_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    assert main(["demo", "--unattended", "--also", "imu_foot_left", "--data", str(folder)]) == 2
    assert "a radio cannot run 60 times as fast" in capsys.readouterr().err
    assert not folder.exists()


def test_secrets_reach_the_station_as_from_a_service_manager(tmp_path: Path) -> None:
    world = SimulatedWorld(1, tmp_path, also=("magstim_rapid2", "force_board"))
    held = credentials_of(world.also.values())
    environ = surroundings(tmp_path, FarEnds({}, "unix:path=/bus", held))
    folder = Path(environ["CREDENTIALS_DIRECTORY"])
    assert {path.name: path.read_text() for path in folder.iterdir()} == held
    assert list(held) == ["magstim-unlock"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert environ["DBUS_SYSTEM_BUS_ADDRESS"] == "unix:path=/bus"
    assert surroundings(tmp_path / "none", FarEnds({})) == {}


def test_a_serial_port_keeps_the_settings_of_its_device_file(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    prepare(layout, CONFIGS, ADDRESSES | {"magstim_200": "serial:/far/magstim"}, None)
    assert load_device(layout.config, "magstim_200").address == "sim://serial:/far/magstim?rts=low"


def test_a_device_of_the_station_that_nobody_simulates_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "demo")
    layout.make()
    source = tmp_path / "source"
    shutil.copytree(CONFIGS, source)
    station = source / "station.toml"
    station.write_text(station.read_text().replace("[devices]", '[devices]\nimu = "imu_dot"'))
    with pytest.raises(ConfigError, match="no simulated imu_dot is here"):
        prepare(layout, source, ADDRESSES, None)
    prepare(layout, source, ADDRESSES | {"imu_dot": "ble:D4:22:CD:00:00:01"}, None)
