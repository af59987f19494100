"""Whether a track can be a standing person's, before anything is measured: the first reason against it, in words."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SHORTEST_S = 5.0
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 10.0, 5000.0
LONGEST_GAP_S = 0.1
MOST_MISSING = 0.02
MOST_ABSENT = 0.5
LEAST_LOAD_KG = 20.0
LEAST_OF_BODY = 0.25
LEAST_OF_FAIR_SHARE = 0.04
HEAVIEST_KG = 300.0
FARTHEST_CM = 60.0
WIDEST_X_CM, WIDEST_Y_CM = 60.0, 32.0
"""Between the outer edges of two feet in a wide stance; the length of a long foot."""
LONGEST_FROZEN_S, FROZEN_OF_USUAL = 0.25, 20.0
FASTEST_CM_S = 40.0
"""Eight times a very unsteady person on foam; an unsteady stand in millimetres is as fast."""
STILLEST_RMS_CM = 0.03
"""No living stander is as still; 1 cm of sway given in metres is."""


@dataclass
class Checked:
    """A track without gaps, or why there is none."""

    x: Array
    y: Array
    refusal: str | None = None
    warnings: list[str] = field(default_factory=list)


def checked(x: Array, y: Array, rate_hz: float, loads_kg: Array | None) -> Checked:
    """Refuse what cannot be measured and fill gaps of up to 0.1 s, 2 % in all."""
    track = Checked(x.copy(), y.copy())
    track.refusal = _rate(rate_hz) or _length(x.size, rate_hz)
    if track.refusal is None and loads_kg is not None:
        track.refusal = _loads(loads_kg)
        if track.refusal is None:
            _void_unloaded(track, loads_kg)
    if track.refusal is None:
        track.refusal = absent(track.x, track.y)
    if track.refusal is None:
        _bridge(track, rate_hz)
    if track.refusal is None:
        track.refusal = (
            reach(track.x, track.y)
            or _stillness(track.x, track.y)
            or _frozen(track.x, track.y, rate_hz)
            or _rush(track.x, track.y, rate_hz)
        )
    return track


def absent(x: Array, y: Array) -> str | None:
    """Why a track (n,) is of nobody: for the most part it has no position, as a plate gives none without a load."""
    share = float(np.mean(~(np.isfinite(x) & np.isfinite(y)))) if x.size else 0.0
    if share < MOST_ABSENT:
        return None
    return (
        f"nobody on the plate, or no connection: no position for {100.0 * share:.0f} % of the trial; zero the empty "
        "plate and repeat the trial"
    )


def mended(x: Array, y: Array, loads_kg: Array | None, rate_hz: float) -> tuple[Array, Array, Array | None]:
    """A moving person's track and loads, with drop-outs of up to 0.1 s filled by straight lines; longer gaps stay NaN.

    A drop-out is a sample that is missing, or carries hardly any load. A longer time without load is left as it is: a
    person who stepped off is no gap.
    """
    columns = np.column_stack((x, y) if loads_kg is None else (x, y, loads_kg))
    bad = np.asarray(~np.isfinite(columns).all(axis=1), dtype=bool)
    if loads_kg is not None and not bad.all():
        total = loads_kg.sum(axis=1)
        bad = np.asarray(bad | (total < max(LEAST_LOAD_KG, LEAST_OF_BODY * float(np.nanmedian(total)))))
    known = np.flatnonzero(~bad)
    for first, last in _stretches(bad):
        if first > 0 and last < bad.size and (last - first) / rate_hz <= LONGEST_GAP_S + 1e-9:
            at = np.arange(first, last)
            columns[at] = np.column_stack([np.interp(at, known, column[known]) for column in columns.T])
    return columns[:, 0], columns[:, 1], None if loads_kg is None else columns[:, 2:]


def _stretches(bad: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one past the last of each run of bad samples."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bad, [False])).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _rate(rate_hz: float) -> str | None:
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        return f"rate: {rate_hz:g} Hz is not between {LOWEST_RATE_HZ:g} and {HIGHEST_RATE_HZ:g} Hz; check the recording"
    return None


def _length(n: int, rate_hz: float) -> str | None:
    seconds = max(n - 1, 0) / rate_hz
    if seconds < SHORTEST_S:
        return f"too short: {seconds:.2f} s, at least {SHORTEST_S:g} s are needed (30 s are the rule); repeat the trial"
    return None


def _loads(loads_kg: Array) -> str | None:
    known = np.isfinite(loads_kg).all(axis=1)
    if not known.any():
        return "missing samples: the loads are no numbers; check the plate's cable"
    total = loads_kg.sum(axis=1)
    standing = known & (total >= LEAST_LOAD_KG)
    share = 1.0 - np.count_nonzero(standing) / np.count_nonzero(known)
    if share > MOST_MISSING:
        return f"off the plate: less than {LEAST_LOAD_KG:g} kg on it during {100 * share:.0f} % of the trial; repeat it"
    on_it = loads_kg[standing]
    body = float(np.median(total[standing]))
    if body > HEAVIEST_KG:
        return f"units: {body:.0f} kg stand on the plate; are the loads in newton?"
    cells = np.median(on_it, axis=0)
    weak = np.flatnonzero(~(cells >= LEAST_OF_FAIR_SHARE * body / loads_kg.shape[1]))
    if weak.size:
        return (
            f"unloaded cell: {_numbers(weak)} of {loads_kg.shape[1]} carries nothing; check the plate's feet and cable"
        )
    stuck = np.flatnonzero(np.ptp(on_it, axis=0) == 0)
    if 0 < stuck.size < loads_kg.shape[1]:
        return f"stuck cell: {_numbers(stuck)} of {loads_kg.shape[1]} never changes; check its cable"
    return None


def _numbers(cells: NDArray[np.intp]) -> str:
    return "cell " + ", ".join(str(cell + 1) for cell in cells)


def _void_unloaded(track: Checked, loads_kg: Array) -> None:
    """Where too little stands on the plate the centre of pressure means nothing: judged by load, not by position."""
    total = loads_kg.sum(axis=1)
    off = ~(total >= max(LEAST_LOAD_KG, LEAST_OF_BODY * float(np.nanmedian(total))))
    track.x[off] = np.nan
    track.y[off] = np.nan


def _bridge(track: Checked, rate_hz: float) -> None:
    bad = ~(np.isfinite(track.x) & np.isfinite(track.y))
    missing = int(np.count_nonzero(bad))
    if not missing:
        return
    longest_s = max(last - first for first, last in _stretches(bad)) / rate_hz
    if longest_s > LONGEST_GAP_S + 1e-9 or missing > MOST_MISSING * bad.size:
        share = 100.0 * missing / bad.size
        track.refusal = (
            f"missing samples: {missing} ({share:.1f} %), the longest gap {longest_s:.2f} s; repeat the trial"
        )
        return
    at, known = np.arange(bad.size), np.flatnonzero(~bad)
    track.x[bad] = np.interp(at[bad], known, track.x[known])
    track.y[bad] = np.interp(at[bad], known, track.y[known])
    track.warnings.append(f"missing samples: {missing} were filled by straight lines, which shortens the path")


def reach(x: Array, y: Array) -> str | None:
    """Why a track (cm) reaches farther than two feet on a plate can carry it; None when it does not."""
    farthest = float(max(np.max(np.abs(x)), np.max(np.abs(y))))
    if farthest > FARTHEST_CM:
        return f"off the plate: {farthest:.0f} cm from its origin; is the position in millimetres, or the plate empty?"
    wide, deep = float(np.ptp(x)), float(np.ptp(y))
    if wide > WIDEST_X_CM or deep > WIDEST_Y_CM:
        return (
            f"not standing: it moved over {wide:.0f} cm sideways and {deep:.0f} cm to the front, more than two feet "
            "cover; a step, swapped axes, or millimetres"
        )
    return None


def _stillness(x: Array, y: Array) -> str | None:
    spread = float(np.hypot(np.std(x), np.std(y)))
    if spread == 0:
        return "stuck: the centre of pressure never moves; the sensor stopped, or a dead weight stands on the plate"
    for name, axis in (("sideways", x), ("to the front", y)):
        if np.ptp(axis) == 0:
            return f"stuck: the position {name} never changes; check the plate's cells and the file's columns"
    if spread < STILLEST_RMS_CM:
        return f"units: {spread:.4f} cm RMS is too still for a person; is the position in metres?"
    return None


def _frozen(x: Array, y: Array, rate_hz: float) -> str | None:
    """A stretch without any change: the sensor stopped, or the person left and the last position was held."""
    moved = np.flatnonzero((np.diff(x) != 0) | (np.diff(y) != 0))
    still = np.diff(np.concatenate(([-1], moved, [x.size - 1])))
    at = int(np.argmax(still))
    # a position in coarse steps stands still by itself, at the turning points of sway
    usual = float(np.mean(still))
    if still[at] / rate_hz > max(LONGEST_FROZEN_S, FROZEN_OF_USUAL * usual / rate_hz):
        begin_s = float(np.concatenate(([-1], moved))[at] + 1) / rate_hz
        return (
            f"stuck: no change for {still[at] / rate_hz:.2f} s from {begin_s:.2f} s on; the sensor stopped; repeat it"
        )
    return None


def _rush(x: Array, y: Array, rate_hz: float) -> str | None:
    """Faster than anyone sways, by means over 0.1 s, so that noise does not count."""
    length = max(round(0.1 * rate_hz), 1)
    blocks = x.size // length
    mean_x, mean_y = (axis[: blocks * length].reshape(blocks, length).mean(axis=1) for axis in (x, y))
    speed_cm_s = float(np.hypot(np.diff(mean_x), np.diff(mean_y)).mean()) * rate_hz / length
    if speed_cm_s > FASTEST_CM_S:
        return f"not standing: {speed_cm_s:.0f} cm/s on average; is the position in millimetres, or the rate wrong?"
    return None
