"""What the treatment panel shows of a robot or belt that nobody hears, and of one that a person types."""

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


def typed(age_s: float) -> Robot:
    return Robot(
        phase="walk",
        speed_kmh=1.2,
        body_weight_support_kg=28.8,
        body_weight_support_pct=40.0,
        source="operator",
        age_s=age_s,
    )


def test_what_was_typed_says_when() -> None:
    speed, support = cells(typed(190.0))
    assert speed == ("speed", ("1.2 km/h", "strong"), ("typed 3:10", "dim"))
    assert support == ("support", ("29 kg", "strong"), ("40 %", "dim"))


def test_what_was_typed_long_ago_does_not_look_like_now() -> None:
    speed, support = cells(typed(723.0))
    assert speed == ("speed", ("1.2 km/h", "stale"), ("12:03 old", "stale"))
    assert support == ("support", ("29 kg", "stale"), ("12:03 old", "stale"))


def test_support_above_the_studys_stands_out_whatever_its_age() -> None:
    for age_s in (3.0, 900.0):
        high = msgspec.structs.replace(
            typed(age_s), body_weight_support_kg=70.0, body_weight_support_pct=97.2, support_above=True
        )
        assert cells(high)[1][2] == ("97 % HIGH", "look")
