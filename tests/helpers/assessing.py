"""A study with one assessment, for the rules: two short scales, two captures, and a bed that carries them out."""

import msgspec

from bedside import commands as c
from bedside import events as e
from bedside.assess.catalogue import Catalogue
from bedside.config import Scale, ScaleItem, Subscore
from bedside.config.assessments import AssessmentPoint
from bedside.config.captures import CaptureConfig, CaptureTask, Cue, Variable
from bedside.config.scales import Mcid
from bedside.config.station import DeviceConfig
from bedside.visit.inputs import AnalysisDone, AssessmentFound, Heard, History, SignedInPerson, Tick
from bedside.visit.setup import Setup
from hal.device import Health, HealthChanged
from tests.helpers.bed import RECORD, THERAPIST, Bed, shipped

WALK = Scale(
    id="walk",
    version="1",
    title="Walking",
    source="of a test",
    rights="none",
    direction="higher",
    rater="same_examiner",
    max=6,
    min=0,
    items=tuple(ScaleItem(code=f"WALK{n}", label=f"item {n}", allowed=("0", "1", "2")) for n in (1, 2, 3)),
    subscores=(Subscore(id="first", label="first two", items=("WALK1", "WALK2"), max=4),),
    mcid=(Mcid(population="nobody", method="none", source="a test", verified=False, value=2.0),),
)
ARM = msgspec.structs.replace(
    WALK,
    id="arm",
    title="Arm",
    rater="any",
    items=(ScaleItem(code="ARM1", label="item", allowed=("0", "6")),),
    subscores=(),
)
SWAY = CaptureConfig(
    id="sway",
    title="Standing",
    version="1",
    order=1,
    source="of a test",
    kind="posture",
    live="cop",
    needs=("plate",),
    tasks=(CaptureTask(id="quiet", title="Quiet standing", instruction="Stand still.", seconds=30.0, trials=2),),
    variables=(
        Variable(key="path_cm", path="path_cm", label="path", unit="cm", digits=1, direction="lower"),
        Variable(key="ratio", path="ratio", label="path per area", unit="/cm", digits=2, direction="none"),
    ),
    key_variable="path_cm",
)
SHIFT = msgspec.structs.replace(
    SWAY,
    id="shift",
    title="Shifting",
    tasks=(
        CaptureTask(
            id="left",
            title="To the left",
            instruction="Shift.",
            seconds=20.0,
            cues=(Cue(at_s=5.0, text="left 70 %", left_pct=70.0), Cue(at_s=12.0, text="centre", left_pct=50.0)),
        ),
        CaptureTask(id="right", title="To the right", instruction="Shift.", seconds=20.0, cues=(Cue(text="now"),)),
    ),
)
POINT = AssessmentPoint(id="T0", title="Before", instruments=("walk", "arm", "sway"), early=1, late=0, blinded=True)
PLATE = DeviceConfig(id="board", role="plate", driver="force_board", title="Board")
SECOND = RECORD.second_identifier


def assessed_setup() -> Setup:
    """The shipped configuration with the assessment of this module."""
    setup = shipped()
    catalogue = Catalogue(scales={"walk": WALK, "arm": ARM}, captures={"sway": SWAY, "shift": SHIFT})
    study = msgspec.structs.replace(setup.study, assessments=(POINT,))
    return msgspec.structs.replace(setup, study=study, catalogue=catalogue, devices={**setup.devices, "board": PLATE})


class AssessBed(Bed):
    """A bed with an assessment open at its list, the plate heard."""

    def __init__(self, *, earlier: tuple[e.Earlier, ...] = (), first_day: str | None = None, **more: object) -> None:
        super().__init__(setup=assessed_setup())
        self.put(SignedInPerson(THERAPIST))
        self.plate("ok")
        found = AssessmentFound(
            RECORD,
            History(),
            "T0",
            earlier=earlier,
            first_session_day=first_day,
            **more,  # type: ignore[arg-type]
        )
        self.opened = self.ask(found)
        self.ask(c.NextStep())

    def plate(self, state: str) -> None:
        """The plate's link is in this state from now on."""
        health = Health(state, self.now_ns, remedy="push its plug in")  # type: ignore[arg-type]
        self.put(Heard("board", "plate", HealthChanged(self.now_ns, health)))

    def pass_s(self, seconds: float) -> None:
        """Time passes in ticks."""
        end = self.now_ns + round(seconds * 1e9)
        while self.now_ns < end:
            self.now_ns = min(end, self.now_ns + 100_000_000)
            self.put(Tick())

    def told(self, kind: type[e.Event]) -> list[e.Event]:
        """All journalled events of a kind."""
        return [envelope.event for envelope in self.journal if isinstance(envelope.event, kind)]

    def analyse(self, task: str, trial: int, *, refusal: str = "", **values: float) -> None:
        """The station's analysis of a trial is done."""
        instrument = self.state.assessment.open if self.state.assessment is not None else ""
        done = AnalysisDone(instrument or "", task, trial, "method 1", values, (), refusal)
        self.put(done)

    def trial(self, task: str, trial: int, **values: float) -> None:
        """Record a whole trial, have it analysed and accept it."""
        self.ask(c.StartCapture(task=task))
        seconds = self.state.assessment.running.started.seconds  # type: ignore[union-attr]
        self.pass_s(seconds + 0.2)
        self.analyse(task, trial, **values)
        self.ask(c.JudgeTrial(task=task, trial=trial, accept=True))
