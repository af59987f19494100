"""What each command of the station needs from the person before it can be sent, by the command's tag."""

from bedside import commands
from bedside.commands import AnyCommand
from bedside.snapshot import Item
from bedside.tui.assessdeeds import ASSESS_DEEDS
from bedside.tui.beltkeys import BELT_DEEDS
from bedside.tui.deedkinds import Answers, Ask, Deed, Send, decimal, entry, one, text, whole
from bedside.tui.picture import Picture

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
    return (entry("value", label, "number", low=0.0, hint=hint),)


def _typed_prompt(answers: Answers, picture: Picture) -> AnyCommand | str:
    prompt, value = picture.snapshot.prompt, whole(answers, "value")
    if prompt is None:
        return "nothing is asked at the moment"
    return value if isinstance(value, str) else commands.ConfirmPrompt(prompt=prompt.id, value=value)


def _concerns(picture: Picture) -> tuple[str, ...]:
    items = picture.step.items if picture.step else ()
    return tuple(item.id for item in items if item.state in {"attention", "stop"})


def _decide_items(picture: Picture) -> tuple[Item, ...]:
    concerns = _concerns(picture)
    return (
        entry("item", "Concern", "choice", choices=concerns, value=concerns[0] if len(concerns) == 1 else None),
        entry("allow", "May the visit go on?", "yesno"),
        entry("physician", "Physician (user name)"),
        entry("pin", "Physician's PIN", "secret"),
        entry("reason", "Reason"),
    )


