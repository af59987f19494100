"""A bed whose robot is a treadmill under command: a belt that ramps, is stopped at its panel, gets lost and breaks."""

from dataclasses import dataclass, field, replace
from typing import Literal

from msgspec.structs import replace as with_fields

from bedside import commands as c
from bedside import events as e
from bedside.visit.inputs import ActionDone, ActionFailed
from bedside.visit.setup import BeltSetup, Setup
from bedside.visit.state import Given, Visit
from bedside.visit.view_belt import view
from hal.roles import RobotState
from tests.helpers.bed import NS, Bed, shipped
from tests.helpers.bed_ready import bed_at

RAMP_KMH_S = 0.2
UNHEARD = RobotState(0, "unknown", None, None, None, None, None)


def commanded(*, stops_by_itself: bool = False) -> Setup:
    """The shipped configuration with a treadmill whose file says that it is commanded."""
    return with_fields(shipped(), belt=BeltSetup(0.8, 1.8, 0.1, stops_by_itself))


@dataclass
class BeltBed(Bed):
    """`truth_kmh` is how fast the belt runs, `fails` names orders that the driver reports as failed."""

    truth_kmh: float = 0.0
    target_kmh: float = 0.0
    order: Literal["start", "speed", "stop"] | None = None
    fails: set[str] = field(default_factory=set)
    lost: bool = False
    _belt_ns: int = 0

    def _effect(self, event: e.Event) -> None:
        if isinstance(event, e.BeltIntended):
            self.order = event.action
            if event.action not in self.fails and not self.lost:
                self.target_kmh = event.speed_kmh or 0.0
        super()._effect(event)

    def _moment(self) -> None:
        step_kmh = RAMP_KMH_S * (self.now_ns - self._belt_ns) / NS
        self._belt_ns = self.now_ns
        away_kmh = self.target_kmh - self.truth_kmh
        self.truth_kmh = round(self.truth_kmh + max(-step_kmh, min(step_kmh, away_kmh)), 6)
        self.robot = replace(UNHEARD if self.lost else self._account(), mono_ns=self.now_ns)
        super()._moment()
        if self.order is not None and (self.order in self.fails or self.lost):
            self._report(ActionFailed(f"belt_{self.order}", "no answer", "look at it"))  # type: ignore[arg-type]
        elif self.order is not None and self.truth_kmh == self.target_kmh:
            self.tell()
            self._report(ActionDone(f"belt_{self.order}"))  # type: ignore[arg-type]

    def _report(self, report: ActionDone | ActionFailed) -> None:
        self.order = None
        self.put(report)
        self.work()

    def _account(self) -> RobotState:
        moves, slows = self.truth_kmh > 0, self.target_kmh == 0
        phase = ("stopping" if slows else "walk") if moves else "stand"
        return replace(
            self.robot, phase=phase, speed_kmh=self.truth_kmh, e_stop=None, assist_pct=None, body_weight_support_kg=None
        )

    def tell(self) -> None:
        """The machine tells its state now."""
        self.robot = replace(UNHEARD if self.lost else self._account(), mono_ns=self.now_ns)
        self.hear(self.robot, "robot")
        self.work()

    def crash(self, gap_s: float = 5.0, *, guard_after: int = 0, clock_restarts: bool = False) -> None:
        """As for any bed; nobody carries on what was under way."""
        self.order = None
        super().crash(gap_s, guard_after=guard_after, clock_restarts=clock_restarts)

    # what happens to it

    def lose(self) -> None:
        """The link is lost; the belt does what it did."""
        self.lost = True
        self.tell()

    def panel(self, speed_kmh: float) -> None:
        """Somebody works the machine's own panel: another speed, or a stop."""
        self.target_kmh, self.order = speed_kmh, None
        if speed_kmh == 0:
            self.fails_with_panel()

    def fails_with_panel(self) -> None:
        """A stop at the panel overtakes what was under way; its driver says so."""
        doing = self.state.belt.doing
        if doing in ("start", "speed"):
            self._report(ActionFailed(f"belt_{doing}", "stopped at the panel", "start again"))  # type: ignore[arg-type]

    def started(self) -> "BeltBed":
        """Start the belt and wait until it runs."""
        self.ask(c.StartBelt(attended=True))
        self.advance(6.0)
        assert self.state.belt.held
        assert self.truth_kmh == 0.8
        return self

    def at_speed(self, speed_kmh: float) -> "BeltBed":
        """Started, and by single steps at a speed."""
        self.started()
        while round(self.state.belt.asked_kmh or 0.0, 2) < speed_kmh:
            self.ask(c.SetBeltSpeed(speed_kmh=round((self.state.belt.asked_kmh or 0.0) + 0.1, 2)))
            self.advance(2.0)
        return self


