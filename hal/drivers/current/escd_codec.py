"""The ESCD protocol on the wire: frames, commands and answers of an Arduino-class direct current stimulator.

A frame is `E5 5C LEN TYPE SEQ PAYLOAD[LEN] CRC CRC`: numbers little-endian, CRC-16/CCITT-FALSE (polynomial 0x1021,
start 0xFFFF, no reflection, no final xor) over LEN, TYPE, SEQ and PAYLOAD. Nothing is escaped: a reader goes by length
and checks. An answer repeats the SEQ of its question; 0 is for what nobody asked and for the stop frame of the guard.
Source: docs/protocols/escd.md, our own; no device speaks it that we know of, so: not tried on hardware.
"""

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum

from hal.roles import CurrentPhase, CurrentProgram

VERSION = 1
SYNC = b"\xe5\x5c"
HEAD = 5
OVERHEAD = HEAD + 2
MAX_PAYLOAD = 48
"""Longest payload believed (bytes). Known ones reach 28; waiting for a longer one would deafen us."""

_PROGRAM = struct.Struct("<HIHHBHHHH")
_HELLO = struct.Struct("<BBBIHBHBH")
_STATUS = struct.Struct("<BBHHHBBIIIIH")
_NO_U8, _NO_U16 = 0xFF, 0xFFFF


class Kind(IntEnum):
    """The TYPE byte. Below 0x80 we speak, from 0x80 the device."""

    HELLO = 0x01
    PROGRAM = 0x02
    START = 0x03
    STOP = 0x04
    PING = 0x05
    ACK = 0x80
    HELLO_REPORT = 0x81
    PROGRAM_REPORT = 0x82
    STATUS = 0x85


PHASES: tuple[CurrentPhase, ...] = ("idle", "prepared", "ramp_up", "plateau", "ramp_down", "fault", "triggers_only")
RESULTS = (
    "",
    "it speaks another version of the protocol",
    "the command's length is wrong",
    "it does not know the command",
    "it is in another state",
    "a value is out of its range",
    "it holds another program",
    "its battery is too low",
    "the electrodes' impedance is too high",
    "its self-test failed",
)
FAULTS = (
    "",
    "it heard nothing from the computer and ramped down",
    "the current it measures is not the current it should give",
    "an electrode is off or dry",
    "its output voltage is at its limit",
    "its battery is empty",
    "it measured more current than the program's",
    "it was stopped at the device",
    "its self-test failed",
)


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE of `data`; 0x29B1 for b"123456789"."""
    return crc_hqx(data, 0xFFFF)


def encode(kind: int, seq: int, payload: bytes = b"") -> bytes:
    """One frame; raises ValueError for more than `MAX_PAYLOAD` bytes."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"an ESCD payload has at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    body = bytes((len(payload), kind, seq)) + payload
    return SYNC + body + struct.pack("<H", crc16(body))


def program_payload(program: CurrentProgram) -> bytes:
    """The 19 bytes of a program: uA, ms and counts; raises ValueError for what does not fit."""
    try:
        return _PROGRAM.pack(
            round(program.current_ma * 1000),
            round(program.plateau_s * 1000),
            round(program.ramp_s * 1000),
            program.trigger_bursts,
            program.burst_pulses,
            program.inter_pulse_ms,
            program.inter_burst_ms,
            program.bursts_per_train,
            program.train_period_ms,
        )
    except struct.error as error:
        raise ValueError(f"the program does not fit its frame: {error}") from error


def program_id(payload: bytes) -> int:
    """The number a program goes by: the CRC of its bytes, 1 where that is 0 (0 means: no program)."""
    return crc16(payload) or 1


def start_payload(number: int) -> bytes:
    """A start names the program that it starts."""
    return struct.pack("<H", number)


