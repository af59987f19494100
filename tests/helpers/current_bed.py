"""A bed beside which direct current is given: the rules, and a device that does what it does whatever it is asked."""

from dataclasses import dataclass, field
from functools import cache

from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.config import CurrentPart, load_current, load_device
from bedside.visit import current_run
from bedside.visit.inputs import ActionDone, ActionFailed, History, ParticipantFound
from bedside.visit.setup import Setup
from hal.roles import CurrentPhase, CurrentProgram, CurrentStatus
from tests.helpers.bed import CONFIGS, NS, RECORD, Bed, shipped

STOP_S = 1.0


def current_part(**study: object) -> CurrentPart:
    """The shipped arms, enabled; the pulses are timed by the magnetic stimulator itself unless said otherwise."""
    part = load_current(CONFIGS, "isci-itbs-tsdcs", {})
    assert part is not None
    presets = {name: replace(preset, enabled=True) for name, preset in part.presets.items()}
    plain = {"trigger_masters": ("stimulator",), "bursts": None, "enabled": {}}
    return CurrentPart(replace(part.study, **(plain | study)), presets)


def with_current(part: CurrentPart | None = None) -> Setup:
    """The shipped configuration with a direct current device and arms."""
    setup = shipped()
    return replace(
        setup, current=part or current_part(), devices={**setup.devices, "current": load_device(CONFIGS, "escd")}
    )


@dataclass
class Source:
    """The device: what it was loaded with and what flows."""

    program: CurrentProgram | None = None
    phase: CurrentPhase = "idle"
    since_ns: int = 0
    before_stop_c: float = 0.0
    charge_c: float = 0.0
    battery_pct: float | None = 80.0
    kohm: float | None = 5.0
    fault: str = ""
    linked: bool = True
    tells_charge: bool = True
    fails: set[str] = field(default_factory=set)
    starts: int = 0

    def load(self, program: CurrentProgram) -> None:
        self.program, self.phase, self.charge_c, self.fault = program, "prepared", 0.0, ""

    def start(self, now_ns: int) -> None:
        self.phase, self.since_ns, self.starts = "ramp_up", now_ns, self.starts + 1

    def stop(self, now_ns: int) -> None:
        if self.phase in ("ramp_up", "plateau"):
            self.phase, self.since_ns, self.program = "ramp_down", now_ns, None
        elif self.phase == "prepared":
            self.phase, self.program = "idle", None

    def step(self, now_ns: int) -> None:
        """Let its own clock run."""
        ran_s, program = (now_ns - self.since_ns) / NS, self.program
        if self.phase == "ramp_down" and program is None:
            self.phase = "idle" if ran_s >= STOP_S else "ramp_down"
        elif program is not None and self.phase in ("ramp_up", "plateau", "ramp_down"):
            up, top, ma = program.ramp_s, program.plateau_s, program.current_ma
            if ran_s < up:
                self.charge_c = ma / 1000 * ran_s**2 / up / 2
            elif ran_s < up + top:
                self.phase, self.charge_c = "plateau", ma / 1000 * (up / 2 + ran_s - up)
            elif ran_s < program.total_s:
                left_s = program.total_s - ran_s
                self.phase, self.charge_c = "ramp_down", program.charge_c - ma / 1000 * left_s**2 / up / 2
            else:
                self.phase, self.charge_c, self.program = "idle", program.charge_c, None

    def status(self, now_ns: int) -> CurrentStatus:
        if not self.linked:
            return CurrentStatus(now_ns, "unknown", fault="UNKNOWN - check device")
        flows = self.phase in ("ramp_up", "plateau", "ramp_down")
        elapsed_s = (now_ns - self.since_ns) / NS if flows else 0.0
        charge_c = self.charge_c if self.tells_charge else None
        kohm = None if self.phase == "idle" else self.kohm
        asked_ma = 2.5 if flows else 0.0
        return CurrentStatus(
            now_ns, self.phase, asked_ma, asked_ma, kohm, self.battery_pct, elapsed_s, None, charge_c, 0, self.fault
        )


@dataclass
class CurrentBed(Bed):
    """A bed with `source` beside it."""

    setup: Setup = field(default_factory=with_current)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.source = Source()
        self.told_phase = ""

    def _effect(self, event: e.Event) -> None:
        super()._effect(event)
        if isinstance(event, e.OffIntended) and not event.keeps_current:
            self.source.stop(self.now_ns)
        elif isinstance(event, e.CurrentIntended):
            self.todo.append(event)

    def _act(self, event: e.Event) -> None:
        if not isinstance(event, e.CurrentIntended):
            super()._act(event)
            return
        if event.action in self.source.fails or not self.source.linked:
            self.put(ActionFailed(f"current_{event.action}", "no answer", "check the device"))  # type: ignore[arg-type]
            return
        match event.action:
            case "prepare":
                self.source.load(current_run.program_of(event))
            case "start":
                self.source.start(self.now_ns)
            case _:
                self.source.stop(self.now_ns)
        self.tell()
        self.put(ActionDone(f"current_{event.action}"))  # type: ignore[arg-type]

    def tell(self) -> None:
        """The device's account, as it is now."""
        self.source.step(self.now_ns)
        self.hear(self.source.status(self.now_ns), "current")
        self.work()

    def _moment(self) -> None:
        super()._moment()
        self.tell()

    def unplug(self) -> None:
        """The device is heard no more."""
        self.source.linked = False
        self.link(ok=False, role="current")
        self.tell()

    def plug(self) -> None:
        """It is heard again; a driver stops what it finds running."""
        self.source.linked = True
        self.source.stop(self.now_ns)
        self.link(ok=True, role="current")
        self.tell()

    def under(self, *, prepared: bool = True) -> "CurrentBed":
        """Prepared and, unless told otherwise, started."""
        self.ask(c.PrepareCurrent())
        self.advance(0.5)
        if prepared:
            self.ask(c.StartCurrent())
            self.advance(0.5)
        return self


@cache
def _ready(step: e.StepId) -> CurrentBed:
    bed = CurrentBed()
    bed.begin_with(ParticipantFound(replace(RECORD, arm="A"), History(session=5)))
    bed.link(ok=True, role="current")
    bed.tell()
    bed.to(step)
    bed.advance(1.0)
    return bed


def current_bed(arm: str = "A", step: e.StepId = "treatment", setup: Setup | None = None) -> CurrentBed:
    """A bed of its own at a step, with a participant of this arm."""
    ready = _ready(step)
    bed = CurrentBed(setup=setup or ready.setup)
    bed.now_ns, bed.last_status_ns = ready.now_ns, ready.last_status_ns
    bed.journal = [
        e.Envelope(n=x.n, mono_ns=x.mono_ns, utc=x.utc, who=x.who, via=x.via, event=_of(arm, x.event))
        for x in ready.journal
    ]
    assert ready.state.profile is not None
    bed.state = replace(ready.state, setup=bed.setup, profile=replace(ready.state.profile, arm=arm))
    bed.stim, bed.robot = ready.stim.__class__(**{**vars(ready.stim), "fails": set(), "swallow": set()}), ready.robot
    bed.source = Source()
    return bed


def _of(arm: str, event: e.AnyEvent) -> e.AnyEvent:
    return replace(event, arm=arm) if isinstance(event, e.ProfileShown) else event
