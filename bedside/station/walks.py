"""What the walk of an instrument's last analysed trial looked like, for the screen: read once from its analysis."""

from collections.abc import Mapping
from pathlib import Path

import structlog
from msgspec.structs import replace

from bedside.assess.walked import walked
from bedside.config.captures import CaptureConfig
from bedside.events import CaptureAnalysed, CaptureStarted, Envelope, VisitOpened
from bedside.record.analysis import analysis
from bedside.snapshot import GaitSide, Snapshot

log = structlog.get_logger()


class Walks:
    """Follows the journal, also one that is read again after a restart; draws only what the journal's hash binds."""

    def __init__(self, visits: Path, captures: Mapping[str, CaptureConfig]) -> None:
        self._visits = visits
        self._captures = captures
        self._visit = ""
        self._walks: dict[str, tuple[GaitSide, ...]] = {}

    def event(self, envelope: Envelope) -> None:
        """Read the analysis of a walk when it is journalled."""
        match envelope.event:
            case VisitOpened(visit=visit):
                self._visit, self._walks = visit, {}
            case CaptureStarted(instrument=instrument):
                self._walks.pop(instrument, None)
            case CaptureAnalysed(instrument=instrument) as done:
                self._walks[instrument] = self._read(done)

    def onto(self, made: Snapshot) -> Snapshot:
        """The snapshot with the walk beside the result of its trial."""
        assess = made.assess
        capture = assess.capture if assess is not None else None
        if assess is None or capture is None or capture.result is None or not self._walks.get(capture.id):
            return made
        drawn = replace(capture, gait=self._walks[capture.id])
        return replace(made, assess=replace(assess, capture=drawn))

    def _read(self, done: CaptureAnalysed) -> tuple[GaitSide, ...]:
        capture = self._captures.get(done.instrument)
        if capture is None or capture.kind != "gait" or done.refusal:
            return ()
        try:
            return walked(analysis(done, self._visits / self._visit))
        except (OSError, LookupError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
            log.warning("the walk cannot be drawn", trial=done.trial, error=repr(error))
            return ()
