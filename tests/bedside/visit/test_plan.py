"""The plans of the shipped studies, and plans that are refused."""

from pathlib import Path

import msgspec
import pytest

from bedside.assess import calendar
from bedside.config import ConfigError, load_study
from bedside.config.assessments import AssessmentPoint
from bedside.visit.setup import check_plan, load_catalogue

CONFIGS = Path(__file__).parents[3] / "configs"


def days(study: str, first: str, last: str) -> dict[str, tuple[str, str] | None]:
    points = load_study(CONFIGS, study).assessments
    return {point.id: calendar.window(point, first, last) for point in points}


def test_the_stroke_study_assesses_within_a_day_of_its_first_and_last_session() -> None:
    found = days("stroke-ragt-lfrtms", "2026-01-05", "2026-02-01")
    assert found["T0"] == ("2026-01-04", "2026-01-05")
    assert found["T1"] == ("2026-02-01", "2026-02-02")


def test_the_spinal_cord_study_assesses_the_day_before_and_in_weeks_4_8_and_12() -> None:
    found = days("isci-itbs-tsdcs", "2026-01-05", "2026-02-28")
    assert found["week 0"] == ("2026-01-04", "2026-01-04")
    assert found["week 4"] == ("2026-02-02", "2026-02-03")
    assert found["week 8"] == ("2026-03-02", "2026-03-03")
    assert found["week 12"] == ("2026-03-30", "2026-03-30")


@pytest.mark.parametrize("study", ["stroke-ragt-lfrtms", "isci-itbs-tsdcs"])
def test_every_shipped_plan_names_instruments_that_are_there(study: str) -> None:
    check_plan(CONFIGS, load_study(CONFIGS, study), load_catalogue(CONFIGS))


@pytest.mark.parametrize(
    ("instruments", "blinded", "words"),
    [
        (("fma_el",), False, "did you mean 'fma_le'"),
        (("mep",), True, "must not know intensities"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(instruments: tuple[str, ...], blinded: bool, words: str) -> None:
    point = AssessmentPoint(id="T5", title="wrong", instruments=instruments, blinded=blinded)
    study = msgspec.structs.replace(load_study(CONFIGS, "stroke-ragt-lfrtms"), assessments=(point,))
    with pytest.raises(ConfigError, match=r"assessments\.T5\.instruments") as why:
        check_plan(CONFIGS, study, load_catalogue(CONFIGS))
    assert words in str(why.value)


def test_a_point_planned_twice_is_refused() -> None:
    point = AssessmentPoint(id="T5", title="twice", instruments=("fac",))
    study = msgspec.structs.replace(load_study(CONFIGS, "stroke-ragt-lfrtms"), assessments=(point, point))
    with pytest.raises(ConfigError, match="planned twice"):
        check_plan(CONFIGS, study, load_catalogue(CONFIGS))
