"""Snapshots of one invented assessment at each kind of moment, live values, and a rule that walks through it."""

import math

import msgspec

from bedside import commands
from bedside.commands import AnyCommand, name_of
from bedside.snapshot import (
    Action,
    Assess,
    Capture,
    FurtherInstrument,
    InstrumentLine,
    ParameterPanel,
    Result,
    ResultRow,
    ScaleForm,
    ScaleItem,
    SensorLine,
    Snapshot,
    Step,
    Subtotal,
    TrialLine,
)
from bedside.station.wire import Live
from tests.bedside.tui.scenes import BASE, checklist

replace = msgspec.structs.replace
POINTS = ("T0", "T1")
HOME = replace(BASE, points=POINTS)
INSTRUMENTS = (
    InstrumentLine(
        id="fma_le", title="Fugl-Meyer, lower extremity", kind="scale", state="complete", summary="24 of 34"
    ),
    InstrumentLine(id="bbs", title="Berg Balance Scale", kind="scale", state="partial", summary="tired"),
    InstrumentLine(id="mas", title="Modified Ashworth Scale", kind="scale", state="open"),
    InstrumentLine(id="balance", title="Balance, three tasks", kind="capture", state="open"),
    InstrumentLine(id="cycling", title="Five-minute cycling", kind="capture", state="open"),
    InstrumentLine(id="gait", title="Gait, 10 m", kind="capture", state="open"),
    InstrumentLine(id="mep", title="Evoked potentials", kind="mep", state="open"),
)
PANELS = (
    ParameterPanel(title="Subject", rows=(("Participant", "S-014"), ("Assessment", "T1"), ("Paretic side", "right"))),
    ParameterPanel(title="tsDCS", rows=(("tsdcs_200", "2.5 mA, 200 s, ramps 15 s"),), note="the arm chooses"),
    ParameterPanel(title="TMS", rows=(("Target", "left M1"), ("Threshold", "52.0 %MSO, 3 days ago"))),
    ParameterPanel(title="Evaluation time", rows=(("Quiet stance", "3 x 30 s"), ("Cycling", "1 x 300 s"))),
)
OTHER_EXAMINER = "examined by carla, before by anna: the study wants the same examiner"
OPEN = Action(command="assess.instrument", label="Open Modified Ashworth Scale", enabled=True)
STEP = Step(
    id="assess",
    number=9,
    total=13,
    title="Assess",
    instruction="Do every instrument, in this order where you can.",
    good="",
    next=OPEN,
    others=(
        OPEN,
        Action(command="assess.reopen", label="Open again", enabled=True),
        Action(command="step.next", label="Next step", enabled=False, reason="5 instruments are open"),
    ),
)
FURTHER = (
    FurtherInstrument(id="barthel", title="Barthel Index"),
    FurtherInstrument(id="fac", title="Functional ambulation"),
    FurtherInstrument(id="guess", title="Guess", refusal="Guess tells the arm, and this assessment is blinded"),
    FurtherInstrument(id="lems", title="Lower-extremity motor score", remark="planned, left out at first"),
    FurtherInstrument(id="mmt", title="Muscle testing, paretic leg"),
    FurtherInstrument(id="ten", title="Ten-metre walk"),
    FurtherInstrument(id="vitals", title="Vital signs and wellness"),
    FurtherInstrument(id="limits", title="Limits of stability", refusal="Limits of stability: no sensor for plate"),
    FurtherInstrument(id="push", title="Perturbed standing"),
    FurtherInstrument(id="shift", title="Weight shift"),
    FurtherInstrument(id="ride", title="Thirty-minute cycling"),
    FurtherInstrument(id="robot", title="Walking in the robot"),
)
ASSESS = Assess(point="T1", instruments=INSTRUMENTS, panels=PANELS, deviations=(OTHER_EXAMINER,), further=FURTHER)
LIST = replace(
    BASE,
    participant="S-014",
    study="stroke-gait",
    visit="S-014-a-t1",
    side="right leg (paretic)",
    kind="assessment",
    points=POINTS,
    checklist=checklist("physio"),
    step=STEP,
    assess=ASSESS,
    recording="3 streams",
)
FMA_RESULT = Result(
    title="Fugl-Meyer, lower extremity",
    previous="T0, 2026-02-02",
    method="sum of 17 items, version 1975",
    flags=("FAC fell while this rose: confirm",),
    rows=(
        ResultRow(
            key="total",
            label="total",
            unit="",
            digits=0,
            value=24.0,
            previous=18.0,
            change=6.0,
            arrow="better",
            verdict="reached (6 >= 6)",
        ),
        ResultRow(
            key="speed",
            label="walking speed",
            unit="m/s",
            digits=2,
            value=0.31,
            previous=0.42,
            change=-0.11,
            arrow="worse",
            verdict="not reached (-0.11; 0.16 is the smallest that matters)",
        ),
        ResultRow(key="new", label="double support", unit="%", digits=1, value=None),
        ResultRow(
            key="same", label="step length", unit="cm", digits=1, value=41.0, previous=41.0, change=0.0, arrow="same"
        ),
    ),
)
RESULT = replace(LIST, assess=replace(ASSESS, result=FMA_RESULT))
ADDED = (
    InstrumentLine(id="fac", title="Functional ambulation", kind="scale", state="complete", summary="3", beyond=True),
    InstrumentLine(id="ride", title="Thirty-minute cycling", kind="capture", state="open", beyond=True),
)
BEYOND = replace(LIST, assess=replace(ASSESS, instruments=(*INSTRUMENTS, *ADDED), further=FURTHER[:1], deviations=()))
REFUSED = Result(
    title="Quiet stance, trial 1",
    rows=(),
    refusal="the plate was stepped off after 12.4 s: a stance needs 30 s without a step",
    method="30 s, low-pass 10 Hz",
)


