"""Snapshots of one invented visit at each kind of moment, and a rule that walks from one to the next."""

import msgspec

from bedside.commands import AnyCommand, name_of
from bedside.snapshot import (
    Action,
    Alarm,
    Current,
    DeviceLine,
    Hunt,
    Interlock,
    Interruption,
    Item,
    Line,
    Prompt,
    Robot,
    Run,
    Site,
    Snapshot,
    Step,
    StepMark,
    Trial,
    Watcher,
)

TITLES = {
    "checkin": "Check in",
    "screening": "Safety questions",
    "posture": "Seat and electrodes",
    "hotspot": "Find the hotspot",
    "threshold": "Find the threshold",
    "dose": "Dose",
    "fit": "Fit the robot",
    "coil": "Place the coil",
    "treatment": "Walk and stimulate",
    "finish": "Stop and stand",
    "aftercare": "Take off, look",
    "physio": "Physiotherapy",
    "signoff": "Sign",
}
ORDER = tuple(TITLES)
SUMMARIES = {"checkin": "year 1961", "screening": "13 x no", "hotspot": "site C3", "threshold": "52.0 (50 to 54)"}


def checklist(now: str) -> tuple[StepMark, ...]:
    at = ORDER.index(now)
    return tuple(
        StepMark(
            id=name,  # type: ignore[arg-type]
            title=TITLES[name],
            state="done" if place < at else "now" if place == at else "open",
            summary=SUMMARIES.get(name, "") if place < at else "",
        )
        for place, name in enumerate(ORDER)
    )


def step(name: str, instruction: str, good: str, *, items=(), next_=None, others=()) -> Step:
    number = ORDER.index(name) + 1
    return Step(
        id=name,  # type: ignore[arg-type]
        number=number,
        total=len(ORDER),
        title=TITLES[name],
        instruction=instruction,
        good=good,
        items=tuple(items),
        next=next_ or Action(command="step.next", label="Done, go on", enabled=True),
        others=(Action(command="step.back", label="Back", enabled=True), *others),
    )


DEVICES = (
    DeviceLine(name="magpro", role="stimulator", address="/dev/ttyUSB0", state="ok", age_s=0.2, simulated=True),
    DeviceLine(name="emg", role="emg", address="192.168.1.4:23456", state="ok", age_s=0.1, simulated=True, dropped=12),
    DeviceLine(name="robot", role="robot", address="10.0.0.2:5000", state="ok", age_s=0.4, simulated=True),
)
BROKEN_EMG = DeviceLine(
    name="emg",
    role="emg",
    address="192.168.1.4:23456",
    state="lost",
    age_s=12.0,
    simulated=True,
    error="the amplifier closed the connection",
    remedy="check the network cable and that the amplifier is switched on",
    reconnects=2,
)
KIOSK = Watcher(client="control-1", role="control", user="anna", controls=True, since_s=60.0)
GUEST = Watcher(client="observe-2", role="observe", user="beate", controls=False, since_s=30.0)

