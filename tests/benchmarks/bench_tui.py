"""The kiosk's share of a core while it draws, a frame of its balance picture beside plotext's, and its first paint
beside a bare Textual app with the same widgets.

The kiosk runs as its own process in a pseudo-terminal and is fed over a real socket: eight channels in 5 ms columns
and a snapshot, ten times a second. CPU time is that of the process, over wall time; first paints are the best of nine.
"""

import asyncio
import fcntl
import importlib
import math
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bedside.tui import copview
from bedside.tui.lives import CopTrail
from tests.bedside.tui.assess_scenes import ASSESS_SCENES, cop_live, knee_live
from tests.bedside.tui.peer import Peer, sweep, wave
from tests.bedside.tui.scenes import SCENES

ROOT = Path(__file__).parents[2]
CHANNELS = tuple(f"EMG {n}" for n in range(1, 9))
SETTLE_S, MEASURE_S = 3.0, 15.0
STARTS = 9
PAINT_BAR = 1.3
SHARES = (
    ("stimulating", (80, 24), 0.12),
    ("stimulating", (160, 50), 0.20),
    ("hotspot", (80, 24), 0.12),
    ("hotspot", (160, 50), 0.20),
    ("shifting", (80, 24), 0.30),
    ("shifting", (160, 48), 0.30),
    ("cycling", (160, 48), 0.30),
)
"""Scene, terminal and bar; the last three draw a capture's live values, 20 messages a second, at 15 frames a second."""
LIVE_HZ = 20
FRAME_CELLS = (110, 34)
FRAMES = 200
FRAME_BAR = 0.33
ALL_SCENES = {**SCENES, **ASSESS_SCENES}
BARE = """
from textual.app import App
from textual.containers import Horizontal, Vertical
from textual.widgets import Static
class Bare(App):
    CSS = "Static { height: 1; } .rest { height: 1fr; } #side { width: 27; height: 1fr; }"
    def compose(self):
        yield Static("no alarms")
        yield Static("compact")
        with Vertical():
            yield Static("state")
            yield Static("who")
            with Horizontal():
                yield Static("checklist", id="side")
                with Vertical():
                    yield Static("words " * 60, classes="rest")
                    yield Static("action")
            yield Static("devices")
            yield Static("box")
            yield Static("F12 STOP")
Bare().run(mouse=False)
"""


def surroundings() -> dict[str, str]:
    """A terminal's environment in which modules keep their byte code, as installed ones do: Textual's own is kept."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / f"bench-tui-{os.getuid()}")}
    return ours | kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


class Screen:
    """A process in a pseudo-terminal of a given size whose output is read and counted."""

    def __init__(self, argv: list[str], size: tuple[int, int]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started_s = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=surroundings(),
            start_new_session=True,
        )
        os.close(slave)
        self.bytes = 0

    def cpu_s(self) -> float:
        """CPU time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def read(self) -> bytes:
        """What was painted within a moment."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return b""
        data = os.read(self.master, 1 << 16)
        self.bytes += len(data)
        return data

    def first_paint(self, words: bytes) -> tuple[float, float]:
        """Wall and CPU seconds until some words are on the screen."""
        seen = b""
        while words not in seen:
            seen += self.read()
        return time.monotonic() - self.started_s, self.cpu_s()

    def close(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


class Feeder(threading.Thread):
    """The station's side of the socket, in a thread of its own."""

    def __init__(self, folder: Path, scene: str) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._scene = scene
        self._done = threading.Event()
        self.ready = threading.Event()

    def run(self) -> None:
        """Serve until told to end."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        scene = ALL_SCENES[self._scene]
        waves = [wave(n * 20, 20, CHANNELS) for n in range(100)]
        async with Peer(self._folder, scene) as peer:
            self.ready.set()
            n = 0
            live = asyncio.create_task(self._live(peer)) if scene.assess is not None else None
            while not self._done.is_set():
                await asyncio.sleep(0.1)
                shifted = msgspec.structs.replace(waves[n % 100], first_column=n * 20)
                peer.say(msgspec.structs.replace(shifted, pulses=(n * 20,) if n % 10 == 0 else ()))
                run = scene.run and msgspec.structs.replace(scene.run, remaining_s=scene.run.remaining_s - n / 10)
                peer.put(msgspec.structs.replace(scene, n=scene.n + n, run=run))
                if n % 50 == 0 and scene.hunt is not None:
                    peer.say(sweep(n, 100.0, ("TA R",)))
                n += 1
            if live is not None:
                live.cancel()
                await asyncio.wait({live})

    async def _live(self, peer: Peer) -> None:
        """The sensors' values, a message every 50 ms."""
        n = 0
        while True:
            await asyncio.sleep(1 / LIVE_HZ)
            for make in (cop_live, knee_live):
                peer.say(make(n / LIVE_HZ, 1 / LIVE_HZ))
            n += 1

    def end(self) -> None:
        """Stop serving."""
        self._done.set()
        self.join()


