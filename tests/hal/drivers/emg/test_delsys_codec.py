"""The control utility's bytes: commands, replies, samples."""

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.emg.delsys_codec import TEXT_LIMIT, Replies, SampleStream, encode
from tests.helpers.streams import mutated, pieces


def test_commands_end_in_two_line_ends() -> None:
    assert encode("START") == b"START\x0d\x0a\x0d\x0a"


@given(st.lists(st.text("OK IVALD", min_size=1).map(str.strip).filter(bool)), st.lists(st.integers(1, 9), max_size=20))
def test_replies_survive_any_chunking(sent: list[str], cuts: list[int]) -> None:
    replies = Replies()
    wire = b"".join(encode(reply) for reply in sent)
    assert [reply for piece in pieces(wire, cuts) for reply in replies.feed(piece)] == sent


def test_a_line_without_end_is_not_kept_for_ever() -> None:
    replies = Replies()
    for _ in range(100):
        assert replies.feed(b"x" * 1000) == []
    assert len(replies.feed(b"\r\n\r\n")[0]) <= TEXT_LIMIT
    assert replies.feed(b"OK\r\n\r\n") == ["OK"]


def test_sixteen_little_endian_floats_a_sample() -> None:
    wire = bytes.fromhex("0000803f") + bytes.fromhex("000000bf") + bytes(14 * 4)
    assert SampleStream().feed(wire).tolist() == [[1.0, -0.5] + [0.0] * 14]


@given(st.integers(1, 9), st.lists(st.integers(1, 99), max_size=20), st.integers(0, 2**31))
def test_samples_survive_any_chunking(rows: int, cuts: list[int], seed: int) -> None:
    volts = np.random.default_rng(seed).normal(0, 0.001, (rows, 16)).astype(np.float32)
    wire = struct.pack(f"<{volts.size}f", *volts.ravel().tolist())
    stream = SampleStream()
    np.testing.assert_array_equal(np.concatenate([stream.feed(piece) for piece in pieces(wire, cuts)]), volts)


def test_what_cannot_be_a_voltage_is_refused() -> None:
    for odd in (float("nan"), float("inf"), 1e9):
        assert SampleStream().feed(struct.pack("<16f", *[0.0] * 15, odd)) is None


def test_bytes_out_of_step_are_noticed_within_a_block() -> None:
    volts = np.random.default_rng(1).normal(0, 0.001, (40, 16)).astype("<f4").tobytes()
    assert SampleStream().feed(b"x" + volts) is None


def test_random_bytes_and_damaged_streams_are_survived() -> None:
    rng = np.random.default_rng(7)
    stream, replies = SampleStream(), Replies()
    for piece in mutated(rng.normal(0, 0.001, (1600, 16)).astype("<f4").tobytes(), rng):
        stream.feed(piece)
        replies.feed(piece)
    for _ in range(25):
        stream.feed(rng.bytes(4096))
        replies.feed(rng.bytes(4096))
