"""All tests, in two stages of lanes beside each other: most tests wait for wires, trials and clocks.

    python -m tests.in_lanes [pytest's options]

A lane runs its parts one after the other, each in a process of its own; the lanes of a stage run at once. The long run
of all devices, and visits at many times their speed, have the second stage; there it is quieter. What calculates begins
with the first stage and goes on in the second, and gets only time that nobody else wants: a station and its guard are
held to deadlines. A part's output appears when it ends.

What failed beside other tests is tried once more alone at the end, and the log shows both: a deadline that only a busy
machine misses does not hide what is broken, and what is broken fails again. The exit code is 0 only when all parts
passed or passed alone; an interrupt ends them all and shows how far they came.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST = -10
PASSED, TESTS_FAILED, NOTHING_TO_RUN = 0, 1, 5
"""pytest's exit codes."""
CALCULATING = ("dsp", *(f"bedside/{name}" for name in ("analyse", "assess", "importer", "record", "report", "visit")))
SCREENS = "bedside/tui"
DAYS = tuple(f"system/test_assessment_{name}.py" for name in ("day", "mid_course", "potentials", "interrupted"))
LONG_RUN, VISITS, BY_KEYS = (f"system/test_{name}.py" for name in ("all_at_once", "demo", "kiosk_visit"))


@dataclass(frozen=True)
class Part:
    """Tests that one process runs; which of them failed is remembered under the part's name."""

    name: str
    places: tuple[str, ...]
    but: tuple[str, ...] = ()

    def command(self, options: list[str], *, failed: bool = False) -> list[str]:
        """The process's command line, for all tests or for those that failed."""
        cache = ["-o", f"cache_dir=.pytest_cache/{self.name}"]
        only = ["--last-failed", "--last-failed-no-failures", "none"] if failed else []
        chosen = [f"tests/{place}" for place in self.places] + [f"--ignore=tests/{place}" for place in self.but]
        return [sys.executable, "-m", "pytest", *options, *cache, *only, *chosen]


Lane = tuple[Part, ...]
BEHIND: Lane = (Part("calculating", CALCULATING), Part("screens", (SCREENS,)))
STAGES: tuple[tuple[Lane, ...], ...] = (
    (
        (Part("devices", ("hal",)), Part("interrupted", DAYS[3:])),
        (Part("assessments", DAYS[:3]),),
        (Part("the rest", (".",), but=("hal", "system", SCREENS, *CALCULATING)),),
    ),
    (
        (Part("all devices", (LONG_RUN,)),),
        (Part("whole visits", (VISITS,)), Part("a visit by keys", (BY_KEYS,))),
        (Part("systems", ("system",), but=(*DAYS, LONG_RUN, VISITS, BY_KEYS)),),
    ),
)
Codes = dict[Part, int]


async def main(options: list[str]) -> int:
    """Run all parts; 0, or the exit code of the first that failed beside the others and alone."""
    async with asyncio.TaskGroup() as tasks:
        behind = tasks.create_task(lane(BEHIND, options, give_way))
        codes: Codes = {}
        for stage in STAGES:
            for told in await asyncio.gather(*(lane(parts, options, fairly(parts)) for parts in stage)):
                codes |= told
    codes |= behind.result()
    for part in [part for part, code in codes.items() if code == TESTS_FAILED]:
        say(f"once more alone: what failed of {part.name}")
        code = await run(part.command(options, failed=True), part.name)
        codes[part] = TESTS_FAILED if code == NOTHING_TO_RUN else code
    return next((abs(code) for code in codes.values() if code not in (PASSED, NOTHING_TO_RUN)), PASSED)


async def lane(parts: Lane, options: list[str], prepare: Callable[[], None] | None = None) -> Codes:
    """Run parts one after the other; their exit codes."""
    return {part: await run(part.command(options), part.name, prepare) for part in parts}


async def run(command: list[str], name: str, prepare: Callable[[], None] | None = None) -> int:
    """Run a process to its end, or to an interrupt, and show what it printed; its exit code."""
    began_s = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdout=output, stderr=output, preexec_fn=prepare
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            await process.wait()
            raise
        finally:
            output.seek(0)
            say(f"{name}, {time.monotonic() - began_s:.0f} s\n{output.read()}")
    return code


def give_way() -> None:
    """Take only the time that others leave."""
    weigh(19)
    os.nice(19)


def fairly(parts: Lane) -> Callable[[], None]:
    """A share of its own for a lane; more for the long run, whose far ends must not be late themselves."""
    return partial(weigh, FIRST if parts[0].name == "all devices" else 0)


def weigh(nice: int) -> None:
    """Begin a session of this niceness: Linux weighs sessions against each other first, then what is in one.

    Tests start stations in sessions of their own, which would leave little to the one that all tests share. A negative
    niceness is for root alone; without it the session counts like any other.
    """
    os.setsid()
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


def say(words: str) -> None:
    """Print a heading, with what stands under it, at once."""
    sys.stdout.write(f"\n== {words}\n")
    sys.stdout.flush()


async def interruptible(options: list[str]) -> int:
    """`main`, ended by SIGTERM as by an interrupt from the keyboard."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await main(options)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(interruptible(sys.argv[1:])))
    sys.exit(128 + signal.SIGINT)
