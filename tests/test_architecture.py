"""The rooms of the design: who may import whom, and what a command may load before it shows anything."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

# contract -> (file, a line that breaks it); the file is added to or created
VIOLATIONS: dict[str, tuple[str, str]] = {
    "packages": ("dsp/mep.py", "import hal.device"),
    "floors": ("bedside/events/base.py", "import bedside.station.wire"),
    "far-ends": ("hal/sim/patient/coil.py", "import hal.drivers.stimulator.magpro_codec"),
    "simulation": ("bedside/station/core.py", "import hal.sim"),
    "screen": ("bedside/tui/app.py", "import bedside.station.server"),
    "client": ("bedside/station/client.py", "import bedside.station.server"),
    "wire": ("bedside/station/wire.py", "import numpy"),
    "arrays": ("dsp/mep.py", "import time"),
    "guard": ("hal/guard.py", "import msgspec"),
    "rules": ("bedside/visit/dose.py", "import time"),
    "bytes": ("hal/device.py", "import textual"),
    "outbox": ("bedside/record/outbox.py", "import asyncssh"),
}
SLOW_TO_LOAD = frozenset({"scipy", "numpy", "bleak", "serial", "asyncssh", "textual", "mcap", "plotext"})
# command module -> what it must never load
START_UP: dict[str, frozenset[str]] = {
    "bedside.cli": SLOW_TO_LOAD,
    "bedside.tui.command": frozenset({"scipy", "bleak", "serial", "asyncssh", "mcap"}),
    "bedside.tui.watch_command": frozenset({"scipy", "bleak", "serial", "asyncssh", "mcap"}),
    "bedside.station.client": SLOW_TO_LOAD,
    "bedside.record.outbox": SLOW_TO_LOAD,
    "hal.guard": SLOW_TO_LOAD | {"msgspec"},
}


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [f"--contract={contract}" for contract in contracts]
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *chosen]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def loaded_by(statement: str) -> set[str]:
    """Top-level names in sys.modules after `statement` ran in an interpreter of its own."""
    script = (
        f"import json, sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources and their contracts, free to be broken."""
    for package in ("bedside", "hal", "dsp"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests/helpers").mkdir(parents=True)
    shutil.copy(ROOT / "tests/helpers/contracts.py", tmp_path / "tests/helpers")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_every_contract_has_a_violation_to_catch() -> None:
    assert {contract["id"] for contract in CONTRACTS} == set(VIOLATIONS)


@pytest.mark.parametrize("contract", sorted(VIOLATIONS))
def test_contract_catches_a_forbidden_import(copy: Path, contract: str) -> None:
    file, line = VIOLATIONS[contract]
    path = copy / file
    path.parent.mkdir(exist_ok=True)
    (path.parent / "__init__.py").touch()
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}\n{line}\n")
    done = lint(copy, contract)
    assert done.returncode == 1, done.stdout
    assert "1 broken" in done.stdout
    assert line.removeprefix("import ") in done.stdout


def test_a_new_room_must_be_placed(copy: Path) -> None:
    (copy / "bedside/attic.py").write_text('"""A room that no floor names."""\n')
    done = lint(copy, "floors")
    assert done.returncode == 1
    assert "bedside.attic" in done.stdout


@pytest.mark.parametrize("module", sorted(START_UP))
def test_start_up_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import {module}") & START_UP[module]


def test_reading_a_journal_loads_neither_screen_nor_scipy() -> None:
    loaded = loaded_by("from bedside.cli import main; main(['log', '--help'])")
    assert "bedside" in loaded
    assert not loaded & {"textual", "scipy", "bleak", "serial", "asyncssh"}


def test_the_start_up_detector_sees_a_heavy_import() -> None:
    assert "scipy" in loaded_by("import scipy.signal")


def test_the_lock_names_no_index_or_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert all("://" not in line and not line.startswith("-") for line in lines)
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(pins) > 30
    assert all("==" in pin for pin in pins)


def test_every_driver_has_its_line_and_says_whether_it_was_tried_on_hardware() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    drivers = set(project["entry-points"]["bedside.drivers"])
    rows = re.findall(r"(?m)^\| .* \| `([a-z0-9_]+)` \| .* \| (yes|no) \|$", (ROOT / "docs/devices.md").read_text())
    assert {driver for driver, _ in rows} == drivers


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    named = {re.split(r"[<>=\s]", line)[0] for line in wanted}
    rows = re.findall(r"(?m)^\| ([a-z0-9-]+) \|", (ROOT / "docs/dependencies.md").read_text())
    assert set(rows) - {"package", "---"} == named
    assert len(project["dependencies"]) <= 13
    pins = set(re.findall(r"(?m)^([a-z0-9-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text()))
    stated = set(re.findall(r"(?m)^\| ([a-z0-9-]+) \| (\d[^ ]*) \|", (ROOT / "docs/dependencies.md").read_text()))
    assert stated - pins == set()