def share(scene: str, size: tuple[int, int]) -> tuple[float, float]:
    """CPU share of a core and kB painted a second while the kiosk shows a live scene."""
    with tempfile.TemporaryDirectory() as folder:
        feeder = Feeder(Path(folder), scene)
        feeder.start()
        feeder.ready.wait()
        screen = Screen(["-m", "bedside.cli", "kiosk", "--run", folder], size)
        _read_for(screen, SETTLE_S)
        before_s, bytes_before, began_s = screen.cpu_s(), screen.bytes, time.monotonic()
        _read_for(screen, MEASURE_S)
        wall_s = time.monotonic() - began_s
        result = (screen.cpu_s() - before_s) / wall_s, (screen.bytes - bytes_before) / wall_s / 1000
        screen.close()
        feeder.end()
    return result


def _read_for(screen: Screen, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        screen.read()


def frame_costs() -> tuple[float, float]:
    """Best CPU seconds for one frame of the balance picture, ours and plotext's scatter of the same trail and ring."""
    trail = CopTrail()
    trail.take(cop_live(0.0, 2.0))
    scene = copview.Scene(target=(-5.0, 1.0, 2.5), cue="left", limits_cm=((9.0, 0.0), (0.0, 7.0), (-9.0, 0.0)))
    ring = [2 * math.pi * n / 100 for n in range(100)]
    xs = [point[0] for _, point in trail.points] + [-5.0 + 2.5 * math.cos(angle) for angle in ring]
    ys = [point[1] for _, point in trail.points] + [1.0 + 2.5 * math.sin(angle) for angle in ring]
    figure = importlib.import_module("plotext").figure

    def peer() -> None:
        figure.clear()
        figure.plot_size(*FRAME_CELLS)
        figure.draw(figure.signal(xs, ys, marker="braille"))
        str(figure.build())

    def ours() -> None:
        copview.picture(scene, trail, FRAME_CELLS, "braille")

    return _best(ours, FRAMES), _best(peer, FRAMES // 10)


def _best(once: Callable[[], None], times: int) -> float:
    """The shortest CPU time of one call, which other programs disturb least."""
    found = float("inf")
    for _ in range(times):
        before = time.process_time()
        once()
        found = min(found, time.process_time() - before)
    return found


def paint(argv: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds to the first paint."""
    screen = Screen(argv, (80, 24))
    times = screen.first_paint(b"STOP")
    screen.close()
    return times


def first_paints() -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Kiosk and bare app, in turn, so that a busy machine slows both."""
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        feeder = Feeder(Path(folder), "start")
        feeder.start()
        feeder.ready.wait()
        for _ in range(STARTS):
            ours.append(paint(["-m", "bedside.cli", "kiosk", "--run", folder]))
            bare.append(paint(["-c", BARE]))
        feeder.end()
    return ours, bare


def verdict(name: str, held: bool, words: str) -> bool:
    """Print one line."""
    print(f"{'PASS' if held else 'FAIL'}  {name}: {words}", flush=True)
    return held


def main() -> bool | None:
    """Measure and print."""
    held = []
    for scene, size, bar in SHARES:
        cpu, kilobytes = share(scene, size)
        words = f"{cpu:.1%} of a core (bar {bar:.0%}), {kilobytes:.0f} kB/s painted"
        what = "live values" if scene in ASSESS_SCENES else "8 channels at 10 frames/s"
        held.append(verdict(f"{what}, {scene}, {size[0]}x{size[1]}", cpu <= bar, words))
    mine, theirs = frame_costs()
    words = f"{1000 * mine:.2f} ms against {1000 * theirs:.2f} ms: x{mine / theirs:.2f} (bar x{FRAME_BAR})"
    cells = f"{FRAME_CELLS[0]}x{FRAME_CELLS[1]} cells"
    held.append(verdict(f"a frame of the balance picture beside plotext, {cells}", mine / theirs <= FRAME_BAR, words))
    ours, bare = first_paints()
    mine, theirs = (min(cpu for _, cpu in times) for times in (ours, bare))
    words = f"{1000 * mine:.0f} ms CPU against {1000 * theirs:.0f} ms: x{mine / theirs:.2f} (bar x{PAINT_BAR})"
    held.append(verdict("first paint beside a bare Textual app of as many widgets", mine / theirs <= PAINT_BAR, words))
    mine, theirs = (min(wall for wall, _ in times) for times in (ours, bare))
    print(f"      the same in wall time: {mine:.2f} s against {theirs:.2f} s, x{mine / theirs:.2f}")
    return None if all(held) else False


if __name__ == "__main__":
    sys.exit(main() is False)
