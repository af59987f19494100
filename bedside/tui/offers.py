"""When a key means something: from the picture, and first of all from what the station offers. Pure."""

from collections.abc import Callable

from bedside.tui.picture import PULSE_STEPS, Picture

State = Callable[[Picture], "str | None"]


def always(picture: Picture) -> str | None:
    """Works at any time."""
    return ""


def may_command(picture: Picture) -> str:
    """Why this screen may not command now; empty when it may."""
    if not picture.acts:
        return "watching only"
    if not picture.link.up:
        return "the station does not answer"
    return "" if picture.controls or picture.role == "assess" else "another screen is in control (T takes it)"


def in_visit(picture: Picture) -> str | None:
    """Works while a visit is open."""
    return may_command(picture) if has_visit(picture) else None


def has_visit(picture: Picture) -> bool:
    """Whether a visit is open."""
    return bool(picture.snapshot.visit) and not picture.snapshot.closed


def offered(command: str) -> State:
    """Shown while the station offers the command, greyed with the station's reason."""

    def state(picture: Picture) -> str | None:
        offer = picture.offer(command)
        if offer is None:
            return None
        return may_command(picture) or ("" if offer.enabled else offer.reason or "not now")

    return state


def offered_or(command: str, otherwise: Callable[[Picture], bool]) -> State:
    """As the station offers it, or, where it does not say, while the picture shows that it makes sense."""
    by_station = offered(command)

    def state(picture: Picture) -> str | None:
        if picture.offer(command) is not None:
            return by_station(picture)
        return may_command(picture) if otherwise(picture) else None

    return state


def possible(command: str) -> State:
    """As `offered`, where the station may offer the command in several ways: works while one of them is possible."""

    def state(picture: Picture) -> str | None:
        found = picture.offers(command)
        if not found:
            return None
        return may_command(picture) or ("" if any(offer.enabled for offer in found) else found[0].reason or "not now")

    return state


def running(picture: Picture) -> bool:
    """Whether the train runs."""
    return picture.word == "STIMULATING"


def has_run(picture: Picture) -> bool:
    """Whether there is a treatment to lower or to end."""
    return picture.word in {"STIMULATING", "PAUSED"} and picture.snapshot.interruption is None


def hunting(picture: Picture) -> bool:
    """Whether single pulses are the step."""
    return picture.hunt is not None and picture.step_id in PULSE_STEPS


def has_trials(picture: Picture) -> bool:
    """Whether there is a response to judge."""
    return bool(hunting(picture) and picture.hunt and picture.hunt.trials)


def take(picture: Picture) -> str | None:
    """Works while the site or the threshold can be taken."""
    command = "threshold.accept" if picture.step_id == "threshold" else "hotspot.choose"
    return offered(command)(picture)


def pause(picture: Picture) -> str | None:
    """Works while pulses come."""
    if picture.hunt is not None and picture.hunt.pacing:
        return may_command(picture)
    return offered_or("run.pause", running)(picture)


def either(first: State, second: State) -> State:
    """The first where it is shown, else the second: one key for one meaning in two places."""

    def state(picture: Picture) -> str | None:
        found = first(picture)
        return second(picture) if found is None else found

    return state


def alarmed(picture: Picture) -> str | None:
    """Works while there is an alarm."""
    return may_command(picture) if picture.snapshot.alarms else None


def contact(picture: Picture) -> str | None:
    """Works while the contact is asked for."""
    return offered_or("contact.confirm", lambda seen: bool(seen.run and seen.run.contact_left_s is not None))(picture)


def concern(picture: Picture) -> str | None:
    """Works while a physician has to decide."""
    blocked = bool(picture.step and any(item.state == "stop" for item in picture.step.items))
    return offered_or("screening.decide", lambda seen: blocked and seen.step_id == "screening")(picture)


def take_control(picture: Picture) -> str | None:
    """Works for a kiosk that does not control."""
    return "" if picture.role == "control" and picture.link.up and not picture.controls else None


def sign_in(picture: Picture) -> str | None:
    """Works once somebody is signed in."""
    return may_command(picture) if picture.snapshot.user else None


def leave(picture: Picture) -> str | None:
    """Works unless pulses may be coming or a belt may run."""
    if not picture.can_quit:
        return None
    robot = picture.snapshot.robot
    belt = robot.belt if robot is not None else None
    if belt is not None and belt.state != "rest" and picture.role == "control" and picture.link.up:
        return "stop the belt first"
    return "stop stimulation first" if picture.role == "control" and picture.stimulating and picture.link.up else ""
