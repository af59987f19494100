"""Everything a screen needs at one moment, frozen: the station's snapshot and what only this client knows."""

from typing import Literal

import msgspec

from bedside.events import Role
from bedside.snapshot import (
    Action,
    Assess,
    Capture,
    DeviceLine,
    Hunt,
    InstrumentLine,
    Item,
    Run,
    ScaleForm,
    Snapshot,
    Step,
    TrialLine,
)
from bedside.tui.arming import Armed
from bedside.tui.underway import Underway, form_with, items_with

BodyKind = Literal["start", "interrupted", "form", "hunt", "run", "instruments", "scale", "capture"]
ACTING: frozenset[Role] = frozenset({"control", "assess"})
"""The roles that stand beside the patient; the others watch."""
ACTIVE_WORDS = frozenset({"STIMULATING", "STOPPING", "UNKNOWN"})
EMPTY = Snapshot(n=0, mono_ns=0, utc="", software="", simulated=False)


PULSE_STEPS = frozenset({"hotspot", "threshold", "mep"})
"""Steps of single pulses, be it of a treatment or of an assessment."""


class LinkState(msgspec.Struct, frozen=True):
    """The connection to the station: whether it answers, since when not, and why."""

    up: bool = False
    client: str = ""
    trouble: str = "waiting for the station"
    silent_s: float = 0.0
    ever: bool = False


class Picture(msgspec.Struct, frozen=True):
    """One moment. `age_s` is the time since the snapshot was heard and is added to every age in it.

    `site`, `pulse`, `instrument`, `task` and `trial` (its place in the list) are what the person marked; `underway` are
    the answers that were given here and that the snapshot does not have yet. `plot` is that of the two pictures of one
    thing the second is shown, `walk` which view of a walk behind its result.
    """

    snapshot: Snapshot = EMPTY
    role: Role = "control"
    link: LinkState = msgspec.field(default_factory=LinkState)
    age_s: float = 0.0
    now_s: float = 0.0
    armed: Armed | None = None
    underway: Underway = ()
    notice: str = ""
    private: bool = False
    site: str | None = None
    pulse: int | None = None
    plot: bool = False
    walk: str = ""
    instrument: str | None = None
    listing: bool = False
    task: str | None = None
    trial: int | None = None
    feedback: bool = True
    zoom: int = 0
    emg_range: int = 0
    can_quit: bool = True
    hint: str = ""

    @property
    def step(self) -> Step | None:
        """The present step."""
        return self.snapshot.step

    @property
    def items(self) -> tuple[Item, ...]:
        """The present step's form, answers on their way included."""
        return items_with(self.step.items, self.step_id, self.underway) if self.step else ()

    @property
    def run(self) -> Run | None:
        """The treatment."""
        return self.snapshot.run

    @property
    def hunt(self) -> Hunt | None:
        """The hotspot search or threshold hunt."""
        return self.snapshot.hunt

    @property
    def assess(self) -> Assess | None:
        """The assessment, while its own step is the present one."""
        return self.snapshot.assess if self.step_id == "assess" else None

    @property
    def form(self) -> ScaleForm | None:
        """The open scale, answers on their way included."""
        form = self.assess.form if self.assess else None
        return form_with(form, self.underway) if form is not None else None

    @property
    def capture(self) -> Capture | None:
        """The open capture."""
        return self.assess.capture if self.assess else None

    @property
    def marked_instrument(self) -> InstrumentLine | None:
        """The instrument the person marked, else the one under way, else the first open one."""
        lines = self.assess.instruments if self.assess else ()
        marked = next((line for line in lines if line.id == self.instrument), None)
        under_way = next((line for line in lines if line.state == "now"), None)
        first_open = next((line for line in lines if line.state == "open" and line.kind != "mep"), None)
        return marked or under_way or first_open or next(iter(lines), None)

    @property
    def marked_task(self) -> str:
        """The task the person marked, else the present one; empty without a capture."""
        if self.capture is None:
            return ""
        tasks = [name for name, _ in self.capture.tasks]
        return self.task if self.task in tasks and self.task is not None else self.capture.task

    @property
    def marked_trial(self) -> TrialLine | None:
        """The trial the person marked, else the one that waits for a judgement, else the last; None without any."""
        done = self.capture.done if self.capture else ()
        if self.trial is not None and self.trial < len(done):
            return done[self.trial]
        waiting = next((line for line in done if line.state == "analysed"), None)
        return waiting or (done[-1] if done else None)

    @property
    def acts(self) -> bool:
        """Whether this screen stands beside the patient."""
        return self.role in ACTING

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
        found = self.offers(command)
        return found[0] if found else None

    def offers(self, command: str) -> list[Action]:
        """All that the station says about this command now: it may be possible in one way and not in another."""
        if self.step is None:
            return []
        offers = ([self.step.next] if self.step.next else []) + list(self.step.others)
        return [offer for offer in offers if offer.command == command]

    @property
    def at_home(self) -> bool:
        """Whether no visit is open, or the last one is finished."""
        return self.snapshot.closed or not (self.snapshot.visit or self.snapshot.step)

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
    if picture.hunt is not None and picture.step_id in PULSE_STEPS:
        return "hunt"
    return _assess_kind(picture) if picture.assess is not None else "form"


def _assess_kind(picture: Picture) -> BodyKind:
    if picture.listing or (picture.form is None and picture.capture is None):
        return "instruments"
    return "scale" if picture.form is not None else "capture"
