"""The Wii Balance Board's reports: bytes as published, the calibration's checksum, the kernel's own conversion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.plate import balance_board_codec as codec
from hal.drivers.plate.balance_board_codec import (
    Acknowledged,
    BoardReports,
    BoardStatus,
    CalibrationError,
    MemoryPart,
    Weights,
    parse_calibration,
)

BLOCK = bytes.fromhex("07C33CF8048C296B 0ED243840B3A3069 15E94A1011EF376E")
HEAD, CHECKSUM, REFERENCE = bytes.fromhex("1069"), bytes.fromhex("5E40E9B6"), bytes.fromhex("1A01")
CALIBRATION = parse_calibration(BLOCK, HEAD, REFERENCE, CHECKSUM)
KERNEL = [
    ((0x0B00, 0x4000, 0x0800, 0x2D00), (779, 787, 878, 870)),
    ((0x1000, 0x4500, 0x0D00, 0x3200), (1982, 2085, 2149, 2085)),
    ((0x0700, 0x3C00, 0x0400, 0x2900), (0, 0, 0, 0)),
]
"""Counts TR, BR, TL, BL, and what Linux' hid-wiimote makes of them (10 g)."""


def _corner_order(top_right: int, bottom_right: int, top_left: int, bottom_left: int) -> tuple[int, ...]:
    return top_left, top_right, bottom_left, bottom_right


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ("20 0000 02 0000 C8", BoardStatus(extension=True, battery_low=False, battery_pct=100.0)),
        ("20 0000 03 0000 0A", BoardStatus(extension=True, battery_low=True, battery_pct=5.0)),
        ("20 0008 00 0000 64", BoardStatus(extension=False, battery_low=False, battery_pct=50.0)),
        (
            "21 0000 50 00FA 0000A4200402 00000000000000000000",
            MemoryPart(0x00FA, bytes.fromhex("0000A4200402"), 0),
        ),
        ("21 0000 F0 0024 07C33CF8048C296B0ED243840B3A3069", MemoryPart(0x0024, BLOCK[:16], 0)),
        ("21 0000 70 0034 15E94A1011EF376E 0000000000000000", MemoryPart(0x0034, BLOCK[16:], 0)),
        ("21 0000 F8 0024" + "00" * 16, MemoryPart(0x0024, bytes(16), 8)),
        ("22 0000 16 00", Acknowledged(0x16, 0)),
        ("22 0000 16 04", Acknowledged(0x16, 4)),
        ("32 0000 0B00 4000 0800 2D00", Weights((0x0800, 0x0B00, 0x2D00, 0x4000), button=False)),
        ("32 0008 0B00 4000 0800 2D00", Weights((0x0800, 0x0B00, 0x2D00, 0x4000), button=True)),
        (
            "34 0000 0B00 4000 0800 2D00 1A 00 82" + "00" * 8,
            Weights((0x0800, 0x0B00, 0x2D00, 0x4000), button=False),
        ),
    ],
)
def test_golden_reports(wire: str, message: codec.Message) -> None:
    assert BoardReports().feed(bytes.fromhex(wire)) == [message]


@pytest.mark.parametrize(
    ("report", "wire"),
    [
        (codec.LED_ON, "11 10"),
        (codec.STREAM_WEIGHTS, "12 04 32"),
        (codec.ASK_STATUS, "15 00"),
        (codec.write_memory(*codec.START_EXTENSION[0]), "16 04 A4 00 F0 01 55" + "00" * 15),
        (codec.write_memory(*codec.START_EXTENSION[1]), "16 04 A4 00 FB 01 00" + "00" * 15),
        (codec.read_memory(codec.ID_ADDRESS, 6), "17 04 A4 00 FA 00 06"),
        (codec.read_memory(codec.CALIBRATION_ADDRESS, 24), "17 04 A4 00 24 00 18"),
    ],
)
def test_golden_output_reports(report: bytes, wire: str) -> None:
    assert report == bytes.fromhex(wire)


