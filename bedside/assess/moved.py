"""What moved: a change between two measurements against the smallest meaningful change."""

import math
from typing import Literal

import msgspec

from bedside.assess.words import number_text
from bedside.config import Mcid
from bedside.config.scales import Direction

Verdict = Literal["reached", "not reached", "within measurement error", "no MCID", "nothing to compare"]
Arrow = Literal["better", "worse", "same", "none"]

DIGITS = 10
"""Binary arithmetic makes 0.36 - 0.20 a little less than 0.16: a change is taken to 10 significant digits."""

NOT_CONFIGURED = "no published smallest meaningful change is configured"
"""Instead of a verdict, for a variable of which nobody has published one or nobody has entered it."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A change (now - before, in the variable's unit; None: nothing to compare), its verdict, words and arrow.

    The arrow is the direction of the number alone; whether it means something is the verdict's to say.
    """

    change: float | None
    verdict: Verdict
    words: str
    arrow: Arrow


def moved(
    before: float | None, now: float | None, direction: Direction, mcid: Mcid | None, *, unit: str = "", digits: int = 2
) -> Moved:
    """Compare two measurements of one variable; `direction` says which way is better ("none": neither is).

    A change is "reached" when it is at least the smallest meaningful change, of a band its upper value, in the better
    direction; nothing is rounded for the comparison (5.86 is less than 6). Below a known smallest detectable change
    it is "within measurement error". `unit` and `digits` shape the words alone.
    """
    absent = [name for name, value in (("earlier", before), ("present", now)) if not _is_number(value)]
    if before is None or now is None or absent:
        return Moved(change=None, verdict="nothing to compare", words=f"no {absent[0]} value", arrow="none")
    change = 0.0 if math.isclose(now, before, rel_tol=10.0**-DIGITS) else float(f"{now - before:.{DIGITS}g}")
    gain = {"higher": change, "lower": -change, "none": abs(change)}[direction]
    arrow = _arrow(gain, direction)
    told = _signed(change, mcid, unit, digits)
    if mcid is None:
        return Moved(change=change, verdict="no MCID", words=f"{told}: {NOT_CONFIGURED}", arrow=arrow)
    verdict = _verdict(gain, mcid)
    words = f"{told}: {_judged(gain, mcid, verdict, unit, digits)} ({_whose(mcid)})"
    return Moved(change=change, verdict=verdict, words=words, arrow=arrow)


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _arrow(gain: float, direction: Direction) -> Arrow:
    if direction == "none":
        return "none"
    return "same" if gain == 0 else "better" if gain > 0 else "worse"


def _verdict(gain: float, mcid: Mcid) -> Verdict:
    if mcid.error is not None and abs(gain) < mcid.error:
        return "within measurement error"
    return "reached" if gain >= mcid.most else "not reached"


def _judged(gain: float, mcid: Mcid, verdict: Verdict, unit: str, digits: int) -> str:
    """The comparison in words, with the exact numbers and what is short of them."""
    limit = f"smallest meaningful change of {_band(mcid, unit)}"
    error = ""
    if verdict == "within measurement error" and mcid.error is not None:
        doubt = "" if mcid.error_verified else " (recalled)"
        error = f"within the measurement error of {_with_unit(number_text(mcid.error), unit)}{doubt}; "
    if gain >= mcid.most:
        return f"{error}the {limit} cannot be told from it" if error else f"{limit} reached"
    if gain < 0:
        size = "at least" if -gain >= mcid.most else "less than"
        return f"{error}worse, by {size} the {limit}"
    short = _with_unit(_exact(mcid.most - gain, 0.0, digits), unit)
    if gain >= mcid.least:
        lower = _with_unit(number_text(mcid.least), unit)
        return f"{error}{limit} not reached: its lower value {lower} is, {short} short of its upper value"
    return f"{error}{limit} not reached, {short} short" + (" of its upper value" if mcid.value is None else "")


def _band(mcid: Mcid, unit: str) -> str:
    if mcid.value is not None:
        return _with_unit(number_text(mcid.value), unit)
    return _with_unit(f"{number_text(mcid.least)} to {number_text(mcid.most)}", unit)


def _whose(mcid: Mcid) -> str:
    """For whom the figure holds, and whether anybody has read it in its source."""
    parts = (mcid.population, "" if mcid.verified else "recalled, not verified", mcid.note)
    return "; ".join(part for part in parts if part)


def _signed(change: float, mcid: Mcid | None, unit: str, digits: int) -> str:
    limit = mcid.most if mcid is not None else 0.0
    text = _exact(abs(change), limit, digits)
    return _with_unit(text if change == 0 else f"{'+' if change > 0 else '-'}{text}", unit)


def _exact(value: float, limit: float, digits: int) -> str:
    """A number with as many decimals as it takes not to be rounded onto or across `limit`."""
    for places in range(digits, 10):
        shown = round(value, places)
        if (shown > limit, shown < limit) == (value > limit, value < limit):
            return number_text(value, places)
    return number_text(value, digits)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}".rstrip()
