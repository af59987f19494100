"""The shipped units below a real systemd: readiness, socket activation, watchdog, restart, roles, sending."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bedside.record.outbox import seal_visit, unsent
from tests.helpers.container import Container, booted, fill, wait_until
from tests.helpers.sshd import Sshd, serving
from tests.helpers.visits import write_visit

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]
STATION = "bedside-station.service"
SOCKETS = [f"bedside-{role}.socket" for role in ("control", "observe", "assess", "admin")]
GREET = """
import socket, sys
with socket.socket(socket.AF_UNIX) as client:
    client.settimeout(20)
    client.connect(sys.argv[1])
    print(client.makefile().readline())
"""


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    work = tmp_path_factory.mktemp("systemd")
    with booted(work, fill(work / "fill")) as running:
        yield running


@pytest.fixture
def station(container: Container) -> Iterator[Container]:
    """The container with the sockets listening and the station not running."""
    container.run("systemctl", "stop", STATION)
    container.run("systemctl", "reset-failed", STATION, check=False)
    container.run("systemctl", "start", *SOCKETS)
    yield container
    container.run("systemctl", "stop", STATION, *SOCKETS, check=False)


def greet(container: Container, user: str, role: str) -> dict[str, object]:
    """The first line the station says to `user` on the socket of `role`; empty when the socket is closed to them."""
    command = ["runuser", "-u", user, "--", "/opt/bedside/bin/python", "-c", GREET, f"/run/bedside/{role}.sock"]
    said = container.run(*command, check=False)
    return dict(json.loads(said)) if said.strip() else {}


def processes(container: Container) -> tuple[int, int]:
    """The guard's and the station's process ids inside the container."""
    guard = int(container.show(STATION, "MainPID")["MainPID"])
    return guard, int(container.run("pgrep", "-P", str(guard)))


def test_the_first_client_starts_the_station(station: Container) -> None:
    assert station.show(STATION, "ActiveState") == {"ActiveState": "inactive"}
    hello = greet(station, "bedside-kiosk", "control")
    assert (hello["t"], hello["role"]) == ("hello", "control")
    station.wait(STATION, ActiveState="active", SubState="running", NRestarts="0")
    assert station.show(STATION, "StatusText")["StatusText"]


def test_the_kernel_keeps_roles_apart(station: Container) -> None:
    station.run("systemctl", "start", STATION)
    station.run("useradd", "--groups", "bedside-observe", "supervisor", check=False)
    assert greet(station, "supervisor", "observe")["role"] == "observe"
    assert greet(station, "supervisor", "control") == {}
    assert greet(station, "bedside-kiosk", "admin") == {}
    assert greet(station, "bedside-kiosk", "control")["role"] == "control"


def test_active_means_ready(station: Container) -> None:
    """A station that never says READY=1 is never taken for a running one."""
    station.run("mkdir", "-p", f"/run/systemd/system/{STATION}.d")
    mute = (
        "[Service]\nExecStart=\nExecStart=/opt/bedside/bin/python -m hal.guard -- /bin/sleep 60\nTimeoutStartSec=2s\n"
    )
    drop_in = f"/run/systemd/system/{STATION}.d/mute.conf"
    try:
        station.run("sh", "-c", f"printf '{mute}Restart=no\n' > {drop_in}")
        station.run("systemctl", "daemon-reload")
        station.run("systemctl", "start", "--no-block", STATION)
        station.wait(STATION, ActiveState="activating", SubState="start")
        station.wait(STATION, ActiveState="failed", Result="timeout")
    finally:
        station.run("rm", drop_in)
        station.run("systemctl", "daemon-reload")
    station.run("systemctl", "reset-failed", STATION)
    station.run("systemctl", "start", STATION)
    assert station.show(STATION, "ActiveState") == {"ActiveState": "active"}


def test_a_blocked_loop_is_restarted_by_the_watchdog(station: Container) -> None:
    station.run("systemctl", "start", STATION)
    guard, blocked = processes(station)
    station.run("kill", "-STOP", str(blocked))
    station.wait(STATION, NRestarts="1", ActiveState="active")
    assert "Watchdog timeout" in station.journal(STATION)
    assert not set(processes(station)) & {guard, blocked}
    assert station.run("pgrep", "-f", "bedside.cli station").split() == [str(processes(station)[1])]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_guard_or_station_is_back_and_alone(station: Container, victim: int) -> None:
    station.run("systemctl", "start", STATION)
    killed = processes(station)
    station.run("kill", "-KILL", str(killed[victim]))
    station.wait(STATION, NRestarts="1", ActiveState="active")
    assert not set(processes(station)) & set(killed)
    assert station.run("pgrep", "-f", "bedside.cli station").split() == [str(processes(station)[1])]
    assert greet(station, "bedside-kiosk", "control")["t"] == "hello"


def test_asked_to_end_it_ends_well_and_the_sockets_stay(station: Container) -> None:
    station.run("systemctl", "start", STATION)
    station.run("systemctl", "stop", STATION)
    station.wait(STATION, ActiveState="inactive", Result="success")
    assert greet(station, "bedside-kiosk", "control")["t"] == "hello"


def test_the_station_is_scheduled_first_and_confined(station: Container) -> None:
    station.run("systemctl", "start", STATION)
    _, pid = processes(station)
    assert "SCHED_FIFO" in station.run("chrt", "--pid", str(pid))
    status = dict(
        line.split(":\t", 1) for line in station.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line
    )
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    with serving(Sshd(tmp_path / "server")) as running:
        yield running


def test_sealed_visits_are_sent_by_the_confined_service(container: Container, server: Sshd, tmp_path: Path) -> None:
    seal_visit(write_visit(tmp_path, "v1"))
    settings = {"host": "127.0.0.1", "port": server.port, "user": server.user, "box": "box-1"}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    put(container, "/etc/bedside/sync.toml", f'{text}known_hosts = "known_hosts"\n')
    put(container, "/etc/bedside/known_hosts", server.known_hosts.read_text())
    put(container, "/run/sync-key", server.key.read_text())
    container.run("mkdir", "-p", "/etc/credstore.encrypted")
    container.run("systemd-creds", "encrypt", "--name=sync-key", "/run/sync-key", "/etc/credstore.encrypted/sync-key")
    outside = Path(f"/proc/{container.pid}/root/var/lib/bedside")
    subprocess.run(["cp", "-r", str(tmp_path / "visits"), str(outside)], check=True)
    container.run("chown", "-R", "bedside:bedside", "/var/lib/bedside/visits")
    container.run("chmod", "-R", "u=rwX,g=rX,o=", "/var/lib/bedside/visits")
    assert len(unsent(outside)) == 5

    container.run("systemctl", "start", "bedside-sync.service")
    container.wait("bedside-sync.service", ActiveState="inactive", Result="success")
    assert unsent(outside) == [], container.journal("bedside-sync.service")
    sent = server.store / "incoming/box-1/v1/raw/0001.mcap"
    assert sent.read_bytes() == (tmp_path / "visits/v1/raw/0001.mcap").read_bytes()


def put(container: Container, path: str, text: str) -> None:
    target = Path(f"/proc/{container.pid}/root{path}")
    target.write_text(text)
    target.chmod(0o644)


def screen(container: Container) -> str:
    """The text on the first console."""
    return Path(f"/proc/{container.pid}/root/dev/vcsu1").read_bytes().decode("utf-32-le")


def test_the_kiosk_draws_on_the_first_console_and_comes_back(station: Container) -> None:
    station.run("systemctl", "start", "bedside-kiosk.service")
    try:
        shown = wait_until(lambda: screen(station), lambda text: "STOP" in text)
        assert "Traceback" not in shown
        pid = station.show("bedside-kiosk.service", "MainPID")["MainPID"]
        assert station.run("ps", "-o", "user:20=,tty=", "-p", pid).split() == ["bedside-kiosk", "tty1"]
        station.run("kill", "-KILL", pid)
        station.wait("bedside-kiosk.service", NRestarts="1", ActiveState="active")
    finally:
        station.run("systemctl", "stop", "bedside-kiosk.service")
