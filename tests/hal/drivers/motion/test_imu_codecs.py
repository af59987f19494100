"""The bytes of four makes of inertial sensors: frames as published, cut and spoiled streams, both ways."""

import struct
import zlib
from binascii import crc_hqx

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.drivers.motion import capture2go_codec as c2g
from hal.drivers.motion import dot_codec as dot
from hal.drivers.motion import nus_imu_codec as nus
from hal.drivers.motion import witmotion_codec as wit
from hal.drivers.motion.inertial_units import accel_of_counts, at_rail, gyro_of_counts
from hal.drivers.motion.sample_index import Place, SampleIndex
from hal.sim.motion import imu_frames
from hal.sim.motion.imu_motion import Felt

WORDS = st.tuples(*[st.integers(-32768, 32767)] * 9)

# WitMotion


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (
            "5561 0100 FEFF 0008 1000 F0FF 0000 0040 00C0 FF7F",
            wit.Motion((1, -2, 2048, 16, -16, 0, 16384, -16384, 32767)),
        ),
        # a payload full of headers
        (
            "5561 5561 5571 5561 5561 5561 5561 5561 5561 5561",
            wit.Motion((0x6155, 0x7155, *[0x6155] * 7)),
        ),
        ("5571 3A00 6400 9CFF 2C01 0000 0000 0000 0000 0000", wit.Registers(0x3A, (100, -100, 300, 0, 0, 0, 0, 0))),
        ("5571 6400 8201 0000 0000 0000 0000 0000 0000 0000", wit.Registers(0x64, (386, 0, 0, 0, 0, 0, 0, 0))),
        ("5571 0300 0900 0000 0000 0000 0000 0000 0000 0000 0000", wit.Registers(0x03, (9, 0, 0, 0, 0, 0, 0, 0))),
    ],
)
def test_witmotion_frames(wire: str, message: wit.Message) -> None:
    assert wit.FrameReader().feed(bytes.fromhex(wire)) == [message]


@pytest.mark.parametrize(
    ("command", "wire"),
    [
        (wit.unlock(), "FFAA6988B5"),
        (wit.write_register(wit.RATE, wit.RATE_CODES[100.0]), "FFAA030900"),
        (wit.write_register(wit.RATE, wit.RATE_CODES[50.0]), "FFAA030800"),
        (wit.write_register(wit.LOW_PASS, wit.LOW_PASS_CODES[256]), "FFAA1F0000"),
        (wit.write_register(wit.LOW_PASS, wit.LOW_PASS_CODES[188]), "FFAA1F0100"),
        (wit.write_register(wit.CALIBRATE, wit.MOTION_START), "FFAA010100"),
        (wit.write_register(wit.CALIBRATE, wit.FIELD_START), "FFAA010700"),
        (wit.write_register(wit.CALIBRATE, wit.CALIBRATE_END), "FFAA010000"),
        (wit.write_register(wit.SAVE, 0), "FFAA000000"),
        (wit.read_register(wit.FIELD), "FFAA273A00"),
        (wit.read_register(wit.BATTERY), "FFAA276400"),
    ],
)
def test_witmotion_commands(command: bytes, wire: str) -> None:
    assert command == bytes.fromhex(wire)


def test_the_sixteen_byte_model_is_told_apart() -> None:
    frame = bytes.fromhex("5561") + bytes(range(14))
    for joined in (1, 2, 3):
        reader = wit.FrameReader()
        assert [reader.feed(frame * joined) for _ in range(3)] == [[], [], [wit.WrongModel()]]
    # five of its frames are as long as four of the known ones, and are not taken for those
    assert wit.FrameReader().feed(frame * 5) == []


