"""Evoked potentials of an assessment: the locked intensity, three accepted responses, every interlock."""

from dataclasses import replace
from functools import cache

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import interlocks, potentials
from bedside.visit.inputs import AssessmentFound, History, SignedByPerson, Started
from bedside.visit.view import picture
from tests.helpers.assessing import assessed_setup
from tests.helpers.bed import RECORD, THERAPIST, Bed

FIRST = {"intensity_pct_mso": 70.0, "baseline_rmt_pct_mso": 58.4}


@cache
def _ready(rmt_pct: float, values: tuple[tuple[str, float], ...]) -> Bed:
    bed = Bed(setup=assessed_setup(), rmt_pct=rmt_pct)
    found = e.Earlier(instrument="mep", point="T0", utc="2026-02-01T08:00:00Z", examiner="thera", values=dict(values))
    before = (found,) if values else ()
    opened = AssessmentFound(RECORD, History(), "T0", earlier=before, instruments=("mep",))
    bed.begin_with(opened)  # type: ignore[arg-type]
    return bed.to("mep")


def at_potentials(rmt_pct: float = 52.0, **values: float) -> Bed:
    """A bed of its own at the potentials' step; `values` are those of an earlier assessment."""
    ready = _ready(rmt_pct, tuple(values.items()))
    bed = Bed(setup=ready.setup, rmt_pct=rmt_pct)
    bed.state, bed.journal, bed.now_ns = ready.state, list(ready.journal), ready.now_ns
    bed.stim, bed.last_status_ns = replace(ready.stim, fails=set(), swallow=set()), ready.last_status_ns
    return bed


def refused(bed: Bed, command: c.AnyCommand) -> Refusal:
    with pytest.raises(Refusal) as why:
        bed.ask(command)
    return why.value


def fire(bed: Bed) -> e.PulseIntended:
    """One pulse by hand, as soon as one may be given."""
    bed.advance(12.0)
    bed.ask(c.Fire())
    bed.advance(1.0)
    return bed.events(e.PulseIntended)[-1]


def test_the_first_visit_fixes_120_percent_of_its_threshold_rounded_down() -> None:
    bed = at_potentials()
    rmt = bed.state.threshold.rmt_pct_mso
    pulse = fire(bed)
    assert pulse.amplitude_pct_mso == int(rmt * 1.2)
    assert pulse.purpose == "assessment"
    assert bed.stim.amplitude == pulse.amplitude_pct_mso, "the device has it too"


def test_later_visits_use_the_first_ones_intensity_whatever_the_threshold_is_now() -> None:
    bed = at_potentials(rmt_pct=45.0, **FIRST)
    assert bed.state.threshold.rmt_pct_mso < 50
    assert fire(bed).amplitude_pct_mso == 70
    hunt = picture(bed.state, bed.now, "control").hunt
    assert "70 %MSO" in hunt.criterion


def test_an_intensity_that_the_stimulator_cannot_give_is_said_and_kept() -> None:
    bed = at_potentials(rmt_pct=88.0)
    assert fire(bed).amplitude_pct_mso == 100
    assert "the most" in picture(bed.state, bed.now, "control").hunt.criterion
    bed.ask(c.CloseInstrument(instrument="mep", reason="patient tired"))
    closed = bed.events(e.InstrumentClosed)[-1]
    assert closed.values["intensity_not_reachable"] == 1.0


def test_three_accepted_responses_finish_the_step_and_a_rejected_one_does_not_count() -> None:
    bed = at_potentials()
    fire(bed)
    second = fire(bed)
    bed.ask(c.JudgePulse(pulse=second.pulse, accept=False, reason="moved"))
    fire(bed)
    assert "2 of 3" in refused(bed, c.NextStep()).reason
    fire(bed)
    assert potentials.finished(bed.state) == "3 responses are accepted"
    bed.advance(12.0)
    assert "3 responses" in refused(bed, c.Fire()).reason
    bed.ask(c.NextStep())
    closed = bed.events(e.InstrumentClosed)[-1]
    assert (closed.outcome, closed.values["left_n"]) == ("complete", 3.0)
    assert closed.values["left_latency_ms"] == pytest.approx(33.0)
    assert bed.state.step == "assess"
    assert not bed.stim.enabled, "the stimulator is off when the step is left"


def test_automatic_pulses_end_with_the_third_response() -> None:
    bed = at_potentials()
    bed.ask(c.SetPacing(automatic=True))
    bed.advance(60.0)
    given = [s for s in bed.state.singles if s.purpose == "assessment"]
    assert len(given) == 3
    assert not bed.state.pacing


def test_a_tense_muscle_is_void_and_the_pulse_is_repeated() -> None:
    bed = at_potentials()
    fire(bed)
    bed.advance(12.0)
    bed.rest_uv = 40.0
    bed.advance(1.0)
    assert "active" in refused(bed, c.Fire()).reason


