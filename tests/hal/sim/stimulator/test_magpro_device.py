"""What can happen to a simulated stimulator's bytes on their way, on a clock moved by hand."""

import numpy as np
import pytest

from hal.drivers.stimulator.magpro_codec import StreamParser
from hal.sim.clock import SimClock
from hal.sim.faults import Faults
from hal.sim.stimulator.magpro_core import MagProCore
from hal.sim.stimulator.magpro_device import MagProDevice

LONG_STATUS = bytes.fromhex("FE 01 05 3F FF")
ENABLE = bytes.fromhex("FE 02 02 01 CF FF")
DISABLE = bytes.fromhex("FE 02 02 00 91 FF")


class Wire:
    """A port that keeps what it was given."""

    address = "none"

    def __init__(self, on_bytes) -> None:
        self.say = on_bytes
        self.sent: list[bytes] = []
        self.is_in = True

    async def plug(self) -> None:
        self.is_in = True

    def unplug(self) -> None:
        self.is_in = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)


class Bench:
    def __init__(self, *faults: str) -> None:
        self.now_s = 0.0
        self.faults = Faults()
        for spec in faults:
            self.faults.add(spec)
        rng = np.random.default_rng(2)
        core = MagProCore(rng=rng, faults=self.faults, on_pulse=lambda _pulse: None)
        self.device = MagProDevice(core, SimClock(1.0, lambda: self.now_s), self.faults, rng, Wire)
        self.wire = self.device.port

    def say(self, data: bytes) -> list[bytes]:
        """Send, wait a moment; what came over the wire."""
        self.wire.say(data)
        self.now_s += 0.2
        self.device.step()
        sent, self.wire.sent = self.wire.sent, []
        return sent

    @property
    def fired(self) -> bool:
        return all(fault.strikes for fault in self.faults.all)


def test_without_faults_the_frames_pass():
    bench = Bench()
    (frame,) = bench.say(LONG_STATUS)
    assert StreamParser().feed(frame)[0][0] == 0x05


def test_silence_is_deaf_and_dumb_and_mute_is_dumb_alone():
    deaf, dumb = Bench("stimulator.silence"), Bench("stimulator.mute")
    assert deaf.say(ENABLE) == dumb.say(ENABLE) == []
    assert not deaf.device.core.state.enabled
    assert dumb.device.core.state.enabled
    assert deaf.fired
    assert dumb.fired


def test_silence_ends_after_its_duration():
    bench = Bench("stimulator.silence@0+0.3")
    assert bench.say(LONG_STATUS) == []
    bench.now_s = 1.0
    assert len(bench.say(LONG_STATUS)) == 1
    assert bench.fired


@pytest.mark.parametrize("name", ["garbage", "truncated"])
def test_a_ruined_frame_is_never_a_valid_one(name):
    bench = Bench(f"stimulator.{name}")
    parser = StreamParser()
    bodies = [body for _ in range(60) for data in bench.say(LONG_STATUS) for body in parser.feed(data)]
    assert bodies == []
    assert bench.fired


def test_an_oversized_head_precedes_a_good_frame():
    bench = Bench("stimulator.oversized")
    (data,) = bench.say(LONG_STATUS)
    assert data[:2] == b"\xfe\xff"
    assert data[2] == 0xFE
    assert bench.fired


def test_a_stale_status_repeats_the_past():
    bench = Bench("stimulator.stale@1+5")
    before = bench.say(LONG_STATUS)
    bench.now_s = 2.0
    bench.say(ENABLE)
    assert bench.say(LONG_STATUS) == before
    bench.now_s = 10.0
    assert bench.say(LONG_STATUS) != before
    assert bench.fired


def test_a_pulled_cable_unplugs_the_port():
    bench = Bench("stimulator.cable_out@1")
    assert bench.wire.is_in
    bench.now_s = 1.0
    bench.device.step()
    assert not bench.wire.is_in
    assert bench.fired
