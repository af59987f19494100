"""The electrical stimulator on the bed: what is journalled, what is alarmed, what switches it off."""

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.visit import current_watch
from bedside.visit.inputs import ControlLost, GuardSeen
from hal.roles import CurrentPhase, CurrentStatus
from tests.helpers.bed import Bed


def tell(bed: Bed, phase: CurrentPhase, fault: str = "", measured_ma: float | None = 2.5) -> tuple[e.Event, ...]:
    status = CurrentStatus(bed.now_ns, phase, measured_ma=measured_ma, battery_pct=80.0, fault=fault)
    events = bed.hear(status, "current")
    bed.work()
    return events


def offs(bed: Bed) -> list[str]:
    return [envelope.event.reason for envelope in bed.journal if isinstance(envelope.event, e.OffIntended)]


def said(bed: Bed) -> list[str]:
    return [envelope.event.phase for envelope in bed.journal if isinstance(envelope.event, e.CurrentSaid)]


def running() -> Bed:
    bed = Bed().begin()
    for phase in ("idle", "prepared", "ramp_up", "plateau"):
        tell(bed, phase)
    bed.advance(1.0)
    return bed


def test_changes_are_journalled_once_and_fold_alike():
    bed = running()
    for _ in range(20):
        tell(bed, "plateau")
    assert said(bed) == ["idle", "prepared", "ramp_up", "plateau"]
    assert offs(bed) == []
    assert bed.fold().current == bed.state.current
    assert current_watch.runs(bed.state)


def test_a_lost_device_that_ran_is_unknown_and_alarmed_until_it_is_heard():
    bed = running()
    tell(bed, "unknown", "UNKNOWN - check device", None)
    bed.advance(1.0)
    assert bed.state.alarms["current"].priority == "high"
    assert "UNKNOWN - check device" in bed.state.alarms["current"].text
    assert len(offs(bed)) == 1
    bed.advance(5.0)
    assert len(offs(bed)) == 1
    tell(bed, "idle", measured_ma=0.0)
    bed.advance(3.0)
    assert "current" not in bed.state.alarms


def test_a_lost_device_that_did_not_run_is_no_emergency():
    bed = Bed().begin()
    tell(bed, "idle")
    tell(bed, "unknown", "UNKNOWN - check device", None)
    bed.link(ok=False, role="current")
    bed.advance(2.0)
    assert "current" not in bed.state.alarms
    assert bed.state.alarms["current_link"].priority == "medium"
    assert offs(bed) == []


def test_a_device_that_ramped_down_by_itself_is_alarmed_with_its_reason():
    bed = running()
    tell(bed, "ramp_down", "an electrode is off or dry")
    bed.advance(1.0)
    assert bed.state.alarms["current"].text == "electrical stimulator: an electrode is off or dry"
    assert offs(bed) == ["an electrode is off or dry"]
    tell(bed, "idle", "an electrode is off or dry", 0.0)
    bed.advance(3.0)
    assert "current" not in bed.state.alarms


def test_the_one_stop_reaches_the_rules_whatever_runs():
    bed = running()
    bed.ask(c.Stop(reason="STOP key"))
    assert offs(bed) == ["STOP key"]
    bed.advance(2.0)
    assert offs(bed) == ["STOP key"]


@pytest.mark.parametrize("what", ["e_stop", "control", "guard"])
def test_what_forbids_pulses_forbids_current(what):
    bed = running()
    match what:
        case "e_stop":
            bed.move("stand", e_stop=True)
        case "control":
            bed.put(ControlLost("the kiosk is gone"))
        case _:
            bed.put(GuardSeen(ok=False, text="the guard is gone"))
    bed.advance(1.0)
    assert len(offs(bed)) == 1


def test_a_new_run_is_watched_anew():
    bed = running()
    bed.ask(c.Stop(reason="STOP key"))
    for phase in ("ramp_down", "idle", "ramp_up"):
        bed.advance(1.0)
        tell(bed, phase)
    bed.put(ControlLost("the kiosk is gone"))
    bed.advance(1.0)
    assert len(offs(bed)) == 2
