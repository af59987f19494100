"""The simulated direct current stimulator in simulated time: ramps, time-out, electrodes, triggers."""

from pathlib import Path

import pytest

from hal.sim.current import escd_engine as engine
from hal.sim.current import escd_wire as wire
from hal.sim.current.escd_engine import EscdEngine
from hal.sim.faults import Faults
from hal.sim.stimulator.magpro_wire import EXTERNAL_TRIGGER
from hal.sim.world import SimulatedWorld

PAIRED = wire.Plan(2500, 200_000, 15_000, 200, 3, 20, 200, 10, 10_000)
SHAM = wire.Plan(2500, 30_000, 15_000, 0, 3, 20, 200, 10, 10_000)


class Rig:
    def __init__(self, seed: int = 3) -> None:
        self.faults = Faults()
        self.triggers: list[float] = []
        self.device = EscdEngine("escd", faults=self.faults, seed=seed, on_trigger=self.triggers.append)
        self.now_s = 0.0

    def ask(self, kind: int, payload: bytes = b"") -> list[bytes]:
        self.device.take_output()
        self.device.receive(wire.Request(kind, 7, payload), self.now_s)
        return self.device.take_output()

    def result(self, kind: int, payload: bytes = b"") -> int:
        return next(frame[6] for frame in self.ask(kind, payload) if frame[3] == wire.ACK)

    def run(self, seconds: float, *, heard: bool = True) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s = min(self.now_s + 0.2, end_s)
            if heard:
                self.ask(wire.PING)
            else:
                self.device.advance(self.now_s)

    def start(self, plan: wire.Plan = PAIRED) -> None:
        self.ask(wire.PROGRAM, plan.packed)
        self.ask(wire.START, plan.number.to_bytes(2, "little"))
        assert self.device.phase == engine.RAMP_UP

    def steepest(self, window_s: float = 0.5) -> float:
        """The steepest slope (uA/s) over any window."""
        trace, width = self.device.bench.trace, round(window_s / engine.DAC_S)
        return max(abs(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(trace, trace[width:], strict=False))


def test_a_whole_program_ramps_holds_ramps_and_charges_what_it_should():
    rig = Rig()
    rig.start()
    rig.run(231)
    assert rig.device.phase == engine.IDLE
    assert rig.device._charge_uc == pytest.approx(2500 * 215, rel=0.002)
    assert rig.steepest() <= 2500 / 15 * 1.05
    assert max(abs(b[1] - a[1]) for a, b in zip(rig.device.bench.trace, rig.device.bench.trace[1:], strict=False)) < 5


@pytest.mark.parametrize("ramp_ms", [5000, 15000, 60000])
@pytest.mark.parametrize("stop_after_s", [3.0, 90.0])
def test_no_stop_is_a_step(ramp_ms, stop_after_s):
    rig = Rig()
    rig.start(PAIRED._replace(ramp_ms=ramp_ms))
    rig.run(stop_after_s)
    assert rig.result(wire.STOP) == wire.OK
    assert rig.device.phase == engine.RAMP_DOWN
    rig.run(ramp_ms / 1000 + 1)
    assert rig.device.phase == engine.IDLE
    assert rig.steepest() <= 2500 / (ramp_ms / 1000) * 1.05


def test_the_sham_trace_ends_thirty_seconds_after_the_ramp():
    rig = Rig()
    rig.start(SHAM)
    rig.run(200)
    flows = [at_s for at_s, ua in rig.device.bench.trace if ua > 0]
    full = [at_s for at_s, ua in rig.device.bench.trace if ua >= 2499]
    assert full[-1] - full[0] == pytest.approx(30, abs=0.1)
    assert flows[-1] - flows[0] == pytest.approx(60, abs=0.2)


def test_paired_triggers_are_those_of_itbs_600():
    rig = Rig()
    rig.start()
    rig.run(231)
    assert len(rig.triggers) == 600
    assert rig.triggers[-1] - rig.triggers[0] == pytest.approx(191.84)
    assert rig.triggers[1] - rig.triggers[0] == pytest.approx(0.02)
    assert rig.triggers[3] - rig.triggers[0] == pytest.approx(0.2)
    assert rig.triggers[30] - rig.triggers[0] == pytest.approx(10.0)


def test_a_stop_ends_the_triggers_at_once():
    rig = Rig()
    rig.start()
    rig.run(60)
    rig.ask(wire.STOP)
    given = len(rig.triggers)
    rig.run(100)
    assert 0 < given == len(rig.triggers) < 600


def test_a_silent_link_ramps_down_by_itself_and_says_why():
    rig = Rig()
    rig.start()
    rig.run(60)
    at_s = rig.now_s
    rig.run(17, heard=False)
    assert (rig.device.phase, rig.device.fault) == (engine.FAULT, engine.LINK_SILENT)
    falling = next(when for when, ua in rig.device.bench.trace if when > at_s and ua < 2490)
    assert falling - at_s == pytest.approx(1.5, abs=0.1)
    assert rig.steepest() <= 2500 / 15 * 1.05


def test_a_clock_that_jumps_finds_the_time_out_where_it_was():
    rig = Rig()
    rig.start()
    rig.run(60)
    at_s = rig.now_s
    rig.now_s += 30
    rig.device.advance(rig.now_s)
    assert rig.device.phase == engine.FAULT
    assert rig.device.bench.trace[-1][0] - at_s == pytest.approx(16.5, abs=0.2)


def test_a_prepared_program_is_dropped_by_the_time_out():
    rig = Rig()
    rig.ask(wire.PROGRAM, PAIRED.packed)
    rig.run(2, heard=False)
    assert rig.device.phase == engine.IDLE


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("open_electrode", engine.ELECTRODE),
        ("dry_electrode:19", engine.COMPLIANCE),
        ("dry_electrode:25", engine.ELECTRODE),
        ("low_battery:4", engine.EMPTY),
        ("panel_off", engine.BY_HAND),
    ],
)
def test_the_device_ramps_down_by_itself_within_a_second(fault, code):
    rig = Rig()
    rig.start()
    rig.run(30)
    struck = rig.faults.add(f"escd.{fault}", rig.now_s)
    rig.run(1)
    assert struck.fired_at_s is not None
    assert (rig.device.phase, rig.device.fault) == (engine.RAMP_DOWN, code)


