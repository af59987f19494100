"""The parts without a screen: rows, forms, arming, alarms, glyphs."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.snapshot import Alarm, Item
from bedside.tui.arming import Armed, DoublePress, HeldKeys
from bedside.tui.formlogic import Draft, NotAValue, key_value, neighbour, next_open, parse, value_text
from bedside.tui.glyphs import big, ladder_for
from bedside.tui.panels.alarms import banner, owner, priority_of
from bedside.tui.panels.ident import ident
from bedside.tui.panels.pages import card_rows, help_rows, start_rows
from bedside.tui.picture import LinkState, Picture, body_kind
from bedside.tui.rows import NOT_KNOWN, age_text, clean, ends, fit, minutes, number, row, veil, width_of, wrapped
from bedside.tui.screens.main import footer_row
from bedside.tui.theme import palette_for, styles
from tests.bedside.tui.scenes import SCENES

UP = LinkState(up=True, client="control-1", trouble="", ever=True)
NUMBER = Item(id="n", label="Pressure", kind="number", unit="mmHg", low=60.0, high=260.0)


# rows


@given(st.lists(st.tuples(st.text(max_size=12), st.just("text")), max_size=5), st.integers(0, 40))
def test_fit_always_fills_exactly(spans: list[tuple[str, str]], width: int) -> None:
    assert width_of(fit(row(*spans), width)) == width


@given(st.text(max_size=40))
def test_clean_leaves_nothing_a_terminal_obeys(text: str) -> None:
    assert all(sign.isprintable() for sign in clean(text))


def test_escape_codes_in_a_note_are_harmless() -> None:
    assert clean("a\x1b[2Jb\x07") == "a?[2Jb?"


def test_ends_keeps_the_right_side() -> None:
    text = "".join(part for part, _ in ends(row("a long left side"), row("right"), 14))
    assert text.endswith(" right")
    assert "…" in text
    assert len(text) == 14


def test_wrapped_says_when_more_was_left_out() -> None:
    rows = wrapped("one two three four five six seven", 10, 2)
    assert len(rows) == 2
    assert rows[-1][0][0].endswith("…")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3661, "1:01:01"), (-5, "0:00")]
)
def test_minutes(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


@pytest.mark.parametrize(
    ("age_s", "text"), [(None, "never heard"), (0.0, ""), (2.0, ""), (2.1, "2 s old"), (65.0, "1:05 old")]
)
def test_age(age_s: float | None, text: str) -> None:
    assert age_text(age_s) == text


def test_unknown_number_is_never_a_number() -> None:
    assert number(None, 1, "km/h") == NOT_KNOWN
    assert number(0.0, 1, "km/h") == "0.0 km/h"


def test_veil_hides_intensities_only_when_asked() -> None:
    text = "Start 1200 pulses at 41 %MSO"
    assert veil(text, private=False) == text
    assert veil(text, private=True) == "Start 1200 pulses at -- %MSO"


# forms


@pytest.mark.parametrize(("typed", "value"), [("120", 120.0), (" 120,5 ", 120.5), ("6e1", 60.0)])
def test_numbers(typed: str, value: float) -> None:
    assert parse(NUMBER, typed) == value


@pytest.mark.parametrize("typed", ["", "x", "59.9", "261", "nan", "inf", "1 2"])
def test_what_is_not_a_number_in_range_is_refused_in_words(typed: str) -> None:
    with pytest.raises(NotAValue):
        parse(NUMBER, typed)


@given(st.text(max_size=10))
def test_parse_gives_a_value_in_range_or_refuses(typed: str) -> None:
    try:
        value = parse(NUMBER, typed)
    except NotAValue:
        return
    assert isinstance(value, float)
    assert 60.0 <= value <= 260.0


def test_optional_items_may_stay_empty() -> None:
    assert parse(msgspec.structs.replace(NUMBER, required=False), " ") is None


def test_keys_on_items() -> None:
    yesno = Item(id="a", label="?", kind="yesno")
    tick = Item(id="a", label="?", kind="tick", value=True)
    choice = Item(id="a", label="?", kind="choice", choices=("p", "q"))
    assert key_value(yesno, "y") == (True, True)
    assert key_value(yesno, "n") == (True, False)
    assert key_value(yesno, "enter") == (False, None)
    assert key_value(tick, "enter") == (True, False)
    assert key_value(choice, "2") == (True, "q")
    assert key_value(choice, "3") == (False, None)
    assert key_value(NUMBER, "y") == (False, None)
    assert neighbour(choice, 1) == "p"
    assert neighbour(msgspec.structs.replace(choice, value="q"), 1) == "p"


def test_cursor_goes_to_the_next_open_item_and_stays_when_all_are_done() -> None:
    items = [Item(id=str(n), label="", kind="tick", value=value) for n, value in enumerate((True, None, True, None))]
    assert next_open(items, -1) == 1
    assert next_open(items, 1) == 3
    assert next_open(items, 3) == 1
    assert next_open(items[:1], 0) == 0


def test_secret_is_never_shown() -> None:
    assert value_text(Item(id="pin", label="", kind="secret", value="1234")) == "entered"


def test_draft_knows_what_is_missing() -> None:
    draft = Draft((NUMBER, Item(id="t", label="Text", kind="text", required=False)))
    assert [item.id for item in draft.missing] == ["n"]
    assert draft.answer("n", 100.0).missing == ()
    assert draft.answer("n", 100.0).answers == {"n": 100.0, "t": None}


# arming


def test_armed_holds_for_its_deed_step_and_time_only() -> None:
    armed = Armed("run.start", "treatment", until_s=10.0)
    assert armed.holds("run.start", "treatment", 9.9)
    assert not armed.holds("run.start", "treatment", 10.0)
    assert not armed.holds("run.resume", "treatment", 9.0)
    assert not armed.holds("run.start", "coil", 9.0)


def test_held_key_never_rests() -> None:
    held = HeldKeys()
    assert held.rest_s("f2", 0.0) == math.inf
    assert held.rest_s("f2", 0.5) == 0.5
    assert held.rest_s("f3", 0.6) == math.inf


def test_double_press_counts_in_pairs() -> None:
    twice = DoublePress(0.6)
    assert [twice.press(now) for now in (0.0, 0.3, 0.5, 2.0, 2.7)] == [False, True, False, False, False]


# alarms


def alarm(name: str, priority: str, since_s: float = 1.0, silenced_s: float | None = None) -> Alarm:
    return Alarm(id=name, priority=priority, text=name, remedy="", since_s=since_s, silenced_s=silenced_s)  # type: ignore[arg-type]


def test_highest_sounding_alarm_owns_the_banner() -> None:
    low, medium, high = alarm("l", "low"), alarm("m", "medium"), alarm("h", "high")
    quiet = alarm("q", "high", silenced_s=30.0)
    assert owner([low, high, medium]) is high
    assert owner([low, quiet]) is low
    assert owner([quiet]) is quiet
    assert owner([]) is None


def test_lost_station_is_above_every_alarm() -> None:
    picture = Picture(snapshot=SCENES["low"], link=LinkState(up=False, ever=True))
    assert priority_of(picture) == "high"
    assert "STATION NOT ANSWERING" in banner(picture, lit=True)[0][0][0]


def test_alarm_is_told_without_colour() -> None:
    for scene, mark in (("unknown", " *** "), ("medium", " ** "), ("low", " * ")):
        first = banner(Picture(snapshot=SCENES[scene], link=UP), lit=True)[0][0]
        assert first[0].startswith(mark)


def test_flash_changes_colours_not_words() -> None:
    picture = Picture(snapshot=SCENES["unknown"], link=UP)
    lit, dark = banner(picture, lit=True), banner(picture, lit=False)
    assert [text for spans in lit for text, _ in spans] == [text for spans in dark for text, _ in spans]
    assert lit != dark


# terminals


@pytest.mark.parametrize(
    ("environment", "rung"),
    [
        ({"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"}, "braille"),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, "ascii"),
        ({"TERM": "linux", "BEDSIDE_GLYPHS": "half"}, "half"),
        ({"TERM": "xterm", "LANG": "C"}, "ascii"),
        ({"TERM": "xterm", "LC_ALL": "C", "LANG": "C.UTF-8"}, "ascii"),
        ({"TERM": "xterm", "BEDSIDE_GLYPHS": "nonsense", "LANG": "C.UTF-8"}, "braille"),
        ({}, "braille"),
    ],
)
def test_glyph_ladder(environment: dict[str, str], rung: str) -> None:
    assert ladder_for(environment) == rung


@pytest.mark.parametrize("ladder", ["braille", "half", "ascii"])
def test_big_digits_are_three_even_rows(ladder: str) -> None:
    rows = big("12:34", ladder)  # type: ignore[arg-type]
    assert len({len(line) for line in rows}) == 1
    assert len(rows) == 3
    assert ladder != "ascii" or all(line.isascii() for line in rows)


def test_both_palettes_know_the_same_names() -> None:
    assert set(styles("rich")) == set(styles("sixteen"))
    assert palette_for("truecolor", "linux") == "sixteen"
    assert palette_for("standard", "xterm") == "sixteen"
    assert palette_for("256", "tmux-256color") == "rich"


# pages


@pytest.mark.parametrize("name", SCENES)
def test_every_moment_has_a_body_and_shows_who_and_simulated(name: str) -> None:
    picture = Picture(snapshot=SCENES[name], link=UP)
    assert body_kind(picture) in {"start", "interrupted", "form", "hunt", "run"}
    text = "".join(part for part, _ in ident(picture, 80))
    assert "SIMULATED x60" in text
    assert not SCENES[name].participant or "S-014  right leg (paretic)" in text


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("width", [60, 80, 160])
def test_footer_always_has_stop_and_help_and_fits(name: str, width: int) -> None:
    line = footer_row(Picture(snapshot=SCENES[name], link=UP), width)
    text = "".join(part for part, _ in line)
    assert text.startswith(" F12 STOP ")
    assert text.endswith("F1 help ")
    assert width_of(line) <= width


def test_start_page_says_what_it_is_not() -> None:
    text = " ".join(part for spans in start_rows(Picture(), 78) for part, _ in spans)
    for words in ("research software", "not a certified medical device", "not an alarm"):
        assert words in text


def test_help_lists_only_what_the_role_can_do() -> None:
    watcher = str(help_rows(Picture(snapshot=SCENES["coil"], role="observe", link=UP), 80))
    assert "adverse event" not in watcher
    assert "Stimulation off" in watcher


def test_seizure_card_turns_red_after_five_minutes() -> None:
    assert card_rows("SEIZURE", 299.0, 80)[0][0][1] == "word.hold"
    assert card_rows("SEIZURE", 300.0, 80)[0][0][1] == "alarm.high"
