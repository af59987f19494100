"""Frames of one fixed length with a small counter, found in a byte stream that may hold anything. No I/O."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Look = Callable[[Bytes], tuple[NDArray[np.bool_], NDArray[np.integer[Any]]]]
"""From windows of the stream, shape (n, size): which look like a frame, and what their counter would be."""


class FrameFinder:
    """In step, a frame counts when it looks like one and continues the counter.

    Anything else ends the step, and then `confirm` frames in a row must hang together before the first of them counts.
    So a lost frame delays those that follow it by `confirm` - 1 frames, and garbage costs no frame beside those it hit.
    """

    def __init__(self, size: int, modulus: int, look: Look, *, confirm: int) -> None:
        self._size = size
        self._modulus = modulus
        self._look = look
        self._confirm = confirm
        self._rest = b""
        self._next: int | None = None
        self.skipped = 0

    def feed(self, data: bytes) -> Bytes:
        """All frames known to be complete and true after `data`, shape (n, size), n may be 0; the rest is `skipped`."""
        whole = self._rest + data if self._rest else data
        starts = len(whole) - self._size + 1
        if starts < 1:
            self._rest = whole
            return np.empty((0, self._size), np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(whole, np.uint8), self._size)
        alike, counter = self._look(windows)
        found, at = self._walk(alike, np.asarray(counter, np.int64) % self._modulus)
        self._rest = whole[at:]
        return windows[found]

    def _walk(self, alike: NDArray[np.bool_], counter: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Where frames begin, and up to where the stream is settled."""
        found: list[NDArray[np.int64]] = []
        runs = np.flatnonzero(self._runs(alike, counter))
        limit = len(alike) - (self._confirm - 1) * self._size
        at = 0
        while at < len(alike):
            if self._next is None:
                place = int(np.searchsorted(runs, at))
                begin = int(runs[place]) if place < len(runs) else max(at, limit)
                self.skipped += begin - at
                at = begin
                if place == len(runs):
                    break
                self._next = int(counter[at])
            true = alike[at :: self._size] & (counter[at :: self._size] == self._expected(at, len(alike)))
            count = len(true) if true.all() else int(true.argmin())
            found.append(at + self._size * np.arange(count))
            at += count * self._size
            self._next = (self._next + count) % self._modulus if count == len(true) else None
        return np.concatenate(found) if found else np.empty(0, np.int64), at

    def _runs(self, alike: NDArray[np.bool_], counter: NDArray[np.int64]) -> NDArray[np.bool_]:
        limit = max(0, len(alike) - (self._confirm - 1) * self._size)
        runs = alike[:limit].copy()
        for ahead in range(1, self._confirm):
            shift = ahead * self._size
            runs &= alike[shift : shift + limit]
            runs &= counter[shift : shift + limit] == (counter[:limit] + ahead) % self._modulus
        return runs

    def _expected(self, at: int, end: int) -> NDArray[np.int64]:
        assert self._next is not None  # noqa: S101 - in step
        return (self._next + np.arange(-(-(end - at) // self._size))) % self._modulus
