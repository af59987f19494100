"""The running index of samples that carry the device's own counter or clock: exact losses, no repeats. No I/O."""

from dataclasses import dataclass

TOLERANCE_S = 0.5
TOLERANCE_SHARE = 0.01
"""How far a counter may be from where time puts it: bunching, and a crystal with room to spare."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet belongs: running index of its first sample, `lost` just before it.

    `repeated`: it was there before and must be dropped. `restarted`: the device began to count anew, and `lost` is an
    estimate by time.
    """

    first: int
    lost: int
    repeated: bool = False
    restarted: bool = False


class SampleIndex:
    """Places packets by a counter that goes up by `per_sample` each sample and wraps at `modulus` (None: never)."""

    def __init__(self, rate_hz: float, per_sample: float = 1.0, modulus: int | None = None) -> None:
        self.rate_hz = rate_hz
        self._per_sample = per_sample
        self._modulus = modulus
        self._next = 0
        self._last: tuple[int, int] | None = None
        self.lost = 0

    def place(self, counter: int, n: int, arrival_ns: int) -> Place:
        """Place a packet of `n` samples, the first with `counter`, that arrived at `arrival_ns`."""
        place = self._find(counter, n, arrival_ns)
        if not place.repeated:
            self._next = place.first + n
            self.lost += place.lost
            self._last = (counter + round((n - 1) * self._per_sample), arrival_ns)
        return place

    def _find(self, counter: int, n: int, arrival_ns: int) -> Place:
        if self._last is None:
            return Place(0, 0)
        last, last_ns = self._last
        elapsed_s = (arrival_ns - last_ns) / 1e9
        # from the last sample of the packet before to the first of this one
        by_time = max(0.0, elapsed_s * self.rate_hz - (n - 1))
        step = (counter - last) / self._per_sample
        if self._modulus is not None:
            turn = self._modulus / self._per_sample
            step += turn * round((by_time - step) / turn)
        if abs(step - by_time) > (TOLERANCE_S + TOLERANCE_SHARE * elapsed_s) * self.rate_hz + n:
            lost = max(0, round(by_time) - 1)
            return Place(self._next + lost, lost, restarted=True)
        if round(step) < 1:
            return Place(self._next, 0, repeated=True)
        lost = round(step) - 1
        return Place(self._next + lost, lost)
