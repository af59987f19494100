"""Calibrations at a person's word: what is measured is told, and what is not is refused with what to do."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bedside.commands import CalibrateDevice
from bedside.events import DeviceCalibrated
from bedside.refusal import Refusal
from bedside.station.calibration import Calibrations
from hal.device import Device, Reading, Refused
from hal.drivers.gait.manual_robot import ManualRobot
from hal.roles import MagneticBlock, MotionBlock, PlateBlock

UTC = "2026-11-21T12:00:00.000000Z"
SPEED = 400.0
"""So that ten seconds are 25 ms."""
RATE_HZ = 100.0


class Plate(ManualRobot):
    """A force plate of which a test says what stands on it."""

    role = "plate"
    side, rate_hz, boards = "both", 80.0, 1
    refusing = False

    async def zero(self) -> tuple[float, ...]:
        if self.refusing:
            raise Refused("it is not empty", device=self.name, remedy="step off")
        return (1.0, 2.0, 3.0, 4.0)


class Sensor(ManualRobot):
    """A motion sensor."""

    role = "imu"
    placement, rate_hz, counter_unit = "foot_left", RATE_HZ, ""


class OwnZero(Sensor):
    """One that can set its own zero."""

    zeroed = 0
    zero_up = (0.0, 0.0, 1.0)

    async def calibrate_motion(self) -> None:
        self.zeroed += 1


def made(kind: type[ManualRobot], name: str) -> Device:
    return kind(name, time.monotonic_ns)


def at_ns(n: int, rate_hz: float) -> np.ndarray:
    return 10**15 + (np.arange(n) / rate_hz * 1e9).astype(np.int64)


def loads(kg: np.ndarray) -> PlateBlock:
    """Samples (n, 4) of a plate."""
    ns = at_ns(len(kg), 80.0)
    cop = np.zeros((len(kg), 2), np.float32)
    return PlateBlock(0, loads_kg=kg.astype(np.float32), cop_cm=cop, sample_ns=ns, first_sample=0, rate_hz=80.0)


def moved(gyro: np.ndarray, accel: np.ndarray, ns: np.ndarray | None = None) -> MotionBlock:
    times = at_ns(len(gyro), RATE_HZ) if ns is None else ns
    kept = (accel.astype(np.float32), gyro.astype(np.float32))
    return MotionBlock(0, *kept, sample_ns=times, first_sample=0, rate_hz=RATE_HZ)


def resting(seed: int = 1, *, noise: float = 0.01, gravity: float = 9.81) -> MotionBlock:
    rng = np.random.default_rng(seed)
    down = np.array([0.0, 0.6, 0.8]) * gravity
    return moved(rng.normal(0.02, noise, (300, 3)), rng.normal(0, 0.02, (300, 3)) + down)


def lying(
    seed: int = 1, *, turn_deg_s: float = 0.3, tilt_deg: float = 0.0, noise: float = 0.01, about: str = "x"
) -> MotionBlock:
    """A sensor on a table, turned by so much against the level and showing such a turn rate."""
    rng = np.random.default_rng(seed)
    up = Rotation.from_euler(about, tilt_deg, degrees=True).apply([0.0, 0.0, 9.81])
    gyro = rng.normal(0, noise, (300, 3)) + np.radians([turn_deg_s, 0, 0])
    return moved(gyro, rng.normal(0, 0.05, (300, 3)) + up)


def knocked(late_ms: float, seed: int) -> MotionBlock:
    rng = np.random.default_rng(seed)
    t = np.arange(0, 6, 1 / RATE_HZ)
    turn = sum(np.exp(-0.5 * ((t - at) / 0.05) ** 2) for at in (2.0, 2.8, 3.9))
    gyro = 4.0 * np.outer(turn, Rotation.random(rng=rng).apply([1.0, 0, 0])) + rng.normal(0, 0.02, (t.size, 3))
    return moved(gyro, np.zeros((t.size, 3)), (t * 1e9 + late_ms * 1e6).astype(np.int64) + 10**15)


async def calibrated(
    what: str, devices: dict[Device, Callable[[], Iterable[Reading]]], device: str = ""
) -> DeviceCalibrated:
    """Calibrate the first device, or `device`, while each keeps sending what its function gives."""
    calibrations = Calibrations(tuple(devices), lambda: UTC, SPEED)

    async def send() -> None:
        while True:
            for one, readings in devices.items():
                for reading in readings():
                    calibrations.take(one, reading)
            await asyncio.sleep(0.002)

    sending = asyncio.create_task(send())
    try:
        asked = CalibrateDevice(device=device or next(iter(devices)).name, what=what)  # type: ignore[arg-type]
        return await calibrations.carry_out(asked)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


EMPTY = np.random.default_rng(1).normal(0, 0.02, (80, 4))
STANDING = 15.0 + np.cumsum(np.random.default_rng(1).normal(0, 0.1, (80, 4)), axis=0)


async def test_an_empty_plate_is_zeroed_and_what_is_left_is_told() -> None:
    done = await calibrated("zero", {made(Plate, "board"): lambda: [loads(EMPTY)]})
    assert (done.what, done.unit) == ("zero", "kg")
    assert done.residual is not None
    assert done.residual < 0.1
    assert "1.00, 2.00, 3.00, 4.00" in done.note


@pytest.mark.parametrize(
    ("kg", "words"),
    [(STANDING, "somebody stands on it"), (EMPTY + 5.0, "kg are left on the plate"), ([], "sends nothing")],
)
async def test_a_plate_that_is_not_empty_is_not_claimed_to_be_zeroed(kg: np.ndarray, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        await calibrated("zero", {made(Plate, "board"): lambda: [loads(kg)] if len(kg) else []})


async def test_what_the_plate_itself_refuses_is_passed_on() -> None:
    plate = made(Plate, "board")
    plate.refusing = True  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="not empty"):
        await calibrated("zero", {plate: lambda: [loads(EMPTY)]})


async def test_a_sensor_sets_its_own_zero_where_it_can() -> None:
    sensor = made(OwnZero, "imu")
    # it leaves its maker with offsets, which is what a zero is for; samples from before come out late
    late = replace(lying(turn_deg_s=6.0), sample_ns=np.arange(300))
    done = await calibrated("zero", {sensor: lambda: [late, lying(turn_deg_s=0.0)] if _zeroed(sensor) else [late]})
    assert _zeroed(sensor) == 1
    assert done.residual == pytest.approx(0.0, abs=0.2)
    with pytest.raises(Refusal, match="no zero to set"):
        await calibrated("zero", {made(Sensor, "imu"): lambda: [resting()]})


def _zeroed(sensor: Device) -> int:
    assert isinstance(sensor, OwnZero)
    return sensor.zeroed


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (lying(tilt_deg=12.0), "tilted by 12 degrees"),
        (lying(tilt_deg=180.0), "tilted by 180 degrees"),
        (resting(), "tilted by 37 degrees"),
        (lying(noise=0.05), "is moving"),
        (moved(np.zeros((300, 3)), np.linspace([-1.0, 0, 9.7], [1.0, 0, 9.7], 300)), "is moving"),
    ],
)
async def test_a_worn_sensor_takes_no_zero(before: MotionBlock, words: str) -> None:
    sensor = made(OwnZero, "imu")
    with pytest.raises(Refusal, match=words):
        await calibrated("zero", {sensor: lambda: [before]})
    assert _zeroed(sensor) == 0


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (lying(turn_deg_s=34.6), r"34\.6 deg/s are left at rest"),
        (lying(tilt_deg=5.0, about="y"), r"level, it shows 5\.\d degrees"),
        (lying(noise=0.05), "is moving: whether its zero is right is not known"),
        (moved(np.zeros((0, 3)), np.zeros((0, 3))), "sends nothing: whether its zero"),
    ],
)
async def test_a_zero_that_was_taken_in_movement_is_not_believed(after: MotionBlock, words: str) -> None:
    sensor = made(OwnZero, "imu")
    with pytest.raises(Refusal, match=words):
        await calibrated("zero", {sensor: lambda: [after if _zeroed(sensor) else lying()]})
    assert _zeroed(sensor) == 1


async def test_how_a_worn_sensor_hangs_is_measured_at_rest() -> None:
    done = await calibrated("mounting", {made(Sensor, "imu"): lambda: [resting()]})
    assert done.residual is not None
    assert done.residual < 0.5
    assert "0.600, 0.800" in done.note


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (resting(noise=0.5), "is moving"),
        (resting(gravity=1.0), "instead of 9.81"),
        (moved(np.zeros((0, 3)), np.zeros((0, 3))), "sends nothing"),
    ],
)
async def test_a_sensor_that_does_not_rest_is_not_calibrated(block: MotionBlock, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        await calibrated("mounting", {made(Sensor, "imu"): lambda: [block]})


def field(n: int, *, plane: bool = False) -> MagneticBlock:
    rng = np.random.default_rng(2)
    turns = Rotation.from_rotvec(np.outer(np.linspace(0, 12, n), [0, 0, 1])) if plane else Rotation.random(n, rng=rng)
    seen = turns.apply([0.0, 19.0, -44.0]) * [1.05, 0.97, 1.0] + [12.0, -7.0, 30.0] + rng.normal(0, 0.3, (n, 3))
    return MagneticBlock(0, seen.astype(np.float32), np.zeros((n, 3), np.int16), at_ns(n, 5.0))


SWEPT = field(300)


async def test_a_swept_magnetometer_is_fitted_and_the_fit_expires() -> None:
    done = await calibrated("magnetometer", {made(Sensor, "imu"): lambda: [SWEPT]})
    assert done.residual is not None
    assert done.residual < 3.0
    assert (done.unit, done.until) == ("%", "2026-11-28")
    assert '"hard_ut": [12.' in done.note or '"hard_ut": [11.' in done.note


@pytest.mark.parametrize(
    ("block", "words"),
    [(field(200, plane=True), "directions|no ellipsoid"), (resting(), "no magnetometer samples")],
)
async def test_a_sweep_that_saw_too_little_is_refused(block: Reading, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        await calibrated("magnetometer", {made(Sensor, "imu"): lambda: [block]})


async def test_a_common_knock_tells_by_how_much_a_sensor_is_late() -> None:
    once = {"a": [knocked(0.0, 1)], "b": [knocked(12.0, 2)]}
    devices: dict[Device, Callable[[], Iterable[Reading]]] = {
        made(Sensor, name): lambda name=name: once.pop(name, []) for name in ("a", "b")
    }
    done = await calibrated("synchrony", devices, "b")
    assert (done.device, done.unit) == ("b", "ms")
    assert done.residual == pytest.approx(12.0, abs=3.0)
    with pytest.raises(Refusal, match="the others are compared with"):
        await calibrated("synchrony", devices, "a")
    with pytest.raises(Refusal, match="sends nothing"):
        await calibrated("synchrony", devices, "b")


async def test_one_calibration_at_a_time_and_no_unknown_device() -> None:
    sensor = made(Sensor, "imu")
    calibrations = Calibrations((sensor,), lambda: UTC, SPEED)
    asked = CalibrateDevice(device="imu", what="mounting")
    first = asyncio.create_task(calibrations.carry_out(asked))
    await asyncio.sleep(0)
    with pytest.raises(Refusal, match="under way"):
        await calibrations.carry_out(asked)
    with pytest.raises(Refusal, match="sends nothing"):
        await first
    with pytest.raises(Refusal, match="known: imu"):
        await calibrations.carry_out(CalibrateDevice(device="imo", what="zero"))
    with pytest.raises(Refusal, match="no motion sensor"):
        await calibrated("mounting", {made(Plate, "board"): lambda: [loads(EMPTY)]})
