"""Deviations: another examiner, another version, another walking aid."""

from pathlib import Path

import pytest

from bedside.assess.deviations import condition_deviation, examiner_deviation, version_deviation
from bedside.assess.scoring import Entry
from bedside.config import load_scales

SCALES = load_scales(Path(__file__).parents[3] / "configs")


@pytest.mark.parametrize(
    ("name", "earlier", "now", "words"),
    [
        ("lems", "PT1", "PT2", "was PT1; now it is PT2"),
        ("lems", "PT1", "pt1 ", ""),
        ("lems", "PT1", "", "now it is nobody named"),
        ("lems", "", "PT2", ""),
        ("barthel", "PT1", "PT2", ""),
    ],
)
def test_another_examiner_is_a_deviation_where_the_scale_wants_the_same(
    name: str, earlier: str, now: str, words: str
) -> None:
    found = examiner_deviation(SCALES[name], earlier, now)
    assert words in found
    assert bool(found) == bool(words)


def test_another_form_version_is_told() -> None:
    scale = SCALES["fma_le"]
    assert version_deviation(scale, scale.version) == ""
    assert "may not compare" in version_deviation(scale, "17 items, full marks up to 1 s")


def test_a_changed_walking_aid_is_told() -> None:
    scale = SCALES["fac"]
    before = {"FAC01": Entry("2"), "FACAID": Entry("walker"), "FACORT": Entry("none")}
    assert condition_deviation(scale, before, {**before, "FAC01": Entry("4")}) == ""
    found = condition_deviation(scale, before, {**before, "FACAID": Entry("one stick")})
    assert "walking aid one stick now, walker before" in found
    assert "not known now" in condition_deviation(scale, before, {"FACAID": Entry("walker")})
