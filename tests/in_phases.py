"""All tests in two phases: first the drivers' beside those that only calculate, then those with a living station.

    python -m tests.in_phases [pytest's options]

The drivers' tests wait for wires most of the time and cost the calculating ones little. A station, its screens and its
guard are held to deadlines and have the machine for themselves. Each part's output appears as it comes, that of the
drivers behind the part that it ran beside. The exit code is 0 only when all parts passed; an interrupt ends them all.
"""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
WAITING = ("tests/hal",)
CALCULATING = (
    "tests/dsp",
    "tests/bedside/analyse",
    "tests/bedside/assess",
    "tests/bedside/importer",
    "tests/bedside/record",
    "tests/bedside/report",
    "tests/bedside/visit",
)
NOTHING_TO_RUN = 5
"""pytest's exit code for a part in which its options selected no test."""


def main(options: list[str]) -> int:
    """Run all parts; 0, or the exit code of the first that failed."""
    pytest = [sys.executable, "-m", "pytest", *options]
    living = [f"--ignore={folder}" for folder in (*WAITING, *CALCULATING)]
    codes = _side_by_side([*pytest, *CALCULATING], [*pytest, *WAITING])
    codes.append(_alone([*pytest, *living]))
    return next((abs(code) for code in codes if code not in (0, NOTHING_TO_RUN)), 0)


def _side_by_side(shown: list[str], beside: list[str]) -> list[int]:
    with tempfile.TemporaryFile("w+") as told:
        second = subprocess.Popen(beside, cwd=ROOT, stdout=told, stderr=subprocess.STDOUT)
        first = subprocess.Popen(shown, cwd=ROOT)
        _pass_on(first, second)
        codes = [first.wait(), second.wait()]
        told.seek(0)
        sys.stdout.write(f"\n== {' '.join(WAITING)}\n{told.read()}")
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