def test_refusals():
    rig = Rig()
    number = PAIRED.number.to_bytes(2, "little")
    assert rig.result(wire.START, number) == wire.BAD_STATE
    assert rig.result(wire.PROGRAM, PAIRED._replace(current_ua=4100).packed) == wire.OUT_OF_RANGE
    assert rig.result(wire.PROGRAM, PAIRED._replace(inter_pulse_ms=100).packed) == wire.OUT_OF_RANGE
    assert rig.result(wire.PROGRAM, b"") == wire.BAD_LENGTH
    assert rig.result(0x44) == wire.BAD_COMMAND
    rig.ask(wire.PROGRAM, PAIRED.packed)
    assert rig.result(wire.START, b"\0\0") == wire.OTHER_PROGRAM
    low = rig.faults.add("escd.low_battery:14", rig.now_s)
    assert rig.result(wire.START, number) == wire.BATTERY
    low.duration_s = 0
    rig.faults.add("escd.open_electrode", rig.now_s)
    assert rig.result(wire.START, number) == wire.IMPEDANCE


def test_one_wire_leads_from_its_trigger_output_to_the_stimulator(tmp_path: Path):
    world = SimulatedWorld(3, tmp_path, also=("escd",))
    core, device = world.core, world.also["escd"].engine
    device.receive(wire.Request(wire.PROGRAM, 1, PAIRED.packed), 0.0)
    device.receive(wire.Request(wire.START, 2, PAIRED.number.to_bytes(2, "little")), 0.0)
    core.state.enabled, core.state.amplitude_a, core.state.timing_control = True, 40, EXTERNAL_TRIGGER
    for tenth in range(2320):
        device.receive(wire.Request(wire.PING, 3, b""), tenth / 10)
        core.advance(tenth / 10)
    assert [pulse.at_s for pulse in world.pulses] == device.bench.triggers_s
    assert len(world.pulses) == core.state.total_pulses == 600
    assert {(pulse.source, pulse.amplitude_pct_mso) for pulse in world.pulses} == {("external", 40)}


@pytest.mark.parametrize("change", [{"enabled": False}, {"timing_control": 0}, {"timing_control": 2}])
def test_a_stimulator_that_is_disabled_or_paces_itself_does_not_follow(tmp_path: Path, change: dict[str, object]):
    world = SimulatedWorld(3, tmp_path, also=("escd",))
    core = world.core
    core.state.enabled, core.state.timing_control = True, EXTERNAL_TRIGGER
    core.trigger_in(1.0)
    for name, value in change.items():
        setattr(core.state, name, value)
    core.trigger_in(2.0)
    assert [pulse.at_s for pulse in world.pulses] == [1.0]


def test_a_pulled_trigger_cable_carries_nothing(tmp_path: Path):
    world = SimulatedWorld(3, tmp_path, also=("escd",))
    world.core.state.enabled, world.core.state.timing_control = True, EXTERNAL_TRIGGER
    fault = world.add_fault("stimulator.trigger_cable")
    world.stimulator.trigger_in(world.clock.now_s() + 1)
    assert (world.pulses, fault.strikes) == ([], 1)


def test_sham_current_with_real_bursts_goes_on_triggering_without_current():
    rig = Rig()
    rig.start(SHAM._replace(bursts=200))
    rig.run(100)
    assert rig.device.phase == engine.TRIGGERS_ONLY
    assert rig.device._account(rig.now_s).measured_ua == 0
    assert rig.device._account(rig.now_s).remaining_ms == pytest.approx(106_840, abs=50)
    rig.run(110)
    assert (rig.device.phase, len(rig.triggers)) == (engine.IDLE, 600)
    assert rig.triggers[-1] - rig.triggers[0] == pytest.approx(191.84)


@pytest.mark.parametrize("at_s", [55, 100])
@pytest.mark.parametrize("how", ["stop", "silence"])
def test_triggers_that_outlast_the_current_end_with_a_stop_or_silence(at_s, how):
    rig = Rig()
    rig.start(SHAM._replace(bursts=200))
    rig.run(at_s)
    if how == "stop":
        assert rig.result(wire.STOP) == wire.OK
        given = len(rig.triggers)
        rig.run(20)
        assert rig.device.phase == engine.IDLE
    else:
        rig.run(2, heard=False)
        given = len(rig.triggers)
        rig.run(20, heard=False)
        assert (rig.device.phase, rig.device.fault) == (engine.FAULT, engine.LINK_SILENT)
    assert 0 < given == len(rig.triggers) < 600
