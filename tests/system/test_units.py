"""The shipped units as systemd's own tools see them; no service manager needs to run for it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.tools import need_tools

pytestmark = pytest.mark.system
SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.iterdir() if path.suffix in {".service", ".socket", ".timer"})
THRESHOLDS = {"bedside-station.service": 15, "bedside-sync.service": 15, "bedside-kiosk.service": 15}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root folder with the system's own units, ours, and stand-ins for the programs they start."""
    shutil.copytree("/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(SYSTEMD / unit, tmp_path / "etc/systemd/system")
    (tmp_path / "opt/bedside/bin").mkdir(parents=True)
    for name in ("python", "bedside"):
        program = tmp_path / "opt/bedside/bin" / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


def verify(root: Path) -> str:
    """What systemd-analyze says against the units: empty when all is well (its exit code is 0 for unknown keys)."""
    tool = need_tools("systemd-analyze")["systemd-analyze"]
    command = [tool, "verify", "--man=no", f"--root={root}", *UNITS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def rate(unit: Path, threshold: int) -> subprocess.CompletedProcess[str]:
    tool = need_tools("systemd-analyze")["systemd-analyze"]
    command = [tool, "security", "--offline=true", "--no-pager", f"--threshold={threshold}", str(unit)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_units_are_found() -> None:
    assert len(UNITS) == 8


def test_units_verify_without_a_word(root: Path) -> None:
    assert verify(root) == ""


@pytest.mark.parametrize(
    ("unit", "old", "new", "complaint"),
    [
        ("bedside-station.service", "WatchdogSec=", "WatchDogSecs=", "Unknown key 'WatchDogSecs'"),
        ("bedside-station.service", "Type=notify", "Type=notifies", "Failed to parse service type"),
        ("bedside-sync.service", "/opt/bedside/bin/bedside", "/opt/bedside/bin/bedsite", "bedsite is not executable"),
        ("bedside-control.socket", "bedside-station.service", "bedside-nothing.service", "bedside-nothing.service"),
        ("bedside-sync.timer", "OnBootSec=1min", "OnBootSec=soon", "Failed to parse timer value"),
    ],
)
def test_verification_sees_a_broken_unit(root: Path, unit: str, old: str, new: str, complaint: str) -> None:
    path = root / "etc/systemd/system" / unit
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert complaint in verify(root)


@pytest.mark.parametrize("unit", sorted(THRESHOLDS))
def test_exposure_stays_low(unit: str) -> None:
    rated = rate(SYSTEMD / unit, THRESHOLDS[unit])
    assert rated.returncode == 0, rated.stdout


def test_the_rating_sees_a_unit_laid_open(tmp_path: Path) -> None:
    opened = tmp_path / "bedside-station.service"
    opened.write_text(re.sub(r"(?m)^(Protect|Restrict|SystemCall)\w+=.*\n", "", (SYSTEMD / opened.name).read_text()))
    assert rate(opened, THRESHOLDS[opened.name]).returncode == 1


def test_every_role_has_its_socket_and_group() -> None:
    groups = {}
    for path in SYSTEMD.glob("*.socket"):
        keys = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        assert keys["ListenStream"] == f"/run/bedside/{keys['FileDescriptorName']}.sock"
        assert (keys["SocketMode"], keys["Service"]) == ("0660", "bedside-station.service")
        groups[keys["FileDescriptorName"]] = keys["SocketGroup"]
    assert groups == {
        "control": "bedside-therapist",
        "observe": "bedside-observe",
        "assess": "bedside-blind",
        "admin": "bedside-admin",
    }
    created = re.findall(r"^g (\S+)", (SYSTEMD / "bedside.sysusers").read_text(), re.MULTILINE)
    assert {*groups.values(), "bluetooth", "bedside-import"} == set(created), (
        "bluetooth is what Debian lets speak to its Bluetooth service, bedside-import who copies files to the box"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_users_and_folders_are_accepted(tmp_path: Path) -> None:
    tools = need_tools("systemd-sysusers", "systemd-tmpfiles")
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).write_text("root:x:0:0:root:/root:/bin/sh\n" if name == "passwd" else "root:x:0:\n")
    command = [tools["systemd-sysusers"], f"--root={tmp_path}", str(SYSTEMD / "bedside.sysusers")]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    users = (tmp_path / "etc/passwd").read_text()
    assert all(re.search(f"(?m)^{user}:", users) for user in ("bedside", "bedside-kiosk", "bedside-sync"))
    assert re.search(r"(?m)^bedside:.*bedside-sync", (tmp_path / "etc/group").read_text())
    command = [tools["systemd-tmpfiles"], "--create", f"--root={tmp_path}", str(SYSTEMD / "bedside.tmpfiles")]
    laid = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (laid.returncode, laid.stderr) == (0, "")
    data = tmp_path / "var/lib/bedside"
    modes = {path.name: path.stat().st_mode & 0o7777 for path in (data, *data.iterdir())}
    assert modes == {"bedside": 0o751, "visits": 0o750, "sync": 0o750, "imports": 0o2770}
    assert "StateDirectoryMode=0751\n" in (SYSTEMD / "bedside-station.service").read_text(), "which sets it again"
    groups = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/group").read_text().splitlines()}
    assert (data / "imports").stat().st_gid == int(groups["bedside-import"][2])
    assert "bedside" in groups["bedside-import"][3].split(","), "the station reads what was copied for the group"


def test_the_sshd_snippet_is_accepted_and_forces_watching(tmp_path: Path) -> None:
    tools = need_tools("sshd", "ssh-keygen")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    key = tmp_path / "host_key"
    subprocess.run([tools["ssh-keygen"], "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    # root is in every test's group file, so it stands for a supervisor here
    snippet = (SYSTEMD / "bedside.sshd.conf").read_text().replace("Match Group bedside-observe", "Match User root")
    config = tmp_path / "sshd_config"
    config.write_text(f"HostKey {key}\n{snippet}")
    command = [tools["sshd"], "-T", "-f", str(config), "-C", "user=root,host=localhost,addr=127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    effective = done.stdout
    assert "forcecommand /opt/bedside/bin/bedside watch --run /run/bedside\n" in effective
    for setting in ("allowstreamlocalforwarding no", "allowtcpforwarding no", "passwordauthentication no"):
        assert setting in effective
