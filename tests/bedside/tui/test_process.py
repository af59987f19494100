"""The screens as processes: what they import, how they end, what a terminal that stalls does to them."""

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bedside.tui.peer import Peer, wave
from tests.bedside.tui.scenes import SCENES

ROOT = Path(__file__).parents[3]
NEVER = ("scipy", "bleak", "serial", "plotext", "hal", "dsp", "mcap", "asyncssh", "structlog", "numpy")


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_first_screen_loads_nothing_slow() -> None:
    commands = ("command", "watch_command", "assess_command")
    modules = loaded(f"import bedside.tui.app, {', '.join(f'bedside.tui.{name}' for name in commands)}")
    assert "textual" in modules
    assert not modules & set(NEVER)


def test_signal_screens_load_numpy_but_no_plot_and_no_device() -> None:
    names = ("hunt", "run", "instruments", "scale", "capture")
    modules = loaded(f"import {', '.join(f'bedside.tui.screens.{name}' for name in names)}")
    assert "numpy" in modules
    assert not modules & (set(NEVER) - {"numpy"})


def test_command_line_help_loads_no_screen() -> None:
    assert "textual" not in loaded("import bedside.tui.command, bedside.tui.watch_command")


def test_import_check_notices_an_import() -> None:
    assert "plotext" in loaded("import bedside.tui.app, plotext")


class Terminal:
    """A kiosk process in a pseudo-terminal of its own."""

    def __init__(self, folder: Path, command: str = "kiosk", code: str = "") -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        argv = ["-c", code] if code else ["-m", "bedside.cli", command, "--run", str(folder)]
        self.process = subprocess.Popen(
            [sys.executable, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        self.output = b""

    def read(self, seconds: float) -> bytes:
        """What it paints within some time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.master], [], [], min(left, 0.05))[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        return self.output

    async def read_until(self, words: bytes, seconds: float = 20.0) -> None:
        """Read until some words were painted, letting the loop run."""
        until = time.monotonic() + seconds
        while words not in self.output:
            assert time.monotonic() < until, self.output[-2000:]
            self.read(0.02)
            await asyncio.sleep(0.01)

    def close(self) -> None:
        """End the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Ends every terminal that a test opened."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


async def ended(terminal: Terminal, seconds: float = 10.0) -> int:
    """The exit code, while what is still painted is read."""
    until = time.monotonic() + seconds
    while terminal.process.poll() is None:
        assert time.monotonic() < until, "it does not end"
        terminal.read(0.02)
        await asyncio.sleep(0.01)
    return terminal.process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_signals_end_it_and_leave_the_terminal_usable(
    number: signal.Signals, tmp_path: Path, terminals: list[Terminal]
) -> None:
    async with Peer(tmp_path, SCENES["start"]):
        terminal = Terminal(tmp_path)
        terminals.append(terminal)
        await terminal.read_until(b"Sign in")
        assert termios.tcgetattr(terminal.slave)[3] & termios.ICANON == 0, "it was raw while it ran"
        terminal.process.send_signal(number)
        assert await ended(terminal) == 0
        terminal.read(0.1)
        assert termios.tcgetattr(terminal.slave)[3] == terminal.before[3]
        assert b"\x1b[?1049l" in terminal.output
        assert b"\x1b[?1000h" not in terminal.output, "no mouse"


async def test_quit_key_ends_with_success(tmp_path: Path, terminals: list[Terminal]) -> None:
    async with Peer(tmp_path, SCENES["start"]):
        terminal = Terminal(tmp_path, "watch")
        terminals.append(terminal)
        await terminal.read_until(b"Devices")
        terminal.read(0.5)
        os.write(terminal.master, b"Q")
        assert await ended(terminal) == 0


def test_no_terminal_is_refused_in_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bedside.cli", "kiosk", "--run", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert done.stdout == ""


CRASH = """
import sys
from pathlib import Path
from bedside.tui import app
def broken(self):
    participant = "S-014-SECRET"
    raise RuntimeError("broken tick")
app.BedsideApp._tick = broken
sys.exit(app.run_app(Path(sys.argv[0]).parent, "control"))
"""


async def test_crash_exits_with_one_and_without_local_variables(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(tmp_path, code=CRASH)
    terminals.append(terminal)
    assert await ended(terminal) == 1
    terminal.read(0.2)
    assert b"broken tick" in terminal.output, "the fault fired"
    assert b"locals" not in terminal.output


async def test_stalled_terminal_stops_the_beats(tmp_path: Path, terminals: list[Terminal]) -> None:
    async with Peer(tmp_path, SCENES["stimulating"]) as peer:
        terminal = Terminal(tmp_path)
        terminals.append(terminal)
        await terminal.read_until(b"STIMULATING")
        beats = peer.beats
        await asyncio.sleep(0)
        column, quiet_s, last = 0, 0.0, time.monotonic()
        until = last + 25.0
        while quiet_s < 1.5 and time.monotonic() < until:
            peer.say(wave(column, 20))
            column += 20
            await asyncio.sleep(0.03)
            if peer.beats != beats:
                beats, last = peer.beats, time.monotonic()
            quiet_s = time.monotonic() - last
        assert quiet_s >= 1.5, "nobody reads the terminal, and still it beats"
        assert terminal.process.poll() is None
        os.set_blocking(terminal.master, False)
        before = peer.beats
        resumed = time.monotonic() + 10.0
        while peer.beats == before:
            assert time.monotonic() < resumed, "it does not recover when the terminal is read again"
            terminal.read(0.02)
            await asyncio.sleep(0.01)


async def test_closed_terminal_ends_it(tmp_path: Path) -> None:
    async with Peer(tmp_path, SCENES["start"]):
        terminal = Terminal(tmp_path)
        await terminal.read_until(b"Sign in")
        os.close(terminal.slave)
        os.close(terminal.master)
        until = time.monotonic() + 10.0
        while terminal.process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.05)
        code = terminal.process.poll()
        if code is None:
            terminal.process.kill()
        terminal.process.wait()
        assert code is not None, "it lives on without a terminal"
