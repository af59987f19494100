"""An assessment's words without a screen: levels by keyboard, results, panels, what is said to whom."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside import commands
from bedside.commands import OpenAssessment, OpenVisit
from bedside.snapshot import Result, ResultRow, ScaleItem
from bedside.station.wire import Reply
from bedside.tui import offers
from bedside.tui.assessdeeds import ASSESS_DEEDS
from bedside.tui.assesskeys import is_new, settled
from bedside.tui.deedkinds import Ask
from bedside.tui.levels import next_place, options, reasons, typed, value_words
from bedside.tui.nextoffer import next_offer
from bedside.tui.panels.assess import list_rows, panel_rows
from bedside.tui.panels.capture import side_rows, time_rows
from bedside.tui.panels.results import result_rows
from bedside.tui.panels.scale import card_rows, item_rows, review_rows
from bedside.tui.picture import LinkState, Picture, body_kind
from bedside.tui.rows import Row
from tests.bedside.tui.assess_scenes import (
    ASSESS_SCENES,
    COP,
    CYCLING,
    DONE,
    FMA_RESULT,
    JUDGING,
    LIST,
    MAS,
    REFUSED,
    RESULT,
    SCALE,
    SHIFTING,
)
from tests.bedside.tui.scenes import THRESHOLD

replace = msgspec.structs.replace
UP = LinkState(up=True, client="control-1", trouble="", ever=True)
ITEMS = {
    "mas": ("0", "1", "1+", "2", "3", "4"),
    "lems": ("0", "1", "2", "3", "4", "5", "5*", "NT"),
    "barthel": ("0", "5", "10", "15"),
    "fma": ("0", "2"),
    "mmt": ("3", "4-", "4", "4+", "5"),
}


def seen(name: str, **more: object) -> Picture:
    return Picture(snapshot=ASSESS_SCENES[name], link=UP, **more)  # type: ignore[arg-type]


def said(rows: list[Row]) -> str:
    return "\n".join("".join(part for part, _ in spans) for spans in rows)


def level_item(name: str) -> ScaleItem:
    return ScaleItem(code="X1", label="x", section="", kind="levels", allowed=ITEMS[name])


# levels


@pytest.mark.parametrize("name", ITEMS)
def test_every_level_can_be_typed_and_nothing_else_is_given(name: str) -> None:
    item = level_item(name)
    for level in item.allowed:
        so_far, given_level = "", None
        for sign in level if level in options(item) else "":
            so_far, given_level = typed(item, so_far, sign)
        reached = given_level or options(item).get(so_far)
        assert reached == level if level in options(item) else level in [words for words, _ in reasons(item)]


@given(st.sampled_from(sorted(ITEMS)), st.text(alphabet="0123456789+-*.xN", max_size=8))
def test_whatever_is_typed_only_levels_come_out(name: str, keys: str) -> None:
    item, so_far = level_item(name), ""
    for sign in keys:
        so_far, level = typed(item, so_far, sign)
        assert level is None or level in item.allowed
        assert so_far == "" or any(option.startswith(so_far) for option in item.allowed)


def test_short_level_waits_while_a_longer_one_could_be_meant() -> None:
    item = level_item("mas")
    assert typed(item, "", "1") == ("1", None)
    assert typed(item, "1", "+") == ("", "1+")
    assert typed(item, "1", "2") == ("", "2")
    assert typed(item, "", "3") == ("", "3")
    assert typed(level_item("barthel"), "", "1") == ("1", None)
    assert typed(level_item("fma"), "", "1") == ("", None)


def test_choices_are_given_by_their_numbers() -> None:
    many = ScaleItem(code="C", label="", section="", kind="choice", allowed=tuple("abcdefghijkl"))
    assert typed(many, "", "2") == ("", "b")
    assert typed(many, "", "1") == ("1", None)
    assert typed(many, "1", "2") == ("", "l")


def test_next_place_goes_on_then_back_then_to_the_review() -> None:
    items = [replace(MAS.items[0], code=str(n), value=value) for n, value in enumerate((None, "1", None, "1"))]
    assert next_place(items, 0) == 2
    assert next_place(items, 2) == 0
    assert next_place([replace(item, value="1") for item in items], 2) == 4
    optional = [replace(items[0], required=False), items[1]]
    assert next_place(optional, 1) == 2


def test_values_in_words() -> None:
    item = MAS.items[0]
    assert value_words(item) == ""
    assert value_words(replace(item, value="5", flag="*")) == "5*"
    assert value_words(replace(item, missing="not_done")) == "not done"
    assert value_words(replace(item, value=0.0, unit="s")) == "0 s"


# scale


def test_card_says_what_is_open_the_sum_and_the_other_examiner() -> None:
    text = said(card_rows(MAS, 0, "", asking=False, width=78, height=20))
    for words in (
        "hip adductors",
        "5 of 6 open",
        "so far 0 of 12",
        "not scored yet",
        "carla, before by anna",
        "1 of 6",
    ):
        assert words in text


def test_chosen_level_is_marked_without_colour() -> None:
    form = DONE.assess.form  # type: ignore[union-attr]
    assert form is not None
    assert "[1+]" in said(card_rows(form, 0, "", asking=False, width=78, height=20))
    assert "= refused" in said(card_rows(form, 1, "", asking=False, width=78, height=20))


def test_review_has_open_and_missing_first() -> None:
    form = replace(
        MAS, items=(*MAS.items[:1], replace(MAS.items[1], value="2"), replace(MAS.items[2], missing="refused"))
    )
    lines = [line for line in said(review_rows(form, 0, 78, 20)).splitlines() if "MAS0" in line]
    assert [line.split()[0] for line in lines] == ["MAS01", "MAS03", "MAS02"]


def test_total_is_shown_only_when_there_is_one() -> None:
    with_total = said(review_rows(replace(MAS, total=3.5, running=3.5), 0, 78, 20))
    assert "total 3.5 of 12" in with_total
    assert "total" not in said(review_rows(MAS, 0, 78, 20))
    assert "no total" in said(review_rows(replace(MAS, running=None), 0, 78, 20))


@given(st.integers(30, 160), st.integers(1, 45), st.integers(0, 6))
def test_scale_panels_never_fail_or_grow_too_long(width: int, height: int, at: int) -> None:
    if at < len(MAS.items):
        assert len(card_rows(MAS, at, "", asking=True, width=width, height=height)) <= height
    assert len(item_rows(MAS, at, width, height)) <= height


# results


def test_result_says_better_and_worse_in_words_with_signs_and_exact_numbers() -> None:
    for width in (60, 78, 130):
        text = said(result_rows(FMA_RESULT, width))
        for words in (
            "before: T0, 2026-02-02",
            "+6 better",
            "-0.11 worse",
            "+0.0 the same",
            "reached (6 >= 6)",
            "not known",
            "! FAC fell while this rose: confirm",
            "Method: sum of 17 items, version 1975",
        ):
            assert words in text, (width, words)


def test_refusal_shows_no_number() -> None:
    text = said(result_rows(REFUSED, 78))
    assert "NO RESULT" in text
    assert "stepped off after 12.4 s" in text
    assert "now" not in text


def test_incomplete_instrument_shows_its_rows_and_says_so() -> None:
    text = said(result_rows(replace(FMA_RESULT, refusal="incomplete: tired"), 78))
    assert "incomplete: tired" in text
    assert "NO RESULT" not in text
    assert "+6 better" in text


def test_long_label_and_long_verdict_are_said_whole() -> None:
    row = ResultRow(
        key="k",
        label="a variable with a long name of its own",
        unit="cm/s",
        digits=1,
        value=1.0,
        previous=2.0,
        change=-1.0,
        arrow="worse",
        verdict="between the smallest change of two populations, 0.5 and 1.5 cm/s: not decided",
    )
    text = said(result_rows(Result(title="t", rows=(row,), previous="T0"), 60))
    assert "a variable with a long name of its own (cm/s)" in text
    assert "not decided" in text


@given(st.integers(24, 160))
def test_result_rows_fit_their_width(width: int) -> None:
    for result in (FMA_RESULT, REFUSED):
        assert all(sum(len(part) for part, _ in spans) <= max(width, 46) for spans in result_rows(result, width))


# list, panels


@pytest.mark.parametrize("width", [40, 56, 78, 110])
def test_four_panels_are_there_at_every_width(width: int) -> None:
    text = said(panel_rows(seen("list"), width, 14))
    for title in ("Subject", "tsDCS", "TMS", "Evaluation time"):
        assert title in text
    assert "FES" not in text


def test_privacy_hides_both_stimulation_panels() -> None:
    text = said(panel_rows(seen("list", private=True), 78, 14))
    assert text.count("hidden (F9 shows it)") == 2
    for secret in ("2.5 mA", "52.0", "left M1"):
        assert secret not in text
    assert "Quiet stance" in text


def test_list_tells_states_without_colour() -> None:
    text = said(list_rows(seen("list"), 44, 16))
    for words in ("[x] Fugl-Meyer", "24 of 34", "[/] Berg", "partial, tired", "[ ] Gait", "2 of 7"):
        assert words in text


@given(st.integers(24, 80), st.integers(2, 20))
def test_list_keeps_the_marked_instrument_in_sight(width: int, height: int) -> None:
    for line in LIST.assess.instruments:  # type: ignore[union-attr]
        rows = list_rows(seen("list", instrument=line.id), width, height)
        assert len(rows) <= max(height, 3)
        assert any(style == "cursor" for spans in rows for _, style in spans)


# capture


def test_record_mark_is_there_only_while_recording() -> None:
    idle, recording = (said(time_rows(seen(name), 78, "ascii")) for name in ("cop", "shifting"))
    assert "not recording" in idle
    assert "REC" in recording
    assert "elapsed 0:08 of 0:30" in recording
    silent = said(time_rows(replace(seen("shifting"), link=LinkState(up=False, ever=True)), 78, "ascii"))
    assert "NOT KNOWN" in silent


def test_countdown_goes_on_between_snapshots_and_ends_at_nothing() -> None:
    later = said(time_rows(seen("shifting", age_s=60.0), 78, "ascii"))
    assert "elapsed 0:30 of 0:30" in later


def test_sensor_that_is_lost_comes_first_with_its_remedy() -> None:
    lines = said(side_rows(seen("cycling"), 36, 20)).splitlines()
    assert lines[0].startswith(" Connection")
    assert "[!] shank right" in lines[1]
    assert "switch it on" in lines[2]
    assert any("imu_1: mounting 1.2 deg" in line for line in lines)


def test_uncalibrated_sensor_says_so() -> None:
    capture = CYCLING.assess.capture  # type: ignore[union-attr]
    assert capture is not None
    bare = tuple(replace(sensor, calibration="") for sensor in capture.sensors[:2])
    assess = replace(CYCLING.assess, capture=replace(capture, sensors=bare))
    text = said(side_rows(Picture(snapshot=replace(CYCLING, assess=assess), link=UP), 36, 20))
    assert text.count("not done") == 2


# what a moment is


def test_body_of_each_moment() -> None:
    kinds = {name: body_kind(seen(name)) for name in ASSESS_SCENES}
    assert kinds == {
        "home": "start",
        "list": "instruments",
        "beyond": "instruments",
        "scale": "scale",
        "result": "instruments",
        "review": "scale",
        "cop": "capture",
        "shifting": "capture",
        "judging": "capture",
        "no_result": "capture",
        "cycling": "capture",
        "gait": "capture",
    }
    assert body_kind(seen("scale", listing=True)) == "instruments"


def test_result_comes_up_and_goes_by_itself() -> None:
    idle, recording, done = (Picture(snapshot=one, link=UP) for one in (COP, SHIFTING, JUDGING))
    assert settled(replace(recording, plot=False), done).plot
    assert not settled(replace(done, plot=True), recording).plot
    assert settled(Picture(snapshot=SCALE, link=UP), Picture(snapshot=RESULT, link=UP)).plot
    assert settled(idle, replace(idle, task="push")).task == "push"
    assert settled(replace(idle, task="push", trial=0), replace(done, task="push", trial=0)).trial is None
    capture = JUDGING.assess.capture  # type: ignore[union-attr]
    assert capture is not None
    accepted = replace(capture, done=(capture.done[0], replace(capture.done[1], state="accepted")))
    judged = replace(JUDGING, assess=replace(JUDGING.assess, capture=accepted))
    assert not settled(replace(done, plot=True), replace(done, plot=True, snapshot=judged)).plot


def test_next_action_names_what_it_acts_on() -> None:
    for name, words in (
        ("list", "Open Modified Ashworth Scale"),
        ("cop", "Record: Quiet stance"),
        ("judging", "Accept trial 2"),
        ("no_result", "Reject trial 1"),
        ("shifting", "Stop recording"),
    ):
        offer = next_offer(seen(name))
        assert offer is not None
        assert words in offer.label
        assert offer.enabled


@pytest.mark.parametrize("command", [OpenAssessment, OpenVisit])
def test_only_an_unknown_participant_is_new(command: type) -> None:
    more = {"point": "T0"} if command is OpenAssessment else {}
    asked = command(participant="S-099", second_identifier="1970", **more)
    assert is_new(asked, Reply(id=1, ok=False, reason="no participant 'S-099' on this box"))
    assert is_new(asked, Reply(id=1, ok=False, reason="Unknown participant"))
    assert not is_new(asked, Reply(id=1, ok=False, reason="participant S-099 belongs to study two"))
    assert not is_new(asked, Reply(id=1, ok=True))
    assert not is_new(commands.NextStep(), Reply(id=1, ok=False, reason="no participant"))


@pytest.mark.parametrize("tag", [tag for tag, deed in ASSESS_DEEDS.items() if isinstance(deed, Ask)])
@pytest.mark.parametrize("name", ASSESS_SCENES)
def test_every_form_can_be_shown_at_every_moment(tag: str, name: str) -> None:
    deed = ASSESS_DEEDS[tag]
    assert isinstance(deed, Ask)
    items = deed.items(seen(name))
    assert items
    assert len({item.id for item in items}) == len(items)


def test_evoked_potentials_are_given_and_judged_where_single_pulses_are() -> None:
    hunt = replace(
        THRESHOLD.hunt, trials=tuple(replace(trial, purpose="assessment") for trial in THRESHOLD.hunt.trials)
    )
    step = replace(THRESHOLD.step, id="mep")
    picture = Picture(snapshot=replace(LIST, step=step, hunt=hunt), link=UP)
    assert body_kind(picture) == "hunt"
    assert offers.has_trials(picture), "a response can be accepted and rejected"
    assert offers.take(picture) is None, "there is nothing to take"
    assert body_kind(Picture(snapshot=LIST, link=UP)) == "instruments"
