"""An assessment by keys alone: home, instruments, scoring, recording, judging; and an assessor's screen."""

from pathlib import Path

import msgspec
import pytest

from bedside import commands
from bedside.commands import name_of
from bedside.snapshot import Action, Interruption
from bedside.station.access import ASSESSOR
from bedside.tui.actions import BY_ID, for_role
from bedside.tui.deedkinds import Local
from bedside.tui.deeds import DEEDS
from bedside.tui.picture import LinkState, Picture
from bedside.tui.traces import RANGES_UV, emg_range_uv
from tests.bedside.tui.assess_scenes import (
    ASSESS_SCENES,
    BEYOND,
    COP,
    CYCLING,
    DONE,
    HOME,
    JUDGING,
    LIST,
    NO_RESULT,
    RESULT,
    SCALE,
    SHIFTING,
    cop_live,
    walk_assessment,
)
from tests.bedside.tui.scenes import SIGNED_IN, START
from tests.bedside.tui.screen import kiosk

replace = msgspec.structs.replace


async def test_home_offers_treatment_and_assessment_once_somebody_is_signed_in(tmp_path: Path) -> None:
    async with kiosk(tmp_path, START) as user:
        assert "assessment" not in user.text()
        user.peer.put(replace(SIGNED_IN, n=1))
        await user.sees("the study plans no assessments")
        await user.press("m")
        await user.sees("assessment: the study plans no assessments")
        user.peer.put(replace(HOME, n=2))
        await user.until(lambda: user.app.picture.snapshot.n == 2, "points")
        assert "F2  Open a treatment visit" in user.text()
        await user.press("m")
        await user.sees("Which assessment")
        assert user.peer.asked == []


async def test_whole_assessment_by_keys_alone(tmp_path: Path) -> None:
    async with kiosk(tmp_path, HOME, rule=walk_assessment) as user:
        await user.press("m")
        await user.type("S-014")
        await user.press("enter")
        await user.type("1961")
        await user.press("enter", "2", "f2")
        await user.sees("Evaluation time")
        await user.press("f2")
        await user.sees("hip adductors")
        await user.press("1", "+")
        await user.sees("knee flexors")
        await user.press("n", "2")
        await user.sees("plantar flexors")
        await user.press("1", "enter")
        await user.sees("speed of the movement")
        await user.type("9")
        await user.press("enter")
        await user.sees("9 is outside 0.1 to 5 s")
        await user.press("backspace", "1", ".", "2", "enter")
        await user.sees("position")
        await user.press("2")
        await user.sees("remark")
        await user.press("down")
        await user.until(lambda: user.app.picture.form is not None and not user.app.picture.form.open, "all scored")
        await user.sees("Review: Y finishes it")
        await user.press("y")
        await user.sees("reached (6 >= 6)")
        await user.press("v", "down", "enter")
        await user.sees("not recording")
        await user.press("w")
        await user.sees("REC ")
        await user.press("1", "e")
        await user.sees("Accept trial 2")
        await user.press("a")
        await user.asked("capture.judge")
        scored = [command for command in user.peer.asked if isinstance(command, commands.ScoreItem)]
        assert [(one.code, one.value, one.missing) for one in scored] == [
            ("MAS01", "1+", ""),
            ("MAS02", None, "refused"),
            ("MAS03", "1", ""),
            ("MAS05", 1.2, ""),
            ("MAS06", "sitting", ""),
        ]
        rest = [command for command in user.peer.asked if not isinstance(command, commands.ScoreItem)]
        assert rest == [
            commands.OpenAssessment(participant="S-014", second_identifier="1961", point="T1"),
            commands.OpenInstrument(instrument="mas"),
            commands.CloseInstrument(instrument="mas"),
            commands.OpenInstrument(instrument="balance"),
            commands.StartCapture(task="static"),
            commands.GiveCue(cue="left 70 %"),
            commands.StopCapture(),
            commands.JudgeTrial(task="static", trial=2, accept=True),
        ]


async def test_unknown_participant_leads_to_the_full_record_and_goes_on(tmp_path: Path) -> None:
    async with kiosk(tmp_path, HOME, rule=walk_assessment) as user:
        for again in (False, True):
            await user.press("m")
            await user.type("S-099")
            await user.press("enter")
            await user.type("1970")
            await user.press("enter", "1", "f2")
            await user.sees("A new participant")
            if not again:
                await user.press("escape")
                await user.until(lambda: len(user.app.screen_stack) == 1, "a typing error enrols nobody")
        await user.press("1", "2", "down")
        for text in ("3.0", "2026-03-01"):
            await user.press("enter")
            await user.type(text)
            await user.press("enter")
        await user.press("f2")
        await user.sees("Evaluation time")
        assert user.peer.asked[2:] == [
            commands.EnrolParticipant(
                participant="S-099",
                second_identifier="1970",
                lesion_hemisphere="left",
                paretic_side="right",
                consent_version="3.0",
                consent_date="2026-03-01",
            ),
            commands.OpenAssessment(participant="S-099", second_identifier="1970", point="T0"),
        ]


