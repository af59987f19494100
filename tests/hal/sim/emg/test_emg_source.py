"""What the simulated amplifiers share: numbers, trigger line, losses; and one pulse on all of them."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hal.catalogue import DeviceSpec, build
from hal.roles import EmgBlock
from hal.sim.clock import SimClock
from hal.sim.emg.emg_source import LAG_S, EmgSource, Rows, spoiled
from hal.sim.world import SimulatedWorld
from tests.helpers.emg_rig import CHANNELS, surroundings
from tests.helpers.far_ends import until

RATE_HZ = 1000.0


class Bench:
    """A source on a clock that a test moves by hand."""

    def __init__(self, folder: Path, *faults: str) -> None:
        self.now_s = 0.0
        around = surroundings("bench", folder, *faults)
        self.around = replace(around, clock=SimClock(1.0, lambda: self.now_s))
        self.source = EmgSource(self.around, RATE_HZ)
        self.source.begin()

    def take(self, until_s: float) -> list[Rows]:
        taken = []
        while self.now_s < until_s + LAG_S:
            self.now_s = min(self.now_s + 0.02, until_s + LAG_S + 1e-6)
            taken += self.source.take()
        return taken


def numbers(rows: list[Rows]) -> np.ndarray:
    return np.concatenate([piece.numbers for piece in rows])


def test_samples_follow_simulated_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    rows = bench.take(1.0)
    np.testing.assert_array_equal(numbers(rows), np.arange(1000))
    shown = bench.around.patient.render_uv(0.0, 1000, RATE_HZ)
    np.testing.assert_allclose(np.concatenate([piece.uv for piece in rows]), shown, atol=0.01)
    bench.source.end()
    assert bench.take(2.0) == []


def test_the_line_rises_at_the_first_sample_at_or_after_the_pulse(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for at_s in (0.1004, 0.5):
        bench.around.patient.stimulate(at_s, 60)
    line = np.concatenate([piece.trigger for piece in bench.take(1.0)])
    np.testing.assert_array_equal(np.flatnonzero(line), [101, 102, 103, 500, 501, 502])


def test_lost_samples_leave_a_hole_of_their_number(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "bench.lost_samples:7@0.3", "bench.lost_samples:150@0.6")
    kept = numbers(bench.take(1.0))
    steps = np.diff(kept)
    assert sorted(steps[steps != 1]) == [8, 151]
    assert bench.source.lost == 157
    assert all(fault.strikes == 1 for fault in bench.around.faults.all)


def test_loss_takes_its_share_in_bursts(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "bench.loss:10")
    kept = numbers(bench.take(20.0))
    assert bench.source.lost == 20_000 - len(kept) == pytest.approx(2000, rel=0.25)
    assert bench.around.faults.all[0].fired_at_s is not None


def test_silence_and_freeze(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "bench.silence@0.3+0.2", "bench.freeze@0.7+0.2")
    rows = bench.take(1.0)
    steps = np.diff(numbers(rows))
    assert np.count_nonzero(steps > 100) == 2, "the gap of the silence, and what the frozen sample hid"
    assert np.count_nonzero(steps == 0) == pytest.approx(200, abs=25)
    assert all(fault.fired_at_s is not None for fault in bench.around.faults.all)


def test_garbage_and_truncation_change_every_frame(tmp_path: Path) -> None:
    frames, rng = [b"abcdef"] * 3, np.random.default_rng(1)
    assert spoiled(Bench(tmp_path).source, frames, rng) == b"abcdef" * 3
    assert spoiled(Bench(tmp_path, "bench.truncated").source, frames, rng) == b"abcde" * 3
    garbage = spoiled(Bench(tmp_path, "bench.garbage").source, frames, rng)
    assert b"abcdef" not in garbage
    assert len(garbage) > 18


async def test_one_pulse_is_seen_by_every_amplifier_of_a_world(tmp_path: Path) -> None:
    triggers = {
        "sessantaquattro": {},
        "delsys": {"trigger_sensor": 16},
        "bitalino": {"trigger_line": 1},
        "cyton": {"trigger_pin": 11},
    }
    world = SimulatedWorld(4, tmp_path, also=tuple(triggers))
    await world.plug()
    serving = asyncio.create_task(world.run())
    seen: dict[str, list[float]] = {name: [] for name in triggers}
    amplifiers = []
    for name, options in triggers.items():
        spec = DeviceSpec(name, name, world.addresses[name], {"channels": CHANNELS, **options})
        amplifier = build(spec, time.monotonic_ns)
        amplifier.subscribe(
            lambda reading, name=name: (
                seen[name].extend(t / reading.rate_hz for t in reading.triggers)
                if isinstance(reading, EmgBlock)
                else None
            )
        )
        amplifiers.append(amplifier)
    try:
        await asyncio.gather(*(amplifier.open() for amplifier in amplifiers))
        await until(lambda: all(amplifier.vitals.received for amplifier in amplifiers), 10)
        for count in (1, 2):
            world._pulse_elsewhere(world.clock.now_s(), 60.0)
            await until(lambda count=count: all(len(times) == count for times in seen.values()), 10)
        spans = [times[1] - times[0] for times in seen.values()]
        assert np.ptp(spans) <= 2 / 250, "to two samples of the slowest"
    finally:
        for amplifier in amplifiers:
            await amplifier.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
