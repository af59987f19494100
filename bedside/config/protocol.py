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

    @property
    def problem(self) -> str:
        """Why these levels are no pulse train: an interval missing, or shorter than what it holds; else empty."""
        inner_s = self.inter_pulse_interval_s
        burst_s = (self.pulses_in_burst - 1) * inner_s
        train_s = burst_s + (self.bursts_in_train - 1) * self.inter_burst_interval_s
        if self.pulses_in_burst > 1 and inner_s <= 0:
            return "inter_pulse_interval_s is missing"
        if self.bursts_in_train > 1 and self.inter_burst_interval_s <= burst_s:
            return "a burst is longer than inter_burst_interval_s"
        if self.trains > 1 and self.inter_train_interval_s <= train_s:
            return "a train is longer than inter_train_interval_s"
        return ""


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
