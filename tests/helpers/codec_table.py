"""Every codec that takes bytes from a device: how it is made, what its device says, how fast, and how it is cut.

Adding a codec is adding a line to `CODECS`. Valid frames come from the far ends' own encoders in `hal.sim`; where a far
end keeps its encoding inside a device, the bytes are put together in `device_frames`, apart from the drivers.
"""

import dataclasses
import random
from collections.abc import Callable, Hashable
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np

from hal.drivers.current import escd_codec
from hal.drivers.emg import bitalino_codec, cyton_codec, delsys_codec, quattrocento_codec, sessantaquattro_codec
from hal.drivers.gait import corc_codec, ftms_codec, openexo_codec, trackmaster_codec
from hal.drivers.motion import capture2go_codec, dot_codec, nus_imu_codec, witmotion_codec
from hal.drivers.plate import balance_board_codec, force_board_codec
from hal.drivers.stimulator import magpro_codec, magstim_codec, magstim_messages
from hal.links import telnet_port
from tests.helpers import device_frames as far

Feed = Callable[[bytes], Any]
Unit = tuple[bytes, ...]
"""The bytes of one message; more than one piece where a message takes several notifications."""
POOL = 768
"""Frames made of one codec; a multiple of all small counters, so that the pool can be gone through again and again."""


@dataclasses.dataclass(frozen=True)
class Codec:
    """A line of the table. `framing`: "stream" finds its frames; "packets" gets them whole; "rows" counts bytes.

    `make` gives an object whose `feed` takes bytes. `line_bytes_s` is the device's full rate, `source` where the number
    comes from. `chunk` is what a read usually brings (bytes). A false frame may keep the codec waiting for `waits`
    bytes; after a feed it holds `holds` at most.
    """

    name: str
    make: Callable[[], Any]
    units: Callable[[random.Random], list[Unit]]
    line_bytes_s: float
    source: str
    framing: Literal["stream", "packets", "rows"] = "stream"
    chunk: int = 64
    waits: int = 0
    holds: int = 512
    traps: tuple[bytes, ...] = ()
    """Beginnings of what no valid frame of the pool begins with: greetings, long counts, announcements."""
    silent_shift: int = 1
    """Rows: garbage of a multiple of so many bytes leaves whole samples, or what cannot be told from them."""
    wrap: Callable[[bytes], bytes] = bytes
    """A piece of the stream, as the transport brings it."""

    @cached_property
    def pool(self) -> list[Unit]:
        """`POOL` messages from one seed."""
        return self.units(random.Random(self.name))

    @cached_property
    def pool_messages(self) -> list[Hashable]:
        """What the codec makes of the pool, one message a unit."""
        messages = self.messages(self.make().feed, [piece for unit in self.pool for piece in unit])
        assert len(messages) == len(self.pool), f"{self.name}: {len(messages)} messages of {len(self.pool)} frames"
        return messages

    def messages(self, feed: Feed, pieces: list[bytes]) -> list[Hashable]:
        """All whole messages of `pieces`, as values that can be compared."""
        return [key(message) for piece in pieces for message in whole(feed(self.wrap(piece)))]

    def stretch(self, chance: random.Random, least_bytes: int, least: int = 4) -> tuple[list[Unit], list[Hashable]]:
        """Consecutive frames of the pool, at least so many bytes and frames, and their messages."""
        start, size, count = chance.randrange(len(self.pool)), 0, 0
        while size < least_bytes or count < least:
            size += sum(map(len, self.pool[(start + count) % len(self.pool)]))
            count += 1
        places = [(start + step) % len(self.pool) for step in range(count)]
        return [self.pool[at] for at in places], [self.pool_messages[at] for at in places]


def whole(fed: Any) -> list[Any]:
    """The whole messages of what a `feed` returned: a list of them, one or none, or rows of an array."""
    if fed is None:
        return []
    return list(fed) if isinstance(fed, list | np.ndarray) else [fed]


