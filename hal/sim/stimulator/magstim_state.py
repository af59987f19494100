"""What is set and what is so in a simulated Magstim, and the status bytes that tell it."""

from dataclasses import dataclass

from hal.sim.stimulator.magstim_wire import SimModel


@dataclass(slots=True)
class MagstimState:
    """What is set and what is so; `level_pct` is what the capacitor will give, `power_pct` what is set.

    Defaults of power, frequency, pulses and duration are chosen.
    """

    model: SimModel = "rapid2"
    version: str = "9.0.1"
    power_pct: int = 30
    power_b_pct: int = 0
    interval: int = 10
    mode: str = "0"
    frequency_tenth_hz: int = 10
    pulses: int = 1
    duration_tenth_s: int = 0
    remote: bool = False
    armed: bool = False
    ready: bool = False
    train: bool = False
    waiting: bool = False
    coil: bool = True
    error: str = ""
    total_pulses: int = 0

    @property
    def major(self) -> int:
        """The software's major version."""
        return int(self.version.split(".")[0])

    @property
    def repetitive(self) -> bool:
        """A start gives a train."""
        return self.model == "rapid2" and self.duration_tenth_s > 0

    @property
    def instrument(self) -> int:
        """The status byte. Once charged, ready takes the place of armed (a public driver saw 0x8C)."""
        armed = self.armed and not self.ready
        bits = (not self.armed, armed, self.ready, self.coil, False, bool(self.error), False, self.remote)
        return sum(bit << place for place, bit in enumerate(bits))

    @property
    def rapid(self) -> int:
        """The Rapid's own status byte, with its high-voltage supply and coil ready."""
        bits = (False, self.train, self.waiting, not self.repetitive, True, self.coil, False, False)
        return sum(bit << place for place, bit in enumerate(bits))
