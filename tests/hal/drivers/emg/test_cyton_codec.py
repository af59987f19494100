"""The Cyton's bytes: packets, scale, pins, finding packets in anything."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.emg import cyton_codec as codec
from hal.sim.emg.cyton_device import packet
from tests.helpers.streams import fed, mutated

AUX = bytes(6)


def test_scale() -> None:
    assert pytest.approx(0.02235, abs=1e-5) == codec.UV_PER_COUNT
    assert codec.RAIL_COUNTS == 8_388_607


@pytest.mark.parametrize(
    ("wire", "counter", "counts"),
    [
        ("a0 00" + "000001" + "000000" * 7 + "000000000000" + "c0", 0, [1] + [0] * 7),
        ("a0 ff" + "7fffff" + "800000" + "ffffff" + "000000" * 5 + "000000000000" + "c6", 255,
         [8_388_607, -8_388_608, -1, 0, 0, 0, 0, 0]),
    ],
)  # fmt: skip
def test_packets_byte_by_byte(wire: str, counter: int, counts: list[int]) -> None:
    sent = np.frombuffer(bytes.fromhex(wire), np.uint8)[None, :]
    assert sent.shape == (1, 33)
    read, numbers = codec.decode(sent)
    assert (read.tolist(), numbers.tolist()) == ([counts], [counter])


@pytest.mark.parametrize(
    ("number", "words"), [(11, (0x100, 0, 0)), (12, (1, 0, 0)), (13, (0, 0x100, 0)), (17, (0, 1, 0)), (18, (0, 0, 1))]
)
def test_pins_of_the_digital_mode(number: int, words: tuple[int, int, int]) -> None:
    aux = struct.pack(">3h", *words)
    high = np.frombuffer(packet([0.0] * 8, 0, aux, 0xC1), np.uint8)[None, :]
    other = np.frombuffer(packet([0.0] * 8, 0, aux, 0xC0), np.uint8)[None, :]
    assert [pin for pin in codec.AUX_OF_PIN if codec.pin(high, pin).tolist() == [1]] == [number]
    assert codec.pin(other, number).tolist() == [0], "an accelerometer's bytes are no pins"


@given(st.lists(st.floats(-180_000, 180_000), min_size=8, max_size=8), st.integers(0, 255))
def test_the_far_ends_packets_are_read_back(uv: list[float], first: int) -> None:
    wire = b"".join(packet(uv, first + number, AUX, 0xC0) for number in range(5))
    counts, counter = codec.decode(codec.packet_finder().feed(wire))
    np.testing.assert_allclose(counts * codec.UV_PER_COUNT, [uv] * 5, atol=0.51 * codec.UV_PER_COUNT)
    assert counter.tolist() == [(first + number) % 256 for number in range(5)]


def stream(packets: int) -> bytes:
    return b"".join(packet([float(number)] * 8, number, AUX, 0xC0) for number in range(packets))


@given(st.binary(max_size=99), st.integers(0, 9), st.lists(st.integers(1, 50), max_size=9))
def test_after_garbage_no_whole_packet_is_lost(noise: bytes, before: int, cuts: list[int]) -> None:
    wire = stream(before) + noise + stream(12)
    _, counter = codec.decode(fed(codec.packet_finder().feed, wire, cuts))
    assert counter.tolist()[-10:] == list(range(2, 12)), "in step again within two packets"


def test_random_bytes_and_damaged_streams_are_survived() -> None:
    finder = codec.packet_finder()
    rng = np.random.default_rng(7)
    for piece in mutated(stream(3100), rng):
        codec.decode(finder.feed(piece))
    assert sum(len(finder.feed(rng.bytes(4096))) for _ in range(25)) == 0
