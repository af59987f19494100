"""Which simulated inertial sensor is worn where: the far ends of the table, one function each."""

from hal.sim.far_end import FarEnd, Surroundings
from hal.sim.motion.imu_device import Capture2GoDevice, DotDevice, NusImu, WitMotionDevice


def witmotion_foot_left(around: Surroundings) -> FarEnd:
    """The far end `imu_foot_left`."""
    return WitMotionDevice(around, "foot")


def witmotion_foot_right(around: Surroundings) -> FarEnd:
    """The far end `imu_foot_right`."""
    return WitMotionDevice(around, "foot", left=False)


def witmotion_thigh_left(around: Surroundings) -> FarEnd:
    """The far end `imu_thigh`."""
    return WitMotionDevice(around, "thigh")


def witmotion_shank_left(around: Surroundings) -> FarEnd:
    """The far end `imu_shank`."""
    return WitMotionDevice(around, "shank")


def nus_foot_left(around: Surroundings) -> FarEnd:
    """The far end `imu_nus_left`."""
    return NusImu(around, "foot")


def nus_foot_right(around: Surroundings) -> FarEnd:
    """The far end `imu_nus_right`."""
    return NusImu(around, "foot", left=False)


def nus_thigh_left(around: Surroundings) -> FarEnd:
    """The far end `imu_nus_thigh_left`."""
    return NusImu(around, "thigh")


def nus_thigh_right(around: Surroundings) -> FarEnd:
    """The far end `imu_nus_thigh_right`."""
    return NusImu(around, "thigh", left=False)


def nus_shank_left(around: Surroundings) -> FarEnd:
    """The far end `imu_nus_shank_left`."""
    return NusImu(around, "shank")


def nus_shank_right(around: Surroundings) -> FarEnd:
    """The far end `imu_nus_shank_right`."""
    return NusImu(around, "shank", left=False)


def capture2go_foot_left(around: Surroundings) -> FarEnd:
    """The far end `imu_capture2go`."""
    return Capture2GoDevice(around, "foot")


def dot_foot_left(around: Surroundings) -> FarEnd:
    """The far end `imu_dot`."""
    return DotDevice(around, "foot")
