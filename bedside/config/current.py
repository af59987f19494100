"""Direct current protocols as data: current, times, electrodes, the arms that get them, and who times the bursts."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bedside.config.protocol import Levels
from bedside.config.station import Positive
from bedside.config.strict import Section
from bedside.config.study import Signature
from hal.roles import ABSOLUTE_MAX_MA

MODALITY = "tsdcs"
"""What the key `modality` says in a protocol file of this kind; files without it are magnetic protocols."""
TriggerMaster = Literal["current", "trigger_box", "stimulator"]


class Electrode(Section, frozen=True, kw_only=True):
    """Where one electrode lies, and its size."""

    place: Annotated[str, Meta(min_length=2)]
    width_cm: Positive
    height_cm: Positive
    thickness_mm: Positive

    @property
    def area_cm2(self) -> float:
        """Area on the skin (cm2)."""
        return self.width_cm * self.height_cm


class Montage(Section, frozen=True, kw_only=True):
    """Anode and return electrode, and how they hold."""

    anode: Electrode
    returning: Electrode
    fixing: str = ""

    @property
    def smallest_cm2(self) -> float:
        """The area that density is computed with: that of the smaller electrode."""
        return min(self.anode.area_cm2, self.returning.area_cm2)


class Bursts(Section, frozen=True, kw_only=True):
    """The trigger pulses of the electrical stimulator, from the plateau's start (counts and ms)."""

    bursts: Annotated[int, Meta(ge=1)]
    pulses: Annotated[int, Meta(ge=1, le=10)]
    inter_pulse_ms: Annotated[int, Meta(ge=1)]
    inter_burst_ms: Annotated[int, Meta(ge=1)]
    bursts_per_train: Annotated[int, Meta(ge=1)]
    train_period_ms: Annotated[int, Meta(ge=1, le=65535)]

    @property
    def levels(self) -> Levels | None:
        """The same pulses as a magnetic protocol states them; None for bursts that make no whole trains."""
        trains, rest = divmod(self.bursts, self.bursts_per_train)
        if rest:
            return None
        return Levels(
            pulses_in_burst=self.pulses,
            inter_pulse_interval_s=self.inter_pulse_ms / 1000 if self.pulses > 1 else 0.0,
            bursts_in_train=self.bursts_per_train,
            inter_burst_interval_s=self.inter_burst_ms / 1000 if self.bursts_per_train > 1 else 0.0,
            trains=trains,
            inter_train_interval_s=self.train_period_ms / 1000 if trains > 1 else 0.0,
        )


class CurrentPreset(Section, frozen=True, kw_only=True):
    """protocols/<id>.toml with modality "tsdcs". mA and s.

    `duration` "plateau": `plateau_s` is from the end of the ramp up to the begin of the ramp down, and both ramps come
    on top, in time and in charge. There is no other convention, and it has to be written down.
    """

    id: str
    modality: Literal["tsdcs"]
    title: str
    current_ma: Annotated[float, Meta(gt=0, le=ABSOLUTE_MAX_MA)]
    plateau_s: Annotated[float, Meta(gt=0, le=2400)]
    ramp_s: Annotated[float, Meta(ge=5, le=60)] = 15.0
    duration: Literal["plateau"]
    sham: bool = False
    montage: Montage
    enabled: bool = False
    verified: bool = False
    source: str = ""


class CurrentArm(Section, frozen=True, kw_only=True):
    """What one arm of a study gets: `tms` of the coil, `preset` of current.

    `twin` is the protocol a sham current is shown as; `bursts` whether the current's device triggers the pulses.
    """

    tms: Literal["active", "sham"]
    preset: str
    twin: str = ""
    bursts: bool = False


class CurrentLimits(Section, frozen=True, kw_only=True):
    """Ceilings (mA, mA/cm2, s, C) and what a start needs (percent, kOhm)."""

    max_ma: Annotated[float, Meta(gt=0, le=ABSOLUTE_MAX_MA)] = 2.5
    max_density_ma_cm2: Positive = 0.11
    max_plateau_s: Annotated[float, Meta(gt=0, le=2400)] = 1200.0
    max_charge_c: Annotated[float, Meta(gt=0, le=7.2)] = 7.2
    min_battery_pct: Annotated[int, Meta(ge=10, le=100)] = 30
    start_kohm: Annotated[float, Meta(gt=0, le=20)] = 10.0
    stop_kohm: Annotated[float, Meta(gt=0, le=20)] = 20.0
    status_age_s: Positive = 1.0


class CurrentStudy(Section, frozen=True, kw_only=True):
    """current/<id>.toml: the direct current part of a study.

    `trigger_masters` names who times the magnetic pulses of arms with bursts: exactly one. "current": the electrical
    stimulator, whose trigger output is wired to the magnetic one's trigger input; "stimulator": the magnetic one by
    itself; "trigger_box": a box of its own. With `equalise_duration` every arm is shown for as long as the longest
    one. `enabled` has a physician's signature for each protocol whose own file does not enable it.
    """

    id: str
    trigger_masters: tuple[TriggerMaster, ...]
    equalise_duration: bool = False
    enabled: dict[str, Signature] = msgspec.field(default_factory=dict)
    limits: CurrentLimits = msgspec.field(default_factory=CurrentLimits)
    bursts: Bursts | None = None
    arms: dict[str, CurrentArm]


class CurrentPart(msgspec.Struct, frozen=True):
    """A study's direct current part with the protocols it names, checked against each other."""

    study: CurrentStudy
    presets: dict[str, CurrentPreset]

    def is_enabled(self, preset: str) -> bool:
        """Whether the protocol's own file or a signature for this study enables it."""
        return self.presets[preset].enabled or preset in self.study.enabled
