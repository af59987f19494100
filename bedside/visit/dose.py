"""The dose: pulse times, intensity, and every reason why a preset cannot be given here."""

import math
from dataclasses import dataclass
from fractions import Fraction

from bedside.config import Preset
from bedside.config.protocol import Levels
from bedside.config.station import DeviceConfig
from bedside.events import DosePlanned
from bedside.refusal import Refusal
from bedside.visit import train_limits, trigger
from bedside.visit.state import Visit
from bedside.visit.timing import Pattern, pattern_of

US = 1_000_000
HIGH_RATE_HZ = 5.0
"""From here on a protocol counts as high-frequency and has its own ceiling of pulses."""


@dataclass(frozen=True, slots=True)
class Durations:
    """The three lengths that are all called "duration" (s): last pulse, end of the last train, whole period."""

    last_s: float
    end_s: float
    period_s: float

    @property
    def text(self) -> str:
        """All three."""
        return f"last pulse {self.last_s:g} s, train end {self.end_s:g} s, period {self.period_s:g} s"


def pulse_times_us(levels: Levels) -> list[int]:
    """Every pulse's onset in whole microseconds from the first: exact, without rounding drift."""
    ipi, ibi, iti = _us(levels)
    return [
        train * iti + burst * ibi + pulse * ipi
        for train in range(levels.trains)
        for burst in range(levels.bursts_in_train)
        for pulse in range(levels.pulses_in_burst)
    ]


def _us(levels: Levels) -> tuple[int, int, int]:
    intervals = (levels.inter_pulse_interval_s, levels.inter_burst_interval_s, levels.inter_train_interval_s)
    ipi, ibi, iti = (round(seconds * US) for seconds in intervals)
    return ipi, ibi, iti


def count(levels: Levels) -> int:
    """All pulses."""
    return levels.pulses_in_burst * levels.bursts_in_train * levels.trains


def durations(levels: Levels) -> Durations:
    """The three durations."""
    ipi, ibi, iti = _us(levels)
    burst = ibi if levels.bursts_in_train > 1 else levels.pulses_in_burst * ipi
    train = levels.bursts_in_train * burst
    period = levels.trains * iti if levels.trains > 1 else train
    return Durations(pulse_times_us(levels)[-1] / US, ((levels.trains - 1) * iti + train) / US, period / US)


def patterned(levels: Levels) -> bool:
    """Whether it is more than one even train."""
    return levels.bursts_in_train > 1 or levels.trains > 1


def has_bursts(levels: Levels) -> bool:
    """Whether its stimuli are bursts."""
    return levels.bursts_in_train > 1


def planned_pattern(state: Visit) -> Pattern | None:
    """The pattern of the participant's preset, None where it is one even train."""
    levels = preset_of(state).levels
    return pattern_of(levels) if patterned(levels) else None


def fastest_hz(levels: Levels) -> float:
    """The highest rate inside it (Hz)."""
    return 1.0 / levels.inter_pulse_interval_s if levels.inter_pulse_interval_s > 0 else 0.0


def rounded_down(rmt_pct_mso: float, pct: int) -> int:
    """Percent of a threshold in whole %MSO, always rounded down: 80 % of 61 is 48."""
    return math.floor(Fraction(round(rmt_pct_mso * 1000), 1000) * pct / 100)


def device_rate_hz(device: DeviceConfig | None, intensity_pct_mso: int) -> float:
    """The fastest rate (Hz) the maker states at this output; 1 Hz where the maker's table is not known."""
    points = sorted(device.max_rate, key=lambda point: point.pct_mso) if device is not None else []
    if not points:
        return 1.0
    return next((point.rate_hz for point in points if point.pct_mso >= intensity_pct_mso), 0.0)


def preset_of(state: Visit) -> Preset:
    """The participant's preset; raises `Refusal` when there is none of that name."""
    name = state.recalled.preset if state.recalled is not None else ""
    preset = state.setup.presets.get(name)
    if preset is None:
        raise Refusal(f"protocol '{name}' is not configured", "correct the participant's record")
    return preset


def plan(state: Visit) -> DosePlanned:
    """The dose for the open visit; raises `Refusal` with the reason why it cannot be given."""
    preset = preset_of(state)
    if state.threshold is None:
        raise Refusal("no threshold was found in this visit", "finish the threshold hunt")
    rmt = state.threshold.rmt_pct_mso
    intensity = rounded_down(rmt, preset.intensity.pct)
    problem = _preset_problem(state, preset) or _intensity_problem(state, preset, rmt, intensity)
    problem = problem or _train_problem(state, preset) or totals_problem(state, count(preset.levels))
    if problem is not None:
        raise Refusal(problem, "a physician decides on another protocol; nothing is changed by itself")
    lengths = durations(preset.levels)
    return DosePlanned(
        preset=preset.id,
        pulses=count(preset.levels),
        rate_hz=fastest_hz(preset.levels),
        pct_rmt=preset.intensity.pct,
        intensity_pct_mso=intensity,
        last_pulse_s=lengths.last_s,
        train_end_s=lengths.end_s,
        period_s=lengths.period_s,
    )


