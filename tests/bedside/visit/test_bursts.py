"""Patterned protocols: feasibility, times, counting of single pulses, and stops in the middle of a train."""

from functools import cache
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.config import load_presets
from bedside.config.protocol import Levels
from bedside.config.station import DeviceConfig, RatePoint
from bedside.config.study import Signature
from bedside.visit import dose
from bedside.visit.rules import Refusal
from bedside.visit.setup import Setup
from bedside.visit.timing import Pattern, next_train, pattern_of
from tests.helpers.bed import CONFIGS, NS, Bed, shipped

PRESETS = load_presets(CONFIGS)
ITBS = PRESETS["itbs_600"]
DUAL = tuple(RatePoint(pct_mso=pct, rate_hz=rate) for pct, rate in ((30, 100.0), (50, 50.0), (80, 30.0), (100, 25.0)))
"""A two-supply stimulator: 50 Hz up to 50 % of its output."""


def configured(name: str = "itbs_600", **device: object) -> Setup:
    """The shipped configuration, with another protocol of the study and a stimulator that times bursts."""
    setup = shipped()
    stimulator = replace(setup.devices["stimulator"], **({"bursts": True, "max_rate": DUAL} | device))
    signed = Signature(by="Physician", on="2026-01-01")
    study = replace(setup.study, presets=(name,), enabled={name: signed})
    return replace(setup, study=study, devices={**setup.devices, "stimulator": stimulator})


@cache
def _ready(setup_key: str) -> Bed:
    bed = Bed(setup=configured(), rmt_pct=44.0)
    bed.begin()
    assert bed.state.recalled is not None
    bed.state = replace(bed.state, recalled=replace(bed.state.recalled, preset="itbs_600"))
    return bed.to("treatment")


def treated(**stim: object) -> Bed:
    """A bed of its own in the treatment step of an iTBS course."""
    ready = _ready("itbs")
    bed = Bed(setup=ready.setup, rmt_pct=44.0)
    bed.state, bed.journal, bed.now_ns = ready.state, list(ready.journal), ready.now_ns
    bed.stim = msgspec.convert(msgspec.to_builtins(ready.stim), type(ready.stim))
    bed.robot, bed.last_status_ns = ready.robot, ready.last_status_ns
    for name, value in stim.items():
        setattr(bed.stim, name, value)
    return bed


def given_in_course(bed: Bed) -> int:
    return bed.stim.fired - bed.state.ledger.single


def until_pulses(bed: Bed, count: int) -> None:
    """Let time pass until the device has given so many pulses of the course."""
    for _ in range(100_000):
        if given_in_course(bed) >= count:
            return
        bed.advance(0.01 if count - given_in_course(bed) < 31 else 1.0)
    raise AssertionError("too few pulses")


# times


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("itbs_600", Pattern(5.0, 10, 20, 8.2, 3, 0.02)),
        ("hf_10hz_1200", Pattern(10.0, 40, 30, 26.1)),
        ("lf_1hz_1200", Pattern(1.0, 1200)),
    ],
)
def test_levels_as_the_stimulator_times_them(name: str, wanted: Pattern) -> None:
    pattern = pattern_of(PRESETS[name].levels)
    assert pattern == wanted
    assert pattern.total == dose.count(PRESETS[name].levels)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_pulse_is_due_at_its_published_time(name: str) -> None:
    levels = PRESETS[name].levels
    pattern = pattern_of(levels)
    times = dose.pulse_times_us(levels)
    assert pattern.total == len(times)
    for index, at_us in enumerate(times):
        assert pattern.due_by(at_us / 1e6 + 1e-4) == index + 1
        assert pattern.due_by(at_us / 1e6 - 1e-4) == index
    assert pattern.length_s == dose.durations(levels).end_s


def test_the_cycle_is_exact() -> None:
    pattern = pattern_of(ITBS.levels)
    assert (pattern.cycle_us, pattern.interval_us) == (10_000_000, 200_000)
    assert (pattern.onset_s(10), pattern.onset_s(199)) == (10.0, 191.8)


def test_the_three_durations_are_shown() -> None:
    lengths = dose.durations(ITBS.levels)
    assert (lengths.last_s, lengths.end_s, lengths.period_s) == (191.84, 192.0, 200.0)
    assert lengths.text == "last pulse 191.84 s, train end 192 s, period 200 s"
    bed = treated()
    (planned,) = bed.events(e.DosePlanned)[-1:]
    assert isinstance(planned, e.DosePlanned)
    assert (planned.last_pulse_s, planned.train_end_s, planned.period_s) == (191.84, 192.0, 200.0)


