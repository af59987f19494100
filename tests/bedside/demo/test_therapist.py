"""What the scripted therapist does next, from the picture alone."""

import pytest
from msgspec.structs import replace

from bedside.commands import (
    AcceptThreshold,
    Answer,
    AnyCommand,
    ChooseHotspot,
    ConfirmContact,
    ConfirmPrompt,
    ConfirmResume,
    NextStep,
    OpenVisit,
    PlaceCoil,
    ResumeStimulation,
    SetPacing,
    Sign,
    SignIn,
    StartStimulation,
)
from bedside.demo.therapist import Script, next_command
from bedside.events import StepId
from bedside.snapshot import Action, Hunt, Interruption, Item, Prompt, Run, Site, Snapshot, Step

SCRIPT = Script("thera", "1234", "D-0017", "1957", answers={"checkin.name": "somebody"})
SIGN_IN = SignIn(user="thera", pin="1234")
START = Snapshot(n=1, mono_ns=0, utc="", software="", simulated=True)
SIGNED_IN = replace(START, user="Therapist (therapist)")
NEXT = Action(command="step.next", label="next", enabled=True)
HUNT = Hunt(muscle="TA left", others=(), side="left", criterion="50 uV")
RUN = Run(word="READY", reason="")
INTERRUPTED = Interruption(reason="the station was gone", certain="", uncertain="")


def at(step: StepId, *items: Item, offers: Action | None = None, **around: object) -> Snapshot:
    """A picture of somebody signed in who stands at a step."""
    page = Step(id=step, number=1, total=9, title=step, instruction="", good="", items=items, next=offers)
    return replace(SIGNED_IN, step=page, **around)


def offer(command: str, *, enabled: bool = True) -> Action:
    return Action(command=command, label=command, enabled=enabled)


def site(name: str, state: str) -> Site:
    return Site(id=name, x_cm=0.0, y_cm=0.0, pulses=0, mean_uv=None, state=state)  # type: ignore[arg-type]


def item(kind: str, **more: object) -> Item:
    return Item(id="x", label="x", kind=kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        pytest.param(START, SIGN_IN, id="nobody is signed in"),
        pytest.param(replace(START, interruption=INTERRUPTED), SIGN_IN, id="interrupted, nobody signed in"),
        pytest.param(replace(SIGNED_IN, interruption=INTERRUPTED), ConfirmResume(), id="interrupted"),
        pytest.param(SIGNED_IN, OpenVisit(participant="D-0017", second_identifier="1957"), id="no visit"),
        pytest.param(replace(SIGNED_IN, closed=True), None, id="the visit is closed"),
        pytest.param(
            at("treatment", prompt=Prompt(id="p1", text="set the dial", expects=42)),
            ConfirmPrompt(prompt="p1", value=42),
            id="a prompt goes before the step",
        ),
        pytest.param(
            at("treatment", run=replace(RUN, contact_left_s=5.0), offers=NEXT), ConfirmContact(), id="contact"
        ),
        pytest.param(at("posture", offers=NEXT), NextStep(), id="the form is done"),
        pytest.param(at("posture", offers=offer("step.next", enabled=False)), None, id="the step cannot be left yet"),
        pytest.param(at("posture"), None, id="nothing is offered"),
        pytest.param(
            at("signoff", offers=NEXT),
            Sign(pin="1234", meaning="delivered and recorded as described"),
            id="sign before leaving",
        ),
        pytest.param(at("signoff", offers=NEXT, signed=True), NextStep(), id="signed"),
    ],
)
def test_around_the_steps(picture: Snapshot, expected: AnyCommand | None) -> None:
    assert next_command(picture, SCRIPT) == expected


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (item("tick"), True),
        (item("yesno"), False),
        (item("text"), "none"),
        (item("choice", choices=("left", "right")), "left"),
        (item("number", low=60.0, high=101.0), 80),
        (item("number", low=4.0), 5),
        (item("number"), 1),
    ],
)
def test_plain_answers(asked: Item, value: object) -> None:
    assert next_command(at("posture", asked, offers=NEXT), SCRIPT) == Answer(step="posture", item="x", value=value)


def test_the_script_s_own_answer_goes_before_the_plain_one() -> None:
    asked = Item(id="name", label="name", kind="text")
    assert next_command(at("checkin", asked), SCRIPT) == Answer(step="checkin", item="name", value="somebody")


@pytest.mark.parametrize("asked", [item("tick", state="ok"), item("tick", required=False), item("tick", by="machine")])
def test_what_is_answered_optional_or_the_machine_s_is_left_alone(asked: Item) -> None:
    assert next_command(at("posture", asked, offers=NEXT), SCRIPT) == NextStep()


@pytest.mark.parametrize(
    ("step", "hunt", "offers", "expected"),
    [
        ("hotspot", replace(HUNT, sites=(site("a", "done"), site("b", "now"))), None, PlaceCoil(site="b")),
        ("hotspot", replace(HUNT, sites=(site("b", "now"),), site="b"), None, SetPacing(automatic=True)),
        ("hotspot", replace(HUNT, sites=(site("b", "now"),), site="b", pacing=True), None, None),
        ("hotspot", HUNT, offer("hotspot.choose"), ChooseHotspot()),
        ("hotspot", replace(HUNT, pacing=True), offer("hotspot.choose", enabled=False), None),
        ("hotspot", HUNT, NEXT, NextStep()),
        ("threshold", HUNT, None, SetPacing(automatic=True)),
        ("threshold", replace(HUNT, sites=(site("b", "now"),)), None, SetPacing(automatic=True)),
        ("threshold", replace(HUNT, done=True), None, None),
        ("threshold", replace(HUNT, done=True), offer("threshold.accept"), AcceptThreshold()),
        ("threshold", HUNT, NEXT, NextStep()),
    ],
)
def test_hunting(step: StepId, hunt: Hunt, offers: Action | None, expected: AnyCommand | None) -> None:
    assert next_command(at(step, offers=offers, hunt=hunt), SCRIPT) == expected


@pytest.mark.parametrize(
    ("word", "offers", "expected"),
    [
        ("READY", offer("run.start"), StartStimulation()),
        ("READY", offer("run.start", enabled=False), None),
        ("STIMULATING", None, None),
        ("PAUSED", offer("run.resume"), ResumeStimulation()),
        ("PAUSED", offer("run.resume", enabled=False), None),
        ("UNKNOWN", offer("run.resume"), None),
        ("ENDED", NEXT, NextStep()),
    ],
)
def test_treating(word: str, offers: Action | None, expected: AnyCommand | None) -> None:
    run = replace(RUN, word=word)
    assert next_command(at("treatment", offers=offers, run=run), SCRIPT) == expected
