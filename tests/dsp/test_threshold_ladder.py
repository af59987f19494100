"""The relative-frequency ladder: its criterion, its early stop, its way down and up, its ends."""

import math
from collections import Counter
from collections.abc import Callable

import pytest

from dsp.threshold import RMT_S0, RMT_S2, RULES, ThresholdHunt, ThresholdRule

PLAIN = ThresholdRule(method="ladder", confirm=False)


def finish(
    rule: ThresholdRule, response_uv: Callable[[float], float], *, start: float = 60.0, **settings: float
) -> ThresholdHunt:
    hunt = ThresholdHunt(rule, start_pct_mso=start, **settings)
    for _ in range(400):
        if hunt.done:
            return hunt
        x = hunt.next_intensity()
        hunt.record(x, response_uv(x))
    raise AssertionError("the ladder never ended")


def levels(hunt: ThresholdHunt) -> list[float]:
    """The intensities in order, each run once."""
    runs: list[float] = []
    for trial in hunt.trials:
        if not runs or runs[-1] != trial.intensity_pct_mso:
            runs.append(trial.intensity_pct_mso)
    return runs


@pytest.mark.parametrize(
    ("rule", "amplitude_uv", "counts"),
    [
        (RMT_S0, 100.0, True),
        (RMT_S0, 99.999, False),
        (RMT_S2, 50.0, False),
        (RMT_S2, 50.001, True),
        (RULES["adaptive"], 50.0, True),
    ],
)
def test_the_amplitude_at_the_criterion(rule: ThresholdRule, amplitude_uv: float, counts: bool) -> None:
    assert rule.is_response(amplitude_uv) is counts


@pytest.mark.parametrize(("rule", "rmt"), [(RMT_S0, 57.0), (RMT_S2, 53.0)])
def test_same_responses_give_each_study_its_threshold(rule: ThresholdRule, rmt: float) -> None:
    amplitudes_uv = {53: 50.5, 52: 50.0, 54: 60.0, 55: 70.0, 56: 99.9, 57: 100.0}

    def response_uv(x: float) -> float:
        return amplitudes_uv.get(int(x), 8.0 if x < 52 else 400.0)

    estimate = finish(rule, response_uv).estimate()
    assert estimate.rmt_pct_mso == rmt
    assert estimate.low <= rmt <= estimate.high


def test_five_hits_pass_a_level_after_five_pulses() -> None:
    hunt = ThresholdHunt(RMT_S0, start_pct_mso=60.0)
    for _ in range(4):
        hunt.record(60.0, 300.0)
        assert hunt.next_intensity() == 60.0
    hunt.record(60.0, 300.0)
    assert hunt.next_intensity() == 55.0


def test_six_misses_fail_a_level_after_six_pulses() -> None:
    hunt = ThresholdHunt(RMT_S0, start_pct_mso=60.0)
    for _ in range(5):
        hunt.record(60.0, 10.0)
        assert hunt.next_intensity() == 60.0
    hunt.record(60.0, 10.0)
    assert hunt.next_intensity() == 65.0


@pytest.mark.parametrize(
    ("responses", "after"),
    [("HMHMHMHMH", 55.0), ("MHMHMHMHMM", 65.0), ("MMMMMHHHHH", 55.0), ("HHHHMMMMMM", 65.0)],
)
def test_a_level_is_decided_as_early_as_it_can_be(responses: str, after: float) -> None:
    hunt = ThresholdHunt(PLAIN, start_pct_mso=60.0)
    for response in responses:
        assert hunt.next_intensity() == 60.0
        hunt.record(60.0, 200.0 if response == "H" else 10.0)
    assert hunt.next_intensity() == after


@pytest.mark.parametrize(
    ("start", "threshold", "way"),
    [
        (60.0, 52, [60, 55, 50, 53, 51, 52]),
        (60.0, 55, [60, 55, 50, 53, 54]),
        (60.0, 51, [60, 55, 50, 53, 51]),
        (40.0, 52, [40, 45, 50, 55, 53, 51, 52]),
        (98.0, 100, [98, 100, 99]),
    ],
)
def test_the_way_of_the_steps(start: float, threshold: int, way: list[float]) -> None:
    hunt = finish(PLAIN, lambda x: 200.0 if x >= threshold else 10.0, start=start)
    assert levels(hunt) == way
    assert hunt.estimate().rmt_pct_mso == threshold


