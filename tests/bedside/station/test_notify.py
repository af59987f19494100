"""The service manager's side is a real datagram socket and really inherited descriptors."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bedside.station.notify import listen_sockets, notify, watchdog_interval_s


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(5)
        yield channel


def test_one_datagram_carries_all_assignments(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname()}
    assert notify("READY=1", "STATUS=treatment\nMAINPID=1", environ=environ)
    assert manager.recv(1000) == b"READY=1\nSTATUS=treatment MAINPID=1"


def test_abstract_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(b"\0bedside-notify-%d" % os.getpid())
        assert notify("WATCHDOG=1", environ={"NOTIFY_SOCKET": f"@bedside-notify-{os.getpid()}"})
        assert channel.recv(1000) == b"WATCHDOG=1"


def test_nobody_to_tell(tmp_path: Path) -> None:
    assert not notify("READY=1", environ={})
    assert not notify("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


def test_a_manager_that_does_not_read_never_blocks(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname()}
    answers = [notify("STATUS=" + "x" * 1000, environ=environ) for _ in range(5000)]
    assert answers[0]
    assert not answers[-1]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 1.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "6"}, 1.0),
        ({"WATCHDOG_USEC": "3000000"}, 1.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0", "WATCHDOG_PID": "7"}, None),
        ({"WATCHDOG_USEC": "soon", "WATCHDOG_PID": "7"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval(environ: dict[str, str], expected: float | None) -> None:
    assert watchdog_interval_s(environ, pids=(7, 6)) == expected


ADOPT = """
import json
from bedside.station.notify import listen_sockets
print(json.dumps({name: sock.getsockname() for name, sock in listen_sockets().items()}))
"""


def start(environ: dict[str, str], inherited: list[socket.socket], *, guarded: bool) -> dict[str, str]:
    """Run ADOPT as the service manager would: sockets from descriptor 3 on, the started process named."""
    move = "import os, sys; [os.dup2(int(fd), 100 + n) for n, fd in enumerate(sys.argv[1:])];"
    move += "[os.dup2(100 + n, 3 + n) for n in range(len(sys.argv) - 1)]; os.environ['LISTEN_PID'] = str(os.getpid());"
    station = [sys.executable, "-c", ADOPT]
    command = [sys.executable, "-m", "hal.guard", "--", *station] if guarded else station
    move += f"os.execv(sys.executable, {command!r})"
    fds = [sock.fileno() for sock in inherited]
    started = [sys.executable, "-c", move, *map(str, fds)]
    environment = os.environ | environ
    done = subprocess.run(started, env=environment, pass_fds=fds, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("guarded", [False, True])
def test_sockets_are_known_by_name(tmp_path: Path, guarded: bool) -> None:
    listeners = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]
    for name, listener in zip(("control", "observe"), listeners, strict=True):
        listener.bind(str(tmp_path / f"{name}.sock"))
        listener.listen()
    environ = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "control:observe"}
    adopted = start(environ, listeners, guarded=guarded)
    for listener in listeners:
        listener.close()
    assert adopted == {name: str(tmp_path / f"{name}.sock") for name in ("control", "observe")}


def test_sockets_meant_for_another_process() -> None:
    assert listen_sockets({"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "control"}, pids=(7,)) == {}
    assert listen_sockets({}) == {}


def test_missing_names_are_refused() -> None:
    with pytest.raises(ValueError, match="FileDescriptorName"):
        listen_sockets({"LISTEN_FDS": "2", "LISTEN_PID": "7", "LISTEN_FDNAMES": "control"}, pids=(7,))


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    with pytest.raises(OSError, match="socket"):
        listen_sockets({"LISTEN_FDS": "1", "LISTEN_FDNAMES": "control"}, pids=(), first_fd=fd)
    os.close(fd)
