"""Blood pressure in the spinal cord injury study: before, in the middle, after, against the patient's own."""

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import forms, pressure
from bedside.visit.inputs import ConcernDecided, History, ParticipantFound
from tests.helpers.bed import PHYSICIAN, RECORD, THERAPIST, Bed, same
from tests.helpers.bed_ready import bed_at
from tests.helpers.paired_bed import SHAM_TMS, STUDY, PairedBed, paired_bed

OWN = 120.0


def screening() -> PairedBed:
    bed = PairedBed(rmt_pct=46.0)
    record = replace(RECORD, study=STUDY, arm="A", tms="active", preset="itbs_600", lesion_hemisphere=None)
    bed.begin_with(ParticipantFound(replace(record, paretic_side=None), History(session=5)))
    return bed.to("screening")


def give(bed: Bed, **values: float) -> None:
    for item, value in values.items():
        bed.ask(c.Answer(step=bed.state.step, item=item, value=value))  # type: ignore[arg-type]


def ids(bed: Bed) -> list[str]:
    assert bed.state.step is not None
    return [item.id for item in forms.items(bed.state, bed.state.step)]


def in_the_middle(arm: str = "A") -> PairedBed:
    bed = paired_bed(arm).go()
    for _ in range(2000):
        if forms.past_half(bed.state):
            return bed
        bed.advance(1.0)
    raise AssertionError("there is no middle")


def test_nothing_begins_without_the_own_pressure_and_todays() -> None:
    bed = screening()
    names = ids(bed)
    assert names.index("own_systolic") < names.index("systolic")
    bed.fill()
    bed.state = replace(bed.state, answers={k: v for k, v in bed.state.answers.items() if "own_systolic" not in k})
    with pytest.raises(Refusal, match="own systolic pressure"):
        bed.ask(c.NextStep())


@pytest.mark.parametrize(("today", "holds"), [(139.0, False), (140.0, True), (150.0, True), (100.0, False)])
def test_a_start_20_above_the_own_is_a_physicians(today: float, holds: bool) -> None:
    bed = screening()
    bed.fill()
    give(bed, own_systolic=OWN, systolic=today)
    bed.advance(2.0)
    assert ("systolic" in bed.state.doubts and bed.state.doubts["systolic"].blocks) is holds
    assert ("pressure" in bed.state.alarms) is holds
    if holds:
        with pytest.raises(Refusal, match="dysreflexia"):
            bed.ask(c.NextStep())


def test_the_order_of_both_answers_does_not_matter_and_a_correction_counts() -> None:
    bed = screening()
    bed.fill()
    give(bed, systolic=130.0, own_systolic=110.0)
    assert bed.state.doubts["systolic"].blocks
    give(bed, own_systolic=120.0)
    assert "systolic" not in bed.state.doubts
    assert same(bed.fold(), bed.state)


def test_a_normal_looking_pressure_is_too_high_for_who_has_a_low_one() -> None:
    bed = screening()
    bed.fill()
    give(bed, own_systolic=95.0, systolic=118.0)
    assert bed.state.doubts["systolic"].blocks


@pytest.mark.parametrize("arm", sorted(SHAM_TMS))
def test_a_rise_in_the_middle_stops_pulses_and_current_with_a_high_alarm(arm: str) -> None:
    bed = in_the_middle(arm)
    flows = bed.source.phase not in ("idle", "prepared")
    assert flows or arm in "BD"
    assert "half_systolic" in ids(bed)
    give(bed, half_systolic=OWN + 20)
    bed.advance(2.0)
    assert not bed.stim.enabled
    assert bed.source.phase in ("idle", "ramp_down")
    assert bed.state.currents[-1].stopped_s is not None
    alarm = bed.state.alarms["pressure"]
    assert alarm.priority == "high"
    assert "own 120" in alarm.text
    with pytest.raises(Refusal, match="cannot be silenced"):
        bed.ask(c.SilenceAlarm(alarm="pressure"))
    give(bed, half_systolic=OWN + 10)
    bed.advance(3.0)
    assert "pressure" not in bed.state.alarms


def test_no_rise_stops_nothing() -> None:
    bed = in_the_middle()
    give(bed, half_systolic=OWN + 19, mid_pain=2, mid_exertion=3)
    bed.advance(2.0)
    assert bed.stim.enabled
    assert not bed.events(e.StimulationPaused)


def test_the_middle_is_that_of_the_current_too_alike_for_sham_and_active() -> None:
    for arm, half_s in (("A", 115), ("B", 115), ("C", 615), ("D", 615)):
        bed = in_the_middle(arm)
        started_ns = bed.state.currents[-1].started_ns
        assert started_ns is not None
        assert (bed.now_ns - started_ns) / 1e9 == pytest.approx(half_s, abs=3.0)


def test_without_the_middle_the_step_is_not_complete_and_it_is_said() -> None:
    bed = paired_bed("C").go()
    bed.advance(300.0)
    assert "pressure_due" not in bed.state.alarms
    bed = in_the_middle("C")
    bed.advance(2.0)
    assert bed.state.alarms["pressure_due"].priority == "low"
    give(bed, mid_pain=2, mid_exertion=3)
    bed.advance(700.0)
    assert bed.state.course.ended is not None
    with pytest.raises(Refusal, match="Systolic pressure in the middle"):
        bed.ask(c.NextStep())
    give(bed, half_systolic=OWN)
    bed.advance(3.0)
    assert "pressure_due" not in bed.state.alarms
    bed.ask(c.NextStep())


def test_the_end_is_asked_and_a_rise_there_is_alarmed_until_it_falls_or_a_physician_decides() -> None:
    bed = in_the_middle()
    give(bed, half_systolic=OWN, mid_pain=0, mid_exertion=0)
    bed.advance(150.0)
    bed.ask(c.NextStep())
    assert bed.state.step == "finish"
    assert {"stop_systolic", "cycle_systolic", "cycled_systolic"} <= set(ids(bed))
    give(bed, stop_systolic=OWN + 35)
    bed.advance(2.0)
    assert bed.state.alarms["pressure"].priority == "high"
    decided = ConcernDecided(item="stop_systolic", allow=True, physician=PHYSICIAN, reason="bladder emptied, falling")
    bed.put(decided, THERAPIST)
    bed.advance(3.0)
    assert "pressure" not in bed.state.alarms
    bed.fill()
    bed.ask(c.NextStep())


def test_where_nobody_asks_for_the_own_pressure_nothing_is_held_against_it() -> None:
    bed = bed_at("treatment")
    assert not bed.setup.study.dysreflexia
    assert pressure.high(bed.state, bed.now) is None
    assert not any(name.endswith("own_systolic") for name in bed.state.answers)
