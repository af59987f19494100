import numpy as np
import pytest

from hal.sim.patient.waveform import BIPHASIC, GRID_MS, LATE_SECOND_PHASE, POLYPHASIC, Artefact, unit_response


@pytest.mark.parametrize("lobes", [LATE_SECOND_PHASE, BIPHASIC, POLYPHASIC])
@pytest.mark.parametrize("stretch", [0.95, 1.0, 1.1])
def test_response_has_unit_peak_to_peak_and_quiet_ends(lobes, stretch):
    wave = unit_response(lobes, stretch)
    assert np.ptp(wave) == pytest.approx(1.0)
    assert wave[0] == 0.0
    assert wave[-1] == 0.0


def test_tibialis_anterior_peaks_past_fifty_milliseconds():
    # With the onset at 32 ms a window that ends at 50 ms sees 56-70 % of the amplitude in real recordings.
    wave = unit_response(LATE_SECOND_PHASE)
    peak_ms = 32.0 + np.argmax(wave) * GRID_MS
    seen = np.ptp(wave[: round(18.0 / GRID_MS)])
    assert 50.0 < peak_ms < 56.0
    assert 0.56 <= seen <= 0.70


def test_artefact_is_a_spike_and_a_tail_after_the_pulse():
    artefact = Artefact(spike_uv=4000, tail_uv=800, tail_ms=2.0)
    t_ms = np.arange(-5, 30, 0.2)
    trace = artefact.at(t_ms)
    assert not trace[t_ms < 0].any()
    assert np.abs(trace).max() > 3000
    assert np.abs(trace[t_ms > 20]).max() < 0.1
