"""What each command of an assessment needs from the person before it can be sent, by the command's tag."""

from bedside import commands
from bedside.commands import AnyCommand
from bedside.events import Value
from bedside.snapshot import FurtherInstrument, Item
from bedside.tui.deedkinds import Answers, Ask, Deed, Local, Send, decimal, entry, one, text
from bedside.tui.importchoice import IMPORT
from bedside.tui.picture import Picture

SIDES = ("left", "right", "not known")
TRIAL_CAUSES = ("patient moved", "stepped or held on", "sensor fault", "cue missed", "stopped early", "other")
PART_CAUSES = ("patient's wish", "tired", "pain", "not safe", "no time", "device fault", "other")
CALIBRATIONS = {"cop": ("zero",), "knee": ("mounting", "magnetometer", "synchrony"), "feet": ("mounting", "synchrony")}
ALL_CALIBRATIONS = ("zero", "mounting", "magnetometer", "synchrony")
LONGEST_S = 3600.0


def open_items(picture: Picture) -> tuple[Item, ...]:
    """Who is assessed, and at which point of the study."""
    points = picture.snapshot.points
    only = points[0] if len(points) == 1 else None
    return (
        entry("participant", "Study number", hint="never a name"),
        entry("second", "Second identifier", hint="what the study uses to be sure, such as the year of birth"),
        entry("point", "Which assessment", "choice", choices=points, value=only),
    )


