"""On which line of a TOML file a key is written: its reader keeps no lines, and people look for them."""

import re
import tomllib
from collections.abc import Sequence
from itertools import islice

MOST_TRIED = 100
_OTHERWISE = "renamed-to-find-its-line"
_STEP = re.compile(r"\[(?P<index>\d+)\]|\[\.\.\.\]|(?P<key>[^.\[\]$]+)")


def steps_of(place: str) -> tuple[str | int, ...]:
    """The keys and indices of a place as msgspec writes it, "$.rules[0].criterion_uv"; "" for a key it leaves open."""
    found = _STEP.finditer(place)
    return tuple(int(step["index"]) if step["index"] else step["key"] or "" for step in found)


def line_of(text: str, steps: Sequence[str | int]) -> int | None:
    """The line (from 1) of the key at `steps` in TOML; None where the text has no such key, or more than one place.

    A place in the text is that key when the key is gone once the place reads otherwise. For an element of an array it
    is the line of the array's key.
    """
    keys = list(steps)
    while keys and not isinstance(keys[-1], str):
        keys.pop()
    if not keys or "" in keys or not _there(text, keys):
        return None
    places = re.finditer(rf"(?<![\w-]){re.escape(str(keys[-1]))}(?=[\"']?\s*[.=\]])", text)
    for place in islice(places, MOST_TRIED):
        if not _there(text[: place.start()] + _OTHERWISE + text[place.end() :], keys):
            return text.count("\n", 0, place.start()) + 1
    return None


def _there(text: str, keys: Sequence[str | int]) -> bool:
    """Whether the key is in this text; a text that is no TOML any more tells nothing, so that it counts as there."""
    try:
        node = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return True
    for key in keys:
        try:
            node = node[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return False
    return True
