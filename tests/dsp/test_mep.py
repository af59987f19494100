"""One response: exact truth on models, validity before presence, windows, and a broken gate that gets caught."""

import dataclasses
import math
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsp.flank
import dsp.mep
from dsp.mep import measure
from dsp.muscles import MUSCLES
from tests.helpers.modelled_mep import SHAPES, Modelled, epoch, hum, muscle_noise

RATE_HZ = 5000.0
N, TRIGGER = 2500, 1000


def sweep(seed: int = 0, rest_uv: float = 2.0, **response: object) -> Modelled:
    rng = np.random.default_rng(seed)
    background = muscle_noise(N, RATE_HZ, rest_uv, rng)
    settings_ = {"onset_ms": 31.0, "amplitude_uv": 400.0, "artefact_uv": 2000.0} | response
    return epoch(background, RATE_HZ, TRIGGER, rng, **settings_)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    log_uv=st.floats(math.log(50.0), math.log(2000.0)),
    onset_ms=st.floats(22.0, 42.0),
    shape=st.sampled_from(SHAPES),
    mains_hz=st.sampled_from([50.0, 60.0]),
    hum_uv=st.sampled_from([0.0, 5.0, 35.0]),
)
def test_amplitude_is_right_to_5_uv_or_2_percent(
    seed: int, log_uv: float, onset_ms: float, shape: str, mains_hz: float, hum_uv: float
) -> None:
    rng = np.random.default_rng(seed)
    background = muscle_noise(N, RATE_HZ, 1.0, rng) + hum(N, RATE_HZ, hum_uv, mains_hz, rng)
    true_uv = math.exp(log_uv)
    made = epoch(background, RATE_HZ, TRIGGER, rng, onset_ms=onset_ms, amplitude_uv=true_uv, shape=shape)
    measured = measure(made.epoch_uv, RATE_HZ, TRIGGER)
    assert measured.valid, measured.reason
    assert abs(measured.amplitude_uv - true_uv) <= max(5.0, 0.02 * true_uv)


@pytest.mark.parametrize("shape", SHAPES)
def test_onset_is_right_to_a_sample_and_half_a_millisecond(shape: str) -> None:
    rng = np.random.default_rng(7)
    errors = []
    for seed in range(60):
        onset_ms, uv = rng.uniform(24.0, 40.0), math.exp(rng.uniform(math.log(100.0), math.log(2000.0)))
        made = sweep(seed, 1.2, onset_ms=onset_ms, amplitude_uv=uv, shape=shape)
        measured = measure(made.epoch_uv, RATE_HZ, TRIGGER)
        assert measured.latency_ms is not None
        errors.append(abs(measured.latency_ms - onset_ms))
    assert np.quantile(errors, 0.9) <= 0.7
    assert np.median(errors) <= 0.4


def shouldered(seed: int, shoulder_uv: float) -> np.ndarray:
    """A response of 300 uV at 34 ms, and a few uV from 30 ms on, of its own sign or the other."""
    rng = np.random.default_rng(seed)
    made = epoch(muscle_noise(N, RATE_HZ, 0.8, rng), RATE_HZ, TRIGGER, rng, onset_ms=34.0, amplitude_uv=300.0)
    t_ms = (np.arange(N) - TRIGGER) / 5.0
    first = made.epoch_uv[TRIGGER + 170 : TRIGGER + 185]
    sign = np.sign(first[np.argmax(np.abs(first))])
    return made.epoch_uv + sign * np.interp(t_ms, [30.0, 30.8, 32.4, 33.2], [0.0, shoulder_uv, shoulder_uv, 0.0])


def test_a_shoulder_belongs_to_the_response_and_a_small_deflection_of_the_other_sign_does_not() -> None:
    with_shoulder = [measure(shouldered(seed, 8.5), RATE_HZ, TRIGGER).latency_ms for seed in range(8)]
    assert np.mean(np.abs(np.array(with_shoulder) - 30.0) <= 1.0) >= 0.75
    opposed = [measure(shouldered(seed, -8.5), RATE_HZ, TRIGGER).latency_ms for seed in range(8)]
    assert min(opposed) > 32.0
    with patch.object(dsp.flank, "SHOULDER_OF_FLANK", 1.0):
        without = [measure(shouldered(seed, 8.5), RATE_HZ, TRIGGER).latency_ms for seed in range(8)]
    assert np.mean(np.abs(np.array(without) - 30.0) <= 1.0) < 0.5, "the fault did not fire"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**20), rest_uv=st.floats(0.5, 6.0), tail_uv=st.sampled_from([0.0, 2000.0]))