def open_line(name: str) -> tuple[InstrumentLine, ...]:
    return tuple(replace(line, state="now") if line.id == name else line for line in INSTRUMENTS)


MAS = ScaleForm(
    id="mas",
    title="Modified Ashworth Scale",
    version="six levels, 1+ counts 1.5",
    items=(
        *(
            ScaleItem(
                code=f"MAS0{number}",
                label=label,
                section="paretic leg",
                kind="levels",
                allowed=("0", "1", "1+", "2", "3", "4"),
                hint="about 1 s, one repetition",
            )
            for number, label in enumerate(("hip adductors", "knee flexors", "plantar flexors"), 1)
        ),
        ScaleItem(code="MAS05", label="speed of the movement", section="", kind="number", low=0.1, high=5.0, unit="s"),
        ScaleItem(code="MAS06", label="position", section="", kind="choice", allowed=("lying", "sitting")),
        ScaleItem(code="MAS07", label="remark", section="", kind="text", required=False),
    ),
    running=0.0,
    max=12.0,
    subtotals=(Subtotal(label="hip", value=0.0, max=4.0),),
    open=5,
    next_code="MAS01",
    warnings=(OTHER_EXAMINER,),
)
SCALE_OFFERS = (Action(command="assess.score", label="Score an item", enabled=True),)


def scale_snapshot(form: ScaleForm) -> Snapshot:
    done = not form.open
    reason = "" if done else f"{form.open} item(s) are open"
    close = Action(command="assess.close", label="Finish this scale", enabled=done, reason=reason)
    return replace(
        LIST,
        step=replace(STEP, next=close, others=SCALE_OFFERS),
        assess=replace(ASSESS, instruments=open_line("mas"), form=form, deviations=(), further=()),
    )


