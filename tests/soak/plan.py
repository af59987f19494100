"""Who stands at the bed in a soak, how far off their crystals are, and what is lost on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass

CLOCKED = ("imu_nus_left", "imu_nus_right")
FREE = ("imu_foot_left", "imu_foot_right")
ALSO = ("force_board", "balance_board", "emergency_stop", *CLOCKED, *FREE)
DRIFT_PPM = {
    "emg": 100.0,
    "force_board": -100.0,
    "imu_nus_left": 100.0,
    "imu_nus_right": -100.0,
    "imu_foot_left": 100.0,
    "imu_foot_right": -100.0,
}
RADIO_TWO = {"witmotion": FREE, "nus": CLOCKED}
"""The pairs of inertial sensors that may stand alone."""
RADIO_PPM = (50.0, -50.0)
PLATE_HZ = 100.0
EMG_HZ = 5120
DEVICE = {"emg": "quattrocento"}
"""Streams that are named otherwise than their device."""
LOSS = (*(f"{name}.loss:3" for name in CLOCKED), *(f"{name}.loss:1" for name in FREE), "force_board.loss:1")
"""Percent. Packets of several samples are lost in bursts: at 1 % half a minute may by chance have none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: its length, whether samples are lost on purpose, whether the patient stands, which pair stands alone."""

    minutes: float
    loss: bool = False
    standing: bool = False
    radio: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it runs, beginning and end aside."""
        return 60.0 * self.minutes

    @property
    def also(self) -> tuple[str, ...]:
        """Everything beside the stimulator, the amplifier and the robot."""
        return self.radio or ALSO

    @property
    def drift_ppm(self) -> Mapping[str, float]:
        """How fast each crystal is."""
        return dict(zip(self.radio, RADIO_PPM, strict=True)) if self.radio else DRIFT_PPM

    @property
    def free(self) -> tuple[str, ...]:
        """The inertial sensors without even a counter."""
        return tuple(name for name in FREE if name in self.also)
