"""The line that says whose visit this is, and the one that says what is connected."""

from bedside.snapshot import DeviceLine
from bedside.tui.picture import Picture
from bedside.tui.ranking import DOUBTFUL, FRESH_STATES, WELL, rank
from bedside.tui.rows import Row, Span, age_text, clock_of, ends, row, width_of

WORD_STYLES = {
    "STIMULATING": "word.on",
    "READY": "word.ready",
    "PAUSED": "word.hold",
    "STOPPING": "word.hold",
    "UNKNOWN": "word.hold",
    "OFF": "word.off",
    "ENDED": "word.off",
}


def ident(picture: Picture, width: int) -> Row:
    """Participant and side whole, and whether it is simulated; time, session and study where there is room."""
    snapshot = picture.snapshot
    who = f" {snapshot.participant or 'no visit open'}" + _what(picture)
    left: list[Span] = [(who, "bar.strong")]
    right: list[Span] = [(" SIMULATED ", "sim")] if snapshot.simulated else []
    speed = f" SIMULATED x{snapshot.speed:g} " if snapshot.simulated and snapshot.speed != 1.0 else ""
    if speed and width_of(row(*left)) + len(speed) + 1 <= width:
        right = [(speed, "sim")]
    session = f"  session {snapshot.session}" if snapshot.session else ""
    clock = f" {clock_of(snapshot.utc, seconds=False)} "
    for part, text, style in (
        (right, clock, "bar.dim"),
        (left, session, "bar"),
        (left, f"  {snapshot.study}", "bar.dim"),
    ):
        if text.strip() and width_of(row(*left, *right)) + len(text) + 1 <= width:
            part.append((text, style))
    return ends(row(*left), row(*right), width, "bar")


def _what(picture: Picture) -> str:
    """The side that is stimulated, or that nothing is: which assessment it is."""
    snapshot = picture.snapshot
    if snapshot.kind == "assessment":
        return f"  assessment {snapshot.assess.point if snapshot.assess else ''}".rstrip()
    return f"  {snapshot.side}" if snapshot.side else ""


def operator(picture: Picture) -> Span:
    """Who is signed in, and whether this screen controls."""
    user = picture.snapshot.user.split(" (")[0] or "not signed in"
    if picture.role == "assess":
        return (f" {user}, blinded assessor", "text")
    if picture.role != "control":
        return (f" watching, {controller(picture)} controls", "text")
    return (f" {user}", "text") if picture.controls else (f" {user}, NOT in control", "look")


def controller(picture: Picture) -> str:
    """The user of the client that controls, or "nobody"."""
    watchers = picture.snapshot.watchers
    return next((who.user or who.client for who in watchers if who.controls), "nobody")


def device_strip(picture: Picture, width: int) -> Row:
    """Every device with its state, its age and its losses; the worst first when they do not all fit."""
    devices = sorted(picture.snapshot.devices, key=rank)
    spans: list[Span] = []
    for line in devices:
        spans += [(" " if not spans else "  ", "dim"), *_device(line, picture)]
    return row(*spans) if spans else row((" no devices known", "dim"))


def _device(line: DeviceLine, picture: Picture) -> list[Span]:
    age_s = picture.aged(line.age_s)
    well = line.state in FRESH_STATES and picture.link.up
    old = age_text(age_s)
    place = rank(line)
    style = "look" if place < WELL else "stale" if old or not well else "text"
    word = "not known" if not picture.link.up else "look: F8" if place == DOUBTFUL else line.state
    text = f"{line.name} {word}" + (f" {old}" if old else "")
    lost = f" lost {line.dropped}" if line.dropped else ""
    return [(text, style), (lost, "look")]


def box_strip(picture: Picture, width: int) -> Row:
    """Recording, disk, clock, watchers, what is not sent yet."""
    snapshot = picture.snapshot
    watching = sum(1 for who in snapshot.watchers if not who.controls)
    parts: list[Span] = [
        operator(picture),
        _recording(snapshot.recording),
        _disk(snapshot.disk_free_gb),
        (f"clock {snapshot.clock or '?'}", "text" if snapshot.clock else "dim"),
        (f"{watching} watching", "text" if watching else "dim"),
        (f"unsent {'?' if snapshot.unsent is None else snapshot.unsent}", "dim"),
    ]
    spans: list[Span] = []
    for part in parts:
        spans += [(" | ", "dim"), part] if spans else [part]
    return row(*spans)


def _recording(said: str) -> Span:
    if said in {"", "off"}:
        return ("not recording", "dim")
    return (said if said.startswith("rec") else f"rec {said}", "text")


def _disk(free_gb: float | None) -> Span:
    if free_gb is None:
        return ("disk ?", "dim")
    return (f"disk {free_gb:.0f} GB" if free_gb >= 10 else f"disk {free_gb:.1f} GB", "text" if free_gb >= 5 else "look")
