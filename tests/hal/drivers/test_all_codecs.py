"""Every codec of the table lives through garbage, is back within two frames, and does not care how bytes are cut.

The same properties are then put to parsers that are wrong on purpose: each has to be found out.
"""

import struct
from typing import Any

import numpy as np
import pytest

from hal.drivers.gait import ftms_codec
from hal.drivers.plate import balance_board_codec
from tests.helpers.codec_fuzz import CHAPTER_BYTES, MOST_ACCIDENTS, Findings, chapter, missing, uneven
from tests.helpers.codec_table import BY_NAME, CODECS, Codec, held_bytes
from tests.helpers.device_frames import crc8

SEED = 1
CUT = [codec for codec in CODECS if codec.framing != "packets"]
MAGPRO = BY_NAME["magpro"]
NAMES = {"ids": lambda codec: codec.name}


def verdicts(codec: Codec, findings: Findings) -> list[str]:
    """What is wrong, in words."""
    wrong = list(findings.faults)
    if findings.most_held > codec.holds:
        wrong.append(f"{codec.name}, chapter {SEED}: holds {findings.most_held} bytes, more than {codec.holds}")
    if findings.accidents > MOST_ACCIDENTS * findings.runs:
        wrong.append(f"{codec.name}, chapter {SEED}: {findings.accidents} runs cost frames by accident")
    return wrong


@pytest.mark.parametrize("codec", CODECS, **NAMES)
def test_garbage_is_lived_through_and_costs_two_frames_at_most(codec: Codec) -> None:
    findings = chapter(codec, SEED)
    assert not verdicts(codec, findings)
    assert findings.fed >= CHAPTER_BYTES
    assert findings.runs >= 20


@pytest.mark.parametrize("codec", CUT, **NAMES)
def test_any_cutting_of_a_valid_stream_gives_the_same_messages(codec: Codec) -> None:
    assert uneven(codec, SEED) == ""


@pytest.mark.parametrize("codec", CODECS, **NAMES)
def test_the_far_ends_frames_are_whole_messages(codec: Codec) -> None:
    assert len(codec.pool_messages) == len(codec.pool)
    assert len(set(codec.pool_messages)) > len(codec.pool) // 4, "frames that can be told apart"


def test_a_treadmill_that_always_promises_more_is_not_kept_for_ever() -> None:
    parser = ftms_codec.TreadmillParser()
    for _ in range(1000):
        assert parser.feed(b"\x01\xe0" + bytes(100)) == []
    assert held_bytes(parser) < 1000
    assert parser.dropped > 100
    parser.feed(b"\x01\xe0" + bytes(600))
    assert [account.speed_kmh for account in parser.feed(b"\x00\x00\x64\x00")] == [1.0]


# parsers that are wrong on purpose, for frames FE LEN BODY CRC FF


class Wrong:
    """What they share."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def frames(self) -> list[bytes]:
        """Valid frames at the head of the buffer; a bad candidate costs one byte."""
        found: list[bytes] = []
        while len(self.buffer) >= 2:
            size = self.buffer[1] + 4
            if self.buffer[0] != 0xFE or not 4 < size <= 36:
                del self.buffer[0]
            elif len(self.buffer) < size:
                break
            elif self.buffer[size - 1] == 0xFF and crc8(self.buffer[2 : size - 2]) == self.buffer[size - 2]:
                found.append(bytes(self.buffer[2 : size - 2]))
                del self.buffer[:size]
            else:
                del self.buffer[0]
        return found


class Right(Wrong):
    """Not wrong: so that what the others are caught by is what they do wrong."""

    def feed(self, data: bytes) -> list[bytes]:
        self.buffer += data
        return self.frames()


class SplitsOnEndByte(Wrong):
    """Frames end in FF, so cut there."""

    def feed(self, data: bytes) -> list[bytes]:
        *whole, rest = (self.buffer + data).split(b"\xff")
        self.buffer = bytearray(rest)
        return [bytes(frame[2:-1]) for frame in whole if len(frame) > 3 and frame[0] == 0xFE]


class TrustsTheLength(Wrong):
    """Whatever stands behind FE is the length, and a frame that fails is thrown away as a whole."""

    def feed(self, data: bytes) -> list[bytes]:
        self.buffer += data
        found: list[bytes] = []
        while len(self.buffer) >= 2 and len(self.buffer) >= (size := self.buffer[1] + 4):
            if self.buffer[0] != 0xFE:
                del self.buffer[0]
                continue
            if crc8(self.buffer[2 : size - 2]) == self.buffer[size - 2]:
                found.append(bytes(self.buffer[2 : size - 2]))
            del self.buffer[:size]
        return found


class ForgetsHalves(Wrong):
    """Takes every piece for whole."""

    def feed(self, data: bytes) -> list[bytes]:
        self.buffer = bytearray(data)
        return self.frames()


class KeepsEverything(Wrong):
    """Never lets go of what it could not read."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self.kept += data
        self.buffer += data
        return self.frames()


