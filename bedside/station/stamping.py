"""When the samples of an amplifier were taken, from when its blocks arrived.

Blocks come when network and event loop let them, some late and the next right behind: stamped by arrival they would
overlap. Their running index is as even as the amplifier's crystal, so the earliest arrivals of the last half minute say
where it is (`hal.clockmap`). What came first may have waited anywhere, and what was lost may have been estimated, too
short or too long: so the first half second of a new count, and that after every hole, is held until there is something
to compare it with.
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
STEP_NS = 3_000_000
"""Where the least late block after a hole is off by more, the hole was not as long as the index says."""
APART = 0.1
"""Share of a sample's period that is left between two blocks where the map has moved back by more."""
OVER_NS = 250_000_000
"""Blocks that reach further than this over the next are no matter of delays: the rate is not what was said."""

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
        self._strays_from_ns: int | None = None
        self._told_ns: int | None = None

    def take(self, block: EmgBlock) -> list[Stamped]:
        """Each block once, in order; returns those whose time is known now, with the blocks that waited for it."""
        stamped: list[Stamped] = []
        if block.first_sample < self._next_sample:
            # the amplifier counts anew
            stamped = self._release()
            self._period_ns = 1e9 / block.rate_hz
            self._map, self._held = _map_of(block.rate_hz), []
        elif block.lost:
            stamped, self._held = self._release(), []
        self._next_sample = block.first_sample + len(block.counts)
        if self._held is None:
            self._map.feed(self._next_sample, block.mono_ns)
            return [(block, self._first_ns(block))]
        self._held.append(block)
        if _lasting(self._held):
            stamped += self._release()
            self._held = None
        return stamped

    def rest(self) -> list[Stamped]:
        """What is still held, by what is known of the clock until now."""
        return self._release()

    def _release(self) -> list[Stamped]:
        """The held blocks with their times; blocks that come next are held on, where these were."""
        held = self._held or []
        if not held:
            return []
        self._held = []
        if self._map.known and self._misses(held):
            self._map.restart()
        for block in held:
            self._map.feed(_after(block), block.mono_ns)
        return [(block, self._first_ns(block)) for block in held]

    def _misses(self, held: list[EmgBlock]) -> bool:
        """Whether the map does not fit these blocks: one came before it could, or all of a long time came too late."""
        least_ns = min(self._map.late_ns(_after(block), block.mono_ns) for block in held)
        return least_ns < -STEP_NS or (least_ns > STEP_NS and _lasting(held))

    def _first_ns(self, block: EmgBlock) -> int:
        """The time (ns) of the block's first sample on the station's monotonic clock."""
        after = _after(block)
        if self._strayed(block, self._map.late_ns(after, block.mono_ns)):
            self._map.restart()
            self._map.feed(after, block.mono_ns)
        first_ns = int(self._map.at_ns([block.first_sample, after - 1])[0])
        if self._told_ns is not None and self._told_ns - first_ns < OVER_NS:
            first_ns = max(first_ns, self._told_ns + round(APART * self._period_ns))
        self._told_ns = first_ns + round((len(block.counts) - 1) * self._period_ns)
        return first_ns

    def _strayed(self, block: EmgBlock, late_ns: float) -> bool:
        """Whether arrivals have left the line for longer than a stall takes; before it they cannot be at all."""
        if late_ns <= STRAY_NS:
            self._strays_from_ns = None
            return late_ns < -STRAY_NS
        if self._strays_from_ns is None:
            self._strays_from_ns = block.mono_ns
        lasting = block.mono_ns - self._strays_from_ns > STALL_NS
        self._strays_from_ns = None if lasting else self._strays_from_ns
        return lasting


def _after(block: EmgBlock) -> int:
    """The index after the block's last sample: that which is reached when it arrives."""
    return block.first_sample + len(block.counts)


def _lasting(held: list[EmgBlock]) -> bool:
    """Whether they arrived over a time that tells the level."""
    return held[-1].mono_ns - held[0].mono_ns >= HOLD_NS


def _map_of(rate_hz: float) -> ClockMap:
    return ClockMap(1e9 / rate_hz, window_s=WINDOW_S, max_ppm=MAX_PPM)
