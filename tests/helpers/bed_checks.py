"""What must hold whatever happens at a bed, said without the rules' own words: from the journal and the devices."""

import random
from collections.abc import Callable
from contextlib import suppress

from bedside import commands as c
from bedside import events as e
from bedside.visit.inputs import (
    Cause,
    ControlBack,
    ControlLost,
    DiskSpace,
    GuardSeen,
    RecordTrouble,
    SignedInPerson,
)
from bedside.visit.rules import Refusal
from bedside.visit.state import Visit
from tests.helpers.bed import THERAPIST, Bed, same

NS = 1_000_000_000


class World:
    """What is wrong at the bed just now, as the test itself arranged it."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.wrong: set[str] = set()
        bed.checks += [not_above_the_plan, armed_only_when_all_is_well(self), off_first, intensity_within_plan, spaced]

    def unsafe(self) -> set[str]:
        """Everything that forbids pulses of a treatment."""
        bed = self.bed
        robot = {"robot"} if bed.robot.e_stop or bed.robot.phase not in ("stand", "walk") else set()
        heat = {"heat"} if bed.stim.temperature_c >= 41.0 else set()
        return self.wrong | robot | heat


def counts(journal: list[e.Envelope]) -> tuple[int, int, int]:
    """Course pulses given, uncertain, lost, by the journal alone."""
    given = uncertain = lost = doubted = 0
    for envelope in journal:
        match envelope.event:
            case e.PulseReported(purpose="treatment"):
                given += 1
            case e.PulsesReconciled(purpose="treatment", count=count):
                given += count
                lost, doubted = lost - min(count, doubted), 0
            case e.PulsesUncertain(purpose="treatment", at_most=count):
                uncertain += count
                lost, doubted = lost - min(count, doubted), 0
            case e.TrainEnded(lost=count):
                lost += count
                doubted = count
    return given, uncertain, lost


def not_above_the_plan(bed: Bed, _before: Visit, events: tuple[e.Event, ...]) -> None:
    """No train is asked for that could bring the course above the plan."""
    for event in events:
        if isinstance(event, e.TrainIntended):
            planned = max(x.event.pulses for x in bed.journal if isinstance(x.event, e.DosePlanned))
            assert event.pulses * event.trains > 0
            assert sum(counts(bed.journal)) + event.pulses * event.trains <= planned, "more pulses than planned"


def armed_only_when_all_is_well(world: World) -> Callable[[Bed, Visit, tuple[e.Event, ...]], None]:
    def check(bed: Bed, _before: Visit, events: tuple[e.Event, ...]) -> None:
        for event in events:
            treatment = isinstance(event, e.TrainIntended) or getattr(event, "purpose", "") == "treatment"
            if isinstance(event, e.ArmIntended | e.TrainIntended | e.PulseIntended):
                wrong = world.unsafe() if treatment else world.wrong - {"robot_link"}
                assert not wrong, f"armed although {wrong}"
                assert bed.state.interrupted is None

    return check


def off_first(_bed: Bed, before: Visit, events: tuple[e.Event, ...]) -> None:
    """A pause or an end says off before it says anything else, unless all was off."""
    kinds = [type(event) for event in events]
    for halt in (e.StimulationPaused, e.StimulationEnded):
        if halt in kinds and (before.armed or before.chain is not None):
            assert e.OffIntended in kinds[: kinds.index(halt)], "off comes first"


def intensity_within_plan(_bed: Bed, before: Visit, events: tuple[e.Event, ...]) -> None:
    for event in events:
        if isinstance(event, e.TrainIntended):
            assert before.threshold is not None
            assert event.amplitude_pct_mso <= 0.8 * before.threshold.rmt_pct_mso
            assert before.live.status is not None
            assert before.live.status.amplitude_pct_mso == event.amplitude_pct_mso, "read back"


def spaced(bed: Bed, _before: Visit, events: tuple[e.Event, ...]) -> None:
    for event in events:
        if isinstance(event, e.PulseIntended):
            earlier = [x.mono_ns for x in bed.journal if isinstance(x.event, e.PulseIntended)]
            assert not earlier or bed.now_ns - earlier[-1] >= 3 * NS or bed.now_ns < earlier[-1]


def stopped_when_wrong(world: World) -> None:
    """With anything wrong for a moment, nothing is armed and the device gives no pulses."""
    bed = world.bed
    if world.unsafe() and bed.state.step == "treatment":
        assert not bed.state.armed, f"still armed although {world.unsafe()}"
        if bed.stim.linked and "off" not in bed.stim.fails:
            assert bed.stim.train_left == 0


def final(bed: Bed) -> None:
    """The counts and the fold at the end of a story."""
    bed.stim.fails = set()
    for cause in (ControlBack(), GuardSeen(ok=True), RecordTrouble("")):
        bed.put(cause)
    bed.link(ok=True)
    bed.ask(c.Stop())
    bed.advance(12.0)
    ledger = bed.state.ledger
    heard = ledger.course + ledger.single + ledger.unasked
    assert heard <= bed.stim.fired, "counted more than was given"
    assert bed.stim.fired <= heard + ledger.uncertain_course + ledger.uncertain_single + ledger.lost
    assert ledger.course <= max(ledger.planned, 0)
    assert (ledger.course, ledger.uncertain_course, ledger.lost) == counts(bed.journal)
    assert same(bed.fold(), bed.state), "the journal tells another story"


def toggle(world: World, name: str, wrong: Cause, right: Cause) -> None:
    """Break one thing, or mend it."""
    bed = world.bed
    if name in world.wrong:
        world.wrong.discard(name)
        bed.put(right)
    else:
        world.wrong.add(name)
        bed.put(wrong)
    bed.work()


def something(world: World, rng: random.Random) -> None:
    """One thing that can happen at a bed."""
    bed = world.bed
    kind = rng.choices(range(13), weights=[30, 22, 5, 3, 4, 2, 2, 3, 3, 3, 3, 3, 20])[0]
    match kind:
        case 0:
            bed.advance(rng.choice([0.5, 2.0, 10.0, 60.0, 130.0]))
            stopped_when_wrong(world)
        case 1:
            with suppress(Refusal):
                bed.ask(command(bed, rng))
        case 2:
            bed.move(
                rng.choice(["walk", "walk", "stand", "stopping", "fault", "fitting"]), 1.1, e_stop=rng.random() < 0.2
            )
        case 3:
            toggle(world, "control", ControlLost("gone"), ControlBack())
        case 4:
            bed.stim.temperature_c = rng.choice([25.0, 30.0, 37.0, 39.0, 42.0, 44.0])
            bed.status()
        case 5:
            toggle(world, "guard", GuardSeen(ok=False), GuardSeen(ok=True))
        case 6:
            toggle(world, "disk", DiskSpace(10**6), DiskSpace(10**10))
        case 7:
            bed.stim.amplitude = max(0, bed.stim.amplitude + rng.choice([-2, 3]))
            bed.status()
        case 8:
            bed.stim.enabled, bed.stim.train_left = False, 0
            bed.status()
        case 9:
            if rng.random() < 0.5:
                stray(bed)
            else:
                bed.stim.swallow.add(bed.stim.fired + rng.randint(1, 5))
        case 10:
            bed.contact = not bed.contact
        case 11:
            crash(world, rng)
        case 12:
            mend(world, rng)
    bed.work()


def stray(bed: Bed) -> None:
    """A pulse that nobody asked for.

    Not while a report is awaited, which it would pass for, unless the device's counter is known to tell them apart.
    """
    base = bed.state.baseline
    if bed.state.pending is None or (base is not None and base.proven):
        bed.stim.swallow.discard(bed.stim.fired + 1)
        bed.pulse()


def mend(world: World, rng: random.Random) -> None:
    """Somebody puts everything right, and mostly goes on with the treatment."""
    bed = world.bed
    for cause in (ControlBack(), GuardSeen(ok=True), DiskSpace(10**10), SignedInPerson(THERAPIST)):
        bed.put(cause)
    world.wrong = set()
    bed.stim.temperature_c = 30.0
    if bed.state.interrupted is not None:
        bed.ask(c.ConfirmResume())
    bed.move("stand")
    bed.advance(8.0)
    going = bed.state.course
    try:
        if bed.state.step == "treatment" and rng.random() < 0.9:
            bed.ask(c.ResumeStimulation() if going.pause is not None else c.StartStimulation())
            bed.advance(rng.choice([5.0, 50.0, 300.0]))
        elif not bed.state.pacing:
            bed.ask(c.SetPacing(automatic=True))
    except Refusal:
        return


def crash(world: World, rng: random.Random) -> None:
    """The station dies and comes back; what was wrong is not wrong any more."""
    world.bed.crash(gap_s=rng.uniform(0.5, 20.0), guard_after=rng.randint(0, 1))
    world.wrong = set()
    world.bed.put(SignedInPerson(THERAPIST))
    if rng.random() < 0.8:
        world.bed.ask(c.ConfirmResume())


def command(bed: Bed, rng: random.Random) -> c.AnyCommand:
    """A person presses something."""
    site = f"r0c{rng.randint(0, 4)}"
    commands: list[c.AnyCommand] = [
        c.StartStimulation(),
        c.StartStimulation(),
        c.ResumeStimulation(),
        c.ResumeStimulation(),
        c.PauseStimulation(reason="x"),
        c.Stop(),
        c.ConfirmContact(),
        c.LowerIntensity(to_pct_mso=rng.randint(1, 60), reason="x"),
        c.Fire(),
        c.SetPacing(automatic=rng.random() < 0.8),
        c.PlaceCoil(site=site),
        c.ChooseHotspot(site=rng.choice([None, site])),
        c.AcceptThreshold(),
        c.NextStep(),
        c.PreviousStep(),
        c.ConfirmResume(),
        c.JudgePulse(pulse=rng.randint(1, 60), accept=rng.random() < 0.5, reason="x"),
        c.RestartHunt(rule="ladder_50_5of10", reason="x"),
        c.ReportAdverseEvent(category="dizziness", severity="mild", related="possible", action="paused"),
    ]
    if rng.random() < 0.03:
        return c.EndStimulation(reason="x")
    return rng.choice(commands)
