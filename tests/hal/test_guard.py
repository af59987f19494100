"""The guard with real processes, a real pty and real signals."""

import os
import select
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from hal.guard import LATE_S

WITHIN_S = 1.0
OFF = b"off" + os.urandom(8)
"""A frame of our own: nothing else on this machine writes it, not even on a recycled terminal number."""
STATION = """
import os, sys, time
OFF = bytes.fromhex(sys.argv[1])
from hal.guard_client import GuardClient
guard = GuardClient.from_environment()
assert guard is not None and "BEDSIDE_GUARD_FD" not in os.environ
for number, path in enumerate(sys.argv[2:]):
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    guard.register(f"tms{number}", fd, OFF)
guard.beat()
"""
READY = "print(os.getpid(), flush=True)\n"
KEEP_BEATING = "while guard.alive:\n    guard.beat(); time.sleep(0.1)\nprint('unguarded', flush=True)\n"
TELL_GAPS = """
last = time.monotonic()
while True:
    guard.beat()
    now = time.monotonic()
    print(now - last, flush=True)
    last = now
    time.sleep(0.1)
"""
DEAF_GUARD = "import hal.guard, sys; hal.guard.LATE_S = 1e9; sys.exit(hal.guard.main(sys.argv[1:]))"
CALM_GUARD = """
import hal.guard, sys
hal.guard.Guard.switch_off = lambda self, why: None
sys.exit(hal.guard.main(sys.argv[1:]))
"""


