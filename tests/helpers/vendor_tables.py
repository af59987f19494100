"""Tables as other programs export them, for the shipped example mappings: a stand, a walk's samples, results."""

from collections.abc import Iterable, Sequence

import numpy as np

STAND_HEAD = "Time,COP ML (mm),COP AP (mm)"
RESULTS_HEAD = (
    "Gait cycle;Cadence;Speed [cm/s];Step length L;Step length R;Swing L;Swing R;Stance L;Stance R;"
    "Double support, initial;Double support, terminal"
)
RESULTS = "1,3;92,3;70;45,2;45,8;38,1;39,8;61,9;60,2;11,0;11,1"


def rows(head: str, lines: Iterable[Sequence[float]], digits: int = 4) -> bytes:
    """A comma table."""
    text = "\n".join(",".join(f"{value:.{digits}f}" for value in line) for line in lines)
    return f"{head}\n{text}\n".encode()


def stand(seconds: float = 40.0, rate_hz: float = 100.0, radius_mm: float = 10.0, turns_hz: float = 0.25) -> bytes:
    """A centre of pressure that goes round a circle: its path is speed times duration, 2 pi r f t."""
    t = np.arange(round(seconds * rate_hz) + 1) / rate_hz
    angle = 2 * np.pi * turns_hz * t
    return rows(STAND_HEAD, zip(t, radius_mm * np.cos(angle), radius_mm * np.sin(angle), strict=True))


def walk_results(line: str = RESULTS, head: str = RESULTS_HEAD) -> bytes:
    """A table of one walk's results."""
    return f"{head}\n{line}\n".encode()


def walk_samples(left: np.ndarray, right: np.ndarray, rate_hz: float) -> bytes:
    """Two feet, each (n, 6) of gyroscope (deg/s) and accelerometer (g)."""
    names = [f"{side} {kind} {axis}" for side in "LR" for kind in ("Gyr", "Acc") for axis in "XYZ"]
    t = np.arange(len(left)) / rate_hz
    return rows("Time," + ",".join(names), np.column_stack([t, left, right]), digits=6)
