"""What can be assessed on this box: clinical scales, captures, and evoked potentials, which a visit's steps measure."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from bedside.assess.state import MEP
from bedside.config import Scale
from bedside.config.captures import CaptureConfig
from bedside.config.scales import Overlay
from bedside.refusal import Refusal

Kind = Literal["scale", "capture", "mep"]
MEP_TITLE = "Motor threshold and evoked potentials"


class Catalogue(msgspec.Struct, frozen=True):
    """Scales, their site's wording, and captures, each by id."""

    scales: Mapping[str, Scale] = msgspec.field(default_factory=dict)
    overlays: Mapping[str, Overlay] = msgspec.field(default_factory=dict)
    captures: Mapping[str, CaptureConfig] = msgspec.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be named in a study's plan."""
        return (*self.scales, *self.captures, MEP)

    def kind(self, instrument: str) -> Kind:
        """What an instrument is; raises `Refusal` for one that is not there."""
        if instrument == MEP:
            return "mep"
        if instrument in self.scales:
            return "scale"
        if instrument in self.captures:
            return "capture"
        raise Refusal(f"there is no instrument '{instrument}'", f"known: {', '.join(self.names)}")

    def tells_arm(self, instrument: str) -> bool:
        """Whether its answers tell the arm, so that no blinded assessor may see them."""
        scale = self.scales.get(instrument)
        return scale is not None and not scale.blinded_ok

    def title(self, instrument: str) -> str:
        """Its title; the id itself for one that is no longer configured."""
        if instrument == MEP:
            return MEP_TITLE
        found = self.scales.get(instrument) or self.captures.get(instrument)
        return instrument if found is None else found.title

    def scale(self, instrument: str) -> Scale:
        """The scale of that id; raises `Refusal`."""
        found = self.scales.get(instrument)
        if found is None:
            raise Refusal(f"{self.title(instrument)} is no scale", "score the items of the open scale")
        return found

    def capture(self, instrument: str) -> CaptureConfig:
        """The capture of that id; raises `Refusal`."""
        found = self.captures.get(instrument)
        if found is None:
            raise Refusal(f"{self.title(instrument)} records nothing", "open an instrument with sensors first")
        return found
