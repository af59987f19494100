"""BITalino's bytes: commands, frames, CRC, finding frames in anything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.drivers.emg import bitalino_codec as codec
from hal.sim.emg.bitalino_device import frame
from tests.helpers.streams import fed, mutated


@pytest.mark.parametrize(("rate_hz", "wire"), [(1, "03"), (10, "43"), (100, "83"), (1000, "c3")])
def test_rates(rate_hz: int, wire: str) -> None:
    assert codec.rate_command(rate_hz).hex() == wire


@pytest.mark.parametrize(("inputs", "wire"), [(1, "05"), (2, "0d"), (4, "3d"), (6, "fd")])
def test_start_names_the_channels_from_bit_two_on(inputs: int, wire: str) -> None:
    assert codec.start_command(inputs).hex() == wire


@pytest.mark.parametrize(("inputs", "size"), [(1, 3), (2, 4), (3, 6), (4, 7), (5, 8), (6, 8)])
def test_frame_lengths(inputs: int, size: int) -> None:
    assert codec.frame_bytes(inputs) == size == len(frame([0] * inputs, 0, 0))


def test_scale() -> None:
    assert pytest.approx(1e6 / 1024 * 3.3 / 1009) == codec.UV_PER_COUNT


@pytest.mark.parametrize(
    ("wire", "values", "counter", "lines"),
    [
        # Six channels, from the last byte on: counter 0 and CRC, lines 0, all channels 0.
        ("00 00 00 00 00 00 00 00", [0, 0, 0, 0, 0, 0], 0, 0),
        # Channel 1 has its four high bits beside the lines, its six low bits above channel 2's two high bits.
        ("00 00 00 00 00 fc 0f 00", [1023, 0, 0, 0, 0, 0], 0, 0),
        ("00 00 00 00 ff 03 00 00", [0, 1023, 0, 0, 0, 0], 0, 0),
        ("00 00 c0 ff 00 00 00 00", [0, 0, 1023, 0, 0, 0], 0, 0),
        ("00 f0 3f 00 00 00 00 00", [0, 0, 0, 1023, 0, 0], 0, 0),
        ("c0 0f 00 00 00 00 00 00", [0, 0, 0, 0, 63, 0], 0, 0),
        ("3f 00 00 00 00 00 80 50", [0, 0, 0, 0, 0, 63], 5, 8),
    ],
)
def test_where_the_bits_are(wire: str, values: list[int], counter: int, lines: int) -> None:
    sent = np.frombuffer(bytes.fromhex(wire), np.uint8)[None, :]
    counts, numbers, digital = codec.decode(sent, 6)
    fine = [value - 512 for value in values[:4]] + [16 * value - 512 for value in values[4:]]
    assert counts.tolist() == [fine]
    assert (numbers.tolist(), digital.tolist()) == ([counter], [lines])
    assert codec.line(digital, 1).tolist() == [lines >> 3]


def test_a_crc_worked_out_by_hand() -> None:
    # One channel of 3 bytes, all zero but the counter 1: x^4 * x^4 mod (x^4 + x + 1) = x^2 + 1, so 0x15.
    assert frame([0], 1, 0).hex() == "000013"
    assert codec.crc4(np.array([[0, 0, 0x10]], np.uint8)).tolist() == [3]


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**31), st.integers(0, 15))
def test_the_far_ends_frames_are_read_back(inputs: int, seed: int, lines: int) -> None:
    rng = np.random.default_rng(seed)
    values = [int(rng.integers(1024 if place < 4 else 64)) for place in range(inputs)]
    wire = b"".join(frame(values, number, lines) for number in range(20))
    counts, counter, digital = codec.decode(codec.frame_finder(inputs).feed(wire), inputs)
    assert counts.tolist() == [[value - 512 if i < 4 else 16 * value - 512 for i, value in enumerate(values)]] * 20
    assert counter.tolist() == [number % 16 for number in range(20)]
    assert set(digital.tolist()) == {lines}


def stream(frames: int) -> bytes:
    return b"".join(frame([number % 1024, 512, 3, 4], number, 0) for number in range(frames))


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 40), st.lists(st.integers(1, 9), max_size=9))
def test_after_garbage_no_whole_frame_is_lost(noise: bytes, before: int, cuts: list[int]) -> None:
    finder = codec.frame_finder(4)
    counts, *_ = codec.decode(fed(finder.feed, stream(before) + noise + stream(60), cuts), 4)
    tail = [row[0] + 512 for row in counts.tolist()][-50:]
    assert tail == list(range(10, 60)), "in step again within two frames of a chance resemblance, and to the last one"


@pytest.mark.parametrize("version", ["BITalino_v5.2", "BITalino_v3.2"])
def test_its_name_is_found_among_stale_bytes(version: str) -> None:
    assert codec.version(b"\x00\xff" + version.encode()) is None
    assert codec.version(b"\x00\xff" + version.encode() + b"\n") == version


def test_random_bytes_and_damaged_streams_are_survived() -> None:
    finder = codec.frame_finder(4)
    rng = np.random.default_rng(7)
    for piece in mutated(stream(15_000), rng):
        codec.decode(finder.feed(piece), 4)
    random = sum(len(finder.feed(rng.bytes(4096))) for _ in range(25))
    assert random < 200, "three frames in a row by chance once in a million places, and a single one after them"
