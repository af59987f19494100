import asyncio
import socket
from collections.abc import Callable

import numpy as np
import pytest

from hal.crc import crc8_maxim
from hal.sim.clock import SimClock
from hal.sim.emg.quattrocento_codec import RAIL, UV_PER_COUNT, Acquisition, BadConfig, parse_config
from hal.sim.emg.quattrocento_device import MAX_ROWS, QuattrocentoDevice, Stream
from hal.sim.faults import Faults
from hal.sim.patient.patient import Patient

AUX_1, COUNTER, TRIGGER = 96, 112, 113
SETTINGS = Acquisition(on=True, rate_hz=5120, channels=120)


def config(settings: int) -> bytes:
    head = bytes((settings,)) + bytes(38)
    return head + bytes((crc8_maxim(head),))


def start(rate_code: int = 2, channels_code: int = 0) -> bytes:
    return config(0x80 | rate_code << 3 | channels_code << 1 | 1)


def stream(patient: Patient | None = None, *faults: str, start_s: float = 0.0) -> Stream:
    given = Faults()
    for spec in faults:
        given.add(spec)
    return Stream(SETTINGS, start_s, patient or Patient(1), given)


def test_known_configuration():
    # 5120 Hz, 120 channels, on: bit 7, rate 10, channels 00, ACQ_ON.
    assert start()[0] == 0x91
    assert parse_config(start()) == SETTINGS


@pytest.mark.parametrize(("rate_code", "rate_hz"), enumerate((512, 2048, 5120, 10240)))
@pytest.mark.parametrize(("channels_code", "channels"), enumerate((120, 216, 312, 408)))
def test_rates_and_channel_counts(rate_code, rate_hz, channels_code, channels):
    settings = parse_config(start(rate_code, channels_code))
    assert settings == Acquisition(True, rate_hz, channels)
    assert (settings.trigger_column, settings.counter_column) == (channels - 24, channels - 8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (start()[:-1], "39 bytes instead of 40"),
        (start()[:-1] + bytes((start()[-1] ^ 1,)), "CRC"),
        (config(0x11), "bit 7"),
    ],
)
def test_bad_configurations_are_told_apart(data, message):
    with pytest.raises(BadConfig, match=message):
        parse_config(data)


def test_trigger_rises_at_the_first_sample_at_or_after_the_pulse_and_lasts_two_milliseconds():
    made = stream(start_s=100.0)
    pulse_s = 100.0 + 1000.25 / 5120
    rows = made.block(2000, (pulse_s,))
    high = np.flatnonzero(rows[:, AUX_1] > 0)
    assert high[0] == 1001
    assert len(high) >= 2 * 5.12
    assert rows[1001, AUX_1] * 5e6 / 65536 / 0.5 == pytest.approx(3.3e6, rel=0.01)
    np.testing.assert_array_equal(rows[:, TRIGGER], rows[:, AUX_1] > 0)


def test_artefact_and_trigger_share_a_sample():
    patient = Patient(1)
    patient.stimulate(0.1004, 80)
    rows = stream(patient).block(1000, (0.1004,))
    first = np.flatnonzero(rows[:, AUX_1])[0]
    jump = np.abs(np.diff(rows[:, 0].astype(int)))
    assert first - 1 == np.flatnonzero(jump > 300)[0]


def test_blocks_of_any_size_make_the_same_stream():
    def made(sizes):
        patient = Patient(1)
        patient.stimulate(0.3, 80)
        one = stream(patient)
        return np.concatenate([one.block(size, (0.3,)).copy() for size in sizes])

    whole = made([4000]).astype(int)
    pieces = made([1, 1535, 1, 3, 60, 2400]).astype(int)
    assert np.abs(pieces - whole).max() <= 1
    np.testing.assert_array_equal(pieces[:, 8:], whole[:, 8:])


def test_counter_counts_every_sample_and_wraps():
    made = stream()
    made.sent = 65_530
    counter = made.block(20, ())[:, COUNTER].view(np.uint16)
    np.testing.assert_array_equal(counter, np.arange(65_530, 65_550) & 0xFFFF)


def test_unused_inputs_are_silent():
    rows = stream().block(500, ())
    assert rows[:, :8].any(axis=0).all()
    assert not rows[:, 8:96].any()


def test_what_the_wire_carries_is_what_the_electrode_shows():
    rows = stream(Patient(2)).block(3000, ())
    expected = Patient(2).render_uv(0.0, 3000, 5120)
    np.testing.assert_allclose(rows[:, :8] * UV_PER_COUNT, expected, atol=0.51 * UV_PER_COUNT)