def test_a_blank_has_no_latency(seed: int, rest_uv: float, tail_uv: float) -> None:
    made = sweep(seed, rest_uv, onset_ms=None, tail_uv=tail_uv)
    measured = measure(made.epoch_uv, RATE_HZ, TRIGGER)
    assert measured.latency_ms is None
    assert not measured.present


def test_the_second_phase_of_a_leg_response_is_not_cut_off() -> None:
    made = sweep(onset_ms=38.0, shape="sine", amplitude_uv=600.0)
    assert measure(made.epoch_uv, RATE_HZ, TRIGGER).amplitude_uv == pytest.approx(600.0, rel=0.02)
    cut = measure(made.epoch_uv, RATE_HZ, TRIGGER, amplitude_window_ms=(20.0, 50.0))
    assert cut.amplitude_uv < 0.9 * 600.0


def test_a_late_response_is_found_by_the_wide_window_and_refused_by_the_narrow_one() -> None:
    made = sweep(onset_ms=59.6)
    wide = measure(made.epoch_uv, RATE_HZ, TRIGGER, window_ms=(20, 75))
    assert wide.valid
    assert wide.latency_ms == pytest.approx(59.6, abs=0.7)
    assert wide.amplitude_uv == pytest.approx(400.0, rel=0.03)
    narrow = measure(made.epoch_uv, RATE_HZ, TRIGGER, window_ms=(20, 50))
    assert narrow.latency_ms is None
    assert not narrow.valid
    assert "outside window" in narrow.reason
    assert narrow.amplitude_uv < 50.0


def test_an_early_response_is_outside_too() -> None:
    measured = measure(sweep(onset_ms=16.5).epoch_uv, RATE_HZ, TRIGGER, window_ms=(20, 50))
    assert "outside window" in measured.reason
    assert measured.latency_ms is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**20), rest_uv=st.floats(11.0, 100.0), onset_ms=st.sampled_from([None, 31.0]))
def test_a_tense_muscle_voids_the_trial_whatever_the_amplitude(seed: int, rest_uv: float, onset_ms: object) -> None:
    made = sweep(seed, rest_uv * 1.3, onset_ms=onset_ms, amplitude_uv=3000.0)
    measured = measure(made.epoch_uv, RATE_HZ, TRIGGER)
    assert not measured.valid
    assert "not at rest" in measured.reason


def test_the_gate_is_a_setting_and_can_be_taken_away() -> None:
    made = sweep(rest_uv=30.0, amplitude_uv=3000.0)
    assert not measure(made.epoch_uv, RATE_HZ, TRIGGER).valid
    assert measure(made.epoch_uv, RATE_HZ, TRIGGER, rest_limit_uv=60.0).valid
    assert measure(made.epoch_uv, RATE_HZ, TRIGGER, rest_limit_uv=None).valid


def test_hum_is_no_tension() -> None:
    rng = np.random.default_rng(3)
    made = epoch(
        muscle_noise(N, RATE_HZ, 2.0, rng) + hum(N, RATE_HZ, 35.0, 60.0, rng), RATE_HZ, TRIGGER, rng, onset_ms=None
    )
    measured = measure(made.epoch_uv, RATE_HZ, TRIGGER)
    assert measured.valid
    assert measured.rest_rms_uv < 4.0
    assert measured.hum_rms_uv == pytest.approx(35.0, rel=0.05)
    assert measured.amplitude_uv < 25.0


def test_a_saturated_response_is_void_and_a_saturated_artefact_is_not() -> None:
    made = sweep(amplitude_uv=1000.0)
    cut = measure(np.clip(made.epoch_uv, -250.0, 250.0), RATE_HZ, TRIGGER)
    assert not cut.valid
    assert cut.latency_ms is None
    assert "saturated" in cut.reason
    pulse = sweep(amplitude_uv=100.0).epoch_uv
    pulse[TRIGGER : TRIGGER + 30] = 5000.0
    measured = measure(pulse, RATE_HZ, TRIGGER)
    assert measured.valid, measured.reason
    assert measured.saturated_until_ms == pytest.approx(6.0)
    assert measured.amplitude_uv == pytest.approx(100.0, abs=8.0)


def test_an_amplifier_that_comes_back_too_late_voids_the_trial() -> None:
    late = sweep().epoch_uv
    late[TRIGGER : TRIGGER + 150] = 5000.0
    measured = measure(late, RATE_HZ, TRIGGER)
    assert not measured.valid
    assert "30.0 ms" in measured.reason


