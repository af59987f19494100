"""The example driver as a laboratory would use it: installed by pip, its own tests, the page about it, doctor.

Nothing of this repository but bedside itself may be needed: the example is made to be copied.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tomli_w

from bedside import doctor_devices
from bedside.config import load_station
from bedside.doctor_devices import check_devices
from hal.catalogue import driver_names

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).parent / "lab_imu"
PAGE = ROOT / "docs" / "writing-a-driver.md"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, copied out of this repository."""
    away = tmp_path_factory.mktemp("lab")
    return Path(shutil.copytree(EXAMPLE, away / "lab_imu", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="module")
def installed(copied: Path) -> Path:
    """Where pip installed it: beside bedside, which is there already."""
    target = copied.parent / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--target", str(target), str(copied)], check=True)
    return target


def test_its_own_tests_pass_where_it_is_installed(copied: Path, installed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=copied,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 passed" in ran.stdout


def test_it_needs_nothing_of_this_repository_but_bedsides_own_packages() -> None:
    sources = "\n".join(path.read_text() for path in EXAMPLE.rglob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", sources, re.MULTILINE))
    assert {"hal", "lab_imu"} < imported
    assert not imported & {"tests", "conftest"}


async def test_the_page_leads_to_a_sensor_that_doctor_finds_well(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.3)
    assert "lab_imu" in driver_names()
    from lab_imu.far_end import Sensor

    device, station = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)[:2]
    config = Path(shutil.copytree(ROOT / "configs", tmp_path / "config"))
    sensor = Sensor(tmp_path)
    table = tomllib.loads(device) | {"address": f"{sensor.port.address}?baud=115200"}
    (config / "devices" / f"{table['id']}.toml").write_text(tomli_w.dumps(table))
    whole = tomllib.loads((config / "station.toml").read_text()) | tomllib.loads(station)
    (config / "station.toml").write_text(tomli_w.dumps(whole))
    await sensor.port.plug()
    sending = asyncio.create_task(send(sensor))
    (found,) = await check_devices(config, load_station(config), tmp_path)
    sending.cancel()
    sensor.port.unplug()
    assert (found.name, found.ok) == ("my_imu", True), found
    assert found.text.startswith("imu at serial:")


async def send(sensor: object) -> None:
    """Its hundred samples a second, from when it is asked for them."""
    count = 0
    while True:
        await asyncio.sleep(0.01)
        if sensor.asked:  # type: ignore[attr-defined]
            sensor.send(count)  # type: ignore[attr-defined]
            count += 1