def test_every_condition_of_a_single_pulse_holds_for_an_assessments_pulse_too() -> None:
    hunt = {row.id for row in interlocks.TABLE if "threshold" in row.purposes}
    assert {row.id for row in interlocks.TABLE if "assessment" in row.purposes} >= hunt


def test_a_broken_condition_switches_off_in_this_step_too() -> None:
    bed = at_potentials()
    fire(bed)
    assert bed.stim.enabled
    bed.ask(c.Stop())
    assert not bed.stim.enabled
    bed.advance(12.0)
    bed.link(ok=False)
    with pytest.raises(Refusal):
        bed.ask(c.Fire())


def test_less_than_three_need_a_reason() -> None:
    bed = at_potentials()
    fire(bed)
    assert "reason" in refused(bed, c.CloseInstrument(instrument="mep")).reason
    bed.ask(c.CloseInstrument(instrument="mep", reason="headache"))
    bed.ask(c.NextStep())
    assert bed.events(e.InstrumentClosed)[-1].outcome == "partial"


def test_a_whole_assessment_with_pulses_is_signed() -> None:
    bed = at_potentials()
    for _ in range(3):
        fire(bed)
    bed.ask(c.NextStep())
    bed.ask(c.NextStep())
    assert bed.state.step == "aftercare"
    bed.next()
    bed.ask(SignedByPerson(THERAPIST, "as described"))
    closed = bed.events(e.VisitClosed)[-1]
    account = "0 of 3 instruments complete, 1 of 1 beyond the plan"
    assert (closed.outcome, closed.reason) == ("partial", account), "what the study plans was left out"
    assert bed.state.ledger.course == 0
    assert bed.state.ledger.single == bed.stim.fired


def test_responses_at_another_intensity_or_site_do_not_count() -> None:
    bed = at_potentials()
    fire(bed)
    assert len(potentials.counted(bed.state)) == 1
    threshold, hotspot = bed.state.threshold, bed.state.hotspot
    lower = msgspec.structs.replace(bed.state, threshold=msgspec.structs.replace(threshold, rmt_pct_mso=40.0))
    assert potentials.locked(lower).pct_mso == 48
    assert not potentials.counted(lower), "the threshold was found anew since"
    moved = msgspec.structs.replace(bed.state, hotspot=msgspec.structs.replace(hotspot, site="r9c9"))
    assert not potentials.counted(moved), "another site was chosen since"


def test_the_studys_limit_holds_for_the_first_visits_intensity_too() -> None:
    bed = at_potentials(rmt_pct=45.0, **FIRST)
    hunt = msgspec.structs.replace(bed.setup.study.hunt, cap_pct_mso=60)
    study = msgspec.structs.replace(bed.setup.study, hunt=hunt)
    limited = msgspec.structs.replace(bed.state, setup=msgspec.structs.replace(bed.setup, study=study))
    lock = potentials.locked(limited)
    assert lock.pct_mso == 60
    assert "intensity_not_reachable" in lock.flags


def test_a_response_is_not_judged_behind_the_outcomes_back() -> None:
    bed = at_potentials()
    pulse = fire(bed)
    bed.ask(c.CloseInstrument(instrument="mep", reason="headache"))
    assert "finished" in refused(bed, c.JudgePulse(pulse=pulse.pulse, accept=False, reason="moved")).reason


@pytest.mark.parametrize(
    "leave",
    [
        c.EndVisit(reason="tired"),
        c.PreviousStep(),
        c.Stop(),
        c.ReportAdverseEvent(category="seizure", severity="severe", related="possible", action="stopped"),
        Started(5.0),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_however_the_step_is_left_nothing_stays_armed(leave: c.AnyCommand | Started) -> None:
    bed = at_potentials()
    bed.ask(c.SetPacing(automatic=True))
    bed.advance(15.0)
    assert bed.stim.enabled, "armed between two pulses"
    given = bed.stim.fired
    bed.put(leave) if isinstance(leave, Started) else bed.ask(leave)
    bed.advance(60.0)
    assert not bed.stim.enabled
    assert not bed.state.armed
    assert bed.stim.fired == given
    assert bed.state.off_confirmed


def test_earlier_pulses_of_the_day_and_the_visits_own_are_held_to_the_ceilings() -> None:
    bed = at_potentials()
    fire(bed)
    totals = bed.setup.limits.totals
    given = bed.state.ledger.ceiling
    full = msgspec.structs.replace(bed.state.recalled, pulses_today=totals.day - given)
    bed.state = msgspec.structs.replace(bed.state, recalled=full)
    bed.advance(12.0)
    assert "pulses were given today" in refused(bed, c.Fire()).reason
