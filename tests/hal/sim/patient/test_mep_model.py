from itertools import pairwise

import numpy as np
import pytest

from hal.sim.patient.mep_model import Recruitment, draw_recruitment


@pytest.fixture(scope="module")
def population() -> list[Recruitment]:
    rng = np.random.default_rng(11)
    return [draw_recruitment(rng) for _ in range(160)]


def test_population_has_the_published_thresholds(population):
    # 2000 subjects of the same model elsewhere: mean 66.7, SD 9.6 %MSO; bounds are about three standard errors wide.
    thresholds = np.array([curve.threshold_pct_mso(50.0) for curve in population])
    assert thresholds.mean() == pytest.approx(66.8, abs=2.4)
    assert thresholds.std() == pytest.approx(9.5, abs=1.8)


def test_population_spread_over_threshold_is_seven_percent(population):
    ratios = []
    for curve in population[:24]:
        truth = curve.threshold_pct_mso(50.0)
        xs = np.linspace(0.7 * truth, 1.3 * truth, 25)
        p = np.array([curve.probability(x, 50.0) for x in xs])
        ratios.append((np.interp(0.84, p, xs) - np.interp(0.16, p, xs)) / 2 / truth)
    assert np.median(ratios) == pytest.approx(0.075, abs=0.009)


@pytest.mark.parametrize("criterion_uv", [50.0, 100.0])
def test_quadrature_agrees_with_drawn_pulses(population, criterion_uv):
    rng = np.random.default_rng(5)
    for curve in population[:10]:
        truth = curve.threshold_pct_mso(criterion_uv)
        evoked, resting = curve.draw(np.full(20_000, truth), rng)
        assert np.mean(evoked + resting >= criterion_uv) == pytest.approx(0.5, abs=0.015)


def test_a_wrong_model_fails_the_same_check(population):
    # The check above would see excitability noise forgotten in the draw.
    rng = np.random.default_rng(5)
    errors = []
    for curve in population[:10]:
        _, resting = curve.draw(np.zeros(20_000), rng)
        evoked = curve.evoked_uv(curve.threshold_pct_mso(50.0) * 1.03, 0.0, rng.normal(0, curve.sd_y_decades, 20_000))
        errors.append(abs(np.mean(evoked + resting >= 50.0) - 0.5))
    assert max(errors) > 0.015


def test_more_intensity_is_more_likely_and_a_higher_criterion_needs_more(population):
    for curve in population[:20]:
        p = [curve.probability(x, 50.0) for x in (30, 50, 70, 90, 110)]
        assert all(b >= a for a, b in pairwise(p))
        assert curve.threshold_pct_mso(100.0) > curve.threshold_pct_mso(50.0)


def test_gain_stretches_the_intensity_axis(population):
    curve = population[0]
    stretched = curve.scaled(1.2)
    assert stretched.evoked_uv(120.0) == pytest.approx(curve.evoked_uv(100.0))
    assert stretched.scaled(1 / 1.2).threshold_pct_mso(50.0) == pytest.approx(curve.threshold_pct_mso(50.0), abs=0.01)


def test_same_seed_same_subject():
    assert draw_recruitment(np.random.default_rng(3)) == draw_recruitment(np.random.default_rng(3))
