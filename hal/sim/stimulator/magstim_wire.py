"""The far side of the Magstim protocol: requests taken apart, replies put together. Written independently of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SimModel = Literal["200_2", "bistim2", "rapid2"]

NOT_UNDERSTOOD = b"?"

_EVERY = {"R": 1, "E": 1, "@": 3, "F": 1}
_PAIR = {**_EVERY, "Q": 1, "J": 1, "A": 3, "C": 3, "X": 1, "Y": 1, "Z": 1}


def tail(message: bytes) -> int:
    """The last character of a message: 255 minus the sum of the others, modulo 256."""
    return (255 - sum(message)) % 256


def signed(message: bytes) -> bytes:
    """The message with its last character."""
    return message + bytes([tail(message)])


def data_lengths(model: SimModel, version: int) -> Mapping[str, int]:
    """How many characters of data follow each letter; a Rapid's `Q` is judged apart (it may carry a code)."""
    if model != "rapid2":
        return _PAIR
    newer = version >= 9
    rapid = {**_EVERY, "N": 1, "\\": 1, "I": 1, "B": 4, "D": 5 if newer else 4, "[": 4 if newer else 3, "b": 1}
    rapid |= {"^": 1, "_": 1}
    if newer:
        return rapid | {"x": 1, "o": 1, "n": 5 if version >= 10 else 4}
    return rapid | {"Q": 1}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `data` None when its last character was wrong or its letter unknown."""

    letter: str
    data: str | None


class RequestReader:
    """Requests out of the bytes that came. `unlock_code` "" where none is wanted."""

    def __init__(self, lengths: Mapping[str, int], unlock_code: str = "") -> None:
        self._lengths = lengths
        self._code = unlock_code
        self._held = b""

    @property
    def waiting(self) -> bool:
        """Whether a request has begun and not ended."""
        return bool(self._held)

    def take(self, data: bytes) -> list[Request]:
        """Requests that are complete now. One that is not understood takes all behind it with it."""
        self._held += data
        requests: list[Request] = []
        while self._held:
            length = self._length()
            if length is None:
                requests.append(self._all())
                break
            if len(self._held) < length:
                break
            head, self._held = self._held[:length], self._held[length:]
            requests.append(self._judge(head))
            if requests[-1].data is None:
                self._held = b""
        return requests

    def quiet(self) -> list[Request]:
        """Nothing came for a while: judge what is held."""
        return [self._all()] if self._held else []

    def _length(self) -> int | None:
        letter = chr(self._held[0])
        if letter == "Q" and self._code:
            # A request for control ends when the line falls quiet, unless it is one of the two that are known.
            for known in (b"Q@", b"Q" + self._code.encode()):
                if self._held.startswith(signed(known)):
                    return len(known) + 1
            return len(self._held) + 1
        size = self._lengths.get(letter)
        return None if size is None else size + 2

    def _all(self) -> Request:
        whole, self._held = self._held, b""
        return self._judge(whole)

    def _judge(self, whole: bytes) -> Request:
        letter = chr(whole[0])
        understood = letter in self._lengths or (letter == "Q" and self._code)
        if not understood or len(whole) < 3 or tail(whole[:-1]) != whole[-1]:
            return Request(letter, None)
        return Request(letter, whole[1:-1].decode("latin-1"))
