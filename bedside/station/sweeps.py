"""Which stretch of EMG belongs to which pulse: pure bookkeeping in sample indices."""

from dataclasses import dataclass, replace

BEFORE_MS = 200.0
AFTER_MS = 300.0
LATE_S = 3.0
"""For how long (real s) the samples around a reported pulse may fail to arrive."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A single pulse that was asked for: the earliest sample it can lie at, its trigger's, the last it can lie at.

    `reported_s` is when the stimulator reported it (real s).
    """

    pulse: int
    since: int
    zero: int | None = None
    until: int | None = None
    reported_s: float | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A pulse without a sweep, and why."""

    pulse: int
    reason: str


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

    def expect(self, pulse: int, since: int) -> None:
        """A single pulse is about to be given; a trigger before sample `since` belongs to an earlier one."""
        self._open = Expected(pulse, since)

    def cancel(self) -> None:
        """The open pulse was not given."""
        self._open = None

    def trigger(self, sample: int) -> None:
        """The trigger line rose at `sample`."""
        opened = self._open
        if opened is None or opened.zero is not None or sample < opened.since:
            return
        if opened.until is None or sample < opened.until:
            self._open = replace(opened, zero=sample)

    def complete(self, end_sample: int) -> Expected | None:
        """The open pulse once its whole sweep has been sampled; it is then closed."""
        opened = self._open
        if opened is None or opened.zero is None or end_sample < opened.zero + self.samples(AFTER_MS):
            return None
        self._open = None
        return opened

    def reported(self, pulse: int, until: int, now_s: float) -> None:
        """The stimulator reported the pulse at `now_s` (real seconds): its trigger lies before sample `until`."""
        if self._open is not None and self._open.pulse == pulse:
            self._open = replace(self._open, until=until, reported_s=now_s)

    def missing(self, end_sample: int, now_s: float) -> Missing | None:
        """Why the open pulse will not be measured, once that is certain; it is then closed."""
        opened = self._open
        if opened is None or opened.zero is not None or opened.until is None or opened.reported_s is None:
            return None
        if end_sample >= opened.until:
            reason = "no trigger reached the EMG amplifier: check the trigger cable"
        elif now_s >= opened.reported_s + LATE_S:
            reason = "the EMG samples come too late: check the amplifier's network cable"
        else:
            return None
        self._open = None
        return Missing(opened.pulse, reason)
