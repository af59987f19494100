"""The kinds of deeds, and what their forms are made of.

`Send` builds a command from the picture, `Ask` from a filled form, `Open` shows a page, `Local` calls the app.
"""

from collections.abc import Callable, Mapping

import msgspec

from bedside.commands import AnyCommand
from bedside.events import Value
from bedside.snapshot import Item
from bedside.tui.picture import Picture

Answers = Mapping[str, Value]
ItemMaker = Callable[[Picture], tuple[Item, ...]]


class Send(msgspec.Struct, frozen=True):
    """A command that needs no more than the picture, or a string saying why it cannot be built.

    With `arm_s` it is sent on the second press only, within that time of the first, unless `at_once` holds; `rearms`
    keeps it armed after.
    """

    build: Callable[[Picture], AnyCommand | str]
    arm_s: float = 0.0
    rearms: bool = False
    at_once: Callable[[Picture], bool] = lambda picture: False

    def two_step(self, picture: Picture) -> bool:
        """Whether it takes a second press now."""
        return self.arm_s > 0 and not self.at_once(picture)


class Ask(msgspec.Struct, frozen=True):
    """A command built from a form; `build` may answer with a string saying what is wrong."""

    title: str
    items: ItemMaker
    build: Callable[[Answers, Picture], AnyCommand | str]
    accept: str = "Save"


class Open(msgspec.Struct, frozen=True):
    """Show a page."""

    page: str


class Local(msgspec.Struct, frozen=True):
    """Call this method of the app."""

    method: str


Deed = Send | Ask | Open | Local


def text(answers: Answers, name: str) -> str:
    """A typed or chosen text, empty where none was given."""
    value = answers.get(name)
    return "" if value is None else str(value)


def decimal(answers: Answers, name: str) -> float | None:
    """A typed number, None where none was given."""
    value = answers.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(answers: Answers, name: str) -> int | str | None:
    """A typed whole number, a string saying that it is none, or None where none was given."""
    value = decimal(answers, name)
    if value is None or value.is_integer():
        return None if value is None else int(value)
    return f"a whole number is needed, not {value:g}"


def entry(name: str, label: str, kind: str = "text", **more: object) -> Item:
    """One line of a form."""
    return Item(id=name, label=label, kind=kind, **more)  # type: ignore[arg-type]


def one(name: str, label: str, kind: str = "text", **more: object) -> ItemMaker:
    """A form of one line."""
    return lambda picture: (entry(name, label, kind, **more),)
