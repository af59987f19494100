"""Whether a stream of samples still measures. No I/O."""

FROZEN_S = 1.0
"""Cells have noise; counts that repeat for so long are not measured."""


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
