from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hal.sim.patient.body import Body
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient

RATE_HZ = 5120
BEFORE_S = 0.2


def over_the_hotspot(patient: Patient, name: str) -> Patient:
    x_cm, y_cm = patient.muscles[patient.column(name)].hotspot_cm
    patient.coil = replace(patient.coil, x_cm=x_cm, y_cm=y_cm)
    return patient


def epoch_uv(patient: Patient, at_s: float, name: str) -> np.ndarray:
    """-200..+200 ms around a pulse given at a whole sample."""
    index = round((at_s - BEFORE_S) * RATE_HZ)
    count = round(0.4 * RATE_HZ)
    return patient.render_uv(index / RATE_HZ, count, RATE_HZ, first_index=index)[:, patient.column(name)]


def peak_to_peak_uv(epoch: np.ndarray, from_ms: float = 20, to_ms: float = 75) -> float:
    start = round(BEFORE_S * RATE_HZ)
    return float(np.ptp(epoch[start + round(from_ms * RATE_HZ / 1000) : start + round(to_ms * RATE_HZ / 1000)]))


def test_same_seed_same_patient_and_same_responses():
    a, b = Patient(5), Patient(5)
    assert [m.name for m in a.muscles] == [m.name for m in b.muscles]
    assert a.stimulate(1.0, 80).channels[0].amplitude_uv == b.stimulate(1.0, 80).channels[0].amplitude_uv
    np.testing.assert_array_equal(a.render_uv(0.9, 1000, RATE_HZ), b.render_uv(0.9, 1000, RATE_HZ))
    assert Patient(6).threshold_pct_mso("TA left") != a.threshold_pct_mso("TA left")


def test_eight_channels_with_both_sides():
    names = Patient(1).names
    assert names == tuple(f"{m} {side}" for side in ("left", "right") for m in ("TA", "SOL", "RF", "BF"))


@pytest.mark.parametrize(("seed", "criterion_uv"), [(1, 50.0), (2, 50.0), (3, 100.0), (4, 100.0)])
def test_electrodes_show_half_hits_at_the_true_threshold(seed, criterion_uv):
    # Measured from the signal itself, over resting noise: the truth must be true for whoever measures.
    patient = over_the_hotspot(Patient(seed), "TA left")
    truth = patient.threshold_pct_mso("TA left", criterion_uv)
    hits = 0
    for k in range(300):
        patient.stimulate(10.0 + k, truth)
        hits += peak_to_peak_uv(epoch_uv(patient, 10.0 + k, "TA left")) >= criterion_uv
    assert hits / 300 == pytest.approx(0.5, abs=0.09)


def test_responses_begin_at_the_muscle_s_latency():
    patient = over_the_hotspot(Patient(2), "TA left")
    onsets = []
    for k in range(20):
        patient.stimulate(10.0 + k, 100)
        response = epoch_uv(patient, 10.0 + k, "TA left")[round((BEFORE_S + 0.02) * RATE_HZ) :]
        onsets.append(20 + np.argmax(np.abs(response) > 0.05 * np.ptp(response)) * 1000 / RATE_HZ)
    latency = patient.muscles[0].latency_ms
    assert 27 < latency < 37
    assert np.median(onsets) == pytest.approx(latency + 2.0, abs=2.0)


def test_a_second_phase_lies_past_fifty_milliseconds():
    patient = over_the_hotspot(Patient(2), "TA left")
    patient.stimulate(10.0, 100)
    epoch = epoch_uv(patient, 10.0, "TA left")
    assert peak_to_peak_uv(epoch, to_ms=50) < 0.85 * peak_to_peak_uv(epoch, to_ms=75)


def test_the_other_muscles_answer_earlier_or_need_more():
    patient = Patient(3)
    assert patient.threshold_pct_mso("SOL left") > patient.threshold_pct_mso("TA left")
    assert patient.muscles[patient.column("RF left")].latency_ms < patient.muscles[0].latency_ms


def test_amplitude_falls_away_from_the_hotspot():
    patient = over_the_hotspot(Patient(4), "TA right")
    x_cm = patient.coil.x_cm
    intensity = 1.1 * patient.threshold_pct_mso("TA right")
    medians = []
    for away_cm in (0.0, 1.0, 2.0, 3.0):
        patient.coil = replace(patient.coil, x_cm=x_cm - away_cm)
        column = patient.column("TA right")
        amplitudes = [patient.stimulate(5.0, intensity).channels[column].amplitude_uv for _ in range(60)]
        medians.append(np.median(amplitudes))
    assert medians == sorted(medians, reverse=True)
    assert medians[0] > 4 * medians[2]
    assert patient.threshold_pct_mso("TA right", here=True) > patient.threshold_pct_mso("TA right")


