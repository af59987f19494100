"""What MagPro models accept, as public drivers agree (the stricter where they do not)."""

from hal.device import Refused
from hal.drivers.stimulator.magpro_codec import BURST_INTERVALS_MS, Model, model_name
from hal.roles import Train

_MAX_RATE_HZ: dict[int, float] = {
    Model.R30: 30.0,
    Model.R30_OPTION: 30.0,
    Model.R30_OPTION_MONO: 30.0,
    Model.X100: 100.0,
    Model.X100_OPTION: 100.0,
}


BURST_MODELS = frozenset({Model.X100, Model.X100_OPTION, Model.R30, Model.R30_OPTION, Model.R30_OPTION_MONO})
"""Models that are asked for Biphasic Burst. The R30s are disputed between public drivers; the read-back decides."""
_MAX_BURST_RATE_HZ = 20.0


def max_rate_hz(model: int | None) -> float:
    """Highest train rate in Standard mode (Hz); the lowest of all for a model nobody knows."""
    return _MAX_RATE_HZ.get(-1 if model is None else model, 30.0)


def check_amplitude(pct: int) -> None:
    """Raise `Refused` unless `pct` is 0..100 (% of maximum output)."""
    if not 0 <= pct <= 100:
        raise Refused(f"amplitude {pct} % is outside 0 to 100 %", remedy="choose a value from 0 to 100")


def _is_step(value: float, step: float) -> bool:
    return abs(value / step - round(value / step)) < 1e-6


def check_train(train: Train, model: int | None) -> None:
    """Raise `Refused` naming the limit a train breaks: rate, pulses, trains, inter-train interval."""
    top_hz = max_rate_hz(model)
    if not 0.1 <= train.rate_hz <= top_hz:
        raise Refused(f"rate {train.rate_hz:g} Hz is outside 0.1 to {top_hz:g} Hz", remedy="choose a rate it can do")
    step_hz = 0.1 if train.rate_hz <= 1 else 1.0
    if not _is_step(train.rate_hz, step_hz):
        raise Refused(f"rate {train.rate_hz:g} Hz is not a step of {step_hz:g} Hz", remedy="choose a rate it can do")
    if not (1 <= train.pulses <= 1000 or (train.pulses <= 2000 and train.pulses % 100 == 0 and train.pulses > 0)):
        raise Refused(
            f"{train.pulses} pulses in a train: it takes 1 to 1000, then 1100 to 2000 by 100",
            remedy="split into more trains, for example 600 pulses x 2 for 1200",
        )
    if not 1 <= train.trains <= 500:
        raise Refused(f"{train.trains} trains: it takes 1 to 500", remedy="use longer trains")
    if not 0.1 <= train.inter_train_s <= 120 or not _is_step(train.inter_train_s, 0.1):
        raise Refused(
            f"interval {train.inter_train_s:g} s between trains: it takes 0.1 to 120 s in steps of 0.1 s",
            remedy="choose an interval it can do",
        )
    if train.burst_pulses > 1:
        check_bursts(train.burst_pulses, train.inter_pulse_s, model)
        _check_burst_train(train)


def check_bursts(pulses: int, inter_pulse_s: float, model: int | None) -> None:
    """Raise `Refused` unless `model` may have bursts of so many pulses, so far apart (s, onset to onset)."""
    if model not in BURST_MODELS:
        name = "this model" if model is None else model_name(model)
        raise Refused(f"{name} gives no bursts", remedy="use a stimulator with Biphasic Burst")
    if not 2 <= pulses <= 5:
        raise Refused(f"bursts of {pulses} pulses: it takes 2 to 5", remedy="choose a burst it can do")
    if round(inter_pulse_s * 1000, 3) not in BURST_INTERVALS_MS:
        raise Refused(
            f"{inter_pulse_s * 1000:g} ms between pulses of a burst is not among its steps from 0.5 to 100 ms",
            remedy="choose an interval it can do",
        )


def _check_burst_train(train: Train) -> None:
    if train.rate_hz > _MAX_BURST_RATE_HZ:
        raise Refused(f"bursts at {train.rate_hz:g} Hz: it gives at most {_MAX_BURST_RATE_HZ:g} a second")
    if (train.burst_pulses - 1) * train.inter_pulse_s >= 1 / train.rate_hz:
        raise Refused(
            f"bursts of {train.burst_pulses} pulses {train.inter_pulse_s * 1000:g} ms apart do not fit "
            f"{train.rate_hz:g} times into a second",
            remedy="choose a lower rate or a shorter interval",
        )
