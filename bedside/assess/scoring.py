"""Scoring a clinical scale: what its rules fill in, where the form stands, which changes are unlikely."""

from collections.abc import Mapping

import msgspec

from bedside.assess.items import Entry, checked, number_of
from bedside.assess.words import number_text
from bedside.config import Contrary, Gate, Implies, Scale, ScaleItem, Subscore
from bedside.events import Value
from bedside.refusal import Refusal

__all__ = ["Entry", "Standing", "applied", "checked", "standing", "unlikely"]

WEEK_DAYS = 7.0
TIMES_MCID = 2.0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a form stands, all of it worked out, nothing typed.

    `total` (in the scale's unit) exists only when every item that counts has a number; `running` is the sum, or the
    mean speed, of what there is so far, and 0 for a scale without a total. `subscores` are (id, label, value or None
    while an item of it has no number, highest). `open` are the required items without value and reason, `missing`
    those with a reason or an untested level; `partial`: at least one item is missing. `complete`: nothing is open.
    `problem` says what cannot be right; a form with a problem has no total and is not complete.
    """

    total: float | None
    partial: bool
    running: float
    subscores: tuple[tuple[str, str, float | None, float], ...]
    open: tuple[str, ...]
    missing: tuple[str, ...]
    next_code: str
    complete: bool
    problem: str = ""


def applied(scale: Scale, entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries with what the scale's rules fill in, marked `by="rule"`; what an earlier call filled in is redone.

    A rule's value replaces a person's, because the scale defines it; the flag then names the value replaced.
    """
    kept = {code: entry for code, entry in entries.items() if entry.by == "person" and not entry.cleared}
    for rule in scale.rules:
        if isinstance(rule, Implies | Gate) and _holds(scale, rule, kept):
            kept[rule.then] = _filled(rule, entries.get(rule.then, Entry()))
    return kept


def _filled(rule: Implies | Gate, before: Entry) -> Entry:
    if before.by == "rule" and before.value == rule.value:
        return before
    replaced = before.by == "person" and before.value is not None and before.value != rule.value
    return Entry(rule.value, "", f"replaces {before.value}" if replaced else "", "rule")


def _holds(scale: Scale, rule: Implies | Gate, entries: Mapping[str, Entry]) -> bool:
    """An item has the level; or a sub-score can no longer be full, whatever its open items will be."""
    if isinstance(rule, Implies):
        entry = entries.get(rule.when)
        return entry is not None and not entry.missing and _text(entry.value) == rule.equals
    part = next(part for part in scale.subscores if part.id == rule.full)
    for code in part.items:
        number = number_of(scale, code, entries.get(code))
        item = scale.item(code)
        if number is not None and item is not None and number < _highest(scale, item):
            return True
    return False


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _highest(scale: Scale, item: ScaleItem) -> float:
    return max(number for level in item.allowed if (number := scale.number(level)) is not None)


def standing(scale: Scale, entries: Mapping[str, Entry]) -> Standing:
    """Where the form stands, the scale's rules applied. Never raises: what cannot be right is the `problem`."""
    sound, problem = _sound(scale, entries)
    filled = applied(scale, sound)
    numbers = {item.code: number_of(scale, item.code, filled.get(item.code)) for item in scale.items}
    required = [item for item in scale.items if item.required]
    open_codes = tuple(item.code for item in required if item.code not in filled)
    missing = tuple(item.code for item in required if _is_missing(item, filled, numbers))
    running, wrong = _running(scale, numbers)
    problem = problem or wrong
    whole = scale.result != "none" and not open_codes and not missing and not problem
    return Standing(
        total=running if whole else None,
        partial=bool(missing),
        running=running,
        subscores=tuple(_subscore(part, numbers) for part in scale.subscores),
        open=open_codes,
        missing=missing,
        next_code=open_codes[0] if open_codes else "",
        complete=not open_codes and not problem,
        problem=problem,
    )


def _sound(scale: Scale, entries: Mapping[str, Entry]) -> tuple[dict[str, Entry], str]:
    """The entries that can be right, and words about the first that cannot."""
    sound: dict[str, Entry] = {}
    problem = ""
    for code, entry in entries.items():
        wrong = "" if entry.cleared and scale.item(code) is not None else _wrong(scale, code, entry)
        if wrong:
            problem = problem or wrong
        else:
            sound[code] = entry
    return sound, problem


def _wrong(scale: Scale, code: str, entry: Entry) -> str:
    if scale.item(code) is not None and entry.missing:  # an unknown code is told by `checked`
        both = f"{code} has both a value and a reason for having none (keep one of them)"
        return both if entry.value is not None else ""
    try:
        checked(scale, code, entry.value)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _is_missing(item: ScaleItem, entries: Mapping[str, Entry], numbers: Mapping[str, float | None]) -> bool:
    """A reason instead of a value, or a level that counts nothing because it was not tested."""
    entry = entries.get(item.code)
    return entry is not None and (entry.missing != "" or (item.kind == "levels" and numbers[item.code] is None))


def _running(scale: Scale, numbers: Mapping[str, float | None]) -> tuple[float, str]:
    """The sum of the levels or the mean speed (m/s) so far, and words about lengths that cannot be right."""
    if scale.result == "sum":
        return sum(numbers[item.code] or 0.0 for item in scale.items if item.kind == "levels"), ""
    rule = scale.speed
    if rule is None:
        return 0.0, ""
    length_m, course_m = numbers[rule.length], numbers[rule.course]
    if length_m is None:
        return 0.0, ""
    if course_m is not None and length_m > course_m:
        told = f"the timed length of {number_text(length_m)} m is longer than the course of {number_text(course_m)} m"
        return 0.0, f"{told} (correct one of them)"
    speeds = [length_m / seconds for code in rule.times if (seconds := numbers[code])]
    if speeds and max(speeds) > rule.fastest_m_s:
        return 0.0, f"{max(speeds):.3g} m/s is no walking speed (look at the times and the timed length)"
    return (sum(speeds) / len(speeds) if speeds else 0.0), ""


def _subscore(part: Subscore, numbers: Mapping[str, float | None]) -> tuple[str, str, float | None, float]:
    counted = [number for code in part.items if (number := numbers[code]) is not None]
    return part.id, part.label, sum(counted) if len(counted) == len(part.items) else None, part.max


def unlikely(
    scale: Scale,
    before: float | None,
    now: float | None,
    days: float | None,
    other: Mapping[str, tuple[float | None, float | None]],
) -> str:
    """Words when a change needs confirmation, empty when it does not.

    `before` and `now` are totals `days` apart; `other` are (before, now) of the other scales by id. Unlikely are more
    than twice the smallest meaningful change (its upper value) within a week, and the contrary moves that the scale's
    file names, such as a rise of the motor score while walking got worse.
    """
    if before is None or now is None:
        return ""
    change = now - before
    told = [_contrary(scale, entry, change, other.get(entry.scale, (None, None))) for entry in scale.contrary]
    if days is not None and abs(days) <= WEEK_DAYS and scale.mcid:
        limit = TIMES_MCID * scale.mcid[0].most
        if abs(change) > limit + 1e-9:
            size = f"changed by {change:+.4g} {scale.unit}".rstrip()
            most = f"{number_text(limit)} {scale.unit}".rstrip()
            told.insert(0, f"{scale.title} {size} in {_days(days)}, more than {most}: look at it again")
    return "; ".join(words for words in told if words)


def _days(days: float) -> str:
    return "1 day" if abs(days) == 1 else f"{number_text(abs(days), 1)} days"


def _contrary(scale: Scale, entry: Contrary, change: float, there: tuple[float | None, float | None]) -> str:
    before, now = there
    if before is None or now is None or not (_moves(change, entry.here) and _moves(now - before, entry.there)):
        return ""
    shown = f"{number_text(before)} to {number_text(now)}"
    return (
        f"{scale.title} {entry.here} by {abs(change):.4g} while {entry.scale} {entry.there} from {shown}: confirm both"
    )


def _moves(change: float, way: str) -> bool:
    return change > 0 if way == "rises" else change < 0
