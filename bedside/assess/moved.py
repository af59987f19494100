"""What moved: a change between two measurements against the smallest meaningful change."""

from typing import Literal

import msgspec

from bedside.config import Mcid
from bedside.config.scales import Direction

Verdict = Literal["reached", "not reached", "within measurement error", "no MCID", "nothing to compare"]
Arrow = Literal["better", "worse", "same", "none"]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A change (now - before, in the variable's unit; None: nothing to compare), its verdict, words and arrow."""

    change: float | None
    verdict: Verdict
    words: str
    arrow: Arrow


def moved(
    before: float | None, now: float | None, direction: Direction, mcid: Mcid | None, *, unit: str = "", digits: int = 2
) -> Moved:
    """Compare two measurements of one variable."""
    raise NotImplementedError
