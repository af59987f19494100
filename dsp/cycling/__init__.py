"""Pedalling from a motion sensor on the thigh and one on the shank: knee angle and one cadence a revolution."""

from dsp.cycling.leg import Cycling, cadence
from dsp.cycling.segment import Segment

__all__ = ["Cycling", "Segment", "cadence"]
