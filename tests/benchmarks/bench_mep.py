"""Evoked responses: ours beside common methods, on models with exact truth and on labelled recordings.

`python -m tests.benchmarks.bench_mep`. Columns: responses found, blanks left blank, median onset error, onsets within
1 ms (of those found), median amplitude error, time a sweep.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.mep import measure
from tests.benchmarks.onset_peers import PEERS, Peer, Window
from tests.helpers.labelled_emg import Trial, backgrounds, labelled
from tests.helpers.modelled_mep import SHAPES, epoch, hum, muscle_noise

Array = NDArray[np.float64]

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data" / "emg"
OURS = "bedside"
RATE_HZ, TRIGGER, LENGTH = 5000.0, 1000, 2250
MODELLED = 200
TOLERANCE_TRIALS = 10_000


@dataclass(frozen=True)
class Bar:
    """What our row must reach; clean and found in %, errors in ms and uV. None: not asked."""

    found: float
    clean: float
    median_ms: float
    within: float
    amplitude_uv: float | None = None


# what must hold besides being beaten by no method of the same run; of the two blanks of the trains, one is over 50 uV
# in the raw trace and under it only in its authors' filtered one
MODEL_BARS = {
    "quiet rest": Bar(100.0, 100.0, 0.32, 90.0, 1.0),
    "rest 3 uV": Bar(100.0, 100.0, 0.40, 81.0, 3.0),
    "60 Hz hum": Bar(99.0, 99.5, 0.75, 64.0, 2.8),
    "contracting": Bar(28.0, 100.0, 1.7, 4.0),
}
REAL_BARS = {
    "TA pairs": Bar(100.0, 100.0, 0.44, 90.0),
    "TA trains": Bar(100.0, 0.0, 0.30, 90.0),
    "ECR curve": Bar(100.0, 100.0, 0.20, 100.0),
    "FDI": Bar(100.0, 100.0, 0.18, 98.0),
    "FDI under hum": Bar(100.0, 100.0, 0.20, 75.0),
}


POOLED_BARS = {
    "tibialis anterior": (("TA pairs", "TA trains"), 90.0),
    "hand": (("FDI", "FDI sweeps", "FDI under hum"), 95.0),
}
"""Onsets within 1 ms over all labelled files of a muscle, in %. The labels of "FDI sweeps" were proposed by a threshold
rule on the same trace: threshold rules agree with them for the wrong reason, and so they have no table of their own."""


@dataclass(frozen=True)
class Row:
    """One method on one set of trials."""

    found: float
    clean: float
    median_ms: float
    within: float
    amplitude_uv: float
    us: float

    def beats(self, other: "Row") -> bool:
        """At least as good in finding and in both onset columns, and better in one of them."""
        ours = (self.found, self.clean, self.within, -self.median_ms)
        theirs = (other.found, other.clean, other.within, -other.median_ms)
        return ours != theirs and all(a >= b for a, b in zip(ours, theirs, strict=True))

    def text(self, name: str) -> str:
        """The row as printed."""
        return (
            f"  {name:<24}{self.found:6.0f} %{self.clean:7.1f} %{self.median_ms:9.2f}{self.within:7.0f} %"
            f"{self.amplitude_uv:9.1f}{self.us:8.0f}"
        )


def ours(trace: Array, rate_hz: float, trigger: int, window_ms: Window) -> tuple[float, float | None]:
    """Our measurement in the peers' shape."""
    result = measure(trace, rate_hz, trigger, window_ms=window_ms)
    return result.amplitude_uv, result.latency_ms


def judge(method: Peer, trials: Sequence[Trial]) -> Row:
    """Run one method over the trials."""
    found, clean, onsets, amplitudes = [], [], [], []
    start = time.process_time()
    results = [method(t.epoch_uv, t.rate_hz, t.trigger_index, t.window_ms) for t in trials]
    us = 1e6 * (time.process_time() - start) / len(trials)
    for trial, (amplitude, onset) in zip(trials, results, strict=True):
        if trial.onset_ms is None:
            clean.append(onset is None)
            continue
        found.append(onset is not None)
        amplitudes.append(abs(amplitude - (trial.amplitude_uv or 0.0)))
        if onset is not None and np.isfinite(onset):
            onsets.append(abs(onset - trial.onset_ms))
    return Row(
        100.0 * float(np.mean(found)),
        100.0 * float(np.mean(clean)) if clean else 100.0,
        float(np.median(onsets)) if onsets else np.nan,
        100.0 * float(np.mean(np.array(onsets) <= 1.0)) if onsets else np.nan,
        float(np.median(amplitudes)),
        us,
    )


