"""The ESCD protocol as the device side writes and reads it: bytes to requests, accounts to bytes.

`E5 5C LEN TYPE SEQ PAYLOAD CRC16`, little-endian; the CRC (CCITT, start 0xFFFF) covers LEN to the payload's end.
"""

import struct
from typing import NamedTuple

HELLO, PROGRAM, START, STOP, PING = range(1, 6)
ACK, HELLO_REPORT, PROGRAM_REPORT, STATUS = 0x80, 0x81, 0x82, 0x85
OK, BAD_LENGTH, BAD_COMMAND, BAD_STATE, OUT_OF_RANGE, OTHER_PROGRAM, BATTERY, IMPEDANCE = 0, 2, 3, 4, 5, 6, 7, 8
LENGTHS = {HELLO: 1, PROGRAM: 19, START: 2, STOP: 0, PING: 0}
LONGEST = 48


class Request(NamedTuple):
    """One valid frame from the station."""

    kind: int
    seq: int
    payload: bytes


class Plan(NamedTuple):
    """A program as it travels: uA and ms."""

    current_ua: int
    plateau_ms: int
    ramp_ms: int
    bursts: int
    pulses: int
    inter_pulse_ms: int
    inter_burst_ms: int
    bursts_per_train: int
    train_ms: int

    @classmethod
    def of(cls, payload: bytes) -> "Plan":
        """From the 19 bytes of a program."""
        return cls(*struct.unpack("<HIHHBHHHH", payload))

    @property
    def packed(self) -> bytes:
        """The 19 bytes again."""
        return struct.pack("<HIHHBHHHH", *self)

    @property
    def number(self) -> int:
        """What the program goes by."""
        return check(self.packed) or 1

    @property
    def believable(self) -> bool:
        """Whether the device can run it."""
        if not (100 <= self.current_ua <= 4000 and self.current_ua % 100 == 0):
            return False
        if not (1 <= self.plateau_ms <= 2_400_000 and 5000 <= self.ramp_ms <= 60000):
            return False
        if not self.bursts:
            return True
        counts = min(self.pulses, self.inter_pulse_ms, self.bursts_per_train)
        fits = self.pulses * self.inter_pulse_ms <= self.inter_burst_ms
        return counts > 0 and fits and self.trigger_ms(self.bursts * self.pulses - 1) <= 2_400_000

    def trigger_ms(self, index: int) -> int:
        """When trigger pulse `index` (from 0) is due, in ms from the plateau's start."""
        burst, pulse = divmod(index, self.pulses)
        train, in_train = divmod(burst, self.bursts_per_train)
        return train * self.train_ms + in_train * self.inter_burst_ms + pulse * self.inter_pulse_ms


class Account(NamedTuple):
    """What a status carries, in the units of the wire; 0xFFFF and 0xFF: not known."""

    phase: int
    fault: int
    asked_ua: int
    measured_ua: int
    impedance_10ohm: int
    compliance_pct: int
    battery_pct: int
    elapsed_ms: int
    remaining_ms: int
    charge_uc: int
    triggers: int
    program: int


def check(data: bytes) -> int:
    """The CRC, bit by bit."""
    register = 0xFFFF
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return register


def frame(kind: int, seq: int, payload: bytes) -> bytes:
    """One frame."""
    covered = struct.pack("<BBB", len(payload), kind, seq) + payload
    return b"\xe5\x5c" + covered + struct.pack("<H", check(covered))


def ack(request: Request, result: int) -> bytes:
    """What became of a request."""
    return frame(ACK, request.seq, struct.pack("<BB", request.kind, result))


def hello(seq: int, *, version: int, serial: int, timeout_ms: int, trigger: bool, boot: int) -> bytes:
    """Who the device is: firmware 1.4, at most 4 mA, ramps of 5 s or longer."""
    payload = struct.pack("<BBBIHBHBH", version, 1, 4, serial, 4000, 5, timeout_ms, int(trigger), boot)
    return frame(HELLO_REPORT, seq, payload)


def program_report(seq: int, plan: Plan) -> bytes:
    """The program that the device now holds."""
    return frame(PROGRAM_REPORT, seq, struct.pack("<H", plan.number) + plan.packed)


def status(seq: int, account: Account) -> bytes:
    """The account."""
    return frame(STATUS, seq, struct.pack("<BBHHHBBIIIIH", *account))


class RequestReader:
    """Bytes to requests; what is no valid frame is passed over."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, data: bytes) -> list[Request]:
        """Take `data`; return the requests that it completes."""
        self._held += data
        found: list[Request] = []
        at = 0
        while (at := self._held.find(b"\xe5\x5c", at)) >= 0:
            if len(self._held) < at + 3:
                break
            end = at + self._held[at + 2] + 7
            if self._held[at + 2] <= LONGEST and len(self._held) < end:
                break
            covered = self._held[at + 2 : end - 2]
            if self._held[at + 2] <= LONGEST and check(covered) == struct.unpack("<H", self._held[end - 2 : end])[0]:
                found.append(Request(covered[1], covered[2], covered[3:]))
                self._held, at = self._held[end:], 0
            else:
                at += 1
        keep = len(self._held) - at if at >= 0 else int(self._held.endswith(b"\xe5"))
        self._held = self._held[len(self._held) - keep :]
        return found
