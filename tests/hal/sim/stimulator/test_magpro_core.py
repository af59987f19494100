"""The stimulator's far end, byte by byte. Frames are written out here; none comes from our own codec."""

import numpy as np
import pytest

from hal.crc import crc8_maxim
from hal.sim.faults import Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator import magpro_wire as wire
from hal.sim.stimulator.magpro_core import LATENCY_S, MagProCore
from hal.sim.stimulator.magpro_state import MagProState, TrainSettings
from hal.sim.stimulator.magpro_wire import BURST_IPI_MS, PAIR_IPI_MS

SHORT_STATUS = "FE 01 00 00 FF"
LONG_STATUS = "FE 01 05 3F FF"
AMPLITUDE_50 = "FE 03 01 32 00 17 FF"
AMPLITUDE_50_ONE_BYTE = "FE 02 01 32 C6 FF"
ENABLE = "FE 02 02 01 CF FF"
DISABLE = "FE 02 02 00 91 FF"
FIRE = "FE 01 03 E2 FF"
FIRE_01 = "FE 02 03 01 0B FF"
START = "FE 01 04 61 FF"
TRAIN_600_X_2 = "FE 09 06 00 0A 02 58 00 02 00 0A 8C FF"
TIMING_PAGE = "FE 03 07 02 00 EB FF"
TIMING_PAGE_SHORT = "FE 02 07 02 D2 FF"
DELAYS_0 = "FE 09 08 00 00 00 00 00 00 00 00 5D FF"
READ_WAVEFORM = "FE 0B 09 00 00 00 00 00 00 00 00 00 00 2B FF"
READ_WAVEFORM_SHORT = "FE 02 09 00 B2 FF"
R30_BURST_OF_3 = "FE 0B 09 01 00 00 00 03 02 00 C8 00 64 4D FF"
READ_DELAYS = "FE 02 0A 00 E7 FF"
READ_TIMING = "FE 02 0B 00 23 FF"
READ_COUNTERS = "FE 02 0C 00 4D FF"
FLAGS_IDLE, FLAGS_ENABLED = 0x64, 0x74
"""X100+Option (3 << 5), biphasic (1 << 2), standard; enabled sets bit 4."""


class Bench:
    """A stimulator on a bench: say frames, let time pass, read bodies."""

    def __init__(self, state: MagProState | None = None, heat: CoilHeat | None = None, *faults: str) -> None:
        self.pulses = []
        self.faults = Faults()
        for spec in faults:
            self.faults.add(spec)
        self.core = MagProCore(
            rng=np.random.default_rng(1), faults=self.faults, on_pulse=self.pulses.append, state=state, heat=heat
        )
        self.now_s = 0.0
        self.core.advance(0.0)

    def say(self, *frames: str, wait_s: float = 0.2) -> list[bytes]:
        """Send and wait; the bodies that came back."""
        for frame in frames:
            self.core.receive(bytes.fromhex(frame), self.now_s)
            self.wait(wait_s)
        return self.heard()

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.core.advance(self.now_s)

    def heard(self) -> list[bytes]:
        return [opened(frame) for frame in self.core.take_output()]


def opened(frame: bytes) -> bytes:
    """The body of a frame, after checking everything around it."""
    body = frame[2:-2]
    assert frame[0] == 0xFE
    assert frame[1] == len(body)
    assert frame[-2] == crc8_maxim(body)
    assert frame[-1] == 0xFF
    return body


def ready() -> Bench:
    bench = Bench()
    bench.say(AMPLITUDE_50, ENABLE, TIMING_PAGE)
    return bench


def frame(body: str) -> str:
    data = bytes.fromhex(body)
    return (bytes((0xFE, len(data))) + data + bytes((crc8_maxim(data), 0xFF))).hex()


def test_check_vector_of_a_real_capture():
    # Captured by the author of NeuroSimo; its flags 1C say R30, enabled, burst waveform.
    state = MagProState(model=wire.R30, waveform=3, enabled=True)
    assert state.pulse(0) == bytes.fromhex("02 00 00 1C")
    bench = Bench(state)
    bench.core.send(state.pulse(0))
    assert bench.core.take_output() == [bytes.fromhex("FE 04 02 00 00 1C 39 FF")]


def test_short_status():
    bench = Bench(MagProState(serial_number=0x0102FE, amplitude_a=7))
    assert bench.say(SHORT_STATUS) == [bytes((0x00, FLAGS_IDLE, 0x01, 0x02, 0xFE, 24, 60, 7, 0))]


def test_long_status_has_page_and_running_at_13_and_14():
    bench = ready()
    (status,) = bench.say(LONG_STATUS)
    assert len(status) == 15
    assert status[:2] == bytes((0x05, FLAGS_ENABLED))
    assert status[7:9] == bytes((50, 0))
    assert (status[13], status[14]) == (2, 0)
    bench.say(START)
    (status,) = [body for body in bench.say(LONG_STATUS) if body[0] == 5]
    assert (status[13], status[14]) == (2, 1)