def key(message: Any) -> Hashable:
    """A message as a value that can be compared and hashed."""
    if isinstance(message, np.ndarray):
        return message.tobytes()
    if dataclasses.is_dataclass(message):
        fields = dataclasses.fields(message)
        return (type(message).__name__, *(key(getattr(message, field.name)) for field in fields))
    return message if isinstance(message, Hashable) else repr(message)


def held_bytes(thing: Any, depth: int = 4) -> int:
    """Bytes (and list places) that an object keeps in itself."""
    if isinstance(thing, bytes | bytearray | str):
        return len(thing)
    if isinstance(thing, np.ndarray):
        return int(thing.nbytes)
    if depth == 0:
        return 0
    if isinstance(thing, list | tuple | set):
        return len(thing) + sum(held_bytes(part, depth - 1) for part in thing)
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return sum(held_bytes(getattr(thing, field.name), depth - 1) for field in dataclasses.fields(thing))
    return sum(held_bytes(part, depth - 1) for part in getattr(thing, "__dict__", {}).values())


class Payloads:
    """The DOT's payloads, which have no state: one notification is one sample or none."""

    def feed(self, data: bytes) -> Any:
        return dot_codec.parse(dot_codec.CUSTOM_5, data)


def _singly(frames: Callable[[random.Random, int], list[bytes]]) -> Callable[[random.Random], list[Unit]]:
    return lambda chance: [(frame,) for frame in frames(chance, POOL)]


def _paired(chance: random.Random) -> list[Unit]:
    return far.ftms(chance, POOL)


RAPID = magstim_messages.shapes("rapid2", 9)
QUATTROCENTO_CHANNELS = 408
SETTINGS_16 = sessantaquattro_codec.Settings(rate_hz=4000, channels=64, mode="monopolar")
SETTINGS_24 = sessantaquattro_codec.Settings(rate_hz=4000, channels=64, mode="monopolar", bits=24)
BLE_SHORTEST_INTERVAL_S = 0.0075

