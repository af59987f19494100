"""All tests in two phases: first those that wait beside those that calculate, then those with deadlines of their own.

    python -m tests.in_phases [pytest's options]

The drivers' tests wait for wires most of the time, an assessment day for its trials, and cost the calculating ones
little. A station and its guard are held to deadlines and have the machine for themselves, but for the long run of all
devices. Each part's output appears as it comes, that of the waiting ones behind the part that they ran beside.

What failed beside other tests is tried once more alone, and the log shows both: a deadline that only a busy machine
misses does not hide what is broken, and what is broken fails again. The exit code is 0 only when all parts passed or
passed alone; an interrupt ends them all.
"""

import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
WAITING = ("tests/hal", "tests/system/test_assessment_day.py")
"""Each in a process of its own."""
CALCULATING = (
    "tests/dsp",
    "tests/bedside/analyse",
    "tests/bedside/assess",
    "tests/bedside/importer",
    "tests/bedside/record",
    "tests/bedside/report",
    "tests/bedside/tui",
    "tests/bedside/visit",
)
TESTS_FAILED, NOTHING_TO_RUN = 1, 5
"""pytest's exit codes."""


@dataclass(frozen=True)
class Part:
    """Tests that one process runs; what failed is remembered in a folder of the part's own."""

    name: str
    selected: tuple[str, ...]

    def command(self, options: list[str], *, failed_alone: bool = False) -> list[str]:
        """The process's command line."""
        cache = ["-o", f"cache_dir=.pytest_cache/{self.name}"]
        again = ["--last-failed", "--last-failed-no-failures", "none"] if failed_alone else []
        return [sys.executable, "-m", "pytest", *options, *cache, *again, *self.selected]


def main(options: list[str]) -> int:
    """Run all parts; 0, or the exit code of the first that failed, also alone."""
    calculating = Part("calculating", CALCULATING)
    waiting = [Part(f"waiting-{number}", (place,)) for number, place in enumerate(WAITING)]
    living = Part("living", tuple(f"--ignore={place}" for place in (*WAITING, *CALCULATING)))
    codes = dict(zip((calculating, *waiting), _side_by_side(calculating, waiting, options), strict=True))
    codes[living] = _alone(living.command(options))
    for part, code in codes.items():
        if code == TESTS_FAILED:
            sys.stdout.write(f"\n== failed beside other tests, once more alone: {part.name}\n")
            sys.stdout.flush()
            again = _alone(part.command(options, failed_alone=True))
            codes[part] = TESTS_FAILED if again == NOTHING_TO_RUN else again
    return next((abs(code) for code in codes.values() if code not in (0, NOTHING_TO_RUN)), 0)


def _side_by_side(shown: Part, besides: list[Part], options: list[str]) -> list[int]:
    with ExitStack() as stack:
        told = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in besides]
        others = [
            subprocess.Popen(part.command(options), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
            for part, output in zip(besides, told, strict=True)
        ]
        first = subprocess.Popen(shown.command(options), cwd=ROOT)
        _pass_on(first, *others)
        codes = [part.wait() for part in (first, *others)]
        for part, output in zip(besides, told, strict=True):
            output.seek(0)
            sys.stdout.write(f"\n== {' '.join(part.selected)}\n{output.read()}")
        sys.stdout.flush()
    return codes


def _alone(command: list[str]) -> int:
    part = subprocess.Popen(command, cwd=ROOT)
    _pass_on(part)
    return part.wait()


def _pass_on(*parts: "subprocess.Popen[bytes]") -> None:
    """Have an interrupt end the parts that run; the interrupted run fails."""

    def end(number: int, _frame: FrameType | None) -> None:
        for part in parts:
            part.send_signal(signal.SIGINT)
            part.wait()
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
