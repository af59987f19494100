"""Leaning, weight shift and perturbation: movements written down as formulas, so that the truth is known."""

import math

import numpy as np
import pytest

from dsp.posture import limits_of_stability, perturbation, theoretical_limit_cm, weight_shift

RATE_HZ = 100.0


def smooth_step(t: np.ndarray, start_s: float, length_s: float) -> np.ndarray:
    """The minimum-jerk way from 0 to 1."""
    u = np.clip((t - start_s) / length_s, 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u**2)


def lean(noise_cm: float = 0.01, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Cue at 2 s; from 2.4 s on 6 cm in 1.2 s at 45 degrees, then 2 cm more from 6 s on."""
    t = np.arange(1101) / RATE_HZ
    r = 6.0 * smooth_step(t, 2.4, 1.2) + 2.0 * smooth_step(t, 6.0, 1.0)
    noise = noise_cm * np.random.default_rng(seed).normal(size=(2, t.size))
    return 1.0 + r / math.sqrt(2) + noise[0], -2.0 + r / math.sqrt(2) + noise[1]


@pytest.mark.parametrize("noise_cm", [0.0, 0.01, 0.03])
def test_a_lean_at_45_degrees(noise_cm: float) -> None:
    made = limits_of_stability(*lean(noise_cm), RATE_HZ, cue_index=200, direction_deg=45.0, limit_cm=10.0)
    assert made.refusal is None
    assert made.reaction_s == pytest.approx(0.4, abs=0.15)
    assert made.endpoint_pct == pytest.approx(60.0, abs=1.5)
    assert made.maximum_pct == pytest.approx(80.0, abs=1.0)
    # of a minimum-jerk movement 5 to 95 % take 0.6216 of its time
    assert made.mean_speed_cm_s == pytest.approx(0.9 * 6.0 / (0.6216 * 1.2), rel=0.06)
    assert made.directional_control_pct > 90.0


def test_a_crooked_lean_costs_control() -> None:
    t = np.arange(1001) / RATE_HZ
    step = smooth_step(t, 2.4, 1.2)
    made = limits_of_stability(3.0 * step, 6.0 * step, RATE_HZ, cue_index=200, direction_deg=90.0, limit_cm=8.0)
    assert made.directional_control_pct == pytest.approx(50.0, abs=1.0)
    assert made.endpoint_pct == pytest.approx(75.0, abs=1.0)


def test_standing_still_or_away_is_no_lean() -> None:
    x, y = lean()
    away = limits_of_stability(x, y, RATE_HZ, cue_index=200, direction_deg=225.0, limit_cm=10.0)
    assert "no movement towards" in str(away.refusal)
    assert math.isnan(away.endpoint_pct)
    assert "before the cue" in str(limits_of_stability(x, y, 100.0, cue_index=3, direction_deg=0, limit_cm=9).refusal)
    x[400] = np.nan
    assert "missing" in str(limits_of_stability(x, y, 100.0, cue_index=200, direction_deg=45, limit_cm=9).refusal)
    with pytest.raises(ValueError, match="limit_cm"):
        limits_of_stability(x, y, RATE_HZ, cue_index=200, direction_deg=45.0, limit_cm=0.0)


def test_the_theoretical_limit() -> None:
    assert theoretical_limit_cm(170.0, 90.0) == pytest.approx(13.08, abs=0.01)
    assert theoretical_limit_cm(170.0, 0.0) == theoretical_limit_cm(170.0, 180.0) == pytest.approx(13.08, abs=0.01)
    assert theoretical_limit_cm(170.0, 270.0) == pytest.approx(7.37, abs=0.01)
    with pytest.raises(ValueError, match="height_cm"):
        theoretical_limit_cm(1.7, 90.0)


def shift(noise: float = 0.3) -> np.ndarray:
    """From 50 to 75 % in 1 s, beginning 0.5 s after the cue at 3 s, with 5 points more for a while."""
    t = np.arange(2301) / RATE_HZ
    bump = 5.0 * np.exp(-(((t - 4.9) / 0.3) ** 2))
    return 50 + 25 * smooth_step(t, 3.5, 1.0) + bump + noise * np.random.default_rng(1).normal(size=t.size)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_weight_shift(noise: float) -> None:
    made = weight_shift(shift(noise), RATE_HZ, cue_index=300, target_pct=78.0, hold_s=15.0)
    assert made.refusal is None
    assert (made.before_pct, made.held_pct) == pytest.approx((50.0, 75.0), abs=0.1)
    # a minimum-jerk step passes 5 % at 0.1892 and 90 % at 0.7506 of its time
    assert made.reaction_s == pytest.approx(0.689, abs=0.03)
    assert made.to_90_s == pytest.approx(1.251, abs=0.03)
    assert made.overshoot_pct == pytest.approx(5.0, abs=0.4)
    assert made.hold_error_pct == pytest.approx(-3.0, abs=0.1)
    assert made.hold_sd_pct == pytest.approx(noise, abs=0.05)
    assert made.in_target_s == pytest.approx(18.75, abs=0.2)
    assert made.reached_pct == pytest.approx(80.0, abs=0.5)


def test_a_shift_to_the_other_side_and_none_at_all() -> None:
    made = weight_shift(100 - shift(), RATE_HZ, cue_index=300, target_pct=22.0, hold_s=15.0)
    assert made.held_pct == pytest.approx(25.0, abs=0.1)
    assert made.overshoot_pct == pytest.approx(5.0, abs=0.4)
    still = 50 + 0.1 * np.random.default_rng(1).normal(size=2301)
    assert "no shift" in str(weight_shift(still, RATE_HZ, cue_index=300, target_pct=78.0).refusal)
    assert "units" in str(weight_shift(shift() / 100, RATE_HZ, cue_index=300, target_pct=78.0).refusal)
    assert "off the plate" in str(weight_shift(3 * shift(), RATE_HZ, cue_index=300, target_pct=78.0).refusal)
    assert "does not fit" in str(weight_shift(shift(), 100.0, cue_index=300, target_pct=78.0, hold_s=30.0).refusal)
    with pytest.raises(ValueError, match="target_pct"):
        weight_shift(shift(), RATE_HZ, cue_index=300, target_pct=0.0)


def test_a_cue_in_the_middle_of_a_movement_is_refused_in_every_task() -> None:
    x, y = lean()
    assert "moving before the cue" in str(
        limits_of_stability(x, y, RATE_HZ, cue_index=345, direction_deg=45.0, limit_cm=10.0).refusal
    )
    assert "moving before the cue" in str(weight_shift(shift(), RATE_HZ, cue_index=440, target_pct=78.0).refusal)
    assert "moving before the cue" in str(perturbation(*push(), RATE_HZ, onset_index=300).refusal)


def test_a_hold_that_ended_is_none() -> None:
    t = np.arange(2301) / RATE_HZ
    back = shift() - 20 * smooth_step(t, 15.0, 1.0)
    assert "not held" in str(weight_shift(back, RATE_HZ, cue_index=300, target_pct=78.0, hold_s=15.0).refusal)
    assert weight_shift(back[:1450], RATE_HZ, cue_index=300, target_pct=78.0, hold_s=8.0).refusal is None


def push(noise_cm: float = 0.02, settle: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Onset at 2 s; after 0.1 s a damped swing of the front-back position about a new mean of 1 cm."""
    t = np.arange(1201) / RATE_HZ
    late = np.clip(t - 2.1, 0.0, None)
    y = 1.0 * (1 - np.exp(-late / 0.05)) + 6.0 * np.exp(-late / settle) * np.sin(2 * np.pi * 0.8 * late)
    noise = noise_cm * np.random.default_rng(1).normal(size=(2, t.size))
    return noise[0], y + noise[1]


def test_a_push_and_the_recovery() -> None:
    x, y = push()
    made = perturbation(x, y, RATE_HZ, onset_index=200)
    clean_x, clean_y = push(0.0)
    peak = int(np.argmax(np.abs(clean_y)))
    outside = np.flatnonzero(np.abs(clean_y - 1.0) > 0.5)[-1] + 1
    assert made.refusal is None
    assert made.recovered
    assert made.latency_s == pytest.approx(0.1, abs=0.04)
    assert made.peak_cm == pytest.approx(clean_y[peak], rel=0.02)
    assert made.to_peak_s == pytest.approx((peak - 200) / RATE_HZ, abs=0.03)
    assert made.overshoot_cm == pytest.approx(1.0 - clean_y[peak:].min(), rel=0.03)
    assert made.path_3s_cm == pytest.approx(np.abs(np.diff(clean_y[200:501])).sum(), rel=0.05)
    assert made.to_stabilise_s == pytest.approx((outside - 200) / RATE_HZ, abs=0.05)
    assert made.band_cm == 0.5
    assert np.all(clean_x == 0)


def test_the_onset_comes_from_the_acceleration() -> None:
    x, y = push()
    kick = 0.02 * np.random.default_rng(2).normal(size=x.size)
    kick[200:230] += 3.0
    assert perturbation(x, y, RATE_HZ, acceleration=kick).onset_s == pytest.approx(2.0, abs=0.02)
    assert "no onset" in str(perturbation(x, y, RATE_HZ, acceleration=np.zeros(x.size)).refusal)
    with pytest.raises(ValueError, match="onset_index or acceleration"):
        perturbation(x, y, RATE_HZ)


def test_a_step_or_a_swing_without_end_is_not_recovered() -> None:
    x, y = push()
    stepped = perturbation(x, y, RATE_HZ, onset_index=200, stepped=True)
    assert "not recovered" in str(stepped.refusal)
    assert stepped.to_stabilise_s is None
    load = np.full(x.size, 70.0)
    load[500:700] = 40.0
    assert "the load fell" in str(perturbation(x, y, RATE_HZ, onset_index=200, total_kg=load).refusal)
    endless = perturbation(*push(settle=100.0), RATE_HZ, onset_index=200)
    assert not endless.recovered
    assert endless.to_stabilise_s is None
    assert "too short" in str(perturbation(x[:400], y[:400], RATE_HZ, onset_index=200).refusal)
