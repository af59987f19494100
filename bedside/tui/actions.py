"""The one registry of keys: it feeds the bindings, the footer, the help page and the README's table.

`python -m bedside.tui.actions` prints that table.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from bedside.snapshot import Action
from bedside.tui.deeds import DEEDS, Deed, Local, Open
from bedside.tui.picture import Picture

Group = Literal["always", "visit", "single pulses", "treatment"]
State = Callable[[Picture], "str | None"]


class KeyAction(msgspec.Struct, frozen=True):
    """One key. `state` says None when it is not shown now, "" when it works, else why it is greyed."""

    id: str
    keys: tuple[str, ...]
    shows: str
    label: str
    tooltip: str
    group: Group
    deed: Deed
    state: State
    priority: bool = False
    watcher: bool = False
    footer: bool = True


def _always(picture: Picture) -> str | None:
    return ""


def _may_command(picture: Picture) -> str:
    if picture.role != "control":
        return "watching only"
    if not picture.link.up:
        return "the station does not answer"
    return "" if picture.controls else "another screen is in control (T takes it)"


def _in_visit(picture: Picture) -> str | None:
    return _may_command(picture) if picture.snapshot.visit and not picture.snapshot.closed else None


def _offered(command: str) -> State:
    """Shown while the station offers the command, greyed with the station's reason."""

    def state(picture: Picture) -> str | None:
        offer = picture.offer(command)
        if offer is None:
            return None
        return _may_command(picture) or ("" if offer.enabled else offer.reason or "not now")

    return state


def _offered_or(command: str, otherwise: Callable[[Picture], bool]) -> State:
    """As the station offers it, or, where it does not say, while the picture shows that it makes sense."""
    by_station = _offered(command)

    def state(picture: Picture) -> str | None:
        if picture.offer(command) is not None:
            return by_station(picture)
        return _may_command(picture) if otherwise(picture) else None

    return state


def _running(picture: Picture) -> bool:
    return picture.word == "STIMULATING"


def _has_run(picture: Picture) -> bool:
    return picture.word in {"STIMULATING", "PAUSED"} and picture.snapshot.interruption is None


def _hunting(picture: Picture) -> bool:
    return picture.hunt is not None and picture.step_id in {"hotspot", "threshold"}


def _has_trials(picture: Picture) -> bool:
    return bool(_hunting(picture) and picture.hunt and picture.hunt.trials)


def _take(picture: Picture) -> str | None:
    command = "threshold.accept" if picture.step_id == "threshold" else "hotspot.choose"
    return _offered(command)(picture)


def _pause(picture: Picture) -> str | None:
    if picture.hunt is not None and picture.hunt.pacing:
        return _may_command(picture)
    return _offered_or("run.pause", _running)(picture)


def _alarmed(picture: Picture) -> str | None:
    return _may_command(picture) if picture.snapshot.alarms else None


def _contact(picture: Picture) -> str | None:
    return _offered_or("contact.confirm", lambda seen: bool(seen.run and seen.run.contact_left_s is not None))(picture)


def _concern(picture: Picture) -> str | None:
    blocked = bool(picture.step and any(item.state == "stop" for item in picture.step.items))
    return _offered_or("screening.decide", lambda seen: blocked and seen.step_id == "screening")(picture)


def _take_control(picture: Picture) -> str | None:
    return "" if picture.role == "control" and picture.link.up and not picture.controls else None


def _sign_in(picture: Picture) -> str | None:
    return _may_command(picture) if picture.snapshot.user else None


def _quit(picture: Picture) -> str | None:
    if not picture.can_quit:
        return None
    return "stop stimulation first" if picture.role == "control" and picture.stimulating and picture.link.up else ""


def next_offer(picture: Picture) -> Action | None:
    """The one next action: a prompt first, then the contact question, then what the step says."""
    offer = _plain_next(picture)
    if offer is None or not offer.enabled:
        return offer
    reason = _may_command(picture)
    return Action(command=offer.command, label=offer.label, enabled=not reason, reason=reason or offer.reason)


