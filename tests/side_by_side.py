"""All tests, those of `hal` beside the others: they wait for wires most of the time, and so cost the others little.

    python -m tests.side_by_side [pytest's options]

The others' output appears as it comes, that of `hal` behind it. The exit code is 0 only when both halves passed; an
interrupt ends both.
"""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

BESIDE = "tests/hal"
ROOT = Path(__file__).parents[1]


def main(options: list[str]) -> int:
    """Run both halves; 0, or the exit code of one that failed."""
    pytest = [sys.executable, "-m", "pytest", *options]
    with tempfile.TemporaryFile("w+") as told:
        beside = subprocess.Popen([*pytest, BESIDE], cwd=ROOT, stdout=told, stderr=subprocess.STDOUT)
        others = subprocess.Popen([*pytest, f"--ignore={BESIDE}"], cwd=ROOT)
        halves = (beside, others)

        def end(_signal: int, _frame: FrameType | None) -> None:
            for half in halves:
                half.send_signal(signal.SIGINT)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        codes = [half.wait() for half in reversed(halves)]
        told.seek(0)
        sys.stdout.write(f"\n== {BESIDE}\n{told.read()}")
    return next((abs(code) for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
