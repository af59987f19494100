"""The force board's lines: bytes as documented, any chunking, noise, and the order of samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.plate.force_board_codec import ASK_HEADER, BoardHeader, BoardSample, ForceBoardLines
from hal.drivers.plate.force_board_time import Following, SampleOrder

GOLDEN = [
    (b"#bedside-board 1 cells=4 rate=80\n", BoardHeader(1, 4, 80.0)),
    (b"#bedside-board 1 cells=8 rate=92.5 firmware=7\r\n", BoardHeader(1, 8, 92.5)),
    (b"B,0,1000000,12,-7,8388607,-8388608,61\n", BoardSample(0, 1_000_000, (12, -7, 8388607, -8388608))),
    (b"B,65535,4294967295,0,0,0,0,0,0,0,0,44\n", BoardSample(65535, 4_294_967_295, (0,) * 8)),
    (b"B,1,2,3,4,5,6,1d\r\n", BoardSample(1, 2, (3, 4, 5, 6))),
]
COUNTS = st.integers(-(1 << 23), (1 << 23) - 1)
SAMPLES = st.builds(
    BoardSample,
    st.integers(0, 65535),
    st.integers(0, (1 << 32) - 1),
    st.one_of(st.tuples(*[COUNTS] * 4), st.tuples(*[COUNTS] * 8)),
)


def _crc(data: bytes) -> int:
    """CRC-8/MAXIM bit by bit, as the protocol's page words it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


def _wire(sample: BoardSample) -> bytes:
    body = f"B,{sample.seq},{sample.micros},{','.join(map(str, sample.counts))},".encode()
    return body + f"{_crc(body):02X}\n".encode()


@pytest.mark.parametrize(("wire", "line"), GOLDEN)
def test_golden_lines(wire: bytes, line: BoardHeader | BoardSample) -> None:
    assert ForceBoardLines().feed(wire) == [line]


def test_the_question() -> None:
    assert ASK_HEADER == b"?\n"


@given(st.lists(SAMPLES, max_size=6), st.lists(st.integers(1, 40), max_size=20))
def test_samples_survive_any_chunking(samples: list[BoardSample], cuts: list[int]) -> None:
    wire, lines, got = b"".join(map(_wire, samples)), ForceBoardLines(), []
    for cut in [*cuts, len(wire) + 1]:
        got += lines.feed(wire[:cut])
        wire = wire[cut:]
    assert got == samples
    assert lines.rejected == 0


