"""What stands beside the patient and who looks on: devices, robot, alarms, prompts, watchers."""

import msgspec

from bedside.events import Priority


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """The gait robot as last told; `source` "device" or "operator".

    `age_s` is since its last word, or since a person typed it; `support_above`: more than the study prescribes.
    """

    phase: str = "unknown"
    speed_kmh: float | None = None
    body_weight_support_kg: float | None = None
    body_weight_support_pct: float | None = None
    support_above: bool = False
    assist_pct: float | None = None
    e_stop: bool | None = None
    steps: int | None = None
    angles_deg: tuple[float, ...] = ()
    contacts: tuple[bool, ...] = ()
    source: str = ""
    age_s: float | None = None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm whose condition holds; `silenced_s` counts down the sound's pause."""

    id: str
    priority: Priority
    text: str
    remedy: str
    since_s: float
    silenced_s: float | None = None


class DeviceAttention(msgspec.Struct, frozen=True, kw_only=True):
    """Why a device that works cannot be used as it is now, and what to do."""

    what: str
    remedy: str


class DeviceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its link, and what it tells of itself. None: it does not tell, or it is not known yet.

    `lost` are samples lost of `received`, `dropped` frames or samples as the link counts them; `clock_*` compare the
    device's clock with the station's; `attention` is what somebody has to see to, `notes` are standing remarks.
    `last_error` is the newest error, said `last_error_age_s` ago (real s), also of a device that is well again.
    """

    name: str
    role: str
    address: str
    state: str
    age_s: float | None
    simulated: bool
    error: str = ""
    remedy: str = ""
    dropped: int = 0
    reconnects: int = 0
    battery_pct: float | None = None
    rssi_dbm: int | None = None
    rate_hz: float | None = None
    received: int = 0
    lost: int = 0
    clock_offset_ms: float | None = None
    clock_drift_ppm: float | None = None
    clock_spread_ms: float | None = None
    attention: tuple[DeviceAttention, ...] = ()
    notes: tuple[str, ...] = ()
    last_error: str = ""
    last_error_age_s: float | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a person must do by hand now; `expects` is the value to read back, None for a plain yes."""

    id: str
    text: str
    expects: int | None = None


class Watcher(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody attached to the station."""

    client: str
    role: str
    user: str
    controls: bool
    since_s: float


class Interruption(msgspec.Struct, frozen=True, kw_only=True):
    """An interrupted visit waiting for a person's word."""

    reason: str
    certain: str
    uncertain: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One recent event in words."""

    n: int
    utc: str
    text: str
