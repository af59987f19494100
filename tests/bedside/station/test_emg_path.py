"""The way of the EMG, from the real driver on a real TCP connection to the simulated amplifier and patient."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from bedside.station.emg import EmgPath, Outlets, quality, shown_band_hz
from bedside.station.measure import Epoch, MeasureRule, measure_sweep
from bedside.station.wire import Sweep, Wave
from bedside.visit.inputs import EmgQuality, SweepMeasured, SweepMissing
from dsp.streaming import StreamFilter
from hal.catalogue import DeviceSpec, build
from hal.drivers.emg.emg_device import EmgDevice
from hal.roles import EmgAmplifier, EmgBlock
from hal.sim.world import SimulatedWorld

SPEED = 4.0
CHANNELS = [
    {"name": f"{muscle} {side}", "muscle": muscle, "side": side, "input": 1 + index}
    for index, (side, muscle) in enumerate((s, m) for s in ("left", "right") for m in ("TA", "SOL", "RF", "BF"))
]


class Rig:
    def __init__(self, world: SimulatedWorld, amplifier: EmgAmplifier) -> None:
        self.world = world
        self.amplifier = amplifier
        self.quality: list[EmgQuality] = []
        self.waves: list[Wave] = []
        self.sweeps: list[Sweep] = []
        self.results: list[SweepMeasured | SweepMissing] = []
        loop = asyncio.get_running_loop()
        out = Outlets(
            quality=self.quality.append,
            wave=self.waves.append,
            sweep=self.sweeps.append,
            measured=self.results.append,
            in_loop=loop.call_soon_threadsafe,
        )
        rule = MeasureRule("TA left", (20.0, 50.0), 50.0, 10.0)
        self.path = EmgPath(amplifier, lambda: rule, out, SPEED)

    def fire(self, amplitude_pct_mso: int) -> None:
        self.world.core.panel_amplitude(amplitude_pct_mso)
        self.world.core.enable()
        self.world.stimulator.step()
        self.world.core.trigger(self.world.clock.now_s())
        self.world.stimulator.step()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path) as rig:
        yield rig


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Rig]:
    world = SimulatedWorld(5, folder, speed=SPEED)
    await world.plug()
    task = asyncio.create_task(world.run())
    amplifier = build(DeviceSpec("emg", "quattrocento", world.addresses["emg"], {"channels": CHANNELS}), lambda: 0)
    assert isinstance(amplifier, EmgAmplifier)
    rig = Rig(world, amplifier)
    amplifier.subscribe(lambda reading: rig.path.take(reading) if isinstance(reading, EmgBlock) else None)
    await amplifier.open()
    await rig.until(lambda: len(rig.quality) > 2)
    yield rig
    await amplifier.close()
    rig.path.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_strong_pulse_is_measured_on_its_own_trigger(rig: Rig) -> None:
    rig.path.expect(1)
    rig.fire(95)
    await rig.until(lambda: bool(rig.results))
    result = rig.results[0]
    assert isinstance(result, SweepMeasured)
    assert result.pulse == 1
    assert result.target.channel == "TA left"
    assert result.target.valid, result.target.reason
    assert result.target.amplitude_uv > 50.0
    assert result.target.latency_ms is not None
    assert 20.0 < result.target.latency_ms < 50.0
    assert len(result.others) == len(CHANNELS) - 1
    assert rig.sweeps[0].pulse == 1


async def test_no_pulse_no_response(rig: Rig) -> None:
    rig.path.expect(1)
    rig.fire(5)
    await rig.until(lambda: bool(rig.results))
    result = rig.results[0]
    assert isinstance(result, SweepMeasured)
    assert result.target.latency_ms is None
    assert result.target.amplitude_uv < 50.0


async def test_a_trigger_that_never_came_is_said_and_not_guessed(rig: Rig) -> None:
    fault = rig.world.add_fault("emg.lost_trigger")
    rig.path.expect(1)
    rig.fire(80)
    rig.path.reported(1)
    await rig.until(lambda: bool(rig.results))
    assert fault.fired_at_s is not None, "the fault did not happen"
    result = rig.results[0]
    assert isinstance(result, SweepMissing)
    assert "trigger" in result.reason


async def test_samples_lost_in_a_sweep_void_it(rig: Rig) -> None:
    rig.path.expect(1)
    rig.fire(80)
    fault = rig.world.add_fault("emg.lost_samples:300@0.1")
    await rig.until(lambda: bool(rig.results))
    assert fault.fired_at_s is not None, "the fault did not happen"
    result = rig.results[0]
    assert isinstance(result, SweepMissing)
    assert "lost" in result.reason


async def test_a_saturated_channel_is_named(rig: Rig) -> None:
    fault = rig.world.add_fault("emg.saturated:SOL right")
    await rig.until(lambda: "SOL right" in rig.quality[-1].saturated)
    assert fault.fired_at_s is not None
    assert rig.quality[-1].saturated == ("SOL right",)


async def test_a_tense_muscle_shows_in_the_rest(rig: Rig) -> None:
    assert rig.quality[-1].rest_rms_uv["TA left"] < 10.0
    fault = rig.world.add_fault("emg.background:60")
    await rig.until(lambda: rig.quality[-1].rest_rms_uv["TA left"] > 30.0)
    assert fault.fired_at_s is not None


async def test_the_live_trace_has_no_gap_between_its_columns(rig: Rig) -> None:
    await rig.until(lambda: len(rig.waves) > 5)
    for one, next_one in zip(rig.waves, rig.waves[1:], strict=False):
        columns = len(base64.b64decode(one.low)) // 2 // len(CHANNELS)
        assert next_one.first_column == one.first_column + columns


async def test_an_amplifier_that_turns_out_unfit_for_evoked_potentials_is_told_at_once(rig: Rig) -> None:
    assert isinstance(rig.amplifier, EmgDevice)
    assert rig.quality[-1].for_meps
    rig.amplifier.blocks.pace.is_off = True
    told = len(rig.quality)
    await rig.until(lambda: len(rig.quality) > told)
    assert not rig.quality[-1].for_meps


def test_quality_is_the_rms_about_the_mean() -> None:
    t = np.arange(500) / 5000.0
    wave = 1000.0 + 200.0 * np.sin(2 * np.pi * 50 * t)
    counts = np.stack([wave, np.full(500, 7.0)], axis=1).astype(np.int16)
    told = quality(counts, ("a", "b"), 0.5, 32767)
    assert told.rest_rms_uv["a"] == pytest.approx(0.5 * 200 / np.sqrt(2), rel=0.01)
    assert told.rest_rms_uv["b"] == 0.0
    assert told.saturated == ()


class Delayed:
    """Stands between amplifier and path and lets no block through until told to."""

    def __init__(self, rig: Rig) -> None:
        self._path = rig.path
        self._through = rig.path.take
        self.held: list[EmgBlock] = []
        rig.path.take = self.held.append  # type: ignore[method-assign]

    def release(self) -> None:
        self._path.take = self._through  # type: ignore[method-assign]
        for block in self.held:
            self._through(block)


async def test_a_late_trigger_is_never_taken_for_the_next_pulse(rig: Rig) -> None:
    delayed = Delayed(rig)
    rig.path.expect(1)
    rig.fire(95)
    await rig.until(lambda: any(block.triggers for block in delayed.held))
    rig.path.forget()
    # far less than the shortest interval between pulses (limits.toml), and more than a starved machine is late by
    await asyncio.sleep(1.0)
    rig.path.expect(2)
    rig.fire(5)
    await rig.until(lambda: sum(len(block.triggers) for block in delayed.held) == 2)
    delayed.release()
    await rig.until(lambda: bool(rig.results))
    result = rig.results[0]
    assert isinstance(result, SweepMeasured)
    assert result.pulse == 2
    assert result.target.amplitude_uv < 50.0, "the response of the earlier, strong pulse was taken"


def test_a_deflection_without_an_onset_is_void_and_says_so() -> None:
    rng = np.random.default_rng(3)
    uv = rng.normal(0.0, 8.0, 2560)
    epoch = Epoch(1, uv[:, None], 5120.0, 1024, ("TA left",))
    result = measure_sweep(epoch, MeasureRule("TA left", (20.0, 50.0), 15.0, 10.0))
    assert isinstance(result, SweepMeasured)
    assert result.target.amplitude_uv > 15.0
    assert not result.target.valid
    assert "does not count" in result.target.reason


@pytest.mark.parametrize(
    ("rate_hz", "band_hz"), [(5120.0, (10.0, 500.0)), (1000.0, (10.0, 450.0)), (250.0, (10.0, 112.5))]
)
def test_the_live_band_ends_where_a_slow_amplifier_ends(rate_hz: float, band_hz: tuple[float, float]) -> None:
    assert shown_band_hz(rate_hz) == band_hz
    StreamFilter(2, rate_hz, band_hz=band_hz)