@pytest.mark.parametrize("command", [AMPLITUDE_50, AMPLITUDE_50_ONE_BYTE])
def test_amplitude_is_acknowledged_by_message_01(command):
    assert Bench().say(command) == [bytes((0x01, 50, 0, FLAGS_IDLE))]


def test_amplitude_above_100_is_ignored():
    bench = Bench()
    assert bench.say(frame("01 65 00")) == []
    assert bench.core.state.amplitude_a == 0


def test_enable_answers_with_three_frames():
    assert [body[0] for body in Bench().say(ENABLE)] == [0x00, 0x03, 0x00]


def test_disable_answers_with_amplitude_and_coil():
    bench = ready()
    assert bench.say(DISABLE) == [bytes((0x01, 50, 0, FLAGS_IDLE)), bytes((0x03, 24, 60, FLAGS_IDLE))]


@pytest.mark.parametrize("command", [FIRE, FIRE_01])
def test_fire_gives_a_pulse_and_reports_its_slope(command):
    bench = ready()
    assert bench.say(command) == [bytes((0x02, 80, 0, FLAGS_ENABLED))]
    assert [(p.number, p.amplitude_pct_mso, p.source) for p in bench.pulses] == [(1, 50, "fire")]


def test_fire_does_nothing_while_disabled():
    bench = Bench()
    assert bench.say(AMPLITUDE_50, FIRE) == [bytes((0x01, 50, 0, FLAGS_IDLE))]
    assert bench.pulses == []


def test_answers_take_20_to_80_ms_and_keep_their_order():
    bench = Bench()
    assert LATENCY_S == (0.020, 0.080)
    for _ in range(40):
        bench.core.receive(bytes.fromhex(SHORT_STATUS), bench.now_s)
        bench.wait(0.0199)
        assert bench.heard() == []
        bench.wait(0.0602)
        assert len(bench.heard()) == 1
    both = bytes.fromhex(AMPLITUDE_50) + bytes.fromhex(LONG_STATUS)
    bench.core.receive(both, bench.now_s)
    bench.wait(0.2)
    assert [body[0] for body in bench.heard()] == [0x01, 0x05]


@pytest.mark.parametrize("command", [TIMING_PAGE, TIMING_PAGE_SHORT])
def test_page_is_reported_by_message_08(command):
    assert Bench().say(command) == [bytes((0x08, 2, 0, FLAGS_IDLE))]


@pytest.mark.parametrize("page", [5, 6, 8, 13, 200])
def test_pages_that_cannot_be_set_are_ignored(page):
    assert Bench().say(frame(f"07 {page:02x} 00")) == []


def test_train_parameters_are_taken_on_the_timing_page_alone():
    bench = Bench()
    assert bench.say(TRAIN_600_X_2) == []
    assert bench.core.state.train == TrainSettings()
    assert [body[0] for body in bench.say(TIMING_PAGE, TRAIN_600_X_2)] == [0x08]
    assert bench.core.state.train == TrainSettings(1.0, 600, 2, 1.0)
    (timing,) = bench.say(READ_TIMING)
    assert timing[:11] == bytes.fromhex("0B 00 00 00 0A 02 58 00 02 00 0A")


@pytest.mark.parametrize(
    "body", ["06 00 00 02 58 00 02 00 0A", "06 03 F2 00 01 00 01 00 0A", "06 00 0A 00 00 00 01 00 0A"]
)
def test_impossible_trains_are_ignored(body):
    bench = Bench()
    bench.say(TIMING_PAGE, frame(body))
    assert bench.core.state.train == TrainSettings()


def test_a_twenty_minute_train_is_exact_however_late_anyone_looks():
    bench = ready()
    bench.say(TRAIN_600_X_2)
    started = bench.say(START)
    assert started[0] == bytes((0x08, 2, 1, FLAGS_ENABLED))
    rng = np.random.default_rng(3)
    while bench.now_s < 1300:
        bench.wait(rng.uniform(0.001, 40.0))
    times = np.array([pulse.at_s for pulse in bench.pulses])
    assert times.size == 1200
    np.testing.assert_allclose(times - times[0], np.arange(1200), atol=1e-9)
    bodies = bench.heard()
    assert sum(body[0] == 2 for body in bodies) == 1200 - sum(body[0] == 2 for body in started)
    assert bodies[-1][:3] == bytes((0x08, 2, 0)) or bytes((0x08, 2, 0, FLAGS_ENABLED)) in bodies
    assert bench.core.state.sequence_pulses == 1200