def test_missing_samples_matter_only_where_they_are_needed() -> None:
    made = sweep().epoch_uv
    padded = made.copy()
    padded[2000:] = np.nan
    assert measure(padded, RATE_HZ, TRIGGER).latency_ms is not None
    for missing in (slice(0, 700), slice(50, 450)):
        started_late = made.copy()
        started_late[missing] = np.nan
        assert measure(started_late, RATE_HZ, TRIGGER).latency_ms == pytest.approx(31.0, abs=0.8)
    assert not measure(np.full(N, np.nan), RATE_HZ, TRIGGER).valid
    for at in (900, 1300):
        holed = made.copy()
        holed[at] = np.nan
        measured = measure(holed, RATE_HZ, TRIGGER)
        assert not measured.valid
        assert math.isnan(measured.amplitude_uv)
        assert "missing samples" in measured.reason


def test_too_short_epochs_say_what_is_missing() -> None:
    made = sweep().epoch_uv
    assert "after the pulse" in measure(made[: TRIGGER + 200], RATE_HZ, TRIGGER).reason
    assert "rest" in measure(made[TRIGGER - 50 :], RATE_HZ, 50).reason
    assert not measure(np.empty(0), RATE_HZ, 0).valid
    short_but_enough = measure(made[TRIGGER - 250 : TRIGGER + 300], RATE_HZ, 250)
    assert short_but_enough.latency_ms == pytest.approx(31.0, abs=0.8)
    assert short_but_enough.amplitude_window_ms[1] < 61.0


def test_what_is_sampled_too_slowly_is_refused_and_slowly_is_said() -> None:
    made = sweep()
    for every, words in ((50, "too slow"), (20, "too slow"), (5, ""), (1, "")):
        measured = measure(made.epoch_uv[::every], RATE_HZ / every, TRIGGER // every)
        assert measured.valid is not bool(words)
        assert measured.reason.startswith(words)
        assert math.isnan(measured.amplitude_uv) is bool(words)
        assert any("sampled at 1000 Hz" in note for note in measured.notes) is (every == 5)


def test_a_dead_channel_is_void() -> None:
    measured = measure(np.full(N, 12.0), RATE_HZ, TRIGGER)
    assert not measured.valid
    assert "flat line" in measured.reason


@pytest.mark.parametrize("from_ms", [-60.0, 32.0])
def test_an_amplifier_that_stops_voids_the_trial_and_one_that_holds_the_pulse_does_not(from_ms: float) -> None:
    made = sweep()
    stopped = made.epoch_uv.copy()
    at = made.trigger_index + round(from_ms * made.rate_hz / 1000)
    stopped[at : at + round(0.02 * made.rate_hz)] = stopped[at]
    result = measure(stopped, made.rate_hz, made.trigger_index)
    assert not result.valid
    assert result.reason.startswith(f"stopped: one value for 20 ms from {from_ms:.0f} ms on")
    held = made.epoch_uv.copy()
    held[made.trigger_index : made.trigger_index + round(0.012 * made.rate_hz)] = held[made.trigger_index]
    assert "stopped" not in measure(held, made.rate_hz, made.trigger_index).reason


def test_close_to_the_criterion_asks_for_an_eye() -> None:
    assert measure(sweep(amplitude_uv=55.0, rest_uv=1.0).epoch_uv, RATE_HZ, TRIGGER).ambiguous
    assert not measure(sweep(amplitude_uv=300.0, rest_uv=1.0).epoch_uv, RATE_HZ, TRIGGER).ambiguous
    assert measure(sweep(amplitude_uv=95.0, rest_uv=1.0).epoch_uv, RATE_HZ, TRIGGER, criterion_uv=100.0).ambiguous


def test_a_response_below_the_criterion_is_none() -> None:
    measured = measure(sweep(amplitude_uv=70.0, rest_uv=1.0).epoch_uv, RATE_HZ, TRIGGER, criterion_uv=100.0)
    assert measured.valid
    assert measured.latency_ms is None
    assert measured.amplitude_uv == pytest.approx(70.0, abs=5.0)


def test_a_noise_free_sweep_can_be_measured() -> None:
    rng = np.random.default_rng(1)
    made = epoch(np.zeros(N), RATE_HZ, TRIGGER, rng, onset_ms=30.0, amplitude_uv=200.0)
    measured = measure(made.epoch_uv, RATE_HZ, TRIGGER)
    assert measured.valid, measured.reason
    assert measured.amplitude_uv == pytest.approx(200.0, rel=0.01)
    assert measured.latency_ms == pytest.approx(30.0, abs=0.7)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**20), scale=st.sampled_from([-1.0, 1.0]), offset=st.floats(-1e4, 1e4))
