"""MagVenture MagPro on the wire: frames, enumerations and limits, the same in both directions.

A frame is `FE LEN BODY[LEN] CRC FF`: LEN and CRC cover the body alone, BODY[0] is the id. FE and FF are not escaped,
so a reader goes by length and checks, never by searching for an end byte. Source: public drivers (MAGIC, magicpy,
Koponen's MagProController, xiangruili's TMS, NeuroSimo), read for facts; none of it was tried on a device by us.
"""

from enum import IntEnum

from hal.crc import crc8_maxim as crc8

START = 0xFE
END = 0xFF
OVERHEAD = 4
MAX_BODY = 32
"""Longest body believed (bytes). Known ones reach 15; a larger LEN is noise, and waiting for it would deafen us."""


class Mode(IntEnum):
    """Stimulation mode, flags bits 0-1."""

    STANDARD = 0
    POWER = 1
    TWIN = 2
    DUAL = 3


class Waveform(IntEnum):
    """Pulse waveform, flags bits 2-3."""

    MONOPHASIC = 0
    BIPHASIC = 1
    HALF_SINE = 2
    BIPHASIC_BURST = 3


class Model(IntEnum):
    """Model, flags bits 5-7."""

    R30 = 0
    X100 = 1
    R30_OPTION = 2
    X100_OPTION = 3
    R30_OPTION_MONO = 4
    MST = 5


class Page(IntEnum):
    """Page shown on the device's screen."""

    MAIN = 1
    TIMING = 2
    TRIGGER = 3
    CONFIGURE = 4
    DOWNLOAD = 6
    PROTOCOL = 7
    MEP = 8
    SERVICE = 13
    TREATMENT = 15
    TREATMENT_SELECT = 16
    SERVICE_2 = 17
    CALCULATOR = 19


class TimingControl(IntEnum):
    """What paces a train; bit 4 of the same byte (0.1 Hz rate steps) is masked off before comparing."""

    SEQUENCE = 0
    EXTERNAL_TRIGGER = 1
    EXTERNAL_START = 2
    EXTERNAL_CONTINUE = 3


BURST_INTERVALS_MS: tuple[float, ...] = (
    *(float(100 - index) for index in range(80)),
    *(20 - index / 2 for index in range(20)),
    *(round(10 - index / 10, 1) for index in range(96)),
)
"""Between pulses of a burst (ms), by the index of message 09: 100 to 20 by 1, to 10 by 0.5, to 0.5 by 0.1."""

MODEL_NAMES: dict[int, str] = {
    Model.R30: "MagPro R30",
    Model.X100: "MagPro X100",
    Model.R30_OPTION: "MagPro R30+Option",
    Model.X100_OPTION: "MagPro X100+Option",
    Model.R30_OPTION_MONO: "MagPro R30+Option+Mono",
    Model.MST: "MagPro MST",
}

_PAGE_NAMES: dict[int, str] = {page: page.name.replace("_", " ").capitalize() for page in Page}

COIL_NAMES = {
    56: "Cool-B35",
    60: "Cool-B65",
    62: "MCF-B65",
    63: "MCF-P-B65",
    64: "Cool-B65 A/P",
    72: "C-B60",
    73: "C-B70",
    81: "MC-125",
    82: "MC-B70",
    86: "D-B80",
}
"""Coil type numbers seen by public drivers. 0 means nothing: the device may be set not to tell its coil."""


def model_name(model: int) -> str:
    """The model as printed on the device, or its number when no public driver knows it."""
    return MODEL_NAMES.get(model, f"MagPro model {model}")


def page_name(page: int) -> str:
    """The page in words, or its number when no public driver knows it."""
    return _PAGE_NAMES.get(page, f"page {page}")


class Flags(int):
    """The state byte of every short report: mode, waveform, enabled, model."""

    @classmethod
    def of(cls, *, mode: int, waveform: int, enabled: bool, model: int) -> "Flags":
        """Pack the four fields."""
        return cls(mode & 3 | (waveform & 3) << 2 | enabled << 4 | (model & 7) << 5)

    @property
    def mode(self) -> Mode:
        """Bits 0-1."""
        return Mode(self & 3)

    @property
    def waveform(self) -> Waveform:
        """Bits 2-3."""
        return Waveform(self >> 2 & 3)

    @property
    def enabled(self) -> bool:
        """Bit 4."""
        return bool(self >> 4 & 1)

    @property
    def model(self) -> int:
        """Bits 5-7; see `Model`."""
        return self >> 5 & 7


def encode_frame(body: bytes) -> bytes:
    """The frame that carries `body` (1 to `MAX_BODY` bytes); raises ValueError for another length."""
    if not 1 <= len(body) <= MAX_BODY:
        raise ValueError(f"a MagPro body has 1 to {MAX_BODY} bytes, not {len(body)}")
    return bytes((START, len(body))) + body + bytes((crc8(body), END))


class StreamParser:
    """Bytes as they come, to bodies of valid frames.

    A candidate that fails by length, end byte or CRC costs one byte and the search goes on at the next FE, so that a
    frame which follows garbage is found. `dropped` counts discarded bytes, `resyncs` the runs of them.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_sync = True
        self.dropped = 0
        self.resyncs = 0

    @property
    def pending(self) -> bool:
        """True while an incomplete frame waits for its rest."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take `data`; return the bodies completed by it, in order. Never raises."""
        self._buffer += data
        bodies: list[bytes] = []
        while (size := self._candidate_size()) is not None:
            bodies.append(bytes(self._buffer[2 : size - 2]))
            del self._buffer[:size]
            self._in_sync = True
        return bodies

    def expire(self) -> list[bytes]:
        """Give up an incomplete frame whose rest did not come; return what was waiting behind its first byte."""
        if not self._buffer:
            return []
        self._drop(1)
        return self.feed(b"")

    def reset(self) -> None:
        """Forget an incomplete frame: the link was opened anew."""
        self._buffer.clear()

    def _candidate_size(self) -> int | None:
        """Size of the valid frame at the head of the buffer, garbage before it dropped; None while more must come."""
        buffer = self._buffer
        while True:
            self._drop(len(buffer) if (start := buffer.find(START)) < 0 else start)
            if len(buffer) < 2:
                return None
            size = buffer[1] + OVERHEAD
            if OVERHEAD < size <= MAX_BODY + OVERHEAD:
                if len(buffer) < size:
                    return None
                if buffer[size - 1] == END and buffer[size - 2] == crc8(bytes(buffer[2 : size - 2])):
                    return size
            self._drop(1)

    def _drop(self, count: int) -> None:
        if not count:
            return
        del self._buffer[:count]
        self.dropped += count
        self.resyncs += self._in_sync
        self._in_sync = False
