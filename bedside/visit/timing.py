"""When the pulses of a train are due: counts and times of bursts and trains, exact in whole microseconds. Pure."""

import msgspec

from bedside.config.protocol import Levels

US = 1_000_000


class Pattern(msgspec.Struct, frozen=True):
    """A course as a stimulator times it.

    `stimuli` at `rate_hz` in each of `trains`; `inter_train_s` from the last stimulus of a train to the first of the
    next; a stimulus is a pulse, or a burst of `burst_pulses` that are `inter_pulse_s` apart (onset to onset).
    """

    rate_hz: float
    stimuli: int
    trains: int = 1
    inter_train_s: float = 0.0
    burst_pulses: int = 1
    inter_pulse_s: float = 0.0

    @property
    def in_train(self) -> int:
        """Single pulses of one train."""
        return self.stimuli * self.burst_pulses

    @property
    def total(self) -> int:
        """Single pulses of all trains."""
        return self.in_train * self.trains

    @property
    def interval_us(self) -> int:
        """From stimulus to stimulus within a train."""
        return round(US / self.rate_hz)

    @property
    def cycle_us(self) -> int:
        """From a train's first stimulus to the next train's."""
        return (self.stimuli - 1) * self.interval_us + round(self.inter_train_s * US)

    @property
    def length_s(self) -> float:
        """From the first pulse to the end of the last train, which is one interval behind its last stimulus."""
        return ((self.trains - 1) * self.cycle_us + self.stimuli * self.interval_us) / US

    def onset_s(self, stimulus: int) -> float:
        """When stimulus `stimulus` (from 0) begins."""
        train, place = divmod(stimulus, self.stimuli)
        return (train * self.cycle_us + place * self.interval_us) / US

    def begun_by(self, seconds: float) -> int:
        """Stimuli that have begun `seconds` after the first."""
        if seconds < 0:
            return 0
        if self.trains == 1:
            return min(self.stimuli, int(seconds * US) // self.interval_us + 1)
        train, into_us = divmod(int(seconds * US), self.cycle_us)
        if train >= self.trains:
            return self.stimuli * self.trains
        return train * self.stimuli + min(self.stimuli, into_us // self.interval_us + 1)

    def due_by(self, seconds: float) -> int:
        """Single pulses that are due `seconds` after the first."""
        begun = self.begun_by(seconds)
        if begun == 0 or self.burst_pulses == 1:
            return begun
        into_us = int(seconds * US) - round(self.onset_s(begun - 1) * US)
        of_last = min(self.burst_pulses, into_us // round(self.inter_pulse_s * US) + 1)
        return (begun - 1) * self.burst_pulses + of_last


def pattern_of(levels: Levels) -> Pattern:
    """The three levels of a preset as a stimulator times them.

    The stimulator counts its interval from the last stimulus of a train to the first of the next, so that it is the
    cycle less the train's own stimuli: 10 s less 9 x 0.2 s are 8.2 s.
    """
    bursts = levels.bursts_in_train > 1
    interval_s = levels.inter_burst_interval_s if bursts else levels.inter_pulse_interval_s
    stimuli = levels.bursts_in_train if bursts else levels.pulses_in_burst
    interval_us = round(interval_s * US)
    gap_us = round(levels.inter_train_interval_s * US) - (stimuli - 1) * interval_us if levels.trains > 1 else 0
    return Pattern(
        rate_hz=US / interval_us,
        stimuli=stimuli,
        trains=levels.trains,
        inter_train_s=gap_us / US,
        burst_pulses=levels.pulses_in_burst if bursts else 1,
        inter_pulse_s=levels.inter_pulse_interval_s if bursts else 0.0,
    )


def next_train(pattern: Pattern, remaining: int, most_trains: int) -> Pattern | None:
    """What to ask for out of `remaining` single pulses: whole trains, else one shorter train of whole bursts.

    None where less than a burst remains: half a burst is not what was planned and is not given.
    """
    trains = min(remaining // pattern.in_train, most_trains)
    if trains:
        return msgspec.structs.replace(pattern, trains=trains)
    stimuli = remaining // pattern.burst_pulses
    return msgspec.structs.replace(pattern, trains=1, stimuli=stimuli) if stimuli else None
