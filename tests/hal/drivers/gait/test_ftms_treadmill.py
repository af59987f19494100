"""The fitness-machine driver with its simulated treadmill, over a link in memory."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hal.device import LinkBusy, NoAnswer, OffNotConfirmed, ReadBackMismatch, Reading, Refused, SetupError
from hal.drivers.gait.belt_limits import BeltLimits
from hal.drivers.gait.ftms_treadmill import AT_ITS_PANEL, NO_WATCHDOG, ONLY_HEARD, FtmsTreadmill
from hal.links.gatt import Notification
from hal.roles import RobotState, Treadmill
from hal.sim.clock import SimClock
from hal.sim.far_end import FAR_ENDS, Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.gait.ftms_device import CONTROL, DATA, FEATURES, STATUS, FtmsDevice
from hal.sim.patient.gait_model import GaitModel, Phase
from hal.sim.patient.patient import Patient
from hal.supervised import Patience
from tests.helpers.far_ends import finishes, until
from tests.helpers.gatt import MemoryLink, act

QUICK: dict[str, Any] = {"slew_kmh_s": 1.0, "answer_s": 0.3, "settle_s": 4, "hold_s": 0.1}


def surroundings(folder: Path) -> Surroundings:
    clock, nobody = SimClock(30.0), Patient(1)
    return Surroundings("ftms", folder, 1, clock, Faults(), nobody, GaitModel(), lambda _s, _pct: None, "in memory")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses of a ramp, whose length is tested with the limits, do not matter here."""
    monkeypatch.setattr(BeltLimits, "pause_s", 0.02)


class Bench:
    """The treadmill, the link and the driver; `states` are what the driver told."""

    def __init__(self, device: FtmsDevice, options: dict[str, Any]) -> None:
        self.device = device
        self.link = MemoryLink(device.peripheral)
        patience = Patience(silence_s=0.25, reopen_s=1.2, first_retry_s=0.05)
        self.belt = FtmsTreadmill("belt", time.monotonic_ns, self.link, options, patience)
        self.states: list[RobotState] = []
        self.belt.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, RobotState):
            self.states.append(reading)

    @property
    def last(self) -> RobotState:
        return self.states[-1]

    @property
    def gait(self) -> GaitModel:
        return self.device.around.gait

    def fault(self, what: str) -> Fault:
        return self.device.around.faults.add(f"ftms.{what}", self.device.now_s)

    async def walking(self) -> None:
        """At 0.8 km/h, most of the ramp skipped."""
        await finishes(self.belt.take_control())
        await finishes(self.belt.start_belt())
        await self.already(0.7)
        await finishes(self.belt.set_speed(0.8), 15)

    async def already(self, speed_kmh: float) -> None:
        """The started belt runs at this speed, the ramp to it skipped."""
        self.gait.walk(speed_kmh)
        self.gait.speed_kmh = speed_kmh
        await until(lambda: self.last.speed_kmh == speed_kmh)