@given(SAMPLES, st.data())
def test_one_flipped_bit_is_never_believed(sample: BoardSample, data: st.DataObject) -> None:
    wire = bytearray(_wire(sample))
    bit = data.draw(st.integers(0, 8 * (len(wire) - 3) - 1))
    wire[bit // 8] ^= 1 << bit % 8
    assert sample not in ForceBoardLines().feed(bytes(wire))
    assert all(isinstance(line, BoardHeader) for line in ForceBoardLines().feed(bytes(wire)))


@pytest.mark.parametrize(
    "line",
    [
        b"B,1,2,3,4,5,6,1E",
        b"B,1,2,3,4,5,1D",
        b"B,65536,2,3,4,5,6,%02X" % _crc(b"B,65536,2,3,4,5,6,"),
        b"B,1,4294967296,3,4,5,6,%02X" % _crc(b"B,1,4294967296,3,4,5,6,"),
        b"B,1,2,8388608,4,5,6,%02X" % _crc(b"B,1,2,8388608,4,5,6,"),
        b"hello",
    ],
)
def test_lines_that_are_refused(line: bytes) -> None:
    lines = ForceBoardLines()
    assert lines.feed(line + b"\n") == []
    assert lines.rejected == 1


@pytest.mark.parametrize("line", [b"", b"\r", b"# calibrating", b"#bedside-board 1 cells=4 rate=0"])
def test_lines_that_are_passed_over(line: bytes) -> None:
    lines = ForceBoardLines()
    assert lines.feed(line + b"\n") == []
    assert lines.rejected == 0


@given(st.binary(max_size=400))
def test_recovery_within_two_samples_of_any_garbage(garbage: bytes) -> None:
    lines, sample = ForceBoardLines(), BoardSample(7, 8, (1, 2, 3, 4))
    heard = lines.feed(garbage) + lines.feed(_wire(sample)) + lines.feed(_wire(sample))
    assert heard[-1] == sample


def test_200_kB_of_noise_and_mutants_never_raise() -> None:
    random, lines = np.random.default_rng(5), ForceBoardLines()
    valid = b"".join(wire for wire, _ in GOLDEN)
    for _ in range(700):
        mutant = bytearray(valid)
        for _ in range(4):
            mutant[random.integers(len(mutant))] = random.integers(256)
        lines.feed(bytes(mutant) + random.bytes(int(random.integers(0, 200))))
        assert len(lines._buffer) <= 160
    assert lines.feed(b"\n" + GOLDEN[4][0])[-1] == GOLDEN[4][1]


def _seen(*samples: tuple[int, float], rate_hz: float = 100.0, start_us: int = 0) -> list[int | Following]:
    """What the order says of samples given as counter and seconds; board and station clock agree."""
    order = SampleOrder()
    return [
        order.see(seq % 65536, (start_us + round(at_s * 1e6)) % (1 << 32), round(at_s * 1e9), rate_hz)
        for seq, at_s in samples
    ]


def test_samples_in_a_row_and_gaps() -> None:
    assert _seen((0, 0.0), (1, 0.01), (2, 0.02), (5, 0.05), (6, 0.06)) == [0, 0, 0, 2, 0]


def test_both_counters_wrap() -> None:
    near = (1 << 32) - 15_000
    assert _seen((65535, 0.0), (65536, 0.01), (65537, 0.02), (65540, 0.05), start_us=near) == [0, 0, 0, 2]


def test_gaps_longer_than_a_turn_of_the_counter_and_of_the_clock() -> None:
    assert _seen((10, 0.0), (10 + 100_000, 1000.0)) == [0, 99_999]
    assert _seen((10, 0.0), (10 + 500_000, 5000.0)) == [0, 499_999]


def test_a_repeated_sample_is_named() -> None:
    order = SampleOrder()
    assert order.see(3, 1000, 0, 100.0) == 0
    assert order.see(3, 1000, 2_000_000, 100.0) is Following.REPEATED
    assert order.see(4, 11_000, 10_000_000, 100.0) == 0


@pytest.mark.parametrize("seq", [100, 5000, 60_000])
@pytest.mark.parametrize("ran_s", [0.5, 40.0, 4000.0])
def test_a_board_that_started_anew_is_no_loss_of_its_whole_counter(seq: int, ran_s: float) -> None:
    order = SampleOrder()
    order.see(seq, round(ran_s * 1e6) % (1 << 32), 10**12, 100.0)
    assert order.see(0, 20_000, 10**12 + 5 * 10**9, 100.0) is Following.RESTARTED
    assert order.see(1, 30_000, 10**12 + 5 * 10**9 + 10**7, 100.0) == 0


@pytest.mark.parametrize("stall_s", [0.4, 1.4, 2.9, 6.0])
def test_what_comes_late_in_one_heap_is_not_lost(stall_s: float) -> None:
    order, told = SampleOrder(), []
    for number in range(1000):
        taken_s = number * 0.01
        at_s = 2.0 + stall_s if 2.0 <= taken_s < 2.0 + stall_s else taken_s
        told.append(order.see(number, round(taken_s * 1e6), round(at_s * 1e9), 100.0))
    assert told == [0] * 1000
    # of a heap only its newest second is left, and then it is on time again
    assert order.see(1300, 13_000_000, 17 * 10**9, 100.0) == 300
    assert order.see(1700, 17_010_000, 17_010_000_000, 100.0) == 399


def test_after_another_connection_a_clock_far_behind_is_another_run() -> None:
    for behind_s, said in ((1.0, 399), (3.0, Following.RESTARTED)):
        order = SampleOrder()
        order.see(0, 0, 0, 100.0)
        order.reconnected()
        assert order.see(round(500 - 100 * behind_s), round((5 - behind_s) * 1e6), 5 * 10**9, 100.0) == said


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40), st.integers(0, 65535), st.integers(0, (1 << 32) - 1))
def test_every_loss_is_counted(lost: list[int], seq: int, start_us: int) -> None:
    number, samples = seq, [(seq, 0.0)]
    for missing in lost:
        number += missing + 1
        samples.append((number, (number - seq) * 0.01))
    assert _seen(*samples, start_us=start_us)[1:] == lost
