"""How near and how honest the adaptive hunt is on virtual subjects, and that the check catches hunts that are not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from dsp.threshold import ThresholdEstimate, ThresholdHunt, ThresholdRule
from tests.benchmarks.virtual_subjects import WORLDS, draw_muscle, draw_subject

SEED = 77
PULSES = 20
Respond = Callable[[float], float]


@dataclass(frozen=True)
class Population:
    """|error| in % and coverage after 20 pulses."""

    error: np.ndarray
    covered: np.ndarray

    @property
    def accurate(self) -> bool:
        return bool(np.median(self.error) <= 1.9 and np.quantile(self.error, 0.95) <= 6.0)

    @property
    def honest(self) -> bool:
        return bool(self.covered.mean() >= 0.90)


class IgnoresResponses(ThresholdHunt):
    """Broken on purpose: believes every amplitude was the criterion."""

    def record(self, intensity_pct_mso: float, amplitude_uv: float | None, valid: bool = True) -> None:
        super().record(intensity_pct_mso, self.rule.criterion_uv, valid)


class BoastsOfCertainty(ThresholdHunt):
    """Broken on purpose: an interval a third as wide as the trials allow."""

    def estimate(self) -> ThresholdEstimate:
        e = super().estimate()
        third = (e.high - e.low) / 6
        return ThresholdEstimate(
            e.rmt_pct_mso, e.rmt_pct_mso - third, e.rmt_pct_mso + third, e.trials, e.done, e.reason
        )


def hunted(world_name: str, count: int, kind: type[ThresholdHunt] = ThresholdHunt) -> Population:
    world = WORLDS[world_name]
    rule = ThresholdRule(criterion_uv=world.criterion_uv)
    errors, covered = [], []
    for index in range(count):
        subject = draw_subject(world, SEED, index, PULSES)
        hunt = kind(rule, start_pct_mso=subject.start_pct_mso)
        for k in range(PULSES):
            x = hunt.next_intensity()
            hunt.record(x, subject.pulse_uv(k, x))
        truth, estimate = subject.truth_pct_mso[-1], hunt.estimate()
        errors.append(100 * abs(estimate.rmt_pct_mso / truth - 1))
        covered.append(estimate.low <= truth <= estimate.high)
    return Population(np.array(errors), np.array(covered))


def test_the_population_is_the_published_one() -> None:
    rng = np.random.default_rng(SEED)
    truths = [draw_muscle(rng).truth_pct_mso() for _ in range(200)]
    assert np.mean(truths) == pytest.approx(66.7, abs=2.5)
    assert np.std(truths) == pytest.approx(9.6, abs=1.8)


def test_the_truth_is_where_half_of_the_pulses_respond() -> None:
    rng = np.random.default_rng(SEED)
    for _ in range(5):
        muscle = draw_muscle(rng)
        responses = muscle.pulse_uv(np.full(20_000, muscle.truth_pct_mso()), rng) >= 50.0
        assert responses.mean() == pytest.approx(0.5, abs=0.02)


def test_accurate_and_honest_on_the_published_population() -> None:
    population = hunted("field", 150)
    assert population.accurate
    assert population.honest


@pytest.mark.parametrize("world", [name for name in WORLDS if name != "field"])
def test_the_interval_is_honest_in_every_world(world: str) -> None:
    assert hunted(world, 40).covered.mean() >= 0.85


def test_a_hunt_that_ignores_responses_is_caught() -> None:
    assert not hunted("field", 60, IgnoresResponses).accurate


def test_an_interval_that_boasts_is_caught() -> None:
    assert not hunted("field", 60, BoastsOfCertainty).honest


def test_its_own_stopping_rule_ends_in_time() -> None:
    pulses, errors = [], []
    for index in range(80):
        subject = draw_subject(WORLDS["field"], SEED, index)
        hunt = ThresholdHunt(ThresholdRule(), start_pct_mso=subject.start_pct_mso)
        while not hunt.done:
            x = hunt.next_intensity()
            hunt.record(x, subject.pulse_uv(len(hunt.trials), x))
        pulses.append(len(hunt.trials))
        errors.append(100 * abs(hunt.estimate().rmt_pct_mso / subject.truth_pct_mso[0] - 1))
    assert np.median(pulses) <= 22
    assert max(pulses) <= 40
    assert np.mean(np.array(errors) <= 5.0) >= 0.92
