"""How a motion sensor lies in space, and the calibration of its magnetometer."""

from dsp.orientation.attitude import Attitude, AttitudeFilter, UnavailableError, attitude, estimate
from dsp.orientation.magnetometer import MagnetometerFit, fit_magnetometer

__all__ = [
    "Attitude",
    "AttitudeFilter",
    "MagnetometerFit",
    "UnavailableError",
    "attitude",
    "estimate",
    "fit_magnetometer",
]
