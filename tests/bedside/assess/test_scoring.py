"""Scoring: values that fit, rules, totals that are never typed, changes to confirm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.assess.items import allowed_text, number_of, side_at
from bedside.assess.scoring import Entry, Standing, applied, checked, standing, unlikely
from bedside.config import Scale, ScaleItem, load_scales
from bedside.events import Missing, Value
from bedside.refusal import Refusal

CONFIGS = Path(__file__).parents[3] / "configs"
SCALES = load_scales(CONFIGS)
SUMMED = sorted(name for name, scale in SCALES.items() if scale.result == "sum")
REASONS: tuple[Missing, ...] = tuple(reason for reason in get_args(Missing) if reason)


def levels(scale: Scale, place: int = -1) -> dict[str, Entry]:
    """Every item of the total at its lowest (0) or highest (-1) counted level."""
    counted = {
        item.code: [level for level in item.allowed if scale.number(level) is not None]
        for item in scale.items
        if item.kind == "levels"
    }
    return {code: Entry(texts[place]) for code, texts in counted.items()}


def legal(item: ScaleItem) -> st.SearchStrategy[Value]:
    match item.kind:
        case "levels" | "choice":
            return st.sampled_from(item.allowed)
        case "number":
            low, high = item.low or 0.0, item.high or 0.0
            whole = st.integers(int(low), int(high)).filter(lambda number: low <= number <= high)
            return whole if item.digits == 0 else st.floats(low, high)
        case "text":
            return st.text(max_size=30)


def filled(scale: Scale, *, whole: bool) -> st.SearchStrategy[dict[str, Entry]]:
    """Random legal forms; `whole` ones have a value in every required item and no untested level."""

    def entry(item: ScaleItem) -> st.SearchStrategy[Entry]:
        values = legal(item).filter(lambda value: not whole or value not in scale.untested)
        given_values = values.map(lambda value: Entry(checked(scale, item.code, value)))
        return given_values if whole else given_values | st.sampled_from(REASONS).map(lambda why: Entry(None, why))

    needed = {item.code: entry(item) for item in scale.items if item.required and whole}
    free = {item.code: entry(item) for item in scale.items if item.code not in needed}
    return st.fixed_dictionaries(needed, optional=free)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("fma_le", 0, 34), ("bbs", 0, 56), ("mmt", 0, 30), ("lems", 0, 50), ("fac", 0, 5), ("barthel", 0, 100)],
)
def test_both_ends_of_a_total_can_be_reached(name: str, low: float, high: float) -> None:
    scale = SCALES[name]
    assert (standing(scale, levels(scale, 0)).total, standing(scale, levels(scale)).total) == (low, high)
    assert (scale.min, scale.max) == (low, high)
    for _, _, value, most in standing(scale, levels(scale)).subscores:
        assert value == most


def test_every_summed_scale_is_among_those() -> None:
    assert set(SUMMED) == {"fma_le", "bbs", "mmt", "lems", "fac", "barthel"}


@pytest.mark.parametrize("name", SUMMED)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_whole_form_has_a_total_inside_its_range_that_is_the_sum(name: str, data: st.DataObject) -> None:
    scale = SCALES[name]
    found = standing(scale, data.draw(filled(scale, whole=True)))
    assert found.complete
    assert not found.partial
    assert found.total is not None
    assert scale.min is not None
    assert scale.max is not None
    assert scale.min <= found.total <= scale.max
    assert all(value is not None and 0 <= value <= most for _, _, value, most in found.subscores)
    if scale.subscores:
        assert sum(value or 0.0 for _, _, value, _ in found.subscores) == found.total


@pytest.mark.parametrize("name", sorted(SCALES))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_form_as_it_grows_never_passes_the_highest_and_has_no_total_while_anything_lacks(
    name: str, data: st.DataObject
) -> None:
    scale = SCALES[name]
    entries = data.draw(filled(scale, whole=False))
    found = standing(scale, entries)
    lacks = bool(found.open or found.missing or found.problem)
    assert (found.total is None) == (lacks or scale.result == "none")
    assert scale.max is None or found.running <= scale.max
    assert set(found.open).isdisjoint(found.missing)
    assert found.next_code == (found.open[0] if found.open else "")
    assert applied(scale, applied(scale, entries)) == applied(scale, entries)


@pytest.mark.parametrize("name", SUMMED)
def test_one_missing_item_makes_a_form_partial_and_nothing_is_prorated(name: str) -> None:
    scale = SCALES[name]
    whole = levels(scale)
    for code in whole:
        for reason in REASONS:
            found = standing(scale, {**whole, code: Entry(None, reason)})
            if found.missing == ():
                assert code in {"BBS03"}, "filled in by a rule"
                continue
            assert (found.total, found.partial, found.complete) == (None, True, True)
            assert code in found.missing
        cleared = standing(scale, {**whole, code: Entry()})
        assert cleared == standing(scale, {key: entry for key, entry in whole.items() if key != code})
        assert cleared.total is None or code == "BBS03"


@pytest.mark.parametrize(
    ("name", "code", "value", "words"),
    [
        ("fma_le", "FML01", 1, "0 or 2"),
        ("fma_le", "FML02", "1", "0 or 2"),
        ("fma_le", "FML05", 3, "0, 1 or 2"),
        ("fma_le", "FML05", -1, "0, 1 or 2"),
        ("fma_le", "FML05", True, "0, 1 or 2"),
        ("fma_le", "FML05", None, "0, 1 or 2"),
        ("fma_le", "FML05", 1.5, "0, 1 or 2"),
        ("fma_le", "FML99", 1, "on the screen"),
        ("bbs", "BBS01", 5, "0, 1, 2, 3 or 4"),
        ("bbs", "BBS14S", -0.1, "0 to 300 s"),
        ("mmt", "MMT01", "4-", "0, 1, 2, 3, 4 or 5"),
        ("lems", "LEMS_L2R", 3.5, "0, 1, 2, 3, 4, 5, 5* or NT"),
        ("mas", "MAS01", 1.5, "0, 1, 1+, 2, 3 or 4"),
        ("mas", "MAS01", "5", "0, 1, 1+, 2, 3 or 4"),
        ("barthel", "BAR01", 7, "0, 5 or 10"),
        ("ten_metre_walk", "TMWT1", 0, "0.5 to 600 s"),
        ("ten_metre_walk", "TMWT1", 600.01, "0.5 to 600 s"),
        ("ten_metre_walk", "TMWT1", float("nan"), "0.5 to 600 s"),
        ("ten_metre_walk", "TMWT1", float("inf"), "0.5 to 600 s"),
        ("ten_metre_walk", "TMWT1", "12", "0.5 to 600 s"),
        ("ten_metre_walk", "TMWPACE", "slow", "comfortable or fast"),
        ("blinding_guess", "BLG02", 7.5, "a whole number from 0 to 10"),
        ("blinding_guess", "BLG03", "x" * 501, "shorten it"),
    ],
)
def test_what_is_impossible_is_refused_with_what_is_allowed(name: str, code: str, value: Value, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        checked(SCALES[name], code, value)
    assert words in str(refused.value)


def test_levels_are_kept_as_texts_and_measured_values_at_their_resolution() -> None:
    assert checked(SCALES["fma_le"], "FML01", 2) == checked(SCALES["fma_le"], "FML01", 2.0) == "2"
    assert checked(SCALES["mas"], "MAS01", "1+") == "1+"
    assert checked(SCALES["ten_metre_walk"], "TMWT1", 12.344) == 12.34
    assert checked(SCALES["bbs"], "BBS14S", 7) == 7.0
    assert allowed_text(ScaleItem(code="AB", label="one", allowed=("0",))) == "0"


def test_every_reflex_item_takes_0_or_2_alone() -> None:
    scale = SCALES["fma_le"]
    reflexes = [item.code for item in scale.items if item.section == "A reflexes"]
    assert reflexes == ["FML01", "FML02"]
    for item in scale.items:
        if item.kind == "levels":
            assert item.allowed == (("0", "2") if item.code in reflexes else ("0", "1", "2"))
    assert len(levels(scale)) == 17


def test_muscle_testing_is_of_the_paretic_leg_stored_as_left_or_right() -> None:
    scale = SCALES["mmt"]
    graded = [item for item in scale.items if item.kind == "levels"]
    assert len(graded) == 6
    assert {item.side for item in scale.items} == {"paretic"}
    assert {side_at(item, "left") for item in scale.items} == {"left"}
    lems = {item.code: side_at(item, "left") for item in SCALES["lems"].items}
    assert (lems["LEMS_S1R"], lems["LEMS_S1L"]) == ("right", "left")


def test_standing_2_min_gives_sitting_without_a_test() -> None:
    scale = SCALES["bbs"]
    filled_in = applied(scale, {"BBS02": Entry("4")})
    assert filled_in["BBS03"] == Entry("4", by="rule")
    assert "BBS03" not in standing(scale, {"BBS02": Entry("4")}).open
    assert "BBS03" in standing(scale, {**filled_in, "BBS02": Entry("3")}).open, "the rule's value goes with its reason"
    assert applied(scale, {"BBS02": Entry("4"), "BBS03": Entry("3")})["BBS03"].flag == "replaces 3"


def test_reflex_quality_is_tested_only_when_section_d_is_full() -> None:
    scale = SCALES["fma_le"]
    full = levels(scale)
    lost = standing(scale, {**full, "FML12": Entry("1")})
    assert lost.total == 34 - 1 - 2
    assert ("e", "E normal reflexes", 0, 2) in lost.subscores
    assert applied(scale, {**full, "FML13": Entry("0")})["FML14"] == Entry("0", "", "replaces 2", "rule")
    assert applied(scale, full)["FML14"] == full["FML14"], "section D is full"
    for opened in ({"FML12": Entry("2")}, {"FML12": Entry("2"), "FML13": Entry(None, "unsafe")}):
        assert "FML14" not in applied(scale, opened), "nobody knows yet whether D is full"


def test_a_leg_with_an_untested_muscle_has_no_total_and_the_other_leg_keeps_its_own() -> None:
    scale = SCALES["lems"]
    found = standing(scale, {**levels(scale), "LEMS_L5L": Entry("NT")})
    assert (found.total, found.partial, found.complete, found.missing) == (None, True, True, ("LEMS_L5L",))
    assert {name: value for name, _, value, _ in found.subscores} == {"right": 25, "left": None}
    fives = {code: Entry("5") for code in levels(scale)}
    starred = standing(scale, {**fives, "LEMS_L2R": Entry("5*")})
    assert starred.total == 50
    assert number_of(scale, "LEMS_L2R", Entry("5*")) == 5


def test_spasticity_has_no_total_and_each_muscle_its_declared_number() -> None:
    scale = SCALES["mas"]
    found = standing(scale, levels(scale))
    assert (found.total, found.running, found.complete) == (None, 0.0, True)
    told = {level: number_of(scale, "MAS02", Entry(level)) for level in scale.items[1].allowed}
    assert told == {"0": 0, "1": 1, "1+": 1.5, "2": 2, "3": 3, "4": 4}


WALK: dict[str, Value] = {
    "TMWCRS": 14.0,
    "TMWLEN": 10.0,
    "TMWPACE": "comfortable",
    "TMWAID": "none",
    "TMWORT": "ankle",
    "TMWAST": "stand-by",
    "TMWT1": 50.0,
    "TMWT2": 25.0,
}


def walk(**values: Any) -> Standing:
    return standing(SCALES["ten_metre_walk"], {code: Entry(value) for code, value in {**WALK, **values}.items()})


def test_walking_speed_is_the_mean_of_the_trials_speeds() -> None:
    assert walk().total == pytest.approx((0.2 + 0.4) / 2)
    assert walk(TMWT3=20.0).total == pytest.approx((0.2 + 0.4 + 0.5) / 3)
    assert walk(TMWT2=None).total is None, "a second trial is required"
    assert walk(TMWT2=None).running == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"TMWLEN": 20.0}, "longer than the course of 14 m"), ({"TMWT2": 1.2}, "8.33 m/s is no walking speed")],
)
def test_a_speed_that_cannot_be_right_is_not_shown(values: Mapping[str, float], words: str) -> None:
    found = walk(**values)
    assert words in found.problem
    assert (found.total, found.running, found.complete) == (None, 0.0, False)


@pytest.mark.parametrize(
    ("code", "entry"),
    [("FML01", Entry("1")), ("FML77", Entry("1")), ("FML77", Entry()), ("FML03", Entry("1", "refused"))],
)
def test_an_impossible_form_is_told_and_has_no_total(code: str, entry: Entry) -> None:
    scale = SCALES["fma_le"]
    found = standing(scale, {**levels(scale), code: entry})
    assert code in found.problem or "knee-flexor" in found.problem
    assert (found.total, found.complete) == (None, False)


@pytest.mark.parametrize(
    ("before", "now", "days", "confirm"),
    [(10, 22, 7, False), (10, 23, 7, True), (23, 10, 3, True), (10, 34, 28, False), (10, 34, None, False)],
)
def test_more_than_twice_the_meaningful_change_in_a_week_is_confirmed(
    before: float, now: float, days: float | None, confirm: bool
) -> None:
    words = unlikely(SCALES["fma_le"], before, now, days, {})
    assert bool(words) == confirm
    assert not confirm or "more than 12" in words


def test_twice_the_upper_value_counts_of_a_band() -> None:
    assert unlikely(SCALES["bbs"], 30, 40, 7, {}) == ""
    assert "more than 10" in unlikely(SCALES["bbs"], 30, 41, 7, {})
    assert unlikely(SCALES["mmt"], 0, 30, 1, {}) == "", "no meaningful change is known"


def test_a_motor_rise_with_a_walking_fall_is_confirmed_whichever_is_scored_last() -> None:
    motor, walking = SCALES["fma_le"], SCALES["fac"]
    assert "fac falls from 3 to 2" in unlikely(motor, 20, 21, 28, {"fac": (3, 2)})
    assert "fma_le rises from 20 to 21" in unlikely(walking, 3, 2, 28, {"fma_le": (20, 21)})
    for there in ((3.0, 3.0), (3.0, 4.0), (None, 2.0)):
        assert unlikely(motor, 20, 21, 28, {"fac": there}) == ""
    assert unlikely(motor, 21, 20, 28, {"fac": (3, 2)}) == ""
    assert unlikely(motor, None, 20, 28, {"fac": (3, 2)}) == ""
