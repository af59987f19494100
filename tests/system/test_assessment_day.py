"""A first assessment day by keys alone: scales, a walk and a stance, STOP in between, signed, proven, blinded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.config.scale_files import load_scales
from bedside.events import CaptureAnalysed, CaptureStopped
from tests.helpers.assess_by_keys import (
    CONFIGS,
    again,
    blinded,
    closed_and_proven,
    demonstration,
    digits,
    keyed,
    recorded_between,
    total,
    truth,
    zero,
)
from tests.helpers.at_the_screen import Opener

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

WALK_S = 26.0
FEET = ("imu_nus_left", "imu_nus_right")
PLATE = "force_board_dual"


async def test_a_first_assessment_day_by_keys(
    tmp_path: Path, terminal: Opener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scales = load_scales(CONFIGS)
    fma, bbs, mmt, fac = (scales[name] for name in ("fma_le", "bbs", "mmt", "fac"))
    legs = digits(fma, *"22212101211221121") | {"FML17S": ("3", ".5")}
    balance = digits(bbs, *"43340332321210") | {"BBS05": ("n", "1"), "BBS02S": ("9", "0")}
    strength = digits(mmt, *"454321")
    async with demonstration(tmp_path / "demo", terminal, "--study stroke-ragt-lfrtms") as day:
        assert day.beside is not None
        await day.signs_in()
        await day.opens("D-0017", "1957", "T0")
        await day.sees("2 of 3 +Assess", at=day.beside)
        await day.scores(fma, legs)
        await day.stops(day.beside)
        await day.scores(bbs, balance)
        await day.scores(mmt, strength)
        await day.scores(fac, {"FAC01": ("3",), "FACAID": ("2",)})
        await day.opens_capture("Walking overground")
        assert not list(day.root.rglob("*.mcap*")), "looking alone records nothing"
        await day.records(WALK_S)
        await day.stops(day.kiosk)
        await day.sees("Accept trial")
        for picture in ("Foot to the floor", "Path of the foot", "Stick figure"):
            await day.presses("v", till=picture)
        await day.accepts()
        walked = (await truth(day.root))["strides"]
        await day.finishes(whole=False)
        await day.opens_capture("Quiet standing")
        await zero(day)
        await day.records()
        await day.accepts()
        await day.finishes(whole=False)
        await day.signs()
        await day.leaves()
    keyed(day, {"fma_le": total(legs), "bbs": None, "mmt": total(strength), "fac": 3.0})
    assert day.closed("fac").conditions["FACAID"] == "one stick"
    assert day.closed("gait_overground").reason == day.closed("balance_static").reason == "no time"
    assert [stopped.cause for stopped in day.told(CaptureStopped)] == ["time", "time"], "STOP ends no recording"
    recorded_between(day, *FEET, PLATE)
    walk, stand = day.told(CaptureAnalysed)
    again(day, walk, monkeypatch, capsys)
    again(day, stand, monkeypatch, capsys)
    as_walked(walk.values, walked)
    as_one_stands(stand.values)
    closed_and_proven(day, capsys)
    blinded(day, b"FML17S", "Quiet standing")


def as_walked(values: Mapping[str, float], strides: list[dict[str, Any]]) -> None:
    """Speed and stride time are those of the simulated walk."""
    times = np.array([stride["next_contact_s"] - stride["contact_s"] for stride in strides])
    lengths = np.array([stride["length_m"] for stride in strides])
    assert len(strides) > 10
    assert values["gait_cycle"] == pytest.approx(times.mean(), rel=0.03)
    assert values["speed"] == pytest.approx(lengths.sum() / times.sum(), rel=0.05)
    assert values["ten_metre_speed"] == pytest.approx(lengths.sum() / times.sum(), rel=0.08)


def as_one_stands(values: Mapping[str, float]) -> None:
    """What quiet standing measures in people."""
    assert 10.0 < values["path_length"] < 200.0
    assert values["mean_speed"] == pytest.approx(values["path_length"] / 30.0, rel=0.01)
    assert 0.1 < values["envelope_area"] < 60.0
    assert 5.0 < values["load_left"] < 95.0
