"""Rest, RMS and envelope."""

import numpy as np
import pytest

from dsp.emg import Envelope, RestDetector, rms

RATE_HZ = 5120.0


def noise(rms_uv: float, n: int = 2048) -> np.ndarray:
    return np.random.default_rng(2).normal(0.0, rms_uv, (n, 1))


def test_rms_is_taken_about_the_mean() -> None:
    assert rms(np.full((100, 2), 300.0)).tolist() == [0.0, 0.0]
    assert rms(np.array([[3.0], [-3.0]])).tolist() == [3.0]
    assert np.isnan(rms(np.empty((0, 1)))).all()


def test_the_envelope_of_a_steady_sine_is_its_rectified_mean() -> None:
    t = np.arange(int(2 * RATE_HZ)) / RATE_HZ
    envelope = Envelope(1, RATE_HZ)(100.0 * np.sin(2 * np.pi * 80.0 * t)[:, None])
    assert envelope[-1, 0] == pytest.approx(200.0 / np.pi, rel=0.02)


def test_rest_and_tension_are_told_apart_with_a_reason() -> None:
    detector = RestDetector(2, RATE_HZ)
    quiet, tense = detector(np.hstack([noise(3.0), noise(40.0)]))
    assert quiet.at_rest
    assert not tense.at_rest
    assert "limit is 10 uV" in tense.reason


def test_nothing_is_at_rest_before_100_ms_were_seen_or_after_a_gap() -> None:
    detector = RestDetector(1, RATE_HZ)
    assert not detector(noise(1.0, 500))[0].at_rest
    assert detector(noise(1.0, 100))[0].at_rest
    detector.reset()
    assert not detector(noise(1.0, 500))[0].at_rest


def test_missing_samples_are_never_rest() -> None:
    x = noise(1.0)
    x[-10] = np.nan
    assert not RestDetector(1, RATE_HZ)(x)[0].at_rest


def test_chunks_give_the_same_verdict_as_one_call() -> None:
    x = noise(9.0)
    detector = RestDetector(1, RATE_HZ)
    for chunk in np.split(x, [13, 400, 401, 1500]):
        verdict = detector(chunk)
    assert verdict == RestDetector(1, RATE_HZ)(x)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        RestDetector(1, RATE_HZ, limit_uv=0.0)
    with pytest.raises(ValueError, match="shape"):
        RestDetector(2, RATE_HZ)(noise(1.0))
    with pytest.raises(ValueError, match="shape"):
        rms(np.zeros(5))
