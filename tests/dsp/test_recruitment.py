"""Recruitment curves: truth on models, intervals that hold it, strays that do not decide, refusals where none is."""

import numpy as np
import pytest

from dsp.boltzmann import Estimate
from dsp.recruitment import Recruitment, fit_recruitment

LEVELS = tuple(range(30, 81, 5))


def trials(
    seed: int,
    levels: tuple[int, ...] = LEVELS,
    *,
    each: int = 5,
    plateau_uv: float = 2000.0,
    s50: float = 55.0,
    k: float = 3.0,
    spread: float = 0.35,
) -> tuple[np.ndarray, np.ndarray]:
    """Intensities and amplitudes: a sigmoid with multiplicative spread, over a noise floor of 9 uV."""
    rng = np.random.default_rng(seed)
    at = np.repeat(np.array(levels, dtype=float), each)
    rise = plateau_uv / (1.0 + np.exp((s50 - at) / k))
    uv = rise * np.exp(rng.normal(0.0, spread, at.size)) + 9.0 * np.exp(rng.normal(0.0, 0.2, at.size))
    return at, uv


def fitted(seed: int, **settings: object) -> Recruitment:
    return fit_recruitment(*trials(seed, **settings))


def holds(estimate: Estimate | None, truth: float) -> bool:
    assert estimate is not None
    assert estimate.low <= estimate.value <= estimate.high
    return estimate.low <= truth <= estimate.high


@pytest.mark.parametrize(("s50", "k"), [(55.0, 3.0), (50.0, 1.5), (52.0, 5.0)])
def test_the_curve_is_found_and_its_intervals_hold_the_truth(s50: float, k: float) -> None:
    found = [fitted(seed, s50=s50, k=k) for seed in range(25)]
    assert all(one.refusal is None for one in found)
    assert np.median([one.s50_pct_mso.value for one in found]) == pytest.approx(s50, abs=0.6)
    assert np.median([one.plateau_uv.value for one in found]) == pytest.approx(2000.0, rel=0.06)
    assert np.median([one.slope_uv_per_pct_mso.value for one in found]) == pytest.approx(500.0 / k, rel=0.12)
    assert np.median([one.k_pct_mso.value for one in found]) == pytest.approx(k, rel=0.12)
    assert np.mean([holds(one.s50_pct_mso, s50) for one in found]) >= 0.75
    assert np.mean([holds(one.plateau_uv, 2000.0) for one in found]) >= 0.75
    assert np.mean([holds(one.slope_uv_per_pct_mso, 500.0 / k) for one in found]) >= 0.75


def test_more_trials_make_narrower_intervals() -> None:
    few, many = fitted(1, each=3).s50_pct_mso, fitted(1, each=30).s50_pct_mso
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_strays_do_not_decide() -> None:
    at, uv = trials(2)
    spoilt = uv.copy()
    spoilt[[3, 20, 41]] *= [60.0, 0.02, 20.0]
    clean, stray = fit_recruitment(at, uv), fit_recruitment(at, spoilt)
    assert stray.s50_pct_mso.value == pytest.approx(clean.s50_pct_mso.value, abs=1.5)
    assert stray.plateau_uv.value == pytest.approx(clean.plateau_uv.value, rel=0.15)


def test_the_area_is_of_the_level_means_and_needs_no_curve() -> None:
    at = np.repeat([40.0, 50.0, 70.0], 2)
    found = fit_recruitment(at, [0.0, 20.0, 100.0, 300.0, 900.0, 1100.0])
    assert found.area_uv_pct_mso == pytest.approx(10 * (10 + 200) / 2 + 20 * (200 + 1000) / 2)
    assert found.levels == ((40.0, 2, 10.0), (50.0, 2, 200.0), (70.0, 2, 1000.0))
    assert found.refusal == "too few levels: 3 intensities, 5 are needed"
    assert found.plateau_uv is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"levels": tuple(range(30, 56, 5)), "s50": 60.0}, "no plateau"),
        ({"levels": tuple(range(30, 61, 5)), "s50": 58.0}, "no plateau"),
        ({"plateau_uv": 0.001}, "no curve"),
        ({"levels": (30, 50, 70, 80), "each": 10}, "too few levels"),
        ({"levels": (30, 40, 50, 60, 70), "each": 1}, "too few trials"),
    ],
)
def test_data_that_hold_no_curve_are_refused(settings: dict[str, object], words: str) -> None:
    for seed in range(6):
        found = fitted(seed, **settings)
        assert words in (found.refusal or "")
        assert found.plateau_uv is found.s50_pct_mso is found.slope_uv_per_pct_mso is None


def test_a_curve_without_a_foot_is_refused() -> None:
    found = [fitted(seed, levels=tuple(range(56, 90, 4)), each=8).refusal or "" for seed in range(8)]
    assert all("no foot" in words or "no curve" in words for words in found)


def test_what_does_not_count_is_left_out_and_counted() -> None:
    at, uv = trials(3)
    spoilt, valid = uv.copy(), np.ones(uv.size, dtype=bool)
    spoilt[0], spoilt[10], valid[10] = np.nan, 1e5, False
    found = fit_recruitment(at, spoilt, valid=valid)
    assert found.left_out == 2
    assert found.trials == uv.size - 2
    assert found.s50_pct_mso.value == pytest.approx(fit_recruitment(at, uv).s50_pct_mso.value, abs=0.5)


def test_wrong_arguments_are_value_errors() -> None:
    with pytest.raises(ValueError, match="must be"):
        fit_recruitment([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="0 to 100"):
        fit_recruitment([120.0], [1.0])
    with pytest.raises(ValueError, match="negative"):
        fit_recruitment([50.0], [-1.0])


def test_the_method_and_its_errors_are_named() -> None:
    found = fitted(0)
    assert found.method == "boltzmann-log/1"
    assert "log amplitudes" in found.errors
    assert found.residual_log_sd == pytest.approx(0.32, abs=0.1)
