"""The station itself: it starts and ends, its clock, its devices, who is attached, its recording of samples."""

from bedside.events.base import EVERYONE, Event, Role


class StationStarted(Event, frozen=True, kw_only=True, tag="station.started"):
    """The station runs; `gap_s` is the wall-clock time since the last journalled event, None when unknown."""

    visible_to = EVERYONE
    software: str
    config_hash: str
    simulated: bool
    speed: float = 1.0
    gap_s: float | None = None


class StationStopped(Event, frozen=True, kw_only=True, tag="station.stopped"):
    """The station ends on request."""

    visible_to = EVERYONE
    reason: str


class ClockStepped(Event, frozen=True, kw_only=True, tag="clock.stepped"):
    """The wall clock jumped against the monotonic clock by `step_ms`; durations are not affected."""

    visible_to = EVERYONE
    step_ms: float


class DeviceChanged(Event, frozen=True, kw_only=True, tag="device.changed"):
    """A device's link changed state; `error` and `remedy` are words for a person."""

    device: str
    role: str
    address: str
    state: str
    error: str = ""
    remedy: str = ""


class ClientJoined(Event, frozen=True, kw_only=True, tag="client.joined"):
    """Someone attached to the station."""

    client: str
    role: Role
    user: str
    controls: bool


class ClientLeft(Event, frozen=True, kw_only=True, tag="client.left"):
    """A client went, or was put out for the `reason`."""

    client: str
    reason: str


class ControlTaken(Event, frozen=True, kw_only=True, tag="client.control"):
    """The one controlling client is now this one."""

    client: str
    user: str


class SignedIn(Event, frozen=True, kw_only=True, tag="staff.signed_in"):
    """A person signed in at the kiosk; what follows is attributed to them."""

    user: str
    name: str
    profession: str


class CommandRefused(Event, frozen=True, kw_only=True, tag="command.refused"):
    """A command was not carried out."""

    command: str
    reason: str


class RecordingStarted(Event, frozen=True, kw_only=True, tag="raw.started"):
    """Samples are being written to `folder` (relative to the visit's folder)."""

    folder: str
    streams: tuple[str, ...]


class RawSealed(Event, frozen=True, kw_only=True, tag="raw.sealed"):
    """A closed segment of samples, bound into the journal's chain by its hash."""

    name: str
    size_bytes: int
    sha256: str
    first_mono_ns: int
    last_mono_ns: int
    samples: dict[str, int]


class RecordingStopped(Event, frozen=True, kw_only=True, tag="raw.stopped"):
    """Samples are no longer written."""

    reason: str


class RecordFault(Event, frozen=True, kw_only=True, tag="record.fault"):
    """Writing failed or samples were dropped on the way to the disk."""

    text: str
    remedy: str
    dropped: int = 0
