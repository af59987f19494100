"""The treatment on a fake clock: 20 minutes, pauses, trains, contact, the front panel, the dose ledger."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.visit import dose
from bedside.visit.rules import Refusal
from bedside.visit.view import picture
from tests.helpers.bed import RECORD, THERAPIST, Bed, same, shipped
from tests.helpers.bed_ready import bed_at


def last(bed: Bed, kind: type[e.Event]) -> e.Event:
    return bed.events(kind)[-1]


def causes(bed: Bed) -> list[str]:
    return [event.cause for event in bed.events(e.StimulationPaused)]


def test_twenty_minutes() -> None:
    bed = bed_at("treatment")
    bed.treat()
    ended = last(bed, e.StimulationEnded)
    assert (ended.cause, ended.planned, ended.delivered, ended.uncertain) == ("complete", 1200, 1200, 0)
    assert bed.stim.fired - bed.state.ledger.single == 1200
    (train,) = bed.events(e.TrainIntended)
    assert (train.pulses, train.trains, train.rate_hz, train.first_pulse) == (600, 2, 1.0, 1)
    times = [x.mono_ns for x in bed.journal if isinstance(x.event, e.PulseReported) and x.event.purpose == "treatment"]
    assert times[-1] - times[0] == 1199 * 10**9
    assert same(bed.fold(), bed.state)


def test_intents_come_in_order_and_one_at_a_time() -> None:
    bed = bed_at("treatment")
    bed.walk()
    assert [type(x) for x in bed.put(c.StartStimulation(), THERAPIST)] == [e.AmplitudeIntended]
    bed.work()
    kinds = [type(x.event) for x in bed.journal if type(x.event).__name__.endswith("Intended")]
    assert kinds[-3:] == [e.AmplitudeIntended, e.ArmIntended, e.TrainIntended]


def test_pause_and_resume_continue_the_count_without_catching_up() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(436.2)
    events = bed.ask(c.PauseStimulation(reason="itch"))
    assert [type(x) for x in events[:2]] == [e.OffIntended, e.StimulationPaused]
    assert bed.state.ledger.course == 437
    bed.advance(200.0)
    assert bed.state.ledger.course == 437, "no pulse in a pause"
    bed.ask(c.ResumeStimulation())
    train = last(bed, e.TrainIntended)
    assert (train.pulses * train.trains, train.first_pulse) == (763, 438)
    bed.advance(800.0)
    assert last(bed, e.StimulationEnded).delivered == 1200
    assert bed.stim.fired - bed.state.ledger.single == 1200


def test_a_pause_of_more_than_five_minutes_ends_it() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(436.2)
    bed.ask(c.PauseStimulation(reason="rest"))
    bed.advance(299.0)
    assert not bed.events(e.StimulationEnded)
    bed.advance(2.0)
    ended = last(bed, e.StimulationEnded)
    assert (ended.cause, ended.delivered) == ("pause_too_long", 437)
    assert bed.state.ledger.not_given == 1200 - 437
    with pytest.raises(Refusal):
        bed.ask(c.ResumeStimulation())


@pytest.mark.parametrize(("spare", "cause"), [(0, "complete"), (3, "complete"), (-3, "")])
def test_a_plan_that_ends_exactly_at_the_days_ceiling_is_complete(spare: int, cause: str) -> None:
    bed = bed_at("treatment")
    assert bed.state.recalled is not None
    before = bed.state.recalled.pulses_today + bed.state.ledger.ceiling
    bed.start()
    totals = replace(bed.setup.limits.totals, day=before + 1200 + spare)
    setup = replace(bed.setup, limits=replace(bed.setup.limits, totals=totals))
    bed.setup, bed.state = setup, replace(bed.state, setup=setup)
    bed.advance(1215.0)
    if cause:
        ended = last(bed, e.StimulationEnded)
        assert (ended.cause, ended.delivered) == (cause, 1200)
        assert not causes(bed)
    else:
        assert causes(bed) == ["ceiling"]
        assert bed.state.ledger.course == 1197


def test_a_prime_number_of_pulses_takes_two_runs_at_the_right_interval() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(36.2)
    bed.ask(c.PauseStimulation(reason="itch"))
    bed.advance(3.0)
    assert bed.state.ledger.remaining == 1163
    bed.ask(c.ResumeStimulation())
    bed.advance(1300.0)
    trains = bed.events(e.TrainIntended)[1:]
    assert [(t.pulses, t.trains, t.first_pulse) for t in trains] == [(1000, 1, 38), (163, 1, 1038)]
    times = [x.mono_ns for x in bed.journal if isinstance(x.event, e.PulseReported) and x.event.purpose == "treatment"]
    gaps_s = [(b - a) / 1e9 for a, b in pairwise(times)]
    assert min(gaps_s) >= 1.0
    assert last(bed, e.StimulationEnded).delivered == 1200


def test_lost_pulses_are_not_made_up() -> None:
    bed = bed_at("treatment")
    bed.stim.counter = False
    bed.stim.swallow = {bed.stim.fired + n for n in (100, 200, 777)}
    bed.start()
    bed.advance(1300.0)
    ended = last(bed, e.StimulationEnded)
    assert (ended.cause, ended.delivered, ended.uncertain) == ("complete", 1197, 3)
    assert (bed.state.ledger.course, bed.state.ledger.uncertain_course, bed.state.ledger.lost) == (1197, 3, 0)
    assert bed.stim.fired - bed.state.ledger.single == 1200, "the fault fired: the device gave what it did not report"
    assert sum(t.pulses * t.trains for t in bed.events(e.TrainIntended)) == 1200


def test_unreported_pulses_are_settled_by_the_counter() -> None:
    bed = bed_at("treatment")
    bed.stim.swallow = {bed.stim.fired + n for n in (100, 200, 777)}
    bed.start()
    bed.advance(1300.0)
    (settled,) = bed.events(e.PulsesReconciled)
    assert (settled.count, settled.unasked) == (3, 0)
    assert last(bed, e.StimulationEnded).delivered == 1200
    assert bed.state.ledger.lost == 0
    assert same(bed.fold(), bed.state)


def test_pulses_that_were_never_given_stay_lost() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(36.2)
    bed.ask(c.PauseStimulation(reason="itch"))
    bed.advance(3.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(500.0)
    bed.stim.train_left -= 2
    bed.stim.next_ns += 2 * bed.stim.interval_ns
    bed.advance(560.0)
    assert last(bed, e.TrainEnded).lost == 2, "the fault fired"
    assert causes(bed)[-1] == "unreported", "off, and a person looks"
    assert bed.state.ledger.lost == 2, "the counter proves that they were not given"
    bed.ask(c.ResumeStimulation())
    train = last(bed, e.TrainIntended)
    assert train.pulses * train.trains == 163, "lost pulses are not made up"
    bed.advance(200.0)
    assert last(bed, e.StimulationEnded).delivered == 1198


@pytest.mark.parametrize("key", [c.Stop(), c.Stop(reason="F12")])
def test_stop_is_never_asked_twice(key: c.Stop) -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    events = bed.put(key)
    assert isinstance(events[0], e.OffIntended)
    assert isinstance(events[1], e.StimulationPaused)
    bed.work()
    assert not bed.stim.enabled
    assert isinstance(bed.put(c.Stop())[0], e.OffIntended), "again, whatever the state"


def test_contact_is_asked_every_two_minutes_and_silence_pauses() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.contact = False
    bed.advance(119.0)
    assert not bed.events(e.ContactPrompted)
    bed.advance(2.0)
    assert len(bed.events(e.ContactPrompted)) == 1
    bed.advance(13.0)
    assert bed.state.course.running
    bed.advance(2.0)
    assert causes(bed) == ["contact"]
    assert not bed.stim.enabled
    bed.contact = True
    bed.ask(c.ResumeStimulation())
    bed.advance(130.0)
    assert len(bed.events(e.ContactConfirmed)) == 1
    assert bed.state.course.running


def test_front_panel_disable_is_seen() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.stim.enabled, bed.stim.train_left = False, 0
    bed.advance(2.0)
    assert causes(bed) == ["enabled"]
    assert "front panel" in last(bed, e.StimulationPaused).reason
    assert isinstance(last(bed, e.OffIntended), e.OffIntended)


def test_front_panel_amplitude_is_off() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.stim.amplitude += 3
    bed.advance(1.0)
    assert causes(bed) == ["read_back"]
    assert not bed.stim.enabled
    bed.ask(c.ResumeStimulation())
    bed.advance(5.0)
    assert bed.stim.amplitude == bed.state.intensity_pct_mso
    assert bed.state.course.running


def test_a_train_stopped_at_the_device_pauses() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.stim.train_left = 0
    bed.advance(2.0)
    assert causes(bed) == ["train"]


def test_pulses_that_are_not_reported_pause() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.stim.swallow = set(range(10_000))
    bed.advance(8.0)
    assert causes(bed) == ["stimulator_silent"]
    given = bed.stim.fired
    bed.advance(10.0)
    ledger = bed.state.ledger
    assert bed.stim.fired == given
    assert ledger.course + ledger.single == given, "the device's counter settled it"
    assert bed.events(e.PulsesReconciled)


def test_what_no_counter_settles_stays_uncertain_and_bounded_by_time() -> None:
    bed = bed_at("treatment")
    bed.stim.counter = False
    bed.state = replace(bed.state, baseline=None)
    bed.start()
    bed.advance(10.0)
    bed.stim.swallow = set(range(10_000))
    bed.advance(20.0)
    given = bed.stim.fired - bed.state.ledger.single
    ledger = bed.state.ledger
    assert bed.events(e.PulsesUncertain)
    assert ledger.course <= given <= ledger.course + ledger.uncertain_course
    assert ledger.uncertain_course <= 10, "not the whole train: it had a few seconds"


def test_an_unasked_pulse_is_reported_apart_and_stops() -> None:
    bed = bed_at("treatment")
    bed.walk()
    bed.pulse()
    reported = last(bed, e.PulseReported)
    assert reported.purpose is None
    assert bed.state.ledger.unasked == 1
    assert isinstance(last(bed, e.OffIntended), e.OffIntended)
    bed.work()
    bed.advance(1.0)
    assert "unasked_pulse" in bed.state.alarms
    assert bed.state.ledger.course == 0


def test_intensity_only_goes_down() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(5.0)
    present = bed.state.intensity_pct_mso
    assert present is not None
    for wrong in (present, present + 1, 100, 0):
        with pytest.raises(Refusal):
            bed.ask(c.LowerIntensity(to_pct_mso=wrong, reason="x"))
    bed.ask(c.LowerIntensity(to_pct_mso=present - 2, reason="tingling"))
    assert not bed.stim.enabled, "off first"
    bed.advance(1.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(3.0)
    assert bed.stim.amplitude == present - 2
    assert last(bed, e.TrainIntended).amplitude_pct_mso == present - 2


def test_end_by_hand() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(436.2)
    events = bed.ask(c.EndStimulation(reason="patient's wish"))
    assert [type(x) for x in events[:2]] == [e.OffIntended, e.StimulationEnded]
    bed.advance(5.0)
    bed.to("signoff")
    bed.sign()
    closed = last(bed, e.VisitClosed)
    assert closed.outcome == "partial"
    ledger = bed.state.ledger
    assert ledger.course + ledger.not_given == ledger.planned
    assert ledger.closed


def test_half_way_questions_appear_half_way() -> None:
    from bedside.visit import forms

    bed = bed_at("treatment")
    bed.start()
    bed.advance(500.0)
    assert forms.items(bed.state, "treatment") == ()
    bed.advance(110.0)
    assert [item.id for item in forms.items(bed.state, "treatment")] == ["mid_exertion", "mid_pain", "mid_systolic"]
    bed.ask(c.Answer(step="treatment", item="mid_pain", value=8))
    assert causes(bed) == ["screening"], "pain of 8 is for a physician"
    assert not bed.stim.enabled


def test_a_seizure_ends_it_and_locks() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(60.0)
    report = c.ReportAdverseEvent(category="seizure", severity="severe", related="unknown", action="stopped")
    events = bed.ask(report)
    assert isinstance(events[0], e.OffIntended)
    assert bed.state.course.ended is not None
    bed.advance(1.0)
    assert bed.state.alarms["seizure"].priority == "high"
    with pytest.raises(Refusal):
        bed.ask(c.SilenceAlarm(alarm="seizure"))


def test_sham_pulses_are_never_dose() -> None:
    from bedside.visit.inputs import History, ParticipantFound

    bed = Bed()
    record = replace(RECORD, tms="sham")
    bed.begin()
    bed.state = type(bed.state).start(bed.setup)
    bed.journal.clear()
    bed.begin_with(ParticipantFound(record, History(session=5)))
    assert last(bed, e.ProfileShown).tilt_to_scalp_deg == 90
    bed.to("treatment")
    bed.treat()
    assert (bed.state.ledger.delivered, bed.state.ledger.sham_pulses) == (0, 1200)


def test_failures_of_every_action_switch_off() -> None:
    for action in ("amplitude", "arm", "train"):
        bed = bed_at("treatment")
        bed.walk()
        bed.stim.fails = {action}
        bed.ask(c.StartStimulation())
        failed = last(bed, e.StimulatorFailed)
        assert failed.action == action, "the fault fired"
        assert isinstance(last(bed, e.OffIntended), e.OffIntended)
        assert not bed.stim.enabled
        assert not bed.state.armed


def test_an_unconfirmed_stop_is_a_high_alarm_and_tried_again() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(5.0)
    bed.stim.fails = {"off"}
    bed.ask(c.Stop())
    assert bed.stim.enabled, "the fault fired"
    bed.advance(3.0)
    assert bed.state.alarms["off_unconfirmed"].priority == "high"
    with pytest.raises(Refusal):
        bed.ask(c.ResumeStimulation())
    bed.stim.fails = set()
    bed.advance(5.0)
    assert not bed.stim.enabled
    assert bed.state.off_confirmed
    assert "off_unconfirmed" not in bed.state.alarms


def test_a_stimulator_that_nothing_counts_is_counted_by_the_clock_and_said_so() -> None:
    bed = bed_at("treatment")
    device = replace(shipped().devices["stimulator"], counts_pulses=False, max_pulses_per_train=1200)
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": device})
    bed.state = replace(bed.state, setup=bed.setup, baseline=None)
    bed.stim.counter = False
    bed.stim.swallow = set(range(10_000))
    bed.start()
    bed.advance(100.2)
    bed.ask(c.PauseStimulation(reason="itch"))
    settled = last(bed, e.PulsesReconciled)
    assert settled.count == 101
    assert "no device counted" in settled.evidence
    bed.advance(1.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(1300.0)
    assert last(bed, e.StimulationEnded).delivered == 1200


def test_a_train_that_nothing_counts_and_that_stops_by_itself_is_counted_until_then() -> None:
    bed = bed_at("treatment")
    device = replace(shipped().devices["stimulator"], counts_pulses=False, max_pulses_per_train=1200)
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": device})
    bed.state = replace(bed.state, setup=bed.setup, baseline=None)
    bed.stim.counter = False
    bed.stim.swallow = set(range(10_000))
    bed.start()
    bed.advance(60.2)
    bed.stim.train_left = 0
    bed.advance(10.0)
    assert not bed.stim.enabled
    assert "stopped at the stimulator" in last(bed, e.StimulationPaused).reason
    assert last(bed, e.PulsesReconciled).count in (61, 62), "not the seconds in which nothing ran"
    assert "own word" in last(bed, e.PulsesReconciled).evidence


def test_split_train() -> None:
    assert dose.split_train(1200, 1000, 500) == (600, 2)
    assert dose.split_train(763, 1000, 500) == (763, 1)
    assert dose.split_train(1163, 1000, 500) == (1000, 1)
    assert dose.split_train(1, 1000, 500) == (1, 1)
    assert dose.split_train(1200, 1000, 1) == (1000, 1)
    for pulses in range(1, 3000):
        size, trains = dose.split_train(pulses, 1000, 500)
        assert 1 <= size <= 1000
        assert size * trains <= pulses


def test_a_dead_stimulator_does_not_hold_the_visit_and_is_said() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(30.0)
    bed.stim.fails = {"off"}
    bed.ask(c.EndStimulation(reason="smoke"))
    bed.advance(1.0)
    with pytest.raises(Refusal, match="not confirmed"):
        bed.ask(c.NextStep())
    bed.link(ok=False)
    bed.to("signoff")
    bed.sign()
    assert "never confirmed" in last(bed, e.VisitClosed).reason


def test_minutes_to_the_coils_limit() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(120.0)
    assert picture(bed.state, bed.now, "control").run.minutes_to_limit is None, "not warming: nothing to predict"
    bed.stim.temperature_c = 29.0
    bed.advance(1.0)
    left_min = picture(bed.state, bed.now, "control").run.minutes_to_limit
    assert left_min == pytest.approx((41 - 29) / (29 - 25) * 121 / 60, rel=0.01)


def test_reports_lost_before_a_pause_are_not_given_again() -> None:
    for counter in (True, False):
        bed = bed_at("treatment")
        bed.stim.counter = counter
        bed.state = bed.state if counter else replace(bed.state, baseline=None)
        bed.stim.swallow = {bed.stim.fired + 10, bed.stim.fired + 20}
        bed.start()
        bed.advance(99.2)
        bed.ask(c.PauseStimulation(reason="itch"))
        assert bed.state.ledger.course == 98, "the fault fired: 100 were given"
        with pytest.raises(Refusal, match=r"counter|settled"):
            bed.ask(c.ResumeStimulation())
        bed.advance(6.0)
        bed.ask(c.ResumeStimulation())
        assert last(bed, e.TrainIntended).pulses == 550
        bed.advance(1200.0)
        assert bed.stim.fired - bed.state.ledger.single == 1200, "never more than planned"
        ended = last(bed, e.StimulationEnded)
        assert (ended.delivered, ended.uncertain) == ((1200, 0) if counter else (1198, 2))


def test_the_last_report_before_a_pause_is_found_by_the_counter() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(99.2)
    bed.stim.swallow = {bed.stim.fired + 1}
    bed.advance(1.0)
    bed.ask(c.PauseStimulation(reason="itch"))
    bed.advance(2.0)
    assert bed.state.ledger.course == bed.stim.fired - bed.state.ledger.single == 101