def test_large_signals_stop_at_the_rail():
    patient = Patient(2)
    patient.contract(0.0, 1.0, 30_000.0, ("RF left",))
    rows = stream(patient).block(2000, ())
    assert rows[:, 2].max() == RAIL
    assert rows[:, 2].min() == -RAIL - 1


def test_fault_saturated_and_flat_channels():
    made = stream(Patient(2), "emg.saturated:TA left@0.1+0.1", "emg.flat:RF right")
    early, late = made.block(256, ()).copy(), made.block(512, ()).copy()[256:]
    assert not (early[:, 0] == RAIL).any()
    late = made.block(100, ())
    assert (late[:, 0] == RAIL).all()
    assert not late[:, 6].any()
    assert all(fault.fired_at_s is not None for fault in made._faults.all)


def test_fault_hum():
    made = stream(Patient(2), "emg.hum:60")
    assert (made.block(5120, ())[:, 1] * UV_PER_COUNT).std() == pytest.approx(60, rel=0.02)
    assert made._faults.all[0].strikes


class FakeTime:
    """Real seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Amplifier:
    """A device on a loopback port, its patient, its clock and its faults."""

    def __init__(self, *faults: str, speed: float = 1.0, seed: int = 1) -> None:
        self.time = FakeTime()
        self.clock = SimClock(speed, self.time)
        self.faults = Faults()
        for spec in faults:
            self.faults.add(spec)
        self.patient = Patient(seed)
        self.device = QuattrocentoDevice(self.patient, self.clock, self.faults)

    async def __aenter__(self) -> "Amplifier":
        self.device.plug()
        self.task = asyncio.create_task(self.device.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.device.port, limit=1 << 24)

    async def settled(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition()` holds; the test's own time-out is the limit."""
        while not condition():
            await asyncio.sleep(0.005)

    async def told(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Send a configuration and wait until the device has taken it."""
        before = self.device.accepted_configs
        writer.write(data)
        await self.settled(lambda: self.device.accepted_configs == before + 1)

    def pulse(self, at_s: float, intensity: float = 80.0) -> None:
        self.patient.stimulate(at_s, intensity)
        self.device.note_pulse(at_s)


async def rows_of(reader: asyncio.StreamReader, count: int, channels: int = 120) -> np.ndarray:
    data = await asyncio.wait_for(reader.readexactly(count * channels * 2), 20)
    return np.frombuffer(data, "<i2").reshape(count, channels)


async def test_nothing_is_sent_before_a_valid_configuration():
    async with Amplifier() as amplifier:
        reader, writer = await amplifier.connect()
        writer.write(start()[:-1] + b"\x00")
        await amplifier.settled(lambda: amplifier.device.rejected_configs == 1)
        amplifier.time.now_s = 1.0
        await amplifier.told(writer, start())
        amplifier.time.now_s = 1.1
        rows = await rows_of(reader, 512)
        assert rows[0, COUNTER] == 0
        writer.close()


async def test_samples_follow_simulated_time_and_stop_when_told():
    async with Amplifier(speed=2.0) as amplifier:
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        amplifier.time.now_s = 2.0
        rows = await rows_of(reader, 4 * 5120)
        assert (rows[:, COUNTER].view(np.uint16) == np.arange(len(rows)) & 0xFFFF).all()
        await amplifier.told(writer, config(0x90))
        amplifier.time.now_s = 3.0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        writer.close()


async def test_sixty_times_real_time_is_sustained_and_a_slow_reader_moves_no_trigger():
    # Counts, not clocks: one second of real time at speed 60 is 307,200 rows (74 MB), asked for in two steps, the
    # second while the reader sleeps. Triggers stay where simulated time put them.
    async with Amplifier(speed=60.0) as amplifier:
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        for at_s in range(1, 60):
            amplifier.pulse(at_s + 0.0001)
        amplifier.time.now_s = 0.5
        first = await rows_of(reader, 30 * 5120)
        amplifier.time.now_s = 1.0
        await asyncio.sleep(0.2)
        rows = np.concatenate([first, await rows_of(reader, 30 * 5120)])
        rises = np.flatnonzero(np.diff(rows[:, AUX_1]) > 0) + 1
        np.testing.assert_array_equal(rises, np.arange(1, 60) * 5120 + 1)
        assert (rows[:, COUNTER].view(np.uint16) == np.arange(len(rows)) & 0xFFFF).all()
        assert len(rows) == 307_200 > MAX_ROWS
        writer.close()


async def test_no_pulse_falls_between_two_looks_at_the_clock():
    # Time moves on at every look, as it does; the pulses come from whatever `before_block` finds due by then.
    async with Amplifier() as amplifier:
        device, given = amplifier.device, 0
        frozen = amplifier.clock.now_s

        def hurrying_s() -> float:
            amplifier.time.now_s += 0.063
            return frozen()

        def train() -> None:
            nonlocal given
            while (given + 1) * 0.1 <= amplifier.clock.now_s() and given < 100:
                given += 1
                device.note_pulse(given * 0.1)

        device._before_block = train
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        amplifier.clock.now_s = hurrying_s
        rows = await rows_of(reader, 11 * 5120)
        rises = np.flatnonzero(np.diff(rows[:, AUX_1]) > 0) + 1
        np.testing.assert_array_equal(rises, np.ceil(np.round(np.arange(1, 101) * 512.0, 6)))
        writer.close()


async def test_a_new_connection_replaces_the_old_one():
    async with Amplifier() as amplifier:
        old, old_writer = await amplifier.connect()
        await amplifier.told(old_writer, start())
        new, new_writer = await amplifier.connect()
        await amplifier.told(new_writer, start())
        amplifier.time.now_s = 0.5
        assert (await rows_of(new, 1000))[0, COUNTER] == 0
        await asyncio.wait_for(old.read(), 5)
        old_writer.close()
        new_writer.close()


async def test_it_survives_a_reader_that_vanishes():
    async with Amplifier(speed=60.0) as amplifier:
        raw = socket.create_connection(("127.0.0.1", amplifier.device.port))
        raw.sendall(start())
        await amplifier.settled(lambda: amplifier.device.accepted_configs == 1)
        amplifier.time.now_s = 5.0
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        raw.close()
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        amplifier.time.now_s = 5.1
        assert len(await rows_of(reader, 5120)) == 5120
        writer.close()


async def test_fault_silence_and_lost_samples_leave_a_gap_in_the_counter():
    async with Amplifier("emg.silence@1+1", "emg.lost_samples:300@3") as amplifier:
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        device, (silence, lost) = amplifier.device, amplifier.faults.all
        amplifier.time.now_s = 0.9
        await amplifier.settled(lambda: device.samples_sent == 4608)
        amplifier.time.now_s = 1.5
        await amplifier.settled(lambda: silence.strikes > 0)
        assert device.samples_sent == 4608
        amplifier.time.now_s = 2.5
        await amplifier.settled(lambda: device.samples_sent == 4608 + 5120)
        amplifier.time.now_s = 3.5
        await amplifier.settled(lambda: device.samples_sent == 4608 + 2 * 5120 - 300)
        assert lost.strikes == 1
        rows = await rows_of(reader, device.samples_sent)
        counter = rows[:, COUNTER].view(np.uint16).astype(int)
        jumps = np.diff(counter)
        assert sorted(jumps[jumps != 1]) == [301, 3073]
        writer.close()


async def test_fault_lost_trigger_keeps_the_response():
    async with Amplifier("emg.lost_trigger@1") as amplifier:
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        for at_s in (0.5, 1.5, 2.5):
            amplifier.pulse(at_s)
        amplifier.time.now_s = 3.0
        rows = await rows_of(reader, 3 * 5120)
        rises = np.flatnonzero(np.diff(rows[:, AUX_1]) > 0) + 1
        assert list(rises) == [2560, 12_800]
        assert np.abs(rows[7680:7690, 0]).max() * UV_PER_COUNT > 300
        assert amplifier.faults.all[0].strikes == 1
        writer.close()


async def test_fault_cable_out_ends_the_connection_refuses_and_returns_on_the_same_port():
    async with Amplifier("emg.cable_out@1+1") as amplifier:
        port = amplifier.device.port
        reader, writer = await amplifier.connect()
        await amplifier.told(writer, start())
        amplifier.time.now_s = 1.5
        await asyncio.wait_for(reader.read(), 5)
        with pytest.raises(ConnectionRefusedError):
            await amplifier.connect()
        amplifier.time.now_s = 2.5
        await amplifier.settled(lambda: amplifier.device._listener is not None)
        assert amplifier.device.port == port
        _, again = await amplifier.connect()
        assert amplifier.faults.all[0].strikes
        writer.close()
        again.close()
