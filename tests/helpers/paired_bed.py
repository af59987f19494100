"""A bed of the study in which the electrical stimulator triggers the pulses: one wire between the two devices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import replace as changed
from functools import cache

from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.config import load_current, load_device, load_study
from bedside.visit.inputs import History, ParticipantFound, Tick
from bedside.visit.setup import Setup
from hal.roles import CurrentProgram, CurrentStatus, StimulatorStatus
from tests.helpers.bed import CONFIGS, NS, RECORD, shipped
from tests.helpers.current_bed import CurrentBed, Source

STUDY = "isci-itbs-tsdcs"
SHAM_TMS = {"A": "active", "B": "active", "C": "sham", "D": "sham"}


@cache
def paired() -> Setup:
    """The shipped study with its devices: a stimulator that follows a trigger, no robot."""
    setup = shipped()
    devices = {name: device for name, device in setup.devices.items() if name != "robot"}
    devices |= {"stimulator": load_device(CONFIGS, "magpro_x100"), "current": load_device(CONFIGS, "escd")}
    part = load_current(CONFIGS, STUDY, devices)
    return replace(setup, study=load_study(CONFIGS, STUDY), current=part, devices=devices)


def trigger_ms(program: CurrentProgram) -> Iterator[int]:
    """Every trigger's time from the plateau's begin."""
    for burst in range(program.trigger_bursts):
        train, place = divmod(burst, program.bursts_per_train)
        for pulse in range(program.burst_pulses):
            yield train * program.train_period_ms + place * program.inter_burst_ms + pulse * program.inter_pulse_ms


@dataclass
class Master(Source):
    """The electrical stimulator with its trigger output; `due` are the times of triggers still to be sent."""

    due: list[int] = field(default_factory=list)
    sent: int = 0

    def load(self, program: CurrentProgram) -> None:
        super().load(program)
        self.due, self.sent = [], 0

    def start(self, now_ns: int) -> None:
        super().start(now_ns)
        assert self.program is not None
        begun_ns = now_ns + round(self.program.ramp_s * NS)
        self.due = [begun_ns + ms * 1_000_000 for ms in trigger_ms(self.program)]

    def stop(self, now_ns: int) -> None:
        super().stop(now_ns)
        self.due = []
        if self.phase == "triggers_only":
            self.phase = "idle"

    def step(self, now_ns: int) -> None:
        super().step(now_ns)
        if self.phase == "idle" and self.due:
            self.phase = "triggers_only"
        elif self.phase == "triggers_only" and not self.due:
            self.phase = "idle"

    def status(self, now_ns: int) -> CurrentStatus:
        return changed(super().status(now_ns), triggers=self.sent if self.linked else None)


@dataclass
class PairedBed(CurrentBed):
    """`cable` leads from the trigger output to the trigger input of a stimulator that `follows` it, or not."""

    setup: Setup = field(default_factory=paired)
    best_site: str = "r0c0"
    cable: bool = True
    follows: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.source: Master = Master()

    def _effect(self, event: e.Event) -> None:
        if isinstance(event, e.TrainIntended) and event.triggered:
            return
        super()._effect(event)

    def _act(self, event: e.Event) -> None:
        if isinstance(event, e.AmplitudeIntended):
            assert event.follow_trigger == self.follows or not self.stim.enabled, "only while disabled"
            self.follows = event.follow_trigger
        if isinstance(event, e.CurrentIntended) and event.action == "start":
            assert self.stim.enabled, "the trigger starts with an armed stimulator"
            assert self.follows
        super()._act(event)

    def hear(self, reading, role="stimulator"):  # type: ignore[no-untyped-def]
        if isinstance(reading, StimulatorStatus):
            reading = changed(reading, follows_trigger=self.follows)
        return super().hear(reading, role)

    def advance(self, seconds: float) -> None:
        end_ns = self.now_ns + round(seconds * NS)
        while self.now_ns < end_ns:
            step_ns = min(end_ns, self.now_ns + round(self.tick_s * NS))
            due = self.source.due
            self.now_ns = max(self.now_ns, min(step_ns, due[0])) if due else step_ns
            self._moment()
            if due and due is self.source.due and self.now_ns >= due[0]:
                self._trigger()
            self.put(Tick())
            self.work()

    def _trigger(self) -> None:
        self.source.due.pop(0)
        self.source.sent += 1
        if self.cable and self.follows and self.stim.enabled:
            self.pulse()

    def go(self) -> "PairedBed":
        """Prepare and start both."""
        self.ask(c.PrepareCurrent())
        self.advance(0.5)
        self.ask(c.StartStimulation())
        self.advance(0.5)
        return self

    def to_pulses(self, count: int) -> "PairedBed":
        """Let time pass until so many triggers were sent."""
        while self.source.sent < count and self.source.due:
            self.advance(max(0.001, (self.source.due[0] - self.now_ns) / NS))
        if self.source.sent >= count:
            return self
        raise AssertionError(f"{self.source.sent} triggers, not {count}")


@cache
def _ready(arm: str) -> PairedBed:
    bed = PairedBed(rmt_pct=46.0)
    record = replace(RECORD, study=STUDY, arm=arm, tms=SHAM_TMS[arm], preset="itbs_600")
    record = replace(record, lesion_hemisphere=None, paretic_side=None)
    bed.begin_with(ParticipantFound(record, History(session=5)))
    bed.link(ok=True, role="current")
    bed.tell()
    bed.to("treatment")
    bed.advance(5.0)
    return bed


def paired_bed(arm: str = "A") -> PairedBed:
    """A bed of its own in the treatment step."""
    ready = _ready(arm)
    bed = PairedBed(rmt_pct=46.0)
    bed.state, bed.journal, bed.now_ns = ready.state, list(ready.journal), ready.now_ns
    bed.stim, bed.last_status_ns = changed(ready.stim, fails=set(), swallow=set()), ready.last_status_ns
    return bed
