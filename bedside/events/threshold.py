"""Hotspot search and threshold hunt: where the coil was, what the muscles answered."""

from typing import Literal

import msgspec

from bedside.events.base import Event


class CoilPlaced(Event, frozen=True, kw_only=True, tag="coil.placed"):
    """The therapist holds the coil over this site; cm from the vertex, x to the right, y to the front."""

    site: str
    x_cm: float
    y_cm: float


class MuscleResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One muscle's answer to one pulse: peak-to-peak (uV), onset (ms, None without one), rest RMS (uV)."""

    channel: str
    amplitude_uv: float
    latency_ms: float | None
    rest_rms_uv: float
    valid: bool
    reason: str


class ResponseMeasured(Event, frozen=True, kw_only=True, tag="mep.measured"):
    """What the EMG showed after a single pulse; the target muscle decides, the others are kept beside it."""

    pulse: int
    target: MuscleResponse
    others: tuple[MuscleResponse, ...] = ()
    time_zero: Literal["trigger", "artefact", "serial"] = "trigger"


class ResponseMissing(Event, frozen=True, kw_only=True, tag="mep.missing"):
    """A pulse was given and no sweep could be measured."""

    pulse: int
    reason: str


class PulseJudged(Event, frozen=True, kw_only=True, tag="mep.judged"):
    """A person accepted or rejected a pulse's response; it stays in the record either way."""

    pulse: int
    accepted: bool
    reason: str


class HotspotChosen(Event, frozen=True, kw_only=True, tag="hotspot.chosen"):
    """The site that all later pulses use."""

    site: str
    x_cm: float
    y_cm: float
    mean_uv: float
    reason: str


class HuntStarted(Event, frozen=True, kw_only=True, tag="threshold.started"):
    """A threshold hunt began (again) under this rule."""

    rule: str
    start_pct_mso: float
    reason: str = ""


class ThresholdFound(Event, frozen=True, kw_only=True, tag="threshold.found"):
    """The resting motor threshold with its 95 % interval, in %MSO; `rule` names how it was defined."""

    rmt_pct_mso: float
    low_pct_mso: float
    high_pct_mso: float
    trials: int
    rule: str
    muscle: str
    reason: str
