"""A study as data: which protocols, which muscles and sites, which threshold rules, who signed what."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bedside.config.assessments import AssessmentPoint
from bedside.config.station import Percent, Positive
from bedside.config.strict import Section

TimingMode = Literal["simultaneous", "stim_then_walk", "walk_then_stim", "same_day"]
Target = Literal["contralesional", "ipsilesional", "vertex"]


class Signature(Section, frozen=True, kw_only=True):
    """A physician's name, date and meaning under one decision."""

    by: Annotated[str, Meta(min_length=2)]
    on: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    meaning: str = ""


class Timing(Section, frozen=True, kw_only=True):
    """How stimulation and walking share the session; without a signature no pulse and no current of any kind is given.

    Visits are built for these modes: "simultaneous" with a gait robot; without one stimulation of a seated patient and
    exercise after it, which is "stim_then_walk" or "same_day". Others are refused when the study is loaded.
    """

    mode: TimingMode
    signed: Signature | None = None


class RmtRule(Section, frozen=True, kw_only=True):
    """One definition of the resting motor threshold: `hits` of `trials` at `criterion_uv` (uV peak to peak)."""

    id: str
    title: str
    method: Literal["adaptive", "ladder"]
    criterion_uv: Positive
    strict: bool = False
    hits: Annotated[int, Meta(ge=1)] = 5
    trials: Annotated[int, Meta(ge=1)] = 10
    consecutive: bool = False


Latency = Annotated[float, Meta(ge=0, le=200)]
"""ms after a pulse: what comes later is no response to it by way of the cortex and the spinal cord."""


class HuntConfig(Section, frozen=True, kw_only=True):
    """Hotspot grid and threshold hunt. cm from the vertex, uV, ms, s."""

    target_muscle: str
    muscle_side: Literal["contralateral", "ipsilateral"] = "contralateral"
    window_ms: tuple[Latency, Latency]
    rest_limit_uv: Positive
    step_cm: Positive
    range_cm: Positive
    direction: Literal["lateral", "midline"]
    pulses_per_site: Annotated[int, Meta(ge=3, le=10)]
    start_pct_mso: Percent
    start_step_pct_mso: Annotated[int, Meta(ge=1, le=20)]
    cap_pct_mso: Percent
    isi_s: Positive
    jitter_pct: Annotated[float, Meta(ge=0, le=50)]
    rules: tuple[RmtRule, ...]
    default_rule: str
    borderline_uv: Annotated[float, Meta(ge=0)] = 10.0


class CoilPlacement(Section, frozen=True, kw_only=True):
    """How the coil is held: handle azimuth, tilt to the scalp for active and sham, induced current."""

    handle_azimuth_deg: int
    active_tilt_deg: int = 0
    sham_tilt_deg: int = 90
    current: str
    drawing: tuple[str, ...] = ()
    sham_drawing: tuple[str, ...] = ()


Speed = Annotated[float, Meta(gt=0, le=5)]
"""km/h. Healthy people walk at about 5; no gait robot trains faster, and a larger number is another unit or a slip."""
Support = Annotated[float, Meta(ge=0, le=60)]
"""% of the body weight, as much as the fitting form takes."""


class RobotConfig(Section, frozen=True, kw_only=True):
    """Walking: km/h, % of body weight, minutes.

    Outside `envelope_kmh` a speed is refused; outside `prescription_kmh` and `support_pct` a value is allowed, with a
    note that the trial prescribes another. What is prescribed, and what is allowed during pulses, lies within it.
    """

    envelope_kmh: tuple[Speed, Speed]
    prescription_kmh: tuple[Speed, Speed] | None = None
    support_pct: tuple[Support, Support] | None = None
    max_while_stimulating_kmh: Speed
    steady_s: Annotated[float, Meta(ge=0, le=600)] = 30.0
    steady_kmh: Annotated[float, Meta(gt=0, le=0.5)] = 0.2
    minutes: Annotated[int, Meta(ge=1, le=90)]


class RunConfig(Section, frozen=True, kw_only=True):
    """The treatment's clocks (s)."""

    contact_every_s: Annotated[float, Meta(gt=0, le=600)] = 120.0
    contact_answer_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    pause_limit_s: Annotated[float, Meta(gt=0, le=1800)] = 300.0
    complete_fraction: Annotated[float, Meta(gt=0, le=1)] = 0.8


class Calendar(Section, frozen=True, kw_only=True):
    """When treatments may follow each other: at most `per_week` in any seven days, `free_days` between two of them."""

    per_week: Annotated[int, Meta(ge=1, le=7)]
    weeks: Annotated[int, Meta(ge=1)]
    free_days: Annotated[int, Meta(ge=0, le=6)] = 0


class Study(Section, frozen=True, kw_only=True):
    """studies/<id>.toml. Without `robot` the patient sits during stimulation and no gait robot is part of the visit.

    `dysreflexia`: the lesions lie at or above T6, so that blood pressure is measured against the patient's own.
    """

    id: str
    title: str
    registry: str
    ethics: str
    sessions: Annotated[int, Meta(ge=1)]
    calendar: Calendar | None = None
    timing: Timing
    presets: tuple[str, ...]
    enabled: dict[str, Signature] = msgspec.field(default_factory=dict)
    target: Target
    dysreflexia: bool = False
    hunt: HuntConfig
    coil: CoilPlacement
    robot: RobotConfig | None = None
    run: RunConfig
    assessments: tuple[AssessmentPoint, ...] = ()
