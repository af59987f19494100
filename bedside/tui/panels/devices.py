"""The devices: on the start page a line each, on the device page all they tell of themselves."""

from bedside.snapshot import DeviceLine
from bedside.tui.panels.ident import FRESH_STATES
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, age_text, row, wrapped

LOW_BATTERY_PCT = 20.0
TRUSTED_SPREAD_MS = 100.0
"""Arrivals spread wider than a crowded radio's bunching (10-60 ms, seldom 100) are pointed out."""


def device_rows(picture: Picture, width: int) -> list[Row]:
    """Each device: state, age, losses; under a troubled one what is wrong and what to do."""
    lines: list[Row] = []
    for line in picture.snapshot.devices:
        lines += [_head(line, picture), *_trouble(line, width)]
    return lines or [row((" none known yet", "dim"))]


def device_page(picture: Picture, width: int) -> list[Row]:
    """The device page: below each device its battery, signal, rate, loss, clock and standing remarks."""
    lines: list[Row] = [row((" Devices", "accent")), row("")]
    for line in picture.snapshot.devices:
        lines += [_head(line, picture), *_vitals(line, width), *_notes(line, width), *_trouble(line, width)]
    return lines if picture.snapshot.devices else [*lines, row((" none known yet", "dim"))]


def _head(line: DeviceLine, picture: Picture) -> Row:
    well = line.state in FRESH_STATES and picture.link.up
    mark = "[x]" if well else "[ ]"
    old = age_text(picture.aged(line.age_s))
    extra = [old, f"lost {line.dropped}" if line.dropped else "", f"reconnected {line.reconnects}x"]
    tail = ", ".join(part for part in extra[: 3 if line.reconnects else 2] if part)
    state = line.state if picture.link.up else "not known"
    sim: Span = (" simulated", "dim") if line.simulated else ("", "dim")
    name = f" {mark} {line.name:<14} {state:<11}"
    return row((name, "text" if well else "look"), (line.address, "dim"), sim, (f"  {tail}" if tail else "", "dim"))


def _vitals(line: DeviceLine, width: int) -> list[Row]:
    """What the device tells, in as many rows as it takes; nothing for one that tells nothing."""
    parts = [part for part in (_battery(line), _signal(line), _rate(line), _loss(line), *_clock(line)) if part]
    rows: list[Row] = []
    spans: list[Span] = []
    room = width - 6
    for text, style in parts:
        if spans and sum(len(t) for t, _ in spans) + len(text) + 2 > room:
            rows.append(row("     ", *spans))
            spans = []
        spans += [("  ", "dim"), (text, style)] if spans else [(text, style)]
    return [*rows, row("     ", *spans)] if spans else rows


def _battery(line: DeviceLine) -> Span | None:
    if line.battery_pct is None:
        return None
    return f"battery {line.battery_pct:.0f} %", "look" if line.battery_pct < LOW_BATTERY_PCT else "text"


def _signal(line: DeviceLine) -> Span | None:
    return None if line.rssi_dbm is None else (f"signal {line.rssi_dbm} dBm", "text")


def _rate(line: DeviceLine) -> Span | None:
    return None if line.rate_hz is None else (f"{line.rate_hz:.1f} Hz", "text")


def _loss(line: DeviceLine) -> Span | None:
    whole = line.received + line.lost
    if not whole:
        return None
    return f"lost {line.lost} of {whole} ({100 * line.lost / whole:.2g} %)", "look" if line.lost else "text"


def _clock(line: DeviceLine) -> tuple[Span | None, ...]:
    offset, drift, spread = line.clock_offset_ms, line.clock_drift_ppm, line.clock_spread_ms
    style = "look" if spread is not None and spread > TRUSTED_SPREAD_MS else "text"
    return (
        None if offset is None else (f"clock {offset:+.1f} ms", "text"),
        None if drift is None else (f"drift {drift:+.0f} ppm", "text"),
        None if spread is None else (f"arrivals within {spread:.0f} ms", style),
    )


def _notes(line: DeviceLine, width: int) -> list[Row]:
    return [row("     ", *spans) for note in line.notes for spans in wrapped(note, width - 6, 2, "dim")]


def _trouble(line: DeviceLine, width: int) -> list[Row]:
    rows: list[Row] = []
    if line.error:
        rows += [row("     ", *spans) for spans in wrapped(line.error, width - 6, 2, "look")]
    if line.remedy:
        rows += [row("     ", *spans) for spans in wrapped(f"→ {line.remedy}", width - 6, 2)]
    return rows
