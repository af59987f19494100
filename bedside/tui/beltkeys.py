"""A treadmill's belt that this box commands: when its keys mean something, and the one line that says how it is. Pure.

What the line says of the belt is the machine's word. STOP is stimulation's: the line says that the belt runs on, and
which key stops it.
"""

from bedside import commands
from bedside.commands import AnyCommand
from bedside.snapshot import Belt
from bedside.tui.deedkinds import Send
from bedside.tui.offers import State, may_command
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, row

ARM_S = 10.0
START = "belt_start"
"""The start's key action, which it is armed under."""
STOPS = "F7 stops it"
BY_HAND = "use the treadmill's own stop"


def belt_of(picture: Picture) -> Belt | None:
    """The belt; None where none is commanded."""
    robot = picture.snapshot.robot
    return robot.belt if robot is not None else None


def may_run(picture: Picture) -> bool:
    """Whether a commanded belt may be running: anything but the machine's fresh word that it stands."""
    belt = belt_of(picture)
    return belt is not None and not (belt.state == "rest" and picture.link.up)


def start(picture: Picture) -> str | None:
    """The start's state: shown in the treatment step while no speed is asked."""
    belt = belt_of(picture)
    if belt is None or picture.step_id != "treatment" or belt.asked_kmh is not None:
        return None
    return may_command(picture) or belt.start


def faster(picture: Picture) -> str | None:
    """Shown in the treatment step while the belt runs as asked."""
    belt = _running(picture)
    return None if belt is None else may_command(picture) or belt.faster


def slower(picture: Picture) -> str | None:
    """As `faster`."""
    belt = _running(picture)
    return None if belt is None else may_command(picture) or belt.slower


def _running(picture: Picture) -> Belt | None:
    belt = belt_of(picture)
    return belt if belt is not None and picture.step_id == "treatment" and belt.asked_kmh is not None else None


def stop(picture: Picture) -> str | None:
    """Works everywhere, also for a kiosk that is not in control and while the station does not answer."""
    return None if belt_of(picture) is None else ""


def unless_commanded(state: State) -> State:
    """As `state`, where no belt is commanded: a treadmill that is tells its own state, and its key stops the belt."""
    return lambda picture: state(picture) if belt_of(picture) is None else None


def _to(picture: Picture, speed_kmh: float | None) -> AnyCommand | str:
    return "the belt does not run as asked" if speed_kmh is None else commands.SetBeltSpeed(speed_kmh=speed_kmh)


def _faster(picture: Picture) -> AnyCommand | str:
    belt = belt_of(picture)
    return _to(picture, belt.faster_kmh if belt is not None else None)


def _slower(picture: Picture) -> AnyCommand | str:
    belt = belt_of(picture)
    return _to(picture, belt.slower_kmh if belt is not None else None)


BELT_DEEDS = {
    "belt.start": Send(lambda picture: commands.StartBelt(attended=True), arm_s=ARM_S),
    "belt.speed": Send(_faster),
    "belt.slower": Send(_slower),
    "belt.stop": Send(lambda picture: commands.StopBelt()),
}
"""The start asks on the screen whether somebody stands at the treadmill's stop; the second press says yes."""


def belt_row(picture: Picture) -> Row:
    """How the belt is, and which keys do what; nothing where none is commanded."""
    belt = belt_of(picture)
    if belt is None:
        return row("")
    if not picture.link.up:
        return row((f" BELT STATE UNKNOWN: {BY_HAND}", "look"))
    armed = picture.armed
    if armed is not None and armed.holds(START, picture.step_id, picture.now_s):
        left_s = armed.left_s(picture.now_s)
        question = " Somebody at the treadmill's own stop? ) again starts the belt"
        return row((f"{question}, {left_s:.0f} s left", "armed"))
    if belt.state == "unknown":
        return row((" BELT STATE UNKNOWN, it may be moving: its own stop first, then F7", "look"))
    told = (f" belt, {belt.failed}", "look") if belt.failed else _told(picture, belt)
    return row(told, *_keys(belt))


def _keys(belt: Belt) -> tuple[Span, ...]:
    if belt.doing == "stop":
        return (("  F7 tells it again", "strong"),)
    return () if belt.state == "rest" and not belt.doing else ((f"  {STOPS}, F12 does not", "strong"),)


def _told(picture: Picture, belt: Belt) -> Span:
    if belt.doing == "stop":
        return (" belt is being stopped:", "strong")
    if belt.doing is not None:
        return (f" belt goes to {belt.asked_kmh or 0.0:.1f} km/h:", "strong")
    if belt.state == "rest":
        return _at_rest(picture, belt)
    if belt.asked_kmh is None:
        return (" belt runs, but not as asked here:", "look")
    return (f" belt runs at the {belt.asked_kmh:.1f} km/h asked:", "text")


def _at_rest(picture: Picture, belt: Belt) -> Span:
    if picture.step_id != "treatment":
        return (" belt at rest", "dim")
    if belt.start:
        return (f" belt at rest; no start: {belt.start}", "dim")
    return (f" belt at rest; ) starts it at {belt.start_kmh or 0.0:.1f} km/h", "text")


def foot(picture: Picture) -> Row:
    """The stop's key for the foot of a dialog or page; nothing where it has none."""
    return (("   F7 ", "key"), ("stop belt", "text")) if belt_of(picture) is not None and picture.acts else ()


def after_stop(picture: Picture) -> str:
    """What STOP leaves running, to be said after it; "" where nothing does."""
    return f"; the belt runs on: {STOPS}" if may_run(picture) else ""
