"""A visit's state: what its events say, and beside it the live part that is never journalled."""

from dataclasses import dataclass

from bedside.visit.setup import Setup


@dataclass(frozen=True, slots=True)
class Visit:
    """One station's visit."""

    setup: Setup

    @classmethod
    def start(cls, setup: Setup) -> "Visit":
        """Before anything happened."""
        return cls(setup=setup)