def test_polarity_and_offset_change_nothing(seed: int, scale: float, offset: float) -> None:
    made = sweep(seed).epoch_uv
    plain, changed = measure(made, RATE_HZ, TRIGGER), measure(scale * made + offset, RATE_HZ, TRIGGER)
    assert changed.amplitude_uv == pytest.approx(plain.amplitude_uv, rel=1e-3)
    assert changed.latency_ms == pytest.approx(plain.latency_ms, abs=0.25)
    assert changed.valid == plain.valid


@pytest.mark.parametrize("rate_hz", [1500.0, 2000.0, 3000.0, 5120.0, 10000.0])
def test_it_runs_at_the_rates_of_amplifiers(rate_hz: float) -> None:
    rng = np.random.default_rng(5)
    n, trigger = int(0.5 * rate_hz), int(0.2 * rate_hz)
    made = epoch(muscle_noise(n, rate_hz, 1.5, rng), rate_hz, trigger, rng, onset_ms=31.0, amplitude_uv=300.0)
    measured = measure(made.epoch_uv, rate_hz, trigger)
    assert measured.latency_ms == pytest.approx(31.0, abs=1000.0 / rate_hz + 0.5)
    assert measured.amplitude_uv == pytest.approx(300.0, rel=0.03)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch_uv": np.zeros((10, 2))},
        {"rate_hz": 0.0},
        {"trigger_index": -1},
        {"window_ms": (50.0, 20.0)},
        {"amplitude_window_ms": (0.0, 20.0)},
    ],
)
def test_what_cannot_be_is_a_value_error(wrong: dict[str, object]) -> None:
    call = {"epoch_uv": np.zeros(N), "rate_hz": RATE_HZ, "trigger_index": TRIGGER} | wrong
    with pytest.raises(ValueError, match=r"epoch_uv|rate_hz|trigger_index|window_ms"):
        measure(call.pop("epoch_uv"), call.pop("rate_hz"), call.pop("trigger_index"), **call)


def test_results_are_frozen_and_name_their_rule() -> None:
    measured = measure(sweep().epoch_uv, RATE_HZ, TRIGGER)
    assert measured.onset_rule == "consensus/2"
    with pytest.raises(dataclasses.FrozenInstanceError):
        measured.valid = False


def test_muscles_give_windows_that_hold_their_own_onsets() -> None:
    for muscle in MUSCLES.values():
        assert muscle.onset_window_ms[1] <= muscle.amplitude_window_ms[1]
        assert muscle.amplitude_window_ms[0] <= muscle.onset_window_ms[0]


def test_a_broken_gate_or_window_would_be_caught() -> None:
    tense, late = sweep(rest_uv=40.0, amplitude_uv=3000.0).epoch_uv, sweep(onset_ms=59.6).epoch_uv
    with patch.object(dsp.mep, "_tension", lambda *_: ""):
        assert measure(tense, RATE_HZ, TRIGGER).valid, "the fault did not fire"
    with patch.object(dsp.mep, "_is_inside", lambda *_: True):
        assert measure(late, RATE_HZ, TRIGGER).valid, "the fault did not fire"
    assert not measure(tense, RATE_HZ, TRIGGER).valid
    assert not measure(late, RATE_HZ, TRIGGER).valid


@pytest.mark.parametrize("factor", [1e-3, 1e-6])
def test_millivolts_and_volts_are_not_taken_for_microvolts(factor: float) -> None:
    measured = measure(factor * sweep().epoch_uv, RATE_HZ, TRIGGER)
    assert not measured.valid
    assert "wrong unit" in measured.reason
    assert math.isnan(measured.amplitude_uv)
    assert measure(0.1 * sweep(rest_uv=6.0).epoch_uv, RATE_HZ, TRIGGER).valid


def test_nanovolts_are_not_taken_for_microvolts() -> None:
    measured = measure(1000.0 * sweep().epoch_uv, RATE_HZ, TRIGGER, rest_limit_uv=None)
    assert "wrong unit" in measured.reason
    assert measured.latency_ms is None


def test_a_pulse_beside_the_trigger_is_noted() -> None:
    made = sweep()
    early = measure(made.epoch_uv, RATE_HZ, TRIGGER + 150)
    assert any("-30.0 ms" in note for note in early.notes)
    assert not any("trigger" in note for note in measure(made.epoch_uv, RATE_HZ, TRIGGER).notes)
