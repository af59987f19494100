"""A switch's bounces taken out. No I/O, no clock: the caller says what it saw and when."""

import math


class Debounce:
    """The level of a contact once it has been steady: `open_s` long after it opened, `close_s` after it closed.

    With `open_s` 0 the very first sight of an open contact counts. `closed` is None until something was steady.
    """

    def __init__(self, open_s: float, close_s: float) -> None:
        self._delays_s = {False: open_s, True: close_s}
        self._seen: bool | None = None
        self._since_s = 0.0
        self.closed: bool | None = None

    def see(self, closed: bool, at_s: float, *, moved: bool = False) -> None:
        """The contact is `closed` at `at_s`; `moved` says that it changed at least once since the last look."""
        if moved and closed and self._delays_s[False] == 0:
            # It was open in between, for a time too short to be looked at.
            self.closed = False
        if moved or closed is not self._seen:
            self._seen, self._since_s = closed, at_s
        if at_s - self._since_s >= self._delays_s[closed]:
            self.closed = closed

    def due_s(self, at_s: float) -> float:
        """Seconds from `at_s` until what was seen would be steady; infinite when nothing is pending."""
        if self._seen is None or self.closed is self._seen:
            return math.inf
        return max(0.0, self._since_s + self._delays_s[self._seen] - at_s)

    def forget(self) -> None:
        """Nothing is known: the contact could not be read."""
        self._seen = self.closed = None
