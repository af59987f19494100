"""Bones and joints in a gait robot: what is asked before, and what the fitting must say."""

import pytest

from bedside import commands as c
from bedside.events import Value
from bedside.refusal import Refusal
from bedside.visit import forms
from tests.helpers.bed_ready import bed_at
from tests.helpers.paired_bed import paired_bed


@pytest.mark.parametrize(
    ("item", "value", "holds"),
    [
        ("bone_fragility", "no", False),
        ("bone_fragility", "yes", True),
        ("bone_fragility", "unknown", True),
        ("bone_leg", False, False),
        ("bone_leg", True, True),
    ],
)
def test_brittle_bones_and_a_swollen_leg_are_a_physicians(item: str, value: Value, holds: bool) -> None:
    bed = bed_at("screening")
    bed.fill()
    bed.ask(c.Answer(step="screening", item=item, value=value))
    if holds:
        with pytest.raises(Refusal) as why:
            bed.ask(c.NextStep())
        assert why.value.remedy == "a physician decides"
    else:
        bed.ask(c.NextStep())
        assert bed.state.step == "posture"


def test_they_are_not_asked_where_there_is_no_robot() -> None:
    assert not any(item.id.startswith("bone_") for item in forms.items(paired_bed().state, "screening"))


def test_nobody_is_stimulated_in_a_robot_whose_joints_were_not_aligned() -> None:
    bed = bed_at("fit")
    bed.fill()
    bed.ask(c.Answer(step="fit", item="joints_aligned", value=False))
    with pytest.raises(Refusal, match="axes aligned"):
        bed.ask(c.NextStep())
