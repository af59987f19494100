"""A robot's table as one session: every figure against a sum done by hand, and what a table does not tell."""

from pathlib import Path

import pytest

from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.mapping import Column, Mapping
from bedside.record.tables.robot_session import RobotSession, session_of
from bedside.record.tables.table import table_of

UNITS = {"time_s": "s", "speed_kmh": "km/h", "body_weight_support_kg": "kg", "distance_m": "m", "phase": ""}


def session(head: str, *lines: str) -> RobotSession:
    """The session of a table whose headers are our own names."""
    columns = tuple(Column(header=name, to=name, unit=UNITS[name]) for name in head.split(","))
    mapping = Mapping(id="x", kind="robot", title="t", columns=columns)
    return session_of(table_of(Path("x.csv"), "\n".join((head, *lines)).encode(), mapping))


def test_means_are_over_the_time_of_walking() -> None:
    told = session(
        "time_s,phase,speed_kmh,body_weight_support_kg,distance_m",
        "100,stand,0,40,5",
        "160,walk,1.0,30,5",
        "220,walk,1.6,20,21",
        "400,stand,2.5,10,101",
        "410,walk,,50,101",
        "420,off,0,0,101",
    )
    assert (told.first_s, told.last_s, told.walk_s) == (100, 420, 60 + 180 + 10)
    assert told.mean_speed_kmh == pytest.approx((60 * 1.0 + 180 * 1.6) / 240), "a row without a speed has no say"
    assert told.max_speed_kmh == 2.5, "the highest, walking or not"
    assert told.mean_support_kg == pytest.approx((60 * 30 + 180 * 20 + 10 * 50) / 250)
    assert (told.min_support_kg, told.max_support_kg) == (20, 50), "while walking"
    assert told.distance_m == 96


def test_without_phases_walking_is_a_speed_above_0() -> None:
    told = session("time_s,speed_kmh", "0,0", "10,1.2", "30,0", "40,0")
    assert (told.walk_s, told.mean_speed_kmh, told.distance_m, told.mean_support_kg) == (20, 1.2, None, None)


def test_what_a_table_does_not_tell_is_none() -> None:
    told = session("time_s,distance_m", "0,10", "10,20")
    assert (told.walk_s, told.mean_speed_kmh, told.max_speed_kmh, told.distance_m) == (None, None, None, 10)
    assert session("time_s,distance_m", "0,10", "10,3").distance_m is None, "a counter that was set back"
    assert session("time_s,speed_kmh", "5,1.5").mean_speed_kmh is None, "one row lasts for no known time"


def test_a_table_without_times_is_refused() -> None:
    with pytest.raises(ImportRefusal, match="the table has no times"):
        session("speed_kmh", "1")
