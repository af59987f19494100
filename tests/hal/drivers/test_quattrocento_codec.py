"""The Quattrocento codec: the command's bytes, samples in any chunking, losses, edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.crc import crc8_maxim
from hal.drivers.quattrocento_codec import (
    AUX_V_PER_COUNT,
    UV_PER_COUNT,
    Configuration,
    EdgeDetector,
    Gap,
    LossDetector,
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


def _counter(*values: int) -> np.ndarray:
    return np.array(values, np.uint16).astype(np.int16)


def test_a_counter_that_counts_has_no_gaps_across_runs_and_its_wrap() -> None:
    losses = LossDetector()
    assert losses.feed(_counter(65533, 65534, 65535, 0, 1)) == []
    assert losses.feed(_counter(2, 3)) == []


def test_gaps_are_found_between_and_inside_runs() -> None:
    losses = LossDetector()
    losses.feed(_counter(10, 11, 12))
    assert losses.feed(_counter(15, 16, 20, 21)) == [Gap(0, 2), Gap(2, 3)]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40))
def test_every_loss_is_counted(lost: list[int]) -> None:
    losses, counter, found = LossDetector(), 0, 0
    for missing in [0, *lost]:
        counter += missing
        run = np.arange(counter, counter + 50) & 0xFFFF
        counter += 50
        found += sum(gap.lost for gap in losses.feed(run.astype(np.uint16).astype(np.int16)) or [])
    assert found == sum(lost)


def test_a_counter_that_stands_still_is_said_so_and_claims_no_loss() -> None:
    losses = LossDetector()
    assert losses.feed(_counter(5, 5, 5, 5)) == []
    assert losses.stuck


def test_noise_instead_of_a_counter_means_lost_alignment() -> None:
    losses = LossDetector()
    losses.feed(_counter(*range(100)))
    assert losses.feed(np.random.default_rng(1).integers(-99, 99, 100, dtype=np.int16)) is None


def test_edges_with_hysteresis() -> None:
    edges = EdgeDetector(1000)
    line = np.array([0, 400, 1000, 900, 600, 1001, 499, 999, 1000, 2000], np.int16)
    assert edges.feed(line) == [2, 8], "600 is not yet low again, 499 is"


def test_a_line_high_from_the_start_has_not_risen() -> None:
    edges = EdgeDetector(1000)
    assert edges.feed(np.array([5000, 5000, 0, 5000], np.int16)) == [3]


@given(st.lists(st.integers(-2000, 2000), min_size=1, max_size=200), st.integers(1, 17))
def test_edges_do_not_depend_on_chunks(line: list[int], chunk: int) -> None:
    samples = np.array(line, np.int16)
    whole, pieces = EdgeDetector(1000), EdgeDetector(1000)
    found = [at + row for at in range(0, len(samples), chunk) for row in pieces.feed(samples[at : at + chunk])]
    assert found == whole.feed(samples)