def _open(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.OpenAssessment(
        participant=text(answers, "participant"),
        second_identifier=text(answers, "second"),
        point=text(answers, "point"),
    )


def enrolment(participant: str, second_identifier: str) -> Ask:
    """The full record of somebody who is not on this box, with what was typed already in it."""
    number = "check it: a typing error would make a second person of one"
    state = "ok" if participant else "open"
    items = (
        entry("participant", "Study number, not known on this box", value=participant, hint=number, state=state),
        entry("second", "Second identifier", value=second_identifier, state=state),
        entry("lesion", "Hemisphere of the lesion", "choice", choices=SIDES),
        entry("paretic", "Paretic side", "choice", choices=SIDES),
        entry("height", "Height", "number", unit="cm", low=80.0, high=230.0, required=False),
        entry("version", "Consent: version signed"),
        entry("date", "Consent: date signed", hint="year-month-day, such as 2026-03-02"),
    )
    return Ask("A new participant: full record", lambda picture: items, _enrol, "Enter the record and go on")


def _enrol(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.EnrolParticipant(
        participant=text(answers, "participant"),
        second_identifier=text(answers, "second"),
        lesion_hemisphere=_side(answers["lesion"]),  # type: ignore[arg-type]
        paretic_side=_side(answers["paretic"]),  # type: ignore[arg-type]
        height_cm=decimal(answers, "height"),
        consent_version=text(answers, "version"),
        consent_date=text(answers, "date"),
    )


def _side(value: Value) -> Value:
    return value if value in {"left", "right"} else None


def _open_instrument(picture: Picture) -> AnyCommand | str:
    line = picture.marked_instrument
    return commands.OpenInstrument(instrument=line.id) if line else "mark an instrument with the arrow keys first"


def _reopen(answers: Answers, picture: Picture) -> AnyCommand | str:
    line = picture.marked_instrument
    if line is None:
        return "mark an instrument with the arrow keys first"
    return commands.ReopenInstrument(instrument=line.id, reason=text(answers, "reason"))


def _further(picture: Picture) -> dict[str, FurtherInstrument]:
    """What is not on the list by how it is called in the choice; what cannot be added says why."""
    found: dict[str, FurtherInstrument] = {}
    for each in picture.assess.further if picture.assess else ():
        words = f"{each.title}, {each.remark}" if each.remark else each.title
        words = f"not here: {each.refusal}" if each.refusal else words
        found[f"{words} ({each.id})" if words in found else words] = each
    return found


def _further_items(picture: Picture) -> tuple[Item, ...]:
    hint = "what the study does not plan here joins the list as beyond the plan"
    return (entry("instrument", "Which instrument", "choice", choices=tuple(_further(picture)), hint=hint),)


def _open_further(answers: Answers, picture: Picture) -> AnyCommand | str:
    chosen = _further(picture).get(text(answers, "instrument"))
    if chosen is None:
        return "it is no longer offered: leave this and look again"
    return chosen.refusal or commands.OpenInstrument(instrument=chosen.id)


def opened(picture: Picture) -> str:
    """The id of the open instrument, empty without one."""
    part = picture.form or picture.capture
    return part.id if part else ""


def incomplete(picture: Picture) -> bool:
    """Whether the open instrument lacks something, so that finishing it needs a reason."""
    if picture.form is not None:
        return picture.form.open > 0
    offers = picture.offers("assess.close")
    following = picture.step.next if picture.step else None
    return bool(offers) and (following is None or following.command != "assess.close")


def _close(picture: Picture) -> AnyCommand | str:
    return commands.CloseInstrument(instrument=opened(picture))


def _close_part(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.CloseInstrument(instrument=opened(picture), reason=text(answers, "reason"))


def _start(picture: Picture) -> AnyCommand | str:
    task = picture.marked_task
    return commands.StartCapture(task=task) if task else "no task is open"


def _seconds_items(picture: Picture) -> tuple[Item, ...]:
    planned = picture.capture.seconds if picture.capture else 0.0
    hint = f"the study plans {planned:g} s"
    return (entry("seconds", "Evaluation time", "number", unit="s", low=1.0, high=LONGEST_S, hint=hint),)


def _start_for(answers: Answers, picture: Picture) -> AnyCommand | str:
    task = picture.marked_task
    return commands.StartCapture(task=task, seconds=decimal(answers, "seconds")) if task else "no task is open"


def _cue(picture: Picture) -> AnyCommand | str:
    """The cue after the one given last."""
    capture = picture.capture
    if capture is None or not capture.cues:
        return "this task has no cues"
    place = capture.cues.index(capture.cue) + 1 if capture.cue in capture.cues else 0
    return commands.GiveCue(cue=capture.cues[place % len(capture.cues)])


def _judge(picture: Picture, *, accept: bool, reason: str = "") -> AnyCommand | str:
    line, capture = picture.marked_trial, picture.capture
    if line is None or capture is None:
        return "there is no trial yet"
    return commands.JudgeTrial(task=line.task, trial=line.trial, accept=accept, reason=reason)


def _devices(picture: Picture) -> tuple[str, ...]:
    sensors = picture.capture.sensors if picture.capture else ()
    return tuple(dict.fromkeys(sensor.device for sensor in sensors if sensor.device))


def _zero(picture: Picture) -> AnyCommand | str:
    devices = _devices(picture)
    if len(devices) != 1:
        return "no plate is connected" if not devices else "several devices are in use: J chooses one"
    return commands.CalibrateDevice(device=devices[0], what="zero")


def _calibrate_items(picture: Picture) -> tuple[Item, ...]:
    devices = _devices(picture)
    whats = CALIBRATIONS.get(picture.capture.live if picture.capture else "", ALL_CALIBRATIONS)
    return (
        entry("device", "Device", "choice", choices=devices, value=devices[0] if len(devices) == 1 else None),
        entry("what", "What", "choice", choices=whats, value=whats[0] if len(whats) == 1 else None),
    )


def _calibrate(answers: Answers, picture: Picture) -> AnyCommand | str:
    return commands.CalibrateDevice(device=text(answers, "device"), what=answers["what"])  # type: ignore[arg-type]


ASSESS_DEEDS: dict[str, Deed] = {
    "assess.open": Ask("Open an assessment", open_items, _open, "Open the assessment"),
    "participant.enrol": enrolment("", ""),
    "assess.instrument": Send(_open_instrument),
    "assess.further": Ask("Another instrument", _further_items, _open_further, "Open it"),
    "assess.reopen": Ask(
        "Open a finished instrument again",
        one("reason", "Why; what was entered stays in the record"),
        _reopen,
        "Open it",
    ),
    "assess.back": Local("do_list"),
    "assess.score": Send(lambda picture: "a digit gives the marked item its level"),
    "assess.close": Local("do_finish"),
    "assess.close_whole": Send(_close),
    "assess.close_part": Ask(
        "Finish it as it is",
        one("reason", "Why it is not complete", "choice", choices=PART_CAUSES),
        _close_part,
        "Finish it",
    ),
    "capture.start": Send(_start),
    "capture.start_for": Ask("Record for another time", _seconds_items, _start_for, "Record"),
    "capture.import": IMPORT,
    "capture.stop": Send(lambda picture: commands.StopCapture()),
    "capture.cue": Send(_cue),
    "capture.judge": Send(lambda picture: _judge(picture, accept=True)),
    "capture.repeat": Send(lambda picture: _judge(picture, accept=False, reason="to be repeated")),
    "capture.reject": Ask(
        "Reject a trial",
        one("reason", "Why; it stays in the record", "choice", choices=TRIAL_CAUSES),
        lambda given, picture: _judge(picture, accept=False, reason=text(given, "reason")),
        "Reject",
    ),
    "device.zero": Send(_zero),
    "device.calibrate": Ask("Calibrate a device", _calibrate_items, _calibrate, "Calibrate"),
}
