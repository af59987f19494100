"""The visit's checklist and the present step's words."""

from bedside.snapshot import StepMark
from bedside.tui.deedkinds import Send
from bedside.tui.deeds import DEEDS
from bedside.tui.nextoffer import next_offer
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, cut, ends, row, veil, wrapped

MARKS = {"open": "[ ]", "now": "[>]", "done": "[x]", "attention": "[!]"}
_STYLES = {"open": "dim", "now": "strong", "done": "text", "attention": "look"}
HIDDEN_STEPS = frozenset({"coil", "dose"})
HIDDEN = "hidden (F9 shows it)"


def checklist(picture: Picture, width: int) -> list[Row]:
    """All steps of the visit with their state and, where there is room, what came of them."""
    lines: list[Row] = [row((" Visit", "accent"))]
    for mark in picture.snapshot.checklist:
        lines.append(_mark(mark, picture, width))
    return lines


def _mark(mark: StepMark, picture: Picture, width: int) -> Row:
    style = _STYLES[mark.state]
    hide = picture.private and mark.id in HIDDEN_STEPS | {"threshold"}
    summary = "" if hide else mark.summary
    head = f" {MARKS[mark.state]} {mark.title}"
    room = width - len(head) - 3
    return row((head, style), (f"  {cut(summary, room)}" if summary and room >= 4 else "", "dim"))


def progress(picture: Picture) -> str:
    """The checklist in one sign a step, for narrow screens."""
    signs = {"open": ".", "now": ">", "done": "x", "attention": "!"}
    return "[" + "".join(signs[mark.state] for mark in picture.snapshot.checklist) + "]"


def step_title(picture: Picture, width: int, with_progress: bool) -> Row:
    """Such as "4 of 13  Find the hotspot"."""
    step = picture.step
    if step is None:
        return row("")
    left = row((f" {step.number} of {step.total}  ", "accent"), (step.title, "strong"))
    return ends(left, row((progress(picture) + " " if with_progress else "", "dim")), width)


def step_words(picture: Picture, width: int, instruction_rows: int, good_rows: int) -> list[Row]:
    """What to do in one sentence, and what good looks like."""
    step = picture.step
    if step is None:
        return []
    if picture.private and step.id in HIDDEN_STEPS:
        return [row((f" {HIDDEN}", "dim"))]
    lines = [
        row(" ", *spans) for spans in wrapped(veil(step.instruction, picture.private), width - 2, instruction_rows)
    ]
    if step.good and good_rows:
        lines += [row(" ", *spans) for spans in wrapped(f"Good: {step.good}", width - 2, good_rows, "dim")]
    return lines


def action_rows(picture: Picture, height: int) -> list[Row]:
    """The one next action in the largest box, with its key, and beneath it why it waits or what was answered."""
    offer = next_offer(picture)
    label = veil(offer.label, picture.private) if offer else ""
    below = row((f" {picture.notice}", "look")) if picture.notice else row("")
    if offer is None:
        band = row((_idle(picture), "action.off"), ("", "action.off"))
        return _boxed(band, "action.off", below, height)
    if not offer.enabled:
        band = row((f"  F2  {label}", "action.off"), ("", "action.off"))
        why = (
            below
            if picture.notice
            else row((f" waiting: {veil(offer.reason, picture.private) or 'not possible now'}", "dim"))
        )
        return _boxed(band, "action.off", why, height)
    style, text = _ready_words(picture, offer.command, label)
    below = below if picture.notice or not offer.reason else row((f" {veil(offer.reason, picture.private)}", "dim"))
    return _boxed(row((f"  F2  {text}", style), ("", style)), style, below, height)


def _idle(picture: Picture) -> str:
    if not picture.link.ever:
        return "  waiting for the station"
    if picture.word == "STIMULATING":
        return "  Space pauses, F12 stops"
    return "  nothing to do here at the moment"


def _ready_words(picture: Picture, command: str, label: str) -> tuple[str, str]:
    deed = DEEDS.get(command)
    armed = picture.armed
    if armed is not None and armed.holds(command, picture.step_id, picture.now_s):
        return "armed", f"again within {armed.left_s(picture.now_s):.0f} s: {label}"
    two_step = isinstance(deed, Send) and deed.two_step(picture)
    return "action", f"{label}  (asks once more)" if two_step else label


def _boxed(band: Row, style: str, below: Row, height: int) -> list[Row]:
    blank = row(("", style))
    if height >= 4:
        return [blank, band, blank, below]
    return [band, below] if height >= 2 else [band]