@dataclass
class Wire:
    """The far end of a stimulator's port."""

    master: int
    slave: int

    @property
    def path(self) -> str:
        return os.ttyname(self.slave)

    def off_after(self, limit_s: float) -> float | None:
        """Seconds until the off frame arrived, None when it did not."""
        start, heard = time.monotonic(), b""
        while (left := start + limit_s - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                heard += os.read(self.master, 4096)
                if OFF in heard:
                    return time.monotonic() - start
        return None


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    ends = [Wire(*os.openpty()) for _ in range(2)]
    for end in ends:
        tty.setraw(end.slave)
    yield ends
    for end in ends:
        for fd in (end.master, end.slave):
            with suppress(OSError):
                os.close(fd)


class Guarded:
    """A guard that runs a station; both are ours to kill."""

    def __init__(
        self, station: str, wires: list[Wire], how: tuple[str, ...] = ("-m", "hal.guard"), *, first: str = ""
    ) -> None:
        paths = [wire.path for wire in wires]
        self.guard = subprocess.Popen(
            [sys.executable, *how, "--", sys.executable, "-c", STATION + first + READY + station, OFF.hex(), *paths],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self.guard.stdout is not None
        self.station = int(self.guard.stdout.readline())

    def __enter__(self) -> "Guarded":
        return self

    def __exit__(self, *_: object) -> None:
        for pid in (self.station, self.guard.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.guard.communicate(timeout=10)

    def end(self) -> tuple[int, str]:
        """The guard's exit status and what it said, once it has ended by itself."""
        _, said = self.guard.communicate(timeout=10)
        return self.guard.returncode, said


def test_a_killed_station_is_switched_off(wires: list[Wire]) -> None:
    with Guarded(KEEP_BEATING, wires) as guarded:
        os.kill(guarded.station, signal.SIGKILL)
        for wire in wires:
            assert wire.off_after(WITHIN_S) is not None
        status, said = guarded.end()
    assert status == 128 + signal.SIGKILL
    assert "the station is gone: off to tms0, tms1" in said


def test_a_frozen_station_is_switched_off_and_may_come_back(wires: list[Wire]) -> None:
    with Guarded(KEEP_BEATING, wires) as guarded:
        os.kill(guarded.station, signal.SIGSTOP)
        for wire in wires:
            assert wire.off_after(WITHIN_S) is not None
        os.kill(guarded.station, signal.SIGCONT)
        assert guarded.guard.stderr is not None
        assert "has been silent for" in guarded.guard.stderr.readline()
        assert "the station is back" in guarded.guard.stderr.readline()


def test_a_station_that_registers_and_never_beats_is_late_too(wires: list[Wire]) -> None:
    with Guarded("time.sleep(30)", wires):
        assert wires[0].off_after(WITHIN_S + 0.5) is not None


def test_a_lively_station_is_left_alone(wires: list[Wire]) -> None:
    with Guarded(TELL_GAPS, wires) as guarded:
        off_s = wires[0].off_after(1.2)
        assert guarded.guard.stdout is not None
        os.kill(guarded.station, signal.SIGKILL)
        gaps_s = [float(line) for line in guarded.guard.stdout.read().splitlines()]
    was_held_up = max(gaps_s) > LATE_S - 0.1
    assert off_s is None or was_held_up


@pytest.mark.parametrize(
    ("guard", "harm"), [(DEAF_GUARD, signal.SIGSTOP), (CALM_GUARD, signal.SIGKILL), (CALM_GUARD, signal.SIGSTOP)]
)
def test_the_same_check_catches_a_broken_guard(wires: list[Wire], guard: str, harm: int) -> None:
    with Guarded(KEEP_BEATING, wires, ("-c", guard)) as guarded:
        os.kill(guarded.station, harm)
        assert wires[0].off_after(WITHIN_S) is None


def test_a_dead_port_does_not_hold_up_the_other(wires: list[Wire]) -> None:
    with Guarded(KEEP_BEATING, wires) as guarded:
        os.close(wires[0].slave)
        os.close(wires[0].master)
        os.kill(guarded.station, signal.SIGKILL)
        assert wires[1].off_after(WITHIN_S) is not None
        status, said = guarded.end()
    assert status == 128 + signal.SIGKILL
    assert "tms0 could NOT be switched off" in said
    assert "tms1 could NOT" not in said


def test_an_unregistered_device_is_left_alone(wires: list[Wire]) -> None:
    with Guarded(KEEP_BEATING, wires, first='guard.unregister("tms0")\n') as guarded:
        os.kill(guarded.station, signal.SIGKILL)
        assert wires[1].off_after(WITHIN_S) is not None
        assert wires[0].off_after(0.1) is None


def test_registering_again_replaces_descriptor_and_bytes(wires: list[Wire]) -> None:
    again = f"""
other = os.open({wires[1].path!r}, os.O_RDWR | os.O_NOCTTY)
guard.register("tms0", other, OFF)
"""
    with Guarded(KEEP_BEATING, wires[:1], first=again) as guarded:
        os.kill(guarded.station, signal.SIGKILL)
        assert wires[1].off_after(WITHIN_S) is not None
        assert wires[0].off_after(0.1) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_station_and_its_status_comes_back(number: int) -> None:
    station = """
import signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda received, frame: sys.exit(40 + received))
print("ready", flush=True)
while True:
    guard.beat(); time.sleep(0.05)
"""
    with Guarded(station, []) as guarded:
        assert guarded.guard.stdout is not None
        assert guarded.guard.stdout.readline() == "ready\n"
        guarded.guard.send_signal(number)
        assert guarded.end() == (40 + number, "")


@pytest.mark.parametrize("harm", [signal.SIGKILL, signal.SIGSTOP])
def test_the_station_notices_a_dead_or_hanging_guard(harm: int, wires: list[Wire]) -> None:
    with Guarded(KEEP_BEATING, wires) as guarded:
        os.kill(guarded.guard.pid, harm)
        assert guarded.guard.stdout is not None
        assert select.select([guarded.guard.stdout], [], [], 5)[0]
        assert guarded.guard.stdout.readline() == "unguarded\n"


def test_without_a_guard_there_is_no_client() -> None:
    code = "from hal.guard_client import GuardClient as G; assert G.from_environment({}) is None; "
    code += "assert G.from_environment({'BEDSIDE_GUARD_FD': '900'}) is None"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_usage() -> None:
    run = subprocess.run([sys.executable, "-m", "hal.guard", "true"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "usage" in run.stderr


def test_the_guard_needs_the_standard_library_alone() -> None:
    code = "import sys, hal.guard; print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'serial', 'msgspec')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
