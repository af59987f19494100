"""The devices: on the start page a line each, on the device page all they tell of themselves."""

from bedside.snapshot import DeviceLine
from bedside.tui.picture import Picture
from bedside.tui.ranking import FRESH_STATES, WELL, low, rank
from bedside.tui.rows import Row, Span, age_text, minutes, row, wrapped

MARKS = ("[ ]", "[!]", "[x]")
"""By rank: not heard, doubtful, well."""
LEAST_ADDRESS = 6
TRUSTED_SPREAD_MS = 100.0
"""Arrivals spread wider than a crowded radio's bunching (10-60 ms, seldom 100) are pointed out."""


def device_rows(picture: Picture, width: int) -> list[Row]:
    """Each device, the worst first: state, age, losses; under a troubled one what is wrong and what to do."""
    lines: list[Row] = []
    for line in _worst_first(picture):
        lines += [_head(line, picture, width), *_trouble(line, width)]
    return lines or [row((" none known yet", "dim"))]


def device_page(picture: Picture, width: int) -> list[Row]:
    """The device page: below each device what is wrong with it, its battery, signal, rate, loss, clock and remarks."""
    lines: list[Row] = [row((" Devices", "accent"), count(picture)), row("")]
    for line in _worst_first(picture):
        heard = picture.link.up and line.state in FRESH_STATES
        lines += [_head(line, picture, width), *_trouble(line, width), *_vitals(line, width, heard=heard)]
        lines += [*_notes(line, width), *_last_error(line, picture, width)]
    return lines if picture.snapshot.devices else [*lines, row((" none known yet", "dim"))]


def _worst_first(picture: Picture) -> list[DeviceLine]:
    """All devices, in the station's order where they are alike."""
    return sorted(picture.snapshot.devices, key=rank)


def count(picture: Picture) -> Span:
    """How many devices there are, and how many need a look."""
    devices = picture.snapshot.devices
    bad = sum(rank(line) < WELL for line in devices)
    if not picture.link.up or not devices:
        return "", "dim"
    return (f"  {bad} of {len(devices)} need a look", "look") if bad else (f"  all {len(devices)} are well", "dim")


def _head(line: DeviceLine, picture: Picture, width: int) -> Row:
    """Mark, name, state and age; what is left of the width shows the address, cut at its beginning."""
    place = rank(line) if picture.link.up else 0
    old = age_text(picture.aged(line.age_s))
    dropped = f"lost {line.dropped}" if line.dropped and not line.received else ""
    again = f"reconnected {line.reconnects}x" if line.reconnects else ""
    tail = "".join(f"{part}  " for part in (old, dropped, again) if part)
    state = line.state if picture.link.up else "not known"
    sim = " simulated" if line.simulated else ""
    name = f" {MARKS[place]} {line.name:<15} {state:<10} {tail}"
    sim = sim if len(name) + len(sim) <= width else ""
    room = max(width - len(name) - len(sim), 0)
    return row((name, "text" if place == WELL else "look"), (_tail_of(line.address, room), "dim"), (sim, "dim"))


def _tail_of(address: str, room: int) -> str:
    """An address in at most `room` cells: its end tells devices apart."""
    return address if len(address) <= room else f"…{address[len(address) - room + 1 :]}" if room > LEAST_ADDRESS else ""


def _vitals(line: DeviceLine, width: int, *, heard: bool) -> list[Row]:
    """What the device tells, in as many rows as it takes; nothing for one that tells nothing."""
    parts = [part for part in (_battery(line), _signal(line), _rate(line), _loss(line), *_clock(line)) if part]
    if parts and not heard:
        # what it told before it fell silent is no account of now
        parts = [("last told:", "dim"), *((text, "dim") for text, _ in parts)]
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
    return f"battery {line.battery_pct:.0f} %", "look" if low(line) else "text"


def _signal(line: DeviceLine) -> Span | None:
    return None if line.rssi_dbm is None else (f"signal {line.rssi_dbm} dBm", "text")


def _rate(line: DeviceLine) -> Span | None:
    return None if line.rate_hz is None else (f"{line.rate_hz:.1f} Hz", "text")


def _loss(line: DeviceLine) -> Span | None:
    whole = line.received + line.lost
    if not whole:
        return None
    if not line.lost:
        return f"none of {whole} lost", "text"
    return f"lost {line.lost} of {whole} ({100 * line.lost / whole:.2g} %)", "look"


def _clock(line: DeviceLine) -> tuple[Span | None, ...]:
    offset, drift, spread = line.clock_offset_ms, line.clock_drift_ppm, line.clock_spread_ms
    style = "look" if spread is not None and spread > TRUSTED_SPREAD_MS else "text"
    return (
        None if offset is None else (f"clock {offset:+z.1f} ms", "text"),
        None if drift is None else (f"drift {drift:+z.0f} ppm", "text"),
        None if spread is None else (f"arrivals within {spread:.0f} ms", style),
    )


def _notes(line: DeviceLine, width: int) -> list[Row]:
    """Standing remarks that are no trouble."""
    notes = [note for note in line.notes if note != line.error]
    return [row("     ", *spans) for note in notes for spans in wrapped(note, width - 6, 2, "dim")]


def _last_error(line: DeviceLine, picture: Picture, width: int) -> list[Row]:
    """What was last wrong with a device that is well again, and how long ago."""
    age_s = picture.aged(line.last_error_age_s)
    if line.error or not line.last_error or age_s is None:
        return []
    ago = minutes(age_s) if age_s >= 60 else f"{age_s:.0f} s"
    return [row("     ", *spans) for spans in wrapped(f"last error, {ago} ago: {line.last_error}", width - 6, 2, "dim")]


def _trouble(line: DeviceLine, width: int) -> list[Row]:
    rows: list[Row] = []
    if line.error:
        rows += [row("     ", *spans) for spans in wrapped(line.error, width - 6, 2, "look")]
    if line.remedy and (line.error or line.state not in FRESH_STATES):
        rows += [row("     ", *spans) for spans in wrapped(f"→ {line.remedy}", width - 6, 2)]
    for part in line.attention:
        rows += [row("     ", *spans) for spans in wrapped(part.what, width - 6, 2, "look")]
        rows += [row("     ", *spans) for spans in wrapped(f"→ {part.remedy}", width - 6, 2)]
    return rows
