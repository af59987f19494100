"""Keys: the walk through a whole visit, held keys, two-step starts, forms, privacy."""

from pathlib import Path

import msgspec
import pytest

from bedside import commands
from bedside.snapshot import Action
from tests.bedside.tui.scenes import SCENES, STIMULATING, walk
from tests.bedside.tui.screen import kiosk


async def test_whole_visit_by_keys_alone(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["start"], rule=walk) as user:
        await user.press("f2")
        await user.sees("Your user name")
        await user.type("anna")
        await user.press("enter")
        await user.type("1234")
        await user.press("enter", "f2")
        await user.sees("Open a treatment visit")
        await user.press("f2")
        await user.sees("Study number")
        await user.type("S-014")
        await user.press("enter")
        await user.type("1961")
        await user.press("enter", "f2")
        await user.sees("Safety questions")
        await user.press("n", "y", "down", "3", "0", "enter")
        await user.sees("30 is outside 60 to 260 mmHg")
        await user.press("backspace", "backspace", "1", "2", "0", "enter", "1", "y")
        await user.until(lambda: "waiting" not in user.text(), "the form complete")
        await user.press("f2")
        await user.sees("sites, mean")
        await user.press("right", "up", "o")
        await user.asked("coil.place")
        await user.press("h")
        await user.sees("Find the threshold")
        await user.press("f2", "f2")
        await user.sees("Place the coil")
        await user.press("f2")
        await user.sees("Before pulses can start")
        await user.press("f2", "f2")
        await user.sees("STIMULATING")
        await user.press("space")
        await user.sees("PAUSED")
        await user.press("f2", "f2")
        await user.sees("STIMULATING")
        await user.press("e", "1", "f2")
        await user.sees("Sign this visit")
        await user.press("f2", "down")
        await user.sees("I sign that it was")
        sent = user.peer.names()
        for name in (
            "staff.sign_in",
            "visit.open",
            "form.answer",
            "pulse.fire",
            "run.start",
            "run.pause",
            "run.resume",
        ):
            assert name in sent
        assert user.peer.asked[0] == commands.SignIn(user="anna", pin="1234")
        assert commands.PlaceCoil(site="D3") in user.peer.asked


async def test_start_takes_two_presses_and_lapses(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["before_run"]) as user:
        await user.press("f2")
        await user.sees("again within")
        user.clock.pass_(10.5)
        user.app.link.heard_s = user.clock()
        await user.sees("asks once more")
        await user.press("f2")
        await user.sees("again within")
        assert user.peer.asked == []
        await user.press("f2")
        await user.asked("run.start")
        assert user.peer.names() == ["run.start"]
        assert user.peer.requests[0].expect == SCENES["before_run"].n


async def test_other_step_disarms(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["before_run"]) as user:
        await user.press("f2")
        await user.sees("again within")
        user.peer.put(msgspec.structs.replace(SCENES["threshold"], n=999))
        await user.sees("asks once more")
        await user.press("f2")
        await user.sees("again within")
        assert user.peer.asked == []


async def hold(user, key: str, seconds: float) -> None:  # type: ignore[no-untyped-def]
    """A key held down: a pause of 0.5 s, then 30 repeats a second."""
    user.clock.pass_(2.0)
    await user.key(key)
    user.clock.pass_(0.5)
    for _ in range(int((seconds - 0.5) * 30)):
        await user.key(key)
        user.clock.pass_(0.033)
    await user.settle()


async def test_held_key_starts_nothing(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["before_run"]) as user:
        await hold(user, "f2", 3.0)
        assert user.peer.asked == []
        assert user.app.picture.armed is not None


async def test_held_key_fires_one_pulse_at_most(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["threshold"]) as user:
        await user.press("f2")
        await hold(user, "f2", 3.0)
        assert user.peer.names() == ["pulse.fire"]


async def test_held_answer_does_not_run_through_the_form(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["screening"], rule=walk) as user:
        await hold(user, "y", 3.0)
        assert len(user.peer.asked) <= 2


async def test_space_ends_pulses_that_come_by_themselves(tmp_path: Path) -> None:
    pacing = msgspec.structs.replace(
        SCENES["threshold"], hunt=msgspec.structs.replace(SCENES["threshold"].hunt, pacing=True)
    )
    async with kiosk(tmp_path, pacing) as user:
        await user.sees("BY THEMSELVES")
        await user.press("space")
        await user.asked("pulse.pacing")
        assert user.peer.asked == [commands.SetPacing(automatic=False)]


