"""Why something cannot be done, in words for a therapist."""

ANSWER_REFUSED = 3
"""Exit code of a measurement that was made and not believed: what was printed has the reason in place of a number."""


class Refusal(Exception):
    """A command that cannot be done, with the reason and what to do, both for a therapist."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} ({remedy})" if remedy else reason)
        self.reason = reason
        self.remedy = remedy
