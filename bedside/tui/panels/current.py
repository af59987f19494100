"""Direct current on the treatment's screen, under the name of what is really given."""

from bedside.snapshot import Current
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, age_text, minutes, number, row

LOUD = frozenset({"unknown", "fault"})


def current_rows(picture: Picture) -> list[Row]:
    """State and measurements, then clocks, density and charge; for blinded eyes the state and the clocks alone."""
    told = picture.snapshot.current
    if told is None:
        return []
    return [_state(picture, told), _numbers(picture, told)]


def _state(picture: Picture, told: Current) -> Row:
    head: Span = (f" {told.label:<6}", "accent")
    if not picture.link.up:
        return row(head, ("UNKNOWN - check device", "look"))
    style = "look" if told.fault or told.phase in LOUD or told.words.startswith("UNKNOWN") else "strong"
    words: Span = (f"{told.fault or told.words}", style)
    if told.asked_ma is None:
        return row(head, words)
    if picture.private:
        return row(head, words, ("  numbers hidden (F9)", "dim"))
    parts = [
        "" if told.measured_ma is None else f"{told.measured_ma:.2f} of {told.asked_ma:.1f} mA",
        "" if told.impedance_kohm is None else f"{told.impedance_kohm:.1f} kOhm",
        f"battery {number(told.battery_pct, 0, '%')}",
        age_text(picture.aged(told.age_s)) if told.age_s is not None else "never heard",
    ]
    return row(head, words, ("  " + "  ".join(part for part in parts if part), "text"))


def _numbers(picture: Picture, told: Current) -> Row:
    known = picture.link.up and told.phase != "unknown"
    clocks = f"elapsed {minutes(told.elapsed_s)} left {minutes(told.remaining_s)}" if known else "time not known"
    head: Span = (f"{'':7}{clocks}", "text")
    if told.plateau_c is None or picture.private:
        return row(head)
    given = number(told.given_c, 2, "C")
    density = f"{told.density_ma_cm2:.2f} mA/cm2 {told.charge_density_c_cm2:.2g} C/cm2"
    return row(head, (f"  {density} {told.plateau_c:.2g} C, given {given}", "text"))
