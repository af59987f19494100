"""EMG of pedalling: each channel's RMS over the test, its last four minutes, and each revolution of its leg."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.pedalling_files import Emg
from dsp.cycling import Cycling, Ride
from dsp.emg import HIGH_PASS_HZ, ORDER, OVERLAP, WINDOW_MS, high_passed, moving_rms, rms_between
from dsp.emg_faults import fault_of

Array = NDArray[np.float64]
Legs = Mapping[str, tuple[Cycling, Ride | None]]

SIDES = ("left", "right")
METHOD = {
    "high_pass_hz": HIGH_PASS_HZ,
    "order": ORDER,
    "direction": "forward and back",
    "detrend": "mean of each window",
    "window_ms": WINDOW_MS,
    "overlap": OVERLAP,
}


def emg_report(emg: Emg, legs: Legs, reference: str | None) -> dict[str, Any]:
    """Each channel, the mean of all, and the symmetry of muscles that were measured on both sides.

    A channel's revolutions are those of the leg in its name, else of the leg called `reference`. The whole test is what
    of the motion was measured; without any leg it is all of the EMG.
    """
    if emg.rate_hz <= 2 * HIGH_PASS_HZ:
        why = f"{emg.rate_hz:g} Hz is too slow for EMG"
        return {"rate_hz": emg.rate_hz, "refusal": why, "channels": [], "mean_rms_uv": None, "symmetry": {}} | METHOD
    channels = [_channel(emg, number, legs, reference) for number in range(len(emg.channels))]
    measured = [one["rms_uv"] for one in channels if one["rms_uv"] is not None and np.isfinite(one["rms_uv"])]
    return METHOD | {
        "rate_hz": emg.rate_hz,
        "refusal": None,
        "channels": channels,
        "mean_rms_uv": float(np.mean(measured)) if measured else None,
        "symmetry": _pairs(channels),
    }


def symmetry(left: float | None, right: float | None) -> dict[str, float | None]:
    """`ratio` smaller over larger, `index_pct` 100 (left - right) / mean of both; None where one is missing."""
    if left is None or right is None or not (np.isfinite(left) and np.isfinite(right)) or left + right <= 0:
        return {"left": left, "right": right, "ratio": None, "index_pct": None}
    ratio, index_pct = min(left, right) / max(left, right), 200.0 * (left - right) / (left + right)
    return {"left": left, "right": right, "ratio": ratio, "index_pct": index_pct}


def _channel(emg: Emg, number: int, legs: Legs, reference: str | None) -> dict[str, Any]:
    name, raw = emg.channels[number], emg.samples_uv[:, number]
    fault, flags = fault_of(raw, emg.rate_hz)
    side = side_of(name)
    told: dict[str, Any] = {"name": name, "leg": side, "refusal": fault, "flags": flags}
    if fault is not None:
        return told | {"rms_uv": None, "last_4_min_rms_uv": None, "per_revolution_uv": []}
    signal = high_passed(raw[:, None], emg.rate_hz)
    leg, ride = legs.get(side or "", (None, None))
    if ride is None:
        leg, ride = legs.get(reference or "", (None, None))
    whole = (0.0, raw.size / emg.rate_hz)
    spans: dict[str, tuple[float, float] | None] = {"rms_uv": whole, "last_4_min_rms_uv": None}
    if ride is not None:
        last = ride.last_4_min
        spans["rms_uv"] = _inside(emg, ride.whole.start_s, ride.whole.end_s)
        spans["last_4_min_rms_uv"] = None if last is None else (last.start_s - emg.start_s, last.end_s - emg.start_s)
    values = {key: _span(signal, emg.rate_hz, span) for key, span in spans.items()}
    each = np.empty(0)
    if leg is not None:
        starts, ends = leg.revolution_start_s - emg.start_s, leg.revolution_s - emg.start_s
        each = rms_between(signal, emg.rate_hz, starts, ends)[:, 0]
    moving = moving_rms(signal, emg.rate_hz, high_pass_hz=None).rms_uv[:, 0]
    known, windows = each[np.isfinite(each)], moving[np.isfinite(moving)]
    return (
        told
        | values
        | {
            "per_revolution_uv": each.tolist(),
            "revolutions": int(known.size),
            "mean_per_revolution_uv": float(known.mean()) if known.size else None,
            "sd_per_revolution_uv": float(np.std(known, ddof=1)) if known.size > 1 else None,
            "highest_window_uv": float(windows.max()) if windows.size else None,
        }
    )


def _inside(emg: Emg, start_s: float, end_s: float) -> tuple[float, float]:
    """A stretch of the motion as the EMG counts, as far as there is EMG."""
    return max(start_s - emg.start_s, 0.0), min(end_s - emg.start_s, emg.samples_uv.shape[0] / emg.rate_hz)


def _span(signal: Array, rate_hz: float, span: tuple[float, float] | None) -> float | None:
    if span is None:
        return None
    return float(rms_between(signal, rate_hz, np.array([span[0]]), np.array([span[1]]))[0, 0])


def side_of(name: str) -> str | None:
    """The leg in a channel's name."""
    words = name.lower().replace("_", " ").replace("-", " ").split()
    return next((side for side in SIDES if side in words), None)


def _pairs(channels: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    by_muscle: dict[str, dict[str, float | None]] = {}
    for channel in channels:
        if channel["leg"] is not None:
            words = channel["name"].replace("_", " ").replace("-", " ").split()
            muscle = " ".join(word for word in words if word.lower() not in SIDES)
            by_muscle.setdefault(muscle, {})[channel["leg"]] = channel["rms_uv"]
    return {muscle: symmetry(sides["left"], sides["right"]) for muscle, sides in by_muscle.items() if len(sides) == 2}
