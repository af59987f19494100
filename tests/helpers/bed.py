"""A whole bedside on a fake clock, for the rules: a stimulator, a muscle, a robot and a therapist, no I/O.

It does what the station does: observe, decide, journal, evolve, carry out intents in order, report outcomes. After
every decision `Bed.checks` are asked whether what was decided may be.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import msgspec

from bedside import commands as c
from bedside import events as e
from bedside.config import ItemConfig, load_participant
from bedside.visit import rules
from bedside.visit.inputs import (
    ActionDone,
    ActionFailed,
    Cause,
    ControlBack,
    DiskSpace,
    EmgQuality,
    GuardSeen,
    Heard,
    History,
    Now,
    ParticipantFound,
    Person,
    SignedByPerson,
    SignedInPerson,
    Started,
    SweepMeasured,
    Tick,
)
from bedside.visit.setup import Setup, load_setup
from bedside.visit.side import target_channel
from bedside.visit.state import Visit
from hal.device import Health, HealthChanged, Reading
from hal.roles import PulseCounter, PulseDelivered, RobotState, StimulatorStatus

CONFIGS = Path(__file__).parents[2] / "configs"
NS = 1_000_000_000
THERAPIST = Person("thera", "Therapist", "therapist")
PHYSICIAN = Person("doctor", "Physician", "physician")
RECORD = load_participant(CONFIGS / "demo" / "participant.toml")
PLAIN = {"tick": True, "yesno": False, "text": "none", "day": "2026-03-02"}
Check = Callable[["Bed", Visit, tuple[e.Event, ...]], None]


@cache
def shipped() -> Setup:
    """The shipped configuration."""
    return load_setup(CONFIGS, simulated=True)


@dataclass
class Stimulator:
    """The device: what it does, not what it is asked."""

    enabled: bool = False
    amplitude: int = 0
    train_left: int = 0
    next_ns: int = 0
    interval_ns: int = NS
    temperature_c: float = 25.0
    fired: int = 0
    linked: bool = True
    fails: set[str] = field(default_factory=set)
    swallow: set[int] = field(default_factory=set)
    counter: bool = True
    bursting: int = 1
    due: list[int] = field(default_factory=list)
    mute: set[int] = field(default_factory=set)
    uncounted: int = 0
    reports_once: bool = False
    counts_once: bool = False


@dataclass
class Bed:
    """State, journal, clock and devices of one test."""

    setup: Setup = field(default_factory=shipped)
    now_ns: int = 10 * NS
    rmt_pct: float = 52.0
    best_site: str = "r0c2"
    tick_s: float = 0.5
    checks: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = Visit.start(self.setup)
        self.journal: list[e.Envelope] = []
        self.stim = Stimulator()
        self.robot = RobotState(0, "off", 0.0, 0.0, 0.0, e_stop=False, steps=0)
        self.rest_uv = 5.0
        self.quiet_emg = False
        self.quiet_robot = False
        self.contact = True
        self.todo: list[e.Event] = []
        self.last_status_ns = 0

    # the station's loop

    @property
    def now(self) -> Now:
        minutes = self.now_ns // (60 * NS)
        return Now(self.now_ns, f"2026-03-02T{8 + minutes // 60:02d}:{minutes % 60:02d}:00Z")

    def put(self, cause: Cause, who: Person | None = None) -> tuple[e.Event, ...]:
        """One cause through the rules; its effects are queued."""
        before = rules.observe(self.state, cause, self.now)
        self.state = before
        events = rules.decide(before, cause, self.now, who)
        for check in self.checks:
            check(self, before, events)
        self.write(events, who)
        return events

    def write(self, events: tuple[e.Event, ...], who: Person | None = None) -> None:
        """Journal, evolve, queue effects."""
        for event in events:
            n = self.journal[-1].n + 1 if self.journal else 1
            name = who.user if who is not None else "rule"
            envelope = e.Envelope(n=n, mono_ns=self.now_ns, utc=self.now.utc, who=name, via="control", event=event)
            self.journal.append(envelope)
            self.state = rules.evolve(self.state, envelope)
            self._effect(event)

    def ask(self, command: Cause) -> tuple[e.Event, ...]:
        """A command of the therapist, with all that follows at once."""
        events = self.put(command, THERAPIST)
        self.work()
        return events

    def _effect(self, event: e.Event) -> None:
        if isinstance(event, e.OffIntended):
            self.todo = [event]
            if "off" not in self.stim.fails:
                self.stim.enabled, self.stim.train_left = False, 0
        elif isinstance(event, e.AmplitudeIntended | e.ArmIntended | e.PulseIntended | e.TrainIntended):
            self.todo.append(event)

    def work(self) -> None:
        """Carry out what was intended, one after the other."""
        while self.todo:
            self._act(self.todo.pop(0))

    def _act(self, event: e.Event) -> None:
        name = {"AmplitudeIntended": "amplitude", "ArmIntended": "arm", "PulseIntended": "pulse"}.get(
            type(event).__name__, "train" if isinstance(event, e.TrainIntended) else "off"
        )
        if name in self.stim.fails or not self.stim.linked:
            self.put(ActionFailed(name, "no answer", "check the cable"))  # type: ignore[arg-type]
            return
        match event:
            case e.AmplitudeIntended():
                assert event.burst_pulses == self.stim.bursting or not self.stim.enabled, "only while disabled"
                self.stim.amplitude = event.amplitude_pct_mso
                self.stim.bursting = event.burst_pulses
            case e.ArmIntended():
                self.stim.enabled = True
            case e.PulseIntended():
                self._single(event)
            case e.TrainIntended():
                assert event.burst_pulses == self.stim.bursting
                self.stim.train_left = event.pulses * event.trains * event.burst_pulses
                self.stim.interval_ns = round(NS / event.rate_hz)
                self.stim.next_ns = self.now_ns
                self._schedule(event)
        self.status()
        self.put(ActionDone(name))  # type: ignore[arg-type]

    def _schedule(self, event: e.TrainIntended) -> None:
        """When the pulses of bursts and of trains with gaps come, counted out one by one."""
        stim = self.stim
        stim.due, stim.mute = [], set()
        at_ns = self.now_ns
        for _ in range(event.trains if event.inter_train_s else 0):
            for _ in range(event.pulses):
                for k in range(event.burst_pulses):
                    stim.due.append(at_ns + k * round(event.inter_pulse_s * NS))
                    if k:
                        stim.mute.add(stim.due[-1])
                at_ns += stim.interval_ns
            at_ns += round(event.inter_train_s * NS) - stim.interval_ns

    # devices

    def hear(self, reading: Reading, role: str = "stimulator") -> tuple[e.Event, ...]:
        return self.put(Heard(role, role, reading))

    def status(self) -> None:
        if not self.stim.linked:
            return
        self.last_status_ns = self.now_ns
        stim = self.stim
        self.hear(
            StimulatorStatus(
                self.now_ns, stim.enabled, stim.amplitude, stim.train_left > 0, stim.temperature_c, 60, "sim", 7
            )
        )
        if stim.counter:
            agrees = stim.bursting > 1 or self.state.ledger.ceiling - self.state.ledger.uncertain_course == stim.fired
            agrees = agrees and stim.fired > 0
            self.hear(PulseCounter(self.now_ns, 1000 + stim.fired - stim.uncounted, agrees))

    def pulse(self) -> None:
        """The stimulator gives one pulse and, when it can, says so."""
        stim = self.stim
        stim.fired += 1
        later = self.now_ns in stim.mute
        stim.uncounted += later and stim.counts_once
        silent = (later and stim.reports_once) or stim.fired in stim.swallow
        if stim.linked and not silent:
            self.hear(PulseDelivered(self.now_ns, 90, self.stim.amplitude))

    def _single(self, event: e.PulseIntended) -> None:
        if not self.stim.enabled:
            return
        self.pulse()
        if not self.quiet_emg:
            self.put(SweepMeasured(event.pulse, self.response(event)))

    def response(self, event: e.PulseIntended) -> e.MuscleResponse:
        """A noiseless sigmoid, weaker away from the best site."""
        column, best = int(event.site[-1]), int(self.best_site[-1])
        above = event.amplitude_pct_mso - self.rmt_pct * (1.0 + 0.04 * abs(column - best))
        wobble = math.sin(event.pulse * 12.9898) * 0.6
        amplitude_uv = min(4000.0, 50.0 * math.exp((above + wobble) * 0.35))
        rest = self.rest_uv
        valid = rest <= self.setup.study.hunt.rest_limit_uv
        name = target_channel(self.state) or ""
        return e.MuscleResponse(
            channel=name,
            amplitude_uv=amplitude_uv,
            latency_ms=33.0 if amplitude_uv >= 50 else None,
            rest_rms_uv=rest,
            valid=valid,
            reason="" if valid else "muscle active",
        )

    def link(self, ok: bool, role: str = "stimulator") -> None:
        """Pull or plug a cable."""
        if role == "stimulator":
            self.stim.linked = ok
        self.put(Heard(role, role, HealthChanged(self.now_ns, Health("ok" if ok else "lost", self.now_ns))))

    # time

    def advance(self, seconds: float) -> None:
        """Let time pass: pulses of a train at their own times, readings and ticks in between."""
        end_ns = self.now_ns + round(seconds * NS)
        while self.now_ns < end_ns:
            step_ns = min(end_ns, self.now_ns + round(self.tick_s * NS))
            if self.stim.train_left:
                step_ns = max(self.now_ns, min(step_ns, self.stim.next_ns))
            self.now_ns = step_ns
            self._moment()
            if self.stim.train_left and self.now_ns >= self.stim.next_ns:
                self.stim.train_left -= 1
                self.stim.next_ns = self._after(self.stim.next_ns)
                self.pulse()
            self.put(Tick())
            self.work()

    def _after(self, pulse_ns: int) -> int:
        if not self.stim.due:
            return pulse_ns + self.stim.interval_ns
        return next((due_ns for due_ns in self.stim.due if due_ns > pulse_ns), pulse_ns)

    def _moment(self) -> None:
        if self.now_ns - self.last_status_ns >= NS // 2:
            self.status()
            if not self.quiet_emg:
                target = target_channel(self.state)
                self.put(EmgQuality({target: self.rest_uv} if target else {}))
            if not self.quiet_robot:
                self.hear(replace(self.robot, mono_ns=self.now_ns), "robot")
            if self.contact and self.state.course.prompted_ns is not None and self.state.course.running:
                self.ask(c.ConfirmContact())

    def move(self, phase: str, speed_kmh: float = 0.0, *, e_stop: bool = False) -> None:
        """The robot does something else."""
        self.robot = replace(self.robot, mono_ns=self.now_ns, phase=phase, speed_kmh=speed_kmh, e_stop=e_stop)
        if not self.quiet_robot:
            self.hear(self.robot, "robot")
            self.work()

    # the therapist

    def begin(self, history: History | None = None) -> "Bed":
        """The box is in order, somebody is signed in, a visit is open."""
        return self.begin_with(ParticipantFound(RECORD, history or History(session=5)))

    def begin_with(self, found: ParticipantFound) -> "Bed":
        """As `begin`, for any participant."""
        for cause in (ControlBack(), GuardSeen(ok=True), DiskSpace(10**10)):
            self.put(cause)
        for role in ("stimulator", "emg", "robot"):
            self.link(ok=True, role=role)
        self.status()
        self.put(SignedInPerson(THERAPIST))
        self.put(found, THERAPIST)
        self.advance(1.0)
        return self

    def fill(self) -> None:
        """Answer the present step's form with what lets the visit go on."""
        from bedside.visit import forms

        step = self.state.step
        assert step is not None

        def empty() -> list[ItemConfig]:
            shown = forms.items(self.state, step)
            return [item for item in shown if item.by == "person" and not forms.answered(self.state, step, item)]

        while item := next(iter(empty()), None):
            value = PLAIN.get(item.kind, item.choices[0] if item.choices else None)
            if item.kind == "number":
                value = GOOD.get(item.id, round(((item.low or 0) + (item.high or 0)) / 2))
            self.ask(c.Answer(step=step, item=item.id, value=value))

    def next(self) -> None:
        """Fill the form and go on."""
        self.fill()
        self.ask(c.NextStep())

    def to(self, step: e.StepId) -> "Bed":
        """Work up to a step as a therapist would."""
        while self.state.step != step:
            self._finish_step()
        return self

    def _finish_step(self) -> None:
        match self.state.step:
            case "hotspot":
                self.find_hotspot()
            case "threshold":
                self.find_threshold()
            case "treatment" if self.state.course.ended is None:
                self.treat()
        self.next()

    def find_hotspot(self) -> None:
        from bedside.visit import hotspot

        for _ in range(400):
            search = hotspot.standing(self.state).search
            if search.done:
                break
            place = search.next_site
            if place is not None and (self.state.placed is None or self.state.placed.site != place.id):
                self.ask(c.PlaceCoil(site=place.id))
            if not self.state.pacing:
                self.ask(c.SetPacing(automatic=True))
            self.advance(2.0)
        self.ask(c.ChooseHotspot())

    def find_threshold(self) -> None:
        from bedside.visit import hunt

        for _ in range(600):
            standing = hunt.standing(self.state)
            if standing is not None and standing.done:
                break
            if not self.state.pacing:
                self.ask(c.SetPacing(automatic=True))
            self.advance(2.0)
        self.ask(c.AcceptThreshold())

    def walk(self) -> None:
        """A steady walk."""
        self.move("walk", 1.2)
        self.advance(35.0)

    def start(self) -> None:
        """Walk, then start stimulation."""
        self.walk()
        self.ask(c.StartStimulation())

    def treat(self) -> None:
        """The whole treatment."""
        self.start()
        for _ in range(4000):
            if self.state.course.ended is not None:
                break
            self.advance(5.0)
        self.advance(2.0)

    def sign(self) -> None:
        self.ask(SignedByPerson(THERAPIST, "delivered and recorded as described"))

    # after a crash

    def fold(self) -> Visit:
        """The state as the journal alone tells it, through the bytes of JSON."""
        state = Visit.start(self.setup)
        codec = msgspec.json.Decoder(e.Envelope)
        for envelope in self.journal:
            state = rules.evolve(state, codec.decode(msgspec.json.encode(envelope)))
        return state

    def crash(self, gap_s: float = 5.0, *, guard_after: int = 0, clock_restarts: bool = False) -> None:
        """The station dies: `guard_after` pulses later the guard switches off; it comes back and reads its journal."""
        for _ in range(min(guard_after, self.stim.train_left)):
            self.stim.train_left -= 1
            self.stim.fired += 1
        self.stim.enabled, self.stim.train_left = False, 0
        self.todo = []
        self.now_ns = 5 * NS if clock_restarts else self.now_ns + round(gap_s * NS)
        self.state = self.fold()
        self.put(Started(gap_s))
        for cause in (ControlBack(), GuardSeen(ok=True), DiskSpace(10**10)):
            self.put(cause)
        self.work()
        self.status()

    def events(self, kind: type[e.Event]) -> list[e.Event]:
        return [envelope.event for envelope in self.journal if isinstance(envelope.event, kind)]


GOOD = {
    "weight_kg": 72.0,
    "support_pct": 40.0,
    "heart_rate": 72.0,
    "systolic": 128.0,
    "speed_kmh": 1.2,
    "spo2_pct": 97.0,
    "own_systolic": 120.0,
    "half_systolic": 124.0,
    "stop_systolic": 124.0,
    "cycle_systolic": 130.0,
    "cycled_systolic": 126.0,
}


def same(a: Visit, b: Visit) -> bool:
    """Equal in everything that is journalled."""
    return msgspec.structs.replace(a, live=b.live) == b
