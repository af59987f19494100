"""What the verification of a journal found: the places where the proof fails, and what was proven."""

import msgspec

from bedside.record.samples import Gap

KEEP = "keep the folder as it is and compare it with the copy on the study server"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A place where the record is not what was acknowledged. `line` counts from 1, `offset` is in bytes from 0."""

    file: str
    line: int | None
    offset: int | None
    reason: str
    remedy: str = KEEP

    def __str__(self) -> str:
        """One line for a person."""
        place = "" if self.line is None else f" line {self.line}"
        place += "" if self.offset is None else f" (byte {self.offset})"
        return f"{self.file}{place}: {self.reason}"


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was proven. `ok` when nothing contradicts the record; `unsigned` and `notes` are for a person to weigh.

    `gaps` are samples missing inside the proven files. `backwards` names the lines whose monotonic time lies before
    that of the line before them in the same boot.
    """

    folder: str
    ok: bool
    problems: tuple[Problem, ...]
    files: int
    lines: int
    last_n: int
    head: str
    sealed: int
    signed: int
    unsigned: tuple[str, ...]
    raw_files: int
    gaps: tuple[Gap, ...]
    backwards: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def first(self) -> Problem | None:
        """The first bad place."""
        return self.problems[0] if self.problems else None