def test_witmotion_scales() -> None:
    words = [[2048, 0, -32768, 16384, 0, 1]]
    assert accel_of_counts(np.array(words)[:, :3], 16.0)[0] == pytest.approx([9.80665, 0, -156.9064])
    assert gyro_of_counts(np.array(words)[:, 3:], 2000.0)[0] == pytest.approx(np.deg2rad([1000, 0, 2000 / 32768]))
    assert at_rail([[0, 0], [32767, 0], [0, -32768]]).tolist() == [False, True, True]
    assert [round(wit.battery_pct(volts)) for volts in (4.1, 3.87, 3.79, 3.68, 3.3)] == [100, 75, 50, 15, 0]


def test_a_stream_cut_anywhere_yields_no_wrong_frame() -> None:
    rng = np.random.default_rng(1)
    count = 40_000
    payload = rng.integers(0, 256, (count, 18), np.uint8)
    stream = b"".join(b"\x55\x61" + row.tobytes() for row in payload) + b"\x55\x61"
    reader, got, at = wit.FrameReader(), [], 0
    while at < len(stream):
        step = int(rng.integers(1, 61))
        got += reader.feed(stream[at : at + step])
        at += step
    assert [message.words for message in got if isinstance(message, wit.Motion)] == [
        struct.unpack("<9h", row.tobytes()) for row in payload
    ]
    assert len(got) == count


@given(st.lists(WORDS, min_size=1, max_size=12), st.binary(max_size=40), st.integers(1, 12))
@settings(deadline=None)
def test_witmotion_recovers_within_two_notifications_of_garbage(
    samples: list[tuple[int, ...]], garbage: bytes, joined: int
) -> None:
    frames = [b"\x55\x61" + struct.pack("<9h", *words) for words in samples]
    reader = wit.FrameReader()
    reader.feed(garbage)
    packets = [b"".join(frames[at : at + joined]) for at in range(0, len(frames), joined)]
    got = [reader.feed(packet) for packet in packets]
    for packet_messages, at in list(zip(got, range(0, len(frames), joined), strict=True))[2:]:
        assert [message.words for message in packet_messages if isinstance(message, wit.Motion)][-joined:] == samples[
            at : at + joined
        ]


@given(WORDS)
def test_witmotion_reads_what_the_simulated_sensor_writes(words: tuple[int, ...]) -> None:
    row = np.array(words, np.int16)
    sample = imu_frames.witmotion_sample(row)
    assert wit.FrameReader().feed(sample) == [wit.Motion((*words[:6], 0, 0, 0))]
    told = imu_frames.witmotion_registers(0x3A, list(words[:8]))
    assert wit.FrameReader().feed(told) == [wit.Registers(0x3A, words[:8])]


# own frame

EXAMPLE = "B51D 01 00 0100 10270000 64 01 000000000008 000000000000 C256"


def test_the_documented_frame() -> None:
    (frame,) = nus.FrameReader().feed(bytes.fromhex(EXAMPLE))
    assert (frame.counter, frame.micros, frame.battery_pct, frame.clipped) == (1, 10_000, 100, False)
    assert frame.counts.tolist() == [[0, 0, 2048, 0, 0, 0]]
    assert nus.encode(frame) == bytes.fromhex(EXAMPLE)


@given(st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from((6, 9)), st.data())
@settings(deadline=None)
def test_own_frames_both_ways_and_cut_anywhere(
    counter: int, micros: int, n: int, width: int, data: st.DataObject
) -> None:
    counts = np.array(data.draw(st.lists(st.integers(-32766, 32766), min_size=n * width, max_size=n * width)), np.int16)
    wire = imu_frames.nus_frame(counter, micros, counts.reshape(n, width), 255)
    assert wire == nus.encode(nus.MotionFrame(counter, micros, counts.reshape(n, width)))
    reader = nus.FrameReader()
    cut = data.draw(st.integers(0, len(wire)))
    (frame,) = reader.feed(wire[:cut]) + reader.feed(wire[cut:])
    assert (frame.counter, frame.micros, frame.battery_pct) == (counter, micros, None)
    assert (frame.counts == counts.reshape(n, width)).all()


@pytest.mark.parametrize("shape", [(0, 6), (20, 6), (1, 7)])
def test_what_fits_no_frame_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        nus.encode(nus.MotionFrame(0, 0, np.zeros(shape, np.int16)))


