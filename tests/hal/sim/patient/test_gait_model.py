import numpy as np
import pytest

from hal.sim.patient.gait_model import RAMP_KMH_S, GaitModel, Phase, RobotRefusal


def walking(speed_kmh: float = 1.5) -> GaitModel:
    gait = GaitModel()
    gait.fit()
    gait.stand()
    gait.walk(speed_kmh)
    return gait


def test_speed_follows_a_ramp():
    gait = walking(1.0)
    gait.advance(2.0)
    assert gait.speed_kmh == pytest.approx(2.0 * RAMP_KMH_S)
    gait.advance(100.0)
    assert gait.speed_kmh == 1.0


def test_time_in_pieces_equals_time_at_once():
    whole, pieces = walking(), walking()
    whole.advance(60.0)
    for now_s in np.arange(0.0, 60.001, 0.01):
        pieces.advance(float(now_s))
    assert pieces.strides == pytest.approx(whole.strides, rel=0.02)
    assert pieces.speed_kmh == whole.speed_kmh


def test_steps_and_contacts_agree():
    gait = walking()
    gait.advance(30.0)
    start, touchdowns, before = gait.steps, 0, gait.posture().contacts
    for now_s in np.arange(30.0, 90.0, 0.005):
        gait.advance(float(now_s))
        contacts = gait.posture().contacts
        touchdowns += sum(now and not then for now, then in zip(contacts, before, strict=True))
        before = contacts
    assert gait.steps - start == pytest.approx(touchdowns, abs=2)
    assert 40 < touchdowns < 100


def test_joints_move_in_plausible_ranges_and_velocity_is_their_slope():
    gait = walking()
    gait.advance(30.0)
    angles, velocities = [], []
    for now_s in np.arange(30.0, 36.0, 0.005):
        gait.advance(float(now_s))
        posture = gait.posture()
        angles.append(posture.angles_deg)
        velocities.append(posture.velocities_deg_s)
    hip, knee, ankle = (np.ptp(np.array(angles)[:, i]) for i in range(3))
    assert 20 < hip < 50
    assert 35 < knee < 75
    assert 10 < ankle < 40
    slope = np.gradient(np.array(angles)[:, 1], 0.005)
    np.testing.assert_allclose(np.array(velocities)[5:-5, 1], slope[5:-5], atol=12.0)


def test_legs_are_half_a_stride_apart():
    gait = walking()
    gait.advance(30.0)
    right = gait.posture().angles_deg[:3]
    gait.strides += 0.5
    assert gait.posture().angles_deg[3:] == pytest.approx(right)


def test_stop_ramps_down_to_a_stand():
    gait = walking()
    gait.advance(30.0)
    gait.stop()
    assert gait.phase == Phase.STOPPING
    gait.advance(31.0)
    assert 0 < gait.speed_kmh < 1.5
    gait.advance(60.0)
    assert (gait.phase, gait.speed_kmh) == (Phase.STAND, 0.0)
    assert gait.posture().contacts == (True, True)


def test_emergency_stop_halts_at_once_and_latches():
    gait = walking()
    gait.advance(30.0)
    gait.press_e_stop()
    assert (gait.phase, gait.speed_kmh, gait.e_stop) == (Phase.FAULT, 0.0, True)
    with pytest.raises(RobotRefusal, match="emergency stop"):
        gait.walk(1.0)
    gait.release_e_stop()
    assert (gait.phase, gait.e_stop) == (Phase.STAND, False)


@pytest.mark.parametrize("speed_kmh", [0.0, -1.0, 5.1])
def test_speeds_no_robot_walks_are_refused(speed_kmh):
    gait = walking()
    with pytest.raises(RobotRefusal, match="speed must be"):
        gait.walk(speed_kmh)


def test_order_of_fitting_standing_walking_is_enforced():
    gait = GaitModel()
    with pytest.raises(RobotRefusal, match="fit the patient first"):
        gait.stand()
    with pytest.raises(RobotRefusal, match="does not stand"):
        gait.walk(1.0)
    gait.fit(30.0, 60.0)
    assert (gait.phase, gait.body_weight_support_kg, gait.assist_pct) == (Phase.FITTING, 30.0, 60.0)
    gait.switch_off()
    assert gait.phase == Phase.OFF
