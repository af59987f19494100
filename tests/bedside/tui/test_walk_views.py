"""A walk's curves, paths and stick figure on the screen: by the view's key, and nothing drawn that was not measured."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bedside.assess.walked import FOOT_CM, MOMENTS, SHANK_CM, THIGH_CM, walked
from bedside.snapshot import Action, Capture, GaitSide, Result, ResultRow, TrialLine
from bedside.tui.actions import BY_ID
from bedside.tui.canvas import text_of
from bedside.tui.picture import Picture
from bedside.tui.walkorder import next_view, views
from bedside.tui.walkviews import walk_picture
from tests.bedside.tui.assess_scenes import GAIT, capture_snapshot
from tests.bedside.tui.screen import ENVIRONMENT, Kiosk, kiosk
from tests.bedside.tui.test_golden import differing

replace = msgspec.structs.replace
LENGTHS_CM = {"foot": FOOT_CM, "shank": SHANK_CM, "thigh": THIGH_CM}
SHARE = [n / 100 for n in range(101)]


def curve(mean: list[float], sd: float = 2.0) -> dict[str, Any]:
    return {"cycles": 9, "mean": mean, "sd": [sd] * len(mean)}


def leg(*, legs: bool = False, deep: float = 1.0, **more: Any) -> dict[str, Any]:
    """A leg's curves of roughly a walk's shape, as an analysis has them; `deep` makes another leg."""
    swing = [max(0.0, math.sin(math.pi * (x - 0.6) / 0.4)) if x > 0.6 else 0.0 for x in SHARE]
    pitch = [
        20 * max(0.0, 1 - 8 * x) - 55 * deep * math.exp(-(((x - 0.62) / 0.1) ** 2)) + 20 * max(0.0, 8 * x - 7)
        for x in SHARE
    ]
    found = {
        "refusal": None,
        "cycles": 9,
        "toe_off_pct": 63.0,
        "clearance_cm": {"mean": 12.0 * deep, "sd": 0.6},
        "pitch_deg": curve(pitch),
        "up_cm": curve([12 * deep * y for y in swing], 0.6),
        "forward_cm": curve([110 * max(0.0, (x - 0.55) / 0.45) ** 1.5 for x in SHARE]),
    }
    if legs:
        shank = [18 - 60 * math.sin(math.pi * x / 0.7) if x < 0.7 else 18.0 for x in SHARE]
        thigh = [25 * math.cos(2 * math.pi * x) for x in SHARE]
        found |= {"shank_deg": curve(shank), "thigh_deg": curve(thigh)}
        found["knee_deg"] = curve([t - s for t, s in zip(thigh, shank, strict=True)])
        found["ankle_deg"] = curve([p - s for p, s in zip(pitch, shank, strict=True)], 3.0)
    return found | more


def both(left: dict[str, Any], right: dict[str, Any]) -> tuple[GaitSide, ...]:
    return walked({"curves": {"left": left, "right": right}})


TOO_FEW = "1 straight cycles from contact to contact, 3 are needed (left out: 4 in a turn)"
REFUSED = {"refusal": TOO_FEW, "cycles": 1}
FEET = both(leg(), leg(deep=0.5, left_out={"in a turn": 2}))
LEGS = both(leg(legs=True), leg(deep=0.5, refused={"knee_deg": "no sensor on the thigh"}))
ONE = both(leg(), REFUSED)
assert GAIT.assess is not None
assert GAIT.assess.capture is not None
CAPTURE = replace(
    GAIT.assess.capture,
    trial=2,
    done=(TrialLine(task="walk", trial=1, state="analysed", seconds=24.0, figure="speed over 10 m 0.61 m/s"),),
    result=Result(
        title="Walk 10 m, trial 1",
        rows=(ResultRow(key="speed", label="speed over 10 m", unit="m/s", digits=2, value=0.61),),
    ),
)
ACCEPT = Action(command="capture.judge", label="Accept trial 1", enabled=True)


def seen(gait: tuple[GaitSide, ...], view: str, size: tuple[int, int] = (80, 12)) -> str:
    codes, _ = walk_picture(replace(CAPTURE, gait=gait), view, size, "braille")
    assert codes.shape == (size[1], size[0])
    return "\n".join(text_of(line) for line in codes)


def test_there_is_a_view_for_what_was_measured_and_for_nothing_else() -> None:
    assert views(None) == views(CAPTURE) == ()
    assert views(replace(CAPTURE, gait=FEET)) == ("pitch_deg", "paths", "figure")
    assert views(replace(CAPTURE, gait=LEGS)) == ("pitch_deg", "ankle_deg", "knee_deg", "paths", "figure")
    assert views(replace(CAPTURE, gait=both(REFUSED, REFUSED))) == ("pitch_deg",)


def test_the_key_goes_through_the_views_and_back_to_the_live_picture() -> None:
    picture = Picture(snapshot=capture_snapshot(replace(CAPTURE, gait=FEET)), plot=True)
    went = []
    for _ in range(5):
        picture = next_view(picture)
        went.append((picture.plot, picture.walk))
    assert went == [(True, "pitch_deg"), (True, "paths"), (True, "figure"), (False, ""), (True, "")]
    alone = next_view(Picture(snapshot=capture_snapshot(CAPTURE), plot=True))
    assert (alone.plot, alone.walk) == (False, "")


def test_a_foots_angle_is_never_called_a_joints() -> None:
    assert "segment, no joint" in seen(FEET, "pitch_deg")
    assert "nominal" in seen(FEET, "figure")
    assert "Lengths (foot 26 cm)" in seen(FEET, "figure")
    assert "Lengths (foot 26, shank 42, thigh 42 cm)" in seen(LEGS, "figure", (80, 20))


def test_what_has_no_curve_says_why_in_its_place() -> None:
    for view in ("pitch_deg", "paths", "figure"):
        assert "1 straight cycles" in seen(ONE, view), view
    assert "no sensor on the thigh" in seen(LEGS, "knee_deg")
    assert "not in the mean: 2 in a turn" in seen(FEET, "paths")
    assert "clears 6.0 ±0.6 cm" in seen(FEET, "paths")


@pytest.mark.parametrize("size", [(8, 3), (1, 1), (51, 8), (200, 60)])
def test_every_size_is_filled_and_none_breaks(size: tuple[int, int]) -> None:
    for gait in (FEET, LEGS, ONE):
        for view in views(replace(CAPTURE, gait=gait)):
            for ladder in ("braille", "half", "ascii"):
                codes, inks = walk_picture(replace(CAPTURE, gait=gait), view, size, ladder)
                assert codes.shape == inks.shape == (size[1], size[0])


def test_a_stick_is_as_long_and_leans_as_it_says() -> None:
    given = leg(legs=True)
    sticks = both(given, REFUSED)[0].sticks
    assert [stick.segment for stick in sticks] == ["foot", "shank", "thigh"] * MOMENTS
    assert [stick.segment for stick in FEET[0].sticks] == ["foot"] * MOMENTS
    for number, stick in enumerate(sticks):
        name, at = stick.segment, 10 * (number // 3)
        across, upward = stick.to_x_cm - stick.x_cm, stick.to_y_cm - stick.y_cm
        assert math.hypot(across, upward) == pytest.approx(LENGTHS_CM[name], abs=0.2)
        # a foot's toes up, or a segment's lower end forward, so that its upper end lies behind
        lean = math.atan2(upward, across) if name == "foot" else math.atan2(-across, upward)
        key = "pitch_deg" if name == "foot" else f"{name}_deg"
        assert math.degrees(lean) == pytest.approx(given[key]["mean"][at], abs=0.5)
    assert ONE[1].sticks == ()
    assert ONE[1].nominal == ()


@pytest.mark.parametrize(("size", "glyphs"), [((80, 24), "half"), ((100, 30), "half"), ((160, 48), "braille")])
async def test_walks_look_as_agreed(size: tuple[int, int], glyphs: str, tmp_path: Path) -> None:
    differ: list[str] = []
    environment = ENVIRONMENT | {"BEDSIDE_GLYPHS": glyphs}
    start = capture_snapshot(CAPTURE, next_=ACCEPT)
    async with kiosk(tmp_path, start, size=size, environment=environment) as user:
        for n, (name, gait) in enumerate((("feet", FEET), ("legs", LEGS), ("one", ONE)), 1000):
            user.peer.put(replace(capture_snapshot(replace(CAPTURE, gait=gait), next_=ACCEPT), n=n))
            await user.until(partial(_heard, user, n), name)
            if not user.app.picture.plot:
                await user.press(BY_ID["plot"].keys[0])
            for view in views(_capture(user.app.picture)):
                await user.press(BY_ID["plot"].keys[0])
                assert user.app.picture.walk == view
                if name == "feet" or (size == (80, 24) and view in {"knee_deg", "figure"}):
                    differ += differing(f"walk-{size[0]}x{size[1]}-{name}-{view}", await user.settle())
            await user.press(BY_ID["plot"].keys[0])
            assert not user.app.picture.plot
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


def _heard(user: Kiosk, n: int) -> bool:
    return user.app.picture.snapshot.n == n


def _capture(picture: Picture) -> Capture:
    assert picture.capture is not None
    return picture.capture
