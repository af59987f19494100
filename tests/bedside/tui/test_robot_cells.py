"""What the treatment panel shows of a robot or belt that nobody hears."""

import msgspec

from bedside.snapshot import Robot
from bedside.tui.panels.treatment import robot_cells
from bedside.tui.picture import Picture
from bedside.tui.rows import NOT_KNOWN
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.test_pure import UP


def cells(robot: Robot | None) -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    return robot_cells(Picture(snapshot=msgspec.structs.replace(SCENES["stimulating"], robot=robot), link=UP))


def test_a_belt_nobody_hears_is_unknown_and_has_no_speed() -> None:
    speed, support = cells(Robot(phase="unknown", source="device", age_s=0.0))
    assert speed == ("speed", (NOT_KNOWN, "stale"), ("UNKNOWN", "look"))
    assert support[1] == (NOT_KNOWN, "stale")


def test_its_age_does_not_hide_that() -> None:
    speed, _ = cells(Robot(phase="unknown", source="device", age_s=40.0))
    assert speed[2] == ("UNKNOWN", "look")


def test_a_belt_at_rest_and_no_robot_look_different() -> None:
    speed, _ = cells(Robot(phase="stand", speed_kmh=0.0, source="device", age_s=0.0))
    assert speed == ("speed", ("0.0 km/h", "strong"), ("stand", "dim"))
    assert cells(None)[0][1][0] == NOT_KNOWN
