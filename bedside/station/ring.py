"""The last seconds of all EMG channels, addressed by the amplifier's own sample index."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float32]
Kept = NDArray[np.float32]


class Ring:
    """A ring of samples, shape (capacity, channels). Lost samples leave a hole that no window may contain.

    They are kept as float32, which holds converters of up to 24 bits exactly.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        self._data: Kept = np.zeros((capacity, channels), np.float32)
        self._start = 0
        self._holes: list[tuple[int, int]] = []
        self.end = 0

    def append(self, first_sample: int, counts: Counts) -> None:
        """Take samples `first_sample` .. `first_sample + n - 1`; a jump forward is a hole, backward a new start."""
        if first_sample < self.end or self.end == 0:
            self._start, self._holes = first_sample, []
        elif first_sample > self.end:
            self._holes.append((self.end, first_sample))
        capacity = len(self._data)
        kept = counts[-capacity:]
        self.end = first_sample + len(counts)
        places = np.arange(self.end - len(kept), self.end) % capacity
        self._data[places] = kept
        self._start = max(self._start, self.end - capacity)
        self._holes = [hole for hole in self._holes if hole[1] > self._start]

    def window(self, start: int, stop: int) -> Kept | None:
        """A copy of samples `start` .. `stop - 1`, shape (n, channels); None when not all of them are held."""
        if start < self._start or stop > self.end:
            return None
        if any(low < stop and start < high for low, high in self._holes):
            return None
        return self._data[np.arange(start, stop) % len(self._data)]
