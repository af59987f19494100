"""When the samples of an amplifier were taken, from when its blocks arrived.

Blocks come when network and event loop let them, some late and the next right behind: stamped by arrival they would
overlap. Their running index is as even as the amplifier's crystal, so the earliest arrivals of the last half minute say
where it is (`hal.clockmap`). What came first may have waited anywhere, so the first half second of a new count is held
until there is something to compare it with.
"""

from hal.clockmap import ClockMap
from hal.roles import EmgBlock

WINDOW_S, MAX_PPM = 30.0, 2000.0
"""Blocks are many and hardly delayed; a sender's nominal rate may be off by more than a crystal."""
STRAY_NS = 250_000_000
"""Further than this behind the mapped time, or before it, the rate is not what was said: the map begins anew."""
STALL_NS = 1_000_000_000
"""Late for no longer than this, it was a stall: what waited comes in one heap, and the map was right all the time."""
HOLD_NS = 500_000_000
"""Arrivals of so long tell the level; a heap that waited for a starting station does not, however much it holds."""
APART = 0.1
"""Share of a sample's period that is left between two blocks where the map has moved back by more."""
OVER_NS = 250_000_000
"""Blocks that reach further than this over the next are no matter of delays: the rate is not what was said."""
STEP_NS, STEP_BLOCKS = 3_000_000, 50
"""After a hole: where none of so many blocks comes less late than this, the hole was estimated too small."""

Stamped = tuple[EmgBlock, int]


class Stamping:
    """Times for the blocks of one amplifier: no sample lies at or before an earlier one, whatever the blocks' delays.

    A file spaces the samples of a block by the nominal rate. So where the map moves back, the following blocks are
    brought back with it by less than one sample's period each.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_ns = 1e9 / rate_hz
        self._map = _map_of(rate_hz)
        self._held: list[EmgBlock] | None = []
        self._next_sample = 0
        self._late_ns: list[int] | None = None
        self._strays_from_ns: int | None = None
        self._told_ns: int | None = None

    def take(self, block: EmgBlock) -> list[Stamped]:
        """Each block once, in order; returns those whose time is known now, with the blocks that waited for it."""
        stamped: list[Stamped] = []
        if block.first_sample < self._next_sample:
            # the amplifier counts anew
            stamped = self.rest()
            self._period_ns = 1e9 / block.rate_hz
            self._map, self._held = _map_of(block.rate_hz), []
        self._next_sample = block.first_sample + len(block.counts)
        self._map.feed(self._next_sample, block.mono_ns)
        if self._held is None:
            return [(block, self._first_ns(block))]
        self._held.append(block)
        if block.mono_ns - self._held[0].mono_ns >= HOLD_NS:
            stamped += self.rest()
        return stamped

    def rest(self) -> list[Stamped]:
        """What is still held, by what is known of the clock until now."""
        held, self._held = self._held, None
        return [(block, self._first_ns(block)) for block in held or ()]

    def _first_ns(self, block: EmgBlock) -> int:
        """The time (ns) of the block's first sample on the station's monotonic clock."""
        after = block.first_sample + len(block.counts)
        first_ns, last_ns = (int(at) for at in self._map.at_ns([block.first_sample, after - 1]))
        late_ns = block.mono_ns - last_ns
        if self._strayed(block, late_ns) or self._stepped(block, late_ns):
            self._map.restart()
            self._map.feed(after, block.mono_ns)
        if self._told_ns is not None and self._told_ns - first_ns < OVER_NS:
            first_ns = max(first_ns, self._told_ns + round(APART * self._period_ns))
        self._told_ns = first_ns + round((len(block.counts) - 1) * self._period_ns)
        return first_ns

    def _strayed(self, block: EmgBlock, late_ns: int) -> bool:
        """Whether arrivals have left the line for longer than a stall takes; before it they cannot be at all."""
        if late_ns <= STRAY_NS:
            self._strays_from_ns = None
            return late_ns < -STRAY_NS
        if self._strays_from_ns is None:
            self._strays_from_ns = block.mono_ns
        lasting = block.mono_ns - self._strays_from_ns > STALL_NS
        self._strays_from_ns = None if lasting else self._strays_from_ns
        return lasting

    def _stepped(self, block: EmgBlock, late_ns: int) -> bool:
        """Whether the index has fallen behind with the last hole, as one that the clock estimated may."""
        if block.lost:
            self._late_ns = []
        if self._late_ns is None:
            return False
        self._late_ns.append(late_ns)
        if len(self._late_ns) < STEP_BLOCKS:
            return False
        least_ns, self._late_ns = min(self._late_ns), None
        return least_ns > STEP_NS


def _map_of(rate_hz: float) -> ClockMap:
    return ClockMap(1e9 / rate_hz, window_s=WINDOW_S, max_ppm=MAX_PPM)