def test_the_result_is_confirmed_one_step_below() -> None:
    hunt = finish(RMT_S0, lambda x: 200.0 if x >= 52 else 10.0)
    assert levels(hunt)[-2:] == [52.0, 51.0]
    assert hunt.estimate().reason == "52 %: 5 of 5 at or above 100 uV; 51 %: 0 of 6 at or above 100 uV"


def test_a_result_that_does_not_hold_moves_up_until_it_does() -> None:
    pulses = Counter[float]()

    def tiring_uv(x: float) -> float:
        pulses[x] += 1
        return 200.0 if x >= 54 or (x >= 52 and pulses[x] <= 5) else 10.0

    hunt = finish(RMT_S0, tiring_uv)
    assert hunt.estimate().rmt_pct_mso == 54.0
    assert levels(hunt)[-3:] == [52.0, 53.0, 54.0]


@pytest.mark.parametrize("rule", [RMT_S0, RMT_S2])
def test_no_response_at_full_output(rule: ThresholdRule) -> None:
    hunt = finish(rule, lambda _: 8.0, start=80.0)
    estimate = hunt.estimate()
    assert math.isnan(estimate.rmt_pct_mso)
    assert estimate.high == math.inf
    assert estimate.reason.startswith("no threshold up to 100 %")
    assert hunt.next_intensity() == 100.0


def test_responses_down_to_the_lowest_intensity() -> None:
    hunt = finish(RMT_S0, lambda _: 900.0, range_pct_mso=(30.0, 100.0))
    estimate = hunt.estimate()
    assert math.isnan(estimate.rmt_pct_mso)
    assert estimate.low == 0.0
    assert estimate.reason.startswith("no threshold down to 30 %")


def test_void_trials_neither_count_nor_break_a_run() -> None:
    hunt = ThresholdHunt(RMT_S2, start_pct_mso=60.0)
    for amplitude_uv, valid in [(200, True), (900, False), (200, True), (10, False), (200, True), (200, True)]:
        hunt.record(60.0, amplitude_uv, valid)
        assert hunt.next_intensity() == 60.0
    hunt.record(60.0, 200.0)
    assert hunt.next_intensity() == 55.0
    assert hunt.estimate().trials == 5


@pytest.mark.parametrize(("rule", "after"), [(RMT_S2, 60.0), (RMT_S0, 55.0)])
def test_consecutive_trials_are_one_run(rule: ThresholdRule, after: float) -> None:
    hunt = ThresholdHunt(rule, start_pct_mso=60.0)
    for x in [60.0, 60.0, 60.0, 60.0, 70.0, 60.0]:
        hunt.record(x, 200.0)
    assert hunt.next_intensity() == after


def test_pulses_elsewhere_count_for_their_own_level_unless_consecutive() -> None:
    hunt = ThresholdHunt(PLAIN, start_pct_mso=60.0)
    for x in [55.0, 55.0, 57.5, 60.0, 60.0, 60.0, 60.0, 60.0, 55.0, 55.0]:
        hunt.record(x, 200.0)
    assert hunt.next_intensity() == 55.0
    hunt.record(55.0, 200.0)
    assert hunt.next_intensity() == 50.0


def test_a_coarse_device_keeps_to_its_steps() -> None:
    hunt = finish(RMT_S0, lambda x: 200.0 if x >= 52 else 10.0, step_pct_mso=2.0)
    assert all(trial.intensity_pct_mso % 2 == 0 for trial in hunt.trials)
    assert hunt.estimate().rmt_pct_mso == 52.0


def test_no_threshold_is_claimed_while_the_ladder_climbs() -> None:
    hunt = ThresholdHunt(RMT_S0, start_pct_mso=60.0)
    hunt.record(60.0, 200.0)
    hunt.record(60.0, 10.0)
    estimate = hunt.estimate()
    assert math.isnan(estimate.rmt_pct_mso)
    assert not estimate.done
    assert estimate.reason == "testing 60 %: 1 of 2 at or above 100 uV, needs 5 of 10"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"method": "guess"}, "method"),
        ({"criterion_uv": 0.0}, "criterion_uv"),
        ({"criterion_uv": math.nan}, "criterion_uv"),
        ({"hits": 11}, "hits"),
        ({"steps_pct_mso": ()}, "steps_pct_mso"),
        ({"steps_pct_mso": (2.0, 5.0)}, "steps_pct_mso"),
        ({"steps_pct_mso": (5.0, 0.0)}, "steps_pct_mso"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ThresholdRule(**change)
