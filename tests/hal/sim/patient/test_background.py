import numpy as np
import pytest

from hal.sim.patient.background import Contraction, cut, hum_uv, noise_bank

RATE_HZ = 5120.0


@pytest.fixture(scope="module")
def bank():
    return noise_bank(np.random.default_rng(2), RATE_HZ, 3)


def test_noise_has_unit_rms_and_independent_channels(bank):
    assert bank.std(axis=0) == pytest.approx(1.0, abs=1e-3)
    assert np.abs(np.corrcoef(bank.T) - np.eye(3)).max() < 0.05


def test_noise_has_the_band_of_surface_emg(bank):
    power = np.abs(np.fft.rfft(bank[:, 0])) ** 2
    hz = np.fft.rfftfreq(len(bank), 1 / RATE_HZ)
    inside = power[(hz > 20) & (hz < 500)].sum() / power.sum()
    assert inside > 0.9


def test_noise_repeats_without_a_seam(bank):
    around = cut(bank, len(bank) - 50, 100)
    steps = np.abs(np.diff(around, axis=0))
    assert steps[49].max() < 6 * np.abs(np.diff(bank, axis=0)).std()


def test_cut_in_pieces_equals_cut_whole(bank):
    whole = cut(bank, 130_000, 5000)
    pieces = [cut(bank, 130_000 + start, 500) for start in range(0, 5000, 500)]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))


def test_cut_may_be_longer_than_the_bank(bank):
    assert cut(bank, 7, 2 * len(bank) + 5).shape == (2 * len(bank) + 5, 3)


def test_hum_has_mains_frequency_unit_rms_and_phase():
    hum = hum_uv(1234.5, 5120, RATE_HZ, np.array([0.0, np.pi / 2]))
    assert hum.std(axis=0) == pytest.approx(1.0, abs=1e-3)
    assert np.argmax(np.abs(np.fft.rfft(hum[:, 0]))) == 50
    assert abs(np.corrcoef(hum.T)[0, 1]) < 1e-3


def test_contraction_covers_its_time_and_channels():
    level = Contraction(1.0, 2.0, 40.0, (1,)).level_uv(np.array([0.9, 1.0, 1.99, 2.0]), 3)
    np.testing.assert_array_equal(level, [[0, 0, 0], [0, 40, 0], [0, 40, 0], [0, 0, 0]])