@pytest.mark.parametrize(("counts", "kernel"), KERNEL)
def test_the_kernels_conversion(counts: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    loads = CALIBRATION.loads_kg(np.array([_corner_order(*counts)]))[0]
    clamped = np.floor(np.maximum(loads, 0.0) * 100 + 1e-9)
    assert tuple(clamped) == _corner_order(*kernel)


def test_loads_below_zero_are_not_clamped() -> None:
    loads = CALIBRATION.loads_kg(np.array([_corner_order(*KERNEL[2][0])]))[0]
    assert (loads < 0).all()
    assert loads[1] == pytest.approx((0x0700 - 0x07C3) * 17 / (0x0ED2 - 0x07C3))


def test_the_published_checksum() -> None:
    assert parse_calibration(BLOCK, HEAD, REFERENCE, CHECKSUM).at_0_kg == (0x048C, 0x07C3, 0x296B, 0x3CF8)


@given(st.integers(0, 8 * 28 - 1))
def test_one_flipped_bit_fails_the_checksum(bit: int) -> None:
    whole = bytearray(BLOCK + HEAD + REFERENCE)
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CalibrationError):
        parse_calibration(bytes(whole[:24]), bytes(whole[24:26]), bytes(whole[26:]), CHECKSUM)


def test_a_block_may_be_trusted_but_must_rise() -> None:
    assert parse_calibration(BLOCK, HEAD, b"\0\0", CHECKSUM, trust=True) == CALIBRATION
    with pytest.raises(CalibrationError, match="does not rise"):
        parse_calibration(bytes(24), HEAD, REFERENCE, CHECKSUM, trust=True)


@given(st.integers(0xA40010, 0xA40090), st.integers(1, 16))
def test_the_factory_calibration_is_never_written(address: int, size: int) -> None:
    touches = address <= 0xA4007F and address + size > 0xA40020
    if touches:
        with pytest.raises(ValueError, match="factory calibration"):
            codec.write_memory(address, bytes(size))
    else:
        assert codec.write_memory(address, bytes(size))[0] == 0x16


@given(st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4), st.booleans())
def test_weights_survive_the_wire(counts: list[int], button: bool) -> None:
    wire = bytes((0x32, 0, 8 * button)) + b"".join(count.to_bytes(2, "big") for count in counts)
    assert BoardReports().feed(wire) == [Weights(_corner_order(*counts), button)]


@given(st.integers(0xA40000, 0xA400FF), st.binary(min_size=1, max_size=16))
def test_memory_reads_survive_the_wire(address: int, data: bytes) -> None:
    wire = bytes((0x21, 0, 0, (len(data) - 1) << 4)) + (address & 0xFFFF).to_bytes(2, "big") + data.ljust(16, b"\0")
    assert BoardReports().feed(wire) == [MemoryPart(address & 0xFFFF, data, 0)]


def test_noise_and_cut_reports_are_counted_and_skipped() -> None:
    reports = BoardReports()
    assert reports.feed(b"") == []
    assert reports.feed(bytes.fromhex("3E 00 00")) == []
    assert reports.feed(bytes.fromhex("32 0000 0B00 4000 0800 2D")) == []
    assert (reports.unknown, reports.dropped) == (2, 1)


def test_200_kB_of_noise_and_mutants_never_raise() -> None:
    random, reports = np.random.default_rng(3), BoardReports()
    valid = [bytes.fromhex("32 0000 0B00 4000 0800 2D00"), bytes.fromhex("20 0000 02 0000 C8")]
    for _ in range(10_000):
        mutant = bytearray(valid[random.integers(2)])
        mutant[random.integers(len(mutant))] = random.integers(256)
        reports.feed(bytes(mutant[: random.integers(1, 12)]))
        reports.feed(random.bytes(int(random.integers(0, 24))))
    assert reports.feed(valid[0]) == [Weights((0x0800, 0x0B00, 0x2D00, 0x4000), button=False)]
