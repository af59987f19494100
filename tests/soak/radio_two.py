"""The variant with two inertial sensors alone: both are knocked together, and what that tells of their delays."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.record.samples import read_samples
from dsp.knock import offset_ms
from tests.helpers import truths
from tests.helpers.knocked import felt_between
from tests.helpers.truths import Checked

KNOCK_AFTER_S = 35.0
SIDES_BAR_MS = 5.0


def sides(
    files: Sequence[Path], streams: Mapping[str, Checked], pair: Sequence[str], knocked_ns: NDArray[np.int64]
) -> dict[str, float]:
    """What the knocks tell of the two sensors' delays, and what is left between left and right afterwards (ms).

    `knocked_ns` (2,) is the station's time before the first and after the last knock.
    """
    left, right = (felt_between(read_samples(files, name), *knocked_ns.tolist()) for name in pair)
    told_ms = offset_ms(*left, *right)
    return {"told_ms": told_ms, "left_ms": truths.left_of_offset_ms(*(streams[name] for name in pair), told_ms)}


def verdict(found: Mapping[str, float]) -> dict[str, bool]:
    """The bar on what is left."""
    told = f"right {found['told_ms']:+.2f} ms by the knocks, {found['left_ms']:.2f} ms left over"
    return {f"{told} (bar {SIDES_BAR_MS:g})": found["left_ms"] <= SIDES_BAR_MS}