async def test_list_opens_what_is_marked_and_asks_why_a_finished_one_again(tmp_path: Path) -> None:
    async with kiosk(tmp_path, LIST) as user:
        await user.press("down")
        await user.sees("F2  Open Balance, three tasks")
        await user.press("f2")
        await user.asked("assess.instrument")
        await user.press("up", "up", "up", "enter")
        await user.sees("Open a finished instrument again")
        await user.type("wrong side")
        await user.press("enter", "f2")
        await user.asked("assess.reopen")
        assert user.peer.asked == [
            commands.OpenInstrument(instrument="balance"),
            commands.ReopenInstrument(instrument="fma_le", reason="wrong side"),
        ]


async def test_another_instrument_is_chosen_from_a_list_longer_than_the_digits(tmp_path: Path) -> None:
    async with kiosk(tmp_path, LIST) as user:
        await user.press("*")
        await user.sees("7 more below")
        assert "Walking in the robot" not in user.text()
        await user.press("f2")
        await user.sees("still missing: Which instrument")
        for _ in range(11):
            await user.press("down")
        await user.sees(">  Thirty-minute cycling")
        await user.sees("7 more above")
        await user.press("f2")
        await user.asked("assess.instrument")
        await user.until(lambda: len(user.app.screen_stack) == 1, "the list again")
        await user.press("*", "up")
        await user.sees(">  Walking in the robot")
        await user.press("b")
        await user.sees(">  1 Barthel Index")
        await user.press("f2")
        await user.until(lambda: len(user.peer.asked) == 2, "both")
        assert user.peer.asked == [commands.OpenInstrument(instrument=name) for name in ("ride", "barthel")]


async def test_an_instrument_that_cannot_be_added_says_why_and_is_not_asked_for(tmp_path: Path) -> None:
    async with kiosk(tmp_path, LIST) as user:
        await user.press("*")
        await user.sees("3 not here: Guess tells the arm")
        await user.press("3", "f2")
        await user.sees("Guess tells the arm, and this assessment is blinded")
        await user.press("4", "f2")
        await user.asked("assess.instrument")
        assert user.peer.asked == [commands.OpenInstrument(instrument="lems")]


async def test_what_was_offered_and_is_no_longer_is_not_asked_for(tmp_path: Path) -> None:
    async with kiosk(tmp_path, LIST) as user:
        await user.press("*", "2")
        user.peer.put(replace(BEYOND, n=1))
        await user.until(lambda: user.app.picture.snapshot.n == 1, "another list")
        await user.press("f2")
        await user.sees("it is no longer offered")
        assert user.peer.asked == []


async def test_an_added_instrument_is_opened_and_finished_like_any_other(tmp_path: Path) -> None:
    async with kiosk(tmp_path, BEYOND) as user:
        await user.press("up", "up", "up")
        await user.sees("Thirty-minute cycling: open, beyond")
        await user.press("f2")
        await user.asked("assess.instrument")
        assert user.peer.asked == [commands.OpenInstrument(instrument="ride")]


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ("scale", "add: finish the open instrument first"),
        ("cop", "add: finish the open instrument first"),
        ("beyond", "add: all instruments are on the list"),
    ],
)
async def test_another_instrument_waits_for_the_open_one(scene: str, words: str, tmp_path: Path) -> None:
    snapshot = ASSESS_SCENES[scene]
    assert snapshot.assess is not None
    async with kiosk(tmp_path, replace(snapshot, assess=replace(snapshot.assess, further=()))) as user:
        if scene != "beyond":
            await user.press("*")
            assert len(user.app.screen_stack) == 1
            await user.press("i")
        await user.press("*")
        await user.sees(words)
        assert len(user.app.screen_stack) == 1


async def test_half_typed_levels_and_an_incomplete_scale(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE) as user:
        await user.press("f2")
        await user.sees("5 item(s) are open")
        await user.press("1", "backspace", "1")
        await user.sees("+ for 1+")
        assert user.peer.asked == []
        await user.press("down")
        await user.asked("assess.score")
        await user.press("i")
        await user.sees("Back to Modified Ashworth Scale")
        await user.press("enter")
        await user.sees("digits and + give the level")
        await user.press("y")
        await user.sees("Why it is not complete")
        await user.press("2", "f2")
        await user.asked("assess.close")
        user.peer.put(replace(DONE, n=1))
        await user.until(lambda: user.app.picture.snapshot.n == 1, "all scored")
        await user.press("home", "backspace")
        await user.until(lambda: len(user.peer.asked) == 3, "cleared")
        user.peer.put(replace(RESULT, n=2))
        await user.sees("reached (6 >= 6)")
        assert user.peer.asked == [
            commands.ScoreItem(instrument="mas", code="MAS01", value="1"),
            commands.CloseInstrument(instrument="mas", reason="tired"),
            commands.ScoreItem(instrument="mas", code="MAS01"),
        ]


