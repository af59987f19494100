"""A stimulation protocol as data: when its pulses come and how strong they are."""

from typing import Annotated, Literal

from msgspec import Meta

from bedside.config.strict import Section


class Levels(Section, frozen=True, kw_only=True):
    """Pulse timing as counts and onset-to-onset intervals (s), up to three levels (NIBS-BIDS working scheme)."""

    pulses_in_burst: Annotated[int, Meta(ge=1)]
    inter_pulse_interval_s: Annotated[float, Meta(ge=0)]
    bursts_in_train: Annotated[int, Meta(ge=1)] = 1
    inter_burst_interval_s: Annotated[float, Meta(ge=0)] = 0.0
    trains: Annotated[int, Meta(ge=1)] = 1
    inter_train_interval_s: Annotated[float, Meta(ge=0)] = 0.0


class Intensity(Section, frozen=True, kw_only=True):
    """Percent of a threshold, and the highest percentage that may ever be given."""

    pct: Annotated[int, Meta(ge=1, le=150)]
    of: Literal["rmt"] = "rmt"
    ceiling: Annotated[int, Meta(ge=1, le=150)]


class Preset(Section, frozen=True, kw_only=True):
    """protocols/<id>.toml: one stimulation protocol."""

    id: str
    title: str
    levels: Levels
    intensity: Intensity
    effect: Literal["inhibitory", "facilitatory"]
    enabled: bool
    flag: str = ""
    verified: bool = False
    source: str = ""
