"""The assessment's own page: its instruments, the four panels of parameters, and what departs from the plan."""

from bedside.snapshot import InstrumentLine, ParameterPanel
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, cut, ends, fit, row, veil, wrapped

MARKS = {"open": "[ ]", "now": "[>]", "complete": "[x]", "partial": "[/]", "not_done": "[-]"}
WORDS = {"open": "", "now": "under way", "complete": "", "partial": "partial", "not_done": "not done"}
_STYLES = {"open": "text", "now": "strong", "complete": "text", "partial": "look", "not_done": "dim"}
WIDE_PANELS = 64
HIDDEN_TITLES = ("tsdcs", "tms", "electric", "magnetic")


def list_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """Each instrument with its state and what came of it; those around the marked one when they do not all fit."""
    assess = picture.assess
    if assess is None:
        return []
    planned = [line for line in assess.instruments if not line.beyond]
    beyond = [line for line in assess.instruments if line.beyond]
    done = sum(line.state not in {"open", "now"} for line in planned)
    lines = [ends(row((" Instruments", "accent")), row((f"{done} of {len(planned)} ", "dim")), width)]
    here = picture.marked_instrument
    rows = [_instrument(line, width, here=line is here) for line in planned]
    rows += [row((" Beyond the plan", "accent"))] if beyond else []
    rows += [_instrument(line, width, here=line is here) for line in beyond]
    room = max(height - 2, 1)
    at = planned.index(here) if here in planned else len(planned) + 1 + beyond.index(here) if here in beyond else 0
    first = min(max(at - room + 2, 0), at, max(len(rows) - room, 0))
    below = len(rows) - first - room
    lines += rows[first : first + room]
    if below > 0:
        return [*lines, row((f" {below} more below", "dim"))]
    return [*lines, *_about(here, width)][:height] if here is not None else lines


def _about(line: InstrumentLine, width: int) -> list[Row]:
    """The marked instrument in full words, below the list."""
    state = WORDS[line.state] or line.state
    told = ", ".join(words for words in (state, line.summary, "beyond the plan" if line.beyond else "") if words)
    text = f"{line.title}: {told}"
    return [row(""), *(row(" ", *spans) for spans in wrapped(text, width - 2, 3, "dim"))]


def _instrument(line: InstrumentLine, width: int, *, here: bool) -> Row:
    style = "cursor" if here else _STYLES[line.state]
    tail = line.summary or WORDS[line.state]
    if line.summary and WORDS[line.state]:
        tail = f"{WORDS[line.state]}, {line.summary}"
    room = max(width - len(line.title) - 7, 6)
    right = row((f"{cut(tail, room)} ", style if here else "dim"))
    return ends(row((f" {MARKS[line.state]} {line.title}", style)), right, width, style if here else "text")


def panel_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """Subject, electrical, magnetic and evaluation time: two by two where there is room, else one below the other."""
    assess = picture.assess
    if assess is None:
        return []
    if width < WIDE_PANELS:
        loose = [line for panel in assess.panels for line in [*_panel(panel, picture, width), row("")]]
        return loose if len(loose) <= height else [line for line in loose if line != row("")]
    half = (width - 1) // 2
    lines: list[Row] = []
    for first in range(0, len(assess.panels), 2):
        pair = [_panel(panel, picture, half) for panel in assess.panels[first : first + 2]]
        tall = max(len(block) for block in pair) + 1
        columns = [[*block, *[row("")] * (tall - len(block))] for block in pair]
        lines += [sum((fit(line, half) for line in across), ()) for across in zip(*columns, strict=True)]
    return lines


def _panel(panel: ParameterPanel, picture: Picture, width: int) -> list[Row]:
    """One panel; the intensities' panels are hidden whole while the privacy key is on."""
    lines: list[Row] = [row((f" {panel.title}", "accent"))]
    if picture.private and panel.title.lower().startswith(HIDDEN_TITLES):
        return [*lines, row(("   hidden (F9 shows it)", "dim"))]
    for label, value in panel.rows:
        shown = veil(value, picture.private)
        room = max(width - len(label) - 6, 6)
        lines.append(ends(row(f"   {label}"), row((f"{cut(shown, room)} ", "strong")), width))
    lines += [row("   ", *spans) for spans in wrapped(panel.note, width - 4, 2, "dim")]
    return lines


def deviation_rows(picture: Picture, width: int, limit: int) -> list[Row]:
    """What departs from the study's plan, such as another examiner than before."""
    texts = picture.assess.deviations if picture.assess else ()
    whole = "; ".join(texts)
    return [row(" ", *spans) for spans in wrapped(f"Deviation: {whole}" if whole else "", width - 2, limit, "look")]


def head_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """Point of the study, what to do, and what departs from the plan."""
    step, assess = picture.step, picture.assess
    if step is None or assess is None:
        return []
    title = ends(
        row((f" {step.number} of {step.total}  ", "accent"), (f"{step.title}, {assess.point}", "strong")),
        row((f"{_other(picture)} ", "dim")),
        width,
    )
    words = [row(" ", *spans) for spans in wrapped(step.instruction, width - 2, 1 if assess.deviations else 2)]
    return [title, *words, *deviation_rows(picture, width, max(height - 1 - len(words), 1))]


def _other(picture: Picture) -> str:
    if picture.assess is None or picture.assess.result is None:
        return ""
    return "V shows the panels" if picture.plot else "V shows the result"
