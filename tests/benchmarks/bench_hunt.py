"""The threshold hunt on virtual subjects, beside the published methods, in one run.

`python -m tests.benchmarks hunt`, or this file with `--subjects N --seed S` (seeds below 1000).
Cells: median / 95th percentile of |error| in % of the truth at that pulse. The start is truth x 0.9 to 1.4, rounded to
5 %MSO; the device has 1 %MSO steps. Every method meets the same people; noise follows the pulses it asks for.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.threshold import ThresholdEstimate, ThresholdHunt, ThresholdRule
from tests.benchmarks.hunt_peers import FiveOfTen, Hunt, KontsevichTyler, MlePest, RootFinding
from tests.benchmarks.virtual_subjects import WORLDS, Subject, World, draw_subject

Array = NDArray[np.float64]
MARKS = (10, 15, 20, 25, 30)
LONGEST = 45


class Ours:
    """The product's adaptive hunt in the shape of the peers."""

    def __init__(self, start_pct_mso: float, criterion_uv: float) -> None:
        self.hunt = ThresholdHunt(ThresholdRule(criterion_uv=criterion_uv), start_pct_mso=start_pct_mso)

    def next_intensity(self) -> float:
        return self.hunt.next_intensity()

    def record(self, intensity_pct_mso: float, amplitude_uv: float) -> None:
        self.hunt.record(intensity_pct_mso, amplitude_uv)

    @property
    def rmt_pct_mso(self) -> float:
        return self.hunt.estimate().rmt_pct_mso


METHODS: dict[str, Callable[[float, float], Hunt]] = {
    "bedside, adaptive": Ours,
    "MLE-PEST": MlePest,
    "DCS-HA": lambda start, uv: RootFinding(start, uv, gain=4.2, analog=False),
    "ACS-HA": lambda start, uv: RootFinding(start, uv, gain=20.0 / 3.0, analog=True),
    "KT, wide prior": KontsevichTyler,
    "KT, pulse at mean": lambda start, uv: KontsevichTyler(start, uv, at_mean=True),
    "5/10, 1 % steps": FiveOfTen,
}


@dataclass(frozen=True)
class Outcome:
    """Errors in % of the truth, shaped (subjects, marks); ours adds intervals and its own stop."""

    error: Array
    covered: Array
    width: Array
    stop_pulses: Array
    stop_error: Array
    stop_covered: Array
    ms_per_pulse: float


def subjects(world: World, seed: int, count: int) -> Iterator[Subject]:
    """The same people for every method."""
    for index in range(count):
        yield draw_subject(world, seed, index, LONGEST)


def _judged(estimate: ThresholdEstimate, truth: float) -> tuple[bool, float]:
    covered = estimate.low <= truth <= estimate.high
    return covered, 100.0 * (estimate.high - estimate.low) / truth


def run(method: str, world: World, seed: int, count: int) -> Outcome:
    """One method over one world."""
    rows, covers, widths, stops = [], [], [], []
    spent = 0.0
    pulses = 0
    for subject in subjects(world, seed, count):
        began = time.process_time()
        hunt = METHODS[method](subject.start_pct_mso, world.criterion_uv)
        spent += time.process_time() - began
        row, cover, width = [], [], []
        stop: tuple[float, float, bool] | None = None
        for k in range(LONGEST if isinstance(hunt, Ours) else max(MARKS)):
            began = time.process_time()
            x = hunt.next_intensity()
            spent += time.process_time() - began
            v = subject.pulse_uv(k, x)
            began = time.process_time()
            hunt.record(x, v)
            rmt = hunt.rmt_pct_mso
            spent += time.process_time() - began
            pulses += 1
            truth = float(subject.truth_pct_mso[k])
            error = 100.0 * (rmt / truth - 1.0)
            if k + 1 in MARKS:
                row.append(error)
            if isinstance(hunt, Ours):
                covered, wide = _judged(hunt.hunt.estimate(), truth)
                if k + 1 in MARKS:
                    cover.append(covered)
                    width.append(wide)
                if stop is None and hunt.hunt.done:
                    stop = (k + 1, error, covered)
                if stop is not None and k + 1 >= max(MARKS):
                    break
        rows.append(row)
        covers.append(cover)
        widths.append(width)
        stops.append(stop or (np.nan, np.nan, False))
    stop_table = np.array(stops, dtype=float)
    return Outcome(
        np.abs(np.array(rows)),
        np.array(covers, dtype=float),
        np.array(widths),
        stop_table[:, 0],
        np.abs(stop_table[:, 1]),
        stop_table[:, 2],
        1000.0 * spent / pulses,
    )