@dataclass(frozen=True, slots=True)
class Ack:
    """What became of a command: `result` 0 is done, otherwise an index into `RESULTS`."""

    seq: int
    command: int
    result: int

    @property
    def why(self) -> str:
        """The refusal in words, "" where it was done."""
        return RESULTS[self.result] if self.result < len(RESULTS) else f"error {self.result}"


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the device is. `boot` changes with every reset, `timeout_ms` is how long it runs on without hearing us."""

    seq: int
    version: int
    firmware: str
    serial: int
    max_ma: float
    min_ramp_s: int
    timeout_ms: int
    has_trigger: bool
    boot: int


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """The program the device holds, as the bytes it was given."""

    seq: int
    number: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """The device's account of itself; None: it does not know."""

    seq: int
    phase: CurrentPhase
    fault: str
    asked_ma: float
    measured_ma: float | None
    impedance_kohm: float | None
    compliance_pct: int | None
    battery_pct: int | None
    elapsed_s: float
    remaining_s: float
    charge_c: float
    triggers: int
    program: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A valid frame that says nothing we know."""

    seq: int
    kind: int
    payload: bytes


Message = Ack | Hello | ProgramReport | Status | Unknown


def decode(kind: int, seq: int, payload: bytes) -> Message:
    """What a valid frame says. Bytes beyond those of version 1 are ignored, fewer make it `Unknown`."""
    if kind == Kind.ACK and len(payload) >= 2:
        return Ack(seq, payload[0], payload[1])
    if kind == Kind.HELLO_REPORT and len(payload) >= _HELLO.size:
        version, major, minor, serial, max_ua, ramp_s, timeout_ms, features, boot = _HELLO.unpack_from(payload)
        firmware = f"{major}.{minor}"
        return Hello(seq, version, firmware, serial, max_ua / 1000, ramp_s, timeout_ms, bool(features & 1), boot)
    if kind == Kind.PROGRAM_REPORT and len(payload) >= 2 + _PROGRAM.size:
        return ProgramReport(seq, struct.unpack_from("<H", payload)[0], payload[2 : 2 + _PROGRAM.size])
    if kind == Kind.STATUS and len(payload) >= _STATUS.size:
        return _status(seq, payload)
    return Unknown(seq, kind, payload)


def _status(seq: int, payload: bytes) -> Status:
    phase, fault, asked, measured, impedance, compliance, battery, *rest = _STATUS.unpack_from(payload)
    elapsed_ms, remaining_ms, charge_uc, triggers, program = rest
    return Status(
        seq,
        PHASES[phase] if phase < len(PHASES) else "unknown",
        FAULTS[fault] if fault < len(FAULTS) else f"fault {fault}",
        asked / 1000,
        None if measured == _NO_U16 else measured / 1000,
        None if impedance == _NO_U16 else impedance / 100,
        None if compliance == _NO_U8 else compliance,
        None if battery == _NO_U8 else battery,
        elapsed_ms / 1000,
        remaining_ms / 1000,
        charge_uc / 1e6,
        triggers,
        program,
    )


class StreamParser:
    """Bytes as they come, to messages. `dropped` counts discarded bytes, `resyncs` the runs of them.

    A candidate that fails costs one byte and the search goes on behind it, so that no whole frame after garbage is
    lost; a damaged length delays what follows by at most `MAX_PAYLOAD` bytes.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_sync = True
        self.dropped = 0
        self.resyncs = 0

    def reset(self) -> None:
        """Forget an incomplete frame: the link was opened anew."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Message]:
        """Take `data`; return the messages completed by it, in order. Never raises."""
        self._buffer += data
        messages: list[Message] = []
        while (size := self._candidate_size()) is not None:
            _, kind, seq = self._buffer[2:HEAD]
            messages.append(decode(kind, seq, bytes(self._buffer[HEAD : size - 2])))
            del self._buffer[:size]
            self._in_sync = True
        return messages

    def _candidate_size(self) -> int | None:
        """Size of the valid frame at the buffer's head, garbage before it dropped; None while more must come."""
        buffer = self._buffer
        while True:
            self._seek()
            if len(buffer) < 3:
                return None
            size = buffer[2] + OVERHEAD
            if buffer[2] <= MAX_PAYLOAD:
                if len(buffer) < size:
                    return None
                if crc16(bytes(buffer[2 : size - 2])) == int.from_bytes(buffer[size - 2 : size], "little"):
                    return size
            self._drop(1)

    def _seek(self) -> None:
        """Drop what stands before the first sync, keeping a first half of one at the very end."""
        start = self._buffer.find(SYNC)
        if start < 0:
            start = len(self._buffer) - self._buffer.endswith(SYNC[:1])
        self._drop(start)

    def _drop(self, count: int) -> None:
        if count:
            del self._buffer[:count]
            self.dropped += count
            self.resyncs += self._in_sync
            self._in_sync = False
