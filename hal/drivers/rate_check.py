"""Whether a device takes as many samples a second as it is said to, by its own clock. No I/O.

A rate that is not the configured one is no fault of the radio: lost packets do not change how far apart samples are.
"""

from collections import deque
from statistics import median

from hal.device import Attention

RATE_SHARE = 0.01
"""A crystal is a thousand times better; a converter timed by itself is off by up to a few per cent."""
STEPS, LEAST_STEPS = 32, 5
"""Packets whose distances are looked at; the median forgives as many odd ones as half of them."""


class RateCheck:
    """Compares a device's own clock with its samples. `counts_per_s` is how fast that clock counts.

    Where the device itself counts its samples, one step tells its rate (`counted`); else lost packets may hide in it.
    Rates within `share` of the nominal one are right.
    """

    def __init__(
        self, rate_hz: float, counts_per_s: float, remedy: str, *, counted: bool = False, share: float = RATE_SHARE
    ) -> None:
        self._rate_hz = rate_hz
        self._counts_per_s = counts_per_s
        self._remedy = remedy
        self._share = share
        self._least = 1 if counted else LEAST_STEPS
        self._periods: deque[float] = deque(maxlen=STEPS)
        self._last: tuple[int, int] | None = None

    def see(self, count: int, number: int) -> None:
        """At sample `number` the clock showed `count`; both rise from call to call."""
        if self._last is not None and count > self._last[0] and number > self._last[1]:
            self._periods.append((count - self._last[0]) / (number - self._last[1]))
        self._last = (count, number)

    def forget(self) -> None:
        """Start anew: another connection, or a device that counts anew."""
        self._periods.clear()
        self._last = None

    @property
    def known(self) -> bool:
        """Whether anything can be told of the rate."""
        return len(self._periods) >= self._least

    @property
    def period(self) -> float:
        """Counts of the clock from sample to sample: the nominal ones while the device keeps to them."""
        wrong_hz = self.wrong_hz
        return self._counts_per_s / (self._rate_hz if wrong_hz is None else wrong_hz)

    @property
    def wrong_hz(self) -> float | None:
        """The rate (Hz) it has where it is not the nominal one, else None; also before anything is known."""
        if not self.known:
            return None
        measured_hz = self._counts_per_s / median(self._periods)
        return None if abs(measured_hz / self._rate_hz - 1.0) <= self._share else measured_hz

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What to say of it."""
        wrong_hz = self.wrong_hz
        if wrong_hz is None or len(self._periods) < LEAST_STEPS:
            return ()
        return (Attention(f"it takes {wrong_hz:.4g} samples a second, not {self._rate_hz:g}", self._remedy),)
