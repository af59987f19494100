"""The ESCD protocol byte by byte: golden frames, both ways, through garbage."""

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.current import escd_codec as wire
from hal.roles import CurrentProgram
from hal.sim.current import escd_wire

PAIRED = CurrentProgram(2.5, 200, 15, trigger_bursts=200)
ALONE = CurrentProgram(2.5, 1200, 15)

GOLDEN_COMMANDS = [
    (wire.Kind.HELLO, 1, b"\x01", "e5 5c 01 01 01 01 54 e6"),
    (
        wire.Kind.PROGRAM,
        2,
        wire.program_payload(PAIRED),
        "e5 5c 13 02 02 c4 09 40 0d 03 00 98 3a c8 00 03 14 00 c8 00 0a 00 10 27 20 ec",
    ),
    (
        wire.Kind.PROGRAM,
        2,
        wire.program_payload(ALONE),
        "e5 5c 13 02 02 c4 09 80 4f 12 00 98 3a 00 00 03 14 00 c8 00 0a 00 10 27 ea 27",
    ),
    (wire.Kind.START, 3, wire.start_payload(0x1B70), "e5 5c 02 03 03 70 1b 00 3c"),
    (wire.Kind.STOP, 0, b"", "e5 5c 00 04 00 58 00"),
    (wire.Kind.PING, 5, b"", "e5 5c 00 05 05 cc 63"),
]
GOLDEN_ANSWERS = [
    ("e5 5c 02 80 03 03 04 30 c4", wire.Ack(3, wire.Kind.START, 4)),
    (
        "e5 5c 0f 81 01 01 01 04 40 e2 01 00 a0 0f 05 dc 05 01 34 12 c3 2a",
        wire.Hello(1, 1, "1.4", 123456, 4.0, 5, 1500, True, 0x1234),
    ),
    (
        "e5 5c 15 82 02 70 1b c4 09 40 0d 03 00 98 3a c8 00 03 14 00 c8 00 0a 00 10 27 cf 7e",
        wire.ProgramReport(2, 0x1B70, wire.program_payload(PAIRED)),
    ),
    (
        "e5 5c 1c 85 05 03 00 c4 09 c2 09 c2 01 18 57 48 ee 00 00 28 94 02 00 76 0a 02 00 8a 00 00 00 70 1b 96 bc",
        wire.Status(5, "plateau", "", 2.5, 2.498, 4.5, 24, 87, 61.0, 169.0, 0.13375, 138, 0x1B70),
    ),
    (
        "e5 5c 1c 85 00 05 03 00 00 00 00 ff ff ff 1e 48 ee 00 00 00 00 00 00 76 0a 02 00 8a 00 00 00 00 00 07 a0",
        wire.Status(0, "fault", "an electrode is off or dry", 0, 0, None, None, 30, 61.0, 0.0, 0.13375, 138, 0),
    ),
]


@pytest.mark.parametrize(("kind", "seq", "payload", "golden"), GOLDEN_COMMANDS)
def test_commands_are_these_bytes_and_the_device_reads_them(kind, seq, payload, golden):
    frame = wire.encode(kind, seq, payload)
    assert frame.hex(" ") == golden
    assert escd_wire.frame(kind, seq, payload) == frame
    assert escd_wire.RequestReader().take(frame) == [escd_wire.Request(kind, seq, payload)]


@pytest.mark.parametrize(("golden", "message"), GOLDEN_ANSWERS)
def test_answers_are_read_from_these_bytes_whole_and_in_pieces(golden, message):
    frame = bytes.fromhex(golden)
    assert wire.StreamParser().feed(frame) == [message]
    parser = wire.StreamParser()
    assert [found for byte in frame for found in parser.feed(bytes((byte,)))] == [message]
    assert (parser.dropped, parser.resyncs) == (0, 0)


def test_the_check_value_is_that_of_the_standard():
    assert wire.crc16(b"123456789") == escd_wire.check(b"123456789") == 0x29B1


def test_the_golden_frames_of_the_document_are_these():
    text = (Path(__file__).parents[4] / "docs" / "protocols" / "escd.md").read_text(encoding="utf-8")
    for golden in [row[3] for row in GOLDEN_COMMANDS] + [row[0] for row in GOLDEN_ANSWERS]:
        assert f"`{golden}`" in text


