"""Live filters: chunked equals whole, no settling swing, a fresh start after a gap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.streaming import MinMaxDecimator, StreamFilter

RATE_HZ = 5120.0
CUTS = st.lists(st.integers(0, 60), max_size=20)


def samples(seed: int, n: int = 400, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 50.0, (n, channels)) + np.arange(channels) * 1000.0


def chunks(whole: np.ndarray, cuts: list[int]) -> list[np.ndarray]:
    return np.split(whole, np.minimum(np.cumsum(cuts), whole.shape[0]).astype(int))


@settings(max_examples=60, deadline=None)
@given(cuts=CUTS, seed=st.integers(0, 2**16), notch=st.sampled_from([None, 50.0, 60.0]))
def test_filtering_in_chunks_is_exactly_filtering_at_once(cuts: list[int], seed: int, notch: float | None) -> None:
    whole = samples(seed)
    at_once = StreamFilter(3, RATE_HZ, notch_hz=notch)(whole)
    stream = StreamFilter(3, RATE_HZ, notch_hz=notch)
    np.testing.assert_array_equal(np.concatenate([stream(chunk) for chunk in chunks(whole, cuts)]), at_once)


@settings(max_examples=60, deadline=None)
@given(cuts=CUTS, seed=st.integers(0, 2**16), factor=st.integers(1, 70))
def test_decimating_in_chunks_is_exactly_decimating_at_once(cuts: list[int], seed: int, factor: int) -> None:
    whole = samples(seed)
    stream, at_once = MinMaxDecimator(3, factor), MinMaxDecimator(3, factor)(whole)
    parts = [stream(chunk) for chunk in chunks(whole, cuts)]
    np.testing.assert_array_equal(np.concatenate([part.low for part in parts]), at_once.low)
    np.testing.assert_array_equal(np.concatenate([part.high for part in parts]), at_once.high)


def test_a_filter_that_forgets_its_state_between_chunks_would_be_caught() -> None:
    whole = samples(1)
    stream = StreamFilter(3, RATE_HZ)
    parts = []
    for chunk in chunks(whole, [100, 100]):
        stream.reset()
        parts.append(stream(chunk))
    assert np.max(np.abs(np.concatenate(parts) - StreamFilter(3, RATE_HZ)(whole))) > 1.0


def test_an_electrode_offset_does_not_swing_at_the_start_or_after_a_gap() -> None:
    stream = StreamFilter(2, RATE_HZ, notch_hz=50.0)
    assert np.max(np.abs(stream(np.full((100, 2), 30_000.0)))) < 1e-6
    stream.reset()
    assert np.max(np.abs(stream(np.full((100, 2), -20_000.0)))) < 1e-6


def test_the_band_passes_and_the_notch_and_offset_do_not() -> None:
    t = np.arange(int(4 * RATE_HZ)) / RATE_HZ
    for frequency_hz, low, high in ((100.0, 0.95, 1.05), (50.0, 0.0, 0.02), (1.0, 0.0, 0.02), (2000.0, 0.0, 0.05)):
        filtered = StreamFilter(1, RATE_HZ, notch_hz=50.0)(np.sin(2 * np.pi * frequency_hz * t)[:, None])
        assert low <= np.max(np.abs(filtered[-2000:])) <= high


def test_no_spike_is_lost_between_two_columns() -> None:
    trace = np.zeros((5120, 1))
    trace[1234] = 500.0
    shown = MinMaxDecimator(1, 64)(trace)
    assert shown.low.shape == (80, 1)
    assert shown.high.max() == 500.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: StreamFilter(0, RATE_HZ),
        lambda: StreamFilter(2, 900.0),
        lambda: StreamFilter(2, RATE_HZ, notch_hz=3000.0),
        lambda: MinMaxDecimator(2, 0),
        lambda: StreamFilter(2, RATE_HZ)(np.zeros((5, 3))),
        lambda: StreamFilter(2, RATE_HZ)(np.zeros(5)),
    ],
)
def test_impossible_settings_and_shapes_are_refused(build: object) -> None:
    with pytest.raises(ValueError, match=r"need|fit|expected"):
        build()
