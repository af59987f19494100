"""Simulated time: real monotonic time, faster."""

import time
from collections.abc import Callable


class SimClock:
    """Seconds since the world began, running `speed` times as fast as the real monotonic clock.

    Raises ValueError for a speed that is not positive.
    """

    def __init__(self, speed: float = 1.0, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be positive, not {speed}")
        self.speed = speed
        self._monotonic_s = monotonic_s
        self._start_s = monotonic_s()

    def now_s(self) -> float:
        """Simulated seconds since the world began."""
        return (self._monotonic_s() - self._start_s) * self.speed

    def monotonic_ns(self, simulated_s: float) -> int:
        """What the real monotonic clock shows (ns) at that simulated time."""
        return round((self._start_s + simulated_s / self.speed) * 1e9)

    def real_s(self, simulated_s: float) -> float:
        """How long `simulated_s` takes on a real clock (s)."""
        return simulated_s / self.speed
