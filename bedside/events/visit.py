"""A visit from its opening to its signature: steps, answers, concerns, remarks."""

from typing import Literal

import msgspec

from bedside.events.base import EVERYONE, UNBLINDED, Event, StepId, Value, VisitKind


class VisitOpened(Event, frozen=True, kw_only=True, tag="visit.opened"):
    """A visit began for a participant (a study number, never a name).

    An assessment gives no treatment; `point` is its place in the study, such as "T0" or "week 4". It counts as no
    session.
    """

    visible_to = EVERYONE
    visit: str
    participant: str
    study: str
    session: int
    sessions_planned: int
    simulated: bool
    kind: VisitKind = "treatment"
    point: str = ""


class ParticipantEntered(Event, frozen=True, kw_only=True, tag="participant.entered"):
    """The record of a participant seen for the first time was entered on this box; it holds no allocation."""

    visible_to = EVERYONE
    participant: str
    study: str


class ProfileShown(Event, frozen=True, kw_only=True, tag="visit.profile"):
    """How the coil is to be placed in this participant's arm; only unblinded roles are ever told.

    `arm` is that of the study's direct current, empty where it has none.
    """

    visible_to = UNBLINDED
    sham: bool
    tilt_to_scalp_deg: int
    arm: str = ""


class OpenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An adverse event that was not over when its visit was signed, or of which nobody has asked further yet.

    `key` is its visit and category, `since` the ISO day on which it began, `outcome` what was last said of it.
    """

    key: str
    category: str
    severity: str
    since: str
    outcome: str = ""


class ParticipantRecalled(Event, frozen=True, kw_only=True, tag="visit.recalled"):
    """What the participant's record and earlier visits said when this visit opened; ages in days, pulses as counts.

    `pulses_*` include pulses that cannot be excluded; `fit` holds the last fitting's values by item.
    """

    lesion_hemisphere: Literal["left", "right"] | None
    paretic_side: Literal["left", "right"] | None
    preset: str
    side_override_by: str = ""
    pulses_today: int = 0
    pulses_week: int = 0
    pulses_course: int = 0
    hotspot_site: str | None = None
    rmt_pct_mso: float | None = None
    rmt_rule: str = ""
    rmt_age_days: float | None = None
    height_cm: float | None = None
    fit: dict[str, Value] = msgspec.field(default_factory=dict)
    adverse: tuple[str, ...] = ()
    follow_up: tuple[OpenEvent, ...] = ()


class StepEntered(Event, frozen=True, kw_only=True, tag="step.entered"):
    """The visit stands at this step."""

    visible_to = EVERYONE
    step: StepId


class StepCompleted(Event, frozen=True, kw_only=True, tag="step.completed"):
    """A step ended; `summary` is what the checklist shows behind it."""

    step: StepId
    summary: str = ""


class StepReopened(Event, frozen=True, kw_only=True, tag="step.reopened"):
    """A completed step was opened again."""

    step: StepId
    reason: str


class Answered(Event, frozen=True, kw_only=True, tag="form.answered"):
    """One item of a step's form got a value; `by` says whether a person or a measurement gave it."""

    step: StepId
    item: str
    value: Value
    unit: str = ""
    by: Literal["person", "machine"] = "person"


class ConcernRaised(Event, frozen=True, kw_only=True, tag="screening.concern"):
    """An answer stops the visit, needs a physician, or is to be kept in mind."""

    item: str
    outcome: Literal["stop", "physician", "note"]
    text: str


class PhysicianDecided(Event, frozen=True, kw_only=True, tag="screening.decision"):
    """A physician, who is not the treating therapist, decided on a concern."""

    item: str
    allowed: bool
    physician: str
    reason: str


class NoteAdded(Event, frozen=True, kw_only=True, tag="visit.note"):
    """Free text by a person."""

    text: str


class VisitInterrupted(Event, frozen=True, kw_only=True, tag="visit.interrupted"):
    """The station ended in mid-visit (power, crash); `certain` and `uncertain` say what is known."""

    reason: str
    certain: str
    uncertain: str


class VisitResumed(Event, frozen=True, kw_only=True, tag="visit.resumed"):
    """A person confirmed going on with an interrupted visit."""


class VisitClosed(Event, frozen=True, kw_only=True, tag="visit.closed"):
    """The visit is over; its totals are those of the dose ledger."""

    visible_to = EVERYONE
    outcome: Literal["complete", "partial", "stopped"]
    reason: str


class Signed(Event, frozen=True, kw_only=True, tag="visit.signed"):
    """A person signed with their secret; `meaning` such as "delivered and recorded as described"."""

    user: str
    name: str
    meaning: str


class AdverseEventRecorded(Event, frozen=True, kw_only=True, tag="adverse.recorded"):
    """Something untoward, or the statement that nothing was (`category` "none").

    A category told with the severity "none" takes back what was told of it before in the same visit.
    """

    category: str
    severity: Literal["none", "mild", "moderate", "severe"]
    related: Literal["no", "possible", "probable", "unknown"]
    action: str
    text: str = ""


class AdverseEventDescribed(Event, frozen=True, kw_only=True, tag="adverse.described"):
    """All that was asked of one adverse event; the last one of a category in a visit holds, "none" withdraws it.

    `onset` is relative to the treatment, `began_on` an ISO day; `relation` names the likelihood for each modality of
    the study, whatever the arm; `lasted_min` is None while it lasts; `serious` holds the criteria that apply, `told_to`
    whom a serious event was reported to. `open`: it is asked about again at the next visit.
    """

    category: str
    severity: Literal["none", "mild", "moderate", "severe"]
    onset: str = ""
    began_on: str = ""
    relation: dict[str, str] = msgspec.field(default_factory=dict)
    action: str = ""
    outcome: str = ""
    lasted_min: float | None = None
    serious: tuple[str, ...] = ()
    told_to: str = ""
    words: str = ""
    open: bool = False


class AdverseEventFollowedUp(Event, frozen=True, kw_only=True, tag="adverse.followed_up"):
    """What became of an earlier visit's adverse event; `event` is its key, `over_on` the ISO day on which it ended."""

    event: str
    category: str
    severity: str
    since: str
    outcome: str
    over_on: str = ""
    open: bool = False


class OperatorConfirmed(Event, frozen=True, kw_only=True, tag="operator.confirmed"):
    """A person did by hand what a prompt asked for and typed what the device shows."""

    prompt: str
    value: Value = None
