"""The Trackmaster driver with its simulated treadmill over a real pseudo-terminal."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from bedside.config import config_folder, load_device
from hal.catalogue import DeviceSpec, build
from hal.device import NoAnswer, OffNotConfirmed, ReadBackMismatch, Reading, Refused, SetupError
from hal.drivers.gait.belt_limits import BeltLimits
from hal.drivers.gait.trackmaster import Trackmaster
from hal.linked import Patience
from hal.links.address import make_link
from hal.roles import RobotState, Treadmill
from hal.sim.clock import SimClock
from hal.sim.far_end import FAR_ENDS, Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.gait.trackmaster_device import TrackmasterDevice
from hal.sim.patient.gait_model import GaitModel, Phase
from hal.sim.patient.patient import Patient
from hal.sim.world import SimulatedWorld
from tests.helpers.far_ends import finishes, until

QUICK: dict[str, Any] = {
    "units_confirmed": True,
    "slew_kmh_s": 1.0,
    "answer_s": 0.3,
    "settle_s": 8,
    "hold_s": 0.1,
    "poll_s": 0.05,
}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses of a ramp, whose length is tested with the limits, do not matter here."""
    monkeypatch.setattr(BeltLimits, "pause_s", 0.02)


class Bench:
    """One treadmill, its cable and the driver; `states` are what the driver told."""

    def __init__(self, folder: Path, device: TrackmasterDevice, options: dict[str, Any], clock: SimClock) -> None:
        self.device, self.clock = device, clock
        link = make_link(f"serial:{folder / 'trackmaster'}", default_baud=Trackmaster.default_baud)
        patience = Patience(silence_s=0.25, reopen_s=2, first_retry_s=0.02)
        self.belt = Trackmaster("belt", time.monotonic_ns, link, options, patience)
        self.states: list[RobotState] = []
        self.belt.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, RobotState):
            self.states.append(reading)

    @property
    def last(self) -> RobotState:
        return self.states[-1]

    def fault(self, what: str) -> Fault:
        return self.device._faults.add(f"trackmaster.{what}", self.clock.now_s())

    async def walking(self, speed_kmh: float = 0.8) -> None:
        """Walk, the ramp skipped up to its last step."""
        await finishes(self.belt.take_control())
        await finishes(self.belt.start_belt())
        await self.already(speed_kmh - 0.1)
        await finishes(self.belt.set_speed(speed_kmh), 15)

    async def already(self, speed_kmh: float) -> None:
        """The started belt runs at this speed, the ramp to it skipped."""
        self.device.belt.gait.walk(speed_kmh)
        self.device.belt.gait.speed_kmh = speed_kmh
        await until(lambda: self.last.speed_kmh == pytest.approx(speed_kmh, abs=0.09))


@asynccontextmanager
async def bench(
    folder: Path,
    options: dict[str, Any] | None = None,
    *,
    units: Literal["kmh", "mph"] = "kmh",
    clamp_kmh: float | None = None,
    speed: float = 30.0,
) -> AsyncIterator[Bench]:
    """A belt that accelerates thirty times as fast as the model's 0.2 km/h per second, to keep the runs short."""
    clock = SimClock(speed)
    path = folder / "trackmaster"
    device = TrackmasterDevice(GaitModel(), clock, Faults(), path, units=units, clamp_kmh=clamp_kmh)
    await device.plug()
    serving = asyncio.create_task(device.run())
    made = Bench(folder, device, options if options is not None else QUICK, clock)
    try:
        await finishes(made.belt.open())
        yield made
    finally:
        await finishes(made.belt.close(), 15)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert 0xA1 not in device.heard, "the unguarded start is never on the wire"


