"""Which speeds a belt may be asked to run, and in which steps."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.device import Refused
from hal.drivers.gait.belt_limits import BeltLimits

LIMITS = BeltLimits()


@pytest.mark.parametrize("speed_kmh", [0.7, 1.9, 0.0, -1.0, 0.79, 1.81, math.nan, math.inf])
def test_outside_the_envelope_is_refused(speed_kmh: float) -> None:
    with pytest.raises(Refused, match=r"outside 0\.8 to 1\.8 km/h") as refused:
        LIMITS.check(speed_kmh, device="belt")
    assert refused.value.device == "belt"
    assert refused.value.remedy


@pytest.mark.parametrize("speed_kmh", [0.8, 0.9, 1.0, 1.2, 1.5, 1.7, 1.8])
def test_every_tenth_inside_is_allowed(speed_kmh: float) -> None:
    assert LIMITS.check(speed_kmh) == speed_kmh


def test_between_two_steps_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(Refused, match=r"no step of 0.1 km/h \(choose 1.3 km/h\)"):
        LIMITS.check(1.27)


def test_the_envelope_is_never_widened() -> None:
    assert BeltLimits(1.0, 1.2).fastest_kmh == 1.2
    for wrong in ((0.5, 1.8), (0.8, 2.5), (1.5, 1.2)):
        with pytest.raises(ValueError, match="must lie within"):
            BeltLimits(*wrong)
    with pytest.raises(ValueError, match="slew_kmh_s"):
        BeltLimits(slew_kmh_s=5.0)


def test_a_ramp_passes_below_the_envelope_and_ends_at_the_goal() -> None:
    assert LIMITS.ramp(0.0, 0.8) == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    assert LIMITS.ramp(1.2, 0.95) == (1.1, 1.0, 0.95)
    assert LIMITS.ramp(1.2, 1.2) == (1.2,), "asked again, so that it is read back"


@given(st.integers(0, 300), st.integers(8, 18), st.sampled_from([0.05, 0.1, 0.2]), st.floats(0.05, 1.0))
def test_no_ramp_is_steeper_than_the_slew_limit(start: int, goal: int, step_kmh: float, slew_kmh_s: float) -> None:
    limits = BeltLimits(step_kmh=step_kmh, slew_kmh_s=slew_kmh_s)
    way = (start / 100, *limits.ramp(start / 100, goal / 10))
    assert way[-1] == goal / 10
    for before, after in pairwise(way):
        assert abs(after - before) <= slew_kmh_s * limits.pause_s + 1e-9
