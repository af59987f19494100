"""The one registry of keys: it feeds the bindings, the footer, the help page and the README's table.

`python -m bedside.tui.actions` prints that table.
"""

from typing import Literal

import msgspec

from bedside.tui import offers
from bedside.tui.deeds import DEEDS, Deed, Local, Open
from bedside.tui.offers import State

Group = Literal["always", "visit", "single pulses", "treatment"]


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


ACTIONS: tuple[KeyAction, ...] = (
    KeyAction(
        "stop",
        ("f12",),
        "F12",
        "STOP",
        "Stimulation off, at once, from every screen and over every dialog; Escape twice, or S when not typing, too",
        "always",
        DEEDS["stop"],
        offers.always,
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
        offers.always,
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
        offers.next_key,
    ),
    KeyAction(
        "pause",
        ("space",),
        "Space",
        "pause",
        "Pause the pulses; they go on only when you say so",
        "treatment",
        Local("do_pause"),
        offers.pause,
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
        offers.always,
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
        offers.offered("step.back"),
    ),
    KeyAction(
        "silence",
        ("f6",),
        "F6",
        "silence",
        "Pause the sound of the highest sounding alarm; its light stays",
        "always",
        DEEDS["alarm.silence"],
        offers.alarmed,
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
        offers.in_visit,
    ),
    KeyAction(
        "note", ("f5",), "F5", "note", "Keep a remark with the visit", "visit", DEEDS["visit.note"], offers.in_visit
    ),
    KeyAction(
        "robot",
        ("f7",),
        "F7",
        "robot",
        "Type what the robot's own screen shows",
        "visit",
        DEEDS["robot.report"],
        offers.in_visit,
    ),
    KeyAction(
        "site",
        ("o",),
        "O",
        "on site",
        "The coil is held over the marked site; the arrow keys mark another",
        "single pulses",
        DEEDS["coil.place"],
        offers.offered_or("coil.place", lambda seen: offers.hunting(seen) and seen.step_id == "hotspot"),
    ),
    KeyAction(
        "fire",
        ("f",),
        "F",
        "one pulse",
        "Give one pulse; the first press arms for 30 s, each pulse keeps it armed",
        "single pulses",
        DEEDS["pulse.fire"],
        offers.offered("pulse.fire"),
    ),
    KeyAction(
        "pacing",
        ("p",),
        "P",
        "by itself",
        "Give single pulses by themselves at the rule's interval, or stop doing so",
        "single pulses",
        DEEDS["pulse.pacing"],
        offers.offered_or("pulse.pacing", offers.hunting),
    ),
    KeyAction(
        "accept",
        ("a",),
        "A",
        "accept",
        "Accept the marked response after all",
        "single pulses",
        DEEDS["pulse.judge"],
        offers.offered_or("pulse.judge", offers.has_trials),
    ),
    KeyAction(
        "reject",
        ("x",),
        "X",
        "reject",
        "Reject the marked response and say why; it stays in the record",
        "single pulses",
        DEEDS["pulse.reject"],
        offers.offered_or("pulse.judge", offers.has_trials),
    ),
    KeyAction(
        "repeat",
        ("r",),
        "R",
        "repeat",
        "Reject the marked response so that it is repeated",
        "single pulses",
        DEEDS["pulse.repeat"],
        offers.offered_or("pulse.judge", offers.has_trials),
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
        offers.take,
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
        lambda picture: "" if offers.hunting(picture) else None,
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
        offers.offered_or("threshold.restart", lambda seen: offers.hunting(seen) and seen.step_id == "threshold"),
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
        offers.contact,
    ),
    KeyAction(
        "lower",
        ("l",),
        "L",
        "lower",
        "Lower the intensity; it cannot be raised in a treatment",
        "treatment",
        DEEDS["run.lower"],
        offers.offered_or("run.lower", offers.has_run),
    ),
    KeyAction(
        "end",
        ("e",),
        "E",
        "end",
        "Give no more pulses in this visit",
        "treatment",
        DEEDS["run.end"],
        offers.offered_or("run.end", offers.has_run),
    ),
    KeyAction(
        "prepare_current",
        ("K",),
        "K",
        "load tsDCS",
        "Load the arm's direct current program into its device; no current flows yet",
        "treatment",
        DEEDS["current.prepare"],
        offers.offered("current.prepare"),
    ),
    KeyAction(
        "start_current",
        ("G",),
        "G",
        "start tsDCS",
        "Start the loaded direct current program; a second press starts it",
        "treatment",
        DEEDS["current.start"],
        offers.offered("current.start"),
    ),
    KeyAction(
        "stop_current",
        ("N",),
        "N",
        "end tsDCS",
        "Ramp the direct current down; the pulses go on",
        "treatment",
        DEEDS["current.stop"],
        offers.offered("current.stop"),
    ),
    KeyAction(
        "decide",
        ("d",),
        "D",
        "physician",
        "A physician decides on a screening concern",
        "visit",
        DEEDS["screening.decide"],
        offers.concern,
    ),
    KeyAction(
        "end_visit",
        ("Z",),
        "Z",
        "end visit",
        "End the visit before its last step",
        "visit",
        DEEDS["visit.end"],
        offers.offered_or("visit.end", lambda seen: bool(seen.snapshot.visit) and not seen.snapshot.closed),
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
        offers.take_control,
    ),
    KeyAction(
        "sign_in",
        ("U",),
        "U",
        "user",
        "Sign in as another person",
        "always",
        DEEDS["staff.sign_in"],
        offers.sign_in,
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
        offers.always,
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
        offers.always,
        priority=True,
        watcher=True,
    ),
    KeyAction(
        "help", ("f1",), "F1", "help", "All keys", "always", Open("help"), offers.always, priority=True, watcher=True
    ),
    KeyAction(
        "quit",
        ("Q",),
        "Q",
        "quit",
        "Close this screen; the station goes on",
        "always",
        Local("do_quit"),
        offers.leave,
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
