"""What an LSL stream says about its unit, in microvolts."""

_UV_PER_UNIT = {
    "uv": 1.0,
    "\u00b5v": 1.0,
    "\u03bcv": 1.0,
    "microvolt": 1.0,
    "microvolts": 1.0,
    "mv": 1e3,
    "millivolt": 1e3,
    "millivolts": 1e3,
    "v": 1e6,
    "volt": 1e6,
    "volts": 1e6,
    "nv": 1e-3,
    "nanovolts": 1e-3,
}
UNITS = ("uV", "mV", "V", "nV")


def uv_per_unit(unit: str) -> float | None:
    """How many microvolts one of `unit` is; None where that is not known."""
    return _UV_PER_UNIT.get(unit.strip().lower())