BASE = Snapshot(
    n=100,
    mono_ns=1_000_000_000,
    utc="2026-03-02T09:30:00+00:00",
    software="bedside 0.1.0",
    simulated=True,
    speed=60.0,
    user="Therapist (physiotherapist)",
    controller="control-1",
    devices=DEVICES,
    watchers=(KIOSK, GUEST),
    disk_free_gb=118.4,
    clock="synchronised",
    unsent=3,
)
START = msgspec.structs.replace(BASE, user="")
SIGNED_IN = BASE
VISIT = msgspec.structs.replace(
    BASE,
    participant="S-014",
    study="stroke-gait",
    visit="S-014-03",
    session="3 of 28",
    side="right leg (paretic)",
    recording="3 streams",
    recent=(
        Line(n=98, utc="2026-03-02T09:29:10+00:00", text="Visit opened for S-014"),
        Line(n=99, utc="2026-03-02T09:29:40+00:00", text="Second identifier confirmed by Therapist"),
        Line(n=100, utc="2026-03-02T09:29:55+00:00", text="Recording 3 streams"),
    ),
)
NO_STOP = Item(
    id="implant",
    label="Metal or implant in the head?",
    kind="yesno",
    hint="clips, cochlear implant, electrodes",
)
SCREENING = msgspec.structs.replace(
    VISIT,
    checklist=checklist("screening"),
    step=step(
        "screening",
        "Ask every question again today, even if it was answered before.",
        "all answers no, blood pressure below 160/100",
        items=(
            Item(id="seizure", label="Any seizure, ever?", kind="yesno", value=False, state="ok"),
            NO_STOP,
            Item(id="sleep", label="Slept enough?", kind="yesno"),
            Item(id="drugs", label="New medication", kind="text", required=False),
            Item(id="systolic", label="Systolic pressure", kind="number", unit="mmHg", low=60.0, high=260.0),
            Item(id="pain", label="Pain now", kind="choice", choices=("none", "mild", "strong")),
            Item(id="plugs", label="Ear plugs in, patient and staff", kind="tick", hint="everybody within 2 m"),
            Item(id="disk", label="Disk", kind="number", value=118.0, unit="GB", state="ok", by="machine"),
        ),
        next_=Action(command="step.next", label="Go on", enabled=False, reason="6 questions are open"),
    ),
)
CONCERN = msgspec.structs.replace(
    SCREENING,
    step=msgspec.structs.replace(
        SCREENING.step,
        items=(
            msgspec.structs.replace(NO_STOP, value=True, state="stop", hint="a physician has to decide"),
            *SCREENING.step.items[2:],
        ),
        others=(*SCREENING.step.others, Action(command="screening.decide", label="Physician", enabled=True)),
    ),
)
SITES = tuple(
    Site(
        id=f"{'ABCDE'[column]}{line + 1}",
        x_cm=float(column - 2),
        y_cm=float(line - 2),
        pulses=3 if line < 2 else 0,
        mean_uv=(40.0 + 30 * line + 10 * column) if line < 2 else None,
        state="best" if (column, line) == (2, 1) else "done" if line < 2 else "open",
    )
    for line in range(5)
    for column in range(5)
)
TRIALS = tuple(
    Trial(
        pulse=n,
        purpose="hotspot",
        site="C2",
        amplitude_pct_mso=60 if n < 5 else 52 + n % 3,
        response_uv=None if n == 4 else 20.0 * n,
        latency_ms=29.5 if n > 2 and n != 4 else None,
        rest_rms_uv=3.0,
        verdict="void" if n == 4 else "response" if n > 2 else "none",
        reason="muscle not at rest" if n == 4 else "",
        rejected=n == 5,
        borderline=n == 3,
    )
    for n in range(1, 9)
)
HUNT = Hunt(
    muscle="TA R",
    others=("SOL R", "RF R"),
    side="right, paretic",
    criterion="50 µV in 5 of 10",
    sites=SITES,
    trials=TRIALS,
    site="C2",
    next_pct_mso=60,
    next_reason="one intensity for the whole search",
    rest_rms_uv=3.2,
    rest_ok=True,
    rule="adaptive",
)
FIRE = Action(command="pulse.fire", label="Give one pulse", enabled=True)
HOTSPOT = msgspec.structs.replace(
    VISIT,
    checklist=checklist("hotspot"),
    step=step(
        "hotspot",
        "Hold the coil over the marked site and give three pulses there.",
        "response above 50 µV in the target muscle",
        next_=FIRE,
        others=(Action(command="hotspot.choose", label="Take site", enabled=True),),
    ),
    hunt=HUNT,
)
THRESHOLD = msgspec.structs.replace(
    VISIT,
    checklist=checklist("threshold"),
    step=step("threshold", "Keep the coil on the hotspot; the patient rests.", "rest below 10 µV", next_=FIRE),
    hunt=msgspec.structs.replace(
        HUNT,
        sites=(),
        next_pct_mso=53,
        next_reason="between 50 and 54 it is still open",
        rmt_pct_mso=52.2,
        low_pct_mso=50.1,
        high_pct_mso=54.4,
        trials=tuple(msgspec.structs.replace(trial, purpose="threshold") for trial in TRIALS),
        rest_ok=False,
        rest_rms_uv=22.0,
    ),
)
COIL = msgspec.structs.replace(
    VISIT,
    checklist=checklist("coil"),
    step=step(
        "coil",
        "Handle at 45 degrees, coil flat on the mark.",
        "mark seen through the coil's window",
        items=(Item(id="flat", label="Coil flat on the mark", kind="tick"),),
    ),
)
RUN = Run(
    word="READY",
    reason="all conditions hold",
    preset="20 min 1 Hz",
    planned=1200,
    elapsed_s=0.0,
    remaining_s=1200.0,
    durations="last pulse 1199 s, train 1200 s",
    asked_pct_mso=41,
    reported_pct_mso=41,
    temperature_c=29.4,
    minutes_to_limit=38.0,
    enabled=False,
    interlocks=(
        Interlock(id="walking", text="Patient walks at the prescribed speed for 30 s", holds=True),
        Interlock(id="coil", text="Coil contact confirmed", holds=True),
        Interlock(id="emg", text="EMG is heard", holds=False, remedy="check the amplifier's network cable"),
    ),
)
ROBOT = Robot(
    phase="walk",
    speed_kmh=1.6,
    body_weight_support_kg=24.0,
    body_weight_support_pct=32.0,
    assist_pct=60.0,
    e_stop=False,
    steps=412,
    source="device",
    age_s=0.3,
)
BEFORE_RUN = msgspec.structs.replace(
    VISIT,
    checklist=checklist("treatment"),
    step=step(
        "treatment",
        "Start when the patient walks steadily.",
        "coil on its mark",
        next_=Action(command="run.start", label="Start 1200 pulses at 41 %MSO", enabled=True),
    ),
    run=RUN,
    robot=ROBOT,
)
STIMULATING = msgspec.structs.replace(
    BEFORE_RUN,
    step=msgspec.structs.replace(BEFORE_RUN.step, next=None),
    run=msgspec.structs.replace(
        RUN,
        word="STIMULATING",
        reason="1 Hz train 1 of 2",
        enabled=True,
        delivered=437,
        elapsed_s=436.0,
        remaining_s=763.0,
        walk_s=556.0,
        di_dt_a_us=92,
        contact_due_s=43.0,
    ),
)
TSDCS = msgspec.structs.replace(
    STIMULATING,
    step=msgspec.structs.replace(
        STIMULATING.step,
        others=(
            Action(command="current.prepare", label="Prepare tsDCS", enabled=False, reason="under way"),
            Action(command="current.start", label="Start tsDCS", enabled=False, reason="under way"),
            Action(command="current.stop", label="Ramp tsDCS down", enabled=True),
        ),
    ),
    current=Current(
        words="at full current",
        phase="plateau",
        elapsed_s=95.0,
        remaining_s=135.0,
        asked_ma=2.5,
        measured_ma=2.48,
        impedance_kohm=5.1,
        battery_pct=87.0,
        density_ma_cm2=0.1,
        plateau_s=200.0,
        plateau_c=0.5,
        charge_density_c_cm2=0.02,
        given_c=0.22,
        age_s=0.2,
    ),
)
TSDCS_UNKNOWN = msgspec.structs.replace(
    TSDCS,
    current=msgspec.structs.replace(
        TSDCS.current,
        words="UNKNOWN - check device",
        phase="unknown",
        measured_ma=None,
        impedance_kohm=None,
        battery_pct=None,
        age_s=9.0,
    ),
)
CONTACT = msgspec.structs.replace(
    STIMULATING, run=msgspec.structs.replace(STIMULATING.run, contact_left_s=12.0, contact_due_s=None)
)
PAUSED = msgspec.structs.replace(
    STIMULATING,
    step=msgspec.structs.replace(
        STIMULATING.step, next=Action(command="run.resume", label="Go on with 763 pulses", enabled=True)
    ),
    run=msgspec.structs.replace(
        STIMULATING.run,
        word="PAUSED",
        reason="paused by the therapist",
        enabled=False,
        pause_left_s=281.0,
        contact_due_s=None,
    ),
)
UNKNOWN = msgspec.structs.replace(
    STIMULATING,
    run=Run(word="UNKNOWN", reason="the stimulator does not answer", planned=1200, delivered=437, uncertain=3),
    robot=msgspec.structs.replace(ROBOT, age_s=7.0),
    devices=(msgspec.structs.replace(DEVICES[0], state="silent", age_s=5.0), BROKEN_EMG, DEVICES[2]),
    alarms=(
        Alarm(
            id="stim",
            priority="high",
            text="Stimulator does not answer",
            remedy="press its own stop button, then check the cable",
            since_s=5.0,
        ),
        Alarm(id="sync", priority="low", text="3 visits unsent", remedy="connect the network", since_s=900.0),
    ),
)
MEDIUM = msgspec.structs.replace(
    STIMULATING,
    alarms=(
        Alarm(
            id="contact",
            priority="medium",
            text="Contact not confirmed",
            remedy="look at the coil, press C",
            since_s=8.0,
            silenced_s=95.0,
        ),
    ),
    silenced=1,
)
LOW = msgspec.structs.replace(HOTSPOT, alarms=(UNKNOWN.alarms[1],))
PROMPTED = msgspec.structs.replace(
    THRESHOLD, prompt=Prompt(id="p7", text="Set the stimulator to 53 %MSO and read its display", expects=53)
)
INTERRUPTED = msgspec.structs.replace(
    STIMULATING,
    interruption=Interruption(
        reason="the station ended without a goodbye at 09:21:04",
        certain="437 pulses were reported by the stimulator",
        uncertain="between 0 and 3 more pulses may have been given",
    ),
)
SIGNOFF = msgspec.structs.replace(
    VISIT,
    checklist=checklist("signoff"),
    step=step(
        "signoff",
        "Read the totals and sign.",
        "1200 of 1200 pulses",
        next_=Action(command="visit.sign", label="Sign this visit", enabled=True),
    ),
)

