"""What screens are shown: every step, what each role must not know, actions that tell the truth, words for all."""

import json
from typing import get_args

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.snapshot import Snapshot
from bedside.visit import commanded, steps
from bedside.visit.inputs import History, ParticipantFound
from bedside.visit.narrate import line
from bedside.visit.rules import Refusal
from bedside.visit.view import picture
from tests.helpers.bed import RECORD, THERAPIST, Bed
from tests.helpers.bed_ready import bed_at

ARM_WORDS = ("sham", "tilt", "active", "upright", "90 degrees")


def shown(bed: Bed, role: e.Role) -> str:
    return msgspec.json.encode(picture(bed.state, bed.now, role)).decode().lower()


def test_before_a_visit_there_is_no_step() -> None:
    view = picture(Bed().state, Bed().now, "control")
    assert view.step is None
    assert [mark.id for mark in view.checklist] == list(steps.ORDER)


@pytest.mark.parametrize("step", steps.ORDER)
def test_every_step_is_shown_with_one_next_action(step: e.StepId) -> None:
    bed = bed_at(step)
    view = picture(bed.state, bed.now, "control")
    assert view.step is not None
    assert view.step.id == step
    assert view.step.title
    assert view.step.instruction
    assert view.step.good
    assert view.step.next is not None
    assert view.step.next.enabled or view.step.next.reason
    assert "hemisphere" in view.side
    assert "leg" in view.side
    assert (view.hunt is not None) == (step in ("hotspot", "threshold"))
    encoded = msgspec.json.encode(view)
    assert len(encoded) < 60_000, "one line of the socket"
    assert set(json.loads(encoded)) <= set(Snapshot.__struct_fields__)


def test_next_is_greyed_with_the_rules_own_reason() -> None:
    bed = bed_at("screening")
    action = picture(bed.state, bed.now, "control").step.next
    assert (action.command, action.enabled) == ("step.next", False)
    with pytest.raises(Refusal) as refusal:
        bed.ask(c.NextStep())
    assert action.reason == refusal.value.reason
    bed.fill()
    assert picture(bed.state, bed.now, "control").step.next.enabled


@pytest.mark.parametrize("step", steps.ORDER)
def test_an_enabled_action_is_carried_out(step: e.StepId) -> None:
    bed = bed_at(step)
    view = picture(bed.state, bed.now, "control")
    plain = {c.name_of(x): x for x in (c.NextStep(), c.PreviousStep(), c.EndVisit(reason="asked for"))}
    for action in view.step.others:
        command = plain.get(action.command)
        if command is None:
            continue
        assert (action.enabled, action.reason) == outcome(bed, command)


def outcome(bed: Bed, command: c.AnyCommand) -> tuple[bool, str]:
    try:
        commanded.decide(bed.state, command, bed.now, THERAPIST)
    except Refusal as refusal:
        return False, refusal.reason
    return True, ""


@pytest.mark.parametrize("sham", [False, True])
def test_no_blinded_role_learns_the_arm(sham: bool) -> None:
    record = msgspec.structs.replace(RECORD, tms="sham" if sham else "active")
    bed = Bed().begin_with(ParticipantFound(record, History(session=5)))
    seen = {"observe": "", "assess": "", "control": ""}
    for step in steps.ORDER:
        bed.to(step)
        for role in seen:
            seen[role] += shown(bed, role)
    for word in ARM_WORDS:
        assert word not in seen["observe"], word
        assert word not in seen["assess"], word
    assert "degrees" in seen["control"], "the therapist is shown how to place the coil"
    assert ('"sham":true' in seen["control"]) is sham


def test_an_assessor_learns_no_intensity_or_dose() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(30.0)
    view = picture(bed.state, bed.now, "assess")
    assert (view.step, view.hunt, view.run, view.robot, view.alarms, view.prompt) == (None, None, None, None, (), None)
    assert all(not mark.summary for mark in view.checklist)
    assert view.participant
    for word in ("mso", "rmt", "1200", "hz"):
        assert word not in shown(bed, "assess").replace(bed.setup.study.title.lower(), "")


