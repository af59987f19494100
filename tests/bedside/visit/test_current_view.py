"""What is seen of direct current: the planned numbers by those who may, by all others the same of sham and twin."""

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.events import Role
from bedside.snapshot import Current
from bedside.visit.view import picture
from tests.helpers.bed_ready import bed_at
from tests.helpers.current_bed import CurrentBed, current_bed

TELLING = (b"sham", b"arm", b"plateau", b"ramp", b"_c_cm2", b"measured_ma", b"impedance", b"tsdcs_")


def seen(bed: CurrentBed, role: Role) -> Current:
    found = picture(bed.state, bed.now, role).current
    assert found is not None
    return found


def blinded(bed: CurrentBed, role: Role) -> bytes:
    view = picture(bed.state, bed.now, role)
    return msgspec.json.encode({name: getattr(view, name) for name in view.__slots__})


def told(bed: CurrentBed, role: Role) -> list[str]:
    """What is told of the events to a role."""
    return [e.tag_of(x.event) for x in bed.journal if role in x.event.visible_to]


@pytest.mark.parametrize(("arm", "plateau_c", "c_cm2"), [("A", 0.5, 0.02), ("C", 3.0, 0.12)])
def test_the_arming_view_shows_the_planned_numbers(arm, plateau_c, c_cm2):
    bed = current_bed(arm)
    view = seen(bed, "control")
    assert (view.asked_ma, view.density_ma_cm2) == (2.5, 0.1)
    assert (view.plateau_c, view.charge_density_c_cm2) == (plateau_c, c_cm2)
    assert (view.words, view.given_c, view.battery_pct) == ("no current", 0.0, 80.0)
    step = picture(current_bed(arm, "coil").state, bed.now, "control").step
    assert step is not None
    assert f"0.10 mA/cm2; {200 if arm == 'A' else 1200} s between" in step.instruction
    assert f"{plateau_c:.3g} C, {c_cm2:.2g} C/cm2" in step.instruction


def test_what_is_measured_stands_beside_what_was_asked():
    bed = current_bed().under()
    bed.advance(50)
    view = seen(bed, "control")
    assert (view.phase, view.words, view.measured_ma, view.impedance_kohm) == ("plateau", "at full current", 2.5, 5.0)
    assert view.elapsed_s == pytest.approx(50.5, abs=0.1)
    assert view.remaining_s == pytest.approx(179.5, abs=0.1)
    assert view.given_c is not None
    assert 0.05 < view.given_c <= 0.11
    bed.advance(200)
    assert seen(bed, "control").words == "ended: as planned"
    assert seen(bed, "control").given_c == pytest.approx(0.5375)


def test_a_lost_device_is_unknown_to_everybody():
    bed = current_bed().under()
    bed.advance(20)
    bed.unplug()
    bed.advance(2)
    for role in ("control", "observe"):
        assert seen(bed, role).words == "UNKNOWN - check device"
    assert seen(bed, "control").measured_ma is None


def test_an_old_account_is_no_account():
    bed = current_bed().under()
    bed.now_ns += 2_000_000_000
    view = seen(bed, "control")
    assert (view.phase, view.measured_ma, view.battery_pct) == ("unknown", None, None)


@pytest.mark.parametrize(("sham", "twin", "whole_s"), [("B", "A", 230), ("D", "C", 1230)])
@pytest.mark.parametrize("stop_s", [None, 100])
def test_a_blinded_client_sees_the_same_of_sham_and_twin_over_the_whole_time(sham, twin, whole_s, stop_s):
    beds = [current_bed(arm) for arm in (sham, twin)]
    for at_s in range(0, whole_s + 20, 5):
        for bed in beds:
            if at_s == 10:
                bed.under()
            elif at_s == stop_s:
                bed.ask(c.Stop(reason="STOP key"))
            bed.advance(5)
        for role in ("observe", "assess"):
            assert blinded(beds[0], role) == blinded(beds[1], role), at_s
            assert told(beds[0], role) == told(beds[1], role)
    assert beds[0].source.starts == beds[1].source.starts == 1
    assert seen(beds[0], "observe").words == ("stopped" if stop_s else "ended")


def test_a_link_lost_after_a_sham_has_ended_looks_like_one_lost_in_its_twin():
    beds = [current_bed(arm).under() for arm in ("B", "A")]
    for at_s in range(0, 240, 2):
        for bed in beds:
            if at_s == 100:
                bed.unplug()
            elif at_s == 120:
                bed.plug()
            bed.advance(2)
        assert blinded(beds[0], "observe") == blinded(beds[1], "observe"), at_s
        assert told(beds[0], "observe") == told(beds[1], "observe"), at_s
        if at_s == 110:
            assert seen(beds[0], "observe").words == "UNKNOWN - check device"
    assert [len(bed.events(e.OffIntended)) for bed in beds] == [len(beds[0].events(e.OffIntended))] * 2


@pytest.mark.parametrize("arm", "ABCD")
def test_no_word_of_the_arm_reaches_a_blinded_client(arm):
    bed = current_bed(arm).under()
    for _ in range(10):
        bed.advance(10)
        for role in ("observe", "assess"):
            text = blinded(bed, role).lower()
            assert not [word for word in TELLING if word in text.replace(b"alarm", b"").replace(b"armed", b"")]
        assert picture(bed.state, bed.now, "assess").current is None
    assert b"plateau_s" in blinded(bed, "control")


def test_the_same_leaving_and_stopping_is_refused_in_sham_and_twin():
    """A therapist's screen that somebody looks at over the shoulder must not end early either."""
    beds = [current_bed(arm).under() for arm in ("B", "A")]
    for bed in beds:
        bed.advance(100)
        assert [x.command for x in offers(bed) if x.enabled and x.command.startswith("current")] == ["current.stop"]
    for bed in beds:
        bed.ask(c.StopCurrent())
        bed.advance(3)
        assert not [x for x in offers(bed) if x.enabled and x.command.startswith("current")]


def offers(bed: CurrentBed) -> list:
    step = picture(bed.state, bed.now, "control").step
    assert step is not None
    return list(step.others)


def test_a_watcher_is_offered_no_current():
    step = picture(current_bed().state, current_bed().now, "observe").step
    assert step is not None
    assert not [x for x in step.others if x.command.startswith("current")]


def test_studies_without_current_show_none():
    bed = bed_at("treatment")
    assert picture(bed.state, bed.now, "control").current is None
