"""The station's socket protocol: one JSON object a line, both ways, msgspec structs tagged by `t`.

The station speaks first (`Hello`), then sends a `Snapshot` on change (at most ten a second), every journalled event
the role may see, and waveforms. Waveforms may be dropped for a slow reader (`dropped` says how many), events never.
A client sends `Request`s, each answered by one `Reply`, and `Beat` at least every 0.3 s while it controls.
"""

from typing import Literal

import msgspec

from bedside.commands import AnyCommand
from bedside.events import Envelope, Role
from bedside.snapshot import Snapshot

PROTOCOL = 1
MAX_LINE_BYTES = 64 * 1024


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="hello"):
    """First line of the station: protocol, box, the role granted and this client's id."""

    protocol: int
    box: str
    software: str
    role: Role
    client: str
    n: int


class SnapshotMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="snapshot"):
    """The whole picture."""

    snapshot: Snapshot


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="event"):
    """One journalled event."""

    envelope: Envelope


class Wave(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="wave"):
    """Live EMG for drawing: per channel and column the lowest and highest value in `column_ms` of signal.

    `low` and `high` are base64 of little-endian int16, shape (columns, channels), in units of `uv_per_count`.
    `first_column` counts from the start of acquisition; `pulses` are columns (same count) with a pulse in them.
    """

    first_column: int
    column_ms: float
    channels: tuple[str, ...]
    uv_per_count: float
    low: str
    high: str
    pulses: tuple[int, ...] = ()
    dropped: int = 0


class Sweep(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="sweep"):
    """One evoked response for the overlay: `samples` is base64 of int16, shape (n,), per channel, raw (unfiltered),
    resampled to `rate_hz`; sample `zero` is the pulse.
    """

    pulse: int
    channels: tuple[str, ...]
    rate_hz: float
    zero: int
    uv_per_count: float
    samples: tuple[str, ...]


class Live(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="live"):
    """Live values of an assessment's sensors for drawing, about 20 messages a second; never measured from.

    `stream` "cop": x_cm, y_cm (right and forward positive), left_pct, load_kg. "knee": left_deg, right_deg, left_rpm,
    right_rpm. "feet": the last stride of `foot` as forward_cm, height_cm. One row a sample, its time in `seconds`
    (visit time); None: not known.
    """

    stream: Literal["cop", "knee", "feet"]
    names: tuple[str, ...]
    seconds: tuple[float, ...]
    rows: tuple[tuple[float | None, ...], ...]
    foot: str = ""
    dropped: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="reply"):
    """The answer to one request: done, or refused with a reason and what to do.

    A snapshot whose `n` is at least this one's shows what the request changed.
    """

    id: int
    ok: bool
    n: int = 0
    reason: str = ""
    remedy: str = ""


class Goodbye(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="goodbye"):
    """The station closes this connection, for the `reason`."""

    reason: str


ServerMessage = Hello | SnapshotMessage | EventMessage | Wave | Sweep | Live | Reply | Goodbye


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="request", forbid_unknown_fields=True):
    """One command with an id that makes repeating it safe.

    `expect` is the journal number the client had seen; a request that would act on an older picture of a step is
    refused as stale. `stop` is never stale.
    """

    id: int
    command: AnyCommand
    expect: int | None = None


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="beat", forbid_unknown_fields=True):
    """I am alive and painting."""


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="subscribe", forbid_unknown_fields=True):
    """Which streams this client wants, and from which event on (`since`, exclusive)."""

    waves: bool = True
    events: bool = True
    snapshots: bool = True
    since: int | None = None


ClientMessage = Request | Beat | Subscribe

SocketName = Literal["control.sock", "observe.sock", "assess.sock", "admin.sock"]
SOCKETS: dict[Role, SocketName] = {
    "control": "control.sock",
    "observe": "observe.sock",
    "assess": "assess.sock",
    "admin": "admin.sock",
}
