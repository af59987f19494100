"""The dose ledger: what was planned, what was reported, what is not known, what was not given. Counts of pulses."""

import msgspec
from msgspec.structs import replace

from bedside.events import Purpose


class Ledger(msgspec.Struct, frozen=True):
    """One visit's pulses.

    `course` and `single` were reported by the stimulator or settled from its counter; `uncertain_*` cannot be
    excluded; `lost` were asked for in a finished train and never reported; `unasked` were reported and asked by nobody
    here. In a sham arm the course's pulses are sham pulses and no dose.
    """

    planned: int = 0
    course: int = 0
    single: int = 0
    uncertain_course: int = 0
    uncertain_single: int = 0
    lost: int = 0
    unasked: int = 0
    sham: bool = False
    closed: bool = False

    @property
    def delivered(self) -> int:
        """Course pulses of an active arm."""
        return 0 if self.sham else self.course

    @property
    def sham_pulses(self) -> int:
        """Course pulses of a sham arm."""
        return self.course if self.sham else 0

    @property
    def remaining(self) -> int:
        """Course pulses that may still be given: the plan less everything given, possibly given, or lost."""
        return max(0, self.planned - self.course - self.uncertain_course - self.lost)

    @property
    def not_given(self) -> int:
        """Course pulses planned and not reported: together with those given they are the plan."""
        return max(0, self.planned - self.course)

    @property
    def ceiling(self) -> int:
        """All pulses that were or may have been given in this visit."""
        return self.course + self.single + self.uncertain_course + self.uncertain_single + self.unasked

    def with_pulses(self, count: int, purpose: Purpose | None) -> "Ledger":
        """Pulses known to have been given."""
        if purpose == "treatment":
            return replace(self, course=self.course + count)
        if purpose is None:
            return replace(self, unasked=self.unasked + count)
        return replace(self, single=self.single + count)

    def with_uncertain(self, count: int, purpose: Purpose) -> "Ledger":
        """Pulses that cannot be excluded."""
        if purpose == "treatment":
            return replace(self, uncertain_course=self.uncertain_course + count)
        return replace(self, uncertain_single=self.uncertain_single + count)

    def found(self, count: int) -> "Ledger":
        """Lost pulses of which something else is known by now: that they were given, or that it cannot be told."""
        return replace(self, lost=max(0, self.lost - count))

    def with_lost(self, count: int) -> "Ledger":
        """Pulses of a finished train that were never reported."""
        return replace(self, lost=self.lost + count)
