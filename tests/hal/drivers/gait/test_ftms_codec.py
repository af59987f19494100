"""The Fitness Machine Service: published vectors decode exactly, both ways, split packets and noise."""

import random
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.gait.ftms_codec import (
    CONTROL_POINT,
    PAUSE,
    REQUEST_CONTROL,
    START,
    STOP,
    TREADMILL_DATA,
    Features,
    MachineStatus,
    Response,
    SpeedRange,
    TreadmillParser,
    decode_features,
    decode_response,
    decode_speed_range,
    decode_status,
    decode_treadmill_data,
    encode_set_speed,
)

DATA: list[tuple[str, dict[str, Any]]] = [
    (
        "0c 04 96 00 19 00 00 00 00 00 00 3c 00",
        {"speed_kmh": 1.5, "distance_m": 25, "inclination_pct": 0.0, "ramp_angle_deg": 0.0, "elapsed_s": 60},
    ),
    ("00 00 50 00", {"speed_kmh": 0.8}),
    ("01 00", {"more": True}),
    (
        "fe 1f b4 00 96 00 10 27 00 0f 00 09 00 0c 00 03 00 e8 03 b0 04 07 00 5a 00 02 58 19 58 02 58 02 fb ff 0c 00",
        {
            "speed_kmh": 1.8,
            "average_speed_kmh": 1.5,
            "distance_m": 10000,
            "inclination_pct": 1.5,
            "ramp_angle_deg": 0.9,
            "gain_up_m": 1.2,
            "gain_down_m": 0.3,
            "pace": 1000,
            "average_pace": 1200,
            "energy_kcal": 7,
            "energy_kcal_h": 90,
            "energy_kcal_min": 2,
            "heart_rate_bpm": 88,
            "metabolic_equivalent": 2.5,
            "elapsed_s": 600,
            "remaining_s": 600,
            "belt_force_n": -5,
            "power_w": 12,
        },
    ),
    (
        "84 24 96 00 19 00 00 03 00 ff ff ff 3c 00 28 00 00",
        {
            "speed_kmh": 1.5,
            "distance_m": 25,
            "energy_kcal": 3,
            "energy_kcal_h": None,
            "energy_kcal_min": None,
            "elapsed_s": 60,
            "tail": bytes((40, 0, 0)),
        },
    ),
]
CONTROL = [
    (REQUEST_CONTROL, "00"),
    (START, "07"),
    (STOP, "08 01"),
    (PAUSE, "08 02"),
    (encode_set_speed(1.5), "02 96 00"),
    (encode_set_speed(0.8), "02 50 00"),
]
STATUS = [
    ("01", MachineStatus("reset", 1)),
    ("02 01", MachineStatus("stopped", 2)),
    ("02 02", MachineStatus("paused", 2)),
    ("03", MachineStatus("safety_key", 3)),
    ("04", MachineStatus("started", 4)),
    ("05 96 00", MachineStatus("new_speed", 5, 1.5)),
    ("06 0f 00", MachineStatus("other", 6)),
    ("ff", MachineStatus("control_lost", 255)),
]
EMPTY = {"more": False, "tail": b""}


@pytest.mark.parametrize(("text", "expected"), DATA)
def test_published_vectors_decode_exactly(text: str, expected: dict[str, Any]) -> None:
    data = bytes.fromhex(text)
    told = decode_treadmill_data(data)
    assert told is not None
    assert told.flags == int.from_bytes(data[:2], "little")
    for name in told.__slots__:
        if name != "flags":
            assert getattr(told, name) == (expected | {}).get(name, EMPTY.get(name)), name


def test_the_legacy_pace_is_one_byte_of_a_tenth_of_a_km_a_minute() -> None:
    data = bytes.fromhex("60 00 96 00 0a 0c")
    told = decode_treadmill_data(data, "uint8")
    assert told is not None
    assert (told.speed_kmh, told.pace, told.average_pace) == (1.5, 1.0, 1.2)
    assert decode_treadmill_data(data, "uint16") is None, "too short for the present form"


def test_unknown_angles_are_none() -> None:
    told = decode_treadmill_data(bytes.fromhex("08 10 50 00 ff 7f ff 7f ff 7f ff 7f"))
    assert told is not None
    assert (told.inclination_pct, told.ramp_angle_deg, told.belt_force_n, told.power_w) == (None, None, None, None)


@pytest.mark.parametrize(("sent", "text"), CONTROL)
def test_what_is_asked(sent: bytes, text: str) -> None:
    assert sent == bytes.fromhex(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("80 02 01", "ok"),
        ("80 00 02", "not supported"),
        ("80 02 03", "invalid parameter"),
        ("80 07 04", "failed"),
        ("80 00 05", "not permitted"),
        ("80 00 09", "result 9"),
    ],
)
def test_answers(text: str, words: str) -> None:
    data = bytes.fromhex(text)
    answer = decode_response(data)
    assert answer == Response(data[1], data[2])
    assert answer.words == words


