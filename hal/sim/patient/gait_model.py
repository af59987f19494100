"""A gait robot with a patient in it: phases, speed ramps, joint angles, foot contacts.

Angles are flexion-positive (dorsiflexion at the ankle), shaped after normal sagittal gait (Winter, Biomechanics and
Motor Control of Human Movement) and scaled with speed; they are plausible, not a recording.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RAMP_KMH_S = 0.2
FASTEST_KMH = 5.0
DUTY = 0.62
"""Share of the stride for which a foot stands."""


class Phase(IntEnum):
    """What the robot is doing; the values go over the wire."""

    OFF = 0
    FITTING = 1
    STAND = 2
    WALK = 3
    STOPPING = 4
    FAULT = 5


class RobotRefusal(ValueError):
    """The robot's own panel refuses: the message says why."""


@dataclass(frozen=True, slots=True)
class Posture:
    """Joints in the order hip, knee, ankle right, then left: degrees, degrees per second, Nm; contacts right, left."""

    angles_deg: tuple[float, ...]
    velocities_deg_s: tuple[float, ...]
    torques_nm: tuple[float, ...]
    contacts: tuple[bool, bool]


class GaitModel:
    """The robot's state over simulated time; its methods are the buttons of its own panel.

    Times are simulated seconds and must not run backwards; a button pressed acts from the last `advance` on.
    """

    def __init__(self) -> None:
        self.phase = Phase.OFF
        self.speed_kmh = 0.0
        self.target_kmh = 0.0
        self.body_weight_support_kg = 0.0
        self.assist_pct = 0.0
        self.e_stop = False
        self.strides = 0.0
        self._at_s = 0.0

    @property
    def steps(self) -> int:
        """Steps of both feet since power-on."""
        return int(2 * self.strides)

    def fit(self, body_weight_support_kg: float = 25.0, assist_pct: float = 80.0) -> None:
        """The patient is being strapped in."""
        self._need(not self.e_stop, "the emergency stop is pressed")
        self._need(self.phase in (Phase.OFF, Phase.FITTING, Phase.STAND), f"not while {self.phase.name.lower()}")
        self.body_weight_support_kg = body_weight_support_kg
        self.assist_pct = assist_pct
        self.phase = Phase.FITTING

    def stand(self) -> None:
        """The patient hangs upright, ready to walk."""
        self._need(not self.e_stop, "the emergency stop is pressed")
        self._need(self.phase in (Phase.FITTING, Phase.STAND), "fit the patient first")
        self.phase = Phase.STAND

    def walk(self, speed_kmh: float) -> None:
        """Start walking, or change speed, by a ramp."""
        self._need(not self.e_stop, "the emergency stop is pressed")
        self._need(self.phase in (Phase.STAND, Phase.WALK, Phase.STOPPING), "the patient does not stand yet")
        self._need(0 < speed_kmh <= FASTEST_KMH, f"speed must be above 0 and at most {FASTEST_KMH:g} km/h")
        self.phase = Phase.WALK
        self.target_kmh = speed_kmh

    def stop(self) -> None:
        """Ramp down to a stand."""
        if self.phase == Phase.WALK:
            self.phase = Phase.STOPPING
        self.target_kmh = 0.0

    def press_e_stop(self) -> None:
        """Everything halts at once."""
        self.e_stop = True
        self.phase = Phase.FAULT
        self.speed_kmh = self.target_kmh = 0.0

    def release_e_stop(self) -> None:
        """Unlatch the emergency stop: the robot stands."""
        self.e_stop = False
        self.phase = Phase.STAND

    def switch_off(self) -> None:
        """Power off."""
        self.phase = Phase.OFF
        self.speed_kmh = self.target_kmh = 0.0

    def advance(self, now_s: float) -> None:
        """Let time pass until `now_s`: ramps and strides."""
        elapsed_s = max(0.0, now_s - self._at_s)
        self._at_s = max(self._at_s, now_s)
        ramp_s = min(elapsed_s, abs(self.target_kmh - self.speed_kmh) / RAMP_KMH_S)
        if ramp_s:
            change_kmh = math.copysign(RAMP_KMH_S * ramp_s, self.target_kmh - self.speed_kmh)
            self.strides += ramp_s * stride_hz(self.speed_kmh + change_kmh / 2)
            self.speed_kmh = self.target_kmh if ramp_s < elapsed_s else self.speed_kmh + change_kmh
        self.strides += (elapsed_s - ramp_s) * stride_hz(self.speed_kmh)
        if self.phase == Phase.STOPPING and self.speed_kmh == 0:
            self.phase = Phase.STAND

    def posture(self) -> Posture:
        """Joints and contacts now."""
        dt_s = 1e-3
        here = _angles_deg(self.strides, self.speed_kmh)
        soon = _angles_deg(self.strides + dt_s * stride_hz(self.speed_kmh), self.speed_kmh)
        velocities = tuple((b - a) / dt_s for a, b in zip(here, soon, strict=True))
        torques = tuple(0.2 * angle + 0.03 * velocity for angle, velocity in zip(here, velocities, strict=True))
        right, left = self.strides % 1.0, (self.strides + 0.5) % 1.0
        upright = self.phase not in (Phase.OFF, Phase.FITTING)
        moving = self.speed_kmh > 0
        contacts = (upright and (not moving or right < DUTY), upright and (not moving or left < DUTY))
        return Posture(here, velocities, torques, contacts)

    def stride_phase(self, t_s: Array) -> Array:
        """Phase of the right leg's stride, 0..1, at times near the present (s), at the present cadence."""
        return np.asarray((self.strides + (t_s - self._at_s) * stride_hz(self.speed_kmh)) % 1.0)

    def _need(self, condition: bool, reason: str) -> None:
        if not condition:
            raise RobotRefusal(f"the robot refuses: {reason}")


def stride_hz(speed_kmh: float) -> float:
    """Strides per second at a speed; stride length (m) is 0.5 + 0.5 x speed (m/s), chosen for slow supported gait."""
    speed_m_s = speed_kmh / 3.6
    return speed_m_s / (0.5 + 0.5 * speed_m_s)


def _angles_deg(strides: float, speed_kmh: float) -> tuple[float, ...]:
    if speed_kmh == 0:
        return (0.0,) * 6
    size = min(1.0, 0.5 + speed_kmh / 4)
    return _leg_deg(strides % 1.0, size) + _leg_deg((strides + 0.5) % 1.0, size)


def _leg_deg(phase: float, size: float) -> tuple[float, float, float]:
    hip = 8.0 + 20.0 * math.cos(2 * math.pi * phase)
    knee = 5.0 + 12.0 * _bump(phase, 0.15, 0.08) + 52.0 * _bump(phase, 0.72, 0.09)
    ankle = 8.0 * _bump(phase, 0.45, 0.12) - 16.0 * _bump(phase, 0.63, 0.06)
    return size * hip, size * knee, size * ankle


def _bump(phase: float, centre: float, width: float) -> float:
    distance = (phase - centre + 0.5) % 1.0 - 0.5
    return math.exp(-0.5 * (distance / width) ** 2)
