"""A robot's own table of the walking in this visit: when it may be imported, and which one is refused.

It is an account of the robot's software, kept beside what the station heard or was told; no rule relies on it.
"""

from datetime import datetime

from msgspec.structs import replace

from bedside.commands import ImportRobot
from bedside.events import Event
from bedside.refusal import Refusal
from bedside.visit.inputs import Now, Person, RobotTableRead
from bedside.visit.state import Visit

MOST_AHEAD_S = 26 * 3600
"""A clock that is set to another zone, on the other side of midnight."""


def may_import(state: Visit, asked: ImportRobot, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """No event; raises `Refusal` where the visit takes no table now. The file is not looked at."""
    _demand_open(state, asked.visit)
    if state.assesses or state.setup.study.robot is None:
        raise Refusal("nobody walks in a robot in this visit", "name the treatment's visit")
    if not abs(asked.clock_ahead_s) <= MOST_AHEAD_S:
        raise Refusal(
            f"a clock that is {asked.clock_ahead_s:g} s ahead", "set the robot's clock; --began has a date too"
        )
    if state.armed or state.chain is not None or state.course.running:
        raise Refusal("the stimulator is armed", "import the table once the stimulation has ended")
    return ()


def imported(state: Visit, cause: RobotTableRead, now: Now, _who: Person | None) -> tuple[Event, ...]:
    """The table as an event; raises `Refusal`, also where the visit was closed while the file was read."""
    _demand_open(state, cause.visit)
    found = cause.found
    if any(table.sha256 == found.sha256 for table in state.robot_tables):
        raise Refusal(f"{found.file} was imported before", "each table counts once")
    first, last = _s(found.first_utc), _s(found.last_utc)
    opened, until = _s(state.opened_utc), _s(now.utc)
    if first > until or last < opened:
        raise Refusal(
            f"{found.file} tells of {found.first_utc} to {found.last_utc}, the visit began at {state.opened_utc}: "
            "they do not overlap",
            "choose this visit's file; say --clock-ahead where the robot's clock is wrong, --began where its times "
            "count from the beginning",
        )
    outside_s = max(0.0, opened - first) + max(0.0, last - until)
    return (replace(found, outside_s=round(outside_s, 1)),)


def _demand_open(state: Visit, visit: str) -> None:
    if state.opened is None or not state.going_on or state.opened.visit != visit:
        present = f"open is {state.opened.visit}" if state.opened is not None and state.going_on else "no visit is open"
        raise Refusal(
            f"{visit} is not the open visit ({present})",
            "import the table before its visit is closed: a closed visit is sealed and never changes",
        )


def _s(utc: str) -> float:
    return datetime.fromisoformat(utc).timestamp()
