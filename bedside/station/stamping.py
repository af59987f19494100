"""When the samples of an amplifier were taken, from when its blocks arrived.

Blocks come when network and event loop let them, some late and the next right behind: stamped by arrival they would
overlap. Their running index is as even as the amplifier's crystal, so the earliest arrivals of the last half minute say
where it is (`hal.clockmap`).
"""

from hal.clockmap import ClockMap
from hal.roles import EmgBlock

WINDOW_S, SETTLE_S, MAX_PPM = 30.0, 15.0, 2000.0
"""Blocks are many and hardly delayed; a sender's nominal rate may be off by more than a crystal."""
STRAY_NS = 250_000_000
"""Further than this behind the mapped time, the rate is not what was said: the map begins anew at this arrival."""


class Stamping:
    """Times for the blocks of one amplifier; strictly rising. `first_ns` once for each block, in order."""

    def __init__(self, rate_hz: float) -> None:
        self._map = ClockMap(1e9 / rate_hz, window_s=WINDOW_S, max_ppm=MAX_PPM, settle_s=SETTLE_S)

    def first_ns(self, block: EmgBlock) -> int:
        """The time (ns) of the block's first sample on the station's monotonic clock.

        After a hole the map begins anew: one that the clock estimated does not fit the index before it.
        """
        if block.lost:
            self._map.restart()
        after, arrived_ns = block.first_sample + len(block.counts), block.mono_ns
        self._map.feed(after, arrived_ns)
        at_ns = int(self._map.at_ns([block.first_sample])[0])
        if abs(arrived_ns - len(block.counts) / block.rate_hz * 1e9 - at_ns) > STRAY_NS:
            self._map.restart()
            self._map.feed(after, arrived_ns)
        return at_ns
