"""Hum fitted on the rest and extended over the response."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.hum import fit_hum
from tests.helpers.modelled_mep import hum, muscle_noise

RATE_HZ = 5000.0
REST = slice(0, 975)
RESPONSE = slice(1100, 1400)


@settings(max_examples=30, deadline=None)
@given(
    mains_hz=st.sampled_from([50.0, 60.0]),
    pull_hz=st.floats(-0.3, 0.3),
    rms_uv=st.floats(5.0, 100.0),
    seed=st.integers(0, 1000),
)
def test_hum_is_taken_out_where_it_was_never_seen(mains_hz: float, pull_hz: float, rms_uv: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise, wave = muscle_noise(2500, RATE_HZ, 2.0, rng), hum(2500, RATE_HZ, rms_uv, mains_hz + pull_hz, rng)
    fitted = fit_hum(noise + wave, RATE_HZ, REST)
    assert fitted.frequency_hz == pytest.approx(mains_hz + pull_hz, abs=0.35)
    left = np.sqrt(np.mean((wave - fitted.wave_uv)[RESPONSE] ** 2))
    assert left < max(2.0, 0.1 * rms_uv)


@settings(max_examples=30, deadline=None)
@given(rms_uv=st.floats(1.0, 100.0), seed=st.integers(0, 1000))
def test_a_contracting_muscle_is_not_mistaken_for_hum(rms_uv: float, seed: int) -> None:
    noise = muscle_noise(2500, RATE_HZ, rms_uv, np.random.default_rng(seed))
    assert fit_hum(noise, RATE_HZ, REST).rms_uv < 0.5 * rms_uv


def test_too_little_rest_fits_nothing() -> None:
    wave = hum(2500, RATE_HZ, 50.0, 50.0, np.random.default_rng(1))
    assert fit_hum(wave, RATE_HZ, slice(0, 100)).frequency_hz is None


def test_short_rest_still_finds_strong_hum() -> None:
    rng = np.random.default_rng(1)
    wave = hum(600, 3000.0, 35.0, 50.0, rng)
    fitted = fit_hum(wave + muscle_noise(600, 3000.0, 2.0, rng), 3000.0, slice(0, 135))
    assert fitted.frequency_hz == 50.0
    assert np.sqrt(np.mean((wave - fitted.wave_uv)[200:400] ** 2)) < 5.0


def test_a_slow_drift_is_left_alone() -> None:
    drift = np.linspace(-200.0, 200.0, 2500)
    assert fit_hum(drift, RATE_HZ, REST).frequency_hz is None
