"""A supervisor far away: shipped sshd rules, a real sshd, a real station, `bedside watch` in a real terminal."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.container import wait_until
from tests.helpers.sshd import Sshd, serving
from tests.helpers.tools import need_tools

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
BEDSIDE = Path(sys.executable).with_name("bedside")
WITHOUT = ("AllowGroups", "PermitRootLogin", "AuthorizedKeysFile")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Path]:
    """The folder of a running station: config, data, run. Its devices are not there, as on a morning."""
    shutil.copytree(ROOT / "configs", tmp_path / "config")
    shutil.copy(ROOT / "configs/demo/staff.toml", tmp_path / "config")
    folders = [f"--{name}={tmp_path / name}" for name in ("config", "data", "run")]
    with (tmp_path / "station.log").open("wb") as log:
        station = subprocess.Popen([BEDSIDE, "station", *folders], stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: (tmp_path / "run/observe.sock").exists() or station.poll(), bool)
        assert station.poll() is None, (tmp_path / "station.log").read_text()
        yield tmp_path
    finally:
        station.terminate()
        assert station.wait(20) == 0, (tmp_path / "station.log").read_text()


@pytest.fixture
def server(tmp_path: Path, box: Path) -> Iterator[Sshd]:
    """An sshd with the shipped rules, applied to the account that runs the tests."""
    rules = (ROOT / "systemd/bedside.sshd.conf").read_text()
    rules = rules.replace("/opt/bedside/bin/bedside", str(BEDSIDE)).replace("/run/bedside", str(box / "run"))
    rules = rules.replace("Match Group bedside-observe", "Match User *")
    kept = [line for line in rules.splitlines() if not line.startswith(WITHOUT)]
    with serving(Sshd(tmp_path / "server", extra="\n".join(kept))) as running:
        yield running


def ssh(server: Sshd, *options: str) -> list[str]:
    """The command line of a supervisor who may only present a key."""
    known = f"UserKnownHostsFile={server.known_hosts}"
    strict = ["-o", known, "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-F", "none"]
    return ["ssh", *strict, "-i", str(server.key), "-p", str(server.port), *options, f"{server.user}@127.0.0.1"]


class Terminal:
    """A terminal of 80 x 24 in a tmux of its own, in which one command runs."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self.tell("new-session", "-d", "-x", "80", "-y", "24", *command)

    def tell(self, *words: str) -> str:
        """Run a tmux command."""
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, timeout=20).stdout

    def text(self) -> str:
        """What stands on the screen."""
        return self.tell("capture-pane", "-p")

    def close(self) -> None:
        """End the terminal; what runs in it gets a hang-up."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal(tmp_path: Path, server: Sshd) -> Iterator[Terminal]:
    need_tools("tmux", "ssh")
    opened = Terminal(tmp_path, ssh(server, "-t"))
    yield opened
    opened.close()


def journal(box: Path) -> list[dict[str, object]]:
    lines = [line for path in sorted((box / "data").rglob("*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def happened(box: Path, word: str) -> bool:
    return any(word in json.dumps(line) for line in journal(box))


def test_a_supervisor_sees_the_screen_and_the_station_knows(box: Path, terminal: Terminal) -> None:
    shown = wait_until(terminal.text, lambda text: "STOP" in text)
    assert "Traceback" not in shown
    assert wait_until(lambda: happened(box, "client.joined"), bool)
    joined = [line for line in journal(box) if "client.joined" in json.dumps(line)]
    assert '"observe"' in json.dumps(joined[-1])
    terminal.close()
    assert wait_until(lambda: happened(box, "client.left"), bool)


def test_a_supervisor_may_stop(box: Path, terminal: Terminal) -> None:
    wait_until(terminal.text, lambda text: "STOP" in text)
    before = len(journal(box))
    terminal.tell("send-keys", "F12")
    wait_until(lambda: [line for line in journal(box)[before:] if "stop" in json.dumps(line).lower()], bool)


@pytest.mark.parametrize("asked", ["cat /etc/passwd", "/bin/sh", "bedside kiosk"])
def test_another_command_is_not_run(server: Sshd, asked: str) -> None:
    need_tools("ssh")
    command = [*ssh(server), asked]
    done = subprocess.run(command, input="cat /etc/passwd\n", capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "root:" not in done.stdout


def borrowed(server: Sshd, wanted: Path, local: Path) -> bytes:
    """The first bytes from the station's socket `wanted` through a forwarding asked of the server."""
    need_tools("ssh")
    command = ssh(server, "-N", "-L", f"{local}:{wanted}")
    forward = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(local.exists, bool)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(local))
            return client.recv(100)
    finally:
        forward.kill()
        forward.wait(20)


def test_the_control_socket_cannot_be_borrowed(box: Path, server: Sshd, tmp_path: Path) -> None:
    control = box / "run/control.sock"
    assert borrowed(server, control, tmp_path / "refused") == b""
    assert "refused streamlocal port forward" in server.log()
    with serving(Sshd(tmp_path / "lax", extra="")) as lax:
        assert b"hello" in borrowed(lax, control, tmp_path / "allowed")


def test_files_cannot_be_fetched(server: Sshd, tmp_path: Path) -> None:
    need_tools("sftp")
    command = ssh(server)
    command[0], batch = "sftp", tmp_path / "batch"
    command[command.index("-p")] = "-P"
    batch.write_text(f"get /etc/passwd {tmp_path / 'passwd'}\n")
    command[-1:-1] = ["-b", str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert not (tmp_path / "passwd").exists()
