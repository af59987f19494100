"""The analyses find what is true of the simulated patient: strides, pedalling, sway, shifts, leans and pushes."""

from dataclasses import dataclass

import numpy as np
import pytest

from dsp.cycling import Segment as Worn
from dsp.cycling import cadence
from dsp.gait import Foot, Gait, analyse
from dsp.gait.model import Stride
from dsp.posture import analyse as analyse_stand
from dsp.posture import limits_of_stability, perturbation, weight_shift
from hal.sim.motion.imu_motion import SegmentMotion
from hal.sim.patient.body import Body
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.gait_truth import TrueStride, strides
from hal.sim.patient.limb import Segment
from hal.sim.patient.ramps import EVEN
from hal.sim.patient.sway import LEAN_S, Stander
from hal.sim.patient.walking_style import SIDES, Side
from hal.sim.plate.plate_source import FOOT_APART_CM

RATE_HZ, PEDAL_HZ, PLATE_HZ = 100.0, 50.0, 50.0


@dataclass(frozen=True)
class Walked:
    gait: Gait
    true: list[TrueStride]

    def pairs(self) -> list[tuple[Stride, TrueStride]]:
        """Every true stride that was found by both of its contacts."""
        found = []
        for true in self.true:
            for stride in self.gait.strides:
                first, last = stride.initial_contact_s, stride.next_initial_contact_s
                near = stride.side == true.side and first is not None and last is not None
                if near and abs(first - true.contact_s) < 0.1 and abs(last - true.next_contact_s) < 0.1:
                    found.append((stride, true))
        return found


def walked(speed_m_s: float, paretic: Side | None, seed: int) -> Walked:
    """A minute from a stand to a stand, as two raw sensors tell it."""
    body = Body(GaitModel(), seed, paretic)
    worn = {
        side: SegmentMotion(body, "foot", left=side == "left", rng=np.random.default_rng((seed, number)))
        for number, side in enumerate(SIDES)
    }
    parts = []
    for activity, from_s, to_s in (("stand", 0.0, 2.0), ("walk", 2.0, 62.0), ("stand", 62.0, 70.0)):
        body.do(activity, from_s, speed_m_s=speed_m_s)
        t_s = np.arange(round(from_s * RATE_HZ), round(to_s * RATE_HZ)) / RATE_HZ
        parts.append({side: motion.at(t_s) for side, motion in worn.items()})
    feet = {
        side: Foot(
            np.vstack([part[side].gyro_rad_s for part in parts]),
            np.vstack([part[side].accel_m_s2 for part in parts]),
            RATE_HZ,
        )
        for side in SIDES
    }
    return Walked(analyse(feet["left"], feet["right"]), strides(body.walk.steps))


@pytest.mark.parametrize("paretic", [None, "right"])
@pytest.mark.parametrize("speed_m_s", [0.4, 0.8, 1.2])
def test_every_stride_of_a_walk_is_found_with_its_time_and_length(speed_m_s: float, paretic: Side | None) -> None:
    walk = walked(speed_m_s, paretic, 11)
    pairs = walk.pairs()
    assert walk.gait.refusal is None
    assert not walk.gait.flags
    assert len(pairs) == len(walk.true) > 55 * speed_m_s / (0.45 + 0.75 * speed_m_s)
    times_s = np.array([found.stride_time_s - true.time_s for found, true in pairs if found.stride_time_s is not None])
    lengths = np.array([(found.stride_length_m or np.nan) / true.length_m - 1 for found, true in pairs])
    assert np.abs(times_s).mean() < 0.010
    assert np.abs(lengths).mean() < 0.03
    summary = walk.gait.summary
    assert summary is not None
    doubled = [200 * s.double_support_s / s.time_s for s in walk.true if s.double_support_s is not None]
    assert summary.double_support_pct == pytest.approx(np.mean(doubled), abs=2.0)
    for side in SIDES:
        found, stances = getattr(summary, side), [true.stance_pct for true in walk.true if true.side == side]
        assert found.stance_pct == pytest.approx(np.mean(stances), abs=1.5)


def test_a_paretic_leg_swings_longer_and_steps_shorter() -> None:
    body = Body(GaitModel(), 4, "left")
    body.do("walk", 0.0, speed_m_s=0.6)
    body.pose("foot", "left", np.array([60.0]))
    stance, step = (
        {side: np.mean([getattr(s, name) for s in strides(body.walk.steps) if s.side == side]) for side in SIDES}
        for name in ("stance_pct", "step_m")
    )
    assert stance["left"] < stance["right"] - 5
    assert step["left"] < 0.9 * step["right"]
    assert np.mean([s.speed_m_s for s in strides(body.walk.steps)]) == pytest.approx(0.6, rel=0.02)


