"""When a study assesses what: its points, and the days each may fall on."""

from typing import Annotated, Literal

from msgspec import Meta

from bedside.config.strict import Section

Anchor = Literal["first_session", "last_session"]


class AssessmentPoint(Section, frozen=True, kw_only=True):
    """One point of the study, such as "T0": due `day` days after the `anchor`, `early` before to `late` days after.

    `instruments` name scales and captures of configs/instruments; "mep" is the measurement of evoked potentials.
    """

    id: Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9 +-]{0,19}$")]
    title: Annotated[str, Meta(min_length=2, max_length=60)]
    anchor: Anchor = "first_session"
    day: int = 0
    early: Annotated[int, Meta(ge=0, le=60)] = 0
    late: Annotated[int, Meta(ge=0, le=60)] = 0
    instruments: Annotated[tuple[str, ...], Meta(min_length=1)]
    blinded: bool = False
