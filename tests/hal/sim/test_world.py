"""How the parts of a world hang together, without a wire."""

import pytest

from hal.sim.clock import SimClock
from hal.sim.world import SimulatedWorld
from tests.helpers.recordings import need_recordings


def test_one_seed_one_world(tmp_path):
    a, b, other = SimulatedWorld(3, tmp_path), SimulatedWorld(3, tmp_path), SimulatedWorld(5, tmp_path)
    for world in (a, b, other):
        world.core.enable()
        world.core.panel_amplitude(90)
        for second in range(5):
            world.core.trigger(float(second))
    responses = [[r.channels[0].amplitude_uv for r in world.patient._responses] for world in (a, b, other)]
    assert responses[0] == responses[1] != responses[2]


def test_a_discharge_reaches_patient_amplifier_and_record(tmp_path):
    world = SimulatedWorld(3, tmp_path)
    world.core.enable()
    world.core.panel_amplitude(60)
    world.core.trigger(2.0)
    assert [pulse.at_s for pulse in world.pulses] == [2.0]
    assert world.patient._responses[-1].at_s == 2.0
    assert list(world.emg._pulses_s) == [2.0]


def test_walking_is_seen_in_the_muscles(tmp_path):
    world = SimulatedWorld(3, tmp_path)
    still = world.patient.render_uv(0.0, 5120, 5120).std(axis=0)
    world.gait.fit()
    world.gait.stand()
    world.gait.walk(1.5)
    world.gait.advance(30.0)
    assert (world.patient.render_uv(30.0, 10_240, 5120).std(axis=0) > 3 * still).all()


def test_a_recorded_patient_keeps_the_same_truth(tmp_path):
    modelled = SimulatedWorld(3, tmp_path)
    played = SimulatedWorld(3, tmp_path, recorded=need_recordings("emg"))
    assert played.patient.threshold_pct_mso("TA left") == modelled.patient.threshold_pct_mso("TA left")


def test_a_fault_on_a_channel_that_is_not_there_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="no channel 'TA middle'; valid: TA left"):
        SimulatedWorld(3, tmp_path, faults=("emg.flat:TA middle",))


def test_the_clock_runs_faster_than_the_one_it_follows():
    real_s = 100.0
    clock = SimClock(60.0, lambda: real_s)
    real_s = 101.5
    assert clock.now_s() == 90.0
    assert clock.real_s(30.0) == 0.5


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_a_clock_that_stands_or_runs_backwards_is_refused(speed):
    with pytest.raises(ValueError, match="speed must be positive"):
        SimClock(speed)
