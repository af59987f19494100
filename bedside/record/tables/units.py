"""Units of other programs' tables: which belong together, and what a number in one is in another."""

import re
from typing import NamedTuple


class Unit(NamedTuple):
    """What is measured, and how many of the quantity's first unit one of this is."""

    quantity: str
    worth: float


UNITS: dict[str, Unit] = {
    "km/h": Unit("speed", 1.0),
    "m/s": Unit("speed", 3.6),
    "cm/s": Unit("speed", 0.036),
    "mm/s": Unit("speed", 0.0036),
    "m/min": Unit("speed", 0.06),
    "mph": Unit("speed", 1.609344),
    "s": Unit("time", 1.0),
    "ms": Unit("time", 0.001),
    "min": Unit("time", 60.0),
    "h": Unit("time", 3600.0),
    "m": Unit("length", 1.0),
    "cm": Unit("length", 0.01),
    "mm": Unit("length", 0.001),
    "km": Unit("length", 1000.0),
    "kg": Unit("mass", 1.0),
    "g": Unit("mass", 0.001),
    "lb": Unit("mass", 0.45359237),
    "%": Unit("share", 1.0),
    "1": Unit("share", 100.0),
    "deg": Unit("angle", 1.0),
    "rad": Unit("angle", 57.29577951308232),
    "deg/s": Unit("rotation", 1.0),
    "rad/s": Unit("rotation", 57.29577951308232),
    "Nm": Unit("torque", 1.0),
    "N": Unit("force", 1.0),
    "m/s2": Unit("acceleration", 1.0),
    "mg": Unit("acceleration", 0.00980665),
    "1/cm": Unit("curvature", 1.0),
    "1/mm": Unit("curvature", 10.0),
    "1/m": Unit("curvature", 0.01),
    "cm2": Unit("area", 1.0),
    "mm2": Unit("area", 0.01),
    "m2": Unit("area", 10000.0),
    "1/min": Unit("cadence", 1.0),
    "1/s": Unit("cadence", 60.0),
}
ALSO = {("g", "acceleration"): 9.80665, ("N", "mass"): 1 / 9.80665}
"""What a unit is worth of another quantity, where the column says which is meant: standard gravity, and weight."""
CLOCK = "h:min:s"
"""A time of day or of a session, written 0:12:30 or 12:30; counted in seconds."""
SPELLINGS = {
    "kmh": "km/h",
    "kph": "km/h",
    "km/hr": "km/h",
    "mi/h": "mph",
    "sec": "s",
    "hr": "h",
    "percent": "%",
    "°": "deg",
    "degrees": "deg",
    "°/s": "deg/s",
    "dps": "deg/s",
    "m/s²": "m/s2",
    "m/s^2": "m/s2",
    "cm^2": "cm2",
    "mm^2": "mm2",
    "cm/cm2": "1/cm",
    "cm/cm²": "1/cm",
    "cm-1": "1/cm",
    "mm/mm2": "1/mm",
    "mm/mm²": "1/mm",
    "/min": "1/min",
    "n·m": "Nm",
    "n*m": "Nm",
    "cm²": "cm2",
    "mm²": "mm2",
    "m²": "m2",
    "steps/min": "1/min",
    "hh:mm:ss": CLOCK,
    "mm:ss": CLOCK,
    "lbs": "lb",
}
_LOWER = {name.lower(): name for name in (*UNITS, CLOCK)}
SUFFIXES = {
    "_kmh": "km/h",
    "_m_s": "m/s",
    "_cm_s": "cm/s",
    "_m_s2": "m/s2",
    "_deg_s": "deg/s",
    "_rad_s": "rad/s",
    "_s": "s",
    "_ms": "ms",
    "_min": "min",
    "_m": "m",
    "_cm": "cm",
    "_mm": "mm",
    "_kg": "kg",
    "_pct": "%",
    "_deg": "deg",
    "_nm": "Nm",
    "_n": "N",
    "_cm2": "cm2",
    "_per_min": "1/min",
    "_per_cm": "1/cm",
}
"""What the end of one of our names says about its unit."""


def unit_named(text: str) -> str | None:
    """The unit that `text` spells, in our spelling; None for one that is not known here."""
    bare = re.sub(r"\s+", "", text)
    lower = bare.lower()
    return SPELLINGS.get(lower) or (bare if bare in UNITS else _LOWER.get(lower))


def unit_of(name: str) -> str:
    """The unit in which values of our column `name` are, from the name's end; "" for a bare number or a word."""
    ends = sorted((end for end in SUFFIXES if name.endswith(end)), key=len)
    return SUFFIXES[ends[-1]] if ends else ""


def factor(given: str, wanted: str) -> float | None:
    """What to multiply a value in `given` by to have it in `wanted`; None where one is no measure of the other."""
    if given == wanted:
        return 1.0
    one, other = UNITS.get("s" if given == CLOCK else given), UNITS.get(wanted)
    if one is None or other is None:
        return None
    if one.quantity != other.quantity:
        meant = ALSO.get((given, other.quantity))
        return None if meant is None else meant / other.worth
    return one.worth / other.worth
