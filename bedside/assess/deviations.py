"""When two forms of one participant may not be compared as they stand, in words for the record."""

from collections.abc import Mapping

from bedside.assess.items import Entry
from bedside.config import Scale


def examiner_deviation(scale: Scale, earlier_examiner: str, now_examiner: str) -> str:
    """Words for a protocol deviation when a scale that needs the same examiner gets another; empty otherwise.

    Examiners are staff codes; an empty `earlier_examiner` means that there was no earlier form.
    """
    earlier, present = earlier_examiner.strip(), now_examiner.strip()
    if scale.rater != "same_examiner" or not earlier or earlier.casefold() == present.casefold():
        return ""
    return f"{scale.title}: the same examiner for all visits was {earlier}; now it is {present or 'nobody named'}"


def version_deviation(scale: Scale, earlier_version: str) -> str:
    """Words when the earlier form was another version of the scale, so that the totals may not compare."""
    if not earlier_version or earlier_version == scale.version:
        return ""
    return f"{scale.title}: version '{scale.version}' now, '{earlier_version}' before; the scores may not compare"


def condition_deviation(scale: Scale, earlier: Mapping[str, Entry], now: Mapping[str, Entry]) -> str:
    """Words when a condition that has to be the same (pace, walking aid, course) is not; empty otherwise.

    A condition that one of the forms does not have counts as changed: nobody can say that it was the same.
    """
    changed = []
    for code in scale.conditions:
        before, present = earlier.get(code, Entry()), now.get(code, Entry())
        item = scale.item(code)
        if item is not None and (before.value, before.missing) != (present.value, present.missing):
            changed.append(f"{item.label} {_told(present)} now, {_told(before)} before")
    return f"{scale.title}: {'; '.join(changed)}" if changed else ""


def _told(entry: Entry) -> str:
    if entry.value is None:
        return "not known"
    return f"{entry.value:g}" if isinstance(entry.value, float) else str(entry.value)
