"""A capture's words: its task, its sensors, whether it records, the time, and the trials so far."""

from bedside.snapshot import Capture, SensorLine, TrialLine
from bedside.tui.glyphs import Ladder, big
from bedside.tui.panels.results import result_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, cut, ends, minutes, row, wrapped

TRIAL_MARKS = {
    "recording": "[>]",
    "analysing": "[~]",
    "analysed": "[?]",
    "accepted": "[x]",
    "rejected": "[-]",
    "lost": "[!]",
}
TRIAL_WORDS = {
    "recording": "recording",
    "analysing": "being analysed",
    "analysed": "accept it? (A, X, R)",
    "accepted": "accepted",
    "rejected": "rejected",
    "lost": "lost",
}
LEAST_WORDS = 30
TASK_HINT = "left and right choose another task"


def task_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """The instrument, its tasks with the marked one, and what the participant is to do."""
    capture = picture.capture
    if capture is None:
        return []
    spans: list[Span] = [(f" {capture.title}", "strong")]
    for name, title in capture.tasks if len(capture.tasks) > 1 else ():
        spans += [("  ", "text"), (f" {title} ", "cursor" if name == picture.marked_task else "dim")]
    accepted = sum(line.state == "accepted" and line.task == capture.task for line in capture.done)
    trial = f"trial {capture.trial}, {accepted} of {capture.trials} accepted"
    trial = trial if picture.marked_task == capture.task else TASK_HINT
    words = capture.instruction if picture.marked_task == capture.task else TASK_HINT
    lines = [ends(row(*spans), row((f"{trial} ", "accent")), width)]
    return [*lines, *(row(" ", *part) for part in wrapped(words, width - 2, max(height - 1, 1)))]


def time_rows(picture: Picture, width: int, ladder: Ladder) -> list[Row]:
    """Whether samples are recorded, said in a word and a mark, and the time in digits three rows high."""
    capture = picture.capture
    if capture is None:
        return []
    left_s = max(capture.left_s - picture.age_s, 0.0)
    recording = capture.state == "recording"
    digits = big(minutes(left_s if recording else capture.seconds), ladder)
    mark: Span = ("  REC  ", "word.on") if recording else ("  not recording  ", "word.off")
    left = [
        row(mark, (_state_words(picture, capture), "text")),
        row(f" {_times(picture, capture)}"),
        row((f" {_cues(capture)}", "dim")),
    ]
    if width - max(len(line) for line in digits) < LEAST_WORDS:
        return left
    style = "strong" if recording else "dim"
    return [ends(words, row((f"{line} ", style)), width) for words, line in zip(left, digits, strict=True)]


def _state_words(picture: Picture, capture: Capture) -> str:
    if not picture.link.up:
        return "  NOT KNOWN: the station does not answer"
    if capture.state == "recording":
        return f"  trial {capture.trial}: {capture.task_title}  (E ends it)"
    if capture.state == "analysing":
        return "  the last trial is being analysed"
    files = len(capture.imports.choices) if capture.imports is not None else 0
    if files:
        return f"  live, not kept  (W records, < {files} in files)"
    return "  the live picture is not kept  (W records)"


def _times(picture: Picture, capture: Capture) -> str:
    if capture.state != "recording":
        return f"planned {minutes(capture.seconds)}"
    elapsed_s = min(capture.elapsed_s + picture.age_s, capture.seconds)
    return f"elapsed {minutes(elapsed_s)} of {minutes(capture.seconds)}"


def _cues(capture: Capture) -> str:
    said = f"cue: {capture.cue}  " if capture.cue else ""
    known = "  ".join(f"{number} {cue}" for number, cue in enumerate(capture.cues[:9], 1))
    return f"{said}{'cues: ' if known else ''}{known}"


def sensor_rows(capture: Capture, width: int, limit: int) -> list[Row]:
    """Connection of each sensor, those that need something first, with what to do."""
    lines: list[Row] = [row((" Connection", "accent"))]
    for sensor in sorted(capture.sensors, key=lambda sensor: sensor.ok):
        mark = "[x]" if sensor.ok else "[!]"
        style = "text" if sensor.ok else "look"
        lines.append(ends(row((f" {mark} {sensor.place}", style)), row((f"{cut(sensor.state, 12)} ", style)), width))
        if sensor.remedy and not sensor.ok:
            lines += [row("     ", *spans) for spans in wrapped(sensor.remedy, width - 6, 2)]
    return (lines if capture.sensors else [*lines, row((" none needed", "dim"))])[:limit]


def calibration_rows(capture: Capture, width: int, limit: int) -> list[Row]:
    """Which device is calibrated how, and the keys."""
    keys = "keys 0, J" if capture.live == "cop" else "key J"
    lines = [ends(row((" Calibration", "accent")), row((f"{keys} ", "dim")), width)]
    seen: dict[str, SensorLine] = {sensor.device: sensor for sensor in capture.sensors if sensor.device}
    for sensor in seen.values():
        words, style = (sensor.calibration, "text") if sensor.calibration else ("not done", "look")
        parts = wrapped(f"{sensor.device}: {words}", width - 3, 3, style)
        lines += [row("   " if place else " ", *spans) for place, spans in enumerate(parts)]
    return lines[:limit]


def trial_rows(picture: Picture, width: int, limit: int) -> list[Row]:
    """The trials so far, newest last, with the marked one's state in words."""
    capture = picture.capture
    if capture is None:
        return []
    lines: list[Row] = []
    here = picture.marked_trial
    for line in capture.done:
        lines += _trial(line, width, here=line is here)
    shown = lines[-max(limit - 1, 0) :] if limit > 1 else []
    return [row((" Trials", "accent"), ("" if lines else "  none yet", "dim")), *shown]


def _trial(line: TrialLine, width: int, *, here: bool) -> list[Row]:
    style = "cursor" if here else "look" if line.state in {"analysed", "lost"} else "text"
    right = row(("imported " if line.source and not line.seconds else f"{line.seconds:.0f} s ", style))
    words = line.figure or ("no result" if line.reason else TRIAL_WORDS[line.state])
    first = ends(
        row((f" {TRIAL_MARKS[line.state]} {line.trial} {words}", style)), right, width, style if here else "text"
    )
    asked = "no result, reject it (X)" if line.state == "analysed" and line.reason else TRIAL_WORDS[line.state]
    source = f"; from {line.source}" if line.source else ""
    more = (f"{asked}: {line.reason}" if line.reason else asked) + source
    return [first, *(row("     ", *spans) for spans in wrapped(more, width - 6, 2, "dim"))] if here else [first]


def side_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """Connection, calibration and trials, one below the other; trials keep at least four rows."""
    capture = picture.capture
    if capture is None:
        return []
    keep = min(5, height // 3)
    upper = sensor_rows(capture, width, max(height - keep - 2, 2))
    middle = calibration_rows(capture, width, max(height - keep - len(upper), 1))
    rest = height - len(upper) - len(middle)
    return [*upper, *middle, *trial_rows(picture, width, rest)]


def outcome_rows(picture: Picture, width: int) -> list[Row]:
    """What the last trial's analysis found."""
    capture = picture.capture
    return result_rows(capture.result, width) if capture is not None and capture.result is not None else []
