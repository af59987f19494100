"""Silent periods: exact truth on models, no silence found where there is none, refusals, and one real muscle."""

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

import dsp.silent
from dsp.silent import silent_period
from tests.helpers.modelled_mep import hum, muscle_noise, response

RATE_HZ, N, TRIGGER = 5000.0, 4000, 1500
T_MS = (np.arange(N) - TRIGGER) / 5.0


def contraction(
    seed: int,
    *,
    onset_ms: float = 31.0,
    silent_ms: tuple[float, float] = (62.0, 150.0),
    burst_ms: tuple[float, float] | None = None,
    rms_uv: float = 90.0,
    return_over_ms: float = 0.0,
) -> np.ndarray:
    """A contraction that stops at the response's onset and is back at the end of `silent_ms`."""
    rng = np.random.default_rng(seed)
    active = np.where((onset_ms > T_MS) | (silent_ms[1] <= T_MS), 1.0, 0.0)
    if return_over_ms:
        active = np.where(silent_ms[1] <= T_MS, np.minimum((T_MS - silent_ms[1]) / return_over_ms, 1.0), active)
    if burst_ms is not None:
        active[(burst_ms[0] <= T_MS) & (burst_ms[1] > T_MS)] = 1.0
    trace = muscle_noise(N, RATE_HZ, rms_uv, rng) * active + muscle_noise(N, RATE_HZ, 2.0, rng)
    evoked = response(T_MS, onset_ms=onset_ms, amplitude_uv=1800.0, shape="gamma", rng=rng)
    return trace + np.where(silent_ms[0] > T_MS, evoked, 0.0)


def test_the_return_is_right_to_a_millisecond() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for seed in range(40):
        end_ms = float(rng.uniform(110.0, 220.0))
        found = silent_period(contraction(seed, silent_ms=(62.0, end_ms)), RATE_HZ, TRIGGER)
        assert found.refusal is None
        errors.append(found.return_ms - end_ms)
    assert abs(np.median(errors)) <= 0.5
    assert np.quantile(np.abs(errors), 0.9) <= 1.0


def test_both_starts_are_given_and_named() -> None:
    found = silent_period(contraction(1, rms_uv=60.0), RATE_HZ, TRIGGER)
    assert found.onset_ms == pytest.approx(31.0, abs=3.0)
    assert found.from_onset_ms == pytest.approx(found.return_ms - found.onset_ms)
    assert found.flags == ()
    assert found.residual < 0.1
    assert found.background_rms_uv == pytest.approx(60.0, rel=0.25)


def test_a_gradual_return_is_late_by_less_than_its_half() -> None:
    errors = []
    for seed in range(15):
        made = contraction(seed, silent_ms=(62.0, 150.0), return_over_ms=20.0)
        errors.append(silent_period(made, RATE_HZ, TRIGGER).return_ms - 150.0)
    assert 0.0 <= np.median(errors) <= 10.0


def test_a_burst_does_not_end_the_silence_but_is_said() -> None:
    found = silent_period(contraction(3, silent_ms=(62.0, 210.0), burst_ms=(110.0, 135.0)), RATE_HZ, TRIGGER)
    assert "interrupted" in found.flags
    assert found.return_ms == pytest.approx(210.0, abs=2.0)
    assert len(found.stretches_ms) == 2
    assert found.longest_ms == pytest.approx(75.0, abs=8.0)


def test_a_contraction_without_a_silence_has_none() -> None:
    for seed in range(25):
        found = silent_period(muscle_noise(N, RATE_HZ, 90.0, np.random.default_rng(seed)), RATE_HZ, TRIGGER)
        assert "no silent period" in (found.refusal or "")
        assert found.return_ms is None


def test_gaps_taken_for_silences_would_be_caught() -> None:
    traces = [muscle_noise(N, RATE_HZ, 90.0, np.random.default_rng(seed)) for seed in range(25)]
    with (
        patch.object(dsp.silent, "OVER_OWN_GAPS", 0.0),
        patch.object(dsp.silent, "SHORTEST_MS", 2.0),
        patch.object(dsp.silent, "DEEP_BELOW", 1.0),
    ):
        wrong = [silent_period(trace, RATE_HZ, TRIGGER).refusal is None for trace in traces]
    assert sum(wrong) > 5, "the fault did not fire"


def test_hum_is_no_contraction_and_does_not_fill_the_silence() -> None:
    rng = np.random.default_rng(8)
    resting = muscle_noise(N, RATE_HZ, 3.0, rng) + hum(N, RATE_HZ, 80.0, 50.0, rng)
    assert "no contraction" in (silent_period(resting, RATE_HZ, TRIGGER).refusal or "")
    humming = contraction(9) + hum(N, RATE_HZ, 60.0, 50.0, rng)
    assert silent_period(humming, RATE_HZ, TRIGGER).return_ms == pytest.approx(150.0, abs=4.0)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (contraction(0, rms_uv=20.0), "no contraction"),
        (contraction(0, silent_ms=(62.0, 600.0)), "no return"),
        (np.clip(contraction(0), -120.0, 120.0), "saturated"),
        (contraction(0)[: TRIGGER + 200], "too short"),
        (np.full(N, np.nan), "too short"),
        (contraction(0) / 1000.0, "no contraction"),
    ],
)
def test_refusals_have_names_and_no_numbers(made: np.ndarray, words: str) -> None:
    found = silent_period(made, RATE_HZ, TRIGGER)
    assert words in (found.refusal or "")
    assert found.return_ms is found.from_onset_ms is found.longest_ms is None
    assert found.stretches_ms == ()


def test_missing_samples_after_the_silence_do_not_matter() -> None:
    made = contraction(4)
    made[TRIGGER + 1500 :] = np.nan
    assert silent_period(made, RATE_HZ, TRIGGER).return_ms == pytest.approx(150.0, abs=2.0)


def test_a_clipped_artefact_is_no_saturation() -> None:
    made = contraction(5)
    made[TRIGGER : TRIGGER + 10] = 6000.0
    assert silent_period(made, RATE_HZ, TRIGGER).return_ms == pytest.approx(150.0, abs=2.0)


def test_an_onset_given_stands_in_and_is_flagged() -> None:
    made = contraction(6, rms_uv=300.0)
    alone, helped = silent_period(made, RATE_HZ, TRIGGER), silent_period(made, RATE_HZ, TRIGGER, onset_ms=31.0)
    assert "no_onset" in alone.flags
    assert alone.from_onset_ms is None
    assert "onset_given" in helped.flags
    assert helped.from_onset_ms == pytest.approx(helped.return_ms - 31.0)


def test_a_real_contracting_leg_and_its_resting_neighbours(recordings: Path) -> None:
    with np.load(recordings / "leg8_active_sweeps_5k.npz") as file:
        sweeps, zero = file["epochs_uv"].astype(float), int(file["t0_index"])
    found = [silent_period(sweep[0], RATE_HZ, zero, onset_ms=38.5) for sweep in sweeps]
    assert all(one.refusal is None for one in found)
    assert all(190.0 <= one.return_ms <= 250.0 for one in found)
    assert all(60.0 <= one.longest_ms <= 155.0 for one in found)
    assert sum("interrupted" in one.flags for one in found) == 3
    for channel in range(1, 8):
        assert "no contraction" in (silent_period(sweeps[0][channel], RATE_HZ, zero).refusal or "")