async def test_recording_is_explicit_and_the_live_picture_alone_says_that_it_is_none(tmp_path: Path) -> None:
    async with kiosk(tmp_path, COP) as user:
        user.peer.say(cop_live())
        await user.sees("67 %")
        assert "not recording" in user.text()
        assert " REC " not in user.text()
        await user.press("e")
        assert user.peer.asked == []
        await user.press("w")
        await user.asked("capture.start")
        user.peer.put(replace(SHIFTING, n=1))
        await user.sees("  REC  ")
        assert "not recording" not in user.text()
        await user.press("w", "3", "comma", "9", "e")
        await user.asked("capture.stop")
        assert user.peer.asked == [
            commands.StartCapture(task="static"),
            commands.GiveCue(cue="middle"),
            commands.GiveCue(cue="right 70 %"),
            commands.StopCapture(),
        ]


async def test_other_task_other_time_other_scale(tmp_path: Path) -> None:
    async with kiosk(tmp_path, COP) as user:
        for scale in ("+-8 cm", "+-5 cm", "+-20 cm", "+-12 cm"):
            await user.press("plus")
            await user.sees(scale)
        await user.press("right")
        await user.sees("F2  Record: Weight shift")
        await user.press(".")
        await user.sees("Evaluation time")
        await user.type("45")
        await user.press("f2")
        await user.asked("capture.start")
        assert user.peer.asked == [commands.StartCapture(task="shift", seconds=45.0)]


async def test_trials_are_rejected_with_a_reason_repeated_and_judged_later(tmp_path: Path) -> None:
    async with kiosk(tmp_path, NO_RESULT) as user:
        await user.sees("F2  Reject trial 1: the plate was stepped off")
        await user.press("f2")
        await user.sees("Why; it stays in the record")
        await user.press("2", "f2")
        await user.asked("capture.judge")
        user.peer.put(replace(JUDGING, n=1))
        await user.sees("Accept trial 2")
        await user.press("r")
        await user.press("up", "x", "1", "f2")
        await user.until(lambda: len(user.peer.asked) == 3, "three judgements")
        assert user.peer.asked == [
            commands.JudgeTrial(task="static", trial=1, accept=False, reason="stepped or held on"),
            commands.JudgeTrial(task="static", trial=2, accept=False, reason="to be repeated"),
            commands.JudgeTrial(task="static", trial=1, accept=False, reason="patient moved"),
        ]


async def test_plate_is_zeroed_at_once_and_sensors_by_choice(tmp_path: Path) -> None:
    async with kiosk(tmp_path, COP) as user:
        await user.press("0")
        await user.asked("device.calibrate")
        user.peer.put(replace(CYCLING, n=1, assess=idle(CYCLING)))
        await user.sees("shank right")
        await user.press("j")
        await user.sees("Calibrate a device")
        await user.press("2", "1", "f2")
        await user.until(lambda: len(user.peer.asked) == 2, "both")
        assert user.peer.asked == [
            commands.CalibrateDevice(device="board", what="zero"),
            commands.CalibrateDevice(device="imu_2", what="mounting"),
        ]


def idle(snapshot):  # type: ignore[no-untyped-def]
    return replace(snapshot.assess, capture=replace(snapshot.assess.capture, state="idle"))


async def test_feedback_is_hidden_and_old_values_are_not_shown_as_now(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SHIFTING) as user:
        user.peer.say(cop_live())
        await user.sees("outside the ring")
        await user.press("minus")
        await user.sees("feedback is hidden")
        text = await user.settle()
        assert "LEFT 70 %" not in text
        assert "  REC  " in text
        user.peer.say(cop_live(2.0))
        await user.until(lambda: user.app.link.live_age_s("cop") == 0.0, "live values of now")
        await user.press("minus")
        await user.sees("outside the ring")
        user.clock.pass_(1.5)
        user.app.link.heard_s = user.clock()
        await user.sees("no live data")
        assert "ring" not in user.text()
        assert user.peer.asked == []