def cell(error: Array) -> str:
    """Median / 95th percentile."""
    return f"{np.nanmedian(error):5.2f} /{np.nanquantile(error, 0.95):5.1f}"


class Bars:
    """Figures with a bar, each printed with PASS or FAIL."""

    def __init__(self) -> None:
        self.all_hold = True

    def at_most(self, what: str, value: float, bar: float) -> None:
        """One figure that must not exceed its bar."""
        self._say(what, f"{value:.2f} <= {bar:g}", value <= bar)

    def at_least(self, what: str, value: float, bar: float) -> None:
        """One figure that must reach its bar."""
        self._say(what, f"{value:.2f} >= {bar:g}", value >= bar)

    def _say(self, what: str, relation: str, holds: bool) -> None:
        self.all_hold &= holds
        print(f"{'PASS' if holds else 'FAIL'}  {what}: {relation}", flush=True)


def print_peers(seed: int, count: int) -> Outcome:
    """The published population, all methods; returns ours."""
    print(f"field, {count} subjects; |error| %, median / 95th percentile after so many pulses")
    print(f"{'method':20s}" + "".join(f"{m:>13d}" for m in MARKS) + "   CPU ms/pulse")
    kept: Outcome | None = None
    for name in METHODS:
        outcome = run(name, WORLDS["field"], seed, count)
        cells = "".join(f"{cell(outcome.error[:, j]):>13s}" for j in range(len(MARKS)))
        print(f"{name:20s}{cells}   {outcome.ms_per_pulse:.3f}", flush=True)
        kept = kept or outcome
    assert kept is not None
    return kept


def print_worlds(seed: int, count: int, field: Outcome) -> dict[str, Outcome]:
    """Ours in every world: accuracy, coverage and width of the 95 % interval, own stopping rule."""
    print(f"\nbedside, adaptive, {count} subjects a world (field as above)")
    print(f"{'world':12s}{'10':>13s}{'20':>13s}{'30':>13s}   95 % interval covers (width %)      own stop")
    outcomes = {}
    for name, world in WORLDS.items():
        outcome = field if name == "field" else run("bedside, adaptive", world, seed, count)
        outcomes[name] = outcome
        cells = "".join(f"{cell(outcome.error[:, MARKS.index(m)]):>13s}" for m in (10, 20, 30))
        cover = "".join(
            f"{100 * outcome.covered[:, j].mean():4.0f} ({np.median(outcome.width[:, j]):4.1f})" for j in (0, 2, 4)
        )
        within = 100 * np.mean(outcome.stop_error <= 5.0)
        stop = f"{np.median(outcome.stop_pulses):3.0f} pulses, {within:3.0f} % within 5 %"
        print(f"{name:12s}{cells}  {cover}   {stop}, covers {100 * outcome.stop_covered.mean():.0f}", flush=True)
    return outcomes


def judge(outcomes: dict[str, Outcome]) -> bool:
    """The bars."""
    print()
    bars = Bars()
    field, lapse = outcomes["field"], outcomes["lapse"]
    at_20 = MARKS.index(20)
    bars.at_most("field, 20 pulses, median |error| %", float(np.median(field.error[:, at_20])), 1.45)
    bars.at_most("field, 20 pulses, 95th percentile", float(np.quantile(field.error[:, at_20], 0.95)), 4.5)
    bars.at_most("4 % wrong trials, 20 pulses, median", float(np.median(lapse.error[:, at_20])), 1.65)
    bars.at_most("4 % wrong trials, 95th percentile", float(np.quantile(lapse.error[:, at_20], 0.95)), 5.2)
    bars.at_most("own stop, median pulses", float(np.median(field.stop_pulses)), 22)
    bars.at_least("own stop, % of subjects within 5 %", 100 * float(np.mean(field.stop_error <= 5.0)), 95)
    worst = min(outcomes, key=lambda w: outcomes[w].covered[:, at_20].mean())
    coverage = 100 * float(outcomes[worst].covered[:, at_20].mean())
    bars.at_least(f"95 % interval at 20 pulses, worst world ({worst}), % covered", coverage, 92)
    bars.at_most("CPU ms a pulse", field.ms_per_pulse, 2.0)
    return bars.all_hold


def main(subjects_in_field: int = 600, seed: int = 11) -> bool:
    """Print the tables and the bars; False when one does not hold."""
    field = print_peers(seed, subjects_in_field)
    return judge(print_worlds(seed, max(20, subjects_in_field // 4), field))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--subjects", type=int, default=600, help="in the published population; a quarter elsewhere")
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    sys.exit(0 if main(given.subjects, given.seed) else 1)
