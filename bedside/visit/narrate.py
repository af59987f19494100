"""One sentence for each event."""

from bedside.events import Event


def line(event: Event) -> str:
    """The event in words a therapist can read."""
    return type(event).__name__
