"""Rows of styled text: what every panel is made of before it is painted. Pure."""

import re
import textwrap
from datetime import datetime

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
Row = tuple[Span, ...]

STALE_AFTER_S = 2.0
NOT_KNOWN = "not known"
_INTENSITY = re.compile(r"\d+(?:[.,]\d+)?\s*%\s?MSO")


def clean(text: str) -> str:
    """`text` without anything a terminal would obey: control characters become spaces or question marks."""
    return "".join(sign if sign.isprintable() else " " if sign in "\n\t" else "?" for sign in text)


def row(*spans: Span | str) -> Row:
    """A row of spans; a bare string has the style "text"."""
    return tuple((clean(span), "text") if isinstance(span, str) else (clean(span[0]), span[1]) for span in spans)


def width_of(spans: Row) -> int:
    """How many terminal cells a row takes."""
    return sum(cell_len(text) for text, _ in spans)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells, ending in an ellipsis when something was lost."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def fit(spans: Row, width: int, style: str = "text") -> Row:
    """Exactly `width` cells: cut with an ellipsis, or padded in `style`, or in that of an empty last span."""
    if spans and not spans[-1][0]:
        style = spans[-1][1]
    out: list[Span] = []
    room = width
    for text, name in spans:
        size = cell_len(text)
        if not size:
            continue
        if size > room:
            out.append((cut(text, room), name))
            room -= cell_len(out[-1][0])
            break
        out.append((text, name))
        room -= size
    if room > 0:
        out.append((" " * room, style))
    return tuple(out)


def ends(left: Row, right: Row, width: int, style: str = "text") -> Row:
    """`left` and `right` at the two ends of one row, `style` between; the left one is cut first."""
    room = max(width - width_of(right) - 1, 0)
    return (*fit(left, room, style), (" ", style), *fit(right, width - room - 1, style))


def wrapped(text: str, width: int, limit: int, style: str = "text") -> list[Row]:
    """`text` broken into at most `limit` rows of `width` cells; the last says when more was left out."""
    lines = [line for part in text.splitlines() for line in textwrap.wrap(clean(part), max(width, 4))]
    if len(lines) > limit:
        lines = [*lines[: max(limit - 1, 0)], cut(" ".join(lines[max(limit - 1, 0) :]), width)]
    return [((line, style),) for line in lines[:limit]]


def minutes(seconds: float) -> str:
    """Minutes and seconds, such as 19:42; hours in front when there are any."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def age_text(age_s: float | None) -> str:
    """How old a value is, in words; nothing while it is fresh."""
    if age_s is None:
        return "never heard"
    return "" if age_s <= STALE_AFTER_S else f"{minutes(age_s)} old" if age_s >= 60 else f"{age_s:.0f} s old"


def number(value: float | None, digits: int = 0, unit: str = "") -> str:
    """A number with its unit, or "not known"; an unknown value never looks like a good one."""
    if value is None:
        return NOT_KNOWN
    return f"{value:.{digits}f} {unit}".rstrip()


def clock_of(utc: str, *, seconds: bool = True) -> str:
    """The local time of day of an ISO 8601 instant, or nothing when there is none."""
    try:
        return datetime.fromisoformat(utc).astimezone().strftime("%H:%M:%S" if seconds else "%H:%M")
    except ValueError:
        return ""


def veil(text: str, private: bool) -> str:
    """`text` with every intensity in it hidden while the privacy key is on."""
    return _INTENSITY.sub("-- %MSO", text) if private else text
