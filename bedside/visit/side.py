"""Which hemisphere is stimulated, which leg it drives, which muscle tells the threshold: always left and right."""

from dataclasses import dataclass
from typing import Literal

from bedside.config import EmgChannelConfig
from bedside.config.people import Side
from bedside.config.study import Target
from bedside.refusal import Refusal
from bedside.visit.state import Visit

OTHER: dict[Side, Side] = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Aim:
    """Hemisphere and the leg it drives, both always; `paretic` is the affected leg, None when neither is."""

    hemisphere: Literal["left", "right", "midline"]
    leg: Literal["left", "right", "both"]
    paretic: Side | None

    @property
    def text(self) -> str:
        """Both sides in words."""
        hemisphere = "vertex" if self.hemisphere == "midline" else f"{self.hemisphere} hemisphere"
        if self.leg == "both":
            return f"{hemisphere}, drives both legs"
        if self.paretic is None:
            return f"{hemisphere}, drives the {self.leg} leg"
        return f"{hemisphere}, drives the {self.leg} leg ({'paretic' if self.leg == self.paretic else 'not paretic'})"


def aim(target: Target, lesion_hemisphere: Side | None, paretic_side: Side | None) -> Aim:
    """The aim for a study's target; a hemisphere drives the opposite leg. Raises `Refusal` when the side is unknown."""
    if target == "vertex":
        return Aim("midline", "both", paretic_side)
    if lesion_hemisphere is None or paretic_side is None:
        raise Refusal("lesion hemisphere and paretic side are not both recorded", "complete the participant's record")
    hemisphere = lesion_hemisphere if target == "ipsilesional" else OTHER[lesion_hemisphere]
    return Aim(hemisphere, OTHER[hemisphere], paretic_side)


def sides_problem(lesion_hemisphere: Side | None, paretic_side: Side | None, override_by: str) -> str | None:
    """A lesion drives the opposite side of the body: anything else needs a physician's name in the record."""
    if lesion_hemisphere is None or paretic_side is None or override_by:
        return None
    if lesion_hemisphere == OTHER[paretic_side]:
        return None
    return f"the record says lesion {lesion_hemisphere} and paretic side {paretic_side}; they should be opposite"


def aim_of(state: Visit) -> Aim | None:
    """The open visit's aim."""
    record = state.recalled
    return None if record is None else aim(state.setup.study.target, record.lesion_hemisphere, record.paretic_side)


def measured_side(state: Visit) -> Side:
    """The leg whose muscle tells the threshold: the one the stimulated hemisphere drives."""
    target = aim_of(state)
    if target is None or target.leg == "both":
        return (target.paretic if target is not None else None) or "right"
    contralateral = state.setup.study.hunt.muscle_side == "contralateral"
    return target.leg if contralateral else OTHER[target.leg]


def channels(state: Visit) -> tuple[EmgChannelConfig, ...]:
    """The configured EMG channels."""
    emg = state.setup.devices.get("emg")
    return emg.channels if emg is not None else ()


def target_channel(state: Visit) -> str | None:
    """Name of the EMG channel that decides; None when no channel lies on that muscle and side."""
    muscle, side = state.setup.study.hunt.target_muscle, measured_side(state)
    return next((c.name for c in channels(state) if c.muscle == muscle and c.side == side), None)


def other_channels(state: Visit) -> tuple[str, ...]:
    """Names of the channels shown beside the target."""
    target = target_channel(state)
    return tuple(channel.name for channel in channels(state) if channel.name != target)