CODECS = (
    Codec(
        "magpro",
        magpro_codec.StreamParser,
        _singly(far.magpro),
        3840,
        "38400 baud, 8N1",
        waits=36,
        holds=64,
    ),
    Codec(
        "magstim",
        partial(magstim_codec.ReplyParser, RAPID),
        _singly(far.magstim),
        960,
        "9600 baud, 8N1",
        waits=28,
        holds=96,
        traps=(b"N9.0.1", b"N", b"?", b"\\", b"S?"),
    ),
    Codec(
        "quattrocento",
        partial(quattrocento_codec.SampleStream, QUATTROCENTO_CHANNELS),
        _singly(far.quattrocento),
        408 * 2 * 10240,
        "408 channels of 16 bit at 10240 Hz",
        "rows",
        chunk=163_840,
        waits=816,
        silent_shift=816,
        holds=816,
    ),
    Codec(
        "sessantaquattro 16 bit",
        partial(sessantaquattro_codec.SampleStream, SETTINGS_16.columns, 16),
        _singly(far.sessantaquattro_16),
        68 * 2 * 4000,
        "68 channels of 16 bit at 4000 Hz",
        "rows",
        chunk=8192,
        waits=136,
        silent_shift=136,
        holds=136,
    ),
    Codec(
        "sessantaquattro 24 bit",
        partial(sessantaquattro_codec.SampleStream, SETTINGS_24.columns, 24),
        _singly(far.sessantaquattro_24),
        68 * 3 * 4000,
        "68 channels of 24 bit at 4000 Hz",
        "rows",
        chunk=8192,
        waits=204,
        silent_shift=204,
        holds=204,
    ),
    Codec(
        "delsys samples",
        delsys_codec.SampleStream,
        _singly(far.delsys_samples),
        16 * 4 * 2000,
        "16 sensors of float32 at 2000 Hz",
        "rows",
        chunk=1280,
        waits=64,
        silent_shift=4,
        holds=64,
    ),
    Codec(
        "delsys replies",
        delsys_codec.Replies,
        _singly(far.delsys_replies),
        1000,
        "taken: 100 replies of 10 bytes a second, far above what is ever asked",
        holds=delsys_codec.TEXT_LIMIT,
    ),
    Codec(
        "bitalino",
        partial(bitalino_codec.frame_finder, 6),
        _singly(far.bitalino),
        8 * 1000,
        "six channels, 8 bytes at 1000 Hz",
        waits=3 * 8,
        holds=64,
    ),
    Codec(
        "cyton",
        cyton_codec.packet_finder,
        _singly(far.cyton),
        33 * 250,
        "33 bytes at 250 Hz",
        waits=2 * 33,
        holds=2 * 33,
    ),
    Codec(
        "corc",
        corc_codec.FrameParser,
        _singly(far.corc),
        255 * 100,
        "255 bytes at 100 Hz",
        chunk=255,
        waits=255,
        holds=255,
    ),
    Codec(
        "openexo",
        openexo_codec.StreamParser,
        _singly(far.openexo),
        94 * 100,
        "frames of ten values of nine characters at 100 Hz",
        chunk=20,
        waits=100,
        holds=openexo_codec.MAX_GREETING_BYTES,
        traps=(b"READY", b"READYOpenExo|1.0|", b"S?99c", b"S?99c1n-2n", b"SSSS", b"\n", b"|"),
    ),
    Codec(
        "trackmaster",
        trackmaster_codec.StreamParser,
        _singly(far.trackmaster),
        480,
        "4800 baud, 8N1",
        chunk=5,
        waits=5,
        holds=8,
    ),
    Codec(
        "ftms",
        ftms_codec.TreadmillParser,
        _paired,
        20 / BLE_SHORTEST_INTERVAL_S,
        "taken: 20 bytes every 7.5 ms, the shortest connection interval; treadmills say less",
        "packets",
        holds=ftms_codec.MOST_TAIL_BYTES + 16,
        traps=(b"\x01\x00", b"\x01\xe0tail", b"\xff\xff"),
    ),
    Codec(
        "balance_board",
        balance_board_codec.BoardReports,
        _singly(far.balance_board),
        22 * 100,
        "the longest report, 22 bytes, at 100 Hz",
        "packets",
        holds=0,
    ),
    Codec(
        "force_board",
        force_board_codec.ForceBoardLines,
        _singly(far.force_board),
        11520,
        "115200 baud, 8N1",
        holds=force_board_codec.MOST_LINE_BYTES,
        traps=(b"#bedside-board 1 cells=8 rate=80", b"#", b"\r", b"\n"),
    ),
    Codec(
        "escd",
        escd_codec.StreamParser,
        _singly(far.escd),
        11520,
        "115200 baud, 8N1",
        waits=escd_codec.MAX_PAYLOAD + escd_codec.OVERHEAD,
        holds=64,
    ),
    Codec(
        "witmotion",
        witmotion_codec.FrameReader,
        _singly(far.witmotion),
        20 * 200,
        "20 bytes at 200 Hz",
        chunk=20,
        waits=42,
        holds=64,
    ),
    Codec(
        "capture2go",
        capture2go_codec.PackageReader,
        _singly(far.capture2go),
        171 * 25 + 27,
        "packages of eight samples at 200 Hz, one status a second",
        chunk=200,
        waits=244,
        holds=256,
        wrap=lambda piece: b"\xff" + piece,
    ),
    Codec(
        "movella_dot",
        Payloads,
        _singly(far.dot),
        44 * 60,
        "payloads of 44 bytes at 60 Hz",
        "packets",
        holds=0,
    ),
    Codec(
        "nus_imu",
        nus_imu_codec.FrameReader,
        _singly(far.nus_imu),
        (14 + 18 * 10) * 20,
        "frames of ten samples with a magnetometer at 200 Hz",
        chunk=194,
        waits=14 + 18 * 19,
        holds=384,
    ),
    Codec(
        "control lines (RFC 2217)",
        telnet_port.Decoder,
        _singly(far.modem_states),
        14000,
        "2000 changes a second, seven bytes each",
        holds=telnet_port.MAX_OPTION,
        traps=(b"\xff\xfa", b"\xff\xff", b"\xff\xfb", b"\xff"),
    ),
)
BY_NAME = {codec.name: codec for codec in CODECS}
