"""A robot's own table: when it may be kept with a visit, and which is refused; nothing of it reaches a rule."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from bedside import commands as c
from bedside.events import RobotImported
from bedside.refusal import Refusal
from bedside.report.treated import sections
from bedside.visit.inputs import RobotTableRead
from tests.helpers.assessing import AssessBed
from tests.helpers.bed import Bed


@pytest.fixture
def bed() -> Bed:
    return Bed().begin().to("treatment")


def told(bed: Bed, first_s: float = 1.0, last_s: float = 2.0, **fields: Any) -> RobotTableRead:
    """A table whose rows lie that many seconds behind the visit's opening."""
    opened = datetime.fromisoformat(bed.state.opened_utc)
    first, last = ((opened + timedelta(seconds=s)).isoformat() for s in (first_s, last_s))
    found: dict[str, Any] = {
        "file": "session.csv",
        "kept": "imports/robot-1.csv",
        "sha256": "a" * 64,
        "bytes": 10,
        "written": "2026-03-02T09:00:00Z",
        "mapping": "example_robot",
        "mapping_kept": "imports/robot-1.toml",
        "mapping_sha256": "b" * 64,
        "verified": False,
        "source": "made up",
        "rows": 3,
        "first_utc": first,
        "last_utc": last,
        "clock_ahead_s": 0.0,
        "walk_s": 1200.0,
        "distance_m": 420.0,
        "mean_speed_kmh": 1.0,
        "max_speed_kmh": 1.9,
        "mean_support_kg": 28.8,
        "min_support_kg": None,
        "max_support_kg": None,
    }
    visit = bed.state.opened.visit if bed.state.opened is not None else ""
    return RobotTableRead(visit, RobotImported(**found | fields))


def asked(bed: Bed, visit: str = "") -> c.ImportRobot:
    opened = bed.state.opened
    assert opened is not None
    return c.ImportRobot(visit=visit or opened.visit, file="session.csv", mapping="example_robot")


def test_a_table_of_the_open_visit_is_kept_and_moves_nothing(bed: Bed) -> None:
    assert bed.ask(asked(bed)) == ()
    robot = bed.state.robot
    (event,) = bed.ask(told(bed))
    assert isinstance(event, RobotImported)
    assert event.outside_s == 0
    assert bed.state.robot_tables == (event,)
    assert bed.state.robot == robot, "no rule looks at it"


def test_another_visit_an_assessment_and_a_running_course_take_none(bed: Bed) -> None:
    with pytest.raises(Refusal, match="S9-1 is not the open visit") as refused:
        bed.ask(asked(bed, "S9-1"))
    assert "before its visit is closed" in refused.value.remedy
    assessing = AssessBed()
    with pytest.raises(Refusal, match="nobody walks in a robot"):
        assessing.ask(c.ImportRobot(visit=assessing.state.opened.visit, file="x", mapping="y"))  # type: ignore[union-attr]
    for ahead_s in (1e9, float("nan")):
        with pytest.raises(Refusal, match="a clock that is"):
            bed.ask(msgspec.structs.replace(asked(bed), clock_ahead_s=ahead_s))
    bed.walk()
    bed.ask(c.StartStimulation())
    assert bed.state.chain is not None or bed.state.armed
    with pytest.raises(Refusal, match="once the stimulation has ended"):
        bed.ask(asked(bed))


@pytest.mark.parametrize(("first_s", "last_s"), [(-7200, -3600), (3600 * 9, 3600 * 10)])
def test_a_table_of_another_time_is_refused(bed: Bed, first_s: float, last_s: float) -> None:
    with pytest.raises(Refusal, match="do not overlap") as refused:
        bed.ask(told(bed, first_s, last_s))
    assert "--clock-ahead" in refused.value.remedy
    assert bed.state.robot_tables == ()


def test_a_table_that_was_read_while_its_visit_was_closed_is_refused(bed: Bed) -> None:
    read = told(bed)
    bed.ask(c.EndVisit(reason="the participant has to leave"))
    bed.to("signoff").sign()
    assert not bed.state.going_on
    with pytest.raises(Refusal, match="no visit is open"):
        bed.ask(read)


def test_what_lies_outside_the_visit_is_told(bed: Bed) -> None:
    (event,) = bed.ask(told(bed, first_s=-90, last_s=1))
    assert isinstance(event, RobotImported)
    assert event.outside_s == 90


def test_the_same_table_is_kept_once(bed: Bed) -> None:
    bed.ask(told(bed))
    with pytest.raises(Refusal, match="was imported before"):
        bed.ask(told(bed, kept="imports/robot-2.csv"))
    bed.ask(told(bed, sha256="c" * 64))
    assert len(bed.state.robot_tables) == 2


def test_the_report_tells_it_as_another_programs_word_with_its_doubts(bed: Bed) -> None:
    assert "Robot's own table" not in [section.title for section in sections(bed.state, bed.journal)]
    bed.ask(told(bed, first_s=-90))
    section = next(s for s in sections(bed.state, bed.journal) if s.title == "Robot's own table")
    rows = dict(section.tables[0].rows)
    assert rows["distance"] == "420 m"
    assert rows["speed while walking, mean"] == "1.00 km/h"
    assert rows["body weight support, mean"].startswith("28.8 kg (")
    assert rows["body weight support, lowest and highest"] == "the table does not tell, the table does not tell"
    assert rows["SHA-256"] == "a" * 64
    said = " ".join(section.warnings)
    for words in ("nobody has checked the mapping", "90 s of it lie outside", "1.90 km/h is faster", "below trial"):
        assert words in said
