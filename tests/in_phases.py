"""All tests in two phases: first those that wait beside those that calculate, then those with deadlines of their own.

    python -m tests.in_phases [pytest's options]

The drivers' tests wait for wires most of the time, an assessment day for its trials, and cost the calculating ones
little. A station and its guard are held to deadlines and have the machine for themselves. Each part's output appears
as it comes, that of the waiting ones behind the part that they ran beside. The exit code is 0 only when all parts
passed; an interrupt ends them all.
"""

import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
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
NOTHING_TO_RUN = 5
"""pytest's exit code for a part in which its options selected no test."""


def main(options: list[str]) -> int:
    """Run all parts; 0, or the exit code of the first that failed."""
    pytest = [sys.executable, "-m", "pytest", *options]
    living = [f"--ignore={place}" for place in (*WAITING, *CALCULATING)]
    codes = _side_by_side([*pytest, *CALCULATING], {place: [*pytest, place] for place in WAITING})
    codes.append(_alone([*pytest, *living]))
    return next((abs(code) for code in codes if code not in (0, NOTHING_TO_RUN)), 0)


def _side_by_side(shown: list[str], besides: dict[str, list[str]]) -> list[int]:
    with ExitStack() as stack:
        told = {place: stack.enter_context(tempfile.TemporaryFile("w+")) for place in besides}
        others = [
            subprocess.Popen(command, cwd=ROOT, stdout=told[place], stderr=subprocess.STDOUT)
            for place, command in besides.items()
        ]
        first = subprocess.Popen(shown, cwd=ROOT)
        _pass_on(first, *others)
        codes = [part.wait() for part in (first, *others)]
        for place, output in told.items():
            output.seek(0)
            sys.stdout.write(f"\n== {place}\n{output.read()}")
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
