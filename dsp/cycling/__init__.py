"""Pedalling from a motion sensor on the thigh and one on the shank: knee angle and one cadence a revolution."""

from dsp.cycling.leg import cadence
from dsp.cycling.result import Cycling
from dsp.cycling.segment import Segment
from dsp.cycling.summary import Ride, Window, summarise, window

__all__ = ["Cycling", "Ride", "Segment", "Window", "cadence", "summarise", "window"]
