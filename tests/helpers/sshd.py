"""A real OpenSSH server of our own on a loopback port: own keys, own configuration, own folder."""

import getpass
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.tools import need_tools

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
LogLevel VERBOSE
{extra}
"""


class Sshd:
    """One server; `store` is where an SFTP account starts. Stop and start it at will: port and keys stay."""

    def __init__(self, folder: Path, *, extra: str | None = None) -> None:
        self._tools = need_tools("sshd", "ssh-keygen")
        self.folder = folder
        self.store = folder / "store"
        self.user = getpass.getuser()
        self.key = folder / "client_key"
        self.known_hosts = folder / "known_hosts"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.store.mkdir(parents=True)
        self.make_key("host_key")
        self.make_key("client_key")
        (folder / "authorized_keys").write_text((folder / "client_key.pub").read_text())
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {(folder / 'host_key.pub').read_text()}")
        settings = f"ForceCommand internal-sftp -d {self.store}" if extra is None else extra
        (folder / "sshd_config").write_text(CONFIG.format(port=self.port, folder=folder, extra=settings))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)

    def make_key(self, name: str) -> Path:
        """A new Ed25519 key pair in the server's folder."""
        command = [self._tools["ssh-keygen"], "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
        subprocess.run(command, check=True)
        return self.folder / name

    def start(self) -> None:
        """Serve, and return when a connection is taken."""
        with (self.folder / "log").open("ab") as log:
            command = [self._tools["sshd"], "-D", "-e", "-f", str(self.folder / "sshd_config")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError(self.log())

    def stop(self) -> None:
        """End the server and every session of it."""
        if self._process is None:
            return
        sessions = self.sessions()
        self._process.terminate()
        self._process.wait(10)
        for pid in sessions:
            _kill(pid)
        self._process = None

    def sessions(self) -> list[int]:
        """Process ids of the connections being served, parents before children."""
        return [] if self._process is None else _descendants(self._process.pid)

    def kill_sessions(self) -> int:
        """SIGKILL every process that serves a connection; returns how many there were."""
        return sum(_kill(pid) for pid in self.sessions())

    def log(self) -> str:
        """What the server said."""
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def serving(server: Sshd) -> Iterator[Sshd]:
    """The server runs within the block."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in _children(pid):
        found += [child, *_descendants(child)]
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
