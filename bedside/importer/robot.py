"""A robot's exported session as the states that a robot with a wire would have told, marked as read from a file."""

from collections.abc import Mapping

from bedside.record.tables.cells import Value
from bedside.record.tables.columns import CONTACT_COLUMNS, JOINT_COLUMNS
from bedside.record.tables.table import Table

STATE_COLUMNS = (
    "time_s",
    "phase",
    "speed_kmh",
    "body_weight_support_kg",
    "assist_pct",
    "e_stop",
    "steps",
    "distance_m",
    *JOINT_COLUMNS,
    "contacts",
    "source",
)
"""Every row has all of them, in this order, as the recorded states of a robot have; None or empty: not in the file."""
SOURCE = "file"

StateRow = dict[str, Value | tuple[Value, ...]]


def states(table: Table) -> list[StateRow]:
    """The rows of a robot's table as states; a phase that the file does not tell is "unknown"."""
    return [_state(row) for row in table.rows]


def _state(row: Mapping[str, Value]) -> StateRow:
    found: StateRow = {name: row.get(name) for name in STATE_COLUMNS}
    found["phase"] = row.get("phase") or "unknown"
    for group, names in (*JOINT_COLUMNS.items(), ("contacts", CONTACT_COLUMNS)):
        values = tuple(row.get(name) for name in names)
        found[group] = values if any(value is not None for value in values) else ()
    found["source"] = SOURCE
    return found
