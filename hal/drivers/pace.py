"""How fast something comes. No I/O."""

from collections import deque

WINDOW_S = 3.0


class Pace:
    """Arrivals a second over the `window_s` before the latest."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_ns = window_s * 1e9
        self._arrivals_ns: deque[int] = deque()

    def arrived(self, at_ns: int) -> None:
        """One came at `at_ns`."""
        self._arrivals_ns.append(at_ns)
        while at_ns - self._arrivals_ns[0] > self._window_ns:
            self._arrivals_ns.popleft()

    def forget(self) -> None:
        """Start anew."""
        self._arrivals_ns.clear()

    @property
    def rate_hz(self) -> float | None:
        """The measured rate (Hz), None before two."""
        times = self._arrivals_ns
        if len(times) < 2 or times[-1] == times[0]:
            return None
        return (len(times) - 1) * 1e9 / (times[-1] - times[0])
