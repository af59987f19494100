"""Where an amplifier's sample count stands at this moment, though its samples arrive late."""

DRIFT = 5e-4
"""How far the amplifier's and the station's clocks may run apart: far more than any crystal."""


class Present:
    """Judges by the blocks that came with the least delay. Times are visit seconds, which samples are counted in."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._ahead: float | None = None
        self._at_s = 0.0

    def heard(self, end_sample: int, now_s: float) -> None:
        """A block that ends before `end_sample` has arrived."""
        ahead = end_sample - now_s * self._rate_hz
        if self._ahead is not None:
            ahead = max(ahead, self._ahead - DRIFT * self._rate_hz * (now_s - self._at_s))
        self._ahead, self._at_s = ahead, now_s

    def restart(self) -> None:
        """The amplifier counts anew."""
        self._ahead = None

    def sample(self, now_s: float) -> int:
        """The sample that is being taken now; 0 before the first block."""
        return 0 if self._ahead is None else round(self._ahead + now_s * self._rate_hz)
