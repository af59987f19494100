"""systemd as process 1 of a container: this machine's own files below an overlay, so nothing is downloaded or changed.

Needs root. The units of the machine are hidden: only what `fill` holds and what systemd needs to start is run.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.helpers.tools import miss, need_tools

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
TARGET = """
[Unit]
Description=as far as the tests need it
Requires=basic.target
After=basic.target
AllowIsolate=yes
"""
# $1: empty folder, $2: folder with files to lay over the root, $3: Python's folder, $4: its packages, $5: this project
SETUP = """
set -euo pipefail
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
node() { mknod -m 666 "dev/$1" c "$2" "$3"; }
node null 1 3; node zero 1 5; node full 1 7; node random 1 8; node urandom 1 9; node tty 5 0; node console 5 1
# the container's first console is the machine's ninth, which nobody uses
node tty0 4 0; node tty1 4 9; node vcsu1 7 73
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs etc/systemd/system
mount -t tmpfs -o mode=755 tmpfs opt
mkdir -p opt/bedside/bin opt/bedside/python opt/bedside/packages opt/bedside/project
mount --bind "$3" opt/bedside/python
mount --bind "$4" opt/bedside/packages
mount --bind "$5" opt/bedside/project
cp -r "$2/." .
for unit in binfmt firstboot modules-load random-seed remount-fs sysctl tmpfiles-setup-dev; do
    ln -s /dev/null "etc/systemd/system/systemd-$unit.service"
done
chroot . systemd-sysusers
chroot . systemd-tmpfiles --create bedside.conf
pivot_root . mnt
cd /
umount --lazy mnt
mount --make-rshared /
exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
    /lib/systemd/systemd --unit=bedside-test.target --log-target=journal --show-status=no
"""
ENTER = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"'
PYTHON = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/bedside/python/lib PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH=/opt/bedside/project:/opt/bedside/packages
exec /opt/bedside/python/bin/python3 "$@"
"""
BEDSIDE = """#!/bin/sh
exec /opt/bedside/bin/python -m bedside.cli "$@"
"""


class Container:
    """A running service manager; `pid` is its process id on this machine."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def run(self, *command: str, check: bool = True) -> str:
        """Standard output of a command run inside."""
        entered = ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-p", "-C", "-r", "-w", *command]
        done = subprocess.run(entered, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit as the service manager sees them."""
        said = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties))
        return dict(line.split("=", 1) for line in said.splitlines())

    def wait(self, unit: str, **expected: str) -> dict[str, str]:
        """Return the unit's properties once each is as expected; fails with its journal after a while."""
        try:
            return wait_until(lambda: self.show(unit, *expected), lambda now: now == expected)
        except TimeoutError as late:
            raise AssertionError(f"{unit}: {late}, not {expected}\n{self.journal(unit)}") from late

    def journal(self, unit: str) -> str:
        """What the journal holds about a unit."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit, check=False)


def wait_until(look: Callable[[], T], enough: Callable[[T], bool], timeout_s: float = 20) -> T:
    """Look again and again until it is `enough`, and return what was seen; raises TimeoutError with the last of it."""
    deadline = time.monotonic() + timeout_s
    while not enough(seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(str(seen))
        time.sleep(0.05)
    return seen


def fill(folder: Path) -> Path:
    """Lay out the project as it is installed: units, users, configuration, and programs that run this very source."""
    shutil.copytree(ROOT / "configs", folder / "etc/bedside")
    shutil.copy(ROOT / "configs/demo/staff.toml", folder / "etc/bedside")
    system = folder / "etc/systemd/system"
    system.mkdir(parents=True)
    for path in (ROOT / "systemd").iterdir():
        if path.suffix in {".service", ".socket", ".timer"}:
            (system / path.name).write_text(path.read_text())
    (system / "bedside-test.target").write_text(TARGET)
    for kind in ("sysusers", "tmpfiles"):
        target = folder / f"usr/lib/{kind}.d/bedside.conf"
        target.parent.mkdir(parents=True)
        target.write_text((ROOT / f"systemd/bedside.{kind}").read_text())
    for name, text in (("python", PYTHON), ("bedside", BEDSIDE)):
        program = folder / "opt/bedside/bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    return folder


@contextmanager
def booted(work: Path, filled: Path) -> Iterator[Container]:
    """A container that has reached its target, ended with all that runs in it."""
    if os.geteuid() != 0:
        miss("only root can start a container")
    need_tools("unshare", "nsenter", "chroot", "pivot_root", "systemctl", "systemd-sysusers", "systemd-tmpfiles")
    (empty := work / "container").mkdir()
    folders = [empty, filled, Path(sys.base_prefix), Path(sysconfig.get_path("purelib")), ROOT]
    unshare = ["unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
    with _own_cgroup() as group, (work / "console").open("wb") as console:
        command = ["bash", "-c", ENTER, "enter", str(group), *unshare, "bash", "-c", SETUP, "setup", *map(str, folders)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
        )
        try:
            yield _wait_for_target(process, work / "console")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)


def _wait_for_target(process: "subprocess.Popen[bytes]", console: Path) -> Container:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, console.read_text(errors="replace")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            container = Container(int(children[0]))
            asked = ["systemctl", "is-active", "bedside-test.target"]
            if container.run(*asked, check=False).strip() == "active":
                return container
        time.sleep(0.1)
    raise AssertionError(f"the container did not start\n{console.read_text(errors='replace')}")


@contextmanager
def _own_cgroup() -> Iterator[Path]:
    """A control group for the container, removed afterwards."""
    mounted = re.search(r"(?m)^\S+ (\S+) cgroup2 ", Path("/proc/mounts").read_text())
    if mounted is None:
        miss("no cgroup2 hierarchy is mounted")
        raise AssertionError
    group = Path(mounted[1]) / f"bedside-test-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 10
    while group.exists() and time.monotonic() < deadline:
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                time.sleep(0.05)
