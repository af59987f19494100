"""Whether a sample of a force board follows the last one: lost between, repeated, or from a board that started anew."""

from enum import Enum, auto

from hal.drivers.plate.force_board_codec import MICROS_MODULUS, SEQ_MODULUS

LATE_US = 1_500_000
"""How late a sample may arrive, against the board's own clock, and still belong to the same run."""
RATE_ERROR = 0.15
"""How far a converter's own oscillator may be from its nominal rate."""


class Following(Enum):
    """What is no count of lost samples."""

    REPEATED = auto()
    RESTARTED = auto()


class SampleOrder:
    """Judges each sample by its counter, its clock and its arrival. It lives on over a lost connection.

    A gap longer than a turn of the counter (13.6 min at 80 Hz) or of the clock (71.6 min) is resolved by the next
    coarser of the three.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int, int] | None = None

    def see(self, seq: int, micros: int, arrival_ns: int, rate_hz: float) -> int | Following:
        """How many samples are missing before this one, or why that cannot be told; 0 for the first of all."""
        if self._last is None:
            self._last = seq, micros, arrival_ns
            return 0
        last_seq, last_micros, last_arrival_ns = self._last
        arrived_us = (arrival_ns - last_arrival_ns) / 1000
        passed_us = _nearest((micros - last_micros) % MICROS_MODULUS, MICROS_MODULUS, arrived_us)
        expected = passed_us * rate_hz / 1e6
        steps = _nearest((seq - last_seq) % SEQ_MODULUS, SEQ_MODULUS, expected)
        fits = abs(passed_us - arrived_us) <= LATE_US + 0.01 * arrived_us
        if not fits or abs(steps - expected) > max(3.0, RATE_ERROR * abs(expected)):
            self._last = seq, micros, arrival_ns
            return Following.RESTARTED
        if steps <= 0:
            return Following.REPEATED
        self._last = seq, micros, arrival_ns
        return steps - 1


def _nearest(step: int, modulus: int, expected: float) -> int:
    """`step` and as many whole turns as bring it nearest to what is `expected`."""
    return step + modulus * round((expected - step) / modulus)
