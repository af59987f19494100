"""Scoring a scale by keyboard: one item a screen, then a review."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from bedside.commands import ScoreItem
from bedside.events import Value
from bedside.snapshot import Item
from bedside.tui.levels import line_item, options
from bedside.tui.panels.scale import item_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.widgets.scalecard import ScaleCard
from bedside.tui.widgets.typed import Typed


class ScaleSheet(Typed):
    """The card, all items beside it where there is room, and the line to type in."""

    def __init__(self, score: Callable[[ScoreItem], None]) -> None:
        super().__init__()
        self.card = ScaleCard(score)
        self.items = RowsPanel(self._items, id="items")

    def compose(self) -> ComposeResult:
        """Items and card above, the line below."""
        with Horizontal(id="sheet"):
            yield self.items
            yield self.card
        yield self.line

    @property
    def keys(self) -> ScaleCard:
        """The card."""
        return self.card

    def _items(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        form = self.card.form
        return item_rows(form, self.card.at, width, height) if form is not None else []

    def on_scale_card_wanted(self, message: ScaleCard.Wanted) -> None:
        """Open the line."""
        message.stop()
        self.open_line(line_item(message.item), message.typed)

    def on_scale_card_moved(self, message: ScaleCard.Moved) -> None:
        """The list beside follows."""
        message.stop()
        self.items.renew()

    def given(self, item: Item, value: Value) -> None:
        """A number or a text was typed."""
        form = self.card.form
        scored = next((one for one in form.items if one.code == item.id), None) if form is not None else None
        if scored is not None:
            self.card.give(scored, value)


class ScaleBody(Body):
    """An open scale."""

    class Said(Message):
        """Something to be said to the person."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, score: Callable[[ScoreItem], None]) -> None:
        super().__init__()
        self.sheet = ScaleSheet(score)

    def compose(self) -> ComposeResult:
        """Sheet and action."""
        action = ActionBox()
        self.panels = [action, self.sheet.items, self.sheet.card]
        yield self.sheet
        yield action

    def show(self, picture: Picture) -> None:
        """Keep the cursor while the scale stays the same."""
        self.sheet.card.readonly = not picture.acts
        if picture.form is not None:
            self.sheet.card.put(picture.form)
        super().show(picture)

    def begin(self) -> None:
        """The card has the keys."""
        if not self.sheet.is_typing:
            self.screen.set_focus(self.sheet.card)

    def on_scale_card_unknown(self, message: ScaleCard.Unknown) -> None:
        """Say what can be typed instead."""
        message.stop()
        self.post_message(self.Said(f"{message.sign} is no level of this item: {', '.join(options(message.item))}"))
