"""A participant's own limits of stability: from accepted leans alone, into the next trial's settings and targets."""

import pytest

from bedside.assess.capturing import start
from bedside.assess.catalogue import Catalogue
from bedside.assess.limits import as_setting, limit_cm, own_limits_cm, polygon_cm
from bedside.assess.state import Assessment, Trial, Work
from bedside.assess.view import capture_view
from bedside.commands import StartCapture
from bedside.config.captures import load_captures
from bedside.events import CaptureAnalysed, CaptureStarted, CaptureStopped, Event, TrialJudged
from dsp.posture import theoretical_limit_cm
from tests.helpers.bed import CONFIGS

CATALOGUE = Catalogue(captures=load_captures(CONFIGS))
LIMITS = CATALOGUE.captures["balance_limits"]
NAMES = {"instrument": "balance_limits", "task": "own_limits"}


def leaned(trial: int, accepted: bool | None, **values: float) -> Trial:
    told = {**NAMES, "trial": trial}
    judged = None if accepted is None else TrialJudged(**told, accepted=accepted, reason="")
    return Trial(
        started=CaptureStarted(**told, seconds=101.0),
        started_ns=0,
        stopped=CaptureStopped(**told, cause="time", seconds=101.0),
        analysed=CaptureAnalysed(**told, method="m", values={"maximum_mean": 9.0, **values}),
        judged=judged,
    )


WORK = Work(
    trials=(
        leaned(1, True, limit_000=10.0, limit_090=12.0, limit_270=6.0),
        leaned(2, True, limit_000=14.0, limit_090=12.0),
        leaned(3, False, limit_000=90.0, limit_180=90.0),
    )
)


def at(work: Work) -> Assessment:
    """An assessment with the limits of stability open."""
    name = "balance_limits"
    return Assessment(point="T0", instruments=(name,), blinded=True, works={name: work}, open=name)


def test_only_accepted_leans_make_a_limit() -> None:
    limits = own_limits_cm(WORK)
    assert limits == {0.0: 12.0, 90.0: 12.0, 270.0: 6.0}
    assert as_setting(limits) == "0:12.00,90:12.00,270:6.00"
    assert limit_cm(limits, 360.0, 170.0) == 12.0
    assert limit_cm(limits, 45.0, 170.0) == theoretical_limit_cm(170.0, 45.0)
    assert limit_cm(limits, 45.0, None) is None


def test_the_polygon_goes_round_and_needs_three_corners() -> None:
    corners = polygon_cm(own_limits_cm(WORK))
    assert corners == (pytest.approx((12.0, 0.0)), pytest.approx((0.0, 12.0)), pytest.approx((0.0, -6.0)))
    assert polygon_cm({0.0: 12.0, 90.0: 12.0}) == ()


def test_the_analysis_is_told_of_the_person_and_of_their_own_limits() -> None:
    person = {"paretic": "left", "height_cm": None}
    events: tuple[Event, ...] = start(at(WORK), CATALOGUE, StartCapture(task="reach"), {}, person)
    (started,) = events
    assert isinstance(started, CaptureStarted)
    assert started.settings == {
        "paretic": "left",
        "limits_cm": "0:12.00,90:12.00,270:6.00",
        **LIMITS.tasks[1].settings,
    }


def test_the_target_is_a_share_of_the_own_limit() -> None:
    reach = Trial(
        started=CaptureStarted(instrument="balance_limits", task="reach", trial=1, seconds=101.0),
        started_ns=0,
        cues=((5, "lean forward"),),
    )
    work = Work(trials=(*WORK.trials, reach))
    shown = capture_view(at(work), LIMITS, 6 * 10**9, (), "left")
    assert shown.target is not None
    assert shown.target[:2] == pytest.approx((0.0, 9.0))
    assert len(shown.limits_cm) == 3