SCENES: dict[str, Snapshot] = {
    "start": START,
    "signed_in": SIGNED_IN,
    "screening": SCREENING,
    "concern": CONCERN,
    "hotspot": HOTSPOT,
    "threshold": THRESHOLD,
    "prompted": PROMPTED,
    "coil": COIL,
    "before_run": BEFORE_RUN,
    "stimulating": STIMULATING,
    "contact": CONTACT,
    "paused": PAUSED,
    "unknown": UNKNOWN,
    "tsdcs": TSDCS,
    "tsdcs_unknown": TSDCS_UNKNOWN,
    "medium": MEDIUM,
    "low": LOW,
    "interrupted": INTERRUPTED,
    "signoff": SIGNOFF,
}
_NEXT = {
    ("start", "staff.sign_in"): "signed_in",
    ("signed_in", "visit.open"): "screening",
    ("screening", "step.next"): "hotspot",
    ("hotspot", "step.next"): "threshold",
    ("hotspot", "hotspot.choose"): "threshold",
    ("threshold", "threshold.accept"): "coil",
    ("threshold", "pulse.fire"): "coil",
    ("coil", "step.next"): "before_run",
    ("before_run", "run.start"): "stimulating",
    ("stimulating", "run.pause"): "paused",
    ("stimulating", "run.end"): "signoff",
    ("stimulating", "stop"): "paused",
    ("paused", "run.resume"): "stimulating",
    ("paused", "run.end"): "signoff",
    ("interrupted", "visit.resume"): "paused",
}


