"""Whether a stream of samples still measures: converters and sensors have noise, so what stands still is not measured.

No I/O, no clock: a rule of this program, not of any standard.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FROZEN_S = 1.0


class Stillness:
    """Watches samples of all channels together; `frozen` once none has moved for `FROZEN_S`."""

    def __init__(self) -> None:
        self.frozen = False
        self._same = 0
        self._last: bytes | None = None

    def forget(self) -> None:
        """Start anew: the device was connected again."""
        self.frozen, self._same, self._last = False, 0, None

    def see(self, samples: NDArray[Any], rate_hz: float) -> bool:
        """Take samples of shape (n, channels), n >= 1, at `rate_hz`; True when `frozen` has changed."""
        before = self._last
        self._last = samples[-1].tobytes()
        if self._last != (samples[-2].tobytes() if len(samples) > 1 else before):
            self._same = 0
        elif len(moved := np.flatnonzero((samples[1:] != samples[:-1]).any(axis=1))):
            self._same = len(samples) - 2 - int(moved[-1])
        else:
            self._same = len(samples) - 1 if samples[0].tobytes() != before else self._same + len(samples)
        was, self.frozen = self.frozen, self._same >= FROZEN_S * rate_hz
        return self.frozen is not was
