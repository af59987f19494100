"""What a key is: how it shows, what it does, when it means something, and on whose screens."""

from typing import Literal

import msgspec

from bedside.tui.deedkinds import Deed
from bedside.tui.offers import State

Group = Literal["always", "visit", "single pulses", "treatment", "assessment"]


class KeyAction(msgspec.Struct, frozen=True):
    """One key. `state` says None when it is not shown now, "" when it works, else why it is greyed.

    `watcher` keys work on every screen, `assessor` keys on those of control and of a blinded assessor.
    """

    id: str
    keys: tuple[str, ...]
    shows: str
    label: str
    tooltip: str
    group: Group
    deed: Deed
    state: State
    priority: bool = False
    watcher: bool = False
    assessor: bool = False
    footer: bool = True
