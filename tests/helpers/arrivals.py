"""Samples of a simulated sensor as they arrive over a radio: late, in bunches, with holes; the truth beside them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

STATION_NS = 7_000_000_000_000


@dataclass(frozen=True)
class Arrivals:
    """What arrived: `index` (n,) of the samples that did, `true_ns` when each was taken, `arrival_ns` when it came."""

    index: NDArray[np.int64]
    true_ns: NDArray[np.int64]
    arrival_ns: NDArray[np.int64]
    rate_hz: float
    ppm: float

    def bunches(self) -> list[tuple[slice, int]]:
        """Rows that arrived together, with their time."""
        cuts = np.flatnonzero(np.diff(self.arrival_ns)) + 1
        edges = [0, *cuts.tolist(), len(self.index)]
        return [(slice(a, b), int(self.arrival_ns[a])) for a, b in pairwise(edges)]


def arrivals(
    seed: int,
    *,
    rate_hz: float = 100.0,
    seconds: float = 60.0,
    ppm: float = 0.0,
    loss: float = 0.0,
    burst: float = 3.0,
    packet: int = 1,
    blur_s: float = 0.0,
) -> Arrivals:
    """Connection events 10 to 60 ms apart bring all that was packed since, `packet` samples together.

    `loss` of all samples are lost in bursts of `burst` on average, none in the first or the last 3 s. Packing and
    each event's delivery are late by up to `blur_s` each, as on a computer that does other things too.
    """
    rng = np.random.default_rng(seed)
    index = np.arange(int(rate_hz * seconds) // packet * packet)
    taken_s = index / rate_hz * (1 + ppm / 1e6) + rng.uniform(0, 1 / rate_hz)
    events_s = np.cumsum(rng.uniform(0.010, 0.060, int(seconds / 0.030) + 400))
    packed_s = np.repeat(taken_s[packet - 1 :: packet], packet)
    if blur_s:
        packed_s = packed_s + np.repeat(rng.uniform(0, blur_s, len(index) // packet), packet)
    event = np.searchsorted(events_s, packed_s)
    late_s = rng.uniform(0, blur_s, len(events_s)) if blur_s else np.zeros(len(events_s))
    arrival_s = np.maximum.accumulate(events_s + late_s)[event]
    kept = np.ones(len(index), bool)
    at = int(3 * rate_hz)
    while loss and (at := at + int(rng.geometric(loss / burst))) < len(index) - int(3 * rate_hz):
        kept[at : (at := at + int(rng.geometric(1 / burst)))] = False
    stamps = [STATION_NS + np.rint(times * 1e9).astype(np.int64) for times in (taken_s, arrival_s)]
    return Arrivals(index[kept], stamps[0][kept], stamps[1][kept], rate_hz, ppm)