def _plain_next(picture: Picture) -> Action | None:
    snapshot = picture.snapshot
    if snapshot.prompt is not None:
        command = "operator.confirm" if snapshot.prompt.expects is None else "operator.type"
        return Action(command=command, label=snapshot.prompt.text, enabled=True)
    if snapshot.interruption is not None:
        return Action(command="visit.resume", label="Go on with this visit", enabled=True)
    if picture.run is not None and picture.run.contact_left_s is not None:
        return Action(command="contact.confirm", label="The coil touches its mark", enabled=True)
    if snapshot.step is not None and not snapshot.closed:
        return snapshot.step.next
    if not picture.link.ever:
        return None
    if not snapshot.user:
        return Action(command="staff.sign_in", label="Sign in", enabled=True)
    return Action(command="visit.open", label="Open a visit", enabled=True)


def _next(picture: Picture) -> str | None:
    offer = next_offer(picture)
    if offer is None:
        return None
    return "" if offer.enabled else offer.reason or "not now"


ACTIONS: tuple[KeyAction, ...] = (
    KeyAction(
        "stop",
        ("f12",),
        "F12",
        "STOP",
        "Stimulation off, at once, from every screen and over every dialog; Escape twice, or S when not typing, too",
        "always",
        DEEDS["stop"],
        _always,
        priority=True,
        watcher=True,
    ),
    KeyAction(
        "stop_letter",
        ("S",),
        "S",
        "STOP",
        "Stimulation off, at once; not while typing text",
        "always",
        DEEDS["stop"],
        _always,
        priority=True,
        watcher=True,
        footer=False,
    ),
    KeyAction(
        "next",
        ("f2",),
        "F2",
        "next",
        "The one next action of the step; starting pulses takes a second press",
        "always",
        Local("do_next"),
        _next,
    ),
    KeyAction(
        "pause",
        ("space",),
        "Space",
        "pause",
        "Pause the pulses; they go on only when you say so",
        "treatment",
        Local("do_pause"),
        _pause,
        priority=True,
    ),
    KeyAction(
        "emergency",
        ("exclamation_mark",),
        "!",
        "emergency",
        "Card for seizure and fainting; stimulation goes off and a timer starts",
        "always",
        Local("do_emergency"),
        _always,
        priority=True,
        watcher=True,
    ),
    KeyAction(
        "back",
        ("f3",),
        "F3",
        "back",
        "Open the step before again; what was entered stays in the record",
        "visit",
        DEEDS["step.back"],
        _offered("step.back"),
    ),
    KeyAction(
        "silence",
        ("f6",),
        "F6",
        "silence",
        "Pause the sound of the highest sounding alarm; its light stays",
        "always",
        DEEDS["alarm.silence"],
        _alarmed,
        priority=True,
    ),
    KeyAction(
        "adverse",
        ("f4",),
        "F4",
        "adverse",
        "Record an adverse event, at any step",
        "visit",
        DEEDS["adverse.report"],
        _in_visit,
    ),
    KeyAction("note", ("f5",), "F5", "note", "Keep a remark with the visit", "visit", DEEDS["visit.note"], _in_visit),
    KeyAction(
        "robot",
        ("f7",),
        "F7",
        "robot",
        "Type what the robot's own screen shows",
        "visit",
        DEEDS["robot.report"],
        _in_visit,
    ),
    KeyAction(
        "site",
        ("o",),
        "O",
        "on site",
        "The coil is held over the marked site; the arrow keys mark another",
        "single pulses",
        DEEDS["coil.place"],
        _offered_or("coil.place", lambda seen: _hunting(seen) and seen.step_id == "hotspot"),
    ),
    KeyAction(
        "fire",
        ("f",),
        "F",
        "one pulse",
        "Give one pulse; the first press arms for 30 s, each pulse keeps it armed",
        "single pulses",
        DEEDS["pulse.fire"],
        _offered("pulse.fire"),
    ),
    KeyAction(
        "pacing",
        ("p",),
        "P",
        "by itself",
        "Give single pulses by themselves at the rule's interval, or stop doing so",
        "single pulses",
        DEEDS["pulse.pacing"],
        _offered_or("pulse.pacing", _hunting),
    ),
    KeyAction(
        "accept",
        ("a",),
        "A",
        "accept",
        "Accept the marked response after all",
        "single pulses",
        DEEDS["pulse.judge"],
        _offered_or("pulse.judge", _has_trials),
    ),
    KeyAction(
        "reject",
        ("x",),
        "X",
        "reject",
        "Reject the marked response and say why; it stays in the record",
        "single pulses",
        DEEDS["pulse.reject"],
        _offered_or("pulse.judge", _has_trials),
    ),
    KeyAction(
        "repeat",
        ("r",),
        "R",
        "repeat",
        "Reject the marked response so that it is repeated",
        "single pulses",
        DEEDS["pulse.repeat"],
        _offered_or("pulse.judge", _has_trials),
        footer=False,
    ),
    KeyAction(
        "take",
        ("h",),
        "H",
        "take it",
        "Take the marked site as the hotspot, or the present estimate as the threshold",
        "single pulses",
        Local("do_take"),
        _take,
        footer=False,
    ),
    KeyAction(
        "plot",
        ("v",),
        "V",
        "plot",
        "Show the recruitment plot in place of the responses, or back",
        "single pulses",
        Local("do_plot"),
        lambda picture: "" if _hunting(picture) else None,
        watcher=True,
    ),
    KeyAction(
        "restart",
        ("b",),
        "B",
        "begin again",
        "Begin the threshold hunt again; earlier pulses stay in the record",
        "single pulses",
        DEEDS["threshold.restart"],
        _offered_or("threshold.restart", lambda seen: _hunting(seen) and seen.step_id == "threshold"),
        footer=False,
    ),
    KeyAction(
        "contact",
        ("c",),
        "C",
        "contact",
        "Confirm that the coil still touches its mark",
        "treatment",
        DEEDS["contact.confirm"],
        _contact,
    ),
    KeyAction(
        "lower",
        ("l",),
        "L",
        "lower",
        "Lower the intensity; it cannot be raised in a treatment",
        "treatment",
        DEEDS["run.lower"],
        _offered_or("run.lower", _has_run),
    ),
    KeyAction(
        "end",
        ("e",),
        "E",
        "end",
        "Give no more pulses in this visit",
        "treatment",
        DEEDS["run.end"],
        _offered_or("run.end", _has_run),
    ),
    KeyAction(
        "decide",
        ("d",),
        "D",
        "physician",
        "A physician decides on a screening concern",
        "visit",
        DEEDS["screening.decide"],
        _concern,
    ),
    KeyAction(
        "end_visit",
        ("Z",),
        "Z",
        "end visit",
        "End the visit before its last step",
        "visit",
        DEEDS["visit.end"],
        _offered_or("visit.end", lambda seen: bool(seen.snapshot.visit) and not seen.snapshot.closed),
        footer=False,
    ),
    KeyAction(
        "control",
        ("T",),
        "T",
        "take control",
        "Make this screen the one that controls",
        "always",
        DEEDS["control.take"],
        _take_control,
    ),
    KeyAction(
        "sign_in",
        ("U",),
        "U",
        "user",
        "Sign in as another person",
        "always",
        DEEDS["staff.sign_in"],
        _sign_in,
        footer=False,
    ),
    KeyAction(
        "devices",
        ("f8",),
        "F8",
        "devices",
        "All devices: state, age, what is wrong and what to do",
        "always",
        Open("devices"),
        _always,
        watcher=True,
    ),
    KeyAction(
        "privacy",
        ("f9",),
        "F9",
        "privacy",
        "Hide intensities and coil placement at once, or show them again",
        "always",
        Local("do_privacy"),
        _always,
        priority=True,
        watcher=True,
    ),
    KeyAction("help", ("f1",), "F1", "help", "All keys", "always", Open("help"), _always, priority=True, watcher=True),
    KeyAction(
        "quit",
        ("Q",),
        "Q",
        "quit",
        "Close this screen; the station goes on",
        "always",
        Local("do_quit"),
        _quit,
        watcher=True,
        footer=False,
    ),
)
BY_ID = {action.id: action for action in ACTIONS}


def for_role(role: str) -> tuple[KeyAction, ...]:
    """The actions a role can ever have."""
    return ACTIONS if role == "control" else tuple(action for action in ACTIONS if action.watcher)


def markdown_table() -> str:
    """The README's table of keys."""
    lines = ["| key | does | where |", "| --- | --- | --- |"]
    lines += [f"| {action.shows} | {action.tooltip} | {action.group} |" for action in ACTIONS]
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown_table())  # noqa: T201
