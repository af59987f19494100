"""Two-step starts and held keys. A terminal sends no key-up: a key held down is many presses. Pure, time given."""

import msgspec

HELD_S = 0.7
REPEAT_S = 0.3


class Armed(msgspec.Struct, frozen=True):
    """A start that was prepared and waits for its second press; over at `until_s` or when the step changes."""

    deed: str
    step: str
    until_s: float

    def holds(self, deed: str, step: str, now_s: float) -> bool:
        """Whether a press now is the second one for this deed in this step."""
        return self.deed == deed and self.step == step and now_s < self.until_s

    def left_s(self, now_s: float) -> float:
        """Seconds until it lapses."""
        return max(self.until_s - now_s, 0.0)


class HeldKeys:
    """How long a key has been left alone: terminals repeat a held key after 0.25-0.66 s, then 25-30 times a second."""

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}

    def rest_s(self, key: str, now_s: float) -> float:
        """Seconds since this key's last press, repeats included; infinite for a first one."""
        before = self._last_s.get(key)
        self._last_s[key] = now_s
        return float("inf") if before is None else now_s - before


class DoublePress:
    """The same key twice within `within_s`."""

    def __init__(self, within_s: float = 0.6) -> None:
        self._within_s = within_s
        self._last_s: float | None = None

    def press(self, now_s: float) -> bool:
        """Whether this press completes a pair."""
        pair = self._last_s is not None and now_s - self._last_s <= self._within_s
        self._last_s = None if pair else now_s
        return pair
