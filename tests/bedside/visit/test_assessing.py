"""An assessment as the rules of a visit carry it: opened, worked through, signed."""

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.assess import capturing
from bedside.refusal import Refusal
from bedside.visit import rules, steps
from bedside.visit.inputs import AssessmentFound, DiskSpace, History, Now, SignedByPerson, SignedInPerson, Started
from bedside.visit.state import CurrentTold, Visit
from bedside.visit.view import picture
from tests.helpers.assessing import AssessBed, assessed_setup
from tests.helpers.bed import RECORD, THERAPIST, Bed


@pytest.fixture
def bed() -> AssessBed:
    return AssessBed()


def refused(bed: Bed, cause: object) -> Refusal:
    with pytest.raises(Refusal) as why:
        bed.ask(cause)  # type: ignore[arg-type]
    return why.value


def test_an_assessment_has_its_own_steps_and_counts_as_no_session(bed: AssessBed) -> None:
    assert [mark.id for mark in picture(bed.state, bed.now, "control").checklist] == ["checkin", "assess", "signoff"]
    opened = next(event for event in bed.opened if isinstance(event, e.VisitOpened))
    assert (opened.kind, opened.point, opened.session) == ("assessment", "T0", 0)
    assert not bed.told(e.ProfileShown), "an assessor must not be told the arm"


def test_with_evoked_potentials_it_asks_the_safety_questions_and_looks_after() -> None:
    bed = AssessBed(instruments=("walk", "mep"))
    assert steps.order(bed.state) == steps.WITH_PULSES
    assert bed.state.step == "screening"


@pytest.mark.parametrize(
    ("first_day", "deviates"), [(None, ""), ("2026-03-02", ""), ("2026-03-03", ""), ("2026-03-01", "1 day(s) late")]
)
def test_the_window_of_t0(first_day: str | None, deviates: str) -> None:
    bed = AssessBed(first_day=first_day)
    words = [event.text for event in bed.told(e.DeviationNoted) if isinstance(event, e.DeviationNoted)]
    assert bool(words) == bool(deviates)
    assert all(deviates in text for text in words)


def test_a_scale_from_first_item_to_total(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="walk"))
    assert "open" in refused(bed, c.OpenInstrument(instrument="sway")).reason
    assert "not possible" in refused(bed, c.ScoreItem(instrument="walk", code="WALK1", value="3")).reason
    for code, value in (("WALK1", "2"), ("WALK2", "1"), ("WALK3", "2")):
        bed.ask(c.ScoreItem(instrument="walk", code=code, value=value))
    form = picture(bed.state, bed.now, "assess").assess.form
    assert (form.running, form.total, form.open) == (5, 5, 0)
    bed.ask(c.CloseInstrument(instrument="walk"))
    closed = bed.told(e.InstrumentClosed)[0]
    assert (closed.outcome, closed.total, closed.values, closed.examiner) == ("complete", 5, {"first": 3}, "thera")


def test_open_items_need_a_reason_and_leave_no_total(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="walk"))
    bed.ask(c.ScoreItem(instrument="walk", code="WALK1", value="2"))
    assert "2 item(s) are open" in refused(bed, c.CloseInstrument(instrument="walk")).reason
    bed.ask(c.CloseInstrument(instrument="walk", reason="tired"))
    closed = bed.told(e.InstrumentClosed)[0]
    assert (closed.outcome, closed.total) == ("partial", None)
    assert "not finished" in refused(bed, c.ReopenInstrument(instrument="arm", reason="why")).reason
    bed.ask(c.ReopenInstrument(instrument="walk", reason="rested"))
    assert bed.state.assessment.work.entries["WALK1"].value == "2", "what was entered stays"


def test_another_examiner_is_a_deviation() -> None:
    before = e.Earlier(instrument="walk", point="T-1", utc="2026-02-01T08:00:00Z", examiner="other", total=2.0)
    bed = AssessBed(earlier=(before,))
    bed.ask(c.OpenInstrument(instrument="walk"))
    assert "other" in bed.told(e.DeviationNoted)[0].text
    assert picture(bed.state, bed.now, "assess").assess.form.warnings