@given(st.integers(0, 700), st.integers(1, 20))
def test_what_remains_is_whole_bursts_and_never_more(remaining: int, most: int) -> None:
    chosen = next_train(pattern_of(ITBS.levels), remaining, most)
    if chosen is None:
        assert remaining < 3
        return
    assert 0 < chosen.total <= remaining
    assert chosen.trains <= most
    assert chosen.stimuli == 10 or (chosen.trains == 1 and remaining - chosen.total < 3)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"inter_pulse_interval_s": 0.0}, "missing"),
        ({"inter_pulse_interval_s": 0.1}, "burst is longer"),
        ({"inter_train_interval_s": 1.84}, "train is longer"),
    ],
)
def test_levels_that_overlap_are_no_protocol(changes: dict[str, float], why: str) -> None:
    assert ITBS.levels.problem == ""
    assert why in replace(ITBS.levels, **changes).problem


# may it be given


def plan(rmt_pct: float, setup: Setup, preset: str = "itbs_600") -> e.DosePlanned:
    bed = treated()
    assert bed.state.threshold is not None
    assert bed.state.recalled is not None
    threshold = replace(bed.state.threshold, rmt_pct_mso=rmt_pct)
    recalled = replace(bed.state.recalled, preset=preset)
    state = replace(bed.state, setup=setup, threshold=threshold, recalled=recalled)
    return dose.plan(state)


def test_itbs_at_a_threshold_of_60_does_not_fit_a_device_with_50_hz_up_to_50_percent() -> None:
    with pytest.raises(Refusal) as refusal:
        plan(60.0, configured())
    for words in ("at most 30 Hz at 54 %MSO", "needs 50 Hz", "50 Hz up to 50 %MSO", "physician", "another device"):
        assert words in refusal.value.reason
    assert "nothing is changed by itself" in refusal.value.remedy


def test_56_is_the_highest_threshold_that_fits() -> None:
    assert plan(56.0, configured()).intensity_pct_mso == 50
    with pytest.raises(Refusal):
        plan(57.0, configured())


def test_a_device_without_the_rate_says_so() -> None:
    single = (RatePoint(pct_mso=100, rate_hz=15.0),)
    with pytest.raises(Refusal, match="it gives no 50 Hz"):
        plan(40.0, configured(max_rate=single))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"bursts": False}, "does not time bursts"),
        ({"max_trains": 1}, "times one train only"),
        ({"max_pulses_per_train": 5}, "more than the 5"),
    ],
)
def test_what_the_device_file_does_not_state_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(Refusal, match=why):
        plan(44.0, configured(**changes))


def test_even_trains_with_gaps_need_no_bursts() -> None:
    planned = plan(40.0, configured("hf_10hz_1200", bursts=False), "hf_10hz_1200")
    assert (planned.pulses, planned.rate_hz) == (1200, 10.0)


def test_a_pattern_of_even_trains_above_the_table_is_refused() -> None:
    setup = configured("hf_10hz_1200")
    long = replace(
        PRESETS["hf_10hz_1200"], levels=replace(PRESETS["hf_10hz_1200"].levels, pulses_in_burst=60, trains=20)
    )
    with pytest.raises(Refusal, match="longer than"):
        plan(40.0, replace(setup, presets={**setup.presets, "hf_10hz_1200": long}), "hf_10hz_1200")


def test_the_shipped_stimulator_gives_bursts_only_where_its_file_says_so() -> None:
    assert not shipped().devices["stimulator"].bursts
    assert isinstance(shipped().devices["stimulator"], DeviceConfig)


def test_an_intensity_that_no_longer_fits_holds_the_start() -> None:
    bed = treated()
    bed.walk()
    slower = replace(bed.setup.devices["stimulator"], max_rate=(RatePoint(pct_mso=100, rate_hz=15.0),))
    setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": slower})
    bed.state = replace(bed.state, setup=setup)
    with pytest.raises(Refusal, match="50 Hz"):
        bed.ask(c.StartStimulation())
    assert not bed.events(e.TrainIntended)


# the course


