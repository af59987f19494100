"""Gaps by stamps, samples under markers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.emg.lsl_timeline import MarkerLine, StampLosses
from hal.drivers.emg.lsl_units import uv_per_unit
from hal.drivers.emg.sampled import Gap

RATE_HZ = 2000.0


def chunk(first: int, count: int = 40) -> np.ndarray:
    return 1000.0 + np.arange(first, first + count) / RATE_HZ


def test_a_long_gap_is_counted_at_once_between_and_inside_chunks() -> None:
    losses = StampLosses(RATE_HZ)
    assert losses.feed(chunk(0), 0) == []
    assert losses.feed(chunk(1040), 40) == [Gap(0, 1000)]
    both = np.concatenate((chunk(1080), chunk(1700)))
    assert losses.feed(both, 1080) == [Gap(40, 580)]


@pytest.mark.parametrize("gone", [60, 100, 400])
def test_a_short_gap_is_counted_when_later_stamps_confirm_it(gone: int) -> None:
    losses, index, lost = StampLosses(RATE_HZ), 0, 0
    rng = np.random.default_rng(1)
    for first in range(0, 40_000, 40):
        if 20_000 <= first < 20_000 + gone // 40 * 40:
            continue
        late = rng.uniform(0, 0.002)
        gaps = losses.feed(chunk(first) + late, index)
        lost += sum(gap.lost for gap in gaps)
        index += 40 + sum(gap.lost for gap in gaps)
    assert lost == pytest.approx(gone // 40 * 40, abs=4)


def test_a_sender_that_stalls_and_catches_up_has_lost_nothing() -> None:
    losses, index = StampLosses(RATE_HZ), 0
    for first in range(0, 40_000, 40):
        stall = max(0.0, 0.2 - (first - 20_000) / RATE_HZ) if first >= 20_000 else 0.0
        assert losses.feed(chunk(first) + stall, index) == []
        index += 40


def test_another_sender_has_another_clock() -> None:
    losses = StampLosses(RATE_HZ)
    losses.feed(chunk(0), 0)
    losses.restart()
    assert losses.feed(chunk(0) + 5e6, 40) == []


@given(st.lists(st.integers(0, 399), max_size=5, unique=True), st.booleans(), st.floats(0.01, 0.9))
def test_markers_belong_to_the_first_sample_at_or_after_them(samples: list[int], early: bool, before: float) -> None:
    line = MarkerLine(RATE_HZ)
    found: list[int] = []
    times = [float(chunk(0, 400)[sample]) - (0.4 * before if sample else 0) / RATE_HZ for sample in samples]
    if early:
        # Known samples begin somewhere: what is marked before them belongs to none of them.
        found += line.samples(-40, chunk(-40))
        for at_s in times:
            line.marker(at_s)
    for first in range(0, 400, 40):
        found += line.samples(first, chunk(first))
    if not early:
        for at_s in times:
            line.marker(at_s)
        found += line.samples(400, chunk(400))
    assert sorted(found) == sorted(samples)


def test_a_marker_before_all_samples_belongs_to_none() -> None:
    line = MarkerLine(RATE_HZ)
    line.samples(0, chunk(0))
    line.marker(999.0)
    assert line.samples(40, chunk(40)) == []


@pytest.mark.parametrize(
    ("unit", "uv"),
    [
        ("microvolts", 1.0),
        ("\u00b5V", 1.0),
        ("uV", 1.0),
        ("mV", 1e3),
        (" Volts", 1e6),
        ("nV", 1e-3),
        ("", None),
        ("kg", None),
    ],
)
def test_units(unit: str, uv: float | None) -> None:
    assert uv_per_unit(unit) == uv
