"""`bedside doctor`: everything in order, and each thing out of order, each with what is wrong and what to do."""

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from bedside import doctor, doctor_devices
from bedside.cli import main
from bedside.config import load_station
from bedside.doctor import check_config, check_disk, check_folder, check_mappings, check_participants, check_record
from bedside.doctor_devices import Check, check_devices
from bedside.record.outbox import seal_visit
from tests.helpers.station_process import Bedside, bedside_at, carried_on
from tests.helpers.visits import write_visit

NOBODY = 65534
DEVICES = {"magpro", "quattrocento", "corc_robot"}


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for long enough to hear that all is well."""
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.2)


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path, speed=1.0) as bed:
        yield bed


def options(bed: Bedside) -> list[str]:
    layout = bed.layout
    return ["--config", str(layout.config), "--data", str(layout.data), "--run", str(layout.run)]


async def report(bed: Bedside, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    """Exit code, and the lines of the whole report by name."""
    code = await asyncio.to_thread(main, ["doctor", *options(bed), "--json"])
    return code, {line["name"]: line for line in json.loads(capsys.readouterr().out)}


async def devices(bed: Bedside) -> dict[str, Check]:
    config = bed.layout.config
    return {check.name: check for check in await check_devices(config, load_station(config), bed.layout.run)}


def broken(checks: list[Check]) -> list[Check]:
    """Those that are not well; each must say what to do."""
    found = [check for check in checks if not check.ok]
    assert all(check.text and check.remedy for check in found)
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def someone_else() -> Iterator[None]:
    """Not the superuser, who may write anywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    if before == 0:
        os.seteuid(0)


# everything in order


async def test_the_devices_of_a_running_station_are_told_as_it_sees_them(
    bed: Bedside, capsys: pytest.CaptureFixture[str]
) -> None:
    await bed.start()
    await bed.until(
        lambda: bed.picture is not None and all(line.state == "ok" for line in bed.picture.devices), "all devices"
    )
    code, lines = await report(bed, capsys)
    for name in DEVICES:
        assert lines[name]["ok"], lines[name]
        assert "(SIMULATED)" in str(lines[name]["text"])
    out_of_order = {name for name, line in lines.items() if not line["ok"]}
    assert out_of_order <= {"clock"}, [lines[name] for name in out_of_order]
    assert code == bool(out_of_order)
    assert lines["journal"]["text"] == "every line holds"


async def test_without_a_station_the_devices_are_opened_and_let_go_again(bed: Bedside) -> None:
    for _ in range(2):
        found = await devices(bed)
        assert set(found) == DEVICES
        assert all(check.ok and "(SIMULATED)" in check.text for check in found.values()), found


async def test_the_report_for_a_person_marks_what_is_wrong_and_what_to_do(
    bed: Bedside, capsys: pytest.CaptureFixture[str]
) -> None:
    (bed.layout.config / "staff.toml").unlink()
    assert await asyncio.to_thread(main, ["doctor", *options(bed)]) == 1
    lines = capsys.readouterr().out.splitlines()
    place = next(index for index, line in enumerate(lines) if line.startswith("!!  staff"))
    assert "nobody could sign in" in lines[place]
    assert lines[place + 1].strip().startswith("-> ")
    assert "staff.toml" in lines[place + 1]
    assert any(line.startswith("ok  magpro") for line in lines)


# the configuration


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shipped = Path(__file__).parents[2] / "configs"
    folder = tmp_path / "config"
    shutil.copytree(shipped, folder)
    shutil.copy(shipped / "demo" / "staff.toml", folder)
    return folder


def test_the_shipped_configuration_is_in_order(config: Path) -> None:
    assert [check.name for check in check_config(config)] == ["config", "staff"]
    assert not broken(check_config(config))


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("station.toml", "box =", "box", "not valid TOML"),
        ("station.toml", "tick_s", "tick_z", "did you mean 'tick_s'?"),
        ("limits.toml", "[coil]", "[coil", "not valid TOML"),
        ("devices/magpro.toml", "role =", "rolle =", "did you mean 'role'?"),
        ("studies/stroke-ragt-lfrtms.toml", "id =", "idd =", "did you mean 'id'?"),
        ("protocols/lf_1hz_1200.toml", "pct = 80", "pct = 95", "above the ceiling"),
        ("instruments/posture.toml", "[[items]]", "[[item]]", "did you mean 'items'?"),
        ("adverse.toml", "=", "==", "not valid TOML"),
    ],
)
def test_a_broken_file_is_named_with_its_remedy(config: Path, file: str, old: str, new: str, words: str) -> None:
    edit(config / file, old, new)
    found = broken(check_config(config))
    assert len(found) == 1
    assert str(config / file) in found[0].remedy
    assert words in f"{found[0].text} {found[0].remedy}"


def test_all_broken_files_are_named_at_once(config: Path) -> None:
    edit(config / "limits.toml", "[coil]", "[coil")
    edit(config / "devices" / "quattrocento.toml", "role =", "rolle =")
    (config / "staff.toml").unlink()
    remedies = " ".join(check.remedy for check in broken(check_config(config)))
    assert all(name in remedies for name in ("limits.toml", "quattrocento.toml", "staff.toml"))


