"""All devices at once for an hour, with and without injected loss; links pulled; how soon the pulses are off.

Real drivers and a real guarded station against simulated far ends on real wires. `MINUTES` in the environment shortens
the hour. What each line compares is told in `tests/soak`, `tests/helpers/stops.py`, `tests/system/test_replug.py`.
"""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import structlog

from tests.helpers.station_process import bedside_at
from tests.helpers.stops import CableEnd, presses, standing_train, stimulator_pulled

MINUTES = float(os.environ.get("MINUTES", "60"))
LOSS_SHARE = 6
"""The run with injected loss is so many times shorter."""
PRESSES, PRESS_SPEED, PRESS_BAR_S = 20, 4.0, 0.2
PULLS, SAID_BAR_S = 5, 1.0
ROOT = Path(__file__).parents[2]


def everything(loss: bool) -> bool:
    """The long run; one line a figure."""
    minutes = MINUTES / (LOSS_SHARE if loss else 1)
    with tempfile.TemporaryDirectory() as name:
        words = ["--minutes", str(minutes), "--report", str(Path(name) / "report.json")]
        command = [sys.executable, "-m", "tests.soak", *words, *(["--loss"] if loss else [])]
        print(f"all devices for {minutes:g} minutes{', losses injected' if loss else ''}", flush=True)
        held = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        told = (Path(name) / "report.json").read_text()
        print("      " + "\n      ".join(line for line in told.splitlines() if "verdicts" not in line), flush=True)
    return held


def pulled() -> bool:
    """200 pulls, as the test does it."""
    test = "tests/system/test_replug.py::test_200_pulls_lose_only_what_was_missed_and_say_so"
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", test], cwd=ROOT, check=False, capture_output=True)
    return verdict(
        "200 pulls and replugs over 17 links", done.returncode == 0, "nothing twice, nothing moved, gaps told"
    )


async def stopped(folder: Path) -> bool:
    """The emergency stop, 20 times."""
    async with bedside_at(folder, speed=PRESS_SPEED, step="treatment", also=("emergency_stop",)) as bed:
        await standing_train(bed)
        off_s = sorted(await presses(bed, PRESSES))
    words = f"median {1e3 * off_s[PRESSES // 2]:.0f} ms, worst {1e3 * off_s[-1]:.0f} ms of {PRESSES} (bar 200)"
    return verdict("emergency stop to a disabled stimulator", off_s[-1] <= PRESS_BAR_S, words)


async def unheard(folder: Path, end: CableEnd) -> bool:
    """The stimulator's cable out of a running train, at one of its ends."""
    said, off = [], []
    for number in range(PULLS):
        async with bedside_at(folder / str(number), speed=1.0, step="treatment") as bed:
            await standing_train(bed)
            said_s, off_s = await stimulator_pulled(bed, end)
            said.append(said_s)
            off.append(off_s)
    words = f"said after {max(said):.2f} s, off {max(off):.2f} s after the cable is back (worst of {PULLS}; bars 1 s)"
    return verdict(f"a lost stimulator, {end}", max(said) <= SAID_BAR_S and max(off) <= SAID_BAR_S, words)


def verdict(name: str, held: bool, words: str) -> bool:
    """Print one line."""
    print(f"{'PASS' if held else 'FAIL'}  {name}: {words}", flush=True)
    return held


def main() -> bool:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    held = []
    for measure in (stopped, partial(unheard, end="cable_out"), partial(unheard, end="silence")):
        with tempfile.TemporaryDirectory() as folder:
            held.append(asyncio.run(measure(Path(folder))))
    held += [pulled(), everything(loss=True), everything(loss=False)]
    return all(held)


if __name__ == "__main__":
    sys.exit(not main())
