"""The body-weight support's progression: small steps are recorded, the swaying of a walk is not."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from msgspec.structs import replace as changed

from bedside import commands as c
from bedside import events as e
from bedside.visit import support
from bedside.visit.inputs import NS
from bedside.visit.narrate import line
from tests.helpers.bed import Bed, same
from tests.helpers.bed_ready import bed_at

STRIDE_S = 2.4


def walk(bed: Bed, load_kg: Callable[[float], float], seconds: float) -> None:
    """Twenty readings a second of a load over time (s)."""
    start_ns = bed.now_ns
    bed.quiet_robot = True
    for _ in range(round(seconds * 20)):
        bed.now_ns += NS // 20
        at_s = (bed.now_ns - start_ns) / NS
        bed.robot = replace(bed.robot, mono_ns=bed.now_ns, phase="walk", speed_kmh=1.0)
        bed.robot = replace(bed.robot, body_weight_support_kg=load_kg(at_s), assist_pct=60.0)
        bed.hear(bed.robot, "robot")


def swaying(mean_kg: float, by_kg: float = 3.0) -> Callable[[float], float]:
    return lambda at_s: mean_kg + by_kg * math.sin(2 * math.pi * at_s / STRIDE_S)


def told_kg(bed: Bed) -> list[float | None]:
    return [event.body_weight_support_kg for event in bed.events(e.RobotChanged)]


def test_a_step_of_two_kg_is_recorded_once_with_what_was_before() -> None:
    bed = bed_at("treatment")
    walk(bed, lambda _: 28.8, 30.0)
    n = len(told_kg(bed))
    walk(bed, lambda _: 26.8, 20.0)
    (last,) = bed.events(e.RobotChanged)[n:]
    assert (last.support_was_kg, last.body_weight_support_kg) == (28.8, 26.8)
    assert line(last) == "robot: walk at 1.0 km/h, support 28.8 to 26.8 kg"
    assert same(bed.state, bed.fold())


@pytest.mark.parametrize("by_kg", [1.0, 3.0, 8.0])
def test_swaying_is_averaged_and_a_progression_below_it_is_recorded(by_kg: float) -> None:
    bed = bed_at("treatment")
    walk(bed, swaying(30.0, by_kg), 60.0)
    n = len(told_kg(bed))
    assert n <= 3, "at most the first reading and its settling"
    walk(bed, swaying(30.0, by_kg), 60.0)
    assert len(told_kg(bed)) == n, "the same load for a minute is no news"
    walk(bed, swaying(28.0, by_kg), 60.0)
    assert len(told_kg(bed)) > n
    assert told_kg(bed)[-1] == pytest.approx(28.0, abs=0.8)


def test_a_large_change_is_recorded_before_it_has_settled() -> None:
    bed = bed_at("treatment")
    walk(bed, lambda _: 36.0, 30.0)
    n = len(told_kg(bed))
    walk(bed, lambda at_s: 36.0 - 2.0 * at_s, 12.0)
    moved = bed.events(e.RobotChanged)[n:]
    assert [event.support_was_kg for event in moved] == [36.0, *told_kg(bed)[n:-1]]
    assert all(before - after >= support.JUMP_KG for before, after in pairwise([36.0, *told_kg(bed)[n:]]))
    assert moved


def test_a_slow_drift_is_recorded_in_steps() -> None:
    bed = bed_at("treatment")
    walk(bed, lambda _: 36.0, 30.0)
    n = len(told_kg(bed))
    walk(bed, lambda at_s: 36.0 - at_s / 20.0, 120.0)
    kept = [36.0, *told_kg(bed)[n:]]
    assert len(kept) > 4
    assert kept[-1] == pytest.approx(30.3, abs=1.1)
    assert all(0.9 < before - after <= 2.0 for before, after in pairwise(kept))


def test_what_a_person_types_is_never_averaged() -> None:
    bed = bed_at("treatment")
    devices = {**bed.setup.devices, "robot": changed(bed.setup.devices["robot"], telemetry=False)}
    bed.state = changed(bed.state, setup=changed(bed.setup, devices=devices), robot=None)
    for load_kg in (40.0, 40.0, 32.0, 32.0, 30.0):
        bed.ask(c.ReportRobot(phase="stand", body_weight_support_kg=load_kg))
        typed = bed.robot
        bed.hear(replace(typed, phase="stand", body_weight_support_kg=load_kg, source="operator"), "robot")
        bed.now_ns += 6 * NS
    assert set(told_kg(bed)[-7:]) <= {0.0, 40.0, 32.0, 30.0}
    assert told_kg(bed)[-1] == 30.0


def test_assistance_is_recorded_with_what_it_was() -> None:
    bed = bed_at("treatment")
    walk(bed, lambda _: 28.8, 15.0)
    bed.hear(replace(bed.robot, assist_pct=45.0), "robot")
    last = bed.events(e.RobotChanged)[-1]
    assert (last.assist_was_pct, last.assist_pct, last.support_was_kg) == (60.0, 45.0, None)
    assert line(last) == "robot: walk at 1.0 km/h, assistance 60 to 45 %"
    bed.hear(replace(bed.robot, assist_pct=None), "robot")
    assert line(bed.events(e.RobotChanged)[-1]).endswith("assistance 45 to not told")


def test_a_load_that_is_not_told_begins_anew() -> None:
    load = support.START
    for second in range(30):
        load = support.heard(load, 30.0, second * NS)
    assert load.settled_kg == 30.0
    assert support.heard(load, None, 30 * NS) == support.START
    assert support.heard(load, 28.0, 60 * NS).settled_kg is None, "nothing was heard for half a minute"
    assert support.heard(load, 28.0, 1 * NS).settled_kg is None, "the clock began anew"