def modelled(stretches: Sequence[Array], rng: np.random.Generator) -> list[Trial]:
    """Responses of 60 to 2000 uV at 25 to 38 ms and as many blanks, with artefacts, on the given backgrounds."""
    trials = []
    for i in range(2 * MODELLED):
        stretch = stretches[rng.integers(len(stretches))]
        start = rng.integers(0, stretch.size - LENGTH + 1)
        onset = float(rng.uniform(25.0, 38.0)) if i % 2 else None
        made = epoch(
            stretch[start : start + LENGTH],
            RATE_HZ,
            TRIGGER,
            rng,
            onset_ms=onset,
            amplitude_uv=float(np.exp(rng.uniform(np.log(60.0), np.log(2000.0)))),
            shape=SHAPES[i // 2 % len(SHAPES)],
            artefact_uv=float(rng.choice([0.0, 500.0, 5000.0])),
            tail_uv=float(rng.choice([0.0, 300.0, 2000.0])),
            tail_ms=float(rng.uniform(1.0, 2.5)),
        )
        trials.append(Trial(made.epoch_uv, RATE_HZ, TRIGGER, (20.0, 50.0), onset, made.amplitude_uv if onset else None))
    return trials


def made_up(rng: np.random.Generator) -> dict[str, list[Array]]:
    """Backgrounds for a machine without the recordings."""
    n = 4 * LENGTH
    levels = {"quiet rest": 1.2, "rest 3 uV": 3.0, "60 Hz hum": 2.0, "contracting": 80.0}
    noise = {name: [muscle_noise(n, RATE_HZ, level, rng) for _ in range(20)] for name, level in levels.items()}
    noise["60 Hz hum"] = [one + hum(n, RATE_HZ, 35.0, 60.0, rng) for one in noise["60 Hz hum"]]
    return noise


def tolerance(rng: np.random.Generator) -> bool:
    """Amplitudes of 50 to 2000 uV in rest of 1 uV under no, weak and strong hum: how many are off by 5 uV and 2 %."""
    off = 0
    for i in range(TOLERANCE_TRIALS):
        background = muscle_noise(LENGTH, RATE_HZ, 1.0, rng)
        background += hum(LENGTH, RATE_HZ, (0.0, 5.0, 35.0)[i % 3], float(rng.choice([50.0, 60.0])), rng)
        true_uv, onset = float(np.exp(rng.uniform(np.log(50.0), np.log(2000.0)))), float(rng.uniform(22.0, 42.0))
        shape = SHAPES[i // 3 % len(SHAPES)]
        made = epoch(background, RATE_HZ, TRIGGER, rng, onset_ms=onset, amplitude_uv=true_uv, shape=shape)
        off += abs(measure(made.epoch_uv, RATE_HZ, TRIGGER).amplitude_uv - true_uv) > max(5.0, 0.02 * true_uv)
    share = 100.0 * off / TOLERANCE_TRIALS
    print(f"\namplitude of {TOLERANCE_TRIALS} models, rest 1 uV, hum 0 to 35 uV: {share:.2f} % off by 5 uV and 2 %")
    print(f"  {'PASS' if share <= 0.1 else 'FAIL'}: asked 0.1 %")
    return share <= 0.1


def show(name: str, trials: Sequence[Trial], bar: Bar) -> bool:
    """Print all methods on one set and hold ours against the bar."""
    blanks = sum(trial.onset_ms is None for trial in trials)
    print(f"\n{name}: {len(trials) - blanks} responses, {blanks} blanks")
    print(f"  {'method':<24}{'found':>8}{'clean':>9}{'ms':>9}{'in 1 ms':>9}{'uV':>9}{'us':>8}")
    peers = {peer: judge(method, trials) for peer, method in PEERS.items()}
    for peer, result in peers.items():
        print(result.text(peer))
    row = judge(ours, trials)
    print(row.text(OURS))
    better = [peer for peer, result in peers.items() if result.beats(row)]
    held = [not better, row.found >= bar.found, row.clean >= bar.clean]
    held += [round(row.median_ms, 2) <= bar.median_ms, row.within >= bar.within]
    if bar.amplitude_uv is not None:
        held.append(round(row.amplitude_uv, 1) <= bar.amplitude_uv)
    wanted = (
        f"found {bar.found:g}, clean {bar.clean:g}, {bar.median_ms} ms, within {bar.within:g}, {bar.amplitude_uv} uV"
    )
    print(f"  {'PASS' if all(held) else 'FAIL'}: asked {wanted}; beaten by {', '.join(better) or 'none'}")
    return all(held)


def pooled(real: dict[str, list[Trial]]) -> bool:
    """All labelled onsets of a muscle together: found, and within 1 ms."""
    print("\nlabelled onsets by muscle")
    held = []
    for muscle, (names, within) in POOLED_BARS.items():
        row = judge(ours, [trial for name in names for trial in real[name] if trial.onset_ms is not None])
        held.append(row.found >= 100.0 and row.within >= within)
        print(f"  {muscle:<20} found {row.found:.1f} %, within 1 ms {row.within:.1f} %, median {row.median_ms:.2f} ms")
        print(f"  {'PASS' if held[-1] else 'FAIL'}: asked found 100 %, within 1 ms {within:g} %")
    return all(held)


def main() -> bool:
    """Print the tables; False when a figure does not hold."""
    rng = np.random.default_rng(20)
    there = SHARED_DATA.is_dir()
    print(f"background: {'real EMG' if there else f'made up, because the recordings are missing at {SHARED_DATA}'}")
    stretches = backgrounds(SHARED_DATA) if there else made_up(rng)
    held = [show(name, modelled(stretches[name], rng), bar) for name, bar in MODEL_BARS.items()]
    held.append(tolerance(rng))
    if not there:
        print(f"\nrecordings: not found at {SHARED_DATA}, nothing was measured on them")
        return all(held)
    real = labelled(SHARED_DATA)
    held += [show(f"{name} (recorded)", real[name], bar) for name, bar in REAL_BARS.items()]
    return all([*held, pooled(real)])


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
