"""Resting motor threshold: rules as data, the hunt, and an honest estimate."""

from dsp.threshold.hunt import ThresholdHunt
from dsp.threshold.rule import (
    ADAPTIVE,
    RMT_S0,
    RMT_S2,
    RULES,
    ThresholdEstimate,
    ThresholdRule,
    Trial,
)

__all__ = [
    "ADAPTIVE",
    "RMT_S0",
    "RMT_S2",
    "RULES",
    "ThresholdEstimate",
    "ThresholdHunt",
    "ThresholdRule",
    "Trial",
]
