"""Everything a screen needs at one moment, frozen: the station's snapshot and what only this client knows."""

from typing import Literal

import msgspec

from bedside.events import Role
from bedside.snapshot import Action, DeviceLine, Hunt, Run, Snapshot, Step
from bedside.tui.arming import Armed

BodyKind = Literal["start", "interrupted", "form", "hunt", "run"]
ACTIVE_WORDS = frozenset({"STIMULATING", "STOPPING", "UNKNOWN"})
EMPTY = Snapshot(n=0, mono_ns=0, utc="", software="", simulated=False)


class LinkState(msgspec.Struct, frozen=True):
    """The connection to the station: whether it answers, since when not, and why."""

    up: bool = False
    client: str = ""
    trouble: str = "waiting for the station"
    silent_s: float = 0.0
    ever: bool = False


class Picture(msgspec.Struct, frozen=True):
    """One moment. `age_s` is the time since the snapshot was heard and is added to every age in it."""

    snapshot: Snapshot = EMPTY
    role: Role = "control"
    link: LinkState = msgspec.field(default_factory=LinkState)
    age_s: float = 0.0
    now_s: float = 0.0
    armed: Armed | None = None
    notice: str = ""
    private: bool = False
    site: str | None = None
    pulse: int | None = None
    plot: bool = False
    can_quit: bool = True
    hint: str = ""

    @property
    def step(self) -> Step | None:
        """The present step."""
        return self.snapshot.step

    @property
    def run(self) -> Run | None:
        """The treatment."""
        return self.snapshot.run

    @property
    def hunt(self) -> Hunt | None:
        """The hotspot search or threshold hunt."""
        return self.snapshot.hunt

    @property
    def step_id(self) -> str:
        """The present step's id, empty without a visit."""
        return self.snapshot.step.id if self.snapshot.step else ""

    @property
    def controls(self) -> bool:
        """Whether this client is the one that controls."""
        mine = self.link.client
        return self.role == "control" and mine != "" and self.snapshot.controller == mine

    @property
    def word(self) -> str:
        """The stimulator's one state word; UNKNOWN whenever the station does not answer."""
        if not self.link.up:
            return "UNKNOWN"
        return self.snapshot.run.word if self.snapshot.run else "OFF"

    @property
    def stimulating(self) -> bool:
        """Whether pulses may be coming: trains, automatic single pulses, or nobody knows."""
        return self.word in ACTIVE_WORDS or bool(self.hunt and self.hunt.pacing)

    def offer(self, command: str) -> Action | None:
        """What the station says about this command now, None when it does not offer it."""
        if self.step is None:
            return None
        offers = ([self.step.next] if self.step.next else []) + list(self.step.others)
        return next((offer for offer in offers if offer.command == command), None)

    @property
    def marked_site(self) -> str | None:
        """The site the person marked, else the proposed one, else the one under the coil."""
        if self.site is not None or self.hunt is None:
            return self.site
        return next((site.id for site in self.hunt.sites if site.state == "now"), self.hunt.site)

    def device(self, role: str) -> DeviceLine | None:
        """The first device of a role."""
        return next((line for line in self.snapshot.devices if line.role == role), None)

    def aged(self, age_s: float | None) -> float | None:
        """An age in the snapshot, grown by the time since the snapshot was heard."""
        return None if age_s is None else age_s + self.age_s


def body_kind(picture: Picture) -> BodyKind:
    """Which body the screen shows: never the treatment's own once it runs elsewhere than in its step."""
    snapshot = picture.snapshot
    if snapshot.interruption is not None:
        return "interrupted"
    if picture.run is not None and (picture.step_id == "treatment" or picture.word in {"STIMULATING", "PAUSED"}):
        return "run"
    if snapshot.step is None:
        return "start"
    if picture.hunt is not None and picture.step_id in {"hotspot", "threshold"}:
        return "hunt"
    return "form"
