"""What a simulated sensor on the leg feels is the exact derivative of one path, and rests where the leg rests."""

import numpy as np
import pytest

from hal.sim.motion.imu_frames import counts
from hal.sim.motion.imu_motion import FIELD_UT, Felt, SegmentMotion
from hal.sim.patient.body import Body
from hal.sim.patient.gait_model import GaitModel, stride_hz
from hal.sim.patient.gait_truth import strides
from hal.sim.patient.jet import still
from hal.sim.patient.limb import GRAVITY_M_S2, SEGMENTS, Pose, Segment, seen, specific_force, turn_rate
from hal.sim.patient.walking_style import SIDES, Side

FINE_S = 2e-4


def robot(speed_kmh: float) -> GaitModel:
    gait = GaitModel()
    gait.fit()
    gait.stand()
    if speed_kmh:
        gait.walk(speed_kmh)
        gait.advance(60.0)
    return gait


@pytest.mark.parametrize("segment", SEGMENTS)
def test_standing_is_gravity_and_noise(segment: Segment) -> None:
    felt = SegmentMotion(Body(robot(0.0)), segment, left=True, rng=np.random.default_rng(1)).at(np.arange(0, 20, 0.01))
    assert np.linalg.norm(felt.accel_m_s2.mean(axis=0)) == pytest.approx(GRAVITY_M_S2, abs=0.1)
    assert np.linalg.norm(felt.field_ut.mean(axis=0)) == pytest.approx(np.linalg.norm(FIELD_UT), abs=0.1)
    assert np.abs(felt.gyro_rad_s).max() < 0.03
    assert felt.accel_m_s2.std(axis=0).max() < 0.05


def moving(what: str) -> Body:
    """A body on its way, with the whole story up to 24 s planned."""
    body = Body(robot(1.5) if what == "robot" else robot(0.0), 3, "left")
    if what == "walk":
        body.do("walk", 1.0, speed_m_s=0.9)
    elif what == "cycle":
        body.do("cycle", 1.0, rpm=50.0)
    return body


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("what", ["robot", "walk", "cycle"])
def test_force_and_turn_rate_are_the_derivatives_of_the_path(what: str, segment: Segment, side: Side) -> None:
    pose = moving(what).pose(
        segment, side, np.arange(60.0, 72.0, FINE_S) if what == "robot" else np.arange(0, 12, FINE_S)
    )
    lean = pose.lean.value
    ahead, left, up = (
        np.gradient(np.gradient(v.value, FINE_S), FINE_S) for v in (pose.place.x, pose.left, pose.place.z)
    )
    up = up + GRAVITY_M_S2
    expected = np.stack((np.cos(lean) * ahead - np.sin(lean) * up, left, np.sin(lean) * ahead + np.cos(lean) * up), 1)
    inside = slice(5, -5)
    assert np.ptp(pose.place.x.value) > 0.05, "it did not move"
    assert np.abs(specific_force(pose) - expected)[inside].max() < 0.5, "of up to 60 m/s2"
    assert np.abs(turn_rate(pose)[:, 1] - np.gradient(lean, FINE_S))[inside].max() < 0.01
    assert (turn_rate(pose)[:, [0, 2]] == 0).all()
    level = Pose(pose.place, pose.left, still(lean.size))
    assert np.abs(specific_force(level) - expected)[inside].max() > 2.0, "a force in the room's axes would be seen"
    np.testing.assert_allclose(np.linalg.norm(seen(FIELD_UT, pose), axis=1), np.linalg.norm(FIELD_UT))


@pytest.mark.parametrize("paretic", [None, "left"])
def test_a_foot_stands_still_between_drop_and_heel_rise_and_goes_as_far_as_the_truth_says(paretic: Side | None) -> None:
    body = Body(robot(0.0), 5, paretic)
    body.do("walk", 0.0, speed_m_s=0.8)
    t_s = np.arange(0.0, 20.0, 0.001)
    for side in SIDES:
        foot = body.pose("foot", side, t_s)
        known = strides(body.walk.steps, 3.0, 19.0)
        own = [stride for stride in known if stride.side == side]
        assert len(own) >= 9
        for stride in own:
            flat = (t_s > stride.contact_s + 0.09 * stride.time_s) & (t_s < stride.contact_s + 0.23 * stride.time_s)
            assert np.abs(foot.place.x.rate[flat]).max() < 1e-9
            assert np.abs(foot.lean.value[flat]).max() < 1e-9
            assert np.abs(foot.place.z.value[flat] - foot.place.z.value[0]).max() < 1e-9
            middle_s = [at + 0.16 * stride.time_s for at in (stride.contact_s, stride.next_contact_s)]
            went = np.diff(np.interp(middle_s, t_s, foot.place.x.value))[0]
            assert went == pytest.approx(stride.length_m, abs=1e-6)


def test_a_heel_strike_is_short_and_pushes_nothing() -> None:
    body = Body(robot(0.0), 5)
    body.do("walk", 0.0, speed_m_s=1.2)
    body.pose("foot", "left", np.array([20.0]))
    step = next(s for s in body.walk.steps if s.side == "left" and s.contact_s > 5.0)
    t_s = np.arange(step.contact_s - 0.01, step.contact_s + 0.07, FINE_S)
    thump = body.walk.legs["left"].thump.at(t_s)
    assert np.abs(thump.bend).max() > 15.0, "m/s2"
    assert abs(thump.bend.sum()) * FINE_S < 1e-4, "m/s"
    assert abs(thump.rate[-1]) + abs(thump.value[-1] - thump.value[0]) < 1e-9


@pytest.mark.parametrize("speed_kmh", [1.0, 2.0])
def test_in_the_robot_the_feet_land_when_the_robot_says(speed_kmh: float) -> None:
    gait = robot(speed_kmh)
    body = Body(gait, 2)
    body.pose("foot", "left", np.arange(60.0, 120.0, 0.01))
    landed = [step for step in body.walk.steps if step.contact_s > 80.0]
    phase = {side: gait.stride_phase(np.array([s.contact_s for s in landed if s.side == side])) for side in SIDES}
    early = np.abs((np.concatenate((phase["right"], phase["left"] + 0.5)) + 0.5) % 1.0 - 0.5)
    assert len(landed) > 10
    assert early.max() < 0.05
    known = strides(body.walk.steps, 80.0)
    assert np.mean([s.time_s for s in known]) == pytest.approx(1 / stride_hz(speed_kmh), rel=0.02)


def test_the_robot_s_feet_close_when_it_stands_again() -> None:
    gait = robot(1.5)
    body = Body(gait, 2)
    body.pose("foot", "left", np.array([61.0, 70.0]))
    gait.stop()
    for now_s in np.arange(70.0, 100.0, 0.1):
        gait.advance(float(now_s))
        body.pose("foot", "right", np.array([now_s]))
    feet = [body.pose("foot", side, np.array([99.0])) for side in SIDES]
    assert feet[0].place.x.value == pytest.approx(feet[1].place.x.value)
    assert max(abs(float(foot.place.x.rate[0])) for foot in feet) < 1e-9


def test_counts_stop_at_their_rails() -> None:
    strong = Felt(np.full((1, 3), 1e4), np.full((1, 3), -1e4), np.zeros((1, 3)))
    assert counts(strong).tolist() == [[32767] * 3 + [-32768] * 3]
    assert counts(strong, field_ut_per_count=0.15).shape == (1, 9)