@asynccontextmanager
async def bench(folder: Path, options: dict[str, Any] | None = None, **machine: Any) -> AsyncIterator[Bench]:
    """A belt that accelerates thirty times as fast as the model's 0.2 km/h per second, to keep the runs short."""
    made = Bench(FtmsDevice(surroundings(folder), data_every_s=0.05, **machine), QUICK | (options or {}))
    serving = asyncio.create_task(act(made.device, made.link))
    try:
        await finishes(made.belt.open())
        yield made
    finally:
        await finishes(made.belt.close(), 15)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_a_walk_from_start_to_stop(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert isinstance(b.belt, Treadmill)
        await until(lambda: b.states)
        assert (b.last.phase, b.last.speed_kmh, b.last.e_stop) == ("stand", 0.0, None)
        assert b.device.written == [], "nothing is asked before somebody wants it"
        await b.belt.take_control()
        await finishes(b.belt.start_belt())
        await finishes(b.belt.set_speed(0.9), 15)
        await finishes(b.belt.set_speed(0.8), 15)
        assert (b.last.phase, b.last.e_stop) == ("walk", False)
        assert b.last.speed_kmh == pytest.approx(0.8, abs=0.06)
        assert b.gait.phase is Phase.WALK
        await finishes(b.belt.stop_belt(), 15)
        assert (b.last.phase, b.last.speed_kmh) == ("stand", 0.0)
        vitals = b.belt.vitals
        assert vitals.received == len(b.states)
        assert vitals.notes[0] == NO_WATCHDOG
        assert vitals.rssi_dbm == b.device.peripheral.rssi_dbm
    tenths = [10, 20, 30, 40, 50, 60, 70, 80, 90, 80]
    asked = [b"\x02" + bytes((speed, 0)) for speed in tenths]
    assert b.device.written == [b"\x00", b"\x07", *asked, b"\x08\x01"]


@pytest.mark.parametrize("speed_kmh", [0.7, 1.9, 1.25])
async def test_speeds_outside_the_envelope_and_between_steps_are_refused(tmp_path: Path, speed_kmh: float) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        with pytest.raises(Refused):
            await b.belt.set_speed(speed_kmh)
        assert b.device.written == [b"\x00", b"\x07"]


async def test_the_machines_own_steps_count(tmp_path: Path) -> None:
    async with bench(tmp_path, minimum_kmh=0.8, step_kmh=0.2) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        with pytest.raises(Refused, match=r"in steps of 0\.2, not 0\.9 \(choose 0\.8 km/h"):
            await b.belt.set_speed(0.9)
        await b.already(0.6)
        await finishes(b.belt.set_speed(1.0), 15)
        assert b.last.speed_kmh == pytest.approx(1.0, abs=0.06)
        assert {w for w in b.device.written if w[0] == 2} == {b"\x02\x50\x00", b"\x02\x64\x00"}, "legal steps alone"


async def test_a_machine_that_cannot_run_so_slowly_is_not_even_started(tmp_path: Path) -> None:
    async with bench(tmp_path, minimum_kmh=1.0) as b:
        with pytest.raises(Refused, match=r"at 1 km/h at the least, not 0\.8") as refused:
            await finishes(b.belt.take_control())
        assert "slowest_kmh" in refused.value.remedy
        with pytest.raises(Refused, match="take control first"):
            await finishes(b.belt.start_belt())
        assert b.gait.speed_kmh == 0
    async with bench(tmp_path, {"slowest_kmh": 1.0}, minimum_kmh=1.0) as b:
        await finishes(b.belt.take_control())


async def test_control_that_is_not_given(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.device.grants = False
        with pytest.raises(Refused, match="the treadmill refuses: not permitted"):
            await b.belt.take_control()
        with pytest.raises(Refused, match="not under control"):
            await b.belt.start_belt()


@pytest.mark.parametrize(
    ("lacks", "words"),
    [((CONTROL, STATUS), "it takes no commands"), ((STATUS,), "does not tell when it is stopped at its panel")],
)
async def test_a_machine_that_only_tells_its_speed_is_heard_and_never_commanded(
    lacks: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    async with bench(tmp_path, lacks=lacks) as b:
        await until(lambda: b.states)
        assert b.belt.health.state == "ok"
        b.device.belt.start()
        await b.already(1.2)
        assert (b.last.phase, b.last.e_stop) == ("walk", None)
        assert words in b.belt.vitals.notes[0]
        with pytest.raises(Refused, match=words) as error:
            await b.belt.take_control()
        assert error.value.remedy == AT_ITS_PANEL
        with pytest.raises(Refused, match="not under control"):
            await b.belt.start_belt()
        assert b.device.written == []


async def test_a_stop_that_a_machine_cannot_take_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path, lacks=(CONTROL, STATUS)) as b:
        with pytest.raises(OffNotConfirmed, match=f"told to stop, and {ONLY_HEARD}") as error:
            await finishes(b.belt.stop_belt())
        assert "own stop button" in error.value.remedy


async def test_a_machine_without_treadmill_data_is_said_to_be_none(tmp_path: Path) -> None:
    async with bench(tmp_path, lacks=(DATA,)) as b:
        await until(lambda: b.belt.health.state == "lost")
        assert b.belt.health.error == "belt state unknown: it is no treadmill: it sends no treadmill data"
        assert "device file" in b.belt.health.remedy


async def test_features_that_cannot_be_read_hide_no_speed_range(tmp_path: Path) -> None:
    async with bench(tmp_path, lacks=(FEATURES,)) as b:
        await finishes(b.belt.take_control())


async def test_a_machine_that_does_not_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await until(lambda: b.states)
        b.device.answers = False
        with pytest.raises(NoAnswer, match="did not answer"):
            await finishes(b.belt.take_control())


async def test_control_lost_at_the_panel(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking()
        b.device.lose_control()
        await until(lambda: not b.belt.pilot.granted)
        with pytest.raises(Refused, match="not under control"):
            await b.belt.set_speed(0.9)
        assert b.last.phase == "walk", "the belt runs, and that is what is shown"
        await finishes(b.belt.stop_belt(), 15)
        assert b.gait.speed_kmh == 0, "a stop takes control again"


async def test_the_safety_key_is_an_emergency_stop(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking()
        b.device.pull_safety_key()
        await until(lambda: b.last.e_stop)
        assert b.last.phase == "fault"
        await until(lambda: b.last.speed_kmh == 0)
        with pytest.raises(Refused, match="not under control"):
            await b.belt.start_belt()
        await finishes(b.belt.stop_belt(), 15)
        b.gait.release_e_stop()
        await b.belt.take_control()
        await b.belt.start_belt()
        await until(lambda: b.last.e_stop is False)


async def test_a_lost_link_is_unknown_at_once_while_the_belt_runs_on(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking()
        fault = b.fault("cable_out@0+6")
        await until(lambda: b.belt.health.state == "lost")
        assert fault.strikes
        assert (b.last.phase, b.last.speed_kmh, b.last.e_stop) == ("unknown", None, None)
        assert b.belt.health.error.startswith("belt state unknown: ")
        assert b.gait.speed_kmh == pytest.approx(0.8, abs=0.06), "no watchdog: it runs on"
        await until(lambda: b.belt.health.state == "ok")
        await until(lambda: b.last.phase == "walk")
        with pytest.raises(Refused, match="not under control"):
            await b.belt.set_speed(0.9)


async def test_a_machine_that_falls_silent_is_unknown(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.walking()
        fault = b.fault("silence@0+12")
        await until(lambda: b.belt.health.state == "silent")
        assert fault.strikes
        assert (b.last.phase, b.last.speed_kmh) == ("unknown", None)
        await until(lambda: b.belt.health.state == "ok")


async def test_a_start_on_a_silent_machine_is_answered_with_a_stop(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        b.device.answers = False
        with pytest.raises(NoAnswer, match="did not answer"):
            await finishes(b.belt.start_belt(), 15)
        assert b.device.written[-1] == b"\x08\x01"
        assert not b.device.belt.on


async def test_a_speed_cut_without_a_word_is_found(tmp_path: Path) -> None:
    async with bench(tmp_path, clamp_kmh=0.5) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        with pytest.raises(ReadBackMismatch, match=r"should be 0\.6 km/h, the treadmill reports 0\.5"):
            await finishes(b.belt.set_speed(0.8), 15)


async def test_a_belt_that_never_comes_to_the_speed_is_found(tmp_path: Path) -> None:
    async with bench(tmp_path, {"settle_s": 0.5}, clamp_kmh=0.5) as b:
        b.device.notify = lambda uuid, data: uuid != STATUS and FtmsDevice.notify(b.device, uuid, data)  # type: ignore[method-assign]
        await b.belt.take_control()
        b.device.belt.start()
        b.belt.pilot.started = True
        await b.already(0.5)
        with pytest.raises(ReadBackMismatch, match=r"asked for 0\.8 km/h, the belt reports 0\.5"):
            await finishes(b.belt.set_speed(0.8), 15)


async def test_a_belt_that_stays_faster_than_asked_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path, {"settle_s": 0.5}) as b:
        await b.walking()
        monkeypatch.setattr(b.device.belt, "set_speed", lambda _kmh: b.gait.walk(1.5) or True)
        b.device.notify = lambda uuid, data: uuid != STATUS and FtmsDevice.notify(b.device, uuid, data)  # type: ignore[method-assign]
        with pytest.raises(ReadBackMismatch, match=r"asked for 0\.9 km/h, the belt reports 1\.5"):
            await finishes(b.belt.set_speed(0.9), 15)
        assert b.device.written[-1] == b"\x08\x01"
        assert not b.device.belt.on


async def test_a_stop_that_nobody_confirms_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path, {"settle_s": 0.5}) as b:
        await b.walking()
        fault = b.fault("freeze@0+21")
        await until(lambda: fault.strikes)
        with pytest.raises(OffNotConfirmed, match="does not report standing") as error:
            await finishes(b.belt.stop_belt(), 15)
        assert "own stop button" in error.value.remedy
        assert b.device.written[-1] == b"\x08\x01", "the command went out all the same"


async def test_a_stop_overtakes_a_ramp(tmp_path: Path) -> None:
    async with bench(tmp_path, {"slew_kmh_s": 0.5}) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        ramp = asyncio.create_task(b.belt.set_speed(1.8))
        await until(lambda: b.device.belt.set_kmh >= 0.2)
        await finishes(b.belt.stop_belt(), 15)
        with pytest.raises(Refused, match="stopped before"):
            await ramp
        assert b.device.written[-1] == b"\x08\x01"


async def test_a_stop_at_the_panel_overtakes_a_ramp(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
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


async def test_the_safety_key_ends_a_ramp(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        await b.belt.start_belt()
        ramp = asyncio.create_task(b.belt.set_speed(1.8))
        await until(lambda: b.device.belt.set_kmh >= 0.2)
        fault = b.fault("safety_key")
        with pytest.raises(Refused, match="stopped before"):
            await finishes(ramp)
        assert fault.strikes
        assert b.last.e_stop
        assert len([written for written in b.device.written if written[0] == 2]) < 18


async def test_a_stop_overtakes_a_start_that_waits_for_the_control_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        plain, busy = b.link.write, [LinkBusy("Bluetooth is busy")]

        async def write(characteristic: str, data: bytes, *, response: bool = False) -> None:
            if data[0] == 0x07 and busy:
                raise busy.pop()
            await plain(characteristic, data, response=response)

        monkeypatch.setattr(b.link, "write", write)
        starting = asyncio.create_task(b.belt.start_belt())
        await until(lambda: not busy)
        await finishes(b.belt.stop_belt())
        with pytest.raises(Refused, match="stopped before"):
            await finishes(starting)
        assert b"\x07" not in b.device.written, "a start never comes after the stop that overtook it"
        assert not b.device.belt.on


async def test_a_start_confirmed_after_a_stop_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        await b.belt.take_control()
        plain, stopped = b.belt.ask_start, asyncio.Event()

        async def ask_start() -> None:
            await plain()
            await stopped.wait()

        monkeypatch.setattr(b.belt, "ask_start", ask_start)
        starting = asyncio.create_task(b.belt.start_belt())
        await until(lambda: b"\x07" in b.device.written)
        await finishes(b.belt.stop_belt())
        stopped.set()
        with pytest.raises(Refused, match="stopped before"):
            await finishes(starting)
        with pytest.raises(Refused, match="was not started"):
            await b.belt.set_speed(0.8)
        assert not b.device.belt.on


async def test_a_busy_control_point_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path) as b:
        plain, busy = b.link.write, [LinkBusy("Bluetooth is busy"), Refused("ATT error 0xfe")]

        async def write(characteristic: str, data: bytes, *, response: bool = False) -> None:
            if busy:
                raise busy.pop()
            await plain(characteristic, data, response=response)

        monkeypatch.setattr(b.link, "write", write)
        await finishes(b.belt.take_control())
        assert not busy
        busy += [LinkBusy("Bluetooth is busy")] * 50
        with pytest.raises(LinkBusy) as error:
            await finishes(b.belt.take_control())
        assert error.value.device == "belt"
        busy.clear()


async def test_garbage_is_counted_and_lived_through(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        fault = b.fault("garbage@0+6")
        await until(lambda: b.belt.dropped)
        assert fault.strikes
        await until(lambda: b.device.now_s > (fault.begins_s or 0) + 6)
        told = len(b.states)
        await until(lambda: len(b.states) > told + 1)
        assert b.last.speed_kmh == 0.0


async def test_random_notifications_never_raise(tmp_path: Path) -> None:
    belt, rng = Bench(FtmsDevice(surroundings(tmp_path)), QUICK).belt, random.Random(2)
    for _ in range(5000):
        uuid = rng.choice(belt.notifies)
        belt.on_notification(Notification(rng.randrange(10**12), uuid, rng.randbytes(rng.randrange(24))))
    assert belt.dropped


def test_the_world_can_make_it_and_options_are_checked(tmp_path: Path) -> None:
    around = surroundings(tmp_path)
    far_end = FAR_ENDS["ftms"].build(around)
    assert far_end.address.startswith("ble:")
    assert isinstance(far_end, FtmsDevice)
    link = MemoryLink(far_end.peripheral)
    for options in ({"pace": "uint32"}, {"fastest_kmh": 6.0}, {"answer_s": 60}, {"speed": 1}):
        with pytest.raises(SetupError):
            FtmsTreadmill("belt", time.monotonic_ns, link, options)
