"""Two sensors held together and knocked: their offset is found to 5 ms, and doubt is refused."""

import numpy as np
import pytest

from dsp.knock import offset_ms

KNOCKS_S = (2.0, 2.8, 3.9)


def felt(seed: int, rate_hz: float, late_ms: float, *, knocks: tuple[float, ...] = KNOCKS_S, width_s: float = 0.05):
    """A sensor's stamps and turn rates: twists about an axis of its own, stamped `late_ms` late."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(0, 6, 1 / rate_hz) + rng.uniform(0, 1 / rate_hz)
    axis = rng.normal(size=3)
    turn = sum(np.exp(-0.5 * ((times_s - at) / width_s) ** 2) * (1 + 0.3 * number) for number, at in enumerate(knocks))
    gyro = 4.0 * np.outer(turn, axis / np.linalg.norm(axis)) + rng.normal(0, 0.02, (len(times_s), 3))
    return (times_s * 1e9 + late_ms * 1e6 + 10**15).astype(np.int64), gyro


@pytest.mark.parametrize("seed", range(12))
def test_the_offset_is_found_within_5_ms(seed: int) -> None:
    late_ms = float(np.random.default_rng(seed).uniform(-60, 60))
    width_s = (0.02, 0.05, 0.1)[seed % 3]
    a = felt(2 * seed, 100, 0, width_s=width_s)
    b = felt(2 * seed + 1, (100, 60, 200, 50)[seed % 4], late_ms, width_s=width_s)
    assert offset_ms(*a, *b) == pytest.approx(late_ms, abs=5)
    assert offset_ms(*b, *a) == pytest.approx(-late_ms, abs=5)


@pytest.mark.parametrize(
    ("knocks", "words"),
    [((2.0, 2.8), "felt 2 knocks"), ((), "felt 0 knocks"), ((1.5, 2.3, 3.4), "did not feel the same")],
)
def test_doubt_is_refused(knocks: tuple[float, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        offset_ms(*felt(1, 100, 0), *felt(2, 100, 0, knocks=knocks))


def test_sensors_that_were_not_recorded_together_are_refused() -> None:
    times_ns, gyro = felt(1, 100, 0)
    with pytest.raises(ValueError, match="not recorded together"):
        offset_ms(times_ns, gyro, times_ns + 10**10, gyro)
    with pytest.raises(ValueError, match="sent nothing"):
        offset_ms(times_ns, gyro, [], np.empty((0, 3)))
