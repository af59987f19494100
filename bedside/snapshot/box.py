"""What stands beside the patient and who looks on: devices, robot, alarms, prompts, watchers."""

from typing import Literal

import msgspec

from bedside.events import BeltOrder, Priority


class Belt(msgspec.Struct, frozen=True, kw_only=True):
    """A treadmill's belt that this box commands. `state` is the machine's word: nothing but "rest" says that it stands.

    `doing` is the order under way, `asked_kmh` the speed asked last, None where none is asked now. `start`, `faster`
    and `slower` say why that order would be refused now, "" where it would be carried out; a stop never is. `failed`:
    what became of the last order, where it was not carried out.
    """

    state: Literal["rest", "moving", "unknown"]
    doing: BeltOrder | None = None
    asked_kmh: float | None = None
    start_kmh: float | None = None
    faster_kmh: float | None = None
    slower_kmh: float | None = None
    start: str = ""
    faster: str = ""
    slower: str = ""
    failed: str = ""


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """The gait robot as last told; `source` "device" or "operator".

    `age_s` is since its last word, or since a person typed it; `support_above`: more than the study prescribes.
    `belt` only of a treadmill that this box commands.
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
    belt: Belt | None = None


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
