"""How long to wait before the next try."""

FIRST_S = 5.0
LONGEST_S = 900.0


def delay_s(failures: int, fraction: float) -> float:
    """Seconds to wait after `failures` (from 1) failed tries in a row: 5 s doubling to 15 min, less up to a half.

    `fraction` in 0..1 is random, so that many boxes do not return to a restarted server at the same moment
    ("equal jitter", Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015).
    """
    whole = min(LONGEST_S, FIRST_S * 2.0 ** (min(failures, 30) - 1))
    return whole * (0.5 + 0.5 * fraction)
