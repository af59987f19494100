"""The guard on a real wire: a station is killed in a running train; how long until the off frame arrives there?

50 kills with SIGKILL and 10 hangs with SIGSTOP, on a pseudo-terminal, with the real driver and the simulated
stimulator. The bar is one second, every time. A round in which the machine stood still for so long that the guard
switched off before the signal is void: it is repeated, and counted.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from hal.sim.world import SimulatedWorld

KILLS, HANGS = 50, 10
START_S = 20.0
BAR_S = 1.0
HERE = Path(__file__).parent


class Wire(SimulatedWorld):
    """A world that notes when the stimulator was disabled over its wire."""

    off_at_s: float | None = None

    def watch(self) -> None:
        """Look at the stimulator's state once."""
        if self.off_at_s is None and not self.core.state.enabled:
            self.off_at_s = time.monotonic()


def station_of(guard_pid: int) -> int:
    """The guard's child."""
    children = Path(f"/proc/{guard_pid}/task/{guard_pid}/children").read_text().split()
    return int(children[0])


class Void(Exception):
    """The guard switched off before the signal was sent."""


async def once(folder: Path, seed: int, number: signal.Signals) -> float | None:
    """Seconds from the signal to the off frame's arrival, None when it did not come within five; or `Void`."""
    world = Wire(seed, folder)
    await world.plug()
    running = asyncio.create_task(world.run())
    command = [sys.executable, "-m", "hal.guard", "--", sys.executable, str(HERE / "guarded_station.py")]
    process = await asyncio.create_subprocess_exec(
        *command,
        world.addresses["stimulator"],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_S):
            return await strike(world, process, random.Random(seed).uniform(0.0, 1.0), number)
    except TimeoutError as error:
        raise Void from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def strike(
    world: Wire, process: asyncio.subprocess.Process, after_s: float, number: signal.Signals
) -> float | None:
    """Send the signal to the station so many seconds into the train, and wait for the off frame."""
    assert process.stdout is not None
    if await process.stdout.readline() != b"running\n":
        raise Void
    await asyncio.sleep(after_s)
    if not world.core.state.enabled:
        raise Void
    world.off_at_s = None
    struck_s = time.monotonic()
    os.kill(station_of(process.pid), number)
    while world.off_at_s is None and time.monotonic() < struck_s + 5.0:
        await asyncio.sleep(0.001)
        world.watch()
    return None if world.off_at_s is None else world.off_at_s - struck_s


def measure(number: signal.Signals, times: int) -> list[float | None]:
    """One latency (s) a time."""
    results: list[float | None] = []
    void = 0
    while len(results) < times and void <= times:
        with tempfile.TemporaryDirectory() as folder:
            try:
                results.append(asyncio.run(once(Path(folder), len(results) + void, number)))
            except Void:
                void += 1
    if void:
        print(f"{void} rounds were void: the machine stood still for half a second before the signal")
    return results + [None] * (times - len(results))


def report(name: str, latencies_s: list[float | None]) -> bool:
    """Print one line; True when every off frame came in time."""
    in_time = [latency for latency in latencies_s if latency is not None and latency <= BAR_S]
    worst = max((latency for latency in latencies_s if latency is not None), default=float("nan"))
    held = len(in_time) == len(latencies_s)
    print(
        f"{'PASS' if held else 'FAIL'}  {name}: off frame on the wire within {BAR_S:.0f} s "
        f"{len(in_time)} of {len(latencies_s)} times, worst {1000 * worst:.0f} ms"
    )
    return held


def main() -> bool:
    """Measure and print."""
    killed = report("SIGKILL", measure(signal.SIGKILL, KILLS))
    stopped = report("SIGSTOP", measure(signal.SIGSTOP, HANGS))
    return killed and stopped


if __name__ == "__main__":
    sys.exit(not main())