SCALE = scale_snapshot(MAS)
DONE = scale_snapshot(
    replace(
        MAS,
        items=tuple(
            replace(item, value=value, missing=missing, by="person")
            for item, value, missing in zip(
                MAS.items, ("1+", None, "2", 1.0, "lying", None), ("", "refused", "", "", "", ""), strict=True
            )
        ),
        running=3.5,
        missing=1,
        open=0,
        next_code="",
    )
)
START = Action(command="capture.start", label="Record Quiet stance", enabled=True)
IDLE_OFFERS = (
    Action(command="assess.close", label="Finish as it is", enabled=True),
    START,
    Action(command="capture.stop", label="Stop recording", enabled=False, reason="no trial is being recorded"),
    Action(command="capture.cue", label="Give a cue", enabled=False, reason="no trial is being recorded"),
    Action(command="capture.judge", label="Accept or reject a trial", enabled=True),
)
RECORDING_OFFERS = (
    Action(command="assess.close", label="Finish as it is", enabled=False, reason="a trial is being recorded"),
    replace(START, enabled=False, reason="a trial is being recorded"),
    Action(command="capture.stop", label="Stop recording", enabled=True),
    Action(command="capture.cue", label="Give a cue", enabled=True),
    Action(
        command="capture.judge", label="Accept or reject a trial", enabled=False, reason="a trial is being recorded"
    ),
)
PLATE = SensorLine(place="plate", device="board", state="ok", calibration="zero 0.1 kg", ok=True)
BALANCE = Capture(
    id="balance",
    title="Balance",
    live="cop",
    task="static",
    task_title="Quiet stance",
    instruction="Stand as still as you can, arms at the sides, eyes on the mark.",
    tasks=(("static", "Quiet stance"), ("shift", "Weight shift"), ("push", "Push")),
    trial=2,
    trials=3,
    seconds=30.0,
    sensors=(PLATE,),
    done=(TrialLine(task="static", trial=1, state="accepted", seconds=30.0, figure="path 41.3 cm"),),
    paretic="right",
)


def capture_snapshot(capture: Capture, *, next_: Action | None = None) -> Snapshot:
    recording = capture.state == "recording"
    stop = Action(command="capture.stop", label="Stop recording", enabled=True)
    following = next_ or (stop if recording else START)
    return replace(
        LIST,
        step=replace(STEP, next=following, others=RECORDING_OFFERS if recording else IDLE_OFFERS),
        assess=replace(ASSESS, instruments=open_line(capture.id), capture=capture, deviations=(), further=()),
    )


COP = capture_snapshot(BALANCE)
SHIFTING = capture_snapshot(
    replace(
        BALANCE,
        task="shift",
        task_title="Weight shift",
        state="recording",
        trial=1,
        elapsed_s=8.0,
        left_s=22.0,
        cue="left 70 %",
        cues=("left 70 %", "right 70 %", "middle"),
        target=(-5.0, 1.0, 2.5),
        limits_cm=((9.0, 0.0), (0.0, 7.0), (-9.0, 0.0), (0.0, -5.0)),
        target_left_pct=70.0,
        done=(*BALANCE.done, TrialLine(task="shift", trial=1, state="recording", seconds=0.0)),
    )
)
JUDGING = capture_snapshot(
    replace(
        BALANCE,
        trial=3,
        done=(*BALANCE.done, TrialLine(task="static", trial=2, state="analysed", seconds=30.0, figure="path 39.8 cm")),
        result=Result(
            title="Quiet stance, trial 2",
            method="30 s, low-pass 10 Hz",
            rows=(ResultRow(key="path", label="path length", unit="cm", digits=1, value=39.8),),
        ),
    ),
    next_=Action(command="capture.judge", label="Accept trial 2", enabled=True),
)
NO_RESULT = capture_snapshot(
    replace(
        BALANCE,
        done=(TrialLine(task="static", trial=1, state="analysed", seconds=12.4, reason="the plate was stepped off"),),
        result=REFUSED,
    ),
    next_=Action(command="capture.judge", label="Reject trial 1", enabled=True),
)
IMUS = tuple(
    SensorLine(place=place, device=f"imu_{n}", state="ok", calibration="mounting 1.2 deg", ok=True)
    for n, place in enumerate(("thigh left", "shank left", "thigh right"), 1)
)
LOST_IMU = SensorLine(
    place="shank right", device="imu_4", state="lost", ok=False, remedy="switch it on and wait for its green light"
)
CYCLING = capture_snapshot(
    Capture(
        id="cycling",
        title="Five-minute cycling",
        live="knee",
        task="ride",
        task_title="Cycling",
        instruction="Pedal at your own pace for five minutes; you may stop at any time.",
        tasks=(("ride", "Cycling"),),
        state="recording",
        seconds=300.0,
        elapsed_s=83.0,
        left_s=217.0,
        sensors=(*IMUS, LOST_IMU, SensorLine(place="emg", device="emg", state="ok", ok=True)),
        done=(TrialLine(task="ride", trial=1, state="recording", seconds=0.0),),
        paretic="right",
    )
)
GAIT = capture_snapshot(
    Capture(
        id="gait",
        title="Gait, 10 m",
        live="feet",
        task="walk",
        task_title="Walk 10 m",
        instruction="Walk to the mark at your own pace, turn, and come back.",
        seconds=60.0,
        sensors=IMUS[:2],
        paretic="left",
    )
)
ASSESS_SCENES: dict[str, Snapshot] = {
    "home": HOME,
    "list": LIST,
    "beyond": BEYOND,
    "scale": SCALE,
    "result": RESULT,
    "review": DONE,
    "cop": COP,
    "shifting": SHIFTING,
    "judging": JUDGING,
    "no_result": NO_RESULT,
    "cycling": CYCLING,
    "gait": GAIT,
}


