"""What a recording holds: the streams, and the bytes of one message of each.

Samples are ROS 1 messages and everything else is JSON with a JSON schema: both describe themselves inside the file and
open in Foxglove, PlotJuggler and the MCAP libraries with no help from us.
"""

import json
import struct
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Dtype = Literal["int16", "int32", "float32", "float64"]
Samples = NDArray[Any]

OFFSET = "offset_ms"
"""A first channel of this name holds each sample's time after `first_mono_ns`, where samples are not evenly spaced."""

PLATE = "plate"
"""The place of a force plate or board."""

_HEAD = struct.Struct("<QqHI")
_DEFINITION = """# A block of samples taken at the rate that the channel's metadata names.
uint64 first_sample  # number of the first sample since the stream began; a jump is a gap
int64 first_mono_ns  # station's monotonic time of the first sample
uint16 channels
{dtype}[] samples  # row by row: all channels of the first instant, then of the next; times units_per_count
"""


class SampleStream(msgspec.Struct, frozen=True, kw_only=True):
    """Evenly sampled channels. A value in `units[i]` is the recorded number times `units_per_count[i]`.

    `place` is where the sensor was worn or stood, such as "foot_left" or "plate"; empty where nobody said.
    """

    name: str
    rate_hz: float
    channels: tuple[str, ...]
    units: tuple[str, ...]
    units_per_count: tuple[float, ...]
    dtype: Dtype = "int16"
    device: str = ""
    place: str = ""

    def __post_init__(self) -> None:
        if not len(self.channels) == len(self.units) == len(self.units_per_count) > 0:
            raise ValueError(f"stream {self.name}: channels, units and units_per_count must be equally many")
        if self.rate_hz <= 0:
            raise ValueError(f"stream {self.name}: rate_hz must be positive, not {self.rate_hz}")


class StateStream(msgspec.Struct, frozen=True, kw_only=True):
    """Things that happen now and then: one JSON object each. `properties` are JSON-schema types by field."""

    name: str
    properties: dict[str, str]


Stream = SampleStream | StateStream
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in (SampleStream, StateStream)
}

PULSES = StateStream(name="pulses", properties={"source": "string", "course": "integer", "amplitude_pct_mso": "number"})
CLOCKS = StateStream(name="clocks", properties={"device": "string", "counter": "integer", "mono_ns": "integer"})
ROBOT = StateStream(
    name="robot",
    properties={"phase": "string", "speed_kmh": "number", "body_weight_support_kg": "number", "steps": "integer"},
)


STAMPS = SampleStream(
    name="emg_stamps", rate_hz=1.0, channels=("sender_s",), units=("s",), units_per_count=(1.0,), dtype="float64"
)
OFFSETS = StateStream(name="emg_offsets", properties={"offset_s": "number"})
MAGNETIC = StateStream(name="magnetic", properties={"device": "string", "mono_ns": "integer"})
RAILS = StateStream(name="rails", properties={"device": "string", "where": "array", "samples": "integer"})
"""For each block with samples at an end of the device's range: which inputs, and in how many samples at most."""
CURRENT = StateStream(name="current", properties={"phase": "string", "measured_ma": "number"})
CONTACTS = StateStream(name="contacts", properties={"device": "string", "use": "string", "active": "boolean"})


class Block(msgspec.Struct, frozen=True):
    """Decoded samples: `values` has shape (n, channels) and the recorded type."""

    first_sample: int
    first_mono_ns: int
    values: Samples


def schema_of(stream: Stream) -> tuple[str, str, str, bytes]:
    """Message encoding, schema name, schema encoding and schema text of a stream."""
    if isinstance(stream, SampleStream):
        name = f"bedside/Samples{stream.dtype.capitalize()}"
        return "ros1", name, "ros1msg", _DEFINITION.format(dtype=stream.dtype).encode()
    properties = {name: {"type": kind} for name, kind in stream.properties.items()}
    schema = {"title": f"bedside.{stream.name}", "type": "object", "properties": properties}
    return "json", f"bedside.{stream.name}", "jsonschema", json.dumps(schema).encode()


def metadata_of(stream: Stream) -> dict[str, str]:
    """What the MCAP channel says about the stream: enough to build it again with `stream_of`."""
    return {"bedside.stream": msgspec.json.encode(stream).decode(), "bedside.kind": type(stream).__name__}


def stream_of(metadata: dict[str, str]) -> Stream | None:
    """The stream that an MCAP channel's metadata describe, None for a channel of another program."""
    decoder = _DECODERS.get(metadata.get("bedside.kind", ""))
    if decoder is None:
        return None
    try:
        stream: Stream = decoder.decode(metadata.get("bedside.stream", ""))
    except msgspec.MsgspecError:
        return None
    return stream


def encode_block(stream: SampleStream, first_sample: int, first_mono_ns: int, values: Samples) -> bytes:
    """One message with `values` of shape (n, channels); raises ValueError for another shape or type."""
    if values.ndim != 2 or values.shape[1] != len(stream.channels) or values.dtype != np.dtype(stream.dtype):
        wanted = f"(n, {len(stream.channels)}) of {stream.dtype}"
        raise ValueError(f"stream {stream.name}: samples must be {wanted}, not {values.shape} of {values.dtype}")
    head = _HEAD.pack(first_sample, first_mono_ns, len(stream.channels), values.size)
    return head + values.astype(np.dtype(stream.dtype).newbyteorder("<"), order="C", copy=False).tobytes()


def decode_block(stream: SampleStream, message: bytes) -> Block:
    """The samples of one message; raises ValueError when its length contradicts its head."""
    kind = np.dtype(stream.dtype).newbyteorder("<")
    if len(message) < _HEAD.size:
        raise ValueError(f"stream {stream.name}: a message of {len(message)} bytes is cut off")
    first_sample, first_mono_ns, channels, count = _HEAD.unpack_from(message)
    if channels != len(stream.channels) or len(message) != _HEAD.size + count * kind.itemsize or count % channels:
        raise ValueError(f"stream {stream.name}: a message does not hold {count} samples of {channels} channels")
    values = np.frombuffer(message, kind, count, _HEAD.size).reshape(-1, channels)
    return Block(first_sample, first_mono_ns, values)


def encode_state(data: dict[str, Any]) -> bytes:
    """One JSON message."""
    return msgspec.json.encode(data)