def test_the_two_checksums_agree() -> None:
    assert imu_frames.crc16(b"123456789") == crc_hqx(b"123456789", 0xFFFF) == 0x29B1


# Capture2Go


def test_capture2go_packages() -> None:
    assert c2g.encode(0x0150) == bytes.fromhex("02") + zlib.crc32(b"\x50\x01").to_bytes(4, "little") + b"\x00\x50\x01"
    command = c2g.set_mode(200.0)
    assert command[5:8] == bytes((30, 0x20, 0x01))
    assert command[8:] == bytes(8) + bytes((0, 0, 1, 0, 0, 0, 1, 0)) + bytes(14)
    status = struct.pack("<qBB3hBBB", 5, 2, 2, 0, 0, 0, 1, 0x80 | 77, 50)
    rows = np.arange(72, dtype=np.int16).reshape(8, 9)
    for wire, message in (
        (c2g.encode(0x0201, status), c2g.Status(5, 2, True, 77, True)),
        (c2g.encode(0x0122, command[8:]), c2g.Mode(1, 1)),
        (c2g.encode(0x0151), c2g.Answer(0x0151, b"")),
        (c2g.encode(0xFFFF, b"\xfb\x50\x01"), c2g.Complaint(0xFB, 0x0150)),
    ):
        assert c2g.PackageReader().feed(b"\xff" + wire) == [message]
        assert c2g.PackageReader().feed(b"\xfe" + wire) == [message]
    wire = imu_frames.capture2go_package(0x0221, imu_frames.capture2go_samples(123, rows, 3))
    assert len(wire) == 8 + 163
    reader = c2g.PackageReader()
    found = [message for at in range(0, len(wire), 20) for message in reader.feed(b"\xff" + wire[at : at + 20])]
    (samples,) = found
    assert isinstance(samples, c2g.Samples)
    assert (samples.timestamp_ns, samples.rate_hz, samples.flags) == (123, 200.0, 3)
    assert np.hstack((samples.accel, samples.gyro, samples.field)).tolist() == rows.tolist()


def test_capture2go_drops_what_is_no_notification_of_it() -> None:
    reader = c2g.PackageReader()
    assert reader.feed(b"\x00abc") == []
    assert reader.feed(b"") == []
    assert reader.feed(b"\xfe" + c2g.encode(0x0151)[:-1] + b"\x00") == []
    assert reader.dropped > 0
    assert reader.feed(b"\xff" + c2g.encode(0x0151)) == [c2g.Answer(0x0151, b"")]


# Movella DOT


def felt() -> Felt:
    return Felt(np.array([[1.0, -2.0, 9.5]]), np.deg2rad([[10.0, -20.0, 30.0]]), np.array([[1.0, 2.0, -3.0]]))


@pytest.mark.parametrize(("mode", "size"), [(5, 20), (21, 28), (26, 44)])
def test_dot_payloads(mode: int, size: int) -> None:
    wire = imu_frames.dot_payload(mode, 2**32 + 7, felt(), 0)
    assert len(wire) == size
    sample = dot.parse(mode, wire)
    assert sample is not None
    assert sample.micros == 7
    if mode == 5:
        assert sample.quaternion == (1, 0, 0, 0)
        return
    assert sample.accel_m_s2 == pytest.approx((1, -2, 9.5))
    assert sample.turn_deg_s == pytest.approx((10, -20, 30))
    assert dot.parse(mode, wire[:-1]) is None


def test_dot_golden() -> None:
    wire = bytes.fromhex("40420F00 0000803F 00000000 0000C0BF 0000B442 000034C3 00000000")
    assert dot.parse(21, wire) == dot.DotSample(1_000_000, (1.0, 0.0, -1.5), (90.0, -180.0, 0.0))
    assert dot.parse(21, wire[:4] + bytes.fromhex("0000C07F") + wire[8:]) is None  # not a number
    assert dot.parse(7, wire) is None
    assert dot.start(26).hex() == "01011a"
    assert dot.stop(21).hex() == "010015"
    control = dot.set_rate(60)
    assert (len(control), control[0], dot.rate_of(control), dot.rate_of(b"")) == (32, 0x10, 60, None)
    assert dot.battery(bytes((55, 1))) == (55, True)
    assert dot.battery(b"\xff\x00") is None
    with pytest.raises(ValueError, match="not at 120"):
        dot.set_rate(120)


