"""Which of a device's inputs have lately stood at an end of their range: a screen looks only now and then. No I/O.

Every block says it of its own samples; this keeps it long enough to be seen.
"""

from collections.abc import Iterable

LASTS_NS = 3_000_000_000


class RailWatch:
    """Inputs by name, each with the last time at which it was at its rail."""

    def __init__(self) -> None:
        self._last_ns: dict[str, int] = {}

    def see(self, names: Iterable[str], at_ns: int) -> None:
        """These were at their rail at `at_ns` (station's monotonic ns)."""
        self._last_ns |= dict.fromkeys(names, at_ns)

    def lately(self, now_ns: int) -> tuple[str, ...]:
        """Those that were at their rail within `LASTS_NS` before `now_ns`, in the order in which they got there."""
        return tuple(name for name, at_ns in self._last_ns.items() if now_ns - at_ns <= LASTS_NS)
