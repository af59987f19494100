"""The stimulator's bytes as its far end writes them, and what it takes to notice a mistake in the driver's."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hal.crc
from hal.drivers.stimulator import magpro_codec, magpro_commands, magpro_messages
from hal.sim.faults import Faults
from hal.sim.stimulator import magpro_wire as wire
from hal.sim.stimulator.magpro_core import MagProCore
from hal.sim.stimulator.magpro_state import MagProState, TrainSettings

ENABLED_X100_BURST = 0x3C
COMMANDS = [
    ("00", "FE 01 00 00 FF"),
    ("01 32 00", "FE 03 01 32 00 17 FF"),
    ("02 01", "FE 02 02 01 CF FF"),
    ("02 00", "FE 02 02 00 91 FF"),
    ("03", "FE 01 03 E2 FF"),
    ("04", "FE 01 04 61 FF"),
    ("05", "FE 01 05 3F FF"),
    ("06 00 0A 02 58 00 02 00 0A", "FE 09 06 00 0A 02 58 00 02 00 0A 8C FF"),
    ("09 01 00 00 00 03 02 00 C8 00 64", "FE 0B 09 01 00 00 00 03 02 00 C8 00 64 4D FF"),
    ("0C 00", "FE 02 0C 00 4D FF"),
    ("02 00 00 1C", "FE 04 02 00 00 1C 39 FF"),
]
ACCOUNT = wire.Account(ENABLED_X100_BURST, 0x01FE2A, 31, 60, 48, 7)


def _block(ipi_ms: float, waveform: int = wire.BURST) -> bytes:
    return wire.waveform_block(
        model=1, mode=0, direction=1, waveform=waveform, burst_code=2, ipi_ms=ipi_ms, ratio_code=100
    )


MESSAGES = [
    (wire.short_status(ACCOUNT), "00 3C 01 FE 2A 1F 3C 30 07"),
    (wire.report(wire.AMPLITUDE, 48, 7, 0x3C), "01 30 07 3C"),
    (wire.report(wire.PULSE, 77, 0, 0x3C), "02 4D 00 3C"),
    (wire.report(wire.COIL, 31, 60, 0x3C), "03 1F 3C 3C"),
    (wire.long_status(ACCOUNT, wire.TIMING, True), "05 3C 01 FE 2A 1F 3C 30 07 30 07 64 64 02 01"),
    (wire.report(wire.PAGE, wire.TIMING, True, 0x3C), "08 02 01 3C"),
    (_block(20), "09 00 01 00 01 03 02 50 00 64"),
    (_block(0.5), "09 00 01 00 01 03 02 C3 00 64"),
    (_block(1, wire.BIPHASIC), "09 00 01 00 01 01 02 04 01 64"),
    (wire.delays(bytes.fromhex("00 0A FF F6 00 64")), "0A 00 00 0A FF F6 00 64"),
    (wire.timing_page(2, 1.0, 600, 2, 1.0), "0B 00 02 00 0A 02 58 00 02 00 0A 00 64 01"),
    (
        wire.counters(trains=2, total_pulses=0x5010203, sequence_pulses=0x10405, page=2),
        "0C 00 00 02 00 01 02 03 00 04 05 00 00 02",
    ),
]


@pytest.mark.parametrize(("body", "frame"), COMMANDS)
def test_frames_are_written_and_read(body: str, frame: str) -> None:
    assert wire.frame(bytes.fromhex(body)) == bytes.fromhex(frame)
    assert wire.FrameReader().take(bytes.fromhex(frame)) == [bytes.fromhex(body)]


@pytest.mark.parametrize(("message", "body"), MESSAGES)
def test_messages_stand_as_written_out(message: bytes, body: str) -> None:
    assert message == bytes.fromhex(body)


def test_flags_of_a_real_capture() -> None:
    assert wire.flags(mode=wire.STANDARD, waveform=wire.BURST, enabled=True, model=wire.R30) == 0x1C
    assert wire.flags(mode=wire.DUAL, waveform=wire.MONOPHASIC, enabled=False, model=wire.MST) == 0xA3


@given(st.lists(st.binary(min_size=1, max_size=32), max_size=6), st.integers(1, 9))
def test_frames_are_read_in_any_pieces_behind_any_noise_without_a_start(bodies: list[bytes], cut: int) -> None:
    data = b"\x00\xff\x17" + b"".join(map(wire.frame, bodies))
    reader = wire.FrameReader()
    assert [body for at in range(0, len(data), cut) for body in reader.take(data[at : at + cut])] == bodies


@given(st.binary(min_size=1, max_size=32), st.binary(max_size=200))
def test_both_ends_come_to_the_same_frames_by_different_ways(body: bytes, noise: bytes) -> None:
    assert wire.frame(body) == magpro_codec.encode_frame(body)
    data = noise + wire.frame(body)
    assert wire.FrameReader().take(data) == magpro_codec.StreamParser().feed(data)


def _heard(body: bytes) -> magpro_messages.Message | magpro_messages.Unknown:
    """What the driver makes of the far end's message."""
    heard = magpro_codec.StreamParser().feed(wire.frame(body))
    assert len(heard) == 1
    return magpro_messages.decode(heard[0])


