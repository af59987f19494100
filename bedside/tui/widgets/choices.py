"""The answers of a choice below its line: side by side while they are few, else a list around the chosen one."""

from collections.abc import Sequence

from bedside.snapshot import Item
from bedside.tui.rows import Row, cut, row

MOST_ROWS = 4
WINDOW_ROWS = 5
MARGIN = 6


def choice_rows(item: Item, width: int) -> list[Row]:
    """The choices with their numbers; only the first nine have a key of their own."""
    words = [f"{place} {choice}" if place < 10 else choice for place, choice in enumerate(item.choices, 1)]
    lines = _side_by_side(words, width - MARGIN)
    if len(lines) > MOST_ROWS:
        return _window(item, words, width)
    return [row("     ", (line, "accent")) for line in lines]


def is_list(item: Item, width: int) -> bool:
    """Whether the choices stand one below the other, so that the arrow keys up and down go through them."""
    return len(choice_rows(item, width)) > MOST_ROWS


def _side_by_side(words: Sequence[str], room: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 3 > room:
            lines.append("")
        lines[-1] += f"   {word}" if lines[-1] else word
    return lines


def _window(item: Item, words: Sequence[str], width: int) -> list[Row]:
    """Those around the chosen one, which has a mark; how many there are above and below."""
    at = item.choices.index(str(item.value)) if item.value in item.choices else -1
    first = min(max(at - WINDOW_ROWS // 2, 0), max(len(words) - WINDOW_ROWS, 0))
    last = min(first + WINDOW_ROWS, len(words))
    rows = []
    for place in range(first, last):
        mark, style = ("  >  ", "strong") if place == at else ("     ", "accent")
        rows.append(row((mark, style), (cut(words[place], width - MARGIN), style)))
    more = [f"{count} more {where}" for count, where in ((first, "above"), (len(words) - last, "below")) if count]
    return [*rows, row((f"     {', '.join(more)}", "dim"))] if more else rows