def test_each_leg_s_hotspot_lies_over_the_other_hemisphere():
    for seed in range(5):
        patient = Patient(seed)
        assert patient.muscles[patient.column("TA left")].hotspot_cm[0] > 0
        assert patient.muscles[patient.column("TA right")].hotspot_cm[0] < 0


@pytest.mark.parametrize("placement", [{"tilt_deg": 90.0}, {"contact": False}])
def test_sham_and_lost_contact_evoke_nothing(placement):
    patient = over_the_hotspot(Patient(4), "TA left")
    patient.coil = replace(patient.coil, **placement)
    amplitudes = [patient.stimulate(5.0, 100).channels[0].amplitude_uv for _ in range(50)]
    assert np.median(amplitudes) < 10


def test_every_channel_shows_the_artefact():
    patient = Patient(4)
    patient.stimulate(1.0, 60)
    signal = patient.render_uv(1.0, 10, RATE_HZ)
    assert (np.abs(signal).max(axis=0) > 400).all()


def test_rest_is_a_few_microvolts():
    signal = Patient(4).render_uv(3.0, 5120, RATE_HZ, hum_rms_uv=0.0)
    assert ((signal.std(axis=0) > 1.2) & (signal.std(axis=0) < 4)).all()


def test_hum_is_what_was_asked_for():
    patient = Patient(4)
    quiet = patient.render_uv(3.0, 5120, RATE_HZ, hum_rms_uv=0.0)
    loud = patient.render_uv(3.0, 5120, RATE_HZ, hum_rms_uv=35.0)
    assert (loud - quiet).std(axis=0) == pytest.approx(35.0, rel=1e-3)


def test_contraction_is_seen_eases_responses_and_ends():
    patient = over_the_hotspot(Patient(4), "TA left")
    intensity = patient.threshold_pct_mso("TA left")
    at_rest = np.median([patient.stimulate(0.5, intensity).channels[0].amplitude_uv for _ in range(60)])
    patient.contract(1.0, 2.0, 60.0, ("TA left",))
    active = np.median([patient.stimulate(1.5, intensity).channels[0].amplitude_uv for _ in range(60)])
    assert active > 2 * at_rest
    signal = patient.render_uv(2.0, 4096, RATE_HZ, first_index=7)
    assert signal[:2048, 0].std() > 30 > signal[:2048, 4].std()
    patient.relax(2.5)
    assert patient.render_uv(2.6, 1024, RATE_HZ)[:, 0].std() < 10


def test_walking_raises_the_background_in_time_with_the_stride():
    gait = GaitModel()
    patient = Patient(4, phases=Body(gait).phases)
    still = patient.render_uv(5.0, 20_480, RATE_HZ).std(axis=0)
    gait.fit()
    gait.stand()
    gait.walk(1.5)
    gait.advance(60.0)
    signal = patient.render_uv(60.0, 20_480, RATE_HZ)
    assert (signal.std(axis=0) > 3 * still).all()
    windows = signal[:, 0].reshape(-1, 512).std(axis=1)
    assert windows.max() > 4 * windows.min()


def test_rendering_in_pieces_equals_rendering_whole():
    patient = Patient(9)
    patient.stimulate(2.0503, 90)
    patient.stimulate(2.3001, 90)
    patient.contract(2.1, 0.05, 30.0)
    whole = patient.render_uv(2.0, 2000, RATE_HZ, first_index=10_240)
    edges = [0, 1, 7, 263, 264, 700, 1300, 2000]
    pieces = [patient.render_uv(2.0 + a / RATE_HZ, b - a, RATE_HZ, first_index=10_240 + a) for a, b in pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=2e-2)


def test_threshold_shift_moves_the_truth():
    patient = Patient(9)
    before = patient.threshold_pct_mso("TA left")
    patient.shift_threshold(10)
    assert patient.threshold_pct_mso("TA left") == pytest.approx(1.1 * before, abs=0.01)


def test_unknown_channel_is_named():
    with pytest.raises(ValueError, match="no channel 'TB left'; valid: TA left"):
        Patient(1).column("TB left")


@pytest.mark.parametrize("rate_hz", [250, 1000, 2000])
def test_a_response_that_has_just_ended_adds_nothing(rate_hz: int):
    patient = Patient(1)
    patient.stimulate(1.0, 80)
    for index in range(int(1.14 * rate_hz), int(1.17 * rate_hz)):
        assert patient.render_uv(index / rate_hz, 3, rate_hz, first_index=index).shape == (3, 8)


def test_pulses_are_told_newest_first():
    patient = Patient(1)
    for at_s in (1.0, 2.0, 3.0):
        patient.stimulate(at_s, 50)
    assert patient.pulses_s(1.0) == (3.0, 2.0)
