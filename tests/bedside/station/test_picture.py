"""The devices' lines of the picture: ages in real seconds, and no driver that can take the picture with it."""

from bedside.station.picture import device_lines
from bedside.visit.inputs import Now
from hal.device import Health, Vitals
from hal.drivers.gait.manual_robot import ManualRobot

S = 1_000_000_000


class Broken(ManualRobot):
    """A plug-in that fails when it is asked how it is."""

    @property
    def vitals(self) -> Vitals:
        raise RuntimeError("division by nothing")


def test_a_driver_that_cannot_say_how_it_is_is_told_and_the_others_are_shown() -> None:
    devices = [Broken("lab", lambda: 0), ManualRobot("robot", lambda: 0)]
    broken, well = device_lines(devices, frozenset(), Now(0, "2026-01-01T00:00:00Z"))
    assert "RuntimeError: division by nothing" in broken.attention[0].what
    assert broken.attention[0].remedy
    assert (well.name, well.attention) == ("robot", ())


def test_the_last_error_is_told_with_its_age_in_real_seconds() -> None:
    now_ns = [10 * S]
    robot = ManualRobot("robot", lambda: now_ns[0])
    robot.set_health(Health("lost", now_ns[0], error="it ended"))
    now_ns[0] = 20 * S
    robot.set_health(Health("ok", now_ns[0]))
    (line,) = device_lines([robot], frozenset(), Now(70 * S, "2026-01-01T00:00:00Z"), speed=10.0)
    assert (line.error, line.last_error, line.last_error_age_s) == ("", "it ended", 6.0)