async def test_a_walk_from_start_to_stop(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert isinstance(b.belt, Treadmill)
        await until(lambda: b.states and b.last.phase == "stand")
        assert (b.last.speed_kmh, b.last.e_stop, b.last.steps) == (0.0, None, None)
        await b.belt.take_control()
        await finishes(b.belt.start_belt())
        await finishes(b.belt.set_speed(0.9), 15)
        assert b.last.phase == "walk"
        assert b.last.speed_kmh == pytest.approx(0.9, abs=0.1)
        assert b.device.belt.gait.phase is Phase.WALK
        assert b.device.guarded
        await finishes(b.belt.set_speed(0.8), 15)
        await finishes(b.belt.stop_belt(), 15)
        assert b.device.belt.gait.speed_kmh < 0.05, "no tenth any more"
        await until(lambda: b.last.phase == "stand")
        assert (b.belt.vitals.rate_hz or 0) > 3, "asked all the time"
        assert b.belt.vitals.received == len(b.states)
    asked = bytes(b.device.heard)
    speeds = [int(asked[at + 1 : at + 5]) for at in range(len(asked)) if asked[at] == 0xA3]
    assert speeds == [1, 2, 3, 4, 5, 6, 7, 8, 9, 8], "tenths, one step at a time"


async def test_nothing_is_shown_or_asked_in_unconfirmed_units(tmp_path: Path) -> None:
    async with bench(tmp_path, {}) as b:
        await until(lambda: b.states)
        assert b.last.speed_kmh is None
        assert "units not confirmed" in b.belt.vitals.notes[0]
        with pytest.raises(Refused, match="units not confirmed"):
            await b.belt.take_control()
        for command in (b.belt.start_belt(), b.belt.set_speed(1.0)):
            with pytest.raises(Refused, match="not under control"):
                await command
    assert set(b.device.heard) <= {0xC0, 0xC1}, "it only asked"


@pytest.mark.parametrize("speed_kmh", [0.7, 1.9])
async def test_speeds_outside_the_envelope_are_refused(tmp_path: Path, speed_kmh: float) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        with pytest.raises(Refused, match=r"outside 0\.8 to 1\.8"):
            await b.belt.set_speed(speed_kmh)
        assert 0xA3 not in b.device.heard


async def test_order_of_commands_is_kept(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        with pytest.raises(Refused, match="not under control"):
            await b.belt.start_belt()
        await b.belt.take_control()
        with pytest.raises(Refused, match="was not started"):
            await b.belt.set_speed(1.0)
        with pytest.raises(Refused, match="reports its own state"):
            b.belt.report(phase="walk", speed_kmh=1, body_weight_support_kg=None, assist_pct=None, steps=None)


async def test_a_stop_overtakes_a_ramp(tmp_path: Path) -> None:
    async with bench(tmp_path, QUICK | {"slew_kmh_s": 0.5}) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        ramp = asyncio.create_task(b.belt.set_speed(1.8))
        await until(lambda: b.device.belt.set_kmh >= 0.2)
        await finishes(b.belt.stop_belt(), 15)
        with pytest.raises(Refused, match="stopped before"):
            await ramp
        assert not b.device.belt.on
        assert b.device.heard.rfind(b"\xa3") < b.device.heard.rfind(b"\xa2"), "no speed was set after the stop"


async def test_a_stop_at_the_panel_overtakes_a_ramp_even_between_two_polls(tmp_path: Path) -> None:
    async with bench(tmp_path, QUICK | {"poll_s": 0.2}) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        ramp = asyncio.create_task(b.belt.set_speed(1.8))
        await until(lambda: b.device.belt.set_kmh >= 0.2)
        fault = b.fault("panel_stop")
        with pytest.raises(Refused, match="stopped before"):
            await finishes(ramp)
        assert fault.strikes
        assert b.device.belt.set_kmh == 0, "a machine may start on a speed: none was set after the stop"
        with pytest.raises(Refused, match="was not started"):
            await b.belt.set_speed(0.8)
        await finishes(b.belt.start_belt())


async def test_a_slower_speed_at_the_panel_ends_a_ramp(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        ramp = asyncio.create_task(b.belt.set_speed(1.8))
        await until(lambda: b.device.belt.set_kmh >= 0.4)
        b.device.press_slower()
        pressed_kmh = b.device.belt.set_kmh
        told = rf"set to {pressed_kmh:g} km/h at the treadmill's panel|the treadmill reports {pressed_kmh:g}"
        with pytest.raises((Refused, ReadBackMismatch), match=told):
            await finishes(ramp)
        assert b.device.belt.set_kmh == pressed_kmh, "the panel has the last word"
        await b.already(0.8)
        await finishes(b.belt.set_speed(0.9))


async def test_a_lost_link_is_unknown_at_once_and_the_belt_stops_by_itself(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking()
        fault = b.fault("cable_out@0+24")
        await until(lambda: b.belt.health.state == "lost")
        assert (b.last.phase, b.last.speed_kmh, b.last.e_stop) == ("unknown", None, None)
        assert b.belt.health.error.startswith("belt state unknown")
        assert b.belt.vitals.rate_hz is None, "nothing comes"
        told = len(b.states)
        await until(lambda: b.device.communication_stops == 1)
        assert fault.fired_at_s is not None
        assert [state.phase for state in b.states[told:]] == [], "nobody said that it stands"
        await until(lambda: b.belt.health.state == "ok", 15)
        await until(lambda: b.last.phase in ("stand", "stopping"))
        with pytest.raises(Refused, match="not under control"):
            await b.belt.set_speed(1.0)


async def test_a_silent_machine_is_unknown(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking(0.8)
        fault = b.fault("silence@0+24")
        await until(lambda: b.belt.health.state == "silent")
        assert fault.strikes
        assert b.last.phase == "unknown"
        assert b.belt.health.error.startswith("belt state unknown: no message")
        assert not [s for s in b.states[b.states.index(b.last) :] if s.phase == "stand"]
        await until(lambda: b.device.communication_stops == 1, 10)
        await until(lambda: b.belt.health.state == "ok", 10)


async def test_a_speed_cut_without_a_word_is_found(tmp_path: Path) -> None:
    async with bench(tmp_path, clamp_kmh=0.5) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        with pytest.raises(ReadBackMismatch, match=r"should be 0\.6 kmh, the treadmill reports 0\.5"):
            await finishes(b.belt.set_speed(1.0), 15)


async def test_a_machine_that_refuses_is_named(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        b.device.belt.gait.press_e_stop()
        with pytest.raises(Refused, match="the treadmill refuses: out of range"):
            await finishes(b.belt.start_belt())
        assert b.device.heard.count(b"\xa2"), "a start that failed is answered with a stop"


async def test_a_belt_started_without_its_stop_is_not_ours(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.device._on_bytes(b"\xa1")
        b.device.heard.clear()
        await until(lambda: b.belt.vitals.notes)
        assert "would not stop by itself" in b.belt.vitals.notes[0]
        with pytest.raises(Refused, match="would not stop by itself"):
            await b.belt.take_control()


async def test_a_stop_that_nobody_confirms_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking(0.8)
        fault = b.fault("freeze@0+18")
        await until(lambda: fault.strikes)
        with pytest.raises(OffNotConfirmed, match="does not report standing") as error:
            await finishes(b.belt.stop_belt(), 15)
        assert "own stop button" in error.value.remedy
        assert not b.device.belt.on, "the command went out all the same"


async def test_garbage_is_counted_and_lived_through(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        fault = b.fault("garbage@0+6")
        await until(lambda: b.belt.health.dropped)
        assert fault.strikes
        told = len(b.states)
        await until(lambda: len(b.states) > told + 2)
        assert b.belt.health.state == "ok"


async def test_miles_are_tenths_of_a_mile(tmp_path: Path) -> None:
    async with bench(tmp_path, QUICK | {"units": "mph"}, units="mph") as b:
        await b.walking(1.8)
        assert b.device.belt.set_kmh == pytest.approx(1.1 * 1.609344), "never faster than the envelope"
        assert b.last.speed_kmh == pytest.approx(1.77, abs=0.17)
        await finishes(b.belt.stop_belt(), 15)


async def test_no_answer_no_control(tmp_path: Path) -> None:
    link = make_link(f"serial:{tmp_path / 'absent'}")
    belt = Trackmaster("belt", time.monotonic_ns, link, {"units_confirmed": True})
    heard: list[Reading] = []
    belt.subscribe(heard.append)
    await finishes(belt.open())
    with pytest.raises(NoAnswer, match="has not told its state"):
        await belt.take_control()
    await finishes(belt.close())
    assert [r.phase for r in heard if isinstance(r, RobotState)] == ["unknown"]


@pytest.mark.parametrize("options", [{"units": "mi"}, {"poll_s": 0.4}, {"fastest_kmh": 3.0}, {"unit": "kmh"}])
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(SetupError):
        Trackmaster("belt", time.monotonic_ns, make_link("serial:/dev/null"), options)


async def test_in_a_world_at_three_times_real_time_and_from_its_device_file(tmp_path: Path) -> None:
    world = SimulatedWorld(1, tmp_path, speed=3.0, also=("trackmaster",))
    config = load_device(config_folder(), "trackmaster")
    options = dict(config.options) | {"units_confirmed": True, "slew_kmh_s": 1.0}
    await world.plug()
    serving = asyncio.create_task(world.run())
    belt = build(DeviceSpec("robot", config.driver, world.addresses["trackmaster"], options), time.monotonic_ns)
    assert isinstance(belt, Trackmaster)
    await finishes(belt.open())
    await until(lambda: belt.actual_kmh is not None)
    await belt.take_control()
    await finishes(belt.start_belt())
    world.gait.walk(0.7)
    world.gait.speed_kmh = 0.7
    await until(lambda: belt.actual_kmh == 0.7)
    await finishes(belt.set_speed(0.8), 20)
    assert world.gait.phase is Phase.WALK
    await finishes(belt.stop_belt(), 20)
    await finishes(belt.close())
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def test_the_world_can_make_it(tmp_path: Path) -> None:
    around = Surroundings(
        "trackmaster", tmp_path, 1, SimClock(), Faults(), Patient(1), GaitModel(), lambda _s, _pct: None
    )
    assert FAR_ENDS["trackmaster"].build(around).address == f"serial:{tmp_path / 'trackmaster'}"