@pytest.mark.parametrize(("rpm", "paretic"), [(20.0, "left"), (40.0, None), (60.0, "right"), (-35.0, None)])
def test_knee_and_cadence_of_both_legs_are_found(rpm: float, paretic: Side | None) -> None:
    body = Body(GaitModel(), 6, paretic)
    ready_s = body.do("cycle", 0.0, rpm=rpm)
    t_s = np.arange(ready_s - 1.0, ready_s + 45.0, 1 / PEDAL_HZ)
    for side in SIDES:
        worn = []
        names: tuple[Segment, ...] = ("thigh", "shank")
        for number, segment in enumerate(names):
            motion = SegmentMotion(body, segment, left=side == "left", rng=np.random.default_rng((8, number)))
            felt = motion.at(t_s)
            worn.append(Worn(felt.gyro_rad_s, felt.accel_m_s2))
        found = cadence(*worn, rate_hz=PEDAL_HZ)
        assert found.refusal is None
        assert np.sqrt(np.mean((found.knee_angle_deg - body.knee_deg(side, t_s)) ** 2)) < 3.0
        turned = body.crank.angle(t_s, side).value / (2 * np.pi)
        ends = [np.interp(ends_s + t_s[0], t_s, turned) for ends_s in (found.revolution_start_s, found.revolution_s)]
        true_rpm = 60 * np.abs(ends[1] - ends[0]) / (found.revolution_s - found.revolution_start_s)
        assert len(found.revolution_s) == int(np.ptp(turned))
        assert np.abs(found.cadence_rpm - true_rpm).max() < 0.5
        assert set(found.direction.tolist()) == {int(np.sign(rpm))}


class Stood:
    """Somebody on a plate for some seconds, 50 samples a second: load (kg), x, y (cm) from `told` on."""

    def __init__(self, seed: int) -> None:
        self.stander = Stander(np.random.default_rng(seed), 70.0)
        self.stander.step_on()
        self.rows: list[tuple[float, float, float]] = []

    def passes(self, seconds: float) -> "Stood":
        first = len(self.rows)
        self.rows += [tuple(self.stander.at(n / PLATE_HZ)) for n in range(first, first + round(seconds * PLATE_HZ))]
        return self

    def since(self, from_s: float) -> np.ndarray:
        return np.array(self.rows[round(from_s * PLATE_HZ) :]).T


def first_passed_s(share: float) -> float:
    """When a shift of the weight has done that share of its way."""
    u = np.linspace(0, 1, 2001)
    return LEAN_S * float(np.interp(share, np.polyval(EVEN.orders[0], u), u))


@pytest.mark.parametrize("seed", range(4))
def test_quiet_standing_lies_in_normal_ranges(seed: int) -> None:
    _, x, y = Stood(seed).passes(36.0).since(5.0)
    found = analyse_stand(x[:1500], y[:1500], PLATE_HZ, lowpass_hz=8.0)
    assert found.refusal is None
    assert 0.5 < found.mean_speed_cm_s < 1.6, "young adults, firm ground, eyes open: 5th to 95th percentile"
    assert 0.5 < found.ellipse_area_cm2 < 7.2


@pytest.mark.parametrize("seed", range(4))
def test_a_weight_shift_is_measured_as_it_was_made(seed: int) -> None:
    stood = Stood(seed).passes(5.0)
    stood.stander.lean((0.5 - 0.7) * 2 * FOOT_APART_CM, 0.0, after_s=0.4)
    load = 100 * (0.5 - stood.passes(10.0).since(4.0)[1] / (2 * FOOT_APART_CM))
    found = weight_shift(load, PLATE_HZ, cue_index=50, target_pct=70.0)
    assert found.refusal is None
    assert found.held_pct == pytest.approx(70.0, abs=2.0)
    assert found.reaction_s == pytest.approx(0.4 + first_passed_s(0.05), abs=0.12)
    assert found.to_90_s == pytest.approx(0.4 + first_passed_s(0.90), abs=0.25)


@pytest.mark.parametrize("seed", range(4))
def test_a_lean_is_measured_as_it_was_made(seed: int) -> None:
    stood = Stood(seed).passes(5.0)
    stood.stander.lean(0.0, 7.0, after_s=0.4)
    _, x, y = stood.passes(8.0).since(4.0)
    found = limits_of_stability(x, y, PLATE_HZ, cue_index=50, direction_deg=90.0, limit_cm=7.0)
    assert found.refusal is None
    assert 0.4 < found.reaction_s < 0.4 + first_passed_s(0.2)
    assert found.maximum_pct == pytest.approx(100.0, abs=30.0), "the sway of those seconds comes on top"
    assert found.directional_control_pct > 85.0


@pytest.mark.parametrize("seed", range(4))
def test_a_push_is_measured_as_it_was_made(seed: int) -> None:
    stood = Stood(seed).passes(5.0)
    push = stood.stander.push(1.0, 6.0)
    load, x, y = stood.passes(8.0).since(4.0)
    found = perturbation(x, y, PLATE_HZ, onset_index=50, total_kg=load)
    assert found.refusal is None
    assert found.latency_s is not None
    assert found.latency_s <= 0.1
    assert found.peak_cm == pytest.approx(np.hypot(1.0, 6.0), abs=1.0)
    assert found.to_peak_s == pytest.approx(push.peak_s, abs=0.05)
    assert 0.3 < push.settled_s(0.5) < 2.0


def test_who_does_not_hold_a_push_is_not_recovered() -> None:
    stood = Stood(1).passes(5.0)
    stood.stander.push(0.0, 9.0, holds=False)
    load, x, y = stood.passes(8.0).since(4.0)
    found = perturbation(x, y, PLATE_HZ, onset_index=50, total_kg=load)
    assert "not recovered" in str(found.refusal)
    assert not stood.stander.alive
