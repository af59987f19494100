"""What is asked of a threshold hunt and what it answers; rules are data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Method = Literal["adaptive", "ladder"]


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """How a resting motor threshold is hunted.

    `criterion_uv` is the peak-to-peak amplitude that counts as a response: reached (>=), or exceeded (>)
    when `strict`. The adaptive method seeks the intensity where a response is as likely as not. The ladder
    seeks the lowest level with `hits` responses in `trials` valid pulses. `consecutive` asks that these are
    delivered in one run: a pulse at another intensity starts the level again (a void pulse does not).
    `steps_pct_mso` are the ladder's steps, coarse to fine; `confirm` repeats the test at the result and
    one step below. Raises ValueError naming the field that makes no sense.
    """

    method: Method = "adaptive"
    criterion_uv: float = 50.0
    strict: bool = False
    hits: int = 5
    trials: int = 10
    consecutive: bool = False
    steps_pct_mso: tuple[float, ...] = (5.0, 2.0, 1.0)
    confirm: bool = True

    def __post_init__(self) -> None:
        if self.method not in ("adaptive", "ladder"):
            raise ValueError(f"method must be 'adaptive' or 'ladder', not {self.method!r}")
        if not (math.isfinite(self.criterion_uv) and self.criterion_uv > 0):
            raise ValueError(f"criterion_uv must be above 0 uV, not {self.criterion_uv}")
        if not 1 <= self.hits <= self.trials:
            raise ValueError(f"hits must be 1 to trials, not {self.hits} of {self.trials}")
        falling = all(a > b for a, b in zip(self.steps_pct_mso, self.steps_pct_mso[1:], strict=False))
        if not self.steps_pct_mso or not falling or not self.steps_pct_mso[-1] > 0:
            raise ValueError(f"steps_pct_mso must fall and stay above 0, not {self.steps_pct_mso}")

    def is_response(self, amplitude_uv: float) -> bool:
        """Whether a valid amplitude (uV) meets the criterion."""
        return amplitude_uv > self.criterion_uv if self.strict else amplitude_uv >= self.criterion_uv

    @property
    def meets(self) -> str:
        """The criterion in words, for example "at or above 50 uV"."""
        return f"{'above' if self.strict else 'at or above'} {self.criterion_uv:g} uV"


@dataclass(frozen=True, slots=True)
class Trial:
    """One pulse; `amplitude_uv` peak to peak is None when nothing was measured, which only a void trial may be."""

    intensity_pct_mso: float
    amplitude_uv: float | None
    valid: bool = True


@dataclass(frozen=True, slots=True)
class ThresholdEstimate:
    """The threshold as far as it is known, in %MSO.

    `low` and `high` bound it with 95 % probability. `rmt_pct_mso` is NaN while nothing is known (no valid
    trial, or a ladder still climbing) and when the threshold lies outside the allowed range: then `high` is
    inf (above the range) or `low` is 0 (below it), and `reason` says so. `trials` counts valid trials.
    """

    rmt_pct_mso: float
    low: float
    high: float
    trials: int
    done: bool
    reason: str


ADAPTIVE = ThresholdRule()
RMT_S0 = ThresholdRule(method="ladder", criterion_uv=100.0)
RMT_S2 = ThresholdRule(method="ladder", criterion_uv=50.0, strict=True, consecutive=True)
RULES = MappingProxyType({"adaptive": ADAPTIVE, "rmt_s0": RMT_S0, "rmt_s2": RMT_S2})