def test_a_broken_mapping_is_named_and_the_others_count(config: Path) -> None:
    (whole,) = check_mappings(config)
    assert whole.ok
    assert "example_gait_results" in whole.text
    mapping = config / "imports" / "example_gait_results.toml"
    mapping.write_text(mapping.read_text().replace('kind = "gait"', 'kind = "gate"'))
    (config / "imports" / "half.toml").write_bytes(b"\xff\xfe")
    found = broken(check_mappings(config))
    assert [("example_gait_results.toml" in check.remedy, "half.toml" in check.remedy) for check in found] == [
        (True, False),
        (False, True),
    ]


def test_a_participant_s_broken_record_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "participants"
    folder.mkdir()
    (folder / "D-0042.toml").write_text("code = ")
    (found,) = broken(check_participants(tmp_path))
    assert "D-0042.toml" in found.remedy


# the devices


def readdress(bed: Bedside, device: str, address: str) -> None:
    path = bed.layout.config / "devices" / f"{device}.toml"
    lines = [
        f'address = "{address}"' if line.startswith("address =") else line for line in path.read_text().split("\n")
    ]
    path.write_text("\n".join(lines))


async def test_an_absent_serial_port_is_told(bed: Bedside, tmp_path: Path) -> None:
    readdress(bed, "magpro", f"serial:{tmp_path}/ttyUSB7")
    found = await devices(bed)
    assert not found["magpro"].ok
    assert "ttyUSB7 does not exist" in found["magpro"].text
    assert "plug in the cable" in found["magpro"].remedy
    assert "SIMULATED" not in found["magpro"].text
    assert found["quattrocento"].ok


async def test_a_port_that_another_program_holds_is_told(bed: Bedside) -> None:
    port = bed.world.addresses["stimulator"].removeprefix("serial:")
    with serial.Serial(port, exclusive=True):
        found = await devices(bed)
    assert "in use by another program" in found["magpro"].text
    assert "close the other program" in found["magpro"].remedy


async def test_a_driver_that_does_not_exist_is_told(bed: Bedside) -> None:
    edit(bed.layout.config / "devices" / "magpro.toml", 'driver = "magpro"', 'driver = "magpros"')
    found = await devices(bed)
    assert "Unknown driver 'magpros'" in found["magpro"].text
    assert "magpro" in found["magpro"].remedy
    assert found["quattrocento"].ok


async def test_a_station_that_does_not_answer_is_told(bed: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_devices, "ANSWER_S", 0.2)
    path = bed.layout.run / "observe.sock"
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        found = await devices(bed)
    assert "has not answered" in found["station"].text
    assert found["station"].remedy


def refuse_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a device beside a station that may hold it disturbs that station: it fails the test."""
    monkeypatch.setattr(doctor_devices, "build_fleet", lambda *_: pytest.fail("a device was built"))


async def test_a_station_that_this_user_may_not_ask_keeps_its_devices(
    bed: Bedside, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    await bed.start()
    refuse_to_open(monkeypatch)
    station = load_station(bed.layout.config)
    bed.layout.run.chmod(0)
    request.getfixturevalue("someone_else")
    (found,) = broken(await check_devices(bed.layout.config, station, bed.layout.run))
    assert found.name == "station"
    assert "does not let this user look" in found.text
    assert "member of the socket's group" in found.remedy


@pytest.mark.parametrize("greeting", [b'{"t":"hello","protocol":99}\n', b""])
async def test_a_station_of_another_version_or_that_breaks_off_keeps_its_devices(
    bed: Bedside, monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    refuse_to_open(monkeypatch)
    async with await asyncio.start_unix_server(greet, bed.layout.run / "observe.sock"):
        found = await devices(bed)
    assert list(found) == ["station"]
    assert "no station of this version" in found["station"].text or "closed the connection" in found["station"].text
    assert "restart" in found["station"].remedy


async def test_the_socket_that_a_killed_station_left_behind_is_no_station(bed: Bedside) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(bed.layout.run / "observe.sock"))
    assert set(await devices(bed)) == DEVICES


# disk and record


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_is_told(locked_folder: Path, someone_else: None) -> None:
    (found,) = broken([check_folder("data", locked_folder)])
    assert "Permission denied" in found.text
    assert str(locked_folder) in found.remedy


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    (found,) = broken([check_folder("data", tmp_path / "data")])
    assert "Not a directory" in found.text
    (found,) = broken([check_folder("run", tmp_path / "run")])
    assert "does not exist" in found.text
    assert not (tmp_path / "run").exists()


def test_a_folder_that_can_be_written_stays_as_it_is(tmp_path: Path) -> None:
    assert check_folder("data", tmp_path).ok
    assert list(tmp_path.iterdir()) == []


def test_little_free_space_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_disk(tmp_path).ok or shutil.disk_usage(tmp_path).free < doctor.LOW_DISK_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000_000))
    (found,) = broken([check_disk(tmp_path / "not" / "yet")])
    assert "1.0 GB free" in found.text


def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    carried_on(tmp_path, "posture", 1.0)
    assert not broken(list(check_record(tmp_path)))
    path = next((tmp_path / "journal").glob("*.jsonl"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (found,) = broken(list(check_record(tmp_path)))
    assert found.name == "journal"
    assert path.name in found.text
    assert "administrator" in found.remedy


def test_what_waits_to_be_sent_is_counted(tmp_path: Path) -> None:
    seal_visit(write_visit(tmp_path, "D-0017-s01"))
    told = {check.name: check for check in check_record(tmp_path)}
    assert "wait to be sent" in told["sync"].text
