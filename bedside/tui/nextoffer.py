"""The one next action: what the station says, in the words of what the person marked. Pure."""

from msgspec.structs import replace

from bedside.snapshot import Action
from bedside.tui import assessoffers
from bedside.tui.offers import may_command
from bedside.tui.picture import Picture, body_kind
from bedside.tui.underway import words

FINISHING = frozenset({"step.next", "assess.close"})
"""What ends a form or a scale, and so waits for answers that are on their way."""


def next_offer(picture: Picture) -> Action | None:
    """The one next action: a prompt first, then the contact question, then what the step says."""
    offer = _plain_next(picture)
    if offer is None:
        return None
    if not offer.enabled:
        underway = words(picture.underway) if offer.command in FINISHING else ""
        return replace(offer, reason=underway) if underway else offer
    reason = may_command(picture)
    return Action(command=offer.command, label=offer.label, enabled=not reason, reason=reason or offer.reason)


def _plain_next(picture: Picture) -> Action | None:
    snapshot = picture.snapshot
    if snapshot.prompt is not None:
        command = "operator.confirm" if snapshot.prompt.expects is None else "operator.type"
        return Action(command=command, label=snapshot.prompt.text, enabled=True)
    if snapshot.interruption is not None:
        if not snapshot.user:
            return Action(command="staff.sign_in", label="Sign in, then go on with this visit", enabled=True)
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
        reason = assessoffers.home(picture) or ""
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