async def test_emg_range_key_goes_through_exactly_the_six(tmp_path: Path) -> None:
    assert RANGES_UV == (50, 100, 150, 200, 250, 300)
    assert [emg_range_uv(presses) for presses in range(7)] == [50, 100, 150, 200, 250, 300, 50]
    async with kiosk(tmp_path, CYCLING, size=(100, 30)) as user:
        for range_uv in (50, 100, 150, 200, 250, 300, 50):
            await user.sees(f"sEMG ±{range_uv} µV")
            await user.press("plus")
        assert user.peer.asked == []


# an assessor


async def test_assessor_assesses_and_has_no_key_of_treatment(tmp_path: Path) -> None:
    async with kiosk(tmp_path, HOME, role="assess", rule=walk_assessment) as user:
        await user.sees("blinded assessor")
        await user.sees("F2  Open an assessment")
        await user.press("f2")
        await user.type("S-014")
        await user.press("enter")
        await user.type("1961")
        await user.press("enter", "1", "f2")
        await user.sees("Evaluation time")
        await user.press("enter")
        await user.sees("hip adductors")
        await user.press("2")
        await user.asked("assess.score")
        await user.press("f12")
        await user.asked("stop")


def test_assessors_keys_are_those_of_an_assessment() -> None:
    assert {action.id for action in for_role("assess")} >= {"assessment", "record", "end", "finish", "accept", "cue"}
    assert not {action.id for action in for_role("assess")} & {
        "fire",
        "pacing",
        "lower",
        "start_current",
        "control",
        "robot",
    }


def test_assessors_keys_ask_for_nothing_that_the_station_refuses_an_assessor() -> None:
    allowed = {name_of(command) for command in ASSESSOR}  # type: ignore[arg-type]
    deeds = [action.deed for action in for_role("assess")]
    asked = {tag for tag, deed in DEEDS.items() if deed in deeds and not isinstance(deed, Local)}
    same = {
        "capture.start_for": "capture.start",
        "device.zero": "device.calibrate",
        "assess.further": "assess.instrument",
    }
    assert asked >= {"visit.note", "capture.start", "assess.open"}
    assert {same.get(tag, tag) for tag in asked} - {"stop"} <= allowed


@pytest.mark.parametrize("name", ASSESS_SCENES)
def test_watcher_has_no_key_that_commands_an_assessment(name: str) -> None:
    up = LinkState(up=True, client="observe-2", trouble="", ever=True)
    picture = Picture(snapshot=ASSESS_SCENES[name], role="observe", link=up)
    live = {action.id for action in for_role("observe") if action.state(picture) == ""}
    assert live <= {
        "stop",
        "stop_letter",
        "emergency",
        "devices",
        "privacy",
        "help",
        "quit",
        "list",
        "scale",
        "feedback",
        "plot",
    }


@pytest.mark.parametrize("name", ASSESS_SCENES)
def test_every_key_shown_has_a_state_and_stop_works_everywhere(name: str) -> None:
    up = LinkState(up=True, client="control-1", trouble="", ever=True)
    picture = Picture(snapshot=ASSESS_SCENES[name], link=up)
    assert BY_ID["stop"].state(picture) == ""
    shown = {action.id for action in for_role("control") if action.state(picture) is not None}
    greyed = {action.id: action.state(picture) for action in for_role("control") if action.state(picture)}
    assert shown
    assert all(reason and reason == reason.strip() for reason in greyed.values())


async def test_offer_without_its_key_is_said_not_crashed_on(tmp_path: Path) -> None:
    odd = replace(SCALE, step=replace(SCALE.step, next=Action(command="assess.odd", label="?", enabled=True)))
    async with kiosk(tmp_path, odd) as user:
        await user.press("f2")
        await user.sees("nothing to do here")


async def test_a_trial_without_a_result_cannot_be_accepted(tmp_path: Path) -> None:
    async with kiosk(tmp_path, NO_RESULT) as user:
        await user.sees("F2  Reject trial 1")
        assert BY_ID["accept"].state(user.app.picture) == "this trial has no result"
        assert BY_ID["reject"].state(user.app.picture) == ""


async def test_after_a_crash_somebody_signs_in_and_goes_on(tmp_path: Path) -> None:
    broken = Interruption(reason="the station was restarted", certain="what was entered is kept", uncertain="nothing")
    async with kiosk(tmp_path, replace(COP, interruption=broken, user="")) as user:
        await user.sees("F2  Sign in, then go on with this visit")
        user.peer.put(replace(COP, n=1, interruption=broken))
        await user.sees("F2  Go on with this visit")


async def test_a_level_that_an_item_does_not_have_is_said_and_not_kept(tmp_path: Path) -> None:
    async with kiosk(tmp_path, SCALE) as user:
        await user.press("9")
        await user.sees("9 is no level of this item")
        assert not user.peer.asked
