"""A scale, one item at a time: the item large, its levels, the sums so far, and a review before it is finished."""

from bedside.snapshot import ScaleForm, ScaleItem
from bedside.tui.formlogic import range_text
from bedside.tui.levels import is_open, line_item, longer_options, options, reasons, value_words
from bedside.tui.rows import Row, Span, cut, ends, row, wrapped
from bedside.tui.underway import ON_THE_WAY, on_the_way

LEVEL_WIDTH = 5
WARNING_ROWS = 4


def head_rows(form: ScaleForm, width: int) -> list[Row]:
    """Title, the running total, how many items are open or without a value, and the sub-scores."""
    left = row((f" {form.title}", "strong"), (f"  {form.version}", "dim"))
    lines = [ends(left, row((f"{_open_words(form)} ", "text")), width)]
    parts = [f"{part.label} {part.value:g} of {part.max:g}" for part in form.subtotals]
    return [
        *lines,
        ends(row((f" {cut('   '.join(parts), width - 26)}", "dim")), row((f"{_sum(form)} ", "strong")), width),
    ]


def _sum(form: ScaleForm) -> str:
    most = f" of {form.max:g}" if form.max is not None else ""
    if form.total is not None:
        return f"total {form.total:g}{most}"
    return f"so far {form.running:g}{most}" if form.running is not None else "no total"


def _open_words(form: ScaleForm) -> str:
    missing = f", {form.missing} without a value" if form.missing else ""
    underway = on_the_way(form.items)
    return f"{form.open} of {len(form.items)} open{missing}{f', {underway} {ON_THE_WAY}' if underway else ''}"


def warning_rows(form: ScaleForm, width: int, limit: int = WARNING_ROWS) -> list[Row]:
    """What to look at: unlikely values, another examiner than before."""
    lines = [row(" ", *spans) for text in form.warnings for spans in wrapped(f"! {text}", width - 2, 2, "look")]
    return lines[:limit]


def card_rows(form: ScaleForm, at: int, so_far: str, *, asking: bool, width: int, height: int) -> list[Row]:
    """The item under the cursor: label in a band, its levels with the chosen one marked, hint and keys."""
    item = form.items[at]
    place = row((f"{at + 1} of {len(form.items)} ", "dim"))
    lines = [*head_rows(form, width), ends(row((f" {item.section}", "accent")), place, width)]
    blank: Row = ((" " * width, "bar"),)
    label = wrapped(item.label, width - 4, 3, "bar.strong")
    lines += [blank, *((("  ", "bar"), *spans, ("", "bar")) for spans in label), blank]
    lines += [_value_row(item, so_far), *_answer_rows(item, so_far, asking=asking)]
    hint = [row("  ", *spans) for spans in wrapped(item.hint, width - 4, 4, "dim")]
    return [*lines, *hint, *warning_rows(form, width)][:height]


def _value_row(item: ScaleItem, so_far: str) -> Row:
    if so_far:
        more = " or ".join(f"{rest} for {so_far}{rest}" for rest in longer_options(item, so_far))
        takes = f"Enter takes {so_far}, " if so_far in options(item) else ""
        return row((f"  = {so_far}_", "look"), (f"   {takes}{more}", "text"))
    words = value_words(item)
    by = {"rule": "  (by the scale's rule)", ON_THE_WAY: f"  ({ON_THE_WAY})"}.get(item.by, "") if words else ""
    sure = words and item.by != ON_THE_WAY
    return row((f"  = {words}" if words else "  not scored yet", "strong" if sure else "dim"), (by, "dim"))


def _answer_rows(item: ScaleItem, so_far: str, *, asking: bool) -> list[Row]:
    if asking:
        spans: list[Span] = [("  Why?", "look")]
        for number, (words, _) in enumerate(reasons(item), 1):
            spans += [(f"   {number} ", "key"), (words, "text")]
        return [row(*spans), row(("  Esc: back to the levels", "dim"))]
    if item.kind == "levels":
        return [_levels(item, so_far), row(("  digits and + give the level, N no value, Backspace clears", "dim"))]
    if item.kind == "choice":
        rows = [row((f"   {number} ", "key"), (choice, "text")) for number, choice in enumerate(item.allowed, 1)]
        return [*rows, row(("  its number, N no value, Backspace clears", "dim"))]
    wanted = range_text(line_item(item))
    return [row((f"  Enter, then type{': ' + wanted if wanted else ''}; N no value, Backspace clears", "dim"))]


def _levels(item: ScaleItem, so_far: str) -> Row:
    spans: list[Span] = [("  ", "text")]
    for level in item.allowed:
        chosen = item.value is not None and str(item.value) == level
        chose = "bar.strong" if item.by == ON_THE_WAY else "action"
        style = chose if chosen else "armed" if level == so_far else "bar"
        mark = f"[{level}]" if chosen else f" {level} "
        spans += [(f"{mark:^{LEVEL_WIDTH}}", style), (" ", "text")]
    return row(*spans)


def item_rows(form: ScaleForm, at: int, width: int, height: int) -> list[Row]:
    """All items beside the card, those around the cursor when they do not all fit; the review is the last."""
    rows = [_line(item, width, here=place == at) for place, item in enumerate(form.items)]
    review = "cursor" if at == len(form.items) else "text"
    rows.append(row((" Review and finish", review), ("", review)))
    first = min(max(at - height // 2, 0), max(len(rows) - height, 0))
    return rows[first : first + height]


def _line(item: ScaleItem, width: int, *, here: bool) -> Row:
    style = "cursor" if here else "strong" if is_open(item) else "text"
    mark = "[ ]" if is_open(item) else "[.]" if item.by == ON_THE_WAY else "[-]" if item.missing else "[x]"
    value = cut(value_words(item), 10)
    right = row((f"{value} ", style))
    return ends(row((f" {mark} {item.code} {item.label}", style)), right, width, style if here else "text")


def review_rows(form: ScaleForm, first: int, width: int, height: int) -> list[Row]:
    """Every item with what it has, those without a value first, before the scale is finished."""
    ranked = sorted(form.items, key=lambda item: (not is_open(item), not item.missing))
    title = "Review: Y finishes it" if not form.open else "Review: Y finishes it as it is and asks why"
    title += ", once the station has all answers" if on_the_way(form.items) else ""
    lines = [*head_rows(form, width), row((f" {title}", "accent")), *warning_rows(form, width, 2)]
    room = max(height - len(lines) - 1, 1)
    start = max(min(first, len(ranked) - room), 0)
    shown = [_reviewed(item, width) for item in ranked[start : start + room]]
    below = len(ranked) - start - room
    return [*lines, *shown, row((f" {below} more (page down)" if below > 0 else "", "dim"))]


def _reviewed(item: ScaleItem, width: int) -> Row:
    words = value_words(item) or ("open" if item.required else "open, optional")
    unsure = item.missing or item.by == ON_THE_WAY
    style = "look" if is_open(item) and item.required else "dim" if unsure else "text"
    by = {"rule": " by rule", ON_THE_WAY: f" {ON_THE_WAY}"}.get(item.by, "")
    return ends(row((f" {item.code:<9}{item.label}", style)), row((f"{words}{by} ", style)), width)
