"""The one main screen: alarms, state, participant, checklist and body, health, keys."""

import importlib
from collections.abc import Callable
from typing import Any, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from bedside.commands import ScoreItem
from bedside.events import Value
from bedside.snapshot import Item, Step
from bedside.tui.actions import for_role
from bedside.tui.glyphs import Ladder
from bedside.tui.keykinds import KeyAction
from bedside.tui.link import Link
from bedside.tui.panels.ident import box_strip, device_strip, ident
from bedside.tui.panels.treatment import compact_rows, state_rows
from bedside.tui.panels.visit import checklist
from bedside.tui.picture import BodyKind, Picture, body_kind
from bedside.tui.rows import Row, Span, row, width_of
from bedside.tui.screens.body import Body, InterruptedBody, RowsPanel, StartBody
from bedside.tui.widgets.banner import AlarmBanner
from bedside.tui.widgets.panel import Panel

WITH_SIGNALS = frozenset({"hunt", "run"})
"""What needs the checklist's place in a terminal of 80 columns."""
ASSESSING = frozenset({"instruments", "scale", "capture"})
"""What needs it in one of 100 columns too: these have a list of their own."""


def later(name: str) -> Any:
    """A module of screens that the first paint does not need: loaded when first wanted."""
    return importlib.import_module(f"bedside.tui.screens.{name}")


ROOMY = 100
_FIRST = ("stop", "emergency", "belt_stop", "next", "pause")
_GROUPS = ("treatment", "single pulses", "assessment", "visit", "always")


def footer_row(picture: Picture, width: int) -> Row:
    """STOP first, help last, between them the keys that mean something now, as many as fit.

    A narrow footer leaves out what cannot be done now; the help page has it greyed.
    """
    spans: list[Span] = [(" F12 STOP ", "stop")]
    tail: list[Span] = [("  F1 ", "key"), ("help ", "text")]
    room = width - width_of(row(*spans, *tail))
    for action in sorted(for_role(picture.role), key=_rank):
        state = action.state(picture)
        size = len(action.shows) + len(action.label) + 3
        crowded = bool(state) and width < ROOMY and action.id != "next"
        if not action.footer or state is None or crowded or action.id in {"stop", "help"} or size > room:
            continue
        room -= size
        works = state == ""
        spans += [(f"  {action.shows} ", "key" if works else "key.off"), (action.label, "text" if works else "key.off")]
    return row(*spans, *tail)


def _rank(action: KeyAction) -> tuple[int, int]:
    first = _FIRST.index(action.id) if action.id in _FIRST else len(_FIRST)
    return first, _GROUPS.index(action.group)


class MainScreen(Screen[None]):
    """Everything a visit shows."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Screen declares it on the instance
        (0, "-narrow"),
        (80, "-normal"),
        (100, "-wide"),
        (150, "-huge"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - Screen declares it on the instance
        (0, "-flat"),
        (24, "-low"),
        (30, "-tall"),
        (45, "-high"),
    ]

    def __init__(
        self,
        link: Link,
        ladder: Ladder,
        answer: Callable[[Step, Item, Value], None],
        score: Callable[[ScoreItem], None],
        *,
        flashing: bool,
    ) -> None:
        super().__init__()
        self._link = link
        self._ladder: Ladder = ladder
        self._answer = answer
        self._score = score
        self._flashing = flashing
        self._picture = Picture()
        self._kind: BodyKind | None = None
        self._body: Body | None = None
        self._keyless = False
        self._holder = Vertical(id="holder")
        self._panels: list[Panel] = []

    def compose(self) -> ComposeResult:
        """From top to bottom in the order in which they are looked at."""
        alarms = AlarmBanner(flashing=self._flashing)
        compact = RowsPanel(lambda picture, width, height: compact_rows(picture, width), id="compact")
        state = RowsPanel(lambda picture, width, height: state_rows(picture, width, self._ladder), id="state")
        who = RowsPanel(lambda picture, width, height: [ident(picture, width)], id="ident")
        marks = RowsPanel(lambda picture, width, height: checklist(picture, width), id="checklist")
        devices = RowsPanel(lambda picture, width, height: [device_strip(picture, width)], id="devices")
        box = RowsPanel(lambda picture, width, height: [box_strip(picture, width)], id="box")
        keys = RowsPanel(lambda picture, width, height: [footer_row(picture, width)], id="keys")
        self._panels = [alarms, compact, state, who, marks, devices, box, keys]
        yield alarms
        yield compact
        with Vertical(id="big"):
            yield state
            yield who
            with Horizontal(id="middle"):
                yield marks
                yield self._holder
            yield devices
            yield box
            yield keys

    def on_mount(self) -> None:
        """Begin with what is known."""
        self.show(self._picture)

    def show(self, picture: Picture) -> None:
        """Show a new picture, in another body when the moment is of another kind."""
        self._picture = picture
        if not self._panels:
            return
        kind = body_kind(picture)
        if kind != self._kind:
            self._change(kind)
        for panel in self._panels:
            panel.show(picture)
        if self._body is not None and self._body.is_mounted:
            self._body.show(picture)
            self._take_keys()

    def _take_keys(self) -> None:
        """A form that had no place on the screen yet when it appeared could not take the keys: it takes them now."""
        if self._keyless and self._body is not None and self._kind == "form":
            self._body.begin()
            self._keyless = self.focused is None

    def _change(self, kind: BodyKind) -> None:
        self._kind = kind
        self.set_class(kind == "run", "-running")
        self.set_class(kind in WITH_SIGNALS, "-signals")
        self.set_class(kind in ASSESSING, "-assessing")
        self.set_class(kind == "start", "-alone")
        self._body = self._make(kind)
        self._holder.remove_children()
        self._holder.mount(self._body)
        self.call_after_refresh(self._begin, self._body)

    def _begin(self, body: Body) -> None:
        if body is self._body:
            body.show(self._picture)
            if self._picture.acts:
                body.begin()
                self._keyless = self.focused is None

    def _make(self, kind: BodyKind) -> Body:
        if kind == "start":
            return StartBody()
        if kind == "interrupted":
            return InterruptedBody()
        if kind == "form":
            return cast("Body", later("form").FormBody(self._answer))
        if kind == "hunt":
            return cast("Body", later("hunt").HuntBody(self._link, self._ladder))
        if kind == "instruments":
            return cast("Body", later("instruments").InstrumentsBody())
        if kind == "scale":
            return cast("Body", later("scale").ScaleBody(self._score))
        if kind == "capture":
            return cast("Body", later("capture").CaptureBody(self._link, self._ladder))
        return cast("Body", later("run").RunBody(self._link, self._ladder, self._answer))
