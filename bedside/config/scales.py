"""Clinical scales as data: items and levels, sub-scores, rules, smallest meaningful changes, licensed wording."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bedside.config.strict import Section

Code = Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]{1,7}$")]
"""A test code of at most 8 characters, so that an export keeps it as it is."""
Words = Annotated[str, Meta(min_length=1, max_length=78)]
ScaleItemKind = Literal["levels", "number", "text", "choice"]
ItemSide = Literal["none", "paretic", "left", "right"]
Direction = Literal["higher", "lower", "none"]
_NUMBER = re.compile(r"-?\d{1,4}(\.\d{1,4})?")


class ScaleItem(Section, frozen=True, kw_only=True):
    """One item; `label`, `meanings` and `hint` are our own words.

    `allowed` are the levels (or choices) as texts, in rising order; `meanings`, where given, says each in words.
    Only `levels` count in a total. `beside` names the item that this one stands beside, such as its stopwatch time.
    `verified` false: its levels or limits are recalled, nobody has read them in their source.
    """

    code: Code
    label: Words
    kind: ScaleItemKind = "levels"
    allowed: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    digits: Annotated[int, Meta(ge=0, le=4)] = 0
    unit: str = ""
    side: ItemSide = "none"
    section: str = ""
    required: bool = True
    hint: Annotated[str, Meta(max_length=78)] = ""
    beside: str = ""
    verified: bool = True


class Subscore(Section, frozen=True, kw_only=True):
    """A sum over some items, at most `max`; `verified` false: the split is recalled."""

    id: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,19}$")]
    label: Words
    items: Annotated[tuple[str, ...], Meta(min_length=1)]
    max: float
    verified: bool = True


class Implies(Section, frozen=True, kw_only=True, tag="implies", tag_field="kind"):
    """Where item `when` has the level `equals`, item `then` has the level `value` without being tested."""

    when: str
    equals: str
    then: str
    value: str


class Gate(Section, frozen=True, kw_only=True, tag="gate", tag_field="kind"):
    """Item `then` is tested only where the sub-score `full` is at its maximum; otherwise it has the level `value`."""

    full: str
    then: str
    value: str


class Speed(Section, frozen=True, kw_only=True, tag="speed", tag_field="kind"):
    """The result is the mean over `times` (s) of the timed `length` (m) / time, in m/s; `course` (m) is no shorter.

    Nobody walks faster than `fastest_m_s`: such a time is a slip of the finger.
    """

    fastest_m_s: Annotated[float, Meta(gt=0)]
    length: str
    times: Annotated[tuple[str, ...], Meta(min_length=1)]
    course: str


ScaleRule = Implies | Gate | Speed


class Contrary(Section, frozen=True, kw_only=True):
    """A change that needs confirmation: this scale moves one way while `scale` moves the other."""

    scale: str
    here: Literal["rises", "falls"]
    there: Literal["rises", "falls"]


class Mcid(Section, frozen=True, kw_only=True):
    """A smallest meaningful change: one `value`, or a band from `low` to `high`, in the scale's own unit.

    `error` is the smallest detectable change (same unit), where one is known. `verified`, `error_verified` false: the
    figure is recalled, nobody has read it in its source.
    """

    population: Annotated[str, Meta(min_length=2)]
    method: Annotated[str, Meta(min_length=2)]
    source: Annotated[str, Meta(min_length=2)]
    verified: bool
    value: Annotated[float, Meta(gt=0)] | None = None
    low: Annotated[float, Meta(gt=0)] | None = None
    high: Annotated[float, Meta(gt=0)] | None = None
    error: Annotated[float, Meta(gt=0)] | None = None
    error_verified: bool = False
    note: str = ""

    @property
    def least(self) -> float:
        """The change below which nothing is reached."""
        return self.value if self.value is not None else self.low or 0.0

    @property
    def most(self) -> float:
        """The change from which it is reached by every value of the band."""
        return self.value if self.value is not None else self.high or 0.0


class Scale(Section, frozen=True, kw_only=True):
    """instruments/scales/<id>.toml.

    With `max` and `min` the result is the sum of the items' levels; with a speed rule it is a speed; otherwise the
    scale has no total. `recode` gives numbers to levels that are none, such as "1+"; a level of `untested` has no
    number, and a total with one does not exist. The first `mcid` is the one that is shown. `conditions` are items
    that have to be the same for two forms to be compared. `sha256` is that of the file, set when it is read.
    """

    id: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
    version: Annotated[str, Meta(min_length=1, max_length=60)]
    title: Words
    source: Annotated[str, Meta(min_length=2)]
    rights: Annotated[str, Meta(min_length=2)]
    order: Annotated[int, Meta(ge=0)] = 0
    direction: Direction
    rater: Literal["any", "same_examiner"] = "any"
    blinded_ok: bool = True
    unit: str = ""
    max: float | None = None
    min: float | None = None
    recode: dict[str, float] = msgspec.field(default_factory=dict)
    untested: tuple[str, ...] = ()
    items: Annotated[tuple[ScaleItem, ...], Meta(min_length=1)]
    subscores: tuple[Subscore, ...] = ()
    rules: tuple[ScaleRule, ...] = ()
    conditions: tuple[str, ...] = ()
    contrary: tuple[Contrary, ...] = ()
    mcid: tuple[Mcid, ...] = ()
    sha256: Annotated[str, Meta(max_length=0)] = ""

    def item(self, code: str) -> ScaleItem | None:
        """The item of a code."""
        return next((item for item in self.items if item.code == code), None)

    @property
    def result(self) -> Literal["sum", "speed", "none"]:
        """What the items add up to."""
        if self.speed is not None:
            return "speed"
        return "none" if self.max is None else "sum"

    @property
    def speed(self) -> Speed | None:
        """The rule that makes a speed of times."""
        return next((rule for rule in self.rules if isinstance(rule, Speed)), None)

    def number(self, level: str) -> float | None:
        """What a level counts; None for one that was not tested. Raises `ValueError` for a text that is no level."""
        if level in self.untested:
            return None
        if level in self.recode:
            return self.recode[level]
        if not _NUMBER.fullmatch(level):
            raise ValueError(level)
        return float(level)


class OverlayFile(Section, frozen=True, kw_only=True):
    """overlays/<scale id>.toml of a site that holds a licence: official wording by item code."""

    scale: str
    version: str
    licence: Annotated[str, Meta(min_length=2)]
    language: Annotated[str, Meta(min_length=2)]
    items: dict[str, str]


class Overlay(OverlayFile, frozen=True, kw_only=True):
    """A site's wording, and the SHA-256 of its file; both empty where the site has none."""

    sha256: str

    def wording(self, item: ScaleItem) -> str:
        """What the screen says for an item: the licensed wording, else our own label."""
        return self.items.get(item.code, item.label)
