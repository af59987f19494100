"""The Quattrocento codec: the command's bytes, samples in any chunking, losses, edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.crc import crc8_maxim
from hal.drivers.emg.quattrocento_codec import (
    AUX_V_PER_COUNT,
    UV_PER_COUNT,
    Configuration,
    SampleStream,
)


def test_the_crc_check_value_of_its_family() -> None:
    assert crc8_maxim(b"123456789") == 0xA1


def test_the_start_command_bit_by_bit() -> None:
    command = Configuration().command(acquire=True)
    assert len(command) == 40
    assert command[0] == 0b1001_0001, "bit 7, 5120 Hz = 10, 120 channels = 00, ACQ_ON"
    assert command[1:3] == b"\0\0"
    assert command[3:39] == bytes((0, 0, 0b00_01_10_10)) * 12, "10 Hz = 01, 900 Hz = 10, bipolar = 10"
    assert crc8_maxim(command) == 0, "the CRC over everything, itself included, is 0"


def test_stop_differs_in_one_bit_and_the_crc() -> None:
    start, stop = (Configuration().command(acquire=on) for on in (True, False))
    assert start[0] ^ stop[0] == 1
    assert start[1:39] == stop[1:39]


@pytest.mark.parametrize(("rate_hz", "code"), [(512, 0), (2048, 1), (5120, 2), (10240, 3)])
def test_rates(rate_hz: int, code: int) -> None:
    assert Configuration(rate_hz=rate_hz).command(acquire=True)[0] >> 3 & 3 == code


@pytest.mark.parametrize(("channels", "code", "inputs"), [(120, 0, 96), (216, 1, 192), (312, 2, 288), (408, 3, 384)])
def test_channel_layouts(channels: int, code: int, inputs: int) -> None:
    configuration = Configuration(channels=channels)
    assert configuration.command(acquire=True)[0] >> 1 & 3 == code
    assert (configuration.inputs, configuration.aux_column(1)) == (inputs, inputs)
    assert configuration.counter_column == channels - 8


def test_scales() -> None:
    assert pytest.approx(0.509, abs=0.001) == UV_PER_COUNT
    assert pytest.approx(153e-6, abs=1e-6) == AUX_V_PER_COUNT


@given(st.integers(1, 30), st.lists(st.integers(1, 500), max_size=20), st.integers(0, 2**32 - 1))
def test_samples_survive_any_chunking(rows: int, cuts: list[int], seed: int) -> None:
    sent = np.random.default_rng(seed).integers(-32768, 32768, (rows, 120), dtype=np.int16)
    wire = sent.astype("<i2").tobytes()
    stream, got = SampleStream(120), []
    for cut in [*cuts, len(wire)]:
        got.append(stream.feed(wire[:cut]))
        wire = wire[cut:]
    np.testing.assert_array_equal(np.concatenate(got), sent)