def test_itbs_train_has_its_published_times():
    # 10 bursts at 5 Hz, 20 trains; 8.2 s from the last burst to the next first one makes a cycle of 10 s.
    train = TrainSettings(rate_hz=5.0, pulses=10, trains=20, inter_train_s=8.2)
    assert train.pulse_s(10) == pytest.approx(10.0)
    assert train.pulse_s(199) == pytest.approx(191.8)
    assert train.pulse_s(200) is None


def test_a_burst_releases_three_pulses_at_its_interval():
    bench = Bench(MagProState(model=wire.R30))
    assert bench.say(R30_BURST_OF_3) == []
    bench.say(AMPLITUDE_50, ENABLE)
    reports = bench.say(FIRE)
    assert [body[0] for body in reports] == [0x02] * 3
    assert np.diff([pulse.at_s for pulse in bench.pulses]) == pytest.approx([0.020, 0.020])


def test_start_toggles():
    bench = ready()
    assert bench.say(START)[0][:3] == bytes((8, 2, 1))
    assert bench.say(START)[-1][:3] == bytes((8, 2, 0))


def test_start_needs_enabled_and_the_timing_page():
    bench = Bench()
    bench.say(TIMING_PAGE, START)
    assert not bench.core.state.running
    bench.say(ENABLE, frame("07 01 00"), START)
    assert not bench.core.state.running


def test_disable_ends_a_train_at_once():
    bench = ready()
    bench.say(TRAIN_600_X_2, START)
    bench.wait(5.0)
    bench.heard()
    bodies = bench.say(DISABLE)
    given = len(bench.pulses)
    bench.wait(60.0)
    assert [body[0] for body in bodies if body[0] != 2] == [0x08, 0x01, 0x03]
    assert len(bench.pulses) == given


def test_a_train_runs_on_without_anybody_listening():
    bench = ready()
    bench.say(TRAIN_600_X_2, START)
    bench.wait(100.0)
    assert len(bench.pulses) == 101


@pytest.mark.parametrize("command", [READ_WAVEFORM, READ_WAVEFORM_SHORT])
def test_waveform_block_is_read_back_with_the_interval_as_an_index(command):
    state = MagProState(waveform=3, burst_code=2, ipi_ms=20.0)
    (block,) = Bench(state).say(command)
    assert block[:7] == bytes((0x09, 0x00, 3, 0, 0, 3, 2))
    assert int.from_bytes(block[7:9], "little") == 80


def test_an_r30_puts_garbage_where_the_model_should_be():
    (block,) = Bench(MagProState(model=wire.R30)).say(READ_WAVEFORM)
    assert block[2] == 88


def test_writing_the_waveform_is_never_acknowledged_and_needs_the_right_model():
    bench = Bench(MagProState(model=wire.X100))
    assert bench.say(R30_BURST_OF_3) == []
    assert bench.core.state.waveform == 1


def test_interval_tables():
    assert (len(BURST_IPI_MS), BURST_IPI_MS[0], BURST_IPI_MS[80], BURST_IPI_MS[-1]) == (196, 100, 20, 0.5)
    assert (PAIR_IPI_MS[0], PAIR_IPI_MS[20], PAIR_IPI_MS[30], PAIR_IPI_MS[-1]) == (3000, 1000, 500, 1.0)


def test_counters_carry_running_total_and_sequence():
    bench = ready()
    bench.core.state.total_pulses = 0x01FFFE
    bench.say(frame("06 00 0A 00 03 00 01 00 0A"), START)
    bench.wait(10.0)
    bench.heard()
    (body,) = bench.say(READ_COUNTERS)
    assert len(body) == 14
    assert int.from_bytes(body[2:4], "big") == 1
    assert int.from_bytes(body[5:8], "big") == 0x020001
    assert int.from_bytes(body[9:11], "big") == 3
    assert body[13] == 2


def test_delays_are_taken_silently_and_read_back():
    bench = Bench()
    assert bench.say(frame("08 00 0A FF F6 00 64 00 00"), DELAYS_0, frame("08 00 0A FF F6 00 64 00 00")) == []
    assert bench.say(READ_DELAYS) == [bytes.fromhex("0A 00 00 0A FF F6 00 64")]


@pytest.mark.parametrize("noise", ["FE 01 05 40 FF", "FE 01 05 3F FE", "FF FF FE", "FE 02 55 00 00 FF", "00 11 22"])
def test_what_is_not_a_frame_is_ignored_and_the_next_one_understood(noise):
    assert [body[0] for body in Bench().say(noise + LONG_STATUS)] == [0x05]


def test_unknown_commands_are_ignored():
    bench = Bench()
    assert bench.say(frame("55 01"), frame("03 07"), frame("02 07"), frame("09 07")) == []
    assert bench.core.ignored == 4


