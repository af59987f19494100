"""Ten million fuzzed bytes for every codec: no exception, bounded memory, and back within two frames of any garbage.

`BEDSIDE_FUZZ_BYTES` sets another number of bytes. Chapters of 100 000 bytes have seeds 1, 2, 3 ...; where a bar is
missed, what was seen is printed with the codec's name and the chapter, by which `codec_fuzz.chapter` finds it again.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.helpers.codec_fuzz import MOST_ACCIDENTS, MOST_LOST, Findings, chapters
from tests.helpers.codec_table import CODECS, Codec

BYTES = int(os.environ.get("BEDSIDE_FUZZ_BYTES", "10_000_000"))
SHOWN = 3
KEEPS_PACE = 2.0
"""Garbage must be read at least so many times faster than the device can send it: half a core."""


def share(findings: Findings, lost: int) -> str:
    """Runs that cost so many frames, of all that can be judged."""
    return f"{findings.lost[lost]} cost {lost}"


def report(codec: Codec, findings: Findings, cuts: list[str], took_s: float) -> bool:
    """Print what was found, with the seeds of what must not be."""
    accidents_held = findings.accidents <= MOST_ACCIDENTS * findings.runs
    bounded = findings.most_held <= codec.holds and findings.slowest >= KEEPS_PACE
    held = not findings.faults and not cuts and bounded and accidents_held
    unit = "blocks until a shift is told" if codec.framing == "rows" else "frames"
    print(f"{codec.name}: {findings.fed / 1e6:.1f} MB in {findings.runs} runs ({took_s:.0f} s); {unit}: ", end="")
    print(", ".join(share(findings, lost) for lost in range(MOST_LOST + 1)), end="; ")
    print(f"more: {findings.late}, and {findings.accidents} by false messages that passed all checks", end="; ")
    if findings.unseen:
        print(f"{findings.unseen} shifts that nothing on the wire shows", end="; ")
    print(f"most held {findings.most_held} bytes (bar {codec.holds}); ", end="")
    if codec.framing != "rows":
        print(f"slowest run {findings.slowest:.0f} x the device's rate (bar {KEEPS_PACE:.0f} x)", end="; ")
    print(f"{len(findings.faults)} faults, {len(cuts)} uneven cuts  {'PASS' if held else 'FAIL'}", flush=True)
    for line in (findings.faults + cuts)[:SHOWN]:
        print(f"  {line}", flush=True)
    return held


def main() -> bool | None:
    """Fuzz all codecs, as many at a time as there are cores; False when a bar is missed."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        results = pool.map(chapters, [codec.name for codec in CODECS], repeat(BYTES))
        held = [report(codec, *result) for codec, result in zip(CODECS, results, strict=True)]
    return None if all(held) else False


if __name__ == "__main__":
    raise SystemExit(main() is False)
