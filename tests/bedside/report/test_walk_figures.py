"""A walk in the report: what is drawn, in words too, and never what was not measured."""

from typing import Any

from bedside.report.html import html
from bedside.report.model import Figure, Report, Section
from bedside.report.text import text
from bedside.report.walk_figures import walk_figures
from tests.bedside.tui.test_walk_views import REFUSED, leg


def figures(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Figure]:
    made = walk_figures({"curves": {"left": left, "right": right}}, "walk, trial 1")
    return {figure.caption.removesuffix(": walk, trial 1"): figure for figure in made}


def test_two_feet_give_their_angle_height_path_and_figure_and_no_joint() -> None:
    made = figures(leg(), leg(deep=0.5, left_out={"in a turn": 2}))
    assert list(made) == [
        "Angle of the foot to the floor",
        "Height of the foot's sensor",
        "Path of the foot's sensor from the side",
        "Stick figure, left leg",
        "Stick figure, right leg",
    ]
    foot = made["Angle of the foot to the floor"]
    assert "no joint's" in foot.note
    assert "Not in the mean, right: 2 in a turn." in foot.note
    assert "Left from -55.0 to 20.0 deg over 9 cycles, standard deviation 2.0 deg on average" in foot.text
    assert [len(series.sd) for series in foot.series] == [101, 101]
    assert foot.series[0].x[-1] == 100.0
    assert "clearance 6.0 cm" in made["Path of the foot's sensor from the side"].text
    sticks = made["Stick figure, left leg"]
    assert "lengths (foot 26 cm) are nominal" in sticks.note
    assert sticks.square
    assert len(sticks.series[0].x) == 2 * 11


def test_legs_with_sensors_have_joints_and_a_side_without_says_why() -> None:
    made = figures(leg(legs=True), leg(refused={"knee_deg": "no sensor on the thigh"}))
    assert [series.label for series in made["Knee angle"].series] == ["left"]
    assert "Not drawn, right: no sensor on the thigh." in made["Knee angle"].note
    assert len(made["Stick figure, left leg"].series[0].x) == 2 * 33
    alone = figures(leg(), REFUSED)
    assert "Not drawn, right: 1 straight cycles" in alone["Height of the foot's sensor"].note
    assert "Stick figure, right leg" not in alone
    assert figures(REFUSED, REFUSED) == {}
    assert list(walk_figures({}, "x")) == list(walk_figures({"curves": None}, "x")) == []


def test_both_reports_hold_the_figures_and_their_words() -> None:
    drawn = tuple(figures(leg(legs=True), leg(legs=True)).values())
    report = Report(title="t", facts=(), sections=(Section(title="Gait", figures=drawn),))
    page, lines = html(report), " ".join(text(report).split())
    for figure in drawn:
        for words in (figure.note, figure.text, figure.caption):
            assert words.replace("'", "&#x27;") in page
            assert words in lines
