"""Live filtering: 8 channels at 5120 Hz in 20 ms chunks, ours beside a bare copy and beside keeping no state.

`python -m tests.benchmarks.bench_streaming`. Figures: CPU a chunk, share of one core, error against one call.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dsp.streaming import MinMaxDecimator, StreamFilter

Array = NDArray[np.float64]

CHANNELS, RATE_HZ, CHUNK_MS, SECONDS = 8, 5120.0, 20.0, 20.0
BAR_OF_CORE = 1.0


class NoState:
    """The peer: the last second is filtered again for every chunk."""

    def __init__(self) -> None:
        self._past = np.zeros((0, CHANNELS))

    def __call__(self, chunk: Array) -> Array:
        """Filter the last second and return its end."""
        self._past = np.concatenate([self._past, chunk])[-int(RATE_HZ) :]
        return StreamFilter(CHANNELS, RATE_HZ, notch_hz=50.0)(self._past)[-chunk.shape[0] :]


def cpu_us(step: Callable[[Array], object], chunks: list[Array]) -> float:
    """CPU time a chunk, the better of three rounds."""
    rounds = []
    for _ in range(3):
        start = time.process_time()
        for chunk in chunks:
            step(chunk)
        rounds.append(time.process_time() - start)
    return 1e6 * min(rounds) / len(chunks)


def row(name: str, us: float, error: str = "-") -> None:
    """One printed line."""
    print(f"  {name:<44}{us:8.1f} us{us / (10.0 * CHUNK_MS):9.3f} %   {error}")


def main() -> bool:
    """Print the table; False when filtering takes a hundredth of a core or chunks differ from one call."""
    trace = np.random.default_rng(0).normal(0.0, 50.0, (int(RATE_HZ * SECONDS), CHANNELS))
    size = round(RATE_HZ * CHUNK_MS / 1000)
    chunks = [trace[i : i + size] for i in range(0, trace.shape[0], size)]
    whole = StreamFilter(CHANNELS, RATE_HZ, notch_hz=50.0)(trace)

    def error(stream: Callable[[Array], Array]) -> float:
        return float(np.max(np.abs(np.concatenate([stream(chunk) for chunk in chunks]) - whole)))

    print(f"{CHANNELS} channels x {RATE_HZ:g} Hz, chunks of {CHUNK_MS:g} ms: CPU a chunk, share of a core, error in uV")
    row("floor: copy of the chunk", cpu_us(np.copy, chunks))
    stream = StreamFilter(CHANNELS, RATE_HZ, notch_hz=50.0)
    ours_us, ours_error = cpu_us(stream, chunks), error(StreamFilter(CHANNELS, RATE_HZ, notch_hz=50.0))
    row("bedside: band-pass and notch", ours_us, f"{ours_error:g}")
    row("bedside: band-pass alone", cpu_us(StreamFilter(CHANNELS, RATE_HZ), chunks))
    row("bedside: min/max for 160 columns of 2 s", cpu_us(MinMaxDecimator(CHANNELS, 64), chunks))
    row("peer: no state, last second filtered again", cpu_us(NoState(), chunks[:200]), f"{error(NoState()):.3g}")
    held = ours_us / (10.0 * CHUNK_MS) < BAR_OF_CORE and ours_error == 0.0
    print(f"  {'PASS' if held else 'FAIL'}: asked less than {BAR_OF_CORE:g} % of a core and an error of exactly 0")
    return held


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
