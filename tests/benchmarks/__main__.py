"""Run the benchmarks one after the other, each in a process of its own: `python -m tests.benchmarks [NAME ...]`.

Every bench_NAME.py has `main()`, which prints its table with PASS or FAIL beside each figure that has a bar, and may
return False when one does not hold. The exit code is 0 only when no figure failed and nothing crashed. `accuracy` is
run by its name alone: it measures no time, and writes docs/accuracy.md.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUN = "import runpy, sys; sys.exit(runpy.run_path(sys.argv[1])['main']() is False)"


def run(path: Path) -> tuple[int, int, bool]:
    """Figures passed and failed, and whether the benchmark ended well; its output goes on as it comes."""
    search = os.pathsep.join([str(ROOT), str(HERE), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", RUN, str(path)]
    environment = os.environ | {"PYTHONPATH": search, "PYTHONUNBUFFERED": "1"}
    passed = failed = 0
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            passed += len(re.findall(r"\bPASS\b", line))
            failed += len(re.findall(r"\bFAIL\b", line))
    return passed, failed, process.returncode == 0


def named(name: str) -> Path:
    """The program of a name."""
    path = HERE / f"{name}.py"
    return path if path.is_file() else HERE / f"bench_{name}.py"


def main(names: list[str]) -> int:
    """Run those named, or all, and sum up."""
    paths = [named(name) for name in names] or sorted(HERE.glob("bench_*.py"))
    summary: list[str] = []
    all_well = bool(paths)
    for path in paths:
        print(f"\n== {path.stem.removeprefix('bench_')}", flush=True)
        start = time.perf_counter()
        passed, failed, ended = run(path)
        well = ended and not failed
        all_well &= well
        took_s = time.perf_counter() - start
        ending = "" if ended else ", did not end well"
        word = "PASS" if well else "FAIL"
        summary.append(f"{word}  {path.stem:<28} {passed} held, {failed} failed{ending} ({took_s:.0f} s)")
    print("\n" + "\n".join(summary or ["no benchmark found"]), flush=True)
    return 0 if all_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
