"""The electrical stimulator's part of the state, event by event."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bedside.events import CurrentSaid, Envelope, Event
from bedside.visit.current import RUNS
from bedside.visit.state import CurrentTold, Visit


def _said(state: Visit, event: CurrentSaid, envelope: Envelope) -> Visit:
    before = state.current
    ran = before is not None and (before.said.phase in RUNS or before.doubtful)
    doubtful = event.phase == "unknown" and ran
    since_ns = None
    if event.phase in RUNS or doubtful:
        since_ns = before.runs_since_ns if ran and before is not None else envelope.mono_ns
    return replace(state, current=CurrentTold(said=event, doubtful=doubtful, runs_since_ns=since_ns))


CHANGES: dict[type[Event], Callable[[Visit, Any, Envelope], Visit]] = {CurrentSaid: _said}
