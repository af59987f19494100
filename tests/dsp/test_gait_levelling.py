"""What a walk tells about its own sensors: biases and verticals."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from dsp.gait import analyse
from dsp.gait.bordered import solve
from dsp.gait.cycle import cycle, low_pass, swing_peaks, swings
from dsp.gait.levelling import level
from dsp.gait.model import Side
from dsp.gait.samples import Samples, check
from dsp.gait.strapdown import Spans, integrate, inverse, orientations, product, rotate, spans
from tests.helpers.walking_feet import changed, walk


def strides_of(samples: Samples) -> Spans:
    own = cycle(samples)
    return spans(samples, swings(samples, swing_peaks(own, samples.rate_hz, own.period_s), own.period_s))


def samples_of(seed: int, gyro_bias: np.ndarray, accel_bias: np.ndarray) -> Samples:
    foot = walk(seed=seed)
    side: Side = "left"
    off = changed(foot, gyro_rad_s=foot.gyro_rad_s + gyro_bias, accel_m_s2=foot.accel_m_s2 + accel_bias)
    return check(off, side, 160.0, 35.0)


@pytest.mark.parametrize("deg_s", [0.8, 4.0])
def test_the_biases_of_a_sensor_are_found_from_its_walk(deg_s: float) -> None:
    plain = samples_of(2, np.zeros(3), np.zeros(3))
    span = strides_of(plain)
    clean = level(plain, span)
    up = clean.up.mean(axis=0)
    pitching = np.linalg.svd(plain.gyro_rad_s, full_matrices=False)[2][0]
    added = level(samples_of(2, np.radians(deg_s) * pitching, 0.2 * up), span)
    found = np.degrees(added.gyro_bias_rad_s - clean.gyro_bias_rad_s) @ pitching
    assert found == pytest.approx(deg_s, rel=0.05)
    assert (added.accel_bias_m_s2 - clean.accel_bias_m_s2) @ up == pytest.approx(0.2, abs=0.03)
    assert added.up @ up == pytest.approx(1.0, abs=1e-3)


def test_a_biased_sensor_gives_the_same_lengths() -> None:
    foot = walk(seed=2)
    pitching = np.linalg.svd(foot.gyro_rad_s, full_matrices=False)[2][0]
    biased = changed(foot, gyro_rad_s=foot.gyro_rad_s + np.radians(2.0) * pitching)
    lengths = [[s.stride_length_m for s in analyse(f, None).strides] for f in (foot, biased)]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.01)


def test_a_large_bias_is_taken_out_and_told() -> None:
    foot = walk(seed=2)
    pitching = np.linalg.svd(foot.gyro_rad_s, full_matrices=False)[2][0]
    off = changed(foot, gyro_rad_s=foot.gyro_rad_s + np.radians(5.0) * pitching)
    assert any("off by 5" in flag for flag in analyse(off, None).flags)
    wrong = changed(foot, gyro_rad_s=foot.gyro_rad_s + np.radians(15.0) * pitching)
    result = analyse(wrong, None)
    assert any("not believable" in flag for flag in result.flags)
    assert all(stride.stride_length_m is None for stride in result.strides)


def test_the_velocity_follows_a_bias_as_its_sensitivity_says() -> None:
    plain = samples_of(1, np.zeros(3), np.zeros(3))
    span = strides_of(plain)
    step = np.array([2e-4, -3e-4, 1e-4])
    other = samples_of(1, -step, np.zeros(3))
    here, there = integrate(plain, span), integrate(other, span)
    assert there.velocity_m_s - here.velocity_m_s == pytest.approx(here.by_gyro @ step, abs=2e-5)
    assert here.turned.shape == (span.start.size, 3, 3)


def test_running_products_equal_one_after_the_other() -> None:
    gyro = np.random.default_rng(5).normal(0, 3, (2, 37, 3))
    found = orientations(gyro, np.ones((2, 36), dtype=bool), 0.01)
    turn = found[:, 0]
    for at in range(36):
        step = orientations(gyro[:, at : at + 2], np.ones((2, 1), dtype=bool), 0.01)[:, 1]
        turn = product(turn, step)
        assert found[:, at + 1] == pytest.approx(turn, abs=1e-12)
    vector = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    assert rotate(inverse(turn), rotate(turn, vector)) == pytest.approx(vector, abs=1e-12)


def test_the_bordered_chain_is_solved_as_the_whole_matrix() -> None:
    rng = np.random.default_rng(8)
    count = 6
    rows, rest = rng.normal(size=(count, 7, 10)), 0.1 * rng.normal(size=(count, 7))
    rows[-1, :, 2:4] = 0
    own, shared = (np.zeros((count, 2)), np.full(2, 0.5)), (rng.normal(size=6), np.full(6, 2.0))
    found_own, found_shared = solve(rows, rest, own, shared)
    whole, aim = [], []
    for link in range(count):
        for row, value in zip(rows[link], rest[link], strict=True):
            line = np.zeros(2 * count + 6)
            line[2 * link : 2 * link + 2] = row[:2]
            if link + 1 < count:
                line[2 * link + 2 : 2 * link + 4] = row[2:4]
            line[-6:] = row[4:]
            whole.append(line)
            aim.append(value)
    sure = np.sqrt(np.concatenate([np.full(2 * count, 0.5), np.full(6, 2.0)]))
    whole.extend(np.diag(sure))
    aim.extend(sure * np.concatenate([np.zeros(2 * count), shared[0]]))
    expected = np.linalg.lstsq(np.array(whole), np.array(aim), rcond=None)[0]
    assert found_own.ravel() == pytest.approx(expected[:-6])
    assert found_shared == pytest.approx(expected[-6:])


@pytest.mark.parametrize("cutoff_hz", [3.0, 12.0, 80.0])
def test_the_low_pass_is_a_butterworth_forth_and_back(cutoff_hz: float) -> None:
    values = np.cumsum(np.random.default_rng(4).normal(size=(700, 2)), axis=0)
    twice = sosfiltfilt(butter(2, min(cutoff_hz, 45.0), fs=100.0, output="sos"), values, axis=0)
    assert low_pass(values, 100.0, cutoff_hz)[60:-60] == pytest.approx(twice[60:-60], abs=0.01)
    assert low_pass(values, 100.0, cutoff_hz) == pytest.approx(twice, abs=0.6)
    assert low_pass(values[:, 0], 100.0, cutoff_hz) == pytest.approx(low_pass(values, 100.0, cutoff_hz)[:, 0])
