"""The running treatment: the state seen from across the room, and the few numbers that are acted on."""

from bedside.snapshot import Interlock, Robot, Run
from bedside.tui.beltkeys import STOPS, may_run
from bedside.tui.glyphs import Ladder, big
from bedside.tui.panels.ident import WORD_STYLES
from bedside.tui.picture import Picture
from bedside.tui.rows import NOT_KNOWN, Row, Span, age_text, clock_of, fit, minutes, number, row, veil, wrapped

Cell = tuple[str, Span, Span]
TYPED_STALE_S = 600.0
"""A person cannot type all the time: what was typed stands for so long before it counts as old."""
CELL_WIDTHS = (10, 9, 15, 13, 11, 15)
ARMED_WORDS = frozenset({"STIMULATING", "READY"})
"""States in which an enabled stimulator is as it should be."""


def state_rows(picture: Picture, width: int, ladder: Ladder) -> list[Row]:
    """State word, phase and reason at the left; the time left in big digits at the right."""
    run = picture.run or Run(word="UNKNOWN", reason="nothing known")
    digits = big(minutes(run.remaining_s) if run.word != "UNKNOWN" else "--:--", ladder)
    room = width - max(len(line) for line in digits) - 8
    word = picture.word
    title = f"{picture.step.number} of {picture.step.total} {picture.step.title}" if picture.step else ""
    times = f"elapsed {minutes(run.elapsed_s)}   walking {minutes(run.walk_s)}"
    left = [
        row((f"  {word}  ", WORD_STYLES.get(word, "word.hold")), (f"  {title}", "strong")),
        row((f" {veil(run.reason, picture.private)}", "text")),
        row((f" {times}   {run.durations}", "dim")),
    ]
    labels = ("time", "left", "")
    return [
        (*fit(spans, room), (f"{label:>5} ", "dim"), (f"{line}  ", "strong"))
        for spans, label, line in zip(left, labels, digits, strict=True)
    ]


def compact_rows(picture: Picture, width: int) -> list[Row]:
    """What is shown when the terminal is too small for anything else."""
    run, word, snapshot = picture.run, picture.word, picture.snapshot
    simulated: Span = (" SIMULATED ", "sim") if snapshot.simulated else ("", "text")
    if snapshot.kind == "assessment":
        recording = picture.capture is not None and picture.capture.state == "recording"
        state = ("  REC  ", "word.on") if recording else ("  not recording  ", "word.off")
        lines = [row(state), row((f" {snapshot.participant}  assessment  ", "strong"), simulated)]
    else:
        state = (f"  {word}  ", WORD_STYLES.get(word, "word.hold"))
        lines = [
            row(state, (f"  {run.reason if run else ''}", "text")),
            row((f" {snapshot.participant or 'no visit open'}  {snapshot.side}  ", "strong"), simulated),
        ]
    if run is not None and run.planned:
        left = f"{minutes(run.remaining_s)} left" if word != "UNKNOWN" else "time left not known"
        lines.append(row(f" {run.delivered} of {run.planned} pulses, {left}"))
    lines.append(row(""))
    lines += wrapped("Terminal too small: make it at least 80x24.", width - 1, 2, "look")
    if may_run(picture):
        lines.append(row((f" belt may be running: {STOPS}", "look")))
    lines.append(row((" F12 ", "stop"), (" STOP still works", "strong"), ("   Space pauses", "text")))
    return lines


def number_rows(picture: Picture, width: int) -> list[Row]:
    """Label, value and its counterpart for each number: what was asked beside what was reported."""
    cells = [*robot_cells(picture), *stimulator_cells(picture)]
    spare = max(width - sum(CELL_WIDTHS), 0) // len(cells)
    lines: list[list[Span]] = [[], [], []]
    for (label, value, note), least in zip(cells, CELL_WIDTHS, strict=True):
        for line, span in zip(lines, ((label, "dim"), value, note), strict=True):
            line.extend(fit(((" ", "text"), span), least + spare))
    return [tuple(line) for line in lines]


def _cell(label: str, value: str, note: str, age_s: float | None, fresh: bool) -> Cell:
    old = age_text(age_s)
    style = "strong" if fresh and not old and value != NOT_KNOWN else "stale"
    return (label, (value, style), (old or note, "stale" if old else "dim"))


def robot_cells(picture: Picture) -> list[Cell]:
    """Walking speed and body-weight support, with the age of what the robot said."""
    robot = picture.snapshot.robot or Robot()
    age_s = picture.aged(robot.age_s)
    up = picture.link.up
    by = robot.phase
    if robot.source == "operator" and age_s is not None and age_s < TYPED_STALE_S:
        by, age_s = f"typed {minutes(age_s)}", 0.0
    asked_kmh = robot.belt.asked_kmh if robot.belt is not None else None
    label = "speed" if asked_kmh is None else f"asked {asked_kmh:.1f}"
    speed = _cell(label, number(robot.speed_kmh, 1, "km/h"), by, age_s, up)
    lost = robot.phase == "unknown" or (robot.belt is not None and not up)
    if picture.snapshot.robot is not None and lost:
        # A belt nobody hears may run: this is louder than any age.
        speed = (*speed[:2], ("UNKNOWN", "look"))
    return [speed, _support_cell(robot, age_s, up)]


