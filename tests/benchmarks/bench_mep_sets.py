"""Recruitment curves and silent periods with known truth: ours beside the usual ways.

`python -m tests.benchmarks.bench_mep_sets`. Curves: a sigmoid with multiplicative spread, strays among the trials, or
no plateau. Silent periods: a contraction that is back at a known instant, at once or over 20 ms.
"""

import sys
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit

from dsp.recruitment import fit_recruitment
from dsp.silent import silent_period
from tests.helpers.modelled_mep import muscle_noise, response

Array = NDArray[np.float64]
Curve = Callable[[Array, Array], float | None]
Silence = Callable[[Array, float, int], float | None]

OURS = "bedside"
CURVES, SWEEPS = 120, 150
S50, K, PLATEAU_UV = 55.0, 3.0, 2000.0
RATE_HZ, N, TRIGGER = 5000.0, 4000, 1500


def trials(rng: np.random.Generator, top_pct_mso: float, *, strays: bool) -> tuple[Array, Array]:
    """Five trials a level from 30 %MSO in steps of 5; with strays every tenth is wrong by a factor of 20."""
    at = np.repeat(np.arange(30.0, top_pct_mso + 1.0, 5.0), 5)
    uv = PLATEAU_UV / (1.0 + np.exp((S50 - at) / K)) * np.exp(rng.normal(0.0, 0.4, at.size))
    uv += 9.0 * np.exp(rng.normal(0.0, 0.2, at.size))
    wrong = rng.random(at.size) < (0.1 if strays else 0.0)
    return at, np.where(wrong, uv * rng.choice([0.05, 20.0], at.size), uv)


def ours_curve(at: Array, uv: Array) -> float | None:
    """S50 by our fit."""
    found = fit_recruitment(at, uv)
    return None if found.s50_pct_mso is None else found.s50_pct_mso.value


def plain_curve(at: Array, uv: Array) -> float | None:
    """S50 by least squares in uV, as most papers do."""
    start = (float(np.max(uv)), float(np.mean(at)), 5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (RuntimeWarning, OptimizeWarning))
        try:
            fitted = curve_fit(lambda x, top, mid, k: top / (1.0 + np.exp((mid - x) / k)), at, uv, start)[0]
        except RuntimeError:
            return None
    return float(fitted[1])


def sweep(rng: np.random.Generator, return_over_ms: float) -> tuple[Array, float]:
    """A contracting muscle's sweep and the instant of its return (ms); NaN for one that never falls silent."""
    t_ms = (np.arange(N) - TRIGGER) * 1000.0 / RATE_HZ
    onset_ms, back_ms = float(rng.uniform(25.0, 38.0)), float(rng.uniform(110.0, 220.0))
    rise = np.clip((t_ms - back_ms) / max(return_over_ms, 1e-3), 0.0, 1.0)
    active = np.where(t_ms < onset_ms, 1.0, rise)
    evoked = response(t_ms, onset_ms=onset_ms, amplitude_uv=float(rng.uniform(500, 3000)), shape="gamma", rng=rng)
    noise = muscle_noise(N, RATE_HZ, float(rng.uniform(60, 150)), rng)
    return noise * active + muscle_noise(N, RATE_HZ, 2.0, rng) + evoked, back_ms


def ours_silence(trace: Array, rate_hz: float, trigger: int) -> float | None:
    """The return by our rule."""
    return silent_period(trace, rate_hz, trigger).return_ms


def half_of_mean(trace: Array, rate_hz: float, trigger: int) -> float | None:
    """The end of the longest stretch with a 5 ms moving mean of the rectified trace below half of its mean before."""
    rectified = np.abs(trace)
    length = round(0.005 * rate_hz)
    quiet = np.convolve(rectified, np.ones(length) / length, "same") < 0.5 * rectified[: trigger - length].mean()
    edges = np.flatnonzero(np.diff(np.r_[0, quiet[trigger:].astype(int), 0])).reshape(-1, 2)
    if not len(edges):
        return None
    return float(edges[np.argmax(edges[:, 1] - edges[:, 0]), 1]) * 1000.0 / rate_hz


