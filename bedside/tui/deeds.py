"""What each command of the station needs from the person before it can be sent, by the command's tag.

Kinds: `Send` builds a command from the picture, `Ask` from a filled form, `Open` shows a page, `Local` calls the app.
"""

from collections.abc import Callable, Mapping

import msgspec

from bedside import commands
from bedside.commands import AnyCommand
from bedside.events import Value
from bedside.snapshot import Item
from bedside.tui.picture import Picture

Answers = Mapping[str, Value]
ARM_S = 10.0
FIRE_ARM_S = 30.0

ADVERSE_CATEGORIES = (
    "headache",
    "scalp or neck pain",
    "dizziness",
    "syncope",
    "seizure",
    "hearing",
    "skin",
    "muscle or joint pain",
    "fall",
    "blood pressure",
    "mood",
    "device",
    "other",
    "none",
)
END_CAUSES = ("patient's wish", "pain", "device fault", "robot fault", "vital signs", "seizure or syncope", "other")
REJECT_CAUSES = ("muscle not at rest", "artefact", "coil moved", "movement", "other")
ROBOT_PHASES = ("off", "fitting", "stand", "walk", "stopping", "fault")


class Send(msgspec.Struct, frozen=True):
    """A command that needs no more than the picture, or a string saying why it cannot be built.

    With `arm_s` it is sent on the second press only, within that time of the first, unless `at_once` holds; `rearms`
    keeps it armed after.
    """

    build: Callable[[Picture], AnyCommand | str]
    arm_s: float = 0.0
    rearms: bool = False
    at_once: Callable[[Picture], bool] = lambda picture: False

    def two_step(self, picture: Picture) -> bool:
        """Whether it takes a second press now."""
        return self.arm_s > 0 and not self.at_once(picture)


class Ask(msgspec.Struct, frozen=True):
    """A command built from a form; `build` may answer with a string saying what is wrong."""

    title: str
    items: Callable[[Picture], tuple[Item, ...]]
    build: Callable[[Answers, Picture], AnyCommand | str]
    accept: str = "Save"


class Open(msgspec.Struct, frozen=True):
    """Show a page."""

    page: str


class Local(msgspec.Struct, frozen=True):
    """Call this method of the app."""

    method: str


Deed = Send | Ask | Open | Local


def _text(answers: Answers, name: str) -> str:
    value = answers.get(name)
    return "" if value is None else str(value)


def _number(answers: Answers, name: str) -> float | None:
    value = answers.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(answers: Answers, name: str) -> int | str | None:
    value = _number(answers, name)
    if value is None or value.is_integer():
        return None if value is None else int(value)
    return f"a whole number is needed, not {value:g}"


def _item(name: str, label: str, kind: str = "text", **more: object) -> Item:
    return Item(id=name, label=label, kind=kind, **more)  # type: ignore[arg-type]


def _place_coil(picture: Picture) -> AnyCommand | str:
    site = picture.marked_site
    return commands.PlaceCoil(site=site) if site else "choose a site with the arrow keys first"


def _pacing(picture: Picture) -> AnyCommand | str:
    return commands.SetPacing(automatic=not (picture.hunt and picture.hunt.pacing))


def _confirm_prompt(picture: Picture) -> AnyCommand | str:
    prompt = picture.snapshot.prompt
    return commands.ConfirmPrompt(prompt=prompt.id) if prompt else "nothing is asked at the moment"


def _prompt_items(picture: Picture) -> tuple[Item, ...]:
    prompt = picture.snapshot.prompt
    hint = f"expected: {prompt.expects}" if prompt else ""
    label = prompt.text if prompt else "what the device shows"
    return (_item("value", label, "number", low=0.0, hint=hint),)


def _typed_prompt(answers: Answers, picture: Picture) -> AnyCommand | str:
    prompt, value = picture.snapshot.prompt, _whole(answers, "value")
    if prompt is None:
        return "nothing is asked at the moment"
    return value if isinstance(value, str) else commands.ConfirmPrompt(prompt=prompt.id, value=value)


def _concerns(picture: Picture) -> tuple[str, ...]:
    items = picture.step.items if picture.step else ()
    return tuple(item.id for item in items if item.state in {"attention", "stop"})


def _decide_items(picture: Picture) -> tuple[Item, ...]:
    concerns = _concerns(picture)
    return (
        _item("item", "Concern", "choice", choices=concerns, value=concerns[0] if len(concerns) == 1 else None),
        _item("allow", "May the visit go on?", "yesno"),
        _item("physician", "Physician (user name)"),
        _item("pin", "Physician's PIN", "secret"),
        _item("reason", "Reason"),
    )


