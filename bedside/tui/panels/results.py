"""What an instrument or a trial found, beside the visit before: numbers, change, and what it means in words."""

from bedside.snapshot import Result, ResultRow
from bedside.tui.rows import NOT_KNOWN, Row, ends, row, width_of, wrapped

MEANINGS = {"better": "better", "worse": "worse", "same": "the same", "none": ""}
_STYLES = {"better": "strong", "worse": "look", "same": "text", "none": "dim"}
NUMBER_WIDTH = 9
MEANING_WIDTH = 9
VERDICT_WIDTH = 30


def result_rows(result: Result, width: int) -> list[Row]:
    """Title, what speaks against it, a row a variable, flags, and the method."""
    lines: list[Row] = [row((f" {result.title}", "accent"))]
    if result.refusal:
        lines += [] if result.rows else [row((" NO RESULT", "look"))]
        lines += [row(" ", *spans) for spans in wrapped(result.refusal, width - 2, 8, "look")]
    if result.rows:
        lines += _table(result, width)
    elif not result.refusal:
        lines.append(row((" nothing was found", "dim")))
    for flag in result.flags:
        lines += [row(" ", *spans) for spans in wrapped(f"! {flag}", width - 2, 4, "look")]
    method = f"Method: {result.method}" if result.method else ""
    return [*lines, *(row(" ", *spans) for spans in wrapped(method, width - 2, 4, "dim"))]


def _table(result: Result, width: int) -> list[Row]:
    """One number a row where there is nothing to compare with, else three, what the change means, and the verdict."""
    if not result.previous and all(one.previous is None for one in result.rows):
        return [_alone(one, width) for one in result.rows]
    before = result.previous or "an earlier visit"
    wide = width >= _least(result) + VERDICT_WIDTH
    head = row((_columns("now", "before", "change"), "dim"), (f" {'':<{MEANING_WIDTH}}", "dim"))
    tail = row((f" {'verdict':<{VERDICT_WIDTH}}", "dim")) if wide else ()
    lines = [row((f" before: {before}", "dim")), ends(row(""), (*head, *tail), width)]
    for one in result.rows:
        lines += _variable(one, width, wide=wide)
    return lines


def _least(result: Result) -> int:
    label = max((len(_label(one)) for one in result.rows), default=0)
    return label + 3 * NUMBER_WIDTH + MEANING_WIDTH + 4


def _label(one: ResultRow) -> str:
    return f" {one.label}" + (f" ({one.unit})" if one.unit else "")


def _now(one: ResultRow) -> str:
    return NOT_KNOWN if one.value is None else f"{one.value:.{one.digits}f}"


def _alone(one: ResultRow, width: int) -> Row:
    verdict = f"  {one.verdict}" if one.verdict else ""
    return ends(row(_label(one)), row((f"{_now(one)} ", "strong"), (verdict, "dim")), width)


def _columns(now: str, before: str, change: str) -> str:
    return f"{now:>{NUMBER_WIDTH}}{before:>{NUMBER_WIDTH}}{change:>{NUMBER_WIDTH}}"


def _variable(one: ResultRow, width: int, *, wide: bool) -> list[Row]:
    """Label with its unit, the three numbers, the meaning of the change; the verdict behind or beneath."""
    change = "" if one.change is None else f"{one.change:+.{one.digits}f}"
    before = "-" if one.previous is None else f"{one.previous:.{one.digits}f}"
    style = _STYLES[one.arrow]
    right = row((_columns(_now(one), before, change), "strong"), (f" {MEANINGS[one.arrow]:<{MEANING_WIDTH}}", style))
    fits = wide and len(one.verdict) <= VERDICT_WIDTH
    if wide:
        right = (*right, *row((f" {one.verdict if fits else '':<{VERDICT_WIDTH}}", style)))
    label, room = _label(one), width - width_of(right) - 1
    above = [row(label)] if len(label) > room else []
    first = ends(row("" if above else label), right, width)
    beneath = "" if fits else one.verdict
    return [*above, first, *(row("     ", *spans) for spans in wrapped(beneath, width - 6, 2, style))]