def test_temperature_is_reported_when_it_changes():
    bench = Bench(None, CoilHeat(full_pulse_c=4.0))
    bench.say(frame("01 64 00"), ENABLE)
    (report,) = [body for body in bench.say(FIRE, wait_s=1.2) if body[0] == 3]
    assert report == bytes((0x03, 27, 60, FLAGS_ENABLED))


def test_a_coil_too_hot_disables_the_device_and_keeps_it_so():
    bench = Bench(None, CoilHeat(full_pulse_c=8.0))
    bench.say(frame("01 64 00"), ENABLE, TIMING_PAGE, frame("06 00 0A 00 64 00 01 00 0A"), START)
    bench.wait(30.0)
    assert len(bench.pulses) in (2, 3)
    assert not bench.core.state.enabled
    assert not bench.core.state.running
    bench.say(ENABLE)
    assert not bench.core.state.enabled
    bench.wait(3000.0)
    bench.say(ENABLE)
    assert bench.core.state.enabled


def test_the_front_panel_is_always_live():
    bench = ready()
    bench.core.panel_amplitude(61)
    bench.core.panel_page(1)
    bench.core.disable()
    assert [body[0] for body in bench.heard()] == [0x01, 0x08, 0x01, 0x03]
    bench.core.trigger(bench.now_s)
    assert bench.pulses == []


def test_an_external_trigger_reports_like_ours():
    bench = ready()
    bench.core.trigger(bench.now_s)
    assert bench.heard() == [bytes((0x02, 80, 0, FLAGS_ENABLED))]
    assert bench.pulses[0].source == "external"


def running(*faults: str) -> Bench:
    bench = Bench(None, None, *faults)
    bench.say(AMPLITUDE_50, ENABLE, TIMING_PAGE, TRAIN_600_X_2, START)
    bench.heard()
    return bench


def fired(bench: Bench) -> list[str]:
    return [fault.kind.name for fault in bench.faults.all if fault.fired_at_s is not None]


def test_fault_front_panel_disable_at_a_pulse():
    bench = running("stimulator.front_panel_disable@train:4")
    bench.wait(20.0)
    assert len(bench.pulses) == 4
    assert fired(bench) == ["stimulator.front_panel_disable"]


def test_fault_front_panel_disable_waits_for_something_to_disable():
    bench = Bench(None, None, "stimulator.front_panel_disable")
    bench.wait(5.0)
    assert fired(bench) == []
    bench.say(ENABLE)
    bench.wait(1.0)
    assert not bench.core.state.enabled
    assert fired(bench) == ["stimulator.front_panel_disable"]


def test_fault_lost_pulse_skips_one_and_its_report():
    bench = running("stimulator.lost_pulse@train:5")
    bench.wait(9.5)
    assert len(bench.pulses) == 9
    assert sum(body[0] == 2 for body in bench.heard()) in (8, 9)
    assert max(np.diff([p.at_s for p in bench.pulses])) == pytest.approx(2.0)
    assert fired(bench) == ["stimulator.lost_pulse"]


def test_fault_lost_report_gives_the_pulse_all_the_same():
    bench = Bench(None, None, "stimulator.lost_report@pulse:2")
    bench.say(AMPLITUDE_50, ENABLE)
    reports = [len(bench.say(FIRE)) for _ in range(3)]
    assert reports == [1, 0, 1]
    assert len(bench.pulses) == 3
    assert fired(bench) == ["stimulator.lost_report"]


def test_fault_zero_slope_reports_a_pulse_that_was_none():
    bench = Bench(None, None, "stimulator.zero_slope@pulse:1")
    bench.say(AMPLITUDE_50, ENABLE)
    assert bench.say(FIRE) == [bytes((0x02, 0, 0, FLAGS_ENABLED))]
    assert bench.pulses == []
    assert fired(bench) == ["stimulator.zero_slope"]


def test_fault_ignore_off():
    bench = running("stimulator.ignore_off@3+5")
    bench.wait(3.0)
    bench.say(DISABLE)
    assert bench.core.state.enabled
    assert fired(bench) == ["stimulator.ignore_off"]
    bench.wait(6.0)
    bench.say(DISABLE)
    assert not bench.core.state.enabled


def test_fault_dial_and_foot_switch_wait_for_their_time():
    bench = running("stimulator.front_panel_amplitude:70@5", "stimulator.extra_pulse@8")
    bench.wait(12.0)
    assert bench.core.state.amplitude_a == 70
    assert [p.source for p in bench.pulses].count("external") == 1
    assert len(fired(bench)) == 2


def test_fault_overheat_trips_and_stuck_temperature_hides_it():
    bench = running("stimulator.overheat:500", "stimulator.stuck_temperature")
    bench.wait(30.0)
    assert bench.core.state.shown_c == 24
    assert not bench.core.state.enabled
    assert sorted(fired(bench)) == ["stimulator.overheat", "stimulator.stuck_temperature"]