def _obeyed(*commands: bytes) -> MagProState:
    """The far end after the driver's commands, a second apart."""
    core = MagProCore(rng=np.random.default_rng(1), faults=Faults(), on_pulse=lambda _pulse: None)
    for second, body in enumerate(commands):
        core.receive(magpro_codec.encode_frame(body), second)
        core.advance(second + 1)
    return core.state


def the_ends_understand_each_other() -> None:
    """The driver hears what the far end tells, the far end obeys what the driver commands; fails where they differ."""
    for ipi_ms in (100.0, 20.0, 19.5, 9.9, 0.5):
        block = _heard(_block(ipi_ms))
        assert isinstance(block, magpro_messages.WaveformReport)
        assert (block.burst_pulses, block.burst_interval_ms) == (3, ipi_ms)
    status = _heard(wire.long_status(ACCOUNT, wire.TIMING, True))
    assert isinstance(status, magpro_messages.LongStatus)
    assert (status.serial_number, status.temperature_c, status.coil_type, status.amplitude_a) == (0x01FE2A, 31, 60, 48)
    assert (status.flags.enabled, status.flags.waveform.name, status.flags.model) == (True, "BIPHASIC_BURST", wire.X100)
    assert (status.page, status.running) == (wire.TIMING, True)
    assert _heard(wire.report(wire.PULSE, 77, 0, 0x3C)) == magpro_messages.PulseReport(77, 0, magpro_codec.Flags(0x3C))
    burst = magpro_commands.set_waveform(
        model=magpro_codec.Model.X100_OPTION,
        mode=magpro_codec.Mode.STANDARD,
        direction=0,
        waveform=magpro_codec.Waveform.BIPHASIC_BURST,
        burst_pulses=4,
        interval_ms=30,
        ratio=1.0,
    )
    page = magpro_commands.show_page(magpro_codec.Page.TIMING)
    train = magpro_commands.set_train(50, 600, 2, 82)
    state = _obeyed(burst, page, train, magpro_commands.set_amplitude(48), magpro_commands.ENABLE)
    assert (state.waveform, state.pulses_per_trigger, state.ipi_ms) == (wire.BURST, 4, 30.0)
    assert (state.page, state.train) == (wire.TIMING, TrainSettings(5.0, 600, 2, 8.2))
    assert (state.amplitude_a, state.enabled) == (48, True)


def _low_byte_second(kind: type[magpro_messages.Message]) -> dict[str, magpro_messages.Part]:
    parts = LAYOUT(kind)
    if kind is magpro_messages.WaveformReport:
        parts["interval_low"] = parts.pop("interval_low")
        parts["ratio_index"] = parts.pop("ratio_index")
    return parts


LAYOUT: Callable[[type[magpro_messages.Message]], dict[str, magpro_messages.Part]] = magpro_messages.layout
INTERVALS_MS = magpro_codec.BURST_INTERVALS_MS
MISTAKES = [
    pytest.param(hal.crc, "_TABLE", hal.crc._TABLE[::-1], id="another CRC"),
    pytest.param(magpro_codec, "crc8", lambda body: hal.crc.crc8_maxim(bytes((len(body),)) + body), id="CRC over LEN"),
    pytest.param(magpro_codec, "END", 0xFD, id="another end byte"),
    pytest.param(magpro_messages, "layout", _low_byte_second, id="interval high byte first"),
    pytest.param(magpro_messages, "BURST_INTERVALS_MS", INTERVALS_MS[1:], id="interval one off"),
    pytest.param(magpro_messages, "BURST_INTERVALS_MS", INTERVALS_MS[::-1], id="intervals ascending"),
    pytest.param(magpro_commands, "ENABLE", b"\x02\x02", id="another enable"),
]


def test_the_ends_understand_each_other() -> None:
    the_ends_understand_each_other()


@pytest.mark.parametrize(("module", "name", "wrong"), MISTAKES)
def test_a_mistake_in_the_driver_is_seen_at_the_far_end(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        the_ends_understand_each_other()
