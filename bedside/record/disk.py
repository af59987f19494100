"""How much room stimulation and recording need: rules over a number of free bytes.

Twice the planned visit to start, and a floor below which no dose is begun, as insulin-pump loops do (AndroidAPS stops
its loop under 200 MB). Raw samples stop before the journal does, because the journal counts the dose.
"""

import msgspec

MB = 1_000_000


class DiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Free bytes below which something is no longer done."""

    start_bytes: int = 2000 * MB
    start_factor: float = 2.0
    warn_bytes: int = 1000 * MB
    stimulate_bytes: int = 200 * MB
    raw_bytes: int = 100 * MB


class DiskState(msgspec.Struct, frozen=True, kw_only=True):
    """What the free room allows; `reason` and `remedy` are empty when there is plenty."""

    free_bytes: int
    may_stimulate: bool
    may_record: bool
    warn: bool
    reason: str = ""
    remedy: str = ""


_REMEDY = "send and release old visits (bedside sync), or fit a larger disk"


def disk_state(free_bytes: int, limits: DiskLimits) -> DiskState:
    """What may go on with `free_bytes` left."""
    warn = free_bytes < limits.warn_bytes
    may_stimulate = free_bytes >= limits.stimulate_bytes
    may_record = free_bytes >= limits.raw_bytes
    reason = ""
    if not may_record:
        reason = f"disk nearly full, {free_bytes // MB} MB free: no samples are recorded and no new stimulation begins"
    elif not may_stimulate:
        reason = f"disk nearly full, {free_bytes // MB} MB free: no new stimulation begins"
    elif warn:
        reason = f"{free_bytes // MB} MB free on the data disk"
    return DiskState(
        free_bytes=free_bytes,
        may_stimulate=may_stimulate,
        may_record=may_record,
        warn=warn,
        reason=reason,
        remedy=_REMEDY if warn else "",
    )


def start_refusal(free_bytes: int, planned_bytes: int, limits: DiskLimits) -> str | None:
    """Why a visit that will write `planned_bytes` may not start, or None when it may."""
    needed = max(limits.start_bytes, int(limits.start_factor * planned_bytes))
    if free_bytes >= needed:
        return None
    return f"a visit needs {needed // MB} MB free on the data disk, {free_bytes // MB} MB are left: {_REMEDY}"


def planned_bytes(channels: int, rate_hz: float, bytes_per_sample: int, duration_s: float) -> int:
    """Bytes of samples that a recording of `duration_s` writes, with a tenth for framing and the other streams."""
    return int(1.1 * channels * rate_hz * bytes_per_sample * duration_s)
