"""Answers that a slow station does not have yet: they count as given, are shown as not confirmed, are waited for."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bedside import commands
from bedside.commands import AnyCommand
from bedside.snapshot import Snapshot
from bedside.station.wire import Reply
from bedside.tui import link, underway
from tests.bedside.tui.assess_scenes import MAS, SCALE, walk_assessment
from tests.bedside.tui.scenes import SCREENING, walk
from tests.bedside.tui.screen import Kiosk, kiosk

assert SCREENING.step is not None
QUESTIONS = SCREENING.step.items[:2]
LAST = replace(SCREENING, step=replace(SCREENING.step, items=QUESTIONS))
REFUSAL = "the station says no"


def refuses_knee(command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
    """Keeps every item but one."""
    refused = isinstance(command, commands.ScoreItem) and command.code == "MAS02"
    return REFUSAL if refused else walk_assessment(command, snapshot)


def answers(command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
    """A form's answers, each with a journal number of its own."""
    return replace(walk(command, snapshot), n=snapshot.n + 1)  # type: ignore[type-var]


async def score_all(user: Kiosk) -> None:
    """Every item of the scale by keys, up to the review."""
    await user.press("2", "3", "4")
    await user.sees("speed of the movement")
    await user.press("1", "enter", "2", "down")
    await user.sees("Review: Y finishes it, once the station has all answers")


def closings(user: Kiosk) -> list[AnyCommand]:
    """What the station was asked in order to finish."""
    return [one for one in user.peer.asked if isinstance(one, commands.CloseInstrument)]


async def test_a_scale_is_finished_whole_though_the_station_answers_late(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE, rule=walk_assessment) as user:
        user.peer.slow = True
        await score_all(user)
        assert "0 of 6 open, 5 on the way" in user.text()
        await user.press("y")
        await user.sees("5 answers are on the way")
        assert "Why it is not complete" not in user.text()
        user.peer.catch_up(2)
        await user.sees("3 on the way")
        user.peer.catch_up(show=False)
        await user.until(lambda: all(one.n is not None for one in user.app.picture.underway), "all replies")
        assert user.app.picture.underway, "a reply is not yet a picture"
        assert not closings(user)
        user.peer.put(user.peer.snapshot)
        await user.until(lambda: bool(closings(user)), "finished")
        user.peer.catch_up()
        await user.sees("reached (6 >= 6)")
        assert closings(user) == [commands.CloseInstrument(instrument="mas")]


async def test_what_is_on_the_way_is_not_scored_twice_nor_shown_as_kept(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE, rule=walk_assessment) as user:
        user.peer.slow = True
        await user.press("2")
        await user.sees("knee flexors")
        await user.press("up")
        await user.sees("= 2  (on the way)")
        await user.press("3")
        await user.sees("knee flexors")
        user.peer.catch_up(1)
        await user.until(lambda: user.app.picture.snapshot.n == SCALE.n + 1, "the first of two")
        await user.press("up")
        await user.sees("= 3  (on the way)")
        user.peer.catch_up()
        await user.sees("= 3")
        await user.until(lambda: "on the way" not in user.text(), "all there")


async def test_what_the_station_refuses_is_taken_back_in_its_words(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE, rule=refuses_knee) as user:
        user.peer.slow = True
        await score_all(user)
        await user.press("y")
        await user.sees("5 answers are on the way")
        user.peer.catch_up()
        await user.until(lambda: not user.app.picture.underway, "all answered")
        await user.sees(f"MAS02 not kept: {REFUSAL}")
        await user.sees("1 of 6 open")
        assert not closings(user), "it is not finished behind the person's back"
        await user.press("y")
        await user.sees("Why it is not complete")


@pytest.mark.parametrize("how", ["gone", "silent", "not shown"])
async def test_what_is_never_confirmed_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    async with kiosk(tmp_path, SCALE, rule=walk_assessment) as user:
        user.peer.slow = True
        monkeypatch.setattr(link, "REPLY_WITHIN_S", 0.05 if how == "silent" else 5.0)
        await user.press("2")
        await user.asked("assess.score")
        if how == "gone":
            user.peer.hang_up()
        if how == "not shown":
            user.peer.catch_up(show=False)
            await user.until(lambda: all(one.n is not None for one in user.app.picture.underway), "the reply")
            user.clock.pass_(underway.PICTURE_WITHIN_S + 0.1)
        await user.sees("MAS01 not kept:")
        await user.sees("5 of 6 open")
        assert user.app.picture.underway == ()


async def test_another_key_takes_back_the_wish_to_finish(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE, rule=walk_assessment) as user:
        user.peer.slow = True
        await score_all(user)
        await user.press("y")
        await user.sees("it goes on once the station has it all")
        await user.press("up")
        user.peer.catch_up()
        await user.until(lambda: not user.app.picture.underway, "all there")
        await user.rest()
        assert "it goes on" not in user.text()
        assert not closings(user)


async def test_a_form_goes_on_once_the_station_has_the_last_answer(tmp_path: Path) -> None:
    async with kiosk(tmp_path, LAST, rule=answers) as user:
        still_open = [item for item in QUESTIONS if item.value is None]
        user.peer.slow = True
        await user.press(*("y" for _ in still_open))
        await user.sees("(on the way)")
        assert "[.]" in user.text()
        await user.press("f2")
        await user.sees("on the way: it goes on once")
        assert "step.next" not in user.peer.names()
        user.peer.catch_up()
        await user.asked("step.next")
        assert user.peer.names() == ["form.answer"] * len(still_open) + ["step.next"]


def test_only_the_last_answer_of_an_item_counts_and_an_earlier_reply_does_not_end_it() -> None:
    first, second = (
        underway.sent(commands.ScoreItem(instrument="mas", code="MAS01", value=value), number, 0.0)
        for number, value in enumerate("23", 1)
    )
    assert first is not None
    assert second is not None
    both = underway.kept((first, second), first.number, n=5)
    assert underway.still(both, 5) == (second,)
    assert underway.form_with(MAS, both).items[0].value == "3"
    assert underway.without(both, second.number) == (replace(first, n=5),)
    assert not underway.sent(commands.CloseInstrument(instrument="mas"), 3, 0.0)
    assert Reply(id=1, ok=True).n == 0, "a station that tells no number shows it at once"


async def test_a_digit_that_comes_again_at_once_is_dropped_aloud_and_once(tmp_path: Path) -> None:
    said: list[str] = []
    async with kiosk(tmp_path, SCALE, rule=walk_assessment) as user:
        tell = user.app.say
        user.app.say = lambda words: (said.append(words), tell(words))[1]  # type: ignore[method-assign, func-returns-value]
        await user.press("3")
        for _ in range(20):
            user.clock.pass_(0.04)
            await user.key("3")
        await user.sees("3 again within 0.3 s: taken as one press; press it again")
        await user.until(lambda: not user.app.picture.underway, "kept")
        assert said == ["3 again within 0.3 s: taken as one press; press it again"]
        await user.press("3")
        await user.sees("plantar flexors")
        assert [one.code for one in user.peer.asked if isinstance(one, commands.ScoreItem)] == ["MAS01", "MAS02"]
        await user.key("up")
        await user.key("up")
        await user.sees("hip adductors")


async def test_a_dialog_says_itself_that_a_digit_was_dropped(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE) as user:
        await user.press("y", "2")
        await user.key("2")
        await user.sees("2 again within 0.3 s")
        assert "Why it is not complete" in user.text()