def cop_live(start_s: float = 0.0, seconds: float = 2.0) -> Live:
    """A slow sway to the left, 50 samples a second."""
    times = [start_s + n / 50 for n in range(int(seconds * 50))]
    return Live(
        stream="cop",
        names=("x_cm", "y_cm", "left_pct", "load_kg"),
        seconds=tuple(times),
        rows=tuple((-5.0 * math.sin(t), 2.0 * math.cos(t) - 1.0, 50 + 18 * math.sin(t), 71.0) for t in times),
    )


def knee_live(start_s: float = 0.0, seconds: float = 8.0) -> Live:
    """Pedalling at 40 rpm, the right leg half a turn behind."""
    times = [start_s + n / 50 for n in range(int(seconds * 50))]
    turn = 2 * math.pi * 40 / 60
    return Live(
        stream="knee",
        names=("left_deg", "right_deg", "left_rpm", "right_rpm"),
        seconds=tuple(times),
        rows=tuple((70 + 35 * math.sin(turn * t), 70 - 30 * math.sin(turn * t), 40.2, 39.8) for t in times),
    )


def feet_live(foot: str, stride_cm: float = 104.0) -> Live:
    """One stride of a foot, 12 cm high at its peak."""
    parts = [n / 40 for n in range(41)]
    return Live(
        stream="feet",
        names=("forward_cm", "height_cm"),
        seconds=tuple(part * 1.2 for part in parts),
        rows=tuple((stride_cm * part**2 * (3 - 2 * part), 12 * math.sin(math.pi * part) ** 2) for part in parts),
        foot=foot,
    )


# walking through it


def walk_assessment(command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
    """What a station would answer, as far as these screens can tell."""
    tag = name_of(command)
    if tag == "assess.open":
        unknown = command.participant == "S-099" and snapshot.recording != "enrolled"  # type: ignore[union-attr]
        return "no participant 'S-099' on this box" if unknown else replace(LIST, n=snapshot.n + 1)
    if tag == "participant.enrol":
        return replace(snapshot, n=snapshot.n + 1, recording="enrolled")
    if isinstance(command, commands.OpenInstrument):
        scene = {"mas": SCALE, "balance": COP, "cycling": CYCLING, "gait": GAIT}[command.instrument]
        return replace(scene, n=snapshot.n + 1)
    if isinstance(command, commands.ScoreItem) and snapshot.assess is not None and snapshot.assess.form is not None:
        return replace(scale_snapshot(_scored(snapshot.assess.form, command)), n=snapshot.n + 1)
    if tag == "assess.close":
        return replace(RESULT, n=snapshot.n + 1)
    if tag == "capture.start":
        return replace(SHIFTING, n=snapshot.n + 1)
    if tag == "capture.stop":
        return replace(JUDGING, n=snapshot.n + 1)
    return snapshot


def _scored(form: ScaleForm, command: commands.ScoreItem) -> ScaleForm:
    items = tuple(
        replace(item, value=command.value, missing=command.missing, by="person") if item.code == command.code else item
        for item in form.items
    )
    left = [item for item in items if item.required and item.value is None and not item.missing]
    return replace(
        form,
        items=items,
        open=len(left),
        missing=sum(bool(item.missing) for item in items),
        next_code=left[0].code if left else "",
    )
