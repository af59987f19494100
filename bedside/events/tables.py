"""What is kept of another program's table that was copied into a visit."""

from bedside.events.base import Event


class TableKept(Event, frozen=True, kw_only=True):
    """Base of the events that bring a table.

    `file` is its name where it lay, `kept` its copy in the visit's folder, `sha256` and `bytes` are those of both.
    `written` says when it was last written (ISO 8601, UTC; empty: not known). `mapping_kept` and `mapping_sha256` are
    the mapping's file; unless `verified`, nobody has tried its names and units on known data. `source` is what the
    mapping says of the program.
    """

    file: str
    kept: str
    sha256: str
    bytes: int
    written: str
    mapping: str
    mapping_kept: str
    mapping_sha256: str
    verified: bool
    source: str = ""
