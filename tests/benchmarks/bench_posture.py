"""Posture: ours beside the formulas that other programs use, their authors' published values, known areas, and time.

`python -m tests.benchmarks.bench_posture`. The peers' formulas are written down here from their descriptions, so that
all run on the same arrays in the same run; a ratio is theirs over ours.
"""

import csv
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.special import fdtri

from dsp.posture import Posture, analyse, outline_area_cm2

Array = NDArray[np.float64]
Formula = Callable[[Array, Array], float]

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data" / "cop"
RATE_HZ, SECONDS = 100.0, 60.0
ASKED_MS, AGREEMENT, TRUTH = 35.0, 1e-6, 0.01
LIBRARY_OUTLINES_CM2 = {
    "BDS00001": 0.38066359096648,
    "BDS00010": 4.159088008151808,
    "BDS00037": 1.561642792007566,
    "BDS00043": 35.00920959962161,
    "BDS00190": 9.75393639125225,
    "PDS13OR1": 3.6073853640647946,
}
"""By shapely 2.2.0: union of the track's pieces, its polygons, the sum of their areas. It is not needed to run this."""
REPEATS = 15


def steps_over_n(x: Array, y: Array) -> float:
    """Speed (cm/s) as path over n samples."""
    return float(np.hypot(np.diff(x), np.diff(y)).sum()) * RATE_HZ / x.size


def generalised_variance(x: Array, y: Array, ddof: int) -> float:
    """Square root of the covariance's determinant (cm2)."""
    return math.sqrt(float(np.linalg.det(np.cov(x, y, ddof=ddof))))


def with_f(x: Array, y: Array) -> float:
    """The F prediction ellipse (cm2) by its half axes."""
    n = x.size
    scale = float(fdtri(2, n - 2, 0.95)) * 2 * (n - 1) * (n + 1) / (n * (n - 2))
    return (
        math.pi
        * scale
        * float(np.prod(np.linalg.svd(np.stack((x - x.mean(), y - y.mean())), compute_uv=False)))
        / (n - 1)
    )


def with_f_over_n(x: Array, y: Array) -> float:
    """The same with a covariance over n."""
    return with_f(x, y) * (x.size - 1) / x.size


PEERS: dict[str, tuple[str, Formula]] = {
    "BMClab: F ellipse": ("ellipse_area_cm2", with_f),
    "Quijoux: F, over n": ("ellipse_area_cm2", with_f_over_n),
    "openbalance, vaila: chi2": ("ellipse_area_cm2", lambda x, y: 5.991465 * math.pi * generalised_variance(x, y, 1)),
    "Prieto 1996: 6 pi": ("ellipse_area_cm2", lambda x, y: 6.0 * math.pi * generalised_variance(x, y, 0)),
    "openbalance: hull": ("hull_area_cm2", lambda x, y: float(ConvexHull(np.column_stack((x, y))).volume)),
    "BMClab: path over n": ("mean_speed_cm_s", steps_over_n),
}
LIMITS = {"BMClab: F ellipse": 1e-9, "openbalance: hull": 1e-9}
"""Where a peer means the same thing; the others' formulas may differ by 0.3 %."""
OTHER_FORMULA = 0.003


def published(folder: Path) -> dict[str, tuple[Array, Array, dict[str, float]]]:
    """x, y (cm) and the authors' own values of each recording that has them."""
    made = {}
    for name, values in json.loads((folder / "manifest.json").read_text())["files"].items():
        if "coparea" not in values:
            continue
        with (folder / name).open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        net = "net_cop_ml_m" in rows[0]
        keys, scale = (("net_cop_ml_m", "net_cop_ap_m"), 100.0) if net else (("cop_ml_cm", "cop_ap_cm"), 1.0)
        x, y = (scale * np.array([float(row[key]) for row in rows]) for key in keys)
        made[name.removesuffix(".csv")] = (
            x,
            y,
            {key: float(values[key]) for key in ("coparea", "copvelo", "copmfreq")},
        )
    return made


def held(name: str, worst: float, asked: float) -> bool:
    """Print one figure with its verdict."""
    well = worst <= asked
    print(f"  {'PASS' if well else 'FAIL'}  {name:<42} {worst:9.1e}   asked {asked:.0e}")
    return well


def against_published(tracks: dict[str, tuple[Array, Array, dict[str, float]]]) -> bool:
    """The largest relative difference to the authors' values over all recordings."""
    worst = {"coparea": 0.0, "copvelo": 0.0, "copmfreq": 0.0}
    print(f"\n  {'recording':<12}{'path':>9}{'speed':>8}{'sector':>8}{'hull':>8}{'ellipse':>9}{'1/cm':>7}{'Hz':>8}")
    for name, (x, y, values) in tracks.items():
        made = analyse(x, y, RATE_HZ)
        ours = {
            "coparea": made.ellipse_area_cm2,
            "copvelo": made.mean_speed_cm_s * (x.size - 1) / x.size,
            "copmfreq": made.frequency_hz,
        }
        worst = {key: max(worst[key], abs(ours[key] / values[key] - 1)) for key in worst}
        print(row(name, made))
    print("\nagainst the authors' published values (relative, worst of all recordings)")
    names = {"coparea": "ellipse area", "copvelo": "speed (theirs over n)", "copmfreq": "mean frequency"}
    verdicts = [held(names[key], worst[key], AGREEMENT) for key in worst]
    return all(verdicts)


