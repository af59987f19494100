"""The MagPro codec: golden frames, both directions, and garbage."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import MAX_BODY, Flags, Mode, Model, StreamParser, Waveform, crc8, encode_frame

GOLDEN = [
    (commands.SHORT_STATUS, "FE 01 00 00 FF"),
    (b"\x01\x32", "FE 02 01 32 C6 FF"),
    (commands.set_amplitude(50), "FE 03 01 32 00 17 FF"),
    (commands.ENABLE, "FE 02 02 01 CF FF"),
    (commands.DISABLE, "FE 02 02 00 91 FF"),
    (commands.FIRE_VARIANTS["03"], "FE 01 03 E2 FF"),
    (commands.FIRE_VARIANTS["03 01"], "FE 02 03 01 0B FF"),
    (commands.START_TRAIN, "FE 01 04 61 FF"),
    (commands.LONG_STATUS, "FE 01 05 3F FF"),
    (commands.set_train(10, 600, 2, 10), "FE 09 06 00 0A 02 58 00 02 00 0A 8C FF"),
    (commands.show_page(2), "FE 03 07 02 00 EB FF"),
    (b"\x07\x02", "FE 02 07 02 D2 FF"),
    (b"\x08" + bytes(8), "FE 09 08 00 00 00 00 00 00 00 00 5D FF"),
    (commands.READ_WAVEFORM, "FE 0B 09 00 00 00 00 00 00 00 00 00 00 2B FF"),
    (b"\x09\x00", "FE 02 09 00 B2 FF"),
    (
        commands.set_waveform(model=0, mode=0, direction=0, waveform=3, burst_pulses=3, interval_ms=20, ratio=1),
        "FE 0B 09 01 00 00 00 03 02 00 C8 00 64 4D FF",
    ),
    (commands.READ_DELAYS, "FE 02 0A 00 E7 FF"),
    (commands.READ_TIMING, "FE 02 0B 00 23 FF"),
    (commands.READ_COUNTERS, "FE 02 0C 00 4D FF"),
    (b"\x02\x00\x00\x1c", "FE 04 02 00 00 1C 39 FF"),
]
BYTE = st.integers(0, 0xFF)


def _field(part: wire.Part) -> st.SearchStrategy[object]:
    if part.make is Flags:
        return BYTE.map(Flags)
    if part.make is bool:
        return st.booleans()
    top = 1 << 8 * part.width
    return st.integers(-top // 2, top // 2 - 1) if part.signed else st.integers(0, top - 1)


def _messages(kind: type) -> st.SearchStrategy[wire.Message]:
    return st.builds(kind, **{name: _field(part) for name, part in wire.layout(kind).items()})


MESSAGES = st.one_of(*(_messages(kind) for kind in wire.Message.__args__))


@pytest.mark.parametrize(("body", "frame"), GOLDEN)
def test_golden_frame(body: bytes, frame: str) -> None:
    assert encode_frame(body) == bytes.fromhex(frame)
    assert StreamParser().feed(bytes.fromhex(frame)) == [body]


def test_crc_of_a_real_capture() -> None:
    assert crc8(bytes.fromhex("0200001C")) == 0x39


def test_flags_of_a_real_capture() -> None:
    flags = Flags(0x1C)
    assert (flags.mode, flags.waveform, flags.enabled, flags.model) == (
        Mode.STANDARD,
        Waveform.BIPHASIC_BURST,
        True,
        Model.R30,
    )
    assert Flags.of(mode=0, waveform=3, enabled=True, model=0) == flags


def test_long_status_offsets() -> None:
    body = bytes((5, 0x34, 1, 2, 3, 31, 60, 48, 0, 48, 0, 100, 0, 2, 1))
    status = wire.decode(body)
    assert isinstance(status, wire.LongStatus)
    assert (status.page, status.running) == (body[13], True)
    assert (status.serial_number, status.temperature_c, status.coil_type) == (0x010203, 31, 60)
    assert (status.flags.enabled, status.flags.model) == (True, Model.X100)


def test_burst_interval_is_an_index_low_byte_first() -> None:
    block = bytes((9, 0, 88, 0, 0, 3, 2, 80, 0, 0))
    report = wire.decode(block)
    assert isinstance(report, wire.WaveformReport)
    assert (report.burst_pulses, report.burst_interval_ms) == (3, 20.0)


def test_burst_intervals_descend_from_100_to_half_a_millisecond() -> None:
    table = [wire.WaveformReport(0, 0, 0, 3, 2, index & 255, index >> 8, 0).burst_interval_ms for index in range(196)]
    assert (table[0], table[80], table[100], table[195]) == (100.0, 20.0, 10.0, 0.5)
    assert all(later < earlier for earlier, later in pairwise(table))
    assert wire.WaveformReport(0, 0, 0, 3, 2, 196, 0, 0).burst_interval_ms is None


@pytest.mark.parametrize("length", [0, MAX_BODY + 1])
def test_bodies_of_impossible_length_are_not_framed(length: int) -> None:
    with pytest.raises(ValueError, match="1 to"):
        encode_frame(bytes(length))


@given(MESSAGES)
def test_every_message_survives_the_wire(message: wire.Message) -> None:
    (body,) = StreamParser().feed(encode_frame(wire.encode(message)))
    assert wire.decode(body) == message


@given(st.binary(max_size=40))
def test_decode_never_raises(body: bytes) -> None:
    assert wire.decode(body) is not None


@pytest.mark.parametrize("kind", wire.Message.__args__)
def test_a_body_that_is_cut_short_is_unknown(kind: type) -> None:
    whole = kind.HEAD + bytes(sum(part.skip + part.width for part in wire.layout(kind).values()))
    assert isinstance(wire.decode(whole), kind)
    assert wire.decode(whole[:-1]) == wire.Unknown(whole[:-1])


@pytest.mark.parametrize("first", [0xF0, 0xF1, 0x55])
def test_ids_nobody_knows_are_unknown(first: int) -> None:
    assert wire.decode(bytes((first, 1, 2))) == wire.Unknown(bytes((first, 1, 2)))


@given(st.lists(st.binary(min_size=1, max_size=MAX_BODY), max_size=8), st.lists(st.integers(1, 20), max_size=30))
def test_bodies_survive_any_chunking(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(encode_frame, bodies))
    parser, heard = StreamParser(), []
    for cut in cuts:
        heard += parser.feed(stream[:cut])
        stream = stream[cut:]
    heard += parser.feed(stream)
    assert heard == bodies
    assert (parser.dropped, parser.resyncs, parser.pending) == (0, 0, False)


@given(st.binary(max_size=200), st.integers(1, 7))
def test_the_parser_never_raises_and_never_lies(noise: bytes, cut: int) -> None:
    parser = StreamParser()
    heard = [body for at in range(0, len(noise), cut) for body in parser.feed(noise[at : at + cut])]
    assert all(encode_frame(body) in noise for body in heard)


FRAMES = [encode_frame(commands.LONG_STATUS + bytes((number,)) + bytes(13)) for number in range(6)]


def _heard_behind(garbage: bytes, frames: int) -> int:
    """How many of `frames` long statuses are heard behind garbage, with nothing but the next frames to help."""
    parser = StreamParser()
    parser.feed(garbage)
    return sum(len(parser.feed(frame)) for frame in FRAMES[:frames])


@given(st.binary(max_size=60).filter(lambda noise: 0xFE not in noise))
def test_a_frame_behind_garbage_without_a_start_byte_is_heard_at_once(garbage: bytes) -> None:
    assert _heard_behind(garbage, 1) == 1


@given(st.binary(max_size=60))
def test_recovery_within_two_frames_of_any_garbage(garbage: bytes) -> None:
    parser = StreamParser()
    heard = parser.feed(garbage)
    for frame in FRAMES[:2]:
        heard += parser.feed(frame)
    accidents = [body for body in heard if encode_frame(body) not in FRAMES]
    assume(not accidents)
    assert heard[:1] == [FRAMES[0][2:-2]]


@pytest.mark.parametrize("garbage", ["FE", "FE 0F", "FE FE", "FE FF 00", "FE 00 FF", "FE 01 05 3F", "FE 01 05 00 FF"])
def test_half_frames_and_false_ends_cost_no_frame_that_follows(garbage: str) -> None:
    assert _heard_behind(bytes.fromhex(garbage), 2) == 2


def test_frames_swallowed_by_a_false_length_are_given_back() -> None:
    assert _heard_behind(bytes((0xFE, MAX_BODY)), 3) == 3


def test_a_line_that_falls_quiet_gives_back_what_a_false_length_held() -> None:
    parser = StreamParser()
    assert parser.feed(bytes((0xFE, MAX_BODY)) + FRAMES[0]) == []
    assert parser.expire() == [FRAMES[0][2:-2]]


def test_a_parser_that_splits_at_end_bytes_fails_this_table() -> None:
    """A serial number, a count or a CRC may be FF: splitting there, as one public driver does, breaks."""
    body = bytes.fromhex("00 10 FF FE 01 1F 3C 30 00")
    assert encode_frame(body).split(b"\xff")[0][2:-1] != body
    assert StreamParser().feed(encode_frame(body)) == [body]


def test_start_and_end_bytes_inside_a_frame_are_data() -> None:
    body = bytes.fromhex("00 FE FF FE 01 00 00 FF FE")
    parser = StreamParser()
    assert parser.feed(encode_frame(body)) == [body]


def test_dropped_bytes_and_runs_are_counted() -> None:
    parser = StreamParser()
    parser.feed(b"abc" + encode_frame(b"\x05") + b"de" + encode_frame(b"\x05"))
    assert (parser.dropped, parser.resyncs) == (5, 2)


def test_a_reset_forgets_half_a_frame() -> None:
    parser = StreamParser()
    parser.feed(b"\xfe\x0f")
    parser.reset()
    assert parser.feed(encode_frame(b"\x05")) == [b"\x05"]
