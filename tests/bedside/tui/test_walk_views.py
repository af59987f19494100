"""A walk's curves, paths and stick figure on the screen: by the view's key, and nothing drawn that was not measured."""

import math
from functools import partial
from pathlib import Path

import msgspec
import pytest

from bedside.snapshot import Action, Capture, GaitCurve, GaitSide, Result, ResultRow, TrialLine
from bedside.tui.actions import BY_ID
from bedside.tui.canvas import text_of
from bedside.tui.picture import Picture
from bedside.tui.sticks import FOOT_CM, MOMENTS, SHANK_CM, sticks
from bedside.tui.walkviews import next_view, views, walk_picture
from tests.bedside.tui.assess_scenes import GAIT, capture_snapshot
from tests.bedside.tui.screen import ENVIRONMENT, Kiosk, kiosk
from tests.bedside.tui.test_golden import differing

replace = msgspec.structs.replace
SHARE = tuple(n / 50 for n in range(51))


def curve(name: str, mean: tuple[float, ...], sd: float | None = 2.0) -> GaitCurve:
    return GaitCurve(name=name, cycles=9, mean=mean, sd=() if sd is None else (sd,) * len(mean))


def walked(side: GaitSide, *, legs: bool = False, deep: float = 1.0) -> GaitSide:
    """Curves of roughly a walk's shape; `deep` makes another leg."""
    swing = tuple(max(0.0, math.sin(math.pi * (x - 0.6) / 0.4)) if x > 0.6 else 0.0 for x in SHARE)
    pitch = tuple(
        20 * max(0.0, 1 - 8 * x) - 55 * deep * math.exp(-(((x - 0.62) / 0.1) ** 2)) + 20 * max(0.0, 8 * x - 7)
        for x in SHARE
    )
    found = [
        curve("pitch_deg", pitch),
        curve("up_cm", tuple(12 * deep * y for y in swing), 0.6),
        curve("forward_cm", tuple(110 * max(0.0, (x - 0.55) / 0.45) ** 1.5 for x in SHARE), None),
    ]
    if legs:
        shank = tuple(18 - 60 * math.sin(math.pi * min(x / 0.7, 1)) if x < 0.7 else 18.0 for x in SHARE)
        thigh = tuple(25 * math.cos(2 * math.pi * x) for x in SHARE)
        knee = tuple(t - s for t, s in zip(thigh, shank, strict=True))
        ankle = tuple(p - s for p, s in zip(pitch, shank, strict=True))
        found += [curve("knee_deg", knee), curve("ankle_deg", ankle, 3.0)]
        found += [curve("shank_deg", shank, None), curve("thigh_deg", thigh, None)]
    return replace(side, cycles=9, curves=tuple(found), toe_off_pct=63.0, clearance_cm=12.0 * deep, clearance_sd_cm=0.6)


LEFT, RIGHT = GaitSide(side="left"), GaitSide(side="right")
FEET = (walked(LEFT), replace(walked(RIGHT, deep=0.5), notes=("not in the mean: 2 in a turn",)))
LEGS = (walked(LEFT, legs=True), replace(walked(RIGHT, deep=0.5), notes=("no knee angle: no sensor on the thigh",)))
TOO_FEW = "1 straight cycles from contact to contact, 3 are needed (left out: 4 in a turn)"
ONE = (walked(LEFT), replace(RIGHT, refusal=TOO_FEW))
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
    assert views(replace(CAPTURE, gait=(replace(LEFT, refusal=TOO_FEW), ONE[1]))) == ("pitch_deg",)


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
    feet, legs = sticks(FEET[0]), sticks(LEGS[0])
    assert len(feet) == MOMENTS
    assert len(legs) == 3 * MOMENTS
    for number, ((x0, y0), (x1, y1)) in enumerate(feet):
        lean = math.degrees(math.atan2(y1 - y0, x1 - x0))
        assert math.hypot(x1 - x0, y1 - y0) == pytest.approx(FOOT_CM)
        assert lean == pytest.approx(FEET[0].curves[0].mean[5 * number], abs=1e-6)
    shank = LEGS[0].curve("shank_deg")
    assert shank is not None
    for number, ((x0, y0), (x1, y1)) in enumerate(legs[1::3]):
        assert math.hypot(x1 - x0, y1 - y0) == pytest.approx(SHANK_CM)
        # lower end forward is positive: the upper end then lies behind
        assert math.degrees(math.atan2(x0 - x1, y1 - y0)) == pytest.approx(shank.mean[5 * number], abs=1e-6)
    assert sticks(ONE[1]) == ()


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