def test_active_and_sham_differ_in_the_coil_step_only() -> None:
    pictures = {}
    for arm in ("active", "sham"):
        record = msgspec.structs.replace(RECORD, tms=arm)
        bed = Bed().begin_with(ParticipantFound(record, History(session=5)))
        for step in steps.ORDER[:9]:
            bed.to(step)
            view = picture(bed.state, bed.now, "control")
            pictures[arm, step] = (view.step, view.hunt)
    different = [step for step in steps.ORDER[:9] if pictures["active", step] != pictures["sham", step]]
    assert different == ["coil"]


def test_run_shows_asked_and_reported_side_by_side() -> None:
    bed = bed_at("treatment")
    run = picture(bed.state, bed.now, "control").run
    assert run.word == "OFF"
    assert run.reason
    bed.walk()
    assert picture(bed.state, bed.now, "control").run.word == "READY"
    bed.ask(c.StartStimulation())
    bed.advance(60.2)
    run = picture(bed.state, bed.now, "control").run
    assert (run.word, run.planned, run.delivered) == ("STIMULATING", 1200, 61)
    assert run.asked_pct_mso == run.reported_pct_mso == bed.stim.amplitude
    assert run.elapsed_s == pytest.approx(60.2, abs=0.01)
    assert run.remaining_s == pytest.approx(1200 - 61)
    assert run.walk_s == pytest.approx(95.2, abs=0.5)
    assert run.pct_rmt <= 80.0
    assert all(row.holds for row in run.interlocks)
    assert "1199 s" in run.durations
    bed.ask(c.PauseStimulation(reason="itch"))
    run = picture(bed.state, bed.now, "control").run
    assert (run.word, run.pause_left_s) == ("PAUSED", 300.0)
    bed.link(ok=False)
    assert not next(row for row in picture(bed.state, bed.now, "control").run.interlocks if not row.holds).holds


def test_a_lost_stimulator_in_a_run_is_unknown_until_confirmed() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.stim.fails = {"off"}
    bed.link(ok=False)
    bed.work()
    assert picture(bed.state, bed.now, "control").run.word == "UNKNOWN"


def test_contact_prompt_counts_down() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.contact = False
    bed.advance(100.0)
    run = picture(bed.state, bed.now, "control").run
    assert run.contact_due_s == pytest.approx(20.0)
    assert run.contact_left_s is None
    bed.advance(25.0)
    run = picture(bed.state, bed.now, "control").run
    assert 0 < run.contact_left_s <= 15.0
    assert picture(bed.state, bed.now, "control").step.next.command == "contact.confirm"


def test_hunt_shows_sites_trials_and_the_estimate() -> None:
    bed = bed_at("hotspot")
    view = picture(bed.state, bed.now, "control")
    assert [site.state for site in view.hunt.sites] == ["now", "open", "open", "open", "open"]
    assert view.step.next.command == "coil.place"
    bed.ask(c.PlaceCoil(site="r0c0"))
    assert picture(bed.state, bed.now, "control").step.next.command == "pulse.pacing"
    bed = bed_at("threshold")
    bed.ask(c.SetPacing(automatic=True))
    bed.advance(60.0)
    hunt = picture(bed.state, bed.now, "control").hunt
    assert hunt.trials
    assert hunt.next_reason
    assert hunt.next_pct_mso is not None
    assert hunt.rest_ok
    assert len(hunt.others) >= 2
    assert "leg" in hunt.side


def test_an_interruption_waits_for_a_person() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.crash()
    view = picture(bed.state, bed.now, "control")
    assert view.interruption is not None
    assert view.step.next.command == "visit.resume"
    assert not view.step.next.enabled, "nobody is signed in"


def test_fit_shows_the_last_value_and_a_deviation() -> None:
    bed = Bed().begin(History(session=5, fit={"thigh_cm": 41.0})).to("fit")
    item = next(i for i in picture(bed.state, bed.now, "control").step.items if i.id == "thigh_cm")
    assert "41" in item.hint
    bed.ask(c.Answer(step="fit", item="thigh_cm", value=43.0))
    item = next(i for i in picture(bed.state, bed.now, "control").step.items if i.id == "thigh_cm")
    assert "+2.0 cm" in item.hint


def test_every_event_has_words() -> None:
    bed = bed_at("signoff")
    bed.sign()
    for envelope in bed.journal:
        words = line(envelope.event)
        assert words
        assert words != e.tag_of(envelope.event)
        assert "\n" not in words
    from bedside.visit import narrate

    assert set(narrate._WORDS) == set(get_args(e.AnyEvent)), "an event without words"
