"""The Trackmaster bytes: golden table, both ways, and noise."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.gait.trackmaster_codec import (
    Ack,
    ActualSpeed,
    Belt,
    BeltStatus,
    Command,
    Message,
    Other,
    Refusal,
    SetSpeed,
    StreamParser,
    encode,
)

SAID = [
    (Command.START, None, "A0"),
    (Command.STOP, None, "A2"),
    (Command.SET_SPEED, 15, "A3 30 30 31 35"),
    (Command.SET_SPEED, 0, "A3 30 30 30 30"),
    (Command.SET_SPEED, 9999, "A3 39 39 39 39"),
    (Command.ASK_BELT, None, "C0"),
    (Command.ASK_ACTUAL_SPEED, None, "C1"),
    (Command.ASK_SET_SPEED, None, "C3"),
]
HEARD = [
    ("B0", Ack(0xA0)),
    ("B2", Ack(0xA2)),
    ("B3", Ack(0xA3)),
    ("B8", Ack(0xA8)),
    ("BE", Refusal("out of range")),
    ("BF", Refusal("command unknown to this treadmill")),
    ("D0 31", BeltStatus(Belt.STOPPED)),
    ("D0 32", BeltStatus(Belt.STARTED)),
    ("D0 33", BeltStatus(Belt.STARTED_UNGUARDED)),
    ("D1 30 30 31 35", ActualSpeed(15)),
    ("D2 30 30 30 35", Other(0xD2, 5)),
    ("D3 30 30 31 38", SetSpeed(18)),
    ("D4 30 31 30 30", Other(0xD4, 100)),
]
GOOD = [(bytes.fromhex(text), message) for text, message in HEARD]


@pytest.mark.parametrize(("command", "tenths", "text"), SAID)
def test_what_is_said(command: Command, tenths: int | None, text: str) -> None:
    assert encode(command, tenths) == bytes.fromhex(text)


@pytest.mark.parametrize(("text", "message"), HEARD)
def test_what_is_heard(text: str, message: Message) -> None:
    assert StreamParser().feed(bytes.fromhex(text)) == [message]


def test_the_unguarded_start_cannot_be_said() -> None:
    assert 0xA1 not in tuple(Command)
    every = b"".join(encode(c, t) for c in Command for t in (range(10000) if c is Command.SET_SPEED else (None,)))
    assert 0xA1 not in every


def test_values_that_do_not_fit() -> None:
    for wrong in (-1, 10000):
        with pytest.raises(ValueError, match="four digits"):
            encode(Command.SET_SPEED, wrong)
    with pytest.raises(ValueError, match="needs a speed"):
        encode(Command.SET_SPEED)
    with pytest.raises(ValueError, match="takes no value"):
        encode(Command.STOP, 1)


@given(st.lists(st.sampled_from(GOOD), max_size=20), st.lists(st.integers(1, 7), max_size=40))
def test_messages_survive_any_chunking(messages: list[tuple[bytes, Message]], cuts: list[int]) -> None:
    data, parser, got = b"".join(frame for frame, _ in messages), StreamParser(), []
    for cut in cuts:
        got += parser.feed(data[:cut])
        data = data[cut:]
    assert got + parser.feed(data) == [message for _, message in messages]
    assert parser.dropped == parser.resyncs == 0


@given(st.integers(0, 300), st.sampled_from([0xD1, 0xD3]))
def test_every_speed_survives(tenths: int, head: int) -> None:
    (message,) = StreamParser().feed(bytes((head,)) + b"%04d" % tenths)
    assert message == (ActualSpeed(tenths) if head == 0xD1 else SetSpeed(tenths))


@pytest.mark.parametrize("text", ["D1 30 30 41 35", "D0 34", "D1 39 39 39 39", "F7", "A0", "30", "D1 2D 30 30 31"])
def test_noise_is_counted_once_and_skipped(text: str) -> None:
    parser = StreamParser()
    assert parser.feed(bytes.fromhex(text)) == []
    assert (parser.dropped, parser.resyncs) == (len(bytes.fromhex(text)), 1)
    assert parser.feed(bytes.fromhex("D0 31")) == [BeltStatus(Belt.STOPPED)]


def test_an_answer_cut_short_does_not_swallow_the_next() -> None:
    parser = StreamParser()
    assert parser.feed(bytes.fromhex("D1 30 30 D0 32")) == [BeltStatus(Belt.STARTED)]
    assert (parser.dropped, parser.resyncs) == (3, 1)


@given(st.binary(max_size=300))
def test_recovery_within_two_frames_of_any_garbage(garbage: bytes) -> None:
    parser = StreamParser()
    parser.feed(garbage)
    heard = parser.feed(b"\xd10012") + parser.feed(b"\xd10012")
    assert ActualSpeed(12) in heard


def test_two_hundred_thousand_bytes_of_noise() -> None:
    rng, parser = random.Random(11), StreamParser()
    valid = b"".join(frame for frame, _ in GOOD)
    for _ in range(400):
        mutated = bytearray(valid * 8)
        for _ in range(rng.randrange(20)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        parser.feed(mutated[: rng.randrange(len(mutated))])
        parser.feed(rng.randbytes(300))
    assert parser.dropped
    parser.feed(b"\xd10012")
    assert parser.feed(b"\xd10012") == [ActualSpeed(12)]