def test_the_visit_before_stands_beside_the_result() -> None:
    before = e.Earlier(instrument="walk", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", total=2.0)
    bed = AssessBed(earlier=(before,))
    bed.ask(c.OpenInstrument(instrument="walk"))
    for code in ("WALK1", "WALK2", "WALK3"):
        bed.ask(c.ScoreItem(instrument="walk", code=code, value="1"))
    assert picture(bed.state, bed.now, "control").assess.result is None, "not while scoring"
    bed.ask(c.CloseInstrument(instrument="walk"))
    result = picture(bed.state, bed.now, "control").assess.result
    total = result.rows[0]
    assert (total.value, total.previous, total.change, total.arrow) == (3, 2, 1, "better")
    assert "not reached" in total.verdict
    assert "T-1" in result.previous


def test_nothing_is_recorded_before_the_start_and_after_the_end(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.pass_s(10)
    assert not bed.told(e.CaptureStarted)
    bed.ask(c.StartCapture(task="quiet"))
    bed.pass_s(29.9)
    assert not bed.told(e.CaptureStopped)
    bed.pass_s(0.2)
    stopped = bed.told(e.CaptureStopped)[0]
    assert (stopped.cause, stopped.seconds) == ("time", 30.0)
    assert "analysed" in refused(bed, c.StartCapture(task="quiet")).reason


def test_a_part_is_kept_when_a_person_stops(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    bed.pass_s(12)
    bed.ask(c.StopCapture(reason="stepped off"))
    stopped = bed.told(e.CaptureStopped)[0]
    assert (stopped.cause, stopped.reason) == ("person", "stepped off")
    assert stopped.seconds == pytest.approx(12.0)


def test_a_sensor_that_stays_away_ends_the_trial_and_a_short_gap_does_not(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    bed.pass_s(2)
    bed.plate("lost")
    bed.pass_s(3)
    bed.plate("ok")
    bed.pass_s(2)
    assert not bed.told(e.CaptureStopped)
    bed.plate("lost")
    bed.pass_s(6)
    stopped = bed.told(e.CaptureStopped)[0]
    assert stopped.cause == "fault"
    assert "plate" in stopped.reason


def test_a_sensor_that_is_looked_for_in_vain_is_away_all_the_time(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    for state in ("silent", "lost", "connecting", "silent", "lost"):
        bed.plate(state)
        bed.pass_s(1.5)
    stopped = bed.told(e.CaptureStopped)[0]
    assert (stopped.cause, stopped.seconds) == ("fault", pytest.approx(5.0, abs=0.2))


def test_no_sensor_no_recording(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.plate("lost")
    why = refused(bed, c.StartCapture(task="quiet"))
    assert (why.reason, why.remedy) == ("no samples from plate", "push its plug in")
    line = picture(bed.state, bed.now, "assess").assess.capture.sensors[0]
    assert (line.ok, line.remedy) == (False, "push its plug in")


def test_the_mean_of_accepted_trials_is_the_result(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.trial("quiet", 1, path_cm=40.0, ratio=3.0)
    bed.ask(c.StartCapture(task="quiet"))
    bed.pass_s(31)
    bed.analyse("quiet", 2, path_cm=400.0)
    assert "needs a reason" in refused(bed, c.JudgeTrial(task="quiet", trial=2, accept=False)).reason
    bed.ask(c.JudgeTrial(task="quiet", trial=2, accept=False, reason="talked"))
    assert "1 of 2 trials" in refused(bed, c.CloseInstrument(instrument="sway")).reason
    bed.trial("quiet", 3, path_cm=50.0)
    bed.ask(c.CloseInstrument(instrument="sway"))
    closed = bed.told(e.InstrumentClosed)[0]
    assert closed.outcome == "complete"
    assert closed.values == {"n": 2.0, "path_cm": 45.0, "ratio": 3.0}
    assert [trial.judged.accepted for trial in bed.state.assessment.works["sway"].trials] == [True, False, True]


def test_a_refused_analysis_cannot_be_accepted(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    bed.pass_s(31)
    bed.analyse("quiet", 1, refusal="nobody stood on the plate")
    assert "nobody stood" in refused(bed, c.JudgeTrial(task="quiet", trial=1, accept=True)).reason
    result = picture(bed.state, bed.now, "assess").assess.capture.result
    assert result.refusal == "nobody stood on the plate"
    assert not result.rows


def test_a_result_that_nobody_waits_for_changes_nothing(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.analyse("quiet", 1, path_cm=1.0)
    assert not bed.told(e.CaptureAnalysed)


def test_cues_come_at_their_times_and_by_hand() -> None:
    bed = AssessBed(instruments=("shift",))
    bed.ask(c.OpenInstrument(instrument="shift"))
    assert "start one" in refused(bed, c.GiveCue(cue="now")).remedy
    bed.ask(c.StartCapture(task="left"))
    start_ns = bed.now_ns
    bed.pass_s(6)
    assert picture(bed.state, bed.now, "assess").assess.capture.target_left_pct == 70.0
    bed.pass_s(15)
    cues = [
        (round((en.mono_ns - start_ns) / 1e9, 1), en.event.cue)
        for en in bed.journal
        if isinstance(en.event, e.CueGiven)
    ]
    assert cues == [(5.0, "left 70 %"), (12.0, "centre")]
    bed.analyse("left", 1, path_cm=1.0)
    bed.ask(c.JudgeTrial(task="left", trial=1, accept=True))
    bed.ask(c.StartCapture(task="right"))
    bed.ask(c.GiveCue(cue="now"))
    bed.pass_s(21)
    bed.analyse("right", 1, path_cm=3.0)
    bed.ask(c.JudgeTrial(task="right", trial=1, accept=True))
    bed.ask(c.CloseInstrument(instrument="shift"))
    assert bed.told(e.InstrumentClosed)[0].values == {"left.n": 1, "left.path_cm": 1, "right.n": 1, "right.path_cm": 3}


def finish(bed: AssessBed) -> None:
    for name in ("walk", "arm", "sway"):
        bed.ask(c.CloseInstrument(instrument=name, reason="not today"))
    bed.ask(c.NextStep())


def test_every_instrument_is_finished_or_says_why_before_the_signature(bed: AssessBed) -> None:
    assert "open: Walking" in refused(bed, c.NextStep()).reason
    finish(bed)
    bed.ask(SignedByPerson(THERAPIST, "recorded as described"))
    closed = bed.told(e.VisitClosed)[0]
    assert (closed.outcome, closed.reason) == ("partial", "0 of 3 instruments complete")


def test_the_fold_of_the_journal_is_the_same_assessment(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.trial("quiet", 1, path_cm=40.0)
    again = Visit.start(bed.setup)
    for envelope in bed.journal:
        stored = msgspec.json.decode(msgspec.json.encode(envelope), type=e.Envelope)
        again = rules.evolve(again, stored)
    assert again.assessment == bed.state.assessment


def test_a_station_that_died_in_a_trial_keeps_what_was_recorded(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    bed.pass_s(10)
    bed.now_ns += 50 * 10**9
    bed.put(Started(gap_s=50.0))
    stopped = bed.told(e.CaptureStopped)[0]
    assert stopped.cause == "interrupted"
    assert stopped.seconds <= 10.0, "only what the journal proves"
    told = bed.told(e.VisitInterrupted)[0]
    assert told.certain == "what was recorded of trial 1 of Standing is kept"
    assert told.uncertain == "the last seconds of that trial"
    assert "interrupted" in refused(bed, c.StartCapture(task="quiet")).reason
    bed.ask(c.ConfirmResume())
    bed.analyse("quiet", 1, path_cm=3.0)
    bed.ask(c.JudgeTrial(task="quiet", trial=1, accept=False, reason="cut off"))


def test_no_assessment_while_a_visit_is_open(bed: AssessBed) -> None:
    assert "a visit is open" in refused(bed, AssessmentFound(RECORD, History(), "T0")).reason


def test_unknown_points_and_instruments_are_refused() -> None:
    bed = Bed(setup=assessed_setup())
    bed.put(SignedInPerson(THERAPIST))
    assert "T0" in refused(bed, AssessmentFound(RECORD, History(), "T9")).remedy
    assert "known" in refused(bed, AssessmentFound(RECORD, History(), "T0", instruments=("nothing",))).remedy
    assert "belong" in refused(bed, AssessmentFound(RECORD, History(), "T0", second_identifier_ok=False)).reason


def test_the_assessor_and_the_kiosk_see_the_same_assessment_and_the_assessor_nothing_else(bed: AssessBed) -> None:
    kiosk, assessor = picture(bed.state, bed.now, "control"), picture(bed.state, bed.now, "assess")
    assert assessor.assess.instruments == kiosk.assess.instruments
    panels = {panel.title: panel for panel in assessor.assess.panels}
    assert len(panels) == 4
    assert not panels["TMS"].rows
    assert not panels["tsDCS"].rows
    assert (assessor.run, assessor.hunt, assessor.current, assessor.side, assessor.session) == (
        None,
        None,
        None,
        "",
        "",
    )


@pytest.mark.parametrize("arm", ["active", "sham"])
def test_what_an_assessor_is_told_is_the_same_in_either_arm(arm: str) -> None:
    def told(tms: str) -> bytes:
        bed = Bed(setup=assessed_setup())
        bed.put(SignedInPerson(THERAPIST))
        record = msgspec.structs.replace(RECORD, tms=tms)
        bed.ask(AssessmentFound(record, History(pulses_today=3, rmt_pct_mso=44.0), "T0"))
        seen = [event for envelope in bed.journal if (event := envelope.event.told("assess")) is not None]
        view = picture(bed.state, Now(bed.now_ns, "2026-03-02T08:00:00Z"), "assess")
        return msgspec.json.encode((seen, view))

    words = told(arm)
    assert words == told("active")
    for secret in (b"sham", b"active", b"MSO", b"44.0", b"1200"):
        assert secret not in words, secret


def score_all(bed: AssessBed, value: str) -> None:
    bed.ask(c.OpenInstrument(instrument="walk"))
    for code in ("WALK1", "WALK2", "WALK3"):
        bed.ask(c.ScoreItem(instrument="walk", code=code, value=value))


@pytest.mark.parametrize(("days", "asks"), [(3, True), (60, False)])
def test_a_change_that_is_hardly_possible_needs_a_reason(days: int, asks: bool) -> None:
    utc = f"2026-02-{28 - days + 2:02d}T08:00:00Z" if days < 20 else "2026-01-01T08:00:00Z"
    bed = AssessBed(earlier=(e.Earlier(instrument="walk", point="T-1", utc=utc, examiner="thera", total=0.0),))
    score_all(bed, "2")
    if asks:
        assert "look at it again" in refused(bed, c.CloseInstrument(instrument="walk")).reason
        bed.ask(c.CloseInstrument(instrument="walk", reason="seen twice"))
    else:
        bed.ask(c.CloseInstrument(instrument="walk"))
    assert bed.told(e.InstrumentClosed)[0].total == 6


def test_another_version_is_a_deviation() -> None:
    before = e.Earlier(
        instrument="walk", point="T-1", utc="2026-01-01T08:00:00Z", examiner="thera", total=3.0, version="0"
    )
    bed = AssessBed(earlier=(before,))
    score_all(bed, "1")
    bed.ask(c.CloseInstrument(instrument="walk"))
    assert "version '1' now, '0' before" in bed.told(e.DeviationNoted)[0].text


@pytest.mark.parametrize(
    "doubt",
    [
        {"armed": True},
        {"off_confirmed": False, "off_failed": "it does not answer"},
        {"current": CurrentTold(e.CurrentSaid(phase="plateau"), doubtful=True)},
    ],
)
@pytest.mark.parametrize("instruments", [("walk",), ("walk", "mep")])
def test_no_assessment_begins_over_a_device_that_is_not_confirmed_off(
    doubt: dict[str, object], instruments: tuple[str, ...]
) -> None:
    bed = Bed(setup=assessed_setup())
    bed.put(SignedInPerson(THERAPIST))
    bed.state = msgspec.structs.replace(bed.state, **doubt)
    why = refused(bed, AssessmentFound(RECORD, History(), "T0", instruments=instruments))
    assert "in use" in why.reason
    assert not bed.state.going_on
    assert "current" not in why.reason, "an assessor must not read which device it is"


def test_an_instrument_is_planned_once() -> None:
    bed = Bed(setup=assessed_setup())
    bed.put(SignedInPerson(THERAPIST))
    assert "twice" in refused(bed, AssessmentFound(RECORD, History(), "T0", instruments=("walk",) * 9000)).reason


def test_an_assessor_is_told_no_intensity_of_evoked_potentials() -> None:
    values = {"intensity_pct_mso": 61.0, "baseline_rmt_pct_mso": 51.25}
    before = e.Earlier(instrument="mep", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", values=values)
    other = msgspec.structs.replace(before, instrument="walk", values={}, total=2.0)
    bed = AssessBed(earlier=(before, other), instruments=("walk", "mep"))
    closed = e.InstrumentClosed(
        instrument="mep", outcome="complete", reason="at 61 %MSO", total=None, values=values, examiner="thera"
    )
    bed.state = rules.evolve(bed.state, msgspec.structs.replace(bed.journal[-1], event=closed))
    kiosk, assessor = (msgspec.json.encode(picture(bed.state, bed.now, role)) for role in ("control", "assess"))
    told = [event.told("assess") for event in (*(x.event for x in bed.journal), closed)]
    for secret in (b"51.25", b"61"):
        assert secret in kiosk
        assert secret not in assessor
        assert secret not in msgspec.json.encode(told)
    recalled = next(event for event in told if isinstance(event, e.AssessmentRecalled))
    assert [found.instrument for found in recalled.earlier] == ["walk"]
    assert closed.told("control") is closed


def test_two_openings_within_a_minute_are_two_visits() -> None:
    bed = Bed(setup=assessed_setup())
    bed.put(SignedInPerson(THERAPIST))
    found = AssessmentFound(RECORD, History(), "T0")
    names = []
    for second in (7, 9):
        events = rules.decide(bed.state, found, Now(bed.now_ns, f"2026-03-02T08:00:{second:02d}.5Z"), THERAPIST)
        names += [event.visit for event in events if isinstance(event, e.VisitOpened)]
    assert len(set(names)) == 2
    assert all(name.startswith(f"{RECORD.code}-at0-20260302t08000") for name in names)


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308, "2" * 50_000, True, None])
def test_no_value_breaks_an_item(bed: AssessBed, value: int | float | str | bool | None) -> None:
    bed.ask(c.OpenInstrument(instrument="walk"))
    if value is None:
        bed.ask(c.ScoreItem(instrument="walk", code="WALK1", value=value))
    else:
        assert "not possible" in refused(bed, c.ScoreItem(instrument="walk", code="WALK1", value=value)).reason
    assert picture(bed.state, bed.now, "assess").assess.form.total is None


def test_cues_without_end_are_refused(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    bed.state = with_cues(bed.state, capturing.MOST_CUES)
    assert "1000 cues" in refused(bed, c.GiveCue(cue="now")).reason
    bed.state = with_cues(bed.state, 1)
    bed.ask(c.GiveCue(cue="now"))


def with_cues(state: Visit, count: int) -> Visit:
    work = state.assessment.work
    trial = msgspec.structs.replace(work.trials[-1], cues=((0, "x"),) * count)
    works = {**state.assessment.works, "sway": msgspec.structs.replace(work, trials=(*work.trials[:-1], trial))}
    return msgspec.structs.replace(state, assessment=msgspec.structs.replace(state.assessment, works=works))


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        ({"lesion_hemisphere": None}, "not both recorded"),
        ({"paretic_side": None}, "not both recorded"),
        ({"lesion_hemisphere": "left", "paretic_side": "left"}, "should be opposite"),
    ],
)
def test_no_pulse_of_an_assessment_without_a_known_side(sides: dict[str, object], words: str) -> None:
    bed = Bed(setup=assessed_setup())
    bed.put(SignedInPerson(THERAPIST))
    record = msgspec.structs.replace(RECORD, **{"side_override_by": "", **sides})
    assert words in refused(bed, AssessmentFound(record, History(), "T0", instruments=("walk", "mep"))).reason
    bed.ask(AssessmentFound(record, History(), "T0", instruments=("walk",)))
    for role in ("control", "observe", "assess"):
        assert picture(bed.state, bed.now, role).assess is not None, "scales need no side"


def test_no_assessment_begins_on_a_full_disk() -> None:
    bed = Bed(setup=assessed_setup())
    bed.put(SignedInPerson(THERAPIST))
    bed.put(DiskSpace(1_000_000))
    assert "free disk" in refused(bed, AssessmentFound(RECORD, History(), "T0", instruments=("walk",))).reason


def test_what_can_never_be_measured_is_not_recorded(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    assert "0.5 s cannot be recorded" in refused(bed, c.StartCapture(task="quiet", seconds=0.5)).reason
    sway = bed.setup.catalogue.captures["sway"]
    long = msgspec.structs.replace(sway.tasks[0], skip_s=5.0, settings={"duration_s": 20.0})
    assert capturing.shortest_s(long) == 25.0
    catalogue = msgspec.structs.replace(
        bed.setup.catalogue, captures={"sway": msgspec.structs.replace(sway, tasks=(long,))}
    )
    asked = c.StartCapture(task="quiet", seconds=24.0)
    with pytest.raises(Refusal, match="too short") as why:
        capturing.start(bed.state.assessment, catalogue, asked, {}, {})
    assert why.value.remedy == "record at least 25 s"


def test_an_assessor_sees_the_alarm_of_a_lost_sensor_and_no_other(bed: AssessBed) -> None:
    bed.put(DiskSpace(10**11))
    bed.plate("lost")
    bed.link(ok=False)
    bed.pass_s(4)
    assert {alarm.id for alarm in picture(bed.state, bed.now, "control").alarms} >= {"sensor", "stimulator_link"}
    assert [alarm.id for alarm in picture(bed.state, bed.now, "assess").alarms] == ["sensor"]


def test_a_blinded_assessment_neither_asks_nor_recalls_what_tells_the_arm() -> None:
    setup = assessed_setup()
    telling = msgspec.structs.replace(setup.catalogue.scales["arm"], blinded_ok=False)
    catalogue = msgspec.structs.replace(setup.catalogue, scales={**setup.catalogue.scales, "arm": telling})
    before = e.Earlier(instrument="arm", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", total=6.0)
    bed = Bed(setup=msgspec.structs.replace(setup, catalogue=catalogue))
    bed.put(SignedInPerson(THERAPIST))
    assert "blinded" in refused(bed, AssessmentFound(RECORD, History(), "T0", instruments=("arm",))).reason
    bed.ask(AssessmentFound(RECORD, History(), "T0", earlier=(before,), instruments=("walk",)))
    assert bed.state.assessment.earlier == ()
    bed.ask(c.NextStep())
    assert "blinded" in refused(bed, c.OpenInstrument(instrument="arm")).reason


def test_a_mean_over_fewer_trials_than_were_accepted_says_so(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.trial("quiet", 1, path_cm=40.0, ratio=2.0)
    bed.trial("quiet", 2, path_cm=44.0)
    bed.ask(c.CloseInstrument(instrument="sway"))
    result = picture(bed.state, bed.now, "assess").assess.result
    assert {row.key: row.value for row in result.rows} == {"path_cm": 42.0, "ratio": 2.0}
    assert result.flags == ("Quiet standing: path per area is of 1 of 2 accepted trials",)


def test_nobody_goes_back_to_the_pulses_while_a_trial_is_recorded(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.StartCapture(task="quiet"))
    with_pulses = msgspec.structs.replace(bed.state.assessment, instruments=("sway", "mep"))
    bed.state = msgspec.structs.replace(bed.state, assessment=with_pulses)
    for command in (c.PreviousStep(), c.EndVisit(reason="tired")):
        assert "being recorded" in refused(bed, command).reason
    assert "open" in refused(bed, c.NextStep()).reason
    assert bed.state.step == "assess"


def test_the_last_step_speaks_of_results_and_of_no_dose(bed: AssessBed) -> None:
    finish(bed)
    step = picture(bed.state, bed.now, "assess").step
    assert (step.id, step.instruction) == ("signoff", "Read the results and sign.")
    assert "plan" not in step.good


@pytest.mark.parametrize(("given", "deviates"), [(3, True), (28, False)])
def test_an_assessment_after_the_last_session_waits_for_the_end_of_the_course(given: int, deviates: bool) -> None:
    setup = assessed_setup()
    point = msgspec.structs.replace(setup.study.assessments[0], anchor="last_session", late=1)
    bed = Bed(setup=msgspec.structs.replace(setup, study=msgspec.structs.replace(setup.study, assessments=(point,))))
    bed.put(SignedInPerson(THERAPIST))
    bed.ask(AssessmentFound(RECORD, History(session=given + 1), "T0", last_session_day="2026-03-02"))
    told = [event.text for event in bed.events(e.DeviationNoted)]
    assert any("the course is not over" in text for text in told) == deviates
    assert not any(str(given) in text for text in told), "how many sessions were given is not an assessor's to know"
