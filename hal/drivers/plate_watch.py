"""What tells that a stream of samples is healthy: how fast it comes, whether it still measures. No I/O."""

from collections import deque

RATE_S = 3.0
FROZEN_S = 1.0
"""Cells have noise; counts that repeat for so long are not measured."""


class Pace:
    """Samples a second over the last `RATE_S` seconds of arrivals."""

    def __init__(self) -> None:
        self._arrivals_ns: deque[int] = deque()

    def arrived(self, at_ns: int) -> None:
        """One sample arrived at `at_ns`."""
        self._arrivals_ns.append(at_ns)
        while at_ns - self._arrivals_ns[0] > RATE_S * 1e9:
            self._arrivals_ns.popleft()

    def forget(self) -> None:
        """Start anew."""
        self._arrivals_ns.clear()

    @property
    def rate_hz(self) -> float | None:
        """The measured rate (Hz), None before two samples."""
        times = self._arrivals_ns
        if len(times) < 2 or times[-1] == times[0]:
            return None
        return (len(times) - 1) * 1e9 / (times[-1] - times[0])


class Stillness:
    """Whether samples repeat to the last count."""

    def __init__(self) -> None:
        self._last: tuple[int, ...] | None = None
        self._same = 0

    def see(self, counts: tuple[int, ...]) -> None:
        """The next sample."""
        self._same = self._same + 1 if counts == self._last else 0
        self._last = counts

    def forget(self) -> None:
        """Start anew."""
        self._last, self._same = None, 0

    def frozen(self, rate_hz: float) -> bool:
        """Whether the samples have stood still for `FROZEN_S` at this rate."""
        return self._same >= FROZEN_S * rate_hz
