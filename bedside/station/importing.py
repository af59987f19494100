"""Takes another program's table from the import folder: reads it whole, and keeps a durable copy in the visit's folder.

    ImportTrial -> file read by its mapping -> copy durable -> rules decide -> TrialImported -> bedside analyse

What the rules refuse afterwards leaves no copy.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bedside.assess.importing import TableKind
from bedside.commands import ImportTrial
from bedside.config import ConfigError
from bedside.events import RobotImported, TrialImported
from bedside.record.fsutil import SYSTEM, write_whole
from bedside.record.outbox import sha256_of
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.columns import Kind
from bedside.record.tables.mapping import Mapping, load_mapping
from bedside.record.tables.table import Table, demand_fit, table_of
from bedside.record.tables.trial import duration_s, results
from bedside.refusal import Refusal
from bedside.station.import_folder import Found, take
from bedside.visit.inputs import TableRead

IMPORTS = "imports"
"""The import folder below the data folder, and the copies' folder below a visit's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trial a table would be, and which tables it takes."""

    visit: str
    instrument: str
    task: str
    trial: int
    kind: TableKind


class Imports:
    """Knows the import folder, the mappings and the visits' folders. Every method blocks on the disk."""

    def __init__(self, config: Path, data: Path) -> None:
        self._config = config
        self._visits = data / "visits"
        self.folder = data / IMPORTS

    def read(self, asked: ImportTrial, wanted: Wanted, *, listed_only: bool = False) -> TableRead:
        """The trial that a file would be, its copy durable. Raises `Refusal`, and `ConfigError` for a broken mapping.

        `listed_only`: of a file that is not on the list nothing is told, not even its columns.
        """
        mapping = self.mapping(asked.mapping, wanted.kind)
        found = take(self.folder, asked.file, asked.bytes)
        seconds = _seconds(found, mapping, listed_only=listed_only)
        digest = hashlib.sha256(found.data).hexdigest()
        self.demand_unused(found, digest, but=wanted.visit)
        kept, mapping_kept = self.keep(
            found, mapping, wanted.visit, f"{wanted.instrument}-{wanted.task}-{wanted.trial}"
        )
        return TableRead(
            kind=wanted.kind,
            found=TrialImported(
                instrument=wanted.instrument,
                task=wanted.task,
                trial=wanted.trial,
                seconds=round(seconds, 3),
                settings={},
                holds=mapping.holds,
                file=found.name,
                kept=kept,
                sha256=digest,
                bytes=len(found.data),
                written=found.print.written,
                mapping=mapping.id,
                mapping_kept=mapping_kept,
                mapping_sha256=mapping.sha256,
                verified=mapping.verified,
                source=mapping.source,
            ),
            skip_s=mapping.skip_s,
        )

    def mapping(self, name: str, kind: Kind) -> Mapping:
        """The mapping, which must read tables of this kind; raises `Refusal`, `ConfigError`."""
        mapping = load_mapping(self._config, name)
        if mapping.kind != kind:
            raise Refusal(f"mapping '{mapping.id}' reads {mapping.kind} tables", f"choose one for {kind}")
        return mapping

    def drop(self, found: TrialImported | RobotImported, visit: str) -> None:
        """Remove the copy of a table that the rules refused."""
        for name in (found.kept, found.mapping_kept):
            (self._visits / visit / name).unlink(missing_ok=True)

    def demand_unused(self, found: Found, digest: str, *, but: str = "") -> None:
        """A file that was imported in another visit is of another day, or of another person.

        Of the visit `but` the rules know better; it is not looked at.
        """
        for path in self._visits.glob(f"*/{IMPORTS}/*.csv"):
            if path.parent.parent.name != but and _is(path, len(found.data), digest):
                remedy = "choose the file of this visit; empty the import folder after every visit"
                raise Refusal(f"{found.name} was imported in another visit already", remedy)

    def keep(self, found: Found, mapping: Mapping, into: str, stem: str) -> tuple[str, str]:
        """Store table and mapping durably, as `stem`; their names in the folder of the visit `into`."""
        visit = self._visits / into
        source = self._config / "imports" / f"{mapping.id}.toml"
        try:
            written = source.read_bytes()
            if hashlib.sha256(written).hexdigest() != mapping.sha256:
                raise ConfigError(source, "", "was changed meanwhile", "import the file again")
            (visit / IMPORTS).mkdir(parents=True, exist_ok=True)
            SYSTEM.fsync_folder(visit)
            SYSTEM.fsync_folder(self._visits)
            for suffix, data in ((".toml", written), (".csv", found.data)):
                write_whole(visit / IMPORTS / f"{stem}{suffix}", data)
        except OSError as error:
            for path in (visit / IMPORTS).glob(f"{stem}.*"):
                path.unlink(missing_ok=True)
            words = f"{found.name} cannot be kept: {error.strerror or error}"
            raise Refusal(words, "free space on the data disk") from error
        return f"{IMPORTS}/{stem}.csv", f"{IMPORTS}/{stem}.toml"


def _is(path: Path, size: int, digest: str) -> bool:
    """Whether a copy has these bytes; one that cannot be read is none that could be told from another."""
    try:
        return path.stat().st_size == size and sha256_of(path) == digest
    except OSError as error:
        raise Refusal(f"{path.name} of another visit cannot be read", "call the administrator") from error


def _seconds(found: Found, mapping: Mapping, *, listed_only: bool) -> float:
    """What the samples span; 0 for results. Raises `Refusal` for what the mapping does not read."""
    path = Path(found.name)
    try:
        demand_fit(path, found.data, mapping)
    except ImportRefusal as error:
        if listed_only:
            raise Refusal(f"{found.name} does not fit '{mapping.id}'", "choose a file of the list") from error
        raise Refusal(told(error), error.remedy) from error
    try:
        return _whole(table_of(path, found.data, mapping))
    except ImportRefusal as error:
        raise Refusal(told(error), error.remedy) from error


def _whole(table: Table) -> float:
    if table.mapping.holds == "samples":
        return duration_s(table)
    results(table)
    return 0.0


def told(error: ImportRefusal) -> str:
    """Where in the file, and what is wrong there."""
    place = f"{error.path} line {error.line}" if error.line else f"{error.path}"
    column = f", column '{error.column}'" if error.column else ""
    return f"{place}{column}: {error.problem}"
