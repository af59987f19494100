"""The Magstim codec: golden frames, both directions against the far end's own encoding, and garbage."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hal.drivers.stimulator import magstim_commands as commands
from hal.drivers.stimulator import magstim_messages as wire
from hal.drivers.stimulator.magstim import OFF_BYTES
from hal.drivers.stimulator.magstim_codec import Reply, ReplyParser, checksum, encode_command
from hal.drivers.stimulator.magstim_state import Account
from hal.sim.stimulator.magstim_wire import RequestReader, data_lengths, signed

NEW = wire.shapes("rapid2", 9)
PAIR = wire.shapes("200_2", None)
REQUESTS = [
    (commands.REMOTE_ON, b"Q@n"),
    (commands.REMOTE_OFF, b"R@m"),
    (commands.ARM, b"EBx"),
    (commands.DISARM, b"EAy"),
    (commands.FIRE, b"EHr"),
    (commands.PAIR_SETTINGS, b"J@u"),
    (commands.TEMPERATURE, b"F@y"),
    (commands.BISTIM_MODE, b"X@g"),
    (commands.RAPID_SETTINGS, b"\\@c"),
    (commands.SYSTEM_STATUS, b"x@G"),
    (commands.VERSION, b"NDm"),
    (commands.ERROR_CODE, b"I@v"),
    (commands.set_power(50), b"@050*"),
    (b"Y@", b"Y@f"),
    (b"Z@", b"Z@e"),
    (b"^@", b"^@a"),
    (b"_@", b"_@`"),
    (b"o@", b"o@P"),
]
"""Requests with the checksum that public drivers send."""
REPLIES = [
    (PAIR, b"Q\x89\x25", Reply("Q", "", 0x89, None, b"", 3)),
    (PAIR, b"E\x8c\x2e", Reply("E", "", 0x8C, None, b"", 3)),
    (PAIR, b"J\x89040000010\x77", Reply("J", "", 0x89, None, b"040000010", 12)),
    (PAIR, b"F\x89243239\xf9", Reply("F", "", 0x89, None, b"243239", 9)),
    (PAIR, b"?", Reply("?", "not understood", size=1)),
    (PAIR, b"@?\x80", Reply("@", "data not acceptable", size=3)),
    (PAIR, b"ES\x67", Reply("E", "in conflict with its present state", size=3)),
    (NEW, b"N9.0.1\0\xbb", Reply("N", data=b"9.0.1", size=8)),
    (NEW, b"x\x89\x38\0\0\xc6", Reply("x", "", 0x89, 0x38, b"\0\0", 6)),
    (NEW, b"[\x89\x30\xeb", Reply("[", "", 0x89, 0x30, b"", 4)),
]
BYTE = st.integers(0, 255)


def parsed(shapes: object, data: bytes) -> list[Reply]:
    return ReplyParser(shapes).feed(data)


@pytest.mark.parametrize(("body", "frame"), REQUESTS)
def test_golden_requests(body: bytes, frame: bytes) -> None:
    assert encode_command(body) == frame


def test_the_off_bytes_disarm_and_release() -> None:
    assert OFF_BYTES == b"EAyR@m"


@pytest.mark.parametrize(("shapes", "frame", "reply"), REPLIES)
def test_golden_replies(shapes: object, frame: bytes, reply: Reply) -> None:
    assert parsed(shapes, frame) == [reply]


@pytest.mark.parametrize(
    ("version", "digits", "length"),
    [
        (5, b"045" + b"0010" + b"0060" + b"600" + b"005", 21),
        (7, b"045" + b"0010" + b"0060" + b"600" + b"0005", 22),
        (8, b"045" + b"0010" + b"0060" + b"600" + b"0005", 22),
        (9, b"045" + b"0010" + b"00060" + b"0600" + b"0005", 24),
        (10, b"045" + b"0010" + b"00060" + b"0600" + b"0005", 24),
    ],
)
def test_settings_have_the_length_of_their_software(version: int, digits: bytes, length: int) -> None:
    frame = signed(b"\\\x8c\x30" + digits)
    assert len(frame) == length
    (reply,) = parsed(wire.shapes("rapid2", version), frame)
    assert wire.rapid_settings(reply, version) == wire.RapidSettings(45, 10, 60, 600, 5)


def test_train_numbers_have_the_width_of_their_software() -> None:
    old, new = wire.widths(7), wire.widths(9)
    assert (commands.set_duration(10, old), commands.set_duration(10, new)) == (b"[010", b"[0010")
    assert (commands.set_pulses(600, old), commands.set_pulses(600, new)) == (b"D0600", b"D00600")
    assert commands.set_frequency(10) == b"B0010"


def test_status_bits() -> None:
    charged = wire.Instrument(0x8C)
    assert (charged.armed, charged.ready, charged.coil, charged.remote, charged.standby) == (True,) * 4 + (False,)
    assert wire.Instrument(0x8A).armed
    assert not wire.Instrument(0x8A).ready
    assert (wire.Instrument(0x10).replace_coil, wire.Instrument(0x20).error) == (True, True)
    bits = wire.RapidBits(0b00111110)
    assert (bits.enhanced, bits.train, bits.wait, bits.single_pulse) == (False, True, True, True)
    assert (bits.high_voltage, bits.coil_ready) == (True, True)


def test_the_hotter_winding_counts() -> None:
    (reply,) = parsed(PAIR, signed(b"F\x89" + b"391402"))
    assert Account().after(reply, 0).coil_c == 40.2


def test_a_refusal_tells_nothing_of_the_state() -> None:
    (reply,) = parsed(PAIR, signed(b"ES"))
    assert Account().after(reply, 0) == Account()


# both ways, against the encoding that the far end brings along


@given(
    st.sampled_from(["5", "7", "9", "10"]),
    st.lists(st.sampled_from(["B", "D", "[", "@", "E", "F", "\\", "N"]), max_size=12),
    st.lists(st.integers(1, 9), max_size=30),
)
def test_requests_survive_the_wire_in_any_pieces(version: str, letters: list[str], cuts: list[int]) -> None:
    parts, lengths = wire.widths(int(version)), data_lengths("rapid2", int(version))
    bodies = {
        "B": commands.set_frequency(10),
        "D": commands.set_pulses(600, parts),
        "[": commands.set_duration(600, parts),
        "@": commands.set_power(45),
        "E": commands.FIRE,
        "F": commands.TEMPERATURE,
        "\\": commands.RAPID_SETTINGS,
        "N": commands.VERSION,
    }
    stream = b"".join(encode_command(bodies[letter]) for letter in letters)
    reader, got = RequestReader(lengths), []
    for cut in [*cuts, len(stream)]:
        got += reader.take(stream[:cut])
        stream = stream[cut:]
    assert [(request.letter, request.data) for request in got] == [
        (letter, bodies[letter][1:].decode()) for letter in letters
    ]


STATUS = st.integers(0, 255).filter(lambda byte: byte & 3 != 3)
"""Standby and armed exclude each other; both at once would read as the refusals ? and S."""


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    letter = draw(st.sampled_from(sorted(NEW)))
    shape = NEW[letter]
    body = letter.encode() + bytes((draw(STATUS),))
    body += bytes((draw(BYTE),)) if shape.rapid else b""
    body += draw(st.binary(min_size=shape.raw, max_size=shape.raw))
    return signed(body + b"".join(str(draw(st.integers(0, 9))).encode() for _ in range(shape.digits)))


@given(st.lists(replies(), max_size=8), st.lists(st.integers(1, 30), max_size=20))
def test_replies_survive_any_chunking(frames: list[bytes], cuts: list[int]) -> None:
    parser, stream, got = ReplyParser(NEW), b"".join(frames), []
    for cut in [*cuts, len(stream)]:
        got += parser.feed(stream[:cut])
        stream = stream[cut:]
    assert [(reply.letter, reply.refusal, reply.size) for reply in got] == [(chr(f[0]), "", len(f)) for f in frames]
    assert (parser.dropped, parser.pending) == (0, False)


# garbage


@pytest.mark.parametrize("reply", [b"E\x8c\x2e", signed(b"x\x89\x38\0\0"), signed(b"\\\x8c\x30" + b"0" * 20)])
@given(garbage=st.binary(max_size=60))
def test_recovery_within_two_replies_of_any_garbage(reply: bytes, garbage: bytes) -> None:
    parser = ReplyParser(NEW)
    heard = parser.feed(garbage) + parser.feed(reply) + parser.feed(reply)
    ours = parsed(NEW, reply)[0]
    assume(all(got == ours for got in heard))
    assert heard


def test_a_line_that_falls_quiet_gives_back_what_a_false_head_held() -> None:
    parser = ReplyParser(NEW)
    assert parser.feed(b"x" + b"E\x8c\x2e") == []
    assert [reply.letter for reply in parser.expire()] == ["E"]
    assert (parser.pending, parser.dropped) == (False, 1)


def test_a_question_mark_inside_garbage_is_no_refusal() -> None:
    parser = ReplyParser(NEW)
    assert [reply.letter for reply in parser.feed(b"\x00\x01?\x02E\x8c\x2e?")] == ["E", "?"]


def test_digits_that_are_none_are_no_reply() -> None:
    parser = ReplyParser(PAIR)
    assert [reply.letter for reply in parser.feed(b"J\x89" + b"E\x8c\x2e")] == ["E"]


@pytest.mark.parametrize("seed", range(4))
def test_no_noise_makes_it_fail_or_lie(seed: int) -> None:
    noise = random.Random(seed)
    frames = [b"E\x8c\x2e", signed(b"\\\x8c\x30" + b"0" * 20), signed(b"F\x89" + b"391402"), b"N9.0.1\0\xbb"]
    stream = bytearray(noise.randbytes(40_000) + b"".join(noise.choice(frames) for _ in range(3000)))
    for _ in range(3000):
        stream[noise.randrange(len(stream))] = noise.randrange(256)
    parser, at, heard = ReplyParser(NEW), 0, 0
    while at < len(stream):
        size = noise.randrange(1, 64)
        for reply in parser.feed(bytes(stream[at : at + size])):
            heard += reply.size
            assert reply.letter in (*NEW, "N", "?")
        at += size
    parser.expire()
    assert heard + parser.dropped == len(stream)
    assert parser.resyncs <= parser.dropped


def test_the_checksum_is_the_complement() -> None:
    assert all(checksum(bytes(range(n))) == 255 - sum(range(n)) % 256 for n in range(40))
