"""The station's two clocks: visit time, which rules reason in, and the wall clock, which is only written down."""

import math
import time
from datetime import UTC, datetime

from bedside.visit.inputs import Now


class Clock:
    """Monotonic visit time, `speed` times as fast as real time (1.0 at a bedside; more only with simulated devices).

    Visit time is the kernel's monotonic clock times `speed`: it never steps and goes on across a restart of the
    station within one boot. Deadlines between processes (heartbeats, link silence) are real time and not made here.
    Raises `ValueError` for a speed that is not more than 0.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if not 0 < speed < math.inf:
            raise ValueError(f"visit time cannot go {speed:g} times as fast as real time")
        self.speed = speed

    def now_ns(self) -> int:
        """Visit time (ns)."""
        return time.monotonic_ns() if self.speed == 1.0 else int(time.monotonic_ns() * self.speed)

    def now(self) -> Now:
        """Visit time and the wall clock together."""
        return Now(mono_ns=self.now_ns(), utc=utc_text(time.time()))


def utc_text(epoch_s: float) -> str:
    """A POSIX time (s) as ISO 8601 in UTC with microseconds and a Z."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class StepWatch:
    """Notices when the wall clock steps against the monotonic clock (NTP step, a hand on the date)."""

    LIMIT_MS = 50.0

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def step_ms(self) -> float | None:
        """The step since the last call in ms, None when within 50 ms (slewing is absorbed)."""
        offset_s = time.time() - time.monotonic()
        step_ms = (offset_s - self._offset_s) * 1000.0
        self._offset_s = offset_s
        return step_ms if abs(step_ms) > self.LIMIT_MS else None
