"""Blanking, saturation and the tail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.artefact import blanked, bridge, fit_tail, saturated
from tests.helpers.modelled_mep import artefact, muscle_noise

RATE_HZ = 5000.0
T_MS = (np.arange(2500) - 1000) / 5.0


@settings(max_examples=40, deadline=None)
@given(limit=st.floats(0.2, 0.95), seed=st.integers(0, 1000))
def test_a_cut_top_is_found_and_an_uncut_one_is_not(limit: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wave = 1000.0 * np.sin(2 * np.pi * T_MS / 20.0) * np.exp(-(((T_MS - 30.0) / 10.0) ** 2)) + rng.normal(0, 2, 2500)
    assert not saturated(wave).any()
    cut = np.clip(wave, -np.inf, limit * wave.max())
    assert saturated(cut).any()


@settings(max_examples=40, deadline=None)
@given(step=st.sampled_from([0.1, 0.5, 1.0, 5.0]), rms_uv=st.floats(1.0, 40.0), seed=st.integers(0, 1000))
def test_rounding_to_counts_is_not_saturation(step: float, rms_uv: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    hum = 50.0 * np.sin(2 * np.pi * 60.0 * T_MS / 1000.0 + rng.uniform(0, 6))
    assert not saturated(np.round((muscle_noise(2500, RATE_HZ, rms_uv, rng) + hum) / step) * step).any()


def test_a_known_rail_needs_two_samples_in_a_row() -> None:
    x = np.array([0.0, 170.0, 0.0, 170.0, 171.0, 0.0, -170.0, -170.0])
    assert saturated(x, rail_uv=170.0).tolist() == [False, False, False, True, True, False, True, True]


def test_blanking_follows_the_rail() -> None:
    assert blanked(2500, RATE_HZ, 1000) == slice(995, 1011)
    railed = np.zeros(2500, dtype=bool)
    railed[1000:1040] = True
    assert blanked(2500, RATE_HZ, 1000, railed) == slice(995, 1045)
    elsewhere = np.zeros(2500, dtype=bool)
    elsewhere[2000:2100] = True
    assert blanked(2500, RATE_HZ, 1000, elsewhere) == slice(995, 1011)


def test_a_bridge_is_a_straight_line_and_leaves_the_rest_alone() -> None:
    x = np.array([1.0, 99.0, 99.0, 4.0, 5.0])
    assert bridge(x, slice(1, 3)).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert bridge(x, slice(0, 2)).tolist() == [99.0, 99.0, 99.0, 4.0, 5.0]
    assert bridge(x, slice(3, 5)).tolist() == [1.0, 99.0, 99.0, 99.0, 99.0]


@pytest.mark.parametrize(("tail_uv", "tail_ms"), [(300.0, 2.0), (2000.0, 3.0), (-5000.0, 8.0)])
def test_a_tail_is_removed_to_the_level_of_the_rest(tail_uv: float, tail_ms: float) -> None:
    noise = muscle_noise(2500, RATE_HZ, 3.0, np.random.default_rng(4))
    trace = noise + artefact(T_MS, peak_uv=5000.0, tail_uv=tail_uv, tail_ms=tail_ms)
    tail = fit_tail(trace, RATE_HZ, 1011, 1090, 3.0)
    window = slice(1100, 1400)
    before = np.ptp(trace[window]) - np.ptp(noise[window])
    left = np.ptp((trace - tail.wave_uv)[window]) - np.ptp(noise[window])
    assert abs(left) < 6.0
    assert before < 8.0 or tail.removed


def test_noise_alone_has_no_tail() -> None:
    for seed in range(20):
        trace = muscle_noise(2500, RATE_HZ, 3.0, np.random.default_rng(seed))
        assert np.ptp(fit_tail(trace, RATE_HZ, 1011, 1090, 3.0).wave_uv[1100:1400]) < 6.0


def test_a_fit_on_a_single_sample_divides_by_nothing() -> None:
    slow = np.random.default_rng(0).normal(0.0, 1e4, 40)
    for start in range(30):
        tail = fit_tail(slow, 200.0, start, start + 1, 1e5)
        assert np.all(np.isfinite(tail.wave_uv))
