"""The whole station: its share of a core, its memory over an hour of treatment, and how soon it switches off.

Real processes on real sockets and wires, as `bedside demo` starts them: simulated devices, the station below its
guard, a controlling client that works through the visit and beats, and a second client that is sent the live waves.
CPU and memory are the station process's own, from /proc.
"""

import asyncio
import contextlib
import logging
import math
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog

from bedside.commands import Stop
from bedside.demo.hands import Hands
from bedside.demo.processes import Child, attach, start_simulation, start_station
from bedside.demo.setup import Layout, prepare, script_for
from bedside.demo.therapist import Therapist
from bedside.station.client import StationClient
from bedside.station.wire import Subscribe, Wave
from hal.drivers.emg.quattrocento_codec import Configuration
from hal.sim.control import SimControl
from tests.helpers.station_process import Wire, bedside_at

ROOT = Path(__file__).parents[2]
SHARE_BAR, SHARE_S, SETTLE_S = 0.12, 30.0, 3.0
FLOOR_S = 10.0
GROWTH_BAR, HOUR_S, FAST = 1.05, 3600, 60.0
STOPS, STOP_SPEED, STOP_BAR_S = 50, 4.0, 0.1
SILENCES, SILENCE_BAR_S = 5, 1.0
START_S = 90.0


