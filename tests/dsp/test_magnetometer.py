"""The ellipsoid fit against distorted spheres of known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dsp.orientation import fit_magnetometer

Array = NDArray[np.float64]


def sweep(seed: int, *, n: int = 1500, spoilt: float = 0.0, noise_ut: float = 0.5) -> tuple[Array, Array, Array]:
    """Raw samples, those without the magnet, and the true field in the sensor."""
    rng = np.random.default_rng(seed)
    truth = Rotation.random(n, rng=rng).apply([0.0, 19.0, -44.0])
    soft = np.eye(3) + rng.normal(0, 0.06, (3, 3))
    soft = (soft + soft.T) / 2
    clean = truth @ soft.T + rng.uniform(-60, 60, 3) + rng.normal(0, noise_ut, (n, 3))
    raw = clean.copy()
    start, length = int(rng.integers(0, n // 2)), round(spoilt * n)
    raw[start : start + length] += np.outer(np.hanning(length + 2)[1:-1], rng.normal(0, 120, 3))
    return raw, clean, truth


def direction_deg(found: Array, truth: Array) -> float:
    cosine = np.sum(found * truth, axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(truth, axis=1)
    return float(np.degrees(np.sqrt(np.mean(np.arccos(np.clip(cosine, -1, 1)) ** 2))))


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.04, 0.08]))
def test_direction_is_found_also_with_a_passing_magnet(seed: int, spoilt: float) -> None:
    raw, clean, truth = sweep(seed, spoilt=spoilt)
    fit = fit_magnetometer(raw)
    assert direction_deg(fit.apply(clean), truth) < 1.5
    assert fit.accepted, fit.reason
    assert fit.residual < 0.02
    assert fit.coverage > 0.9
    assert abs(fit.field_ut / np.linalg.norm(truth[0]) - 1) < 0.1


def test_a_plane_is_not_enough() -> None:
    truth = Rotation.from_rotvec(np.outer(np.linspace(0, 12, 1500), [0, 0, 1])).apply([20.0, 0.0, -44.0])
    fit = fit_magnetometer(truth + np.random.default_rng(1).normal(0, 0.5, truth.shape))
    assert not fit.accepted
    assert fit.reason


def test_a_bad_sweep_is_refused_by_name() -> None:
    assert "too few" in fit_magnetometer(np.zeros((10, 3))).reason
    assert "do not change" in fit_magnetometer(np.ones((500, 3))).reason
    raw, _, _ = sweep(4, noise_ut=4.0)
    noisy = fit_magnetometer(raw)
    assert not noisy.accepted
    assert "varies" in noisy.reason
    scaled = fit_magnetometer(sweep(5)[0] * 15)
    assert not scaled.accepted
    assert "not the earth's" in scaled.reason
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        fit_magnetometer(np.zeros(9))


def test_the_fit_does_not_depend_on_luck() -> None:
    raw, _, _ = sweep(6, spoilt=0.04)
    first, second = fit_magnetometer(raw), fit_magnetometer(raw)
    assert np.array_equal(first.soft, second.soft)
    assert np.array_equal(first.hard_ut, second.hard_ut)