def test_a_whole_course() -> None:
    bed = treated()
    bed.treat()
    (intended,) = bed.events(e.TrainIntended)
    assert isinstance(intended, e.TrainIntended)
    assert (intended.rate_hz, intended.pulses, intended.trains, intended.inter_train_s) == (5.0, 10, 20, 8.2)
    assert (intended.burst_pulses, intended.inter_pulse_s, intended.first_pulse) == (3, 0.02, 1)
    times = [x.mono_ns for x in bed.journal if isinstance(x.event, e.PulseReported) and x.event.course]
    assert len(times) == 600
    assert [(at - times[0]) // 1000 for at in times] == dose.pulse_times_us(ITBS.levels)
    ledger = bed.state.ledger
    assert (ledger.planned, ledger.course, ledger.uncertain_course, ledger.lost, ledger.unasked) == (600, 600, 0, 0, 0)
    ended = bed.state.course.ended
    assert ended is not None
    assert (ended.cause, ended.delivered) == ("complete", 600)
    assert not [x for x in bed.events(e.AlarmRaised) if x.priority == "high"]  # type: ignore[attr-defined]


def test_the_waveform_is_announced_before_the_device_is_enabled_and_single_pulses_have_none() -> None:
    bed = treated()
    bed.start()
    asked = [event for event in bed.events(e.AmplitudeIntended) if isinstance(event, e.AmplitudeIntended)]
    assert (asked[-1].burst_pulses, asked[-1].inter_pulse_s) == (3, 0.02)
    assert {event.burst_pulses for event in asked[:-1]} == {1}
    kinds = [type(x.event) for x in bed.journal]
    assert kinds.index(e.TrainIntended) > max(i for i, kind in enumerate(kinds) if kind is e.ArmIntended)


def test_a_stop_in_mid_train_counts_what_was_given_and_the_rest_follows() -> None:
    bed = treated()
    bed.start()
    until_pulses(bed, 154)
    bed.ask(c.PauseStimulation(reason="cough"))
    given = given_in_course(bed)
    assert bed.state.ledger.course == given
    assert not bed.stim.enabled
    bed.advance(3.0)
    assert given_in_course(bed) == given
    with pytest.raises(Refusal, match="pause between two trains"):
        bed.ask(c.ResumeStimulation())
    bed.advance(8.0)
    bed.ask(c.ResumeStimulation())
    for _ in range(400):
        if bed.state.course.ended is not None:
            break
        bed.advance(1.0)
    trains = [event for event in bed.events(e.TrainIntended) if isinstance(event, e.TrainIntended)]
    left = 600 - given
    assert (trains[1].trains, trains[1].first_pulse) == (left // 30, given + 1)
    assert sum(t.pulses * t.trains * t.burst_pulses for t in trains[1:]) == left - left % 3
    ledger = bed.state.ledger
    assert given_in_course(bed) == ledger.course == 600 - left % 3
    assert ledger.course + ledger.not_given == 600
    assert bed.state.course.ended is not None


def gaps_s(bed: Bed) -> list[float]:
    times = [x.mono_ns for x in bed.journal if isinstance(x.event, e.PulseReported) and x.event.course]
    return [(b - a) / NS for a, b in pairwise(times)]


def test_trains_that_follow_keep_their_pause() -> None:
    bed = treated()
    device = replace(bed.setup.devices["stimulator"], max_trains=2)
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": device})
    bed.state = replace(bed.state, setup=bed.setup)
    bed.treat()
    assert len(bed.events(e.TrainIntended)) == 10
    assert bed.state.ledger.course == 600
    between = [gap for gap in gaps_s(bed) if gap > 1.0]
    assert len(between) == 19
    assert min(between) >= 8.16 - 1e-9


# one report a burst


def test_one_report_a_burst_is_settled_by_a_counter_that_counts_pulses() -> None:
    bed = treated(reports_once=True)
    bed.treat()
    bed.advance(20.0)
    ledger = bed.state.ledger
    assert given_in_course(bed) == 600
    assert (ledger.course, ledger.uncertain_course, ledger.lost, ledger.unasked) == (600, 0, 0, 0)
    reports = [x for x in bed.events(e.PulseReported) if x.course]  # type: ignore[attr-defined]
    assert len(reports) == 200
    (settled,) = bed.events(e.PulsesReconciled)
    assert isinstance(settled, e.PulsesReconciled)
    assert (settled.count, settled.unasked) == (400, 0)


@pytest.mark.parametrize("how", [{"counts_once": True}, {"counter": False}])
def test_one_report_a_burst_without_a_counter_that_shows_more_is_uncertain(how: dict[str, bool]) -> None:
    bed = treated(reports_once=True, **how)
    bed.treat()
    bed.advance(20.0)
    ledger = bed.state.ledger
    assert given_in_course(bed) == 600
    assert (ledger.course, ledger.uncertain_course, ledger.lost) == (200, 400, 0)
    assert ledger.ceiling - ledger.single >= 600, "never less than what may have been given"


@pytest.mark.parametrize(
    "how",
    [{}, {"reports_once": True}, {"reports_once": True, "counts_once": True}, {"reports_once": True, "counter": False}],
)
@pytest.mark.parametrize("at", [1, 2, 3, 31, 154, 300])
def test_a_stop_never_claims_less_than_was_given_nor_more_than_is_known(how: dict[str, bool], at: int) -> None:
    bed = treated(**how)
    bed.start()
    until_pulses(bed, at)
    bed.ask(c.Stop())
    bed.advance(30.0)
    ledger, given = bed.state.ledger, given_in_course(bed)
    assert ledger.course <= given <= ledger.course + ledger.uncertain_course
    assert ledger.uncertain_course <= 2 * ledger.course + 3
    if not how or how == {"reports_once": True}:
        assert ledger.course == given or ledger.uncertain_course
    assert not ledger.unasked


@pytest.mark.parametrize(
    "how",
    [{}, {"reports_once": True}, {"reports_once": True, "counts_once": True}, {"reports_once": True, "counter": False}],
)
@pytest.mark.parametrize("at", [31, 154])
def test_a_lost_link_in_bursts_never_claims_less_than_was_given(how: dict[str, bool], at: int) -> None:
    bed = treated(**how)
    bed.start()
    until_pulses(bed, at)
    bed.link(ok=False)
    heard = given_in_course(bed)
    bed.advance(0.7)
    bed.stim.enabled, bed.stim.train_left = False, 0
    bed.link(ok=True)
    bed.work()
    bed.status()
    bed.advance(30.0)
    ledger, given = bed.state.ledger, given_in_course(bed)
    assert given >= heard
    assert ledger.course <= given <= ledger.course + ledger.uncertain_course, (given, ledger)
    assert not ledger.unasked


def test_lost_reports_of_single_pulses_are_settled_by_the_counter() -> None:
    bed = treated()
    bed.stim.swallow = {bed.stim.fired + n for n in (50, 51, 52, 200)}
    bed.treat()
    bed.advance(20.0)
    ledger = bed.state.ledger
    assert (ledger.course, ledger.uncertain_course, ledger.lost) == (600, 0, 0)


def test_silence_between_two_trains_is_no_fault_and_within_one_it_is() -> None:
    bed = treated(reports_once=True)
    bed.start()
    until_pulses(bed, 30)
    bed.advance(7.5)
    assert bed.state.course.running
    until_pulses(bed, 45)
    bed.stim.swallow = set(range(10_000))
    bed.advance(20.0)
    pause = bed.state.course.pause
    assert pause is not None
    assert "no pulse was reported" in pause.reason
    assert not bed.stim.enabled


def test_an_old_journal_still_reads() -> None:
    line = (
        b'{"type":"stim.train.intended","amplitude_pct_mso":48,"rate_hz":1.0,"pulses":600,"trains":2,"first_pulse":1}'
    )
    event = msgspec.json.decode(line, type=e.TrainIntended)
    assert (event.burst_pulses, event.inter_pulse_s, event.inter_train_s) == (1, 0.0, 0.0)


def test_the_fold_of_a_course_is_its_state() -> None:
    bed = treated(reports_once=True)
    bed.start()
    until_pulses(bed, 100)
    bed.ask(c.Stop())
    bed.advance(12.0)
    assert bed.fold().ledger == bed.state.ledger
    assert bed.fold().course == bed.state.course


def test_levels_are_what_the_file_says() -> None:
    assert ITBS.levels == Levels(
        pulses_in_burst=3,
        inter_pulse_interval_s=0.02,
        bursts_in_train=10,
        inter_burst_interval_s=0.2,
        trains=20,
        inter_train_interval_s=10.0,
    )
