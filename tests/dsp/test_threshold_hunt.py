"""The hunt's promises that hold for any responses: range, steps, safety, void trials, replay, bad input."""

import copy
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.threshold import RULES, ThresholdHunt, ThresholdRule, Trial

METHODS = st.sampled_from(list(RULES.values()))
AMPLITUDES_UV = st.one_of(
    st.floats(0.0, 30_000.0), st.sampled_from([0.0, 8.0, 49.999, 50.0, 100.0, 1e-300, 1e9]), st.just(900.0)
)
RESPONSES = st.lists(st.tuples(AMPLITUDES_UV, st.booleans()), max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    rule=METHODS,
    responses=RESPONSES,
    start=st.floats(20.0, 90.0),
    step=st.sampled_from([0.5, 1.0, 2.0, 5.0]),
    bounds=st.sampled_from([(1.0, 100.0), (20.0, 90.0), (15.3, 97.1)]),
)
def test_proposals_stay_in_range_on_step_and_rise_gently(
    rule: ThresholdRule,
    responses: list[tuple[float, bool]],
    start: float,
    step: float,
    bounds: tuple[float, float],
) -> None:
    hunt = ThresholdHunt(rule, start_pct_mso=start, step_pct_mso=step, range_pct_mso=bounds)
    last = hunt.next_intensity()
    assert abs(last - start) <= step
    for amplitude_uv, valid in responses:
        x = hunt.next_intensity()
        assert bounds[0] <= x <= bounds[1]
        assert x / step == pytest.approx(round(x / step), abs=1e-6)
        assert x - last <= 10.0 + 1e-9
        hunt.record(x, amplitude_uv, valid)
        last = x
        estimate = hunt.estimate()
        assert estimate.low < estimate.high
        assert math.isnan(estimate.rmt_pct_mso) or estimate.low <= estimate.rmt_pct_mso <= estimate.high


@settings(max_examples=30, deadline=None)
@given(rule=METHODS, responses=RESPONSES)
def test_replay_and_copies_equal_the_original(rule: ThresholdRule, responses: list[tuple[float, bool]]) -> None:
    hunt = ThresholdHunt(rule, start_pct_mso=60.0)
    for amplitude_uv, valid in responses:
        hunt.record(hunt.next_intensity(), amplitude_uv, valid)
    for twin in (ThresholdHunt.replay(rule, hunt.trials, start_pct_mso=60.0), copy.deepcopy(hunt), copy.copy(hunt)):
        assert twin.trials == hunt.trials
        assert twin.next_intensity() == hunt.next_intensity()
        assert repr(twin.estimate()) == repr(hunt.estimate())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_copy_goes_its_own_way(rule: ThresholdRule) -> None:
    hunt = ThresholdHunt(rule, start_pct_mso=60.0)
    before = repr(hunt.estimate())
    twin = copy.deepcopy(hunt)
    twin.record(60.0, 800.0)
    assert hunt.trials == ()
    assert repr(hunt.estimate()) == before
    assert repr(twin.estimate()) != before


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("nothing", [None, math.nan, 900.0])
def test_a_void_trial_is_kept_repeated_and_counts_for_nothing(rule: ThresholdRule, nothing: float | None) -> None:
    hunt = ThresholdHunt(rule, start_pct_mso=60.0)
    hunt.record(60.0, 300.0)
    before, wanted = hunt.estimate(), hunt.next_intensity()
    hunt.record(wanted, nothing, valid=False)
    assert repr(hunt.estimate()) == repr(before)
    assert hunt.next_intensity() == wanted
    assert len(hunt.trials) == 2
    assert before.trials == 1


