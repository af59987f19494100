"""What a walk's analysis gives beside its strides: the table, the identities, the curves, the foot's shape."""

from dataclasses import replace

import numpy as np
import pytest

from dsp.gait import analyse
from dsp.gait.curves import CLIPPED, FILLED, POINTS, curves
from dsp.gait.identities import broken
from dsp.gait.model import SIDES, Gait, Stride
from dsp.gait.summary import summarise
from dsp.gait.table import COLUMNS, change, columns, limb_columns
from dsp.gait.ten_metre import ten_metre
from tests.helpers.walking_feet import PITCH, pair


@pytest.fixture(scope="module")
def walked() -> Gait:
    return analyse(*pair())


def test_the_eleven_columns_have_their_units(walked: Gait) -> None:
    assert [column.key for column in COLUMNS] == [
        "step_length_left_cm",
        "step_length_right_cm",
        "gait_cycle_s",
        "step_frequency_per_min",
        "speed_m_s",
        "swing_left_pct",
        "swing_right_pct",
        "stance_left_pct",
        "stance_right_pct",
        "double_support_initial_pct",
        "double_support_terminal_pct",
    ]
    ends = {"cm": "_cm", "s": "_s", "steps/min": "_per_min", "m/s": "_m_s", "%": "_pct"}
    assert all(column.key.endswith(ends[column.unit]) for column in COLUMNS)
    assert walked.summary is not None
    found = columns(walked.summary)
    assert list(found) == [column.key for column in COLUMNS]
    assert found["gait_cycle_s"] == pytest.approx(1.1, abs=0.01)
    assert found["step_frequency_per_min"] == pytest.approx(120 / 1.1, rel=0.01)
    assert found["speed_m_s"] == pytest.approx(1.2 / 1.1, rel=0.02)
    lengths = [found["step_length_left_cm"], found["step_length_right_cm"]]
    assert sum(length or 0.0 for length in lengths) == pytest.approx(120, rel=0.02)


def test_limbs_are_the_sides_by_another_name(walked: Gait) -> None:
    assert walked.summary is not None
    sided = columns(walked.summary)
    for paretic, other in (SIDES, SIDES[::-1]):
        limbs = limb_columns(walked.summary, paretic)
        assert limbs["swing_paretic_pct"] == sided[f"swing_{paretic}_pct"]
        assert limbs["step_length_non_paretic_cm"] == sided[f"step_length_{other}_cm"]
        assert len(limbs) == 6


@pytest.mark.parametrize(
    ("key", "before", "after", "means"),
    [
        ("gait_cycle_s", 1.3, 1.1, "better"),
        ("swing_left_pct", 30.0, 40.0, "better"),
        ("stance_right_pct", 70.0, 60.0, "better"),
        ("double_support_initial_pct", 20.0, 12.0, "better"),
        ("step_length_left_cm", 40.0, 35.0, "worse"),
        ("step_frequency_per_min", 80.0, 90.0, "better"),
        ("speed_m_s", 0.5, 0.5, "same"),
    ],
)
def test_a_change_is_better_in_its_own_direction(key: str, before: float, after: float, means: str) -> None:
    assert change(key, before, after) == means


# rows of a published table of a gait-robot trial, as far as they are quoted where it is criticised
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"gait_cycle_s": 3.7, "step_frequency_per_min": 69.3}, "step frequency"),
        ({"swing_right_pct": 40.0, "stance_right_pct": 55.4}, "right swing and stance"),
        ({"swing_right_pct": 40.0, "stance_right_pct": 57.7}, "right swing and stance"),
        ({"swing_right_pct": 40.0, "stance_right_pct": 63.1}, "right swing and stance"),
        ({"swing_left_pct": 40.0, "stance_left_pct": 59.4}, "left swing and stance"),
        (
            {"stride_length_m": 0.40, "gait_cycle_s": 1.0, "speed_m_s": 0.3, "speed_rounding_m_s": 0.1},
            "speed is not stride length",
        ),
        ({"stance_left_pct": 68.0, "stance_right_pct": 69.5, "double_support_pct": 45.1}, "double support"),
        ({"stance_left_pct": 73.0, "stance_right_pct": 73.1, "double_support_pct": 28.2}, "double support"),
    ],
)
def test_a_printed_row_that_contradicts_itself_is_named(row: dict[str, float], words: str) -> None:
    found = broken(**row)
    assert len(found) == 1
    assert words in found[0]


def test_a_printed_row_within_its_rounding_is_left_alone() -> None:
    assert broken(stride_length_m=0.37, gait_cycle_s=1.0, speed_m_s=0.4, speed_rounding_m_s=0.1) == ()
    assert broken(swing_left_pct=40.3, stance_left_pct=60.2, gait_cycle_s=1.1, step_frequency_per_min=112) == ()


