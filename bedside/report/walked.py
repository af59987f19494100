"""What the robot's own tables say of the walking, beside what the station heard: a table by another program."""

from collections.abc import Iterator

from bedside.events import RobotImported
from bedside.report.model import Section, Table
from bedside.visit.robot import fit_note
from bedside.visit.state import Visit


def sections(state: Visit) -> Iterator[Section]:
    """One section where a table was imported, else none."""
    if not state.robot_tables:
        return
    tables = tuple(
        Table(caption=f"{table.file}, read by {table.mapping}", head=("what", "value"), rows=tuple(_rows(state, table)))
        for table in state.robot_tables
    )
    warnings = tuple(words for table in state.robot_tables for words in _warnings(state, table))
    words = "As the robot's own program exported it; nothing of it was measured by this box."
    yield Section(title="Robot's own table", paragraphs=(words,), warnings=warnings, tables=tables)


def _rows(state: Visit, table: RobotImported) -> Iterator[tuple[str, str]]:
    ahead = f", the robot's clock {table.clock_ahead_s:+g} s taken off" if table.clock_ahead_s else ""
    yield "rows", str(table.rows)
    yield "from, to", f"{table.first_utc}, {table.last_utc}{ahead}"
    yield "walking", _told(None if table.walk_s is None else table.walk_s / 60, ".1f", "min")
    yield "distance", _told(table.distance_m, ".0f", "m")
    yield "speed while walking, mean", _told(table.mean_speed_kmh, ".2f", "km/h")
    yield "speed, highest", _told(table.max_speed_kmh, ".2f", "km/h")
    yield "body weight support, mean", _support(state, table.mean_support_kg)
    lowest, highest = (_support(state, load_kg) for load_kg in (table.min_support_kg, table.max_support_kg))
    yield "body weight support, lowest and highest", f"{lowest}, {highest}"
    yield "program", table.source
    yield "SHA-256", table.sha256


def _told(value: float | None, form: str, unit: str) -> str:
    return "the table does not tell" if value is None else f"{value:{form}} {unit}"


def _pct(state: Visit, load_kg: float | None) -> float | None:
    weight_kg = state.answer("screening", "weight_kg")
    if load_kg is None or isinstance(weight_kg, bool) or not isinstance(weight_kg, int | float) or weight_kg <= 0:
        return None
    return 100.0 * load_kg / weight_kg


def _support(state: Visit, load_kg: float | None) -> str:
    pct = _pct(state, load_kg)
    share = "" if pct is None else f" ({pct:.0f} % of today's weight)"
    return _told(load_kg, ".1f", "kg") + share


def _warnings(state: Visit, table: RobotImported) -> Iterator[str]:
    rule = state.setup.study.robot
    if not table.verified:
        yield f"{table.file}: nobody has checked the mapping {table.mapping} on a session whose numbers are known."
    if table.outside_s:
        yield f"{table.file}: {table.outside_s:.0f} s of it lie outside this visit."
    if rule is not None and table.max_speed_kmh is not None and table.max_speed_kmh > rule.envelope_kmh[1]:
        yield f"{table.file}: {table.max_speed_kmh:.2f} km/h is faster than the {rule.envelope_kmh[1]:g} km/h allowed."
    for item, value in (("speed_kmh", table.mean_speed_kmh), ("support_pct", _pct(state, table.mean_support_kg))):
        if value is not None and (note := fit_note(rule, item, round(value, 2))):
            yield f"{table.file}: the mean {'speed' if item == 'speed_kmh' else 'support'} is {note}."