def _preset_problem(state: Visit, preset: Preset) -> str | None:
    study = state.setup.study
    if preset.id not in study.presets:
        return f"protocol {preset.id} is not part of this study"
    if not preset.enabled and preset.id not in study.enabled:
        return f"protocol {preset.id} is not enabled: a physician has to sign it for this study"
    if trigger.bursts(state) is not None or not patterned(preset.levels):
        return None
    return _pattern_problem(state.setup.devices.get("stimulator"), preset)


def _pattern_problem(device: DeviceConfig | None, preset: Preset) -> str | None:
    """Why this stimulator does not time the preset's pattern itself; this computer never times one."""
    name = device.title if device is not None else "no stimulator"
    if has_bursts(preset.levels) and not (device is not None and device.bursts):
        return f"protocol {preset.id} has bursts; {name} does not time bursts (its device file lacks bursts = true)"
    if device is None or (preset.levels.trains > 1 and device.max_trains < 2):
        return f"protocol {preset.id} has {preset.levels.trains} trains; {name} times one train only"
    stimuli = pattern_of(preset.levels).stimuli
    if stimuli > device.max_pulses_per_train:
        return f"a train of {stimuli} is more than the {device.max_pulses_per_train} that {name} times"
    return None


def _intensity_problem(state: Visit, preset: Preset, rmt_pct_mso: float, intensity: int) -> str | None:
    if preset.intensity.pct > preset.intensity.ceiling:
        return f"{preset.intensity.pct} % RMT is above the protocol's ceiling of {preset.intensity.ceiling} %"
    if not 1 <= intensity <= 100:
        return f"{preset.intensity.pct} % of {rmt_pct_mso:g} %MSO is {intensity} %MSO, which no stimulator gives"
    rate_hz = fastest_hz(preset.levels)
    most_hz = device_rate_hz(state.setup.devices.get("stimulator"), intensity)
    if rate_hz > most_hz:
        most_pct = _highest_pct(state.setup.devices.get("stimulator"), rate_hz)
        can = f"{rate_hz:g} Hz up to {most_pct} %MSO" if most_pct else f"no {rate_hz:g} Hz"
        return (
            f"the stimulator gives at most {most_hz:g} Hz at {intensity} %MSO; the protocol needs {rate_hz:g} Hz:"
            f" it gives {can}, so a lower percentage signed by a physician, or another device"
        )
    return None


def _highest_pct(device: DeviceConfig | None, rate_hz: float) -> int:
    """The highest output (%MSO) at which the maker states this rate; 0 where there is none."""
    points = device.max_rate if device is not None else ()
    return max((point.pct_mso for point in points if point.rate_hz >= rate_hz), default=0)


def _train_problem(state: Visit, preset: Preset) -> str | None:
    signed = preset.id in state.setup.study.enabled
    return train_limits.problem(state.setup.limits, preset, signed=signed) or None


def totals_problem(state: Visit, pulses: int) -> str | None:
    """Which ceiling on pulses a course of `pulses` would break, counting all that may have been given already."""
    totals, record = state.setup.limits.totals, state.recalled
    preset = preset_of(state)
    session = totals.session_high if fastest_hz(preset.levels) >= HIGH_RATE_HZ else totals.session_low
    session = totals.session_patterned if has_bursts(preset.levels) else session
    today = (record.pulses_today if record else 0) + pulses + state.ledger.single + state.ledger.uncertain_single
    week = (record.pulses_week if record else 0) + pulses + state.ledger.single + state.ledger.uncertain_single
    course = (record.pulses_course if record else 0) + pulses
    most = state.setup.study.sessions * count(preset.levels)
    if pulses > session:
        return f"{pulses} pulses are more than the {session} of one session"
    if today > totals.day:
        return f"{today} pulses today would be more than {totals.day}"
    if week > totals.week:
        return f"{week} pulses within a week would be more than {totals.week}"
    if course > most:
        return f"{course} pulses in all would be more than the study's {most}"
    return None


def split_train(pulses: int, most: int, most_trains: int) -> tuple[int, int]:
    """`pulses` as (pulses per train, trains) of equal trains of at most `most`; what does not divide comes later.

    1200 within 1000 is (600, 2); 1163, a prime, is (1000, 1) with the rest for a second run, as is 1200 for a device
    that times one train only.
    """
    if pulses <= most:
        return pulses, 1
    trains = next((k for k in range(2, min(10, most_trains) + 1) if pulses % k == 0 and pulses // k <= most), 1)
    return (pulses // trains, trains) if trains > 1 else (most, 1)
