"""How a motion sensor lies in space, and the calibration of its magnetometer."""

from dsp.orientation.attitude import Attitude, AttitudeFilter, UnavailableError, attitude, estimate
from dsp.orientation.joint import JointAngle, joint_angle
from dsp.orientation.magnetometer import MagnetometerFit, fit_magnetometer
from dsp.orientation.recording import Orientation, orientation

__all__ = [
    "Attitude",
    "AttitudeFilter",
    "JointAngle",
    "MagnetometerFit",
    "Orientation",
    "UnavailableError",
    "attitude",
    "estimate",
    "fit_magnetometer",
    "joint_angle",
    "orientation",
]