async def test_space_pauses_over_a_page(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("f8")
        await user.sees("/dev/ttyUSB0")
        await user.press("space")
        await user.asked("run.pause")


async def test_space_pauses_in_a_terminal_that_is_too_small(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"], size=(60, 15)) as user:
        await user.press("space")
        await user.asked("run.pause")


async def test_refusal_is_shown_with_its_reason(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["coil"], rule=lambda command, snapshot: "the coil is too hot") as user:
        await user.press("f2")
        await user.sees("the coil is too hot")


async def test_a_yes_ends_what_an_earlier_no_had_said(tmp_path: Path) -> None:
    answers = ["the coil is too hot"]

    async with kiosk(tmp_path, SCENES["coil"], rule=lambda *_: answers.pop() if answers else None) as user:
        await user.press("f2")
        await user.sees("the coil is too hot")
        await user.press("f2")
        await user.until(lambda: len(user.peer.asked) == 2 and not user.app.picture.notice, "the old words gone")


async def test_greyed_next_sends_nothing_and_says_why(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["screening"]) as user:
        await user.press("f2")
        await user.sees("6 questions are open")
        assert user.peer.asked == []


async def test_accept_reject_repeat_the_marked_response(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["threshold"]) as user:
        await user.press("down", "down", "a")
        await user.asked("pulse.judge")
        await user.press("r")
        await user.press("x", "2", "f2")
        await user.until(lambda: len(user.peer.asked) == 3, "three judgements")
        pulses = [(command.pulse, command.accept) for command in user.peer.asked]  # type: ignore[union-attr]
        assert pulses == [(6, True), (6, False), (6, False)]


async def test_prompt_takes_the_next_key_and_wants_the_value(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["prompted"]) as user:
        await user.press("f2")
        await user.sees("Read the device")
        await user.type("53")
        await user.press("f2")
        await user.asked("operator.confirm")
        assert user.peer.asked == [commands.ConfirmPrompt(prompt="p7", value=53)]


async def test_contact_question_is_the_next_action(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["contact"]) as user:
        await user.press("f2")
        await user.asked("contact.confirm")


async def test_physician_decides_on_a_concern(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["concern"]) as user:
        await user.press("d")
        await user.sees("May the visit go on?")
        await user.press("n")
        for text in ("carla", "9876", "implant"):
            await user.type(text)
            await user.press("enter")
        await user.press("f2")
        await user.asked("screening.decide")
        decision = commands.DecideConcern(item="implant", allow=False, physician="carla", pin="9876", reason="implant")
        assert user.peer.asked == [decision]


async def test_dialog_says_what_is_missing_and_escape_is_no(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["stimulating"]) as user:
        await user.press("f4", "f2")
        await user.sees("still missing: What happened, How severe")
        await user.press("escape")
        await user.until(lambda: len(user.app.screen_stack) == 1, "closed")
        assert user.peer.asked == []


async def test_privacy_hides_every_intensity_at_once(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCENES["start"]) as user:
        await user.press("f9")
        for n, name in enumerate(("hotspot", "threshold", "coil", "before_run", "stimulating", "paused"), 1000):
            user.peer.put(msgspec.structs.replace(SCENES[name], n=n))
            await user.until(lambda n=n: user.app.picture.snapshot.n == n, name)
            text = await user.settle()
            for secret in ("60 %MSO", "53 %MSO", "41 %MSO", " 41 ", "52.2", "45 degrees", "Coil flat"):
                assert secret not in text, (name, secret)
        await user.press("f9")
        await user.sees("device 41")


async def test_second_controller_sends_nothing_until_it_takes_control(tmp_path: Path) -> None:
    other = msgspec.structs.replace(SCENES["before_run"], controller="control-9")
    async with kiosk(tmp_path, other) as user:
        await user.sees("NOT in control")
        await user.press("f2", "f2", "space")
        assert user.peer.asked == []
        await user.press("T")
        await user.asked("control.take")


async def test_unknown_next_command_is_said_not_crashed_on(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(
        SCENES["coil"],
        step=msgspec.structs.replace(SCENES["coil"].step, next=Action(command="new.thing", label="?", enabled=True)),
    )
    async with kiosk(tmp_path, odd) as user:
        await user.press("f2")
        await user.sees("nothing to do here")


@pytest.mark.parametrize("role", ["control", "observe"])
async def test_arm_of_the_study_is_never_on_the_screen(role: str, tmp_path: Path) -> None:
    sham = msgspec.structs.replace(STIMULATING, run=msgspec.structs.replace(STIMULATING.run, sham=True))
    async with kiosk(tmp_path, sham, role=role) as user:  # type: ignore[arg-type]
        text = await user.settle()
        await user.press("f8")
        text += await user.settle()
        assert "sham" not in text.lower()
