"""What a far end truly sampled, for whoever checks a recording against it. Nothing is kept unless it is asked for.

A far end that samples has `truth`, None until somebody gives it one of these.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Left:
    """Samples that left the device, in order: `number` (n,) int64 as the device counts, lost ones included, `at_s` (n,)
    simulated time at which each was taken, `words` (n, k) what it carried.
    """

    number: NDArray[np.int64]
    at_s: NDArray[np.float64]
    words: NDArray[np.float64]


class Truth:
    """Keeps every sample that leaves a device: number, time, words. A number that is missing was lost on purpose.

    An amplifier keeps blocks instead: the first sample's number and time, and as words the samples and their CRC-32.
    """

    def __init__(self) -> None:
        self._numbers = array("q")
        self._times_s = array("d")
        self._words = array("d")

    def note(self, numbers: Sequence[int], at_s: Sequence[float], words: ArrayLike) -> None:
        """Samples left the device: `numbers` and `at_s` of length n, `words` of shape (n, k), one k for all."""
        self._numbers.extend(numbers)
        self._times_s.extend(at_s)
        self._words.extend(np.asarray(words, np.float64).ravel().tolist())

    def left(self) -> Left:
        """All of them so far."""
        number = np.array(self._numbers, np.int64)
        words = np.array(self._words, np.float64).reshape(len(number), -1 if len(number) else 0)
        return Left(number, np.array(self._times_s, np.float64), words)
