"""Which files of the import folder can be a trial of the open capture; looked at while one is open.

A file is offered with every mapping of the capture's kind that finds its columns in it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import structlog
from msgspec.structs import replace

from bedside.assess.importing import KINDS, TableKind
from bedside.events import Role
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.mapping import Mapping, load_mappings
from bedside.record.tables.table import demand_fit
from bedside.refusal import Refusal
from bedside.snapshot import ImportLine, Imports, Snapshot
from bedside.station.import_folder import Fingerprint, entries, head
from bedside.visit.state import Visit

log = structlog.get_logger()

LOOK_S = 2.0
HEAD_BYTES = 64 << 10
MOST_FILES = 50
MOST_CHOICES = 12

Key = tuple[str, Fingerprint, str]


class ImportList:
    """Follows the import folder. `state` tells the present state, `changed` is called when the list is another one."""

    def __init__(self, config: Path, folder: Path, state: Callable[[], Visit], changed: Callable[[], None]) -> None:
        self._config = config
        self._folder = folder
        self._state = state
        self._changed = changed
        self._fits: dict[Key, str] = {}
        self.present: Imports | None = None

    async def look(self) -> None:
        """Look again, or forget the list where no capture is open."""
        kind = open_kind(self._state())
        try:
            seen = None if kind is None else await asyncio.to_thread(self._look, kind)
        except Exception as error:  # noqa: BLE001 - whatever lies in a folder, the station goes on
            log.warning("the import folder cannot be looked at", folder=str(self._folder), error=repr(error))
            seen = Imports(folder=str(self._folder), notes=(f"it cannot be looked at: {error!r}",))
        if seen != self.present:
            self.present = seen
            self._changed()

    def onto(self, snapshot: Snapshot, role: Role) -> Snapshot:
        """The picture with the list in its open capture; an assessor is shown what fits, and no remarks on the rest."""
        assess, shown = snapshot.assess, self.present
        if assess is None or assess.capture is None or shown is None:
            return snapshot
        if role == "assess":
            shown = replace(shown, notes=())
        return replace(snapshot, assess=replace(assess, capture=replace(assess.capture, imports=shown)))

    def _look(self, kind: TableKind) -> Imports:
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
        mappings, problems = load_mappings(self._config)
        fitting = [mapping for mapping in mappings if mapping.kind == kind]
        choices, strange = [], []
        known: dict[Key, str] = {}
        for name, told in entries(self._folder)[:MOST_FILES]:
            reasons = [self._reason(name, told, mapping, known) for mapping in fitting]
            choices += [_line(name, told, m) for m, reason in zip(fitting, reasons, strict=True) if not reason]
            strange += [] if "" in reasons else [name]
        self._fits = known
        notes = [str(problem) for problem in problems]
        if not fitting:
            notes.append(f"no mapping reads {kind} tables")
        if strange:
            notes.append(f"{len(strange)} file(s) fit no mapping of {kind} tables")
        if len(choices) > MOST_CHOICES:
            notes.append(f"{len(choices) - MOST_CHOICES} older ones are not listed: empty the folder after every visit")
        return Imports(folder=str(self._folder), choices=tuple(choices[:MOST_CHOICES]), notes=tuple(notes))

    def _reason(self, name: str, told: Fingerprint, mapping: Mapping, known: dict[Key, str]) -> str:
        """Why the file does not fit the mapping, empty where it does; a file is read again only once it has changed."""
        key = (name, told, mapping.sha256)
        if key not in self._fits:
            self._fits[key] = _misfit(self._folder, name, mapping)
        known[key] = self._fits[key]
        return known[key]


def open_kind(state: Visit) -> TableKind | None:
    """The tables that the open capture takes while nothing is recorded; None where none may be imported."""
    present = state.assessment
    if present is None or not state.going_on or present.open is None or present.running is not None:
        return None
    capture = state.setup.catalogue.captures.get(present.open)
    return None if capture is None else KINDS.get(capture.kind)


def _misfit(folder: Path, name: str, mapping: Mapping) -> str:
    try:
        demand_fit(Path(name), head(folder, name, HEAD_BYTES), mapping)
    except (ImportRefusal, Refusal) as error:
        return str(error)
    return ""


def _line(name: str, told: Fingerprint, mapping: Mapping) -> ImportLine:
    return ImportLine(
        file=name,
        bytes=told.size,
        written=told.written,
        mapping=mapping.id,
        title=mapping.title,
        holds=mapping.holds,
        verified=mapping.verified,
    )
