"""The recorded patient: real responses of tibialis anterior, scaled to what the patient's recruitment curve asks for.

A sweep file is NumPy `.npz` with `raw_epochs_uv` (n, samples), `fs` (Hz), `t0_index` (sample of the pulse) and per
sweep `ref_present`, `ref_onset_ms`, `ref_duration_ms`. Shape, latency and resting noise are the recording's; how large
a response is at an intensity comes from the simulated recruitment curve, so that the true threshold stays known.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hal.sim.patient.waveform import GRID_MS, Array

FILES = ("ta_lici_3k.npz", "ta_repsupp_3k.npz")
KEYS = ("raw_epochs_uv", "fs", "t0_index", "ref_present", "ref_onset_ms", "ref_duration_ms")
LEAD_MS, TRAIL_MS, TAPER_MS = 2.0, 8.0, 1.5
QUIET_UV = 3.0
OVERLAP = 15
CHANNEL_PREFIX = "TA "


class RecordingError(Exception):
    """Recordings that are missing or not what they should be; the message names file and remedy."""


@dataclass(frozen=True, slots=True)
class RecordedShape:
    """A response of unit peak-to-peak on the grid of `GRID_MS`, from `start_ms` after the pulse."""

    start_ms: float
    wave: Array


class RecordedSweeps:
    """The sweeps of a folder, as shapes and resting noise for `Patient`; raises `RecordingError`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(4)[3])
        self.shapes: list[RecordedShape] = []
        pieces: list[Array] = []
        self._rate_hz = 0.0
        for name in FILES:
            sweeps = _load(folder / name)
            self._rate_hz = float(sweeps["fs"])
            self.shapes += _shapes(sweeps)
            pieces += _quiet_pieces(sweeps)
        if not self.shapes or len(pieces) < 2:
            raise RecordingError(f"{folder}: no usable sweep in {', '.join(FILES)}")
        self._rest = _joined(pieces)

    def shape(self, channel: str) -> RecordedShape | None:
        """A random recorded response for a tibialis anterior channel; None for other muscles."""
        if not channel.startswith(CHANNEL_PREFIX):
            return None
        return self.shapes[self._rng.integers(len(self.shapes))]

    def rest(self, channel: str, rate_hz: float) -> NDArray[np.float32] | None:
        """Recorded resting noise, unit RMS, (n,) at `rate_hz`; None for other muscles."""
        if not channel.startswith(CHANNEL_PREFIX):
            return None
        noise = _resampled(self._rest, rate_hz / self._rate_hz)
        # Left and right play the same seconds of noise from different places.
        noise = np.roll(noise, noise.size // 3 if channel.endswith("right") else 0)
        return np.asarray(noise / noise.std(), dtype=np.float32)


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    if not path.is_file():
        raise RecordingError(f"{path} not found: give the folder that holds {' and '.join(FILES)}")
    try:
        with np.load(path) as data:
            return {key: data[key] for key in KEYS}
    except (KeyError, ValueError, OSError) as error:
        raise RecordingError(f"{path} is not a sweep file with {', '.join(KEYS)}: {error}") from error


def _shapes(sweeps: dict[str, NDArray[np.generic]]) -> list[RecordedShape]:
    traces = np.asarray(sweeps["raw_epochs_uv"], dtype=np.float64)
    rate_hz, t0 = float(np.float64(sweeps["fs"])), int(np.int64(sweeps["t0_index"]))
    shapes = []
    for index in np.flatnonzero(sweeps["ref_present"]):
        onset_ms = float(sweeps["ref_onset_ms"][index])
        start_ms = onset_ms - LEAD_MS
        end_ms = onset_ms + float(sweeps["ref_duration_ms"][index]) + TRAIL_MS
        first, last = (t0 + round(ms * rate_hz / 1000) for ms in (start_ms, end_ms))
        if last <= traces.shape[1]:
            shapes.append(RecordedShape((first - t0) * 1000 / rate_hz, _unit(traces[index, first:last], rate_hz)))
    return shapes


def _unit(piece: Array, rate_hz: float) -> Array:
    level = np.linspace(piece[:3].mean(), piece[-3:].mean(), piece.size)
    fine = _resampled(piece - level, 1000 / GRID_MS / rate_hz)
    edge = round(TAPER_MS / GRID_MS)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    fine[:edge] *= ramp
    fine[-edge:] *= ramp[::-1]
    return np.asarray(fine / np.ptp(fine))


def _quiet_pieces(sweeps: dict[str, NDArray[np.generic]]) -> list[Array]:
    before = np.asarray(sweeps["raw_epochs_uv"], dtype=np.float64)[:, : int(np.int64(sweeps["t0_index"])) - 6]
    before = before - before.mean(axis=1, keepdims=True)
    return [piece for piece in before if piece.std() < QUIET_UV]


def _joined(pieces: list[Array]) -> Array:
    """All pieces end to end and round again, each faded into the next at equal power."""
    fade = np.sin(np.pi / 2 * (np.arange(OVERLAP) + 0.5) / OVERLAP)
    step = pieces[0].size - OVERLAP
    total = np.zeros(step * len(pieces))
    for index, piece in enumerate(pieces):
        faded = piece / piece.std()
        faded[:OVERLAP] *= fade
        faded[-OVERLAP:] *= fade[::-1]
        total[(index * step + np.arange(faded.size)) % total.size] += faded
    return total


def _resampled(periodic: Array, ratio: float) -> Array:
    """Band-limited resampling of a trace whose end meets its start."""
    size = round(periodic.size * ratio)
    return np.asarray(np.fft.irfft(np.fft.rfft(periodic), size) * size / periodic.size)
