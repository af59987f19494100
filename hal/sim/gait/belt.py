"""The belt under the patient's feet: what every simulated treadmill drives, whatever its protocol."""

from hal.sim.patient.gait_model import FASTEST_KMH, GaitModel, Phase


class Belt:
    """A treadmill's motor on the one gait model, which accelerates it. Speeds in km/h.

    `clamp_kmh` is a machine that cuts greater speeds without a word. A pressed emergency stop or pulled safety key
    switches the motor off.
    """

    def __init__(self, gait: GaitModel, *, fastest_kmh: float = FASTEST_KMH, clamp_kmh: float | None = None) -> None:
        self.gait = gait
        self.fastest_kmh = fastest_kmh
        self.clamp_kmh = clamp_kmh
        self.set_kmh = 0.0
        self._on = False

    @property
    def on(self) -> bool:
        """Whether the motor is switched on; it may be on at 0 km/h."""
        if self.gait.e_stop:
            self._on, self.set_kmh = False, 0.0
        return self._on

    @property
    def actual_kmh(self) -> float:
        """How fast the belt runs."""
        return self.gait.speed_kmh

    def start(self) -> bool:
        """Switch the motor on at 0 km/h, a patient standing on it; False while the emergency stop is pressed."""
        if self.gait.e_stop:
            return False
        if self.gait.phase in (Phase.OFF, Phase.FITTING):
            self.gait.phase = Phase.STAND
        self._on = True
        return True

    def set_speed(self, speed_kmh: float) -> bool:
        """Go to a speed, at once when switched on; False, and nothing changes, for one that the machine cannot run."""
        if not 0 <= speed_kmh <= self.fastest_kmh:
            return False
        self.set_kmh = speed_kmh if self.clamp_kmh is None else min(speed_kmh, self.clamp_kmh)
        if self.on and self.set_kmh > 0:
            self.gait.walk(self.set_kmh)
        elif self.on:
            self.gait.stop()
        return True

    def stop(self) -> None:
        """Ramp down to a stand and switch off."""
        self._on, self.set_kmh = False, 0.0
        self.gait.stop()