class Bench:
    """A running bedside and what is known of it."""

    def __init__(self, layout: Layout, pid: int, therapist: Therapist) -> None:
        self.layout = layout
        self.pid = pid
        self.therapist = therapist
        self.waves = 0

    @property
    def step(self) -> str:
        """Where the visit stands."""
        picture = self.therapist.picture
        return picture.step.id if picture is not None and picture.step is not None else ""

    async def until(self, condition: Callable[[], bool], what: str, within_s: float = START_S) -> None:
        """Wait, or fail naming what did not happen."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {within_s:.0f} s; the visit is at {self.step!r}"
            await asyncio.sleep(0.02)


def cpu_s(pid: int) -> float:
    """User and system time of a process (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory of a process (MB)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def station_pid(guard: Child) -> int:
    """The guard's child."""
    children = Path(f"/proc/{guard.process.pid}/task/{guard.process.pid}/children")
    while not children.read_text():
        await asyncio.sleep(0.01)
    return int(children.read_text().split()[0])


@contextlib.asynccontextmanager
async def bedside(layout: Layout, addresses: dict[str, str], speed: float, config: Path) -> AsyncIterator[Bench]:
    """A guarded station on these devices, with a working therapist and a client that draws."""
    participant = prepare(layout, config, addresses, None)
    options = ["--config", str(layout.config), "--data", str(layout.data), "--run", str(layout.run)]
    guard = await start_station(layout.root, [*options, "--speed", str(speed)])
    tasks: list[asyncio.Task[object]] = []
    try:
        client = await attach(layout.run, guard)
        drawing = await StationClient.connect(layout.run, "observe")
        bench = Bench(layout, await station_pid(guard), Therapist(script_for(participant)))
        tasks = [asyncio.create_task(bench.therapist.work(client)), asyncio.create_task(draw(bench, drawing))]
        yield bench
        await client.close()
        await drawing.close()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await guard.end()


async def draw(bench: Bench, client: StationClient) -> None:
    """Take everything a screen is sent."""
    client.subscribe(Subscribe())
    async for message in client.messages():
        bench.waves += isinstance(message, Wave)


@contextlib.asynccontextmanager
async def world_process(layout: Layout, speed: float) -> AsyncIterator[dict[str, str]]:
    """Simulated devices in a process of their own, with hands that follow the visit."""
    simulation, far_ends = await start_simulation(
        layout.simulation, ["--seed", "1", "--speed", str(speed), "--until-stdin-closes"]
    )
    try:
        async with SimControl(layout.simulation) as sim:
            hands = asyncio.create_task(Hands(sim, speed).follow(layout.run))
            yield far_ends.addresses
            hands.cancel()
            await asyncio.gather(hands, return_exceptions=True)
    finally:
        await simulation.end()


def floor_share(address: str) -> float:
    """Share of a core of a loop that takes the same samples from the same port and does nothing with them."""
    host, port = address.removeprefix("tcp:").rsplit(":", 1)
    with socket.create_connection((host, int(port))) as stream:
        stream.sendall(Configuration().command(acquire=True))
        stream.recv(1 << 16)
        cpu, began_s = time.process_time(), time.monotonic()
        while time.monotonic() < began_s + FLOOR_S:
            stream.recv(1 << 16)
        return (time.process_time() - cpu) / (time.monotonic() - began_s)


async def share(folder: Path) -> bool:
    """At real speed, in the recorded hotspot search."""
    layout = Layout(folder)
    layout.make()
    async with world_process(layout, 1.0) as addresses:
        async with bedside(layout, addresses, 1.0, ROOT / "configs") as bench:
            await bench.until(lambda: bench.step == "hotspot" and bench.waves > 0, "the hotspot search")
            await asyncio.sleep(SETTLE_S)
            cpu, began_s, waves = cpu_s(bench.pid), time.monotonic(), bench.waves
            await asyncio.sleep(SHARE_S)
            wall_s = time.monotonic() - began_s
            used = (cpu_s(bench.pid) - cpu) / wall_s
            drawn = (bench.waves - waves) / wall_s
        floor = await asyncio.to_thread(floor_share, addresses["emg"])
    recorded = sum(path.stat().st_size for path in folder.rglob("*.mcap"))
    assert recorded > 0, "nothing was recorded"
    words = f"{used:.1%} of a core (bar {SHARE_BAR:.0%}), {drawn:.0f} waves/s sent, {recorded / 1e6:.1f} MB recorded"
    held = verdict("8 channels x 5120 Hz filtered, recorded and sent", used <= SHARE_BAR, words)
    print(f"      floor, taking the same stream from the same port: {floor:.1%}, ratio {used / floor:.1f}")
    return held


def hour_long(folder: Path) -> Path:
    """The shipped configuration with a treatment of an hour, and limits that let it pass."""
    config = folder / "hour"
    shutil.copytree(ROOT / "configs", config)
    for name, old, new in (
        ("protocols/lf_1hz_1200.toml", "pulses_in_burst = 1200", f"pulses_in_burst = {HOUR_S}"),
        ("limits.toml", "[1800, 1800, 1800,", "[7200, 7200, 7200,"),
        ("limits.toml", "session_low = 1800", "session_low = 9000"),
        ("limits.toml", "day = 2000", "day = 9000"),
    ):
        text = (config / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (config / name).write_text(text.replace(old, new))
    return config


async def memory(folder: Path) -> bool:
    """Resident memory a quarter into an hour of treatment, against its end, at sixty times real speed."""
    layout = Layout(folder / "bed")
    layout.make()
    seen_mb: list[float] = []
    async with world_process(layout, FAST) as addresses, bedside(layout, addresses, FAST, hour_long(folder)) as bench:

        def stimulating() -> bool:
            picture = bench.therapist.picture
            return picture is not None and picture.run is not None and picture.run.word == "STIMULATING"

        await bench.until(stimulating, "the treatment", 2 * START_S)
        while bench.step == "treatment":
            seen_mb.append(rss_mb(bench.pid))
            await asyncio.sleep(0.5)
    early, late = seen_mb[len(seen_mb) // 4], max(seen_mb[-5:])
    long_enough = len(seen_mb) * 0.5 >= 0.9 * HOUR_S / FAST
    words = f"{early:.1f} MB after a quarter, {late:.1f} MB at the end: x{late / early:.3f} (bar x{GROWTH_BAR})"
    return verdict("memory over an hour of treatment", long_enough and late / early <= GROWTH_BAR, words)


async def off_within(world: Wire, limit_s: float) -> float:
    """Seconds until the stimulator has been disabled; infinite when it was not in time."""
    began_s = time.monotonic()
    while world.enabled:
        if time.monotonic() > began_s + limit_s:
            return math.inf
        await asyncio.sleep(0.0005)
    return time.monotonic() - began_s


async def stops(folder: Path) -> bool:
    """STOP by an observer, again and again, each time the stimulator has been armed anew."""
    latencies_s: list[float] = []
    async with bedside_at(folder, speed=STOP_SPEED) as bed:
        await bed.start()
        person = await StationClient.connect(bed.layout.run, "observe")
        hearing = asyncio.create_task(hear(person))
        while len(latencies_s) < STOPS:
            await bed.until(lambda: bed.world.enabled, "arming", START_S)
            asked = asyncio.create_task(person.ask(Stop()))
            latencies_s.append(await off_within(bed.world, 5.0))
            await asked
        await person.close()
        await asyncio.gather(hearing, return_exceptions=True)
    ordered = sorted(latencies_s)
    middle, p99 = ordered[STOPS // 2], ordered[math.ceil(0.99 * STOPS) - 1]
    words = (
        f"median {1000 * middle:.1f} ms, 99th percentile {1000 * p99:.1f} ms of {STOPS} (bar {1000 * STOP_BAR_S:.0f})"
    )
    return verdict("STOP over the socket to the off frame on the wire", p99 <= STOP_BAR_S, words)


async def silences(folder: Path) -> bool:
    """The controlling client stays connected and falls silent in a running train."""
    latencies_s: list[float] = []
    for number in range(SILENCES):
        async with bedside_at(folder / str(number), step="treatment") as bed:
            await bed.stimulating()
            await bed.fall_silent()
            latencies_s.append(await off_within(bed.world, 5.0))
    words = f"worst {max(latencies_s):.2f} s of {SILENCES} (bar {SILENCE_BAR_S:.0f} s)"
    return verdict("a kiosk that falls silent to the off frame on the wire", max(latencies_s) <= SILENCE_BAR_S, words)


async def hear(client: StationClient) -> None:
    """Take what the station says."""
    client.subscribe(Subscribe(waves=False, snapshots=False))
    async for _ in client.messages():
        pass


def verdict(name: str, held: bool, words: str) -> bool:
    """Print one line."""
    print(f"{'PASS' if held else 'FAIL'}  {name}: {words}", flush=True)
    return held


def main() -> bool:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    held = []
    for measure in (share, memory, stops, silences):
        with tempfile.TemporaryDirectory() as folder:
            held.append(asyncio.run(measure(Path(folder))))
    return all(held)


if __name__ == "__main__":
    sys.exit(not main())
