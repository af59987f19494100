"""The own panels of simulated treadmills, pressed by hand and by faults."""

from pathlib import Path

import pytest

from hal.sim.gait.ftms_device import FtmsDevice
from hal.sim.gait.trackmaster_device import TrackmasterDevice
from hal.sim.hands import Hands
from hal.sim.world import SimulatedWorld


@pytest.fixture
def world(tmp_path: Path) -> SimulatedWorld:
    return SimulatedWorld(1, tmp_path, also=("ftms", "trackmaster", "force_board"), bus="nobody is on it")


def test_the_hands_press_start_and_stop(world: SimulatedWorld) -> None:
    hands, trackmaster = Hands(world), world.also["trackmaster"]
    assert isinstance(trackmaster, TrackmasterDevice)
    assert hands.treadmill("trackmaster", "start")["phase"] == "stand"
    assert (trackmaster.belt.on, trackmaster.guarded) == (True, False), "nobody at a panel starts it with our stop"
    trackmaster.belt.set_speed(1.0)
    assert hands.treadmill("trackmaster", "stop")["phase"] == "stopping"
    assert not trackmaster.belt.on


def test_the_safety_key_is_pulled_and_put_back(world: SimulatedWorld) -> None:
    hands, ftms = Hands(world), world.also["ftms"]
    assert isinstance(ftms, FtmsDevice)
    hands.treadmill("ftms", "start")
    assert hands.treadmill("ftms", "pull_key")["phase"] == "fault"
    assert not ftms.belt.on
    hands.treadmill("ftms", "start")
    assert not ftms.belt.on, "not without its key"
    hands.treadmill("ftms", "return_key")
    hands.treadmill("ftms", "start")
    assert ftms.belt.on


@pytest.mark.parametrize(
    ("name", "action", "words"),
    [
        ("force_board", "stop", "force_board is no treadmill"),
        ("trackmaster", "pull_key", "no action 'pull_key'; valid: start, stop, slower"),
        ("belt", "stop", "no far end 'belt' is here"),
    ],
)
def test_a_button_that_is_not_there_is_named(name: str, action: str, words: str, world: SimulatedWorld) -> None:
    reply = Hands(world).answer({"do": "treadmill", "name": name, "action": action})
    assert not reply["ok"]
    assert words in reply["error"]


def test_a_panel_stop_waits_for_a_belt_that_runs(world: SimulatedWorld) -> None:
    ftms = world.also["ftms"]
    assert isinstance(ftms, FtmsDevice)
    fault = world.add_fault("ftms.panel_stop")
    ftms.step(world.clock.now_s())
    assert fault.fired_at_s is None
    ftms.belt.start()
    ftms.step(world.clock.now_s())
    assert fault.fired_at_s is not None
    assert not ftms.belt.on
