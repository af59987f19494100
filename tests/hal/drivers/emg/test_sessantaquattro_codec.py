"""The Sessantaquattro's bytes: commands, scale, samples of 16 and 24 bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.emg.sessantaquattro_codec import CHANNELS, GAIN_CODES, RATES_HZ, SampleStream, Settings
from hal.sim.emg.emg_source import Rows
from hal.sim.emg.sessantaquattro_device import Command, encode

COMMANDS = [
    # A test command seen in the wild: 2000 Hz, 8 channels as 4 bipolar, high-pass, go.
    (Settings(2000, 8, "bipolar", 16, True), True, "4141"),
    (Settings(2000, 8, "bipolar", 16, True), False, "4140"),
    (Settings(500, 8, "monopolar", 16, False), True, "0001"),
    (Settings(1000, 16, "monopolar", 16, False), True, "2801"),
    (Settings(4000, 64, "differential", 24, True, "4"), True, "7ad1"),
    (Settings(2000, 32, "impedance", 16, False, "6"), True, "5621"),
    (Settings(500, 8, "test", 16, False, "8", "external", True), True, "073b"),
]


@pytest.mark.parametrize(("settings", "go", "wire"), COMMANDS)
def test_commands_bit_by_bit(settings: Settings, go: bool, wire: str) -> None:
    assert settings.command(go=go).hex() == wire
    assert settings.query().hex() == f"{int(settings.command(go=False).hex(), 16) | 0x8000:04x}"


@given(
    st.sampled_from(RATES_HZ), st.sampled_from(CHANNELS), st.sampled_from(["monopolar", "bipolar", "differential"]),
    st.sampled_from([16, 24]), st.booleans(), st.sampled_from(list(GAIN_CODES)),
)  # fmt: skip
def test_the_far_end_reads_what_was_meant(
    rate_hz: int, channels: int, mode: str, bits: int, high_pass: bool, gain: str
) -> None:
    settings = Settings(rate_hz, channels, mode, bits, high_pass, gain)
    read = Command(int.from_bytes(settings.command(go=True), "big"))
    assert (read.rate_hz, read.emg_channels, read.wide, read.go) == (rate_hz, settings.inputs, bits == 24, True)
    assert read.nv_per_count == pytest.approx(1000 * settings.uv_per_count)
    assert settings.agrees(settings.command(go=True) + bytes(11))
    assert not settings.agrees(bytes((settings.command(go=True)[0] ^ 0x20, 0)) + bytes(11))


@pytest.mark.parametrize(
    ("bits", "gain", "nv"), [(16, "8", 286.1), (16, "default", 286.1), (16, "4", 572.2), (24, "8", 71.5)]
)
def test_scales(bits: int, gain: str, nv: float) -> None:
    assert Settings(bits=bits, gain=gain).uv_per_count == pytest.approx(nv / 1000)


def test_layout_of_eight_bipolar_channels() -> None:
    settings = Settings(channels=16, mode="bipolar")
    assert (settings.inputs, settings.columns, settings.aux_column(1), settings.aux_column(2)) == (8, 12, 8, 9)
    assert settings.columns * 2 == 24, "bytes of a sample"


def test_samples_are_big_endian_and_signed() -> None:
    assert SampleStream(3, 16).feed(bytes.fromhex("0001 8000 ffff")).tolist() == [[1, -32768, -1]]
    assert SampleStream(3, 24).feed(bytes.fromhex("000001 800000 ffffff")).tolist() == [[1, -8388608, -1]]


@given(st.integers(1, 20), st.lists(st.integers(1, 99), max_size=20), st.sampled_from([16, 24]), st.integers(0, 2**31))
def test_samples_of_the_far_end_survive_any_chunking(rows: int, cuts: list[int], bits: int, seed: int) -> None:
    settings = Settings(channels=16, bits=bits)
    rng = np.random.default_rng(seed)
    uv = rng.normal(0, 500, (rows, 8)).astype(np.float32)
    sent = Rows(np.arange(rows) + 65_530, uv, rng.random(rows) < 0.5, 0.0)
    wire = encode(sent, Command(int.from_bytes(settings.command(go=True), "big")))
    stream, got = SampleStream(settings.columns, bits), []
    for cut in [*cuts, len(wire)]:
        got.append(stream.feed(wire[:cut]))
        wire = wire[cut:]
    table = np.concatenate(got)
    np.testing.assert_allclose(table[:, :8] * settings.uv_per_count, uv, atol=0.51 * settings.uv_per_count)
    np.testing.assert_array_equal(table[:, 8] > 8000 << (bits - 16), sent.trigger)
    np.testing.assert_array_equal(table[:, -1].astype(np.int64) % 65536, sent.numbers % 65536)


def test_random_bytes_are_survived() -> None:
    rng = np.random.default_rng(7)
    for bits in (16, 24):
        stream = SampleStream(12, bits)
        rows = sum(len(stream.feed(rng.bytes(int(rng.integers(1, 5000))))) for _ in range(50))
        assert rows > 0
