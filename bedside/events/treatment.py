"""Dose and treatment: the plan, its course, the robot, the switches."""

from typing import Literal

from bedside.events.base import Event
from bedside.events.tables import TableKept


class DosePlanned(Event, frozen=True, kw_only=True, tag="dose.planned"):
    """What is to be given; `intensity_pct_mso` is rounded down."""

    preset: str
    pulses: int
    rate_hz: float
    pct_rmt: int
    intensity_pct_mso: int
    last_pulse_s: float
    train_end_s: float
    period_s: float


class IntensityLowered(Event, frozen=True, kw_only=True, tag="dose.lowered"):
    """The therapist lowered the intensity; raising is not possible in a treatment."""

    from_pct_mso: int
    to_pct_mso: int
    reason: str


class RobotChanged(Event, frozen=True, kw_only=True, tag="robot.changed"):
    """The gait robot's state changed in a way that matters to the visit.

    `support_was_kg`, `assist_was_pct`: what was told before, where that was told and is another.
    """

    phase: str
    speed_kmh: float | None
    body_weight_support_kg: float | None
    assist_pct: float | None
    e_stop: bool | None
    steps: int | None
    source: str
    support_was_kg: float | None = None
    assist_was_pct: float | None = None


class RobotImported(TableKept, frozen=True, kw_only=True, tag="robot.imported"):
    """The robot's own table of this visit was copied into it: what the robot's software says, not what was heard here.

    `first_utc`, `last_utc` are its end rows' times (ISO 8601), once the `clock_ahead_s` that the robot's computer was
    ahead of this box is taken off; `outside_s` of them lie before the visit or after the import. Speed and support are
    means over the time of walking `walk_s`, and extremes. None: the table does not tell.
    """

    rows: int
    first_utc: str
    last_utc: str
    clock_ahead_s: float
    outside_s: float = 0.0
    walk_s: float | None
    distance_m: float | None
    mean_speed_kmh: float | None
    max_speed_kmh: float | None
    mean_support_kg: float | None
    min_support_kg: float | None
    max_support_kg: float | None


class SwitchChanged(Event, frozen=True, kw_only=True, tag="switch.changed"):
    """An emergency-stop button or a foot switch changed; `active` None where its line cannot be read."""

    device: str
    use: str
    active: bool | None


class StimulationStarted(Event, frozen=True, kw_only=True, tag="run.started"):
    """The treatment's first train is reported running, or its first pulse was."""


class StimulationPaused(Event, frozen=True, kw_only=True, tag="run.paused"):
    """Pulses stopped and may go on; `cause` names the rule, `reason` says it in words."""

    cause: str
    reason: str


class StimulationResumed(Event, frozen=True, kw_only=True, tag="run.resumed"):
    """The therapist lets the pulses go on; `remaining` are still planned."""

    remaining: int


class StimulationEnded(Event, frozen=True, kw_only=True, tag="run.ended"):
    """No more pulses in this visit. `delivered` were reported; up to `uncertain` more cannot be excluded."""

    cause: Literal["complete", "aborted", "pause_too_long", "fault", "interrupted"]
    reason: str
    planned: int
    delivered: int
    uncertain: int = 0


class ContactPrompted(Event, frozen=True, kw_only=True, tag="contact.prompted"):
    """The therapist is asked to confirm the coil's contact."""


class ContactConfirmed(Event, frozen=True, kw_only=True, tag="contact.confirmed"):
    """The therapist confirmed the coil's contact."""
