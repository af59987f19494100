"""A robot's own table for the open visit: read whole, put on the box's clock, its copy durable with the visit."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bedside.commands import ImportRobot
from bedside.events import RobotImported
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.robot_session import RobotSession, session_of
from bedside.record.tables.table import table_of
from bedside.refusal import Refusal
from bedside.station.import_folder import take
from bedside.station.importing import Imports, told
from bedside.visit.inputs import RobotTableRead

STEM = "robot"


@dataclass(frozen=True, slots=True)
class Begun:
    """The visit that is open, and when it was opened (ISO 8601, UTC); `tables` were imported before."""

    visit: str
    opened_utc: str
    tables: int


def read(imports: Imports, asked: ImportRobot, begun: Begun) -> RobotTableRead:
    """What the rules are asked about; blocks on the disk. Raises `Refusal`, `ConfigError` for a broken mapping."""
    mapping = imports.mapping(asked.mapping, "robot")
    found = take(imports.folder, asked.file)
    digest = hashlib.sha256(found.data).hexdigest()
    imports.demand_unused(found, digest, but=begun.visit)
    try:
        table = table_of(Path(found.name), found.data, mapping)
        session = session_of(table)
    except ImportRefusal as error:
        raise Refusal(told(error), error.remedy) from error
    first, last = _on_our_clock(session, asked, begun)
    kept, mapping_kept = imports.keep(found, mapping, begun.visit, f"{STEM}-{begun.tables + 1}")
    return RobotTableRead(
        asked.visit,
        RobotImported(
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
            rows=len(table.rows),
            first_utc=_iso(first),
            last_utc=_iso(last),
            clock_ahead_s=asked.clock_ahead_s,
            walk_s=session.walk_s,
            distance_m=session.distance_m,
            mean_speed_kmh=session.mean_speed_kmh,
            max_speed_kmh=session.max_speed_kmh,
            mean_support_kg=session.mean_support_kg,
            min_support_kg=session.min_support_kg,
            max_support_kg=session.max_support_kg,
        ),
    )


def _on_our_clock(session: RobotSession, asked: ImportRobot, begun: Begun) -> tuple[datetime, datetime]:
    """When the first and the last row were, in UTC. Unless `began` is told, its times are the robot's time of day."""
    # a robot's computer shows the time of the place where the box stands, and both skip an hour in spring
    zero = datetime.fromisoformat(begun.opened_utc).astimezone()
    zero = zero.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    try:
        if asked.began:
            zero = datetime.fromisoformat(asked.began)
        moments = (zero + timedelta(seconds=s - asked.clock_ahead_s) for s in (session.first_s, session.last_s))
        first, last = (moment.astimezone(UTC) for moment in moments)
    except (ValueError, OverflowError, OSError):
        raise Refusal(f"'{asked.began}' is no time", "write it as 2026-03-02T14:05:00") from None
    return first, last


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
