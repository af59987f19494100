"""Root mean square: over all, in moving windows, between times; and channels that are no muscle in microvolts."""

import numpy as np
import pytest

from dsp.emg import high_passed, moving_rms, rms, rms_between
from dsp.emg_faults import fault_of, mains_share

RATE_HZ = 1500.0
T = np.arange(15_000) / RATE_HZ


def test_rms_is_taken_about_the_mean() -> None:
    assert rms(np.full((100, 2), 300.0)).tolist() == [0.0, 0.0]
    assert rms(np.array([[3.0], [-3.0]])).tolist() == [3.0]
    assert np.isnan(rms(np.empty((0, 1)))).all()


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        rms(np.zeros(5))


@pytest.mark.parametrize("hz", [50.0, 80.0, 150.0, 400.0])
def test_a_sine_gives_its_amplitude_over_root_two(hz: float) -> None:
    """Over all and in whole periods, on a drifting electrode."""
    sine = (80.0 * np.sin(2 * np.pi * hz * T) + 2000.0 + 300.0 * T)[:, None]
    filtered = high_passed(sine, RATE_HZ)
    between = rms_between(filtered, RATE_HZ, np.array([1.0]), np.array([9.0]))
    assert between[0, 0] == pytest.approx(80.0 / np.sqrt(2), rel=1e-3)
    moving = moving_rms(sine, RATE_HZ)
    inner = (moving.time_s > 0.5) & (moving.time_s < 9.5)
    assert moving.rms_uv[inner, 0] == pytest.approx(80.0 / np.sqrt(2), rel=1e-3)
    assert rms(sine - sine.mean())[0] > 10 * 80.0


def test_windows_lie_where_they_say_and_overlap_as_told() -> None:
    burst = np.where((T >= 4.0) & (T < 5.0), 100.0, 1.0) * np.sin(2 * np.pi * 100 * T)
    made = moving_rms(burst[:, None], RATE_HZ, window_ms=200.0, overlap=0.75, high_pass_hz=None)
    assert np.diff(made.time_s) == pytest.approx(0.05)
    loud = made.time_s[made.rms_uv[:, 0] > 70.0]
    assert (loud[0], loud[-1]) == pytest.approx((4.1, 4.9), abs=0.01)
    with pytest.raises(ValueError, match="window"):
        moving_rms(burst[:, None], RATE_HZ, overlap=1.0)
    with pytest.raises(ValueError, match="high-pass"):
        moving_rms(burst[:, None], 30.0)


def test_missing_samples_leave_their_windows_out() -> None:
    signal = 50.0 * np.sin(2 * np.pi * 100 * T)[:, None].repeat(2, axis=1)
    signal[3000:4500, 1] = np.nan
    made = moving_rms(signal, RATE_HZ)
    gone = (made.time_s > 2.06) & (made.time_s < 2.94)
    assert np.isnan(made.rms_uv[gone, 1]).all()
    whole = (made.time_s > 3.2) & (made.time_s < 9.5)
    assert made.rms_uv[whole] == pytest.approx(50.0 / np.sqrt(2), rel=2e-3)
    found = rms_between(high_passed(signal, RATE_HZ), RATE_HZ, np.array([1.5, 5.0, 9.0]), np.array([3.5, 6.0, 11.0]))
    assert np.isnan(found[0, 1])
    assert np.isnan(found[2]).all()
    assert found[1] == pytest.approx(50.0 / np.sqrt(2), rel=1e-3)
    assert np.isnan(high_passed(np.full((3000, 1), np.nan), RATE_HZ)).all()


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (np.zeros(5000), "does not change"),
        (1e-6 * np.random.default_rng(1).normal(size=5000), "volts"),
        (1e5 * np.random.default_rng(1).normal(size=5000), "raw counts"),
        (np.full(5000, np.nan), "no samples"),
    ],
)
def test_a_channel_that_is_no_muscle_is_refused(channel: np.ndarray, words: str) -> None:
    refusal, _ = fault_of(channel, RATE_HZ)
    assert words in str(refusal)


def test_loss_and_full_scale_are_said() -> None:
    good = 30.0 * np.random.default_rng(1).normal(size=5000)
    assert fault_of(good, RATE_HZ) == (None, [])
    lossy = good.copy()
    lossy[:200] = np.nan
    assert "4.0 % of the samples" in fault_of(lossy, RATE_HZ)[1][0]
    assert "full scale" in fault_of(np.clip(good, -40.0, 40.0), RATE_HZ)[1][0]


@pytest.mark.parametrize("mains_hz", [49.9, 50.0, 60.0])
def test_hum_of_the_mains_is_said_with_its_share(mains_hz: float) -> None:
    muscle = 30.0 * np.random.default_rng(1).normal(size=T.size)
    hum = 30.0 * np.sin(2 * np.pi * mains_hz * T) + 5.0 * np.sin(2 * np.pi * 3 * mains_hz * T)
    true = np.mean(hum**2) / np.mean((muscle + hum) ** 2)
    assert mains_share(muscle + hum, RATE_HZ) == pytest.approx(true, abs=0.03)
    assert any("hum" in flag for flag in fault_of(muscle + hum, RATE_HZ)[1])
    assert mains_share(muscle, RATE_HZ) < 0.02
    assert mains_share(muscle[:1500], RATE_HZ) == 0.0
