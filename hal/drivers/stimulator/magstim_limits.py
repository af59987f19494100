"""What a Magstim accepts and may give: single pulses, trains, and the energy of a Rapid."""

from dataclasses import dataclass

from hal.device import Refused
from hal.drivers.stimulator.magstim_messages import RapidSettings, Widths
from hal.roles import Train

MIN_PULSE_INTERVAL_S = 0.5
"""Single pulses asked for over the wire in quicker succession are dropped (users of MAGIC: 2 of 5 were given)."""
MAX_COIL_C = 40.0
"""From here on a Magstim disarms itself and refuses to be armed."""
RAMP_UP_S_PER_PCT = 0.01
RAMP_DOWN_S_PER_PCT = 0.1
"""The capacitor charges quickly and is bled slowly."""

ENERGY_J_PER_PCT2 = 0.0252
"""Energy of a pulse at P %: 0.0252 P^2 joules (63.0 J at 50 %, 252 J at 100 %), a fit to MAGIC's table."""
CONTINUOUS_W = 1050.0
"""Power the supply keeps up without end."""
MINUTE_J = 63_000.0
"""Energy of the longest train: a minute of the continuous power."""
MIN_WAIT_S = 0.5
"""Pause the device keeps after any train."""
MAX_CONTINUOUS_PULSES = 6000
MAX_RATE_HZ = 100.0


@dataclass(frozen=True, slots=True)
class Energy:
    """What pulses at `power_pct` and `rate_hz` ask of a Rapid's supply."""

    power_pct: int
    rate_hz: float

    @property
    def pulse_j(self) -> float:
        """Energy of one pulse."""
        return ENERGY_J_PER_PCT2 * self.power_pct**2

    @property
    def continuous(self) -> bool:
        """Whether a train may go on without end (up to 6000 pulses)."""
        return self.rate_hz * self.pulse_j <= CONTINUOUS_W

    @property
    def longest_s(self) -> float:
        """The longest train."""
        return MAX_CONTINUOUS_PULSES / self.rate_hz if self.continuous else MINUTE_J / (self.rate_hz * self.pulse_j)

    def wait_s(self, pulses: int) -> float:
        """The shortest pause after a train of so many pulses."""
        excess_w = self.rate_hz * self.pulse_j - CONTINUOUS_W
        return max(MIN_WAIT_S, pulses * excess_w / (CONTINUOUS_W * self.rate_hz))


def check_power(pct: int) -> None:
    """Raise `Refused` unless `pct` is 0..100; enhanced power is not used."""
    if not 0 <= pct <= 100:
        raise Refused(f"amplitude {pct} % is outside 0 to 100 %", remedy="choose a value from 0 to 100")


def wanted_settings(train: Train, power_pct: int, parts: Widths) -> RapidSettings:
    """The device's own numbers for one train of `train`; the wait is its own affair (0 here).

    Pulses are frequency times duration in all three fields, for changing one does not adjust the others.
    Raises `Refused` naming what the device, its software or its supply cannot do.
    """
    _check_shape(train, parts)
    duration_tenth_s = train.pulses * 10 / train.rate_hz
    if abs(duration_tenth_s - round(duration_tenth_s)) > 1e-6:
        raise Refused(
            f"{train.pulses} pulses at {train.rate_hz:g} Hz do not last whole tenths of a second",
            remedy="choose pulses and rate that do",
        )
    longest_s = (10**parts.duration - 1) / 10
    if duration_tenth_s > longest_s * 10:
        fits = int(longest_s * train.rate_hz)
        raise Refused(
            f"a train of {train.pulses} pulses at {train.rate_hz:g} Hz is longer than the {longest_s:g} s it takes",
            remedy=f"split it into trains of at most {fits} pulses, for example 1200 pulses at 1 Hz as 2 x 600",
        )
    _check_energy(train, power_pct)
    return RapidSettings(power_pct, round(train.rate_hz * 10), train.pulses, round(duration_tenth_s), 0)


def _check_shape(train: Train, parts: Widths) -> None:
    if train.burst_pulses != 1:
        raise Refused("this stimulator gives no bursts", remedy="use a stimulator that times bursts itself")
    if not 0.1 <= train.rate_hz <= MAX_RATE_HZ or abs(train.rate_hz * 10 - round(train.rate_hz * 10)) > 1e-6:
        raise Refused(
            f"rate {train.rate_hz:g} Hz: it takes 0.1 to {MAX_RATE_HZ:g} Hz in steps of 0.1 Hz",
            remedy="choose a rate it can do",
        )
    most = min(10**parts.pulses - 1, MAX_CONTINUOUS_PULSES)
    if not 1 <= train.pulses <= most:
        raise Refused(f"{train.pulses} pulses in a train: it takes 1 to {most}", remedy="split into more trains")
    if not 1 <= train.trains <= 500:
        raise Refused(f"{train.trains} trains: 1 to 500 are given", remedy="use longer trains")


def _check_energy(train: Train, power_pct: int) -> None:
    energy = Energy(power_pct, train.rate_hz)
    if train.pulses / train.rate_hz > energy.longest_s + 1e-9:
        raise Refused(
            f"at {power_pct} % and {train.rate_hz:g} Hz a train may last {energy.longest_s:.1f} s at most",
            remedy="use shorter trains, a lower rate or a lower intensity",
        )
    wait_s = energy.wait_s(train.pulses)
    if train.trains > 1 and train.inter_train_s < wait_s - 1e-9:
        raise Refused(
            f"at {power_pct} % it needs {wait_s:.1f} s after such a train, {train.inter_train_s:g} s are planned",
            remedy="plan a longer pause between trains",
        )
