"""What is true of a simulated walk: every stride's contacts, length and supports, for whoever checks an analysis."""

from collections.abc import Sequence
from dataclasses import dataclass

from hal.sim.patient.walk_plan import Step
from hal.sim.patient.walking_style import Side


@dataclass(frozen=True, slots=True)
class TrueStride:
    """One stride of `side`, from a contact to the next (simulated s); `length_m` is how far the foot went.

    `step_m` is how far ahead of the other foot it landed at the end, `double_support_s` the time from the contact to
    the other foot's toe-off, None where the other foot did not leave the floor.
    """

    side: Side
    contact_s: float
    off_s: float
    next_contact_s: float
    length_m: float
    step_m: float
    double_support_s: float | None

    @property
    def time_s(self) -> float:
        """How long it took."""
        return self.next_contact_s - self.contact_s

    @property
    def stance_pct(self) -> float:
        """Share of the stride for which the foot stood."""
        return 100 * (self.off_s - self.contact_s) / self.time_s

    @property
    def speed_m_s(self) -> float:
        """Length over time."""
        return self.length_m / self.time_s


def strides(steps: Sequence[Step], since_s: float = 0.0, until_s: float = float("inf")) -> list[TrueStride]:
    """All strides that began after `since_s` and ended before `until_s`, in order of their first contact."""
    found = []
    for at, before in enumerate(steps):
        after = next((s for s in steps[at + 1 : at + 4] if s.side == before.side), None)
        if after is None or after.bout != before.bout or before.contact_s < since_s or after.contact_s > until_s:
            continue
        others = [s.off_s for s in steps[max(0, at - 3) : at + 4] if s.side != before.side and s.bout == before.bout]
        lifted = [off_s for off_s in others if before.contact_s < off_s < after.off_s]
        found.append(
            TrueStride(
                before.side,
                before.contact_s,
                after.off_s,
                after.contact_s,
                after.went_m,
                after.ahead_m,
                lifted[0] - before.contact_s if lifted else None,
            )
        )
    return found