@pytest.mark.parametrize(
    ("intensity", "amplitude", "valid", "message"),
    [
        (60.0, math.nan, True, "amplitude"),
        (60.0, None, True, "amplitude"),
        (60.0, -1.0, True, "amplitude"),
        (60.0, math.inf, True, "amplitude"),
        (0.0, 50.0, True, "intensity"),
        (101.0, 50.0, True, "intensity"),
        (-5.0, 50.0, False, "intensity"),
        (math.nan, 50.0, True, "intensity"),
    ],
)
def test_bad_trials_are_refused_and_change_nothing(
    intensity: float, amplitude: float | None, valid: bool, message: str
) -> None:
    hunt = ThresholdHunt(RULES["adaptive"], start_pct_mso=60.0)
    hunt.record(60.0, 300.0)
    before = (hunt.trials, repr(hunt.estimate()), hunt.next_intensity())
    with pytest.raises(ValueError, match=message):
        hunt.record(intensity, amplitude, valid)
    assert (hunt.trials, repr(hunt.estimate()), hunt.next_intensity()) == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"start_pct_mso": 0.0}, "start_pct_mso"),
        ({"start_pct_mso": math.nan}, "start_pct_mso"),
        ({"start_pct_mso": 60.0, "step_pct_mso": 0.0}, "step_pct_mso"),
        ({"start_pct_mso": 60.0, "range_pct_mso": (100.0, 1.0)}, "range_pct_mso"),
        ({"start_pct_mso": 60.0, "range_pct_mso": (0.0, 100.0)}, "range_pct_mso"),
        ({"start_pct_mso": 52.0, "step_pct_mso": 5.0, "range_pct_mso": (51.0, 54.0)}, "holds no multiple"),
    ],
)
def test_a_hunt_no_stimulator_could_do_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ThresholdHunt(RULES["adaptive"], **change)


def test_nothing_is_claimed_before_the_first_valid_trial() -> None:
    hunt = ThresholdHunt(RULES["adaptive"], start_pct_mso=60.0)
    hunt.record(60.0, None, valid=False)
    estimate = hunt.estimate()
    assert math.isnan(estimate.rmt_pct_mso)
    assert (estimate.trials, estimate.done, estimate.reason) == (0, False, "no valid trial yet")


def test_a_step_response_is_found_and_told_in_words() -> None:
    hunt = ThresholdHunt(RULES["adaptive"], start_pct_mso=70.0)
    while not hunt.done:
        x = hunt.next_intensity()
        hunt.record(x, 400.0 if x >= 55 else 8.0)
    estimate = hunt.estimate()
    assert 53.0 <= estimate.rmt_pct_mso <= 56.5
    assert "at or above 50 uV; threshold 5" in estimate.reason
    assert "95 % sure of" in estimate.reason
    assert hunt.next_intensity() in (54.0, 55.0, 56.0, 57.0)


def test_no_response_at_full_output_ends_without_a_threshold() -> None:
    hunt = ThresholdHunt(RULES["adaptive"], start_pct_mso=50.0)
    while not hunt.done:
        hunt.record(hunt.next_intensity(), 8.0)
    estimate = hunt.estimate()
    assert math.isnan(estimate.rmt_pct_mso)
    assert estimate.high == math.inf
    assert 90.0 <= estimate.low <= 100.0
    assert estimate.reason.startswith("no threshold up to 100 %")


def test_responses_at_any_intensity_end_without_a_threshold() -> None:
    hunt = ThresholdHunt(RULES["adaptive"], start_pct_mso=50.0)
    while not hunt.done:
        hunt.record(hunt.next_intensity(), 900.0)
    estimate = hunt.estimate()
    assert math.isnan(estimate.rmt_pct_mso)
    assert estimate.low == 0.0
    assert estimate.reason.startswith("no threshold down to")


def test_a_slipped_coil_widens_the_interval_and_is_named() -> None:
    def after(slip_pct_mso: float) -> ThresholdHunt:
        trials = []
        for i in range(24):
            x = 60.0 + (-4.0, 0.0, 4.0)[i % 3]
            over = x - (slip_pct_mso if i >= 16 else 0.0) - 60.0
            trials.append(Trial(x, 50.0 * 10 ** (0.12 * over)))
        return ThresholdHunt.replay(RULES["adaptive"], trials, start_pct_mso=66.0)

    steady, slipped = after(0.0).estimate(), after(14.0).estimate()
    assert slipped.high - slipped.low > steady.high - steady.low
    assert slipped.high > 66.0
    assert "check the coil" in slipped.reason
    assert "check the coil" not in steady.reason


@pytest.mark.parametrize("method", ["adaptive", "ladder"])
@pytest.mark.parametrize("step", [1, 2, 1.0])
def test_intensities_and_thresholds_are_floats_however_the_step_and_range_are_written(method: str, step: float) -> None:
    hunt = ThresholdHunt(ThresholdRule(method=method), start_pct_mso=60, step_pct_mso=step, range_pct_mso=(20, 90))
    for _ in range(400):
        x = hunt.next_intensity()
        found = hunt.estimate()
        assert type(x) is float
        assert {type(found.rmt_pct_mso), type(found.low), type(found.high)} == {float}
        if hunt.done:
            break
        hunt.record(x, 200.0 if x >= 50 else 5.0)
    assert hunt.done