def _support_cell(robot: Robot, age_s: float | None, up: bool) -> Cell:
    share = "" if robot.body_weight_support_pct is None else f"{robot.body_weight_support_pct:.0f} %"
    support = _cell("support", number(robot.body_weight_support_kg, 0, "kg"), share, age_s, up)
    return (*support[:2], (f"{share} HIGH", "look")) if robot.support_above else support


def stimulator_cells(picture: Picture) -> list[Cell]:
    """Asked and reported amplitude, whether the device is enabled, pulses, the last slope, the coil's temperature."""
    run = picture.run or Run(word="UNKNOWN", reason="")
    line = picture.device("stimulator")
    age_s = picture.aged(line.age_s) if line else None
    up = picture.link.up
    limit = "" if run.minutes_to_limit is None else f"{run.minutes_to_limit:.0f} min to limit"
    unsure = f", {run.uncertain} unsure" if run.uncertain else ""
    left = f"{max(run.planned - run.delivered, 0)} left{unsure}"
    cells = [
        _cell("pulses", f"{run.delivered} of {run.planned}", left, age_s, up),
        _cell("di/dt", number(run.di_dt_a_us, 0, "A/µs"), "last pulse", age_s, up),
        _cell("coil", number(run.temperature_c, 1, "°C"), limit, age_s, up),
    ]
    if picture.private:
        said, style = _enabled(run)
        return [("%MSO", ("hidden", "dim"), (f"F9, device{said}" if said else "F9", style)), *cells]
    return [_amplitude(run, age_s, up), *cells]


def _amplitude(run: Run, age_s: float | None, up: bool) -> Cell:
    asked, said = number(run.asked_pct_mso), number(run.reported_pct_mso)
    differ = run.asked_pct_mso is not None and run.reported_pct_mso not in {None, run.asked_pct_mso}
    state, style = _enabled(run)
    label, value, note = _cell("%MSO asked", asked, f"device {said}{state}", age_s, up)
    if differ or style == "look":
        return (label, value, (f"DEVICE {said}{state.upper()}", "look"))
    return (label, value, note)


def _enabled(run: Run) -> tuple[str, str]:
    """What the stimulator itself says of being enabled, "" where it does not tell, and how loud that is."""
    if run.enabled is None:
        return "", "dim"
    loud = run.enabled and run.word not in ARMED_WORDS
    return (" on", "look" if loud else "dim") if run.enabled else (" off", "dim")


def dose_rows(picture: Picture) -> list[Row]:
    """The plan and the totals: what is to be compared at the dose and signed at the end."""
    run = picture.run
    if run is None:
        return []
    intensity = "hidden (F9)" if picture.private else number(run.asked_pct_mso, 0, "%MSO")
    threshold = "hidden (F9)" if picture.private else number(run.rmt_pct_mso, 1, "%MSO")
    lines = [
        ("threshold", threshold, ""),
        ("intensity", intensity, f"{run.pct_rmt:.1f} % of the threshold" if run.pct_rmt is not None else ""),
        ("pulses", f"{run.planned} planned", run.preset),
        ("time", "", run.durations),
        ("delivered", f"{run.delivered} reported", f"up to {run.uncertain} more" if run.uncertain else ""),
        ("state", run.word, run.reason),
    ]
    rows = [row((f"   {name:<10}", "dim"), (value, "strong"), (f"  {note}", "text")) for name, value, note in lines]
    return [row(""), *rows]


def reminder(picture: Picture) -> Row:
    """The countdown that matters now: contact question, pause limit, or the next contact question."""
    run = picture.run
    if run is None:
        return row("")
    if run.contact_left_s is not None:
        return row((f" Does the coil touch its mark? {run.contact_left_s:.0f} s left, then the pulses pause", "look"))
    if run.word == "PAUSED" and run.pause_left_s is not None:
        return row((f" Paused: the pulses end for today in {minutes(run.pause_left_s)}", "look"))
    if run.contact_due_s is not None and run.word == "STIMULATING":
        return row((f" next contact question in {minutes(run.contact_due_s)}", "dim"))
    before = run.word in {"OFF", "READY"} and picture.step is not None
    return row((f" {veil(picture.step.instruction, picture.private)}", "text")) if before and picture.step else row("")


def interlock_rows(picture: Picture, width: int) -> list[Row]:
    """Every condition for stimulation: those that do not hold first, with what to do."""
    interlocks = picture.run.interlocks if picture.run else ()
    holding = sum(lock.holds for lock in interlocks)
    paused = picture.word == "PAUSED"
    title = " Before pulses can go on" if paused else " Before pulses can start"
    lines = [row((title, "accent"), (f"   {holding} of {len(interlocks)} hold", "dim"))]
    for lock in sorted(interlocks, key=lambda lock: lock.holds):
        lines += _interlock(lock, width)
    return lines


def _interlock(lock: Interlock, width: int) -> list[Row]:
    if lock.holds:
        return [row((f" [x] {lock.text}", "text"))]
    remedy = (
        [row("     ", *spans) for spans in wrapped(f"→ {lock.remedy}", width - 7, 2, "text")] if lock.remedy else []
    )
    return [row((f" [ ] {lock.text}", "look")), *remedy]


def event_rows(picture: Picture, count: int) -> list[Row]:
    """The last things that happened, newest first."""
    newest = picture.snapshot.recent[::-1][:count]
    if not newest:
        return [row((" nothing has happened yet", "dim"))]
    return [row((f" {clock_of(line.utc)} ", "dim"), (veil(line.text, picture.private), "text")) for line in newest]
