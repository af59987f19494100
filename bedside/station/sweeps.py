"""Which stretch of EMG belongs to which pulse: pure bookkeeping in sample indices."""

from dataclasses import dataclass, replace

BEFORE_MS = 200.0
AFTER_MS = 300.0
WAIT_S = 1.5


@dataclass(frozen=True, slots=True)
class Expected:
    """A single pulse that was asked for: the sample index then, that of its trigger, and when it was reported (s)."""

    pulse: int
    since: int
    zero: int | None = None
    reported_s: float | None = None


class SweepBook:
    """Pairs single pulses with triggers on the amplifier's own trigger line, the only time zero that is exact.

    At most one pulse is open at a time (single pulses are seconds apart). A trigger that nobody expects is ignored
    here: it belongs to a train, or to the front panel.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._open: Expected | None = None

    def samples(self, span_ms: float) -> int:
        """A span in samples, rounded."""
        return round(span_ms * self._rate_hz / 1000.0)

    def expect(self, pulse: int, now_sample: int) -> None:
        """A single pulse is about to be given."""
        self._open = Expected(pulse, now_sample)

    def cancel(self) -> None:
        """The open pulse was not given."""
        self._open = None

    def trigger(self, sample: int) -> None:
        """The trigger line rose at `sample`."""
        if self._open is not None and self._open.zero is None and sample >= self._open.since:
            self._open = replace(self._open, zero=sample)

    def complete(self, end_sample: int) -> Expected | None:
        """The open pulse once its whole sweep has been sampled; it is then closed."""
        opened = self._open
        if opened is None or opened.zero is None or end_sample < opened.zero + self.samples(AFTER_MS):
            return None
        self._open = None
        return opened

    def reported(self, pulse: int, now_s: float) -> None:
        """The stimulator reported the pulse at `now_s` (real seconds: samples and reports travel in real time)."""
        if self._open is not None and self._open.pulse == pulse:
            self._open = replace(self._open, reported_s=now_s)

    def overdue(self, now_s: float) -> Expected | None:
        """The open pulse when no trigger came within 1.5 s of its report; it is then closed."""
        opened = self._open
        if opened is None or opened.zero is not None or opened.reported_s is None:
            return None
        if now_s < opened.reported_s + WAIT_S:
            return None
        self._open = None
        return opened
