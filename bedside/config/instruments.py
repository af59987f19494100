"""Forms as data: items with kind, unit, range, and what an answer means."""

from typing import Annotated, Literal

from msgspec import Meta

from bedside.config.strict import Section
from bedside.events import StepId

ItemKind = Literal["tick", "yesno", "choice", "number", "text", "day"]
Outcome = Literal["stop", "physician", "note"]
Scalar = bool | int | float | str


class Concern(Section, frozen=True, kw_only=True):
    """What an answer leads to: `equals` one value, or a number `above` or `below` a limit.

    `rise`: a number at least so much above the answer to the item's `own`.
    """

    outcome: Outcome
    text: str
    equals: Scalar | None = None
    above: float | None = None
    below: float | None = None
    rise: Annotated[float, Meta(gt=0)] | None = None


class ItemConfig(Section, frozen=True, kw_only=True):
    """One item; `label` and `hint` are our own words. `first_sessions` n: asked in a participant's first n only.

    `own` names another item as "step.item": the patient's own usual value, which a concern's `rise` is counted from.
    """

    id: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
    label: Annotated[str, Meta(min_length=2, max_length=78)]
    kind: ItemKind
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    hint: str = ""
    required: bool = True
    by: Literal["person", "machine"] = "person"
    first_sessions: Annotated[int, Meta(ge=0)] = 0
    concerns: tuple[Concern, ...] = ()
    own: str = ""
    verified: bool = True


class Instrument(Section, frozen=True, kw_only=True):
    """instruments/<id>.toml, shown in the form of `step`; with a `modality` only in studies that give it.

    "cycling" is what patients do after stimulation in studies without a gait robot, "dysreflexia" what studies of
    spinal cord lesions at or above T6 ask.
    """

    id: str
    step: StepId
    title: str
    order: Annotated[int, Meta(ge=0)] = 0
    modality: Literal["", "tsdcs", "robot", "cycling", "dysreflexia"] = ""
    source: str = ""
    items: tuple[ItemConfig, ...]


class Category(Section, frozen=True, kw_only=True):
    """One kind of adverse event, and what its report does to a course that runs."""

    id: str
    group: Literal["stimulation", "robot", "general"]
    effect: Literal["none", "pause", "end"] = "none"


class When(Section, frozen=True, kw_only=True):
    """A detail is asked only where the answer to another `detail` is one of these."""

    detail: str
    one_of: tuple[Scalar, ...]


class Detail(ItemConfig, frozen=True, kw_only=True):
    """One question about a symptom that is there; `each_modality`: once for each of the study's modalities.

    A `criterion` is one of those that make an event serious.
    """

    each_modality: bool = False
    criterion: bool = False
    when: When | None = None


class Notify(Section, frozen=True, kw_only=True):
    """Who is told of a serious adverse event, and within how many hours of its becoming known."""

    whom: Annotated[str, Meta(min_length=2)]
    within_h: Annotated[float, Meta(gt=0)]
    source: str = ""
    verified: bool = True


class AdverseConfig(Section, frozen=True, kw_only=True):
    """adverse.toml: the categories of the adverse-event checklist and what is asked of each that is not "none".

    After a visit that ends with one of the `open_outcomes` the next one asks again. Without `details` only the
    severities are asked.
    """

    source: str = ""
    open_outcomes: tuple[str, ...] = ()
    notify: Notify | None = None
    categories: tuple[Category, ...]
    details: tuple[Detail, ...] = ()