def test_the_side_view_runs_from_contact_to_contact(walked: Gait) -> None:
    found = curves(walked.strides, "left")
    assert (found.refusal, found.cycles, found.left_out, found.refused) == (None, 11, {}, {})
    assert set(found.by_name) == {"forward_cm", "left_cm", "up_cm", "pitch_deg"}  # a foot alone has no joint
    for curve in found.by_name.values():
        assert curve.mean.shape == curve.sd.shape == (POINTS,)
        assert (curve.sd >= 0).all()
    forward, up, pitch = (found.by_name[name].mean for name in ("forward_cm", "up_cm", "pitch_deg"))
    assert forward[-1] - forward[0] == pytest.approx(120, rel=0.02)
    assert up.max() == pytest.approx(12, abs=2)
    assert found.clearance_cm is not None
    assert found.clearance_cm[0] == pytest.approx(12, abs=2)
    assert 0 <= found.clearance_cm[1] < 0.2
    assert pitch.min() == pytest.approx(-PITCH[2][1], abs=4)
    assert np.abs(found.by_name["left_cm"].mean).max() < 2
    assert found.toe_off_pct == pytest.approx(64, abs=3)


def test_half_a_stride_out_of_standing_and_into_it_is_in_no_mean(walked: Gait) -> None:
    own = [later(stride, 2.0) for stride in walked.strides if stride.side == "left"]
    lasts_s = own[-1].next_mid_stance_s + 2.0
    halves = [replace(own[0], stride_length_m=0.6), *own[1:-1], replace(own[-1], stride_length_m=0.3)]
    found = summarise(halves, lasts_s=lasts_s).left
    assert found is not None
    assert (found.strides, found.turns, found.at_ends) == (12, 0, 2)
    assert found.stride_length_cm == pytest.approx(120, rel=0.02)
    assert found.speed_m_s == pytest.approx(1.2 / 1.1, rel=0.02)
    stops = [replace(stride, stride_length_m=0.5 if n in (5, 6) else 1.2) for n, stride in enumerate(own)]
    paused = summarise([*stops[:6], *(later(stride, 3.0) for stride in stops[6:])], lasts_s=lasts_s + 3.0).left
    assert paused is not None
    assert (paused.at_ends, paused.stride_length_cm) == (4, pytest.approx(120))
    few = summarise(halves[:4], lasts_s=lasts_s).left
    assert few is not None
    assert (few.strides, few.at_ends) == (4, 0), "two whole strides alone are no mean of a walk"
    begun = [later(stride, 0.5 - own[0].mid_stance_s) for stride in own]
    on_a_belt = summarise(begun, lasts_s=begun[-1].next_mid_stance_s + 0.5).left
    assert on_a_belt is not None
    assert on_a_belt.at_ends == 0, "a recording in the middle of a walk begins with a whole stride"


def later(stride: Stride, by_s: float) -> Stride:
    """The same stride at another time."""
    return replace(stride, mid_stance_s=stride.mid_stance_s + by_s, next_mid_stance_s=stride.next_mid_stance_s + by_s)


def test_what_has_no_place_in_a_mean_is_left_out_and_counted(walked: Gait) -> None:
    few = curves(walked.strides[:4], "left")
    assert few.refusal is not None
    assert few.refusal.startswith("1 straight cycles from contact to contact, 3 are needed")
    assert few.by_name == {}
    own = [stride for stride in walked.strides if stride.side == "left"]
    clean = curves(own, "left")
    spoilt = [*own[:4], replace(own[4], is_turn=True), *own[5:8], replace(own[8], flags=(CLIPPED,)), *own[9:]]
    spoilt[6] = replace(own[6], flags=(FILLED,))
    found = curves(spoilt, "left")
    assert found.left_out == {"in a turn": 2, "with a sensor at the end of its range": 2}
    assert (found.cycles, found.filled) == (clean.cycles - 4, 2)
    turning = curves([replace(stride, is_turn=True) for stride in own], "left")
    assert turning.refusal is not None
    assert turning.refusal.endswith("(left out: 11 in a turn)")


def test_the_foot_leaves_on_its_toes_and_lands_on_its_heel(walked: Gait) -> None:
    assert walked.summary is not None
    for side in (walked.summary.left, walked.summary.right):
        assert side is not None
        assert side.toe_off_angle_deg is not None
        assert side.strike_angle_deg is not None
        assert side.toe_off_angle_deg < -20
        assert side.strike_angle_deg > 10
        assert side.single_support_pct is not None
        assert side.least_swing_height_cm is None  # one top
    assert walked.summary.swing_ratio == pytest.approx(1.0, abs=0.05)
    assert walked.summary.single_support_index_pct == pytest.approx(0.0, abs=5.0)


def test_on_a_belt_there_are_no_ten_metres(walked: Gait) -> None:
    assert ten_metre(walked).speed_m_s is not None
    assert "belt" in (ten_metre(walked, belt=True).reason or "")
    assert ten_metre(walked, belt=True).time_s is None
