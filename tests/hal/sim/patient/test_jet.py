"""Exact derivatives: every operation against a difference quotient of its own values."""

from collections.abc import Callable

import numpy as np
import pytest

from hal.sim.patient import jet
from hal.sim.patient.jet import Jet
from hal.sim.patient.ramps import EARLY, EVEN, LATE, THERE_AND_BACK, Ramps, Run, Shape

T = np.arange(0.0, 2.0, 1e-4)
WAVE = Jet(0.4 * np.sin(3 * T), 1.2 * np.cos(3 * T), -3.6 * np.sin(3 * T))
RISE = Jet(1.5 + T**2, 2 * T, np.full(T.shape, 2.0))


def differs(made: Jet) -> tuple[float, float]:
    """How far rate and bend are from the slopes of value and rate."""
    inside = slice(2, -2)
    return (
        float(np.abs(np.gradient(made.value, T) - made.rate)[inside].max()),
        float(np.abs(np.gradient(made.rate, T) - made.bend)[inside].max()),
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: WAVE + RISE - 2.0,
        lambda: 3.0 - WAVE * RISE * 0.5,
        lambda: WAVE / RISE,
        lambda: jet.sin(RISE) + jet.cos(WAVE),
        lambda: jet.sqrt(RISE),
        lambda: jet.arccos(WAVE),
        lambda: jet.arctan2(WAVE, RISE),
    ],
)
def test_rate_and_bend_are_the_derivatives_of_the_value(make: Callable[[], Jet]) -> None:
    rate, bend = differs(make())
    assert rate < 1e-4
    assert bend < 1e-3


@pytest.mark.parametrize("shape", [EVEN, EARLY, LATE, THERE_AND_BACK])
def test_a_ramp_is_smooth_and_ends_where_it_says(shape: Shape) -> None:
    ramps = Ramps(1.0)
    ramps.add(0.5, 1.5, -2.0, shape)
    made = ramps.at(T)
    rate, bend = differs(made)
    assert rate < 1e-4
    assert bend < 0.1, "a kink in the acceleration at most, no jump"
    assert made.value[0] == 1.0
    assert made.value[-1] == pytest.approx(ramps.last, abs=1e-12)
    assert ramps.last == 1.0 - 2.0 * shape.last
    np.testing.assert_allclose((made.rate[[0, -1]], made.bend[[0, -1]]), 0.0, atol=1e-9)


def test_ramps_in_pieces_equal_ramps_at_once_and_may_be_added_in_any_order() -> None:
    ramps, other = Ramps(), Ramps()
    pieces = [(0.1 * n, 0.1 * n + 0.35, (-1.0) ** n) for n in range(15)]
    for start_s, end_s, change in pieces:
        ramps.add(start_s, end_s, change)
    for start_s, end_s, change in reversed(pieces):
        other.add(start_s, end_s, change)
    whole = ramps.at(T)
    cut = [ramps.at(T[at : at + 7]) for at in range(0, T.size, 7)]
    for name in ("value", "rate", "bend"):
        np.testing.assert_allclose(
            np.concatenate([getattr(part, name) for part in cut]), getattr(whole, name), atol=1e-9
        )
        np.testing.assert_allclose(getattr(other.at(T), name), getattr(whole, name), atol=1e-9)


def test_a_run_is_the_integral_of_its_speed() -> None:
    run = Run()
    run.to(0.2, 0.6, 4.0)
    run.to(0.5, 1.1, -1.0)
    made = run.at(T)
    rate, bend = differs(made)
    assert rate < 1e-4
    assert bend < 0.05
    assert made.value[-1] == pytest.approx(4.0 * (2.0 - 0.4) - 5.0 * (2.0 - 0.8), abs=1e-3)
    np.testing.assert_allclose(run.at(T[9000:9003]).value, made.value[9000:9003])
    assert made.rate[-1] == run.speed == -1.0
