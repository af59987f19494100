"""The running index of samples that carry the device's own counter or clock: exact losses, no repeats. No I/O."""

from dataclasses import dataclass

TOLERANCE_S = 0.5
TOLERANCE_SHARE = 0.01
"""How far a counter may be from where time puts it: bunching, and a crystal with room to spare."""
LATE_S = 2.0
"""The first packet of a new connection may have waited so long, and still goes on with the old count."""


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
    """Places packets by a counter that goes up by `per_sample` each sample and wraps at `modulus` (None: never).

    Within one connection a packet may come as late as it likes, by a radio in a shadow or a stalled program: what the
    counter skips is lost, and nothing else. It can never come early. A device that starts anew loses its connection,
    so only after `reconnected` a count that does not fit the time is taken for one.
    """

    def __init__(self, rate_hz: float, per_sample: float = 1.0, modulus: int | None = None) -> None:
        self.rate_hz = rate_hz
        self._per_sample = per_sample
        self._modulus = modulus
        self._next = 0
        self._last: tuple[int, int] | None = None
        self._late = 0.0
        self._reconnected = False
        self.lost = 0

    def reconnected(self) -> None:
        """What is placed next comes over another connection: the device may have started anew."""
        self._reconnected = True

    def place(self, counter: int, n: int, arrival_ns: int) -> Place:
        """Place a packet of `n` samples, the first with `counter`, that arrived at `arrival_ns`."""
        place = self._find(counter, n, arrival_ns)
        if not place.repeated:
            self._next = place.first + n
            self.lost += place.lost
            self._last = (counter + round((n - 1) * self._per_sample), arrival_ns)
            self._reconnected = False
        return place

    def _find(self, counter: int, n: int, arrival_ns: int) -> Place:
        if self._last is None:
            return Place(0, 0)
        last, last_ns = self._last
        elapsed_s = (arrival_ns - last_ns) / 1e9
        # from the last sample of the packet before to the first of this one; below 0 where both came in one heap
        by_time = elapsed_s * self.rate_hz - (n - 1)
        step = (counter - last) / self._per_sample
        if self._modulus is not None:
            turn = self._modulus / self._per_sample
            step += turn * round((by_time - step) / turn)
        ahead = step - by_time
        slack = (TOLERANCE_S + TOLERANCE_SHARE * elapsed_s) * self.rate_hz + n
        if not self._plausible(step, ahead, slack):
            self._late = 0.0
            lost = max(0, round(by_time) - 1)
            return Place(self._next + lost, lost, restarted=True)
        if round(step) < 1:
            return Place(self._next, 0, repeated=True)
        self._late = max(0.0, self._late - ahead - TOLERANCE_SHARE * elapsed_s * self.rate_hz)
        lost = round(step) - 1
        return Place(self._next + lost, lost)

    def _plausible(self, step: float, ahead: float, slack: float) -> bool:
        """Whether a count that is `ahead` samples before where time puts it goes on with the one before."""
        if ahead > self._late + slack:
            # nothing is sent before it is measured; only what was late can be made up for
            return False
        if round(step) < 1:
            return -ahead <= slack
        return not self._reconnected or -ahead <= slack + LATE_S * self.rate_hz
