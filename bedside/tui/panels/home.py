"""The choice before a visit: a treatment or an assessment, side by side, each with its key."""

from bedside.tui import assessoffers
from bedside.tui.panels.visit import action_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, fit, row

ASSESSMENT = "  M  Open an assessment"


def choice_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """Both boxes once somebody is signed in, before that the one next action; a reason stands beneath its box."""
    reason = assessoffers.home(picture)
    left = action_rows(picture, height)
    if reason is None or picture.role == "assess":
        return left
    style = "action.off" if reason else "action"
    blank, below = row(("", style)), row((f" {reason}", "dim"))
    right = [blank, row((ASSESSMENT, style), ("", style)), blank, below] if height >= 4 else [row((ASSESSMENT, style))]
    half = (width - 1) // 2
    both: list[Row] = [
        (*fit(one, half), (" ", "text"), *fit(other, width - half - 1))
        for one, other in zip(left, [*right, *[row("")] * len(left)], strict=False)
    ]
    # what was answered takes the whole width below both boxes
    return [*both[:-1], left[-1]] if picture.notice and len(both) > 1 else both
