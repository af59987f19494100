"""Words of the start page, the help page, the device page and the emergency cards."""

from bedside.tui.actions import for_role
from bedside.tui.panels.devices import count, device_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, minutes, row, wrapped

ABOUT = (
    "bedside guides one visit of brain stimulation during robot-assisted walking, step by step, and records it.",
    "It is research software: not a certified medical device and not an alarm system. Watch the patient, not the "
    "screen. The stimulator's and the robot's own stop buttons come first; here F12 is STOP, everywhere.",
)
SEIZURE_MINUTES = 5
SEIZURE = (
    ("Coil off the head.", "Stimulation has been told to stop; check that the stimulator is silent."),
    ("Slow the robot to a stand.", "Keep the body-weight support under tension so that nobody drops; two people hold "
     "before the harness opens."),
    ("Leg cuffs off, lower gently, lay on the side.", "Protect the head. Nothing in the mouth. Do not hold down."),
    ("Call the site's emergency number.", "Oxygen as the site's rules say. Note when it began: the timer runs above."),
    ("Five minutes: this is status epilepticus.", "The physician's emergency path begins now at the latest."),
    ("Afterwards: vital signs, glucose, neurological check.", "Never alone, no driving. Record it with F4. Only the "
     "physician allows stimulation again."),
)  # fmt: skip
SYNCOPE = (
    ("Coil off the head, belt to a stand.", "Keep the support under tension until two people hold."),
    ("Lower, legs up if the harness allows.", "Fresh air, loosen what is tight."),
    ("Check pulse, breathing and blood pressure.", "No pulse or no breathing: emergency number and resuscitation."),
    ("Fainting or seizure?", "A few short jerks occur in fainting. Longer, stiff, or confused after: seizure card."),
    ("Recovered: drink, sit, wait 15 minutes.", "Record it with F4. A second faint in this course: ask the physician."),
)
CARDS = {"SEIZURE": SEIZURE, "FAINTING": SYNCOPE}


def start_rows(picture: Picture, width: int) -> list[Row]:
    """What this is, and the devices with what is wrong."""
    lines: list[Row] = [row((" bedside", "accent"), (f"  {picture.snapshot.software}", "dim")), row("")]
    for text in ABOUT:
        lines += [row(" ", *spans) for spans in wrapped(text, width - 2, 4)]
        lines.append(row(""))
    if picture.hint:
        lines += [row(" ", *spans) for spans in wrapped(picture.hint, width - 2, 3, "strong")]
        lines.append(row(""))
    lines.append(row((" Devices", "accent"), count(picture), ("  F8 shows all", "dim")))
    return lines + device_rows(picture, width)


def help_rows(picture: Picture, width: int) -> list[Row]:
    """Every key of this role, grouped; what cannot be done now is greyed."""
    lines: list[Row] = []
    group = ""
    for action in sorted(for_role(picture.role), key=lambda action: _GROUPS.index(action.group)):
        if action.group != group:
            group = action.group
            lines.append(row((f" {group}", "accent")))
        style = "key" if action.state(picture) == "" else "key.off"
        words = wrapped(action.tooltip, width - 10, 2, "text" if style == "key" else "dim")
        for place, spans in enumerate(words):
            lines.append(row((f"   {action.shows if place == 0 else '':<6} ", style), *spans))
    lines.append(row((" forms", "accent")))
    lines.append(row(("   arrows and Tab move; y, n and digits answer; Enter opens a line to type in", "text")))
    lines.append(row(("   scales: digits and + give the level, n not done, Backspace clears", "text")))
    return lines


_GROUPS = ("always", "visit", "single pulses", "treatment", "assessment")


def card_rows(kind: str, seconds: float, width: int) -> list[Row]:
    """An emergency card: timer on top, then what to do in order."""
    late = kind == "SEIZURE" and seconds >= SEIZURE_MINUTES * 60
    style = "alarm.high" if late else "word.hold"
    lines = [
        row((f"  {kind}   {minutes(seconds)}  ", style), ("   Tab: the other card   Esc: back to the visit", "dim")),
        row(""),
    ]
    for place, (what, how) in enumerate(CARDS[kind], 1):
        lines.append(row((f" {place}. {what}", "strong")))
        lines += [row("    ", *spans) for spans in wrapped(how, width - 5, 2)]
    return lines


def interruption_rows(picture: Picture, width: int) -> list[Row]:
    """Why the visit was interrupted, what is certain and what is not."""
    broken = picture.snapshot.interruption
    if broken is None:
        return []
    lines: list[Row] = [row((" This visit was interrupted", "look")), row("")]
    for title, text, style in (
        ("What happened", broken.reason, "text"),
        ("Certain", broken.certain, "strong"),
        ("Not certain", broken.uncertain or "nothing", "look" if broken.uncertain else "text"),
    ):
        lines.append(row((f" {title}", "accent")))
        lines += [row("   ", *spans) for spans in wrapped(text, width - 4, 4, style)]
        lines.append(row(""))
    return lines
