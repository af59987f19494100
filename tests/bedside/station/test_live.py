"""Live values for drawing: only while a capture shows them, at a pace for the eye, with the numbers of the devices."""

import asyncio
import time
from collections.abc import Callable

import numpy as np
import pytest

from bedside.config.captures import LiveView
from bedside.station.live import COP, LiveValues
from bedside.station.live_motion import DRAWN_HZ, FEET, KNEE, WORK_S, Worn, feet, knee
from bedside.station.wire import Live
from hal.drivers.gait.manual_robot import ManualRobot
from hal.roles import MotionBlock, PlateBlock
from tests.helpers.far_ends import until
from tests.helpers.pedalling import Rig, ride
from tests.helpers.walking_feet import pair

PLATE = ManualRobot("plate", time.monotonic_ns)


class Screen:
    def __init__(self, view: LiveView) -> None:
        self.view = view
        self.shown: list[Live] = []
        self.live = LiveValues(lambda: self.view, self.shown.append)
        self.live.look()


def plate(at_s: float, loads: np.ndarray, cop: np.ndarray, rate_hz: float = 80.0) -> PlateBlock:
    at_ns = ((at_s + np.arange(len(loads)) / rate_hz) * 1e9).astype(np.int64)
    return PlateBlock(
        mono_ns=int(at_ns[-1]),
        loads_kg=loads.astype(np.float32),
        cop_cm=cop.astype(np.float32),
        sample_ns=at_ns,
        first_sample=0,
        rate_hz=rate_hz,
    )


def standing(n: int, x_cm: float, boards: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A person of 60 kg with a fifth of the load on the left leg."""
    share = [0.1, 0.4, 0.1, 0.4] if boards == 1 else [0.05] * 4 + [0.2] * 4
    return np.tile(60.0 * np.array(share), (n, 1)), np.tile([x_cm, -1.0], (n, 1))


@pytest.mark.parametrize("boards", [1, 2])
def test_the_centre_of_pressure_is_smoothed_and_the_load_told(boards: int) -> None:
    screen = Screen("cop")
    screen.live.take(PLATE, plate(10.0, *standing(80, 0.0, boards)))
    screen.live.take(PLATE, plate(11.0, *standing(80, 4.0, boards)))
    screen.live.look()
    (message,) = screen.shown
    assert (message.stream, message.names) == ("cop", COP)
    assert np.diff(message.seconds) == pytest.approx(1 / 80.0)
    rows = np.array(message.rows, dtype=float)
    assert rows[:, 2] == pytest.approx(20.0)
    assert rows[:, 3] == pytest.approx(60.0)
    moved = rows[80:, 0]
    assert 0 < moved[0] < 2.0, "a step is not passed on at once"
    assert np.all(np.diff(moved) >= 0)
    assert moved[20] > 0.9 * 4.0, "and is nearly there after a quarter of a second"


def test_an_empty_plate_has_no_place_and_a_person_on_it_has_one_at_once() -> None:
    screen = Screen("cop")
    nowhere = np.full((8, 2), np.nan)
    screen.live.take(PLATE, plate(10.0, np.zeros((8, 4)), nowhere))
    screen.live.take(PLATE, plate(10.1, *standing(1, 3.0)))
    screen.live.look()
    rows = screen.shown[0].rows
    assert rows[0][:3] == (None, None, None)
    assert rows[-1][0] == 3.0


def test_nothing_is_kept_or_sent_where_nothing_is_shown() -> None:
    screen = Screen("none")
    screen.live.take(PLATE, plate(10.0, *standing(8, 0.0)))
    screen.view = "cop"
    screen.live.look()
    assert screen.shown == []
    screen.live.take(PLATE, plate(11.0, *standing(8, 0.0)))
    screen.view = "none"
    screen.live.look()
    assert screen.shown == []


def worn(sensors: dict[str, tuple[np.ndarray, np.ndarray, float]], until_s: float) -> Worn:
    """Sensors as their blocks have come by `until_s`."""
    known = Worn()
    for place, (gyro, accel, rate_hz) in sensors.items():
        for first in range(0, min(len(gyro), int(until_s * rate_hz)), 5):
            rows = slice(first, first + 5)
            at_ns = ((100.0 + (first + np.arange(len(gyro[rows]))) / rate_hz) * 1e9).astype(np.int64)
            known.take(
                place,
                MotionBlock(
                    mono_ns=int(at_ns[-1]),
                    accel_m_s2=accel[rows].astype(np.float32),
                    gyro_rad_s=gyro[rows].astype(np.float32),
                    sample_ns=at_ns,
                    first_sample=first,
                    rate_hz=rate_hz,
                ),
            )
    return known


def test_knee_angles_follow_the_leg_within_some_degrees_and_nothing_is_drawn_twice() -> None:
    x = ride(lambda t: np.full_like(t, 50.0), Rig(seconds=30.0))
    sensors = {"thigh_left": x.thigh, "shank_left": x.shank}
    made = {place: (part.gyro_rad_s, part.accel_m_s2, x.rate_hz) for place, part in sensors.items()}
    known = worn(made, 20.0)
    (message,) = knee(known)
    assert message.names == KNEE
    assert len(message.rows) == pytest.approx(WORK_S * DRAWN_HZ, abs=1)
    left = np.array([row[0] for row in message.rows], dtype=float)
    truth = np.interp(np.array(message.seconds) - 100.0, np.arange(x.knee_deg.size) / x.rate_hz, x.knee_deg)
    assert np.abs(left - truth).max() < 8.0
    assert {row[1] for row in message.rows} == {None}, "there is no sensor on the right leg"
    assert message.rows[-1][2] == pytest.approx(50.0, abs=1.0)
    assert knee(known) == [], "nothing has come since"


def test_the_last_stride_of_each_foot_is_drawn_once() -> None:
    sides = zip(("foot_left", "foot_right"), pair(), strict=True)
    known = worn({place: (foot.gyro_rad_s, foot.accel_m_s2, foot.rate_hz) for place, foot in sides}, 11.0)
    messages = feet(known)
    assert [(message.foot, message.names) for message in messages] == [("left", FEET), ("right", FEET)]
    for message in messages:
        path = np.array(message.rows, dtype=float)
        assert path[-1, 0] - path[0, 0] == pytest.approx(120.0, abs=8.0)
        assert path[:, 1].max() == pytest.approx(12.0, abs=3.0)
    assert feet(known) == []


@pytest.mark.parametrize("work", [knee, feet])
def test_too_little_to_draw_is_no_message(work: Callable[[Worn], list[Live]]) -> None:
    left, right = pair()
    made = {
        place: (foot.gyro_rad_s, foot.accel_m_s2, 100.0) for place, foot in (("foot_left", left), ("foot_right", right))
    }
    assert work(worn(made, 3.0)) == []
    assert work(Worn()) == []


async def test_a_drawing_that_goes_wrong_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Worn] = []

    def broken(worn: Worn) -> list[Live]:
        asked.append(worn)
        raise RuntimeError("no leg like this")

    monkeypatch.setattr("bedside.station.live.knee", broken)
    screen = Screen("knee")
    running = asyncio.create_task(screen.live.run())
    await until(lambda: asked)
    await until(lambda: len(asked) > 1)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
