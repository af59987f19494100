"""Whether a sample of a force board follows the last one: lost between, repeated, or from a board that started anew."""

from enum import Enum, auto

from hal.drivers.plate.force_board_codec import MICROS_MODULUS, SEQ_MODULUS

EARLY_US, EARLY_SHARE = 500_000, 0.01
"""How far the board's clock may seem to run ahead: bunching, and a crystal with room to spare."""
LATE_US = 1_500_000
"""How late the first sample of a new connection may arrive, against the board's own clock, and still go on with it."""
RATE_ERROR = 0.15
"""How far a converter's own oscillator may be from its nominal rate."""


class Following(Enum):
    """What is no count of lost samples."""

    REPEATED = auto()
    RESTARTED = auto()


class SampleOrder:
    """Judges each sample by its counter, its clock and its arrival. It lives on over a lost connection.

    Within a connection a sample may come as late as it likes, by a stalled program or port, if its counter and its
    clock have gone on together; it never comes early. A board that starts anew takes both back.

    A gap longer than a turn of the counter (13.6 min at 80 Hz) or of the clock (71.6 min) is resolved by the next
    coarser of the three.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int, int] | None = None
        self._late_us = 0.0
        self._reconnected = False

    def reconnected(self) -> None:
        """The next sample comes over another connection: another board may be at its end."""
        self._reconnected = True

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
        together = abs(steps - expected) <= max(3.0, RATE_ERROR * abs(expected))
        if not together or not self._fits(passed_us, arrived_us):
            self._late_us = 0.0
            self._follow(seq, micros, arrival_ns)
            return Following.RESTARTED
        if steps <= 0:
            return Following.REPEATED
        self._late_us = max(0.0, self._late_us + arrived_us - passed_us - EARLY_SHARE * arrived_us)
        self._follow(seq, micros, arrival_ns)
        return steps - 1

    def _follow(self, seq: int, micros: int, arrival_ns: int) -> None:
        self._last = seq, micros, arrival_ns
        self._reconnected = False

    def _fits(self, passed_us: float, arrived_us: float) -> bool:
        """Whether the board's clock can have gone on by so much between these arrivals."""
        ahead_us, drift_us = passed_us - arrived_us, EARLY_SHARE * arrived_us
        if ahead_us > self._late_us + EARLY_US + drift_us:
            return False
        waits = passed_us > 0 and not self._reconnected
        return waits or -ahead_us <= LATE_US + drift_us


def _nearest(step: int, modulus: int, expected: float) -> int:
    """`step` and as many whole turns as bring it nearest to what is `expected`."""
    return step + modulus * round((expected - step) / modulus)
