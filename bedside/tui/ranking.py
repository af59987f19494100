"""How well a device is, for every panel that shows devices."""

from bedside.snapshot import DeviceLine

FRESH_STATES = frozenset({"ok"})
LOW_BATTERY_PCT = 20.0
LOSS_ALLOWED = 0.01
LEAST_RECEIVED = 20
"""Of fewer samples no share is told."""
DOUBTFUL, WELL = 1, 2


def rank(line: DeviceLine) -> int:
    """0 for a device that cannot be heard, 1 for one that is doubtful, 2 for one that is well."""
    if line.state not in FRESH_STATES:
        return 0
    return DOUBTFUL if line.error or line.attention or low(line) or lossy(line) else WELL


def low(line: DeviceLine) -> bool:
    """The battery will not last a visit."""
    return line.battery_pct is not None and line.battery_pct < LOW_BATTERY_PCT


def lossy(line: DeviceLine) -> bool:
    """More was lost than a good link loses."""
    whole = line.received + line.lost
    return whole >= LEAST_RECEIVED and line.lost > LOSS_ALLOWED * whole
