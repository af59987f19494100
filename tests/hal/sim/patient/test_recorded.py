from dataclasses import replace

import numpy as np
import pytest

from hal.sim.patient.patient import Patient
from hal.sim.patient.recorded import RecordedSweeps, RecordingError
from tests.helpers.recordings import need_recordings

RATE_HZ = 5120


@pytest.fixture(scope="module")
def sweeps() -> RecordedSweeps:
    return RecordedSweeps(need_recordings("emg"), seed=1)


def write_sweeps(folder, **changes):
    """Two tiny sweep files of one response each, 3 kHz, pulse at 50 ms, onset 32 ms later."""
    t_ms = np.arange(601) / 3 - 50
    response = np.where((t_ms > 32) & (t_ms < 62), 400 * np.sin((t_ms - 32) / 30 * 2 * np.pi), 0.0)
    rng = np.random.default_rng(0)
    content = {
        "raw_epochs_uv": (response + rng.normal(0, 1, (4, 601))).astype(np.float32),
        "fs": np.float64(3000),
        "t0_index": np.int64(150),
        "ref_present": np.array([True, True, True, False]),
        "ref_onset_ms": np.full(4, 32.0, dtype=np.float32),
        "ref_duration_ms": np.full(4, 30.0, dtype=np.float32),
    }
    for name in ("ta_lici_3k.npz", "ta_repsupp_3k.npz"):
        np.savez(folder / name, **{k: v for k, v in (content | changes).items() if v is not None})
    return folder


def test_real_responses_keep_shape_and_latency(sweeps):
    assert len(sweeps.shapes) >= 95
    onsets = np.array([shape.start_ms for shape in sweeps.shapes])
    assert ((onsets > 24) & (onsets < 40)).all()
    assert np.ptp(onsets) > 4
    assert [np.ptp(shape.wave) for shape in sweeps.shapes] == pytest.approx([1.0] * len(sweeps.shapes))


def test_real_rest_has_unit_rms_at_any_rate(sweeps):
    for rate_hz in (2048, 5120, 10240):
        rest = sweeps.rest("TA left", rate_hz)
        assert rest.std() == pytest.approx(1.0, abs=1e-4)
        assert rest.size > 3 * rate_hz
    assert sweeps.rest("SOL left", 5120) is None
    assert sweeps.shape("SOL left") is None


def test_the_true_threshold_holds_for_played_recordings(sweeps):
    # As for modelled responses: measured from the signal, half of the pulses at the truth reach the criterion.
    patient = Patient(3, recorded=sweeps)
    x_cm, y_cm = patient.muscles[0].hotspot_cm
    patient.coil = replace(patient.coil, x_cm=x_cm, y_cm=y_cm)
    truth = patient.threshold_pct_mso("TA left")
    hits = 0
    for k in range(300):
        patient.stimulate(10.0 + k, truth)
        first = (10 + k) * RATE_HZ
        window = patient.render_uv(first / RATE_HZ, 400, RATE_HZ, first_index=first, hum_rms_uv=0.0)
        hits += np.ptp(window[round(0.02 * RATE_HZ) : round(0.075 * RATE_HZ), 0]) >= 50.0
    assert hits / 300 == pytest.approx(0.5, abs=0.09)


def test_sweeps_of_one_s_own_are_played(tmp_path):
    sweeps = RecordedSweeps(write_sweeps(tmp_path), seed=1)
    shape = sweeps.shape("TA right")
    assert len(sweeps.shapes) == 6
    assert shape.start_ms == pytest.approx(30.0, abs=0.4)
    assert shape.start_ms + np.argmax(shape.wave) * 0.05 == pytest.approx(39.5, abs=0.7)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RecordingError, match=r"nowhere/ta_lici_3k.npz not found: give the folder that holds"):
        RecordedSweeps(tmp_path / "nowhere", seed=1)


def test_a_file_of_another_kind_is_named(tmp_path):
    write_sweeps(tmp_path, ref_present=None)
    with pytest.raises(RecordingError, match=r"ta_lici_3k.npz is not a sweep file.*ref_present"):
        RecordedSweeps(tmp_path, seed=1)
    (tmp_path / "ta_lici_3k.npz").write_bytes(b"not a zip")
    with pytest.raises(RecordingError, match="is not a sweep file"):
        RecordedSweeps(tmp_path, seed=1)


def test_sweeps_without_a_response_are_refused(tmp_path):
    write_sweeps(tmp_path, ref_present=np.zeros(4, dtype=bool))
    with pytest.raises(RecordingError, match="no usable sweep"):
        RecordedSweeps(tmp_path, seed=1)
