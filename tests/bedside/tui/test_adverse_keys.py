"""The checklist of adverse events by keys at 80x24, with the rules of a visit behind them."""

from pathlib import Path

import msgspec

from bedside import events as e
from bedside.commands import AnyCommand
from bedside.refusal import Refusal
from bedside.snapshot import Snapshot
from bedside.visit import forms
from bedside.visit.view import picture
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.screen import Kiosk, kiosk
from tests.bedside.tui.test_golden import differing
from tests.helpers.bed import Bed

ALL_NONE = ("enter", "n", "o", "enter", *["1"] * 13)
"""As many keys as before anything was asked about a symptom: the open question, and one for each category."""
SKIN_FINE = ("1",) * 6


def aftercare(*left: str) -> Bed:
    """At the questions after a treatment; with `left`, all but those are answered."""
    bed = Bed().begin().to("posture")
    bed.write((e.StepEntered(step="aftercare"),))
    for item in forms.items(bed.state, "aftercare") if left else ():
        if item.id not in left:
            bed.write((e.Answered(step="aftercare", item=item.id, value=item.choices[0] if item.choices else "no"),))
    return bed


def shown(bed: Bed) -> Snapshot:
    view = picture(bed.state, bed.now, "control")
    told = {"step": view.step, "checklist": view.checklist, "run": None, "hunt": None}
    return msgspec.structs.replace(SCENES["screening"], n=bed.state.n, participant=view.participant, **told)


class Rules:
    """Puts what the keys ask to the rules, and shows what comes of it."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed

    def __call__(self, command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
        try:
            self.bed.ask(command)
        except Refusal as refusal:
            return refusal.reason
        return shown(self.bed)


async def press(user: Kiosk, *keys: str) -> None:
    """Each key once the form has the keys and the answer to the one before is on the screen."""
    await user.until(lambda: user.app.focused is not None, "the keys")
    for key in keys:
        await user.press(key)
        await user.until(lambda: not user.app.picture.underway, "the answer kept")


async def test_nothing_to_tell_takes_one_key_for_each_category(tmp_path: Path) -> None:
    bed = aftercare()
    async with kiosk(tmp_path, shown(bed), rule=Rules(bed)) as user:
        await press(user, *ALL_NONE, *SKIN_FINE, "f2")
        await user.until(lambda: bed.state.step == "physio", "the next step")
    assert bed.state.done["aftercare"].summary == "nothing untoward"
    assert bed.events(e.AdverseEventDescribed) == []


async def test_a_symptom_is_described_behind_the_list_by_digits_and_letters(tmp_path: Path) -> None:
    bed = aftercare("ae_headache", "ae_other")
    differ: list[str] = []
    async with kiosk(tmp_path, shown(bed), rule=Rules(bed)) as user:
        await press(user, "2", "1")
        await user.sees("headache: began")
        differ += differing("adverse-80x24-details", await user.settle())
        await press(user, "f2")
        await user.sees("open: headache: began")
        await press(user, "2", "3", "2", "1", "1", "1", "n", "4", "5", "enter")
        differ += differing("adverse-80x24-described", await user.settle())
        await press(user, "enter", *"dull", "enter", "f2")
        await user.until(lambda: bed.state.step == "physio", "the next step")
    (told,) = bed.events(e.AdverseEventDescribed)
    assert isinstance(told, e.AdverseEventDescribed)
    assert (told.category, told.severity, told.onset, told.words) == ("headache", "mild", "within 1 h after", "dull")
    assert told.relation == {"tms": "possible", "robot": "unlikely", "other": "none"}
    assert (told.outcome, told.lasted_min, told.serious) == ("resolved", 45.0, ())
    assert not differ, "look at it, then BEDSIDE_GOLDEN=write\n" + "\n".join(differ)


async def test_a_serious_one_asks_why_and_names_whom_to_notify(tmp_path: Path) -> None:
    bed = aftercare("ae_fall", "ae_other")
    async with kiosk(tmp_path, shown(bed), rule=Rules(bed)) as user:
        await press(user, "4", "1")
        await press(user, "1", "1", "2", "1", "4", "4", "y")
        await user.sees("fall: death")
        await press(user, "n", "n", "y", "n", "n", "n")
        await user.sees("within 24 h (not confirmed)")
        assert not differing("adverse-80x24-serious", await user.settle())
        await press(user, "enter", *"DrX", "enter", "f2")
        await user.until(lambda: bed.state.step == "physio", "the next step")
    (told,) = bed.events(e.AdverseEventDescribed)
    assert isinstance(told, e.AdverseEventDescribed)
    assert (told.serious, told.told_to) == (("hospital stay, new or longer",), "DrX")
    assert told.open


async def test_a_day_that_is_none_is_refused_at_the_line(tmp_path: Path) -> None:
    bed = aftercare()
    bed.write((e.Answered(step="aftercare", item="ae_mood", value="mild"),))
    bed.write((e.Answered(step="aftercare", item="ae_mood_onset", value="later"),))
    bed.state = msgspec.structs.replace(bed.state, setup=only(bed, "ae_mood"))
    async with kiosk(tmp_path, shown(bed), rule=Rules(bed)) as user:
        await press(user, *["down"] * 6, "enter")
        await user.type("1 March")
        await user.press("enter")
        await user.sees("not a day: 1 March")
    assert bed.state.answer("aftercare", "ae_mood_began_on") is None


def only(bed: Bed, item: str):  # type: ignore[no-untyped-def]
    """The setup with one category on the list and nothing else in the step."""
    form = bed.setup.instruments["adverse_events"]
    form = msgspec.structs.replace(form, items=tuple(one for one in form.items if one.id == item))
    return msgspec.structs.replace(bed.setup, instruments={"adverse_events": form})
