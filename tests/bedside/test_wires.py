"""No two devices are given one wire, under whatever name; what may coincide is left alone."""

import shutil
import tomllib
from pathlib import Path

import pytest
import tomli_w

from bedside.config import ConfigError, load_devices, load_station
from bedside.config.wires import wire
from bedside.doctor import check_config

CONFIGS = Path(__file__).parents[2] / "configs"
MAC = "C0:10:A1:6B:7B:10"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


def stand(folder: Path, **addresses: str) -> None:
    """A station with these devices at these addresses."""
    roles: dict[str, object] = {}
    for name, address in addresses.items():
        path = folder / "devices" / f"{name}.toml"
        table = tomllib.loads(path.read_text()) | {"address": address}
        path.write_text(tomli_w.dumps(table))
        several = table["role"] in ("imu", "plate", "contact")
        roles[table["role"]] = [*roles.get(table["role"], []), name] if several else name  # type: ignore[misc]
    path = folder / "station.toml"
    path.write_text(tomli_w.dumps(tomllib.loads(path.read_text()) | {"devices": roles}))


def loaded(folder: Path) -> set[str]:
    return set(load_devices(folder, load_station(folder)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"magpro": "serial:/dev/ttyUSB0"}, {"trackmaster": "serial:/dev/ttyUSB0?baud=4800"}),
        ({"triggered_line": "line:/dev/ttyUSB0"}, {"emergency_stop": "line:/dev/ttyUSB0"}),
        ({"triggered_box": "serial:/dev/ttyUSB0"}, {"emergency_stop": "line:/dev/ttyUSB0"}),
        ({"quattrocento": "tcp:Amp:2048"}, {"corc_robot": "tcp:amp:2048"}),
        ({"corc_robot": "tcp:10.0.0.1:2048"}, {"emergency_stop": "line:rfc2217:10.0.0.1:2048"}),
        ({"imu_foot_left": f"ble:{MAC}"}, {"imu_foot_right": f"ble:{MAC.lower()}?adapter=hci1"}),
        ({"escd_ble": f"nus:{MAC}"}, {"imu_foot_right": f"ble:{MAC}"}),
        ({"imu_capture2go": "ble:name=IMU_"}, {"imu_dot": "ble:name=IMU_7"}),
    ],
)
def test_two_devices_at_one_wire_are_refused(folder: Path, first: dict[str, str], second: dict[str, str]) -> None:
    stand(folder, **first, **second)
    with pytest.raises(ConfigError) as refused:
        loaded(folder)
    (name,), (other,) = second, first
    # in the order of the station's file, the later one is named
    assert refused.value.path.stem in (name, other)
    assert refused.value.key == "address"
    assert f"'{other}'" in refused.value.problem or f"'{name}'" in refused.value.problem
    assert refused.value.remedy
    assert any(not check.ok and "address" in check.remedy for check in check_config(folder)), "doctor says it too"


@pytest.mark.parametrize(
    "addresses",
    [
        {"magpro": "sim://serial:/tmp/one", "trackmaster": "sim://serial:/tmp/one"},
        {"manual_stimulator": "manual", "manual_robot": "manual"},
        {"manual_stimulator": "", "manual_robot": ""},
        {"imu_foot_left": "lsl:name=feet", "imu_foot_right": "lsl:name=feet"},
        {"magpro": "serial:/dev/ttyUSB0", "trackmaster": "serial:/dev/ttyUSB1"},
        {"imu_foot_left": "ble:name=WT901L", "imu_foot_right": "ble:name=WT901R"},
    ],
)
def test_what_may_coincide_or_differs_is_left_alone(folder: Path, addresses: dict[str, str]) -> None:
    stand(folder, **addresses)
    assert len(loaded(folder)) == 2


def test_two_names_of_one_port_are_one_port(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "stimulator").symlink_to(tmp_path / "ttyUSB0")
    stand(folder, magpro=f"serial:{tmp_path}/stimulator", trackmaster=f"serial:{tmp_path}/ttyUSB0")
    with pytest.raises(ConfigError, match="is where 'magpro' is"):
        loaded(folder)


def test_a_wire_has_one_name_whatever_is_said_beside_it() -> None:
    assert wire("serial:/dev/ttyS7?baud=9600&rts=low") == wire("line:/dev/ttyS7") == "/dev/ttyS7"
    assert wire("listen:45454") == "listen:45454"
    assert wire("manual") == wire("") == wire("lsl:name=x") == wire("sim://tcp:127.0.0.1:1") == ""


def test_sensors_at_one_place_load_and_doctor_says_that_none_will_be_used(folder: Path) -> None:
    stand(folder, imu_foot_left="ble:AA:00:00:00:00:01", imu_dot="ble:AA:00:00:00:00:02", force_board="serial:/dev/a")
    assert len(loaded(folder)) == 3
    (told,) = [check for check in check_config(folder) if check.name == "foot_left"]
    assert not told.ok
    assert told.text == "imu_foot_left and imu_dot are both configured for it"
    assert "leave one out" in told.remedy
    assert "devices/imu_dot.toml" in told.remedy
