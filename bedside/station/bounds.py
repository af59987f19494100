"""How much a command may carry: what comes from a socket is kept in a journal and painted on every screen."""

from typing import Any

import msgspec

from bedside.commands import AnyCommand, Stop, StopBelt, StopCurrent
from bedside.refusal import Refusal

LONGEST_TEXT = 2000
MOST_ENTRIES = 100
LARGEST = 2**53
"""Larger whole numbers do not fit a float, and no rule has a use for them."""


def demand_bounds(command: AnyCommand) -> None:
    """Raise `Refusal` for a text, a list or a number that nothing here can need. A stop is never refused."""
    if isinstance(command, Stop | StopBelt | StopCurrent):
        return
    for name, value in msgspec.structs.asdict(command).items():
        _demand(name.replace("_", " "), value)


def _demand(name: str, value: Any) -> None:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise Refusal(f"the {name} has {len(value)} characters", f"at most {LONGEST_TEXT} are kept")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise Refusal(f"the {name} is too large a number", "type it again")
    if isinstance(value, tuple):
        if len(value) > MOST_ENTRIES:
            raise Refusal(f"the {name} are {len(value)}", f"at most {MOST_ENTRIES} are taken")
        for entry in value:
            _demand(name, entry)