def _decide(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.DecideConcern(
        item=_text(answers, "item"),
        allow=answers.get("allow") is True,
        physician=_text(answers, "physician"),
        pin=_text(answers, "pin"),
        reason=_text(answers, "reason"),
    )


def _judge(picture: Picture, accept: bool, reason: str) -> AnyCommand | str:
    if picture.hunt is None or not picture.hunt.trials:
        return "no pulse has been given yet"
    pulse = picture.pulse if picture.pulse is not None else picture.hunt.trials[-1].pulse
    return commands.JudgePulse(pulse=pulse, accept=accept, reason=reason)


def _choose_hotspot(picture: Picture) -> AnyCommand | str:
    return commands.ChooseHotspot(site=picture.site)


def _robot_items(picture: Picture) -> tuple[Item, ...]:
    robot = picture.snapshot.robot
    phase = robot.phase if robot and robot.phase in ROBOT_PHASES else None
    return (
        _item("phase", "Phase", "choice", choices=ROBOT_PHASES, value=phase),
        _item("speed_kmh", "Speed", "number", unit="km/h", low=0.0, high=10.0, required=False),
        _item(
            "body_weight_support_kg", "Body-weight support", "number", unit="kg", low=0.0, high=150.0, required=False
        ),
        _item("assist_pct", "Assistance", "number", unit="%", low=0.0, high=100.0, required=False),
        _item("steps", "Steps", "number", low=0.0, high=100_000.0, required=False),
    )


def _robot(answers: Answers, picture: Picture) -> AnyCommand | str:
    steps = _whole(answers, "steps")
    if isinstance(steps, str):
        return steps
    return commands.ReportRobot(
        phase=answers["phase"],  # type: ignore[arg-type]
        speed_kmh=_number(answers, "speed_kmh"),
        body_weight_support_kg=_number(answers, "body_weight_support_kg"),
        assist_pct=_number(answers, "assist_pct"),
        steps=steps,
    )


def _adverse_items(picture: Picture) -> tuple[Item, ...]:
    return (
        _item("category", "What happened", "choice", choices=ADVERSE_CATEGORIES),
        _item("severity", "How severe", "choice", choices=("none", "mild", "moderate", "severe")),
        _item("related", "Related to treatment", "choice", choices=("no", "possible", "probable", "unknown")),
        _item("action", "What was done"),
        _item("text", "In words", required=False),
    )


def _adverse(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.ReportAdverseEvent(
        category=_text(answers, "category"),
        severity=answers["severity"],  # type: ignore[arg-type]
        related=answers["related"],  # type: ignore[arg-type]
        action=_text(answers, "action"),
        text=_text(answers, "text"),
    )


def _lower_items(picture: Picture) -> tuple[Item, ...]:
    asked = picture.run.asked_pct_mso if picture.run else None
    return (
        _item("to", "New intensity", "number", unit="%MSO", low=1.0, high=float(asked - 1 if asked else 99)),
        _item("reason", "Reason"),
    )


def _lower(answers: Answers, picture: Picture) -> AnyCommand | str:
    value = _whole(answers, "to")
    if isinstance(value, str) or value is None:
        return value or "the new intensity is missing"
    return commands.LowerIntensity(to_pct_mso=value, reason=_text(answers, "reason"))


def _silence(picture: Picture) -> AnyCommand | str:
    sounding = [alarm for alarm in picture.snapshot.alarms if not alarm.silenced_s]
    order = {"high": 0, "medium": 1, "low": 2}
    sounding.sort(key=lambda alarm: order[alarm.priority])
    return commands.SilenceAlarm(alarm=sounding[0].id) if sounding else "no alarm sounds"


def _sign_items(picture: Picture) -> tuple[Item, ...]:
    meaning = "delivered and recorded as described"
    return (_item("meaning", "I sign that it was", value=meaning), _item("pin", "My PIN", "secret"))


def _one(name: str, label: str, kind: str = "text", **more: object) -> Callable[[Picture], tuple[Item, ...]]:
    return lambda picture: (_item(name, label, kind, **more),)


def _open_items(picture: Picture) -> tuple[Item, ...]:
    return (
        _item("participant", "Study number", hint="never a name"),
        _item("second", "Second identifier", hint="what the study uses to be sure, such as the year of birth"),
    )


def _user_items(picture: Picture) -> tuple[Item, ...]:
    return (_item("user", "Your user name"), _item("pin", "Your PIN", "secret"))


def _restart_items(picture: Picture) -> tuple[Item, ...]:
    rule = picture.hunt.rule if picture.hunt else ""
    return (_item("rule", "Rule", value=rule), _item("reason", "Reason for starting again"))


DEEDS: dict[str, Deed] = {
    "stop": Send(lambda picture: commands.Stop()),
    "control.take": Send(lambda picture: commands.TakeControl()),
    "staff.sign_in": Ask(
        "Sign in",
        _user_items,
        lambda given, picture: commands.SignIn(user=_text(given, "user"), pin=_text(given, "pin")),
        "Sign in",
    ),
    "visit.open": Ask(
        "Open a visit",
        _open_items,
        lambda given, picture: commands.OpenVisit(
            participant=_text(given, "participant"), second_identifier=_text(given, "second")
        ),
        "Open the visit",
    ),
    "visit.resume": Send(lambda picture: commands.ConfirmResume()),
    "step.next": Send(lambda picture: commands.NextStep()),
    "step.back": Send(lambda picture: commands.PreviousStep()),
    "screening.decide": Ask("Physician's decision", _decide_items, _decide, "Sign the decision"),
    "visit.note": Ask(
        "Note",
        _one("text", "Note"),
        lambda given, picture: commands.AddNote(text=_text(given, "text")),
        "Save the note",
    ),
    "coil.place": Send(_place_coil),
    "pulse.fire": Send(lambda picture: commands.Fire(), arm_s=FIRE_ARM_S, rearms=True),
    "pulse.pacing": Send(_pacing, arm_s=ARM_S, at_once=lambda picture: bool(picture.hunt and picture.hunt.pacing)),
    "pulse.judge": Send(lambda picture: _judge(picture, accept=True, reason="accepted by the therapist")),
    "pulse.repeat": Send(lambda picture: _judge(picture, accept=False, reason="to be repeated")),
    "pulse.reject": Ask(
        "Reject a response",
        _one("reason", "Why", "choice", choices=REJECT_CAUSES),
        lambda given, picture: _judge(picture, accept=False, reason=_text(given, "reason")),
        "Reject",
    ),
    "hotspot.choose": Send(_choose_hotspot),
    "threshold.restart": Ask(
        "Begin the threshold hunt again",
        _restart_items,
        lambda given, picture: commands.RestartHunt(rule=_text(given, "rule"), reason=_text(given, "reason")),
        "Begin again",
    ),
    "threshold.accept": Send(lambda picture: commands.AcceptThreshold()),
    "run.start": Send(lambda picture: commands.StartStimulation(), arm_s=ARM_S),
    "run.pause": Send(lambda picture: commands.PauseStimulation(reason="therapist")),
    "run.resume": Send(lambda picture: commands.ResumeStimulation(), arm_s=ARM_S),
    "run.end": Ask(
        "End stimulation for today",
        _one("reason", "Why", "choice", choices=END_CAUSES),
        lambda given, picture: commands.EndStimulation(reason=_text(given, "reason")),
        "End stimulation",
    ),
    "run.lower": Ask("Lower the intensity", _lower_items, _lower, "Lower it"),
    "current.prepare": Send(lambda picture: commands.PrepareCurrent()),
    "current.start": Send(lambda picture: commands.StartCurrent(), arm_s=ARM_S),
    "current.stop": Send(lambda picture: commands.StopCurrent()),
    "contact.confirm": Send(lambda picture: commands.ConfirmContact()),
    "robot.report": Ask("What the robot shows", _robot_items, _robot),
    "operator.confirm": Send(_confirm_prompt),
    "operator.type": Ask("Read the device", _prompt_items, _typed_prompt, "Confirm"),
    "alarm.silence": Send(_silence),
    "adverse.report": Ask("Adverse event", _adverse_items, _adverse),
    "visit.sign": Ask(
        "Sign the visit",
        _sign_items,
        lambda given, picture: commands.Sign(pin=_text(given, "pin"), meaning=_text(given, "meaning")),
        "Sign",
    ),
    "visit.end": Ask(
        "End the visit before its last step",
        _one("reason", "Reason"),
        lambda given, picture: commands.EndVisit(reason=_text(given, "reason")),
        "End the visit",
    ),
}