def name_of_scene(snapshot: Snapshot) -> str:
    """Which scene this is, by its step and its words."""
    for name, scene in SCENES.items():
        same_run = (scene.run.word if scene.run else "") == (snapshot.run.word if snapshot.run else "")
        same_step = (scene.step.id if scene.step else "") == (snapshot.step.id if snapshot.step else "")
        plain = (scene.interruption is None) == (snapshot.interruption is None)
        if same_run and same_step and plain and bool(scene.user) == bool(snapshot.user):
            return name
    return ""


def walk(command: AnyCommand, snapshot: Snapshot) -> Snapshot | str:
    """Go to the scene that follows; answers are put into the form."""
    name, tag = name_of_scene(snapshot), name_of(command)
    if (name, tag) in _NEXT:
        return SCENES[_NEXT[name, tag]]
    if tag == "form.answer" and snapshot.step is not None:
        return _answered(snapshot, command.item, command.value)  # type: ignore[union-attr]
    return snapshot


def _answered(snapshot: Snapshot, item: str, value: object) -> Snapshot:
    items = tuple(
        msgspec.structs.replace(one, value=value, state="ok") if one.id == item else one for one in snapshot.step.items
    )
    open_ = sum(one.value is None and one.required for one in items)
    go_on = Action(command="step.next", label="Go on", enabled=not open_, reason=f"{open_} questions are open")
    return msgspec.structs.replace(snapshot, step=msgspec.structs.replace(snapshot.step, items=items, next=go_on))
