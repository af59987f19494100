"""When a key of an assessment means something: from the picture and from what the station offers. Pure."""

from bedside.tui.offers import State, hunting, may_command, possible
from bedside.tui.picture import Picture, body_kind


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


def further(picture: Picture) -> str | None:
    """Works on the list while no instrument is open and not all are on it."""
    if body_kind(picture) != "instruments" or picture.assess is None:
        return None
    if picture.form is not None or picture.capture is not None:
        return may_command(picture) or "finish the open instrument first"
    return may_command(picture) or ("" if picture.assess.further else "all instruments are on the list")


def listing(picture: Picture) -> str | None:
    """Works while an instrument is open."""
    return "" if picture.form is not None or picture.capture is not None else None


def live(*kinds: str) -> State:
    """Works while a live picture of one of these kinds is on the screen."""

    def state(picture: Picture) -> str | None:
        seen = body_kind(picture) == "capture" and picture.capture is not None and picture.capture.live in kinds
        return "" if seen else None

    return state


def accepted(picture: Picture) -> str | None:
    """Works while there is a trial with a result to accept."""
    found = judged(picture)
    line = picture.marked_trial
    if found == "" and line is not None and line.state == "analysed" and line.reason:
        return "this trial has no result"
    return found


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