class BelievesTheBody(Wrong):
    """Looks into a body before it knows that there is one."""

    def feed(self, data: bytes) -> list[bytes]:
        for at, byte in enumerate(data[:-1]):
            if byte == 0xFE and data[at + 1] == 0 and data[at + 2] > 0x20:
                raise IndexError("no such field")
        self.buffer += data
        return self.frames()


class NeverComesBack(Wrong):
    """Deaf from the first damaged frame on."""

    def feed(self, data: bytes) -> list[bytes]:
        self.buffer += data
        return [] if self.buffer[:1] not in (b"", b"\xfe") else self.frames()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (SplitsOnEndByte, "frames lost behind"),
        (TrustsTheLength, "frames lost behind"),
        (ForgetsHalves, "frames lost behind"),
        (NeverComesBack, "frames lost behind"),
        (KeepsEverything, "more than 64"),
        (BelievesTheBody, "Error"),
    ],
)
def test_garbage_finds_out_a_wrong_parser(wrong: Any, says: str) -> None:
    assert any(says in verdict for verdict in verdicts(MAGPRO, chapter(MAGPRO, SEED, make=wrong)))


class ReadsShortReports:
    """Takes a report for as long as its number says."""

    def feed(self, data: bytes) -> list[Any]:
        return [struct.unpack_from(">4H", data, 3)] if data[0] == 0x32 else []


class KeepsReports:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def feed(self, data: bytes) -> list[Any]:
        self.kept.append(data)
        return balance_board_codec.BoardReports().feed(data)


class SaysTooLittle:
    """Every third report is passed over."""

    def __init__(self) -> None:
        self.count = 0

    def feed(self, data: bytes) -> list[Any]:
        self.count += 1
        return balance_board_codec.BoardReports().feed(data) if self.count % 3 else []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(ReadsShortReports, "struct.error"), (KeepsReports, "more than 0"), (SaysTooLittle, "frames lost behind")],
)
def test_garbage_finds_out_a_wrong_reader_of_reports(wrong: Any, says: str) -> None:
    board = BY_NAME["balance_board"]
    found = [verdict for verdict in verdicts(board, chapter(board, SEED, make=wrong)) if says in verdict]
    assert found
    assert f"balance_board, chapter {SEED}" in found[0], "what is needed to have it again"


@pytest.mark.parametrize(
    ("heard", "settled", "result"),
    [
        ("abcdef", 6, (0, 0)),
        ("bcdef", 6, (1, 0)),
        ("cdef", 6, (2, 0)),
        ("xdef", 6, (3, 1)),
        ("abdef", 6, (3, 0)),
        ("abcd", 4, (0, 0)),
        ("abc", 4, (4, 0)),
        ("", 4, (4, 0)),
        ("xxabcdef", 6, (0, 2)),
        ("fedcba", 6, (6, 5)),
    ],
)
def test_how_lost_frames_are_counted(heard: str, settled: int, result: tuple[int, int]) -> None:
    assert missing(list("abcdef"), list(heard), settled) == result


@pytest.mark.parametrize("wrong", [SplitsOnEndByte, ForgetsHalves])
def test_cutting_finds_out_a_wrong_parser(wrong: Any) -> None:
    assert "messages alike" in uneven(MAGPRO, SEED, make=wrong)


def test_a_right_parser_is_not_found_out() -> None:
    assert not verdicts(MAGPRO, chapter(MAGPRO, SEED, make=Right))
    assert uneven(MAGPRO, SEED, make=Right) == ""


class Mute:
    """Rows that never come."""

    def feed(self, _data: bytes) -> list[bytes]:
        return []


class RowsWithoutRest:
    """Rows of every piece by itself: what a piece holds behind its last whole row is thrown away."""

    def feed(self, data: bytes) -> Any:
        return np.frombuffer(data, "<i2", len(data) // 816 * 408).reshape(-1, 408)


def test_rows_that_do_not_come_or_go_astray_are_found_out() -> None:
    codec = BY_NAME["quattrocento"]
    assert any("told late" in verdict for verdict in verdicts(codec, chapter(codec, SEED, make=Mute)))
    assert "messages alike" in uneven(codec, SEED, make=RowsWithoutRest)