def belt_bed(step: e.StepId = "treatment", *, prescribed_kmh: float = 1.8, stops_by_itself: bool = False) -> BeltBed:
    """A bed of its own at a step: fitted with a prescribed speed, the belt heard standing."""
    ready = bed_at(step)
    bed = BeltBed(setup=commanded(stops_by_itself=stops_by_itself))
    answers = {**ready.state.answers, "fit.speed_kmh": Given(prescribed_kmh, "km/h", "person", "thera")}
    bed.state = with_fields(ready.state, setup=bed.setup, answers=answers)
    bed.journal, bed.now_ns, bed._belt_ns = ready.journal, ready.now_ns, ready.now_ns
    bed.stim, bed.last_status_ns = ready.stim, ready.last_status_ns
    bed.advance(1.0)
    return bed


def orders(events: tuple[e.Event, ...]) -> list[e.BeltIntended]:
    """The belt's orders among some events."""
    return [event for event in events if isinstance(event, e.BeltIntended)]


def holds(bed: Bed, before: Visit, events: tuple[e.Event, ...]) -> None:
    """What has to hold of every decision, judged from the state before it by other means than the rules use."""
    told = before.live.robot
    giving = before.armed or before.chain is not None or before.course.running
    for order in orders(events):
        if order.action == "stop":
            off = [place for place, event in enumerate(events) if isinstance(event, e.OffIntended)]
            assert not giving or (off and off[0] < events.index(order)), "pulses go off before the belt stops"
            continue
        assert before.belt.doing is None, "one order at a time, none after a stop"
        assert told is not None
        assert told.phase != "unknown", "nothing is asked of a belt whose state is unknown"
        assert bed.now_ns - told.mono_ns <= 1.1 * NS, "nor of one that was not heard just now"
        prescribed_kmh = before.answer("fit", "speed_kmh")
        assert order.speed_kmh is not None
        assert 0.8 <= order.speed_kmh <= min(1.8, float(prescribed_kmh or 0.0)) + 1e-9
        if order.action == "start":
            assert (told.phase, told.speed_kmh, before.step) == ("stand", 0.0, "treatment")
            assert not giving
        else:
            was_kmh = before.belt.asked_kmh
            assert was_kmh is not None
            assert abs(abs(order.speed_kmh - was_kmh) - 0.1) < 1e-6, "one step at a time"
            assert not giving or order.speed_kmh < was_kmh, "slower only, while pulses come"
    if any(isinstance(event, e.BeltConfirmed) and event.action == "stop" for event in events):
        assert told is not None
        assert told.speed_kmh == 0, "only the machine's own word says that it stands"


def rest_is_the_machines_word(bed: BeltBed) -> None:
    """A belt is shown at rest only while the machine says so."""
    shown = view(bed.state, bed.now)
    assert shown is not None
    if shown.state == "rest":
        told = bed.state.live.robot
        assert told is not None
        assert told.phase != "unknown", "a belt whose state is unknown is never shown at rest"
        assert told.speed_kmh == 0
        assert bed.now_ns - told.mono_ns <= 1.1 * NS