@pytest.mark.parametrize("text", ["", "80", "80 02", "02 96 00"])
def test_what_is_no_answer(text: str) -> None:
    assert decode_response(bytes.fromhex(text)) is None


@pytest.mark.parametrize(("text", "status"), STATUS)
def test_machine_status(text: str, status: MachineStatus) -> None:
    assert decode_status(bytes.fromhex(text)) == status


@pytest.mark.parametrize("text", ["", "02", "05 96"])
def test_status_cut_short(text: str) -> None:
    assert decode_status(bytes.fromhex(text)) is None


def test_speed_range_and_features() -> None:
    found = decode_speed_range(bytes.fromhex("0a 00 58 02 0a 00"))
    assert found == SpeedRange(0.1, 6.0, 0.1)
    assert decode_speed_range(bytes.fromhex("0a 00 58 02 0a")) is None
    assert decode_speed_range(bytes.fromhex("0a 00 05 00 0a 00")) is None
    assert decode_speed_range(bytes.fromhex("0a 00 58 02 00 00")) is None
    assert decode_features(bytes.fromhex("0c 56 00 00 03 00 00 00")) == Features(0x560C, 3)
    assert Features(0, 3).sets_speed
    assert not Features(0, 2).sets_speed
    assert decode_features(bytes(7)) is None
    assert SpeedRange(0.5, 6.0, 0.2).nearest(1.0) == 0.9, "never faster than asked"
    assert SpeedRange(1.0, 6.0, 0.1).nearest(0.3) == 1.0
    assert (TREADMILL_DATA[:8], CONTROL_POINT[:8]) == ("00002acd", "00002ad9")


def test_a_speed_that_does_not_fit() -> None:
    for wrong in (-0.1, 655.36):
        with pytest.raises(ValueError, match="does not fit"):
            encode_set_speed(wrong)


FORMS = ["H", "3", "hh", "HH", "H", "H", "HHB", "B", "B", "H", "H", "hh"]
SIZES = {"H": 2, "h": 2, "B": 1, "3": 3}


@given(st.integers(0, 0x1FFF), st.binary(min_size=40, max_size=40))
def test_every_combination_of_flags(flags: int, noise: bytes) -> None:
    forms = ("" if flags & 1 else "H") + "".join(form for bit, form in enumerate(FORMS, 1) if flags >> bit & 1)
    size = sum(SIZES[form] for form in forms)
    data = struct.pack("<H", flags) + noise[:size]
    told = decode_treadmill_data(data)
    assert told is not None
    assert (told.flags, told.more, told.tail) == (flags, bool(flags & 1), b"")
    if not flags & 1:
        assert told.speed_kmh == int.from_bytes(noise[:2], "little") / 100
    assert decode_treadmill_data(data[:-1]) is None, "cut short"
    assert decode_treadmill_data(data + b"\0") is None, "longer than announced"


@given(st.integers(0, 0xFFFF))
def test_every_speed_survives(hundredths: int) -> None:
    assert encode_set_speed(hundredths / 100) == b"\x02" + hundredths.to_bytes(2, "little")
    told = decode_treadmill_data(b"\0\0" + hundredths.to_bytes(2, "little"))
    assert told is not None
    assert told.speed_kmh == hundredths / 100


def test_an_account_in_two_packets_is_one() -> None:
    parser = TreadmillParser()
    assert parser.feed(bytes.fromhex("05 00 19 00 00"), 1.0) == []
    (whole,) = parser.feed(bytes.fromhex("00 04 96 00 3c 00"), 1.1)
    assert (whole.speed_kmh, whole.distance_m, whole.elapsed_s, whole.more) == (1.5, 25, 60, False)
    assert parser.dropped == 0


def test_a_half_that_waits_too_long_is_forgotten() -> None:
    parser = TreadmillParser()
    parser.feed(bytes.fromhex("05 00 19 00 00"), 1.0)
    (whole,) = parser.feed(bytes.fromhex("00 00 96 00"), 2.5)
    assert (whole.speed_kmh, whole.distance_m) == (1.5, None)
    assert parser.dropped == 1


def test_two_hundred_thousand_bytes_of_noise() -> None:
    rng, parser, size = random.Random(5), TreadmillParser(), 0
    valid = [bytes.fromhex(text) for text, _ in DATA]
    while size < 200_000:
        packet = bytearray(rng.choice(valid) if rng.random() < 0.5 else rng.randbytes(rng.randrange(60)))
        for _ in range(rng.randrange(3)):
            if packet:
                packet[rng.randrange(len(packet))] = rng.randrange(256)
        parser.feed(bytes(packet[: rng.randrange(len(packet) + 1)]), size / 1000)
        decode_status(bytes(packet))
        decode_response(bytes(packet))
        decode_speed_range(bytes(packet))
        size += len(packet)
    assert parser.dropped
    parser.feed(valid[1], size)
    assert parser.feed(valid[1], size)[0].speed_kmh == 0.8, "within two packets"