programs = st.builds(
    CurrentProgram,
    st.integers(1, 40).map(lambda tenth: tenth / 10),
    st.integers(1, 2400).map(float),
    st.integers(5, 60).map(float),
    trigger_bursts=st.integers(0, 600),
    burst_pulses=st.integers(1, 5),
    inter_pulse_ms=st.integers(1, 100),
    inter_burst_ms=st.integers(1, 1000),
    bursts_per_train=st.integers(1, 300),
    train_period_ms=st.integers(1, 60000),
)


@given(programs)
def test_a_program_comes_back_as_it_went_and_under_the_same_number(program):
    plan = escd_wire.Plan.of(wire.program_payload(program))
    report = wire.StreamParser().feed(escd_wire.program_report(9, plan))[0]
    assert report == wire.ProgramReport(
        9, wire.program_id(wire.program_payload(program)), wire.program_payload(program)
    )
    assert (plan.current_ua, plan.plateau_ms) == (round(program.current_ma * 1000), program.plateau_s * 1000)


accounts = st.builds(
    escd_wire.Account,
    st.integers(0, 8),
    st.integers(0, 12),
    *[st.integers(0, 0xFFFF)] * 3,
    *[st.integers(0, 0xFF)] * 2,
    *[st.integers(0, 0xFFFFFFFF)] * 4,
    st.integers(0, 0xFFFF),
)


@given(accounts, st.integers(0, 255), st.binary(max_size=40))
def test_any_account_is_read_behind_any_garbage(account, seq, garbage):
    parser = wire.StreamParser()
    frame = escd_wire.status(seq, account)
    told = [m for m in parser.feed(garbage.replace(b"\xe5", b"\0") + frame) if isinstance(m, wire.Status)][-1]
    assert (told.seq, told.asked_ma, told.triggers) == (seq, account.asked_ua / 1000, account.triggers)
    assert (told.measured_ma is None) == (account.measured_ua == 0xFFFF)
    assert told.phase in (*wire.PHASES, "unknown")


def test_a_damaged_length_delays_but_loses_no_frame():
    good = bytes.fromhex(GOLDEN_ANSWERS[3][0])
    broken = bytearray(good)
    broken[2] = 48
    parser = wire.StreamParser()
    assert len(parser.feed(bytes(broken) + good + good)) == 2
    assert parser.resyncs == 1
    assert len(parser.feed(good)) == 1


def test_short_payloads_and_strange_kinds_are_unknown_and_longer_ones_are_read():
    assert isinstance(wire.decode(wire.Kind.STATUS, 1, bytes(27)), wire.Unknown)
    assert isinstance(wire.decode(wire.Kind.STATUS, 1, bytes(30)), wire.Status)
    assert wire.decode(0x99, 1, b"") == wire.Unknown(1, 0x99, b"")
    assert wire.Ack(1, 3, 200).why == "error 200"
    with pytest.raises(ValueError, match="at most 48"):
        wire.encode(1, 1, bytes(49))
    with pytest.raises(ValueError, match="does not fit"):
        wire.program_payload(CurrentProgram(99, 10, 5))


def test_two_hundred_kilobytes_of_noise_and_mutations_raise_nothing_and_good_frames_follow():
    dice = random.Random(7)
    good = bytes.fromhex(GOLDEN_ANSWERS[3][0])
    parser, reader = wire.StreamParser(), escd_wire.RequestReader()
    for _ in range(1500):
        mutated = bytearray(good * 2)
        for _ in range(dice.randrange(4)):
            mutated[dice.randrange(len(mutated))] ^= 1 << dice.randrange(8)
        data = dice.randbytes(dice.randrange(120)) + bytes(mutated)
        parser.feed(data)
        reader.take(data)
    assert parser.dropped > 50_000
    parser.feed(bytes(60))
    assert parser.feed(good)[-1:] == wire.StreamParser().feed(good)


def test_a_flipped_bit_is_never_believed():
    good = bytes.fromhex(GOLDEN_ANSWERS[3][0])
    for bit in range(8 * len(good)):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        assert wire.StreamParser().feed(bytes(flipped) + bytes(60)) == []


def test_phases_results_and_faults_have_the_numbers_of_the_far_end():
    from hal.sim.current import escd_engine as engine

    assert wire.PHASES[engine.RAMP_DOWN] == "ramp_down"
    assert wire.PHASES[engine.FAULT] == "fault"
    assert "heard nothing" in wire.FAULTS[engine.LINK_SILENT]
    assert "stopped at the device" in wire.FAULTS[engine.BY_HAND]
    assert "battery" in wire.RESULTS[escd_wire.BATTERY]
    assert struct.calcsize("<BBHHHBBIIIIH") == 28
