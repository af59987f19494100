"""Forms as data: items with kind, unit, range, and what an answer means."""

from typing import Annotated, Literal

from msgspec import Meta

from bedside.config.strict import Section
from bedside.events import StepId

ItemKind = Literal["tick", "yesno", "choice", "number", "text"]
Outcome = Literal["stop", "physician", "note"]
Scalar = bool | int | float | str


class Concern(Section, frozen=True, kw_only=True):
    """What an answer leads to: `equals` one value, or a number `above` or `below` a limit."""

    outcome: Outcome
    text: str
    equals: Scalar | None = None
    above: float | None = None
    below: float | None = None


class ItemConfig(Section, frozen=True, kw_only=True):
    """One item; `label` and `hint` are our own words. `first_sessions` n: asked in a participant's first n only."""

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
    verified: bool = True


class Instrument(Section, frozen=True, kw_only=True):
    """instruments/<id>.toml, shown in the form of `step`; with a `modality` only in studies that give it.

    "cycling" is what patients do after stimulation in studies without a gait robot.
    """

    id: str
    step: StepId
    title: str
    order: Annotated[int, Meta(ge=0)] = 0
    modality: Literal["", "tsdcs", "robot", "cycling"] = ""
    source: str = ""
    items: tuple[ItemConfig, ...]


class Category(Section, frozen=True, kw_only=True):
    """One kind of adverse event, and what its report does to a course that runs."""

    id: str
    group: Literal["stimulation", "robot", "general"]
    effect: Literal["none", "pause", "end"] = "none"


class AdverseConfig(Section, frozen=True, kw_only=True):
    """adverse.toml: the categories of the adverse-event checklist."""

    source: str = ""
    categories: tuple[Category, ...]