def _decide(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.DecideConcern(
        item=text(answers, "item"),
        allow=answers.get("allow") is True,
        physician=text(answers, "physician"),
        pin=text(answers, "pin"),
        reason=text(answers, "reason"),
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
        entry("phase", "Phase", "choice", choices=ROBOT_PHASES, value=phase),
        entry("speed_kmh", "Speed", "number", unit="km/h", low=0.0, high=10.0, required=False),
        entry(
            "body_weight_support_kg", "Body-weight support", "number", unit="kg", low=0.0, high=150.0, required=False
        ),
        entry("assist_pct", "Assistance", "number", unit="%", low=0.0, high=100.0, required=False),
        entry("steps", "Steps", "number", low=0.0, high=100_000.0, required=False),
    )


def _robot(answers: Answers, picture: Picture) -> AnyCommand | str:
    steps = whole(answers, "steps")
    if isinstance(steps, str):
        return steps
    return commands.ReportRobot(
        phase=answers["phase"],  # type: ignore[arg-type]
        speed_kmh=decimal(answers, "speed_kmh"),
        body_weight_support_kg=decimal(answers, "body_weight_support_kg"),
        assist_pct=decimal(answers, "assist_pct"),
        steps=steps,
    )


def _adverse_items(picture: Picture) -> tuple[Item, ...]:
    return (
        entry("category", "What happened", "choice", choices=ADVERSE_CATEGORIES),
        entry("severity", "How severe", "choice", choices=("none", "mild", "moderate", "severe")),
        entry("related", "Related to treatment", "choice", choices=("no", "possible", "probable", "unknown")),
        entry("action", "What was done"),
        entry("text", "In words", required=False),
    )


def _adverse(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.ReportAdverseEvent(
        category=text(answers, "category"),
        severity=answers["severity"],  # type: ignore[arg-type]
        related=answers["related"],  # type: ignore[arg-type]
        action=text(answers, "action"),
        text=text(answers, "text"),
    )


def _lower_items(picture: Picture) -> tuple[Item, ...]:
    asked = picture.run.asked_pct_mso if picture.run else None
    return (
        entry("to", "New intensity", "number", unit="%MSO", low=1.0, high=float(asked - 1 if asked else 99)),
        entry("reason", "Reason"),
    )


def _lower(answers: Answers, picture: Picture) -> AnyCommand | str:
    value = whole(answers, "to")
    if isinstance(value, str) or value is None:
        return value or "the new intensity is missing"
    return commands.LowerIntensity(to_pct_mso=value, reason=text(answers, "reason"))


def _silence(picture: Picture) -> AnyCommand | str:
    sounding = [alarm for alarm in picture.snapshot.alarms if not alarm.silenced_s]
    order = {"high": 0, "medium": 1, "low": 2}
    sounding.sort(key=lambda alarm: order[alarm.priority])
    return commands.SilenceAlarm(alarm=sounding[0].id) if sounding else "no alarm sounds"


def _sign_items(picture: Picture) -> tuple[Item, ...]:
    meaning = "delivered and recorded as described"
    return (entry("meaning", "I sign that it was", value=meaning), entry("pin", "My PIN", "secret"))


def _open_items(picture: Picture) -> tuple[Item, ...]:
    return (
        entry("participant", "Study number", hint="never a name"),
        entry("second", "Second identifier", hint="what the study uses to be sure, such as the year of birth"),
    )


def _user_items(picture: Picture) -> tuple[Item, ...]:
    return (entry("user", "Your user name"), entry("pin", "Your PIN", "secret"))


def _restart_items(picture: Picture) -> tuple[Item, ...]:
    rule = picture.hunt.rule if picture.hunt else ""
    return (entry("rule", "Rule", value=rule), entry("reason", "Reason for starting again"))


DEEDS: dict[str, Deed] = {
    "stop": Send(lambda picture: commands.Stop()),
    "control.take": Send(lambda picture: commands.TakeControl()),
    "staff.sign_in": Ask(
        "Sign in",
        _user_items,
        lambda given, picture: commands.SignIn(user=text(given, "user"), pin=text(given, "pin")),
        "Sign in",
    ),
    "visit.open": Ask(
        "Open a treatment visit",
        _open_items,
        lambda given, picture: commands.OpenVisit(
            participant=text(given, "participant"), second_identifier=text(given, "second")
        ),
        "Open the visit",
    ),
    "visit.resume": Send(lambda picture: commands.ConfirmResume()),
    "step.next": Send(lambda picture: commands.NextStep()),
    "step.back": Send(lambda picture: commands.PreviousStep()),
    "screening.decide": Ask("Physician's decision", _decide_items, _decide, "Sign the decision"),
    "visit.note": Ask(
        "Note",
        one("text", "Note"),
        lambda given, picture: commands.AddNote(text=text(given, "text")),
        "Save the note",
    ),
    "coil.place": Send(_place_coil),
    "pulse.fire": Send(lambda picture: commands.Fire(), arm_s=FIRE_ARM_S, rearms=True),
    "pulse.pacing": Send(_pacing, arm_s=ARM_S, at_once=lambda picture: bool(picture.hunt and picture.hunt.pacing)),
    "pulse.judge": Send(lambda picture: _judge(picture, accept=True, reason="accepted by the therapist")),
    "pulse.repeat": Send(lambda picture: _judge(picture, accept=False, reason="to be repeated")),
    "pulse.reject": Ask(
        "Reject a response",
        one("reason", "Why", "choice", choices=REJECT_CAUSES),
        lambda given, picture: _judge(picture, accept=False, reason=text(given, "reason")),
        "Reject",
    ),
    "hotspot.choose": Send(_choose_hotspot),
    "threshold.restart": Ask(
        "Begin the threshold hunt again",
        _restart_items,
        lambda given, picture: commands.RestartHunt(rule=text(given, "rule"), reason=text(given, "reason")),
        "Begin again",
    ),
    "threshold.accept": Send(lambda picture: commands.AcceptThreshold()),
    "run.start": Send(lambda picture: commands.StartStimulation(), arm_s=ARM_S),
    "run.pause": Send(lambda picture: commands.PauseStimulation(reason="therapist")),
    "run.resume": Send(lambda picture: commands.ResumeStimulation(), arm_s=ARM_S),
    "run.end": Ask(
        "End stimulation for today",
        one("reason", "Why", "choice", choices=END_CAUSES),
        lambda given, picture: commands.EndStimulation(reason=text(given, "reason")),
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
        lambda given, picture: commands.Sign(pin=text(given, "pin"), meaning=text(given, "meaning")),
        "Sign",
    ),
    "visit.end": Ask(
        "End the visit before its last step",
        one("reason", "Reason"),
        lambda given, picture: commands.EndVisit(reason=text(given, "reason")),
        "End the visit",
    ),
    **BELT_DEEDS,
    **ASSESS_DEEDS,
}