# all


@pytest.mark.parametrize("make", [wit.FrameReader, nus.FrameReader, c2g.PackageReader])
def test_noise_and_spoiled_streams_raise_nothing(make: type) -> None:
    rng = np.random.default_rng(5)
    counts = rng.integers(-32768, 32768, (8, 9)).astype(np.int16)
    good = {
        wit.FrameReader: imu_frames.witmotion_sample(counts[0]) * 4,
        nus.FrameReader: imu_frames.nus_frame(1, 2, counts, 3),
        c2g.PackageReader: b"\xff" + imu_frames.capture2go_package(0x0221, imu_frames.capture2go_samples(1, counts, 0)),
    }[make]
    reader, fed = make(), 0
    while fed < 200_000:
        wire = bytearray(good if rng.random() < 0.5 else rng.bytes(int(rng.integers(1, 245))))
        for _ in range(int(rng.integers(0, 3))):
            wire[int(rng.integers(len(wire)))] ^= 1 << int(rng.integers(8))
        reader.feed(bytes(wire))
        fed += len(wire)
    assert reader.dropped > 1000
    assert len([message for _ in range(3) for message in reader.feed(good)]) >= 2


# counters


def test_samples_are_placed_by_their_counter() -> None:
    index = SampleIndex(100.0, modulus=65536)
    at = 10**12
    assert index.place(65_530, 5, at) == Place(0, 0)
    assert index.place(65_535, 5, at + 50_000_000) == Place(5, 0)
    assert index.place(7, 5, at + 130_000_000) == Place(13, 3)
    assert index.place(7, 5, at + 131_000_000).repeated
    # two turns of the counter and ten samples later
    assert index.place((12 + 10) % 65536, 5, at + 130_000_000 + 10 * (131_072 + 15) * 10**6) == Place(
        18 + 131_082, 131_082
    )
    index.reconnected()
    restarted = index.place(40_000, 5, at + 1_400_000_000_000)
    assert restarted.restarted
    assert index.lost == 3 + 131_082 + restarted.lost


def _placed(*packets: tuple[int, float]) -> tuple[SampleIndex, list[Place]]:
    """Packets of one sample at 100 Hz, given as counter and seconds of arrival."""
    index = SampleIndex(100.0, modulus=65536)
    return index, [index.place(counter, 1, 10**12 + round(at_s * 1e9)) for counter, at_s in packets]


def test_a_counter_may_come_late_and_make_up_for_it_but_never_come_early() -> None:
    late, told = _placed((0, 0.0), (1, 1.8), (2, 1.8), (150, 1.81), (181, 1.82))
    assert (late.lost, any(place.restarted for place in told)) == (147 + 30, False)
    _, told = _placed((0, 0.0), (1, 0.01), (400, 0.02), (401, 0.03))
    assert [place.restarted for place in told] == [False, False, True, False]
    assert told[2].lost == 0


def test_a_counter_that_jumps_back_is_followed() -> None:
    index, told = _placed((5000, 0.0), (0, 1.0), (1, 1.01))
    assert [place.restarted for place in told] == [False, True, False]
    assert (told[2].first, index.lost) == (101, 99)


def test_the_first_packet_of_another_connection_may_have_waited() -> None:
    for waited_s, restarted in ((1.5, False), (4.0, True)):
        index, _ = _placed((0, 0.0))
        index.reconnected()
        place = index.place(1000 - round(100 * waited_s), 1, 10**12 + 10 * 10**9)
        assert place.restarted is restarted
        assert place.lost == (999 if restarted else 849)