def over_two_sd(trace: Array, rate_hz: float, trigger: int) -> float | None:
    """From 60 ms on, the first sample over 2 SD of the contraction."""
    limit = 2.0 * float(np.std(trace[: trigger - 25]))
    late = trigger + round(0.06 * rate_hz)
    over = np.flatnonzero(np.abs(trace[late:]) > limit)
    return None if over.size == 0 else (late + int(over[0]) - trigger) * 1000.0 / rate_hz


def errors(found: list[float | None], truth: list[float]) -> tuple[float, float, float]:
    """Given (%), median and 95th percentile of the absolute error of those given."""
    off = [abs(one - true) for one, true in zip(found, truth, strict=True) if one is not None]
    given = 100.0 * len(off) / len(found)
    return (given, *(float(np.quantile(off, q)) for q in (0.5, 0.95))) if off else (given, np.nan, np.nan)


def curves() -> bool:
    """S50 of three kinds of data; where no plateau was reached, every number given is a wrong one."""
    held = []
    for name, top, strays in (("clean", 80.0, False), ("one in ten wrong", 80.0, True), ("no plateau", 55.0, False)):
        rng = np.random.default_rng(3)
        made = [trials(rng, top, strays=strays) for _ in range(CURVES)]
        rows = {
            peer: errors([method(*one) for one in made], [S50] * CURVES)
            for peer, method in {"least squares in uV": plain_curve, OURS: ours_curve}.items()
        }
        print(f"\nS50 of {CURVES} curves, {name}: given, median and 95 % error")
        for peer, (given, median, worst) in rows.items():
            print(f"  {peer:<24}{given:6.0f} %{median:9.2f}{worst:9.2f} %MSO")
        ours, peer_row = rows[OURS], rows["least squares in uV"]
        well = ours[0] <= 5.0 if name == "no plateau" else ours[0] >= 90.0 and ours[2] <= peer_row[2]
        print(f"  {'PASS' if well else 'FAIL'}: asked {'refusals' if name == 'no plateau' else 'no worse tail'}")
        held.append(well)
    return all(held)


def silences() -> bool:
    """The return of two kinds of contraction, and contractions without a silence."""
    held = []
    methods: dict[str, Silence] = {"half of mean": half_of_mean, "over 2 SD": over_two_sd, OURS: ours_silence}
    for name, over_ms, bar_ms in (("at once", 0.0, 0.5), ("over 20 ms", 20.0, 10.0)):
        rng = np.random.default_rng(4)
        made = [sweep(rng, over_ms) for _ in range(SWEEPS)]
        truth = [back for _, back in made]
        rows = {peer: errors([m(x, RATE_HZ, TRIGGER) for x, _ in made], truth) for peer, m in methods.items()}
        print(f"\nreturn of {SWEEPS} contractions, {name}: given, median and 95 % error")
        for peer, (given, median, worst) in rows.items():
            print(f"  {peer:<24}{given:6.0f} %{median:9.2f}{worst:9.2f} ms")
        well = rows[OURS][0] >= 99.0 and rows[OURS][1] <= bar_ms and rows[OURS][1] <= rows["half of mean"][1]
        print(f"  {'PASS' if well else 'FAIL'}: asked given 99 %, median {bar_ms:g} ms, and no more than half of mean")
        held.append(well)
    rng = np.random.default_rng(5)
    blanks = [muscle_noise(N, RATE_HZ, 90.0, rng) for _ in range(SWEEPS)]
    wrong = {peer: sum(m(x, RATE_HZ, TRIGGER) is not None for x in blanks) for peer, m in methods.items()}
    print(f"\nsilent periods in {SWEEPS} contractions that have none: {wrong}")
    print(f"  {'PASS' if wrong[OURS] == 0 else 'FAIL'}: asked none")
    return all([*held, wrong[OURS] == 0])


def main() -> bool:
    """Print the tables; False when a figure does not hold."""
    return all([curves(), silences()])


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