def row(name: str, made: Posture) -> str:
    """One recording as printed."""
    per = made.path_per_area_per_cm or math.nan
    return (
        f"  {name:<12}{made.path_length_cm:9.3f}{made.mean_speed_cm_s:8.4f}{made.sector_area_cm2:8.3f}"
        f"{made.hull_area_cm2:8.3f}{made.ellipse_area_cm2:9.4f}{per:7.2f}{made.frequency_hz:8.4f}"
    )


def against_a_geometry_library(tracks: dict[str, tuple[Array, Array, dict[str, float]]]) -> bool:
    """The exact outline, and how long it takes: it is no part of what the display waits for."""
    print("\nexact outline against a geometry library's (relative, worst of all recordings that have one)")
    known = {name: (x, y) for name, (x, y, _) in tracks.items() if name in LIBRARY_OUTLINES_CM2}
    ours = {name: outline_area_cm2(x, y) or math.nan for name, (x, y) in known.items()}
    worst = max((abs(ours[name] / LIBRARY_OUTLINES_CM2[name] - 1) for name in known), default=math.nan)
    took = [best_ms(lambda x=x, y=y: outline_area_cm2(x, y)) for x, y in known.values()]  # type: ignore[misc]
    print(f"  {len(known)} recordings of 60 s, {min(took):.0f} to {max(took):.0f} ms each")
    return held("exact outline", worst, 1e-9)


def against_peers(tracks: list[tuple[Array, Array]]) -> bool:
    """Ratios of the peers' formulas to ours, and their time beside that of all our measures together."""
    print(f"\n  {'peer':<26}{'lowest ratio':>14}{'highest':>12}{'ms':>8}")
    well = []
    for name, (ours, formula) in PEERS.items():
        ratios = [formula(x, y) / getattr(analyse(x, y, RATE_HZ), ours) for x, y in tracks]
        took = best_ms(lambda formula=formula: formula(*tracks[0]))  # type: ignore[misc]
        print(f"  {name:<26}{min(ratios):14.9f}{max(ratios):12.9f}{took:8.2f}")
        well.append(max(abs(ratio - 1) for ratio in ratios) <= LIMITS.get(name, OTHER_FORMULA))
    print(f"  {'PASS' if all(well) else 'FAIL'}: as close as the definitions are")
    return all(well)


def against_truth() -> bool:
    """Shapes whose path and areas are known."""
    t = np.arange(int(SECONDS * RATE_HZ) + 1) / RATE_HZ
    turn = 2 * np.pi * 0.3 * t
    circle, ellipse = (
        analyse(2 * np.cos(turn), 2 * np.sin(turn), RATE_HZ),
        analyse(2 * np.cos(turn), np.sin(turn), RATE_HZ),
    )
    normal = np.random.default_rng(5).normal(size=(2, 60_001))
    cloud = analyse(0.3 * normal[0], 0.6 * normal[1], 1000.0)
    line = analyse(np.cos(turn), 2 * np.cos(turn), RATE_HZ)
    print("\nagainst shapes of known size (relative)")
    figures = {
        "path of a circle": circle.path_length_cm / (72 * np.pi),
        "speed of a circle": circle.mean_speed_cm_s / (1.2 * np.pi),
        "sector outline of a circle": circle.sector_area_cm2 / (4 * np.pi),
        "hull of a circle": circle.hull_area_cm2 / (4 * np.pi),
        "path per area of a circle": (circle.path_per_area_per_cm or 0.0) / 18,
        "sector outline of an ellipse": ellipse.sector_area_cm2 / (2 * np.pi),
        "hull of an ellipse": ellipse.hull_area_cm2 / (2 * np.pi),
        "exact outline of an ellipse": (outline_area_cm2(2 * np.cos(turn), np.sin(turn)) or 0.0) / (2 * np.pi),
        "95 % ellipse of normal positions": cloud.ellipse_area_cm2 / (np.pi * 0.18 * -2 * math.log(0.05)),
        "path of a line": line.path_length_cm / (18 * 4 * math.sqrt(5)),
    }
    verdicts = [held(name, abs(ratio - 1), TRUTH) for name, ratio in figures.items()]
    return all(verdicts)


def best_ms(work: Callable[[], object]) -> float:
    """Least time (ms) of one call, which other work on the machine disturbs least."""
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        took.append(1e3 * (time.perf_counter() - start))
    return min(took)


def speed(x: Array, y: Array) -> bool:
    """All measures of 60 s at 100 Hz."""
    plain, filtered = best_ms(lambda: analyse(x, y, RATE_HZ)), best_ms(lambda: analyse(x, y, RATE_HZ, lowpass_hz=10.0))
    well = max(plain, filtered) <= ASKED_MS
    print(f"\n  all measures of {x.size} samples: {plain:.1f} ms as given, {filtered:.1f} ms with a low-pass of 10 Hz")
    print(f"  {'PASS' if well else 'FAIL'}: asked {ASKED_MS:g} ms")
    return well


def main() -> bool:
    """Print the tables; False when a figure does not hold."""
    well = [against_truth()]
    if SHARED_DATA.is_dir():
        real = published(SHARED_DATA)
        well += [against_published(real), against_a_geometry_library(real)]
        tracks = [(x, y) for x, y, _ in real.values()]
    else:
        print(f"\nrecordings: not found at {SHARED_DATA}; walks of random steps instead")
        tracks = [tuple(0.02 * np.cumsum(np.random.default_rng(1).normal(size=(2, 6000)), axis=1))]
    well += [against_peers(tracks), speed(*tracks[0])]
    return all(well)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
