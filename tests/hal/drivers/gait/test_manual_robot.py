"""A robot worked by hand."""

from hal.device import HealthChanged, Reading
from hal.drivers.gait.manual_robot import ManualRobot
from hal.roles import GaitTrainer, RobotState


async def test_what_the_therapist_types_is_a_reading_with_its_source() -> None:
    robot = ManualRobot("robot", lambda: 9)
    heard: list[Reading] = []
    robot.subscribe(heard.append)
    assert isinstance(robot, GaitTrainer)
    await robot.open()
    robot.report(phase="walk", speed_kmh=1.2, body_weight_support_kg=28.8, assist_pct=None, steps=40)
    await robot.close()
    states = [reading.health.state for reading in heard if isinstance(reading, HealthChanged)]
    assert states == ["ok", "closed"]
    (state,) = [reading for reading in heard if isinstance(reading, RobotState)]
    assert state == RobotState(9, "walk", 1.2, 28.8, None, None, 40, source="operator")
    assert state.e_stop is None, "nobody measured it"
