"""The OpenExo stream: golden table, both ways, and noise."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.gait.openexo_codec import Frame, Greeting, Message, Ready, StreamParser
from hal.sim.gait.openexo_device import frame_bytes

HEARD: list[tuple[bytes, list[Message]]] = [
    (b"READY", [Ready()]),
    (b"READYexo|v1.2|ankle\n", [Ready(), Greeting(("exo", "v1.2", "ankle"))]),
    (b"S?2c123n-50n", [Frame("?", (1.23, -0.5))]),
    (b"S?11c100n200n300n400n500n600n700n800n900n1000n-1100n", [Frame("?", (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11.0))]),
    (b"S~1c8700n", [Frame("~", (87.0,))]),
    (b"Sw1c400n", [Frame("w", (4.0,))]),
    (b"Ss1c41700n", [Frame("s", (417.0,))]),
    (b"SS1c1n", [Frame("S", (0.01,))]),
    (b"S?0c", [Frame("?", ())]),
]
FRAMES = st.builds(
    Frame,
    st.sampled_from("?~wsS"),
    st.lists(st.integers(-999_999, 999_999).map(lambda v: v / 100), max_size=20).map(tuple),
)
WALKING = Frame("?", (0.5, -1.25, 12.0, 1.0))


@pytest.mark.parametrize(("data", "messages"), HEARD)
def test_what_is_heard(data: bytes, messages: list[Message]) -> None:
    parser = StreamParser()
    assert parser.feed(data) == messages
    assert parser.dropped == 0


@pytest.mark.parametrize(("data", "messages"), HEARD)
def test_byte_by_byte(data: bytes, messages: list[Message]) -> None:
    parser = StreamParser()
    assert [m for byte in data for m in parser.feed(bytes((byte,)))] == messages


@given(st.lists(FRAMES, max_size=8), st.lists(st.integers(1, 40), max_size=20))
def test_frames_of_the_far_end_survive_any_chunking(frames: list[Frame], cuts: list[int]) -> None:
    data = b"".join(frame_bytes(frame.command, frame.values) for frame in frames)
    parser, got = StreamParser(), []
    for cut in cuts:
        got += parser.feed(data[:cut])
        data = data[cut:]
    assert got + parser.feed(data) == frames
    assert parser.dropped == 0


@pytest.mark.parametrize("noise", [b"S?2c12", b"S?xc", b"S?2c12n4x", b"\xff\x00", b"S?2c--1n", b"REA", b"S?2c123n"])
def test_a_frame_cut_short_does_not_swallow_more_than_the_next(noise: bytes) -> None:
    parser = StreamParser()
    data = frame_bytes(WALKING.command, WALKING.values)
    assert parser.feed(noise + data + data)[-1] == WALKING
    assert parser.resyncs == 1


def test_a_greeting_whose_end_was_lost_gives_way_to_frames() -> None:
    parser = StreamParser()
    data = frame_bytes(WALKING.command, WALKING.values)
    assert parser.feed(b"READYexo|Some text" + data) == [Ready(), WALKING]
    assert parser.resyncs == 1


def test_a_greeting_without_end_does_not_grow_for_ever() -> None:
    parser = StreamParser()
    parser.feed(b"READY" + b"x|" * 4000)
    assert parser.feed(frame_bytes("?", (1.0,)))[-1] == Frame("?", (1.0,))
    assert parser.dropped


@given(st.binary(max_size=300))
def test_recovery_within_two_frames_of_any_garbage(garbage: bytes) -> None:
    parser, data = StreamParser(), frame_bytes(WALKING.command, WALKING.values)
    heard = parser.feed(garbage) + parser.feed(data) + parser.feed(data)
    assert WALKING in heard


def test_two_hundred_thousand_bytes_of_noise() -> None:
    rng, parser = random.Random(3), StreamParser()
    valid = b"".join(data for data, _ in HEARD)
    for _ in range(500):
        mutated = bytearray(valid)
        for _ in range(rng.randrange(12)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        parser.feed(mutated)
        parser.feed(rng.randbytes(250))
    assert parser.dropped
    data = frame_bytes(WALKING.command, WALKING.values)
    assert WALKING in parser.feed(data) + parser.feed(data)
