"""When a key means something: from the picture, and first of all from what the station offers. Pure."""

from collections.abc import Callable

from msgspec.structs import replace

from bedside.snapshot import Action
from bedside.tui.picture import Picture, body_kind

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
    return may_command(picture) if picture.snapshot.visit and not picture.snapshot.closed else None


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
    return picture.hunt is not None and picture.step_id in {"hotspot", "threshold"}


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


def home(picture: Picture) -> str | None:
    """Works while somebody is signed in and no visit is open; greyed where the study plans no assessment."""
    if not picture.at_home or not picture.snapshot.user or picture.snapshot.interruption is not None:
        return None
    return may_command(picture) or ("" if picture.snapshot.points else "the study plans no assessments")


def instrument(picture: Picture) -> str | None:
    """Works on the marked instrument of the list: opens it, opens it again, or goes back to it."""
    line = picture.marked_instrument
    if body_kind(picture) != "instruments" or line is None:
        return None
    if line.state == "now":
        return may_command(picture)
    return possible("assess.instrument" if line.state == "open" else "assess.reopen")(picture)


def listing(picture: Picture) -> str | None:
    """Works while an instrument is open."""
    return "" if picture.form is not None or picture.capture is not None else None


def live(*kinds: str) -> State:
    """Works while a live picture of one of these kinds is on the screen."""

    def state(picture: Picture) -> str | None:
        seen = body_kind(picture) == "capture" and picture.capture is not None and picture.capture.live in kinds
        return "" if seen else None

    return state


def judged(picture: Picture) -> str | None:
    """Works while there is a trial to accept or to reject."""
    if body_kind(picture) != "capture":
        return None
    line = picture.marked_trial
    if line is None or line.state in {"recording", "analysing"}:
        return None
    return possible("capture.judge")(picture) if line.state == "analysed" or picture.trial is not None else None


def calibrated(picture: Picture) -> str | None:
    """Works while a capture with sensors is open and not recorded."""
    capture = picture.capture
    if capture is None or not capture.sensors or body_kind(picture) != "capture":
        return None
    return may_command(picture) or ("end the recording first" if capture.state == "recording" else "")


def cued(picture: Picture) -> str | None:
    """Works while a trial with cues is recorded."""
    return possible("capture.cue")(picture) if picture.capture is not None and picture.capture.cues else None


def recorded(picture: Picture) -> str | None:
    """Works while a trial is recorded."""
    return possible("capture.stop")(picture) if body_kind(picture) == "capture" else None


def finished(picture: Picture) -> str | None:
    """Works on the open instrument; a scale with open items is finished as it is, with a reason."""
    if body_kind(picture) == "scale":
        return may_command(picture)
    return possible("assess.close")(picture) if body_kind(picture) == "capture" else None


def zeroed(picture: Picture) -> str | None:
    """Works for what stands on a plate."""
    return calibrated(picture) if picture.capture is not None and picture.capture.live == "cop" else None


def view(picture: Picture) -> str | None:
    """Works where there are two pictures of one thing."""
    if hunting(picture):
        return ""
    kind, assess = body_kind(picture), picture.assess
    if kind == "instruments":
        return "" if assess is not None and assess.result is not None else None
    return "" if kind == "capture" and picture.capture is not None and picture.capture.result is not None else None


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
    """Works unless pulses may be coming."""
    if not picture.can_quit:
        return None
    return "stop stimulation first" if picture.role == "control" and picture.stimulating and picture.link.up else ""


def next_offer(picture: Picture) -> Action | None:
    """The one next action: a prompt first, then the contact question, then what the step says."""
    offer = _plain_next(picture)
    if offer is None or not offer.enabled:
        return offer
    reason = may_command(picture)
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
        return _marked(picture, snapshot.step.next)
    if not picture.link.ever or not picture.at_home:
        return None
    if not snapshot.user:
        return Action(command="staff.sign_in", label="Sign in", enabled=True)
    if picture.role == "assess":
        reason = home(picture) or ""
        return Action(command="assess.open", label="Open an assessment", enabled=not reason, reason=reason)
    return Action(command="visit.open", label="Open a treatment visit", enabled=True)


def _marked(picture: Picture, offer: Action | None) -> Action | None:
    """The next action of an assessment on what the person marked, so that the words say what the key does."""
    if offer is None or picture.assess is None:
        return offer
    if body_kind(picture) == "instruments" and offer.command != "step.next":
        return _marked_instrument(picture) or offer
    capture = picture.capture
    if capture is not None and offer.command == "capture.start":
        title = dict(capture.tasks).get(picture.marked_task, capture.task_title)
        return replace(offer, label=f"Record: {title}")
    if offer.command == "capture.judge":
        return _marked_trial(picture, offer)
    return offer


def _marked_instrument(picture: Picture) -> Action | None:
    line = picture.marked_instrument
    if line is None:
        return None
    if line.state == "now":
        return Action(command="assess.back", label=f"Back to {line.title}", enabled=True)
    command, words = ("assess.instrument", "Open") if line.state == "open" else ("assess.reopen", "Open again:")
    offers = picture.offers(command)
    best = next((offer for offer in offers if offer.enabled), offers[0] if offers else None)
    reason = best.reason if best is not None else "finish the open instrument first"
    enabled = best is not None and best.enabled
    return Action(command=command, label=f"{words} {line.title}", enabled=enabled, reason="" if enabled else reason)


def _marked_trial(picture: Picture, offer: Action) -> Action:
    line = picture.marked_trial
    if line is None:
        return offer
    if line.state == "analysed" and line.reason:
        return replace(offer, command="capture.reject", label=f"Reject trial {line.trial}: {line.reason}")
    return replace(offer, label=f"Accept trial {line.trial}  (X rejects it)")


def next_key(picture: Picture) -> str | None:
    """The next action's own state."""
    offer = next_offer(picture)
    if offer is None:
        return None
    return "" if offer.enabled else offer.reason or "not now"
