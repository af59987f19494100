"""Zeroing and calibrating sensors at a person's word: what the device offers, and what can be measured of it.

Each takes some seconds of samples, beside everything else that the station does. What came of it is an event; what did
not succeed is a refusal that says why, and nothing is claimed.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bedside.commands import CalibrateDevice
from bedside.events import DeviceCalibrated
from bedside.refusal import Refusal
from bedside.station.resting import at_rest, lies_level, moved, taken_since, turn_left_deg_s
from dsp.knock import offset_ms
from dsp.orientation.magnetometer import VALID_DAYS, fit_magnetometer
from hal.device import Device, Reading
from hal.roles import ForcePlate, MagneticBlock, MotionSensor, PlateBlock

Array = NDArray[np.float64]

REST_S, AFTER_ZERO_S, KNOCK_S, SWEEP_S = 3.0, 1.0, 10.0, 40.0
"""How long each is looked at: what rests, a plate after its zero, three knocks, a sensor turned every way."""
EMPTY_KG, STILL_KG = 0.5, 0.15
"""Nobody stands so still for `REST_S` that no corner's load moves by more (SD); an empty plate does."""
WOBBLE_DEG = 2.0


@runtime_checkable
class SetsItsZero(Protocol):
    """A motion sensor that takes its present reading as zero; it lies still meanwhile, with `zero_up` upwards."""

    @property
    def zero_up(self) -> tuple[float, float, float]:
        """The axis of the sensor, a unit vector, that must point upwards meanwhile: it is set to gravity."""
        ...

    async def calibrate_motion(self) -> None:
        """Zero acceleration and turn rate."""
        ...


class Calibrations:
    """One calibration at a time. `speed` is how much faster than real time samples come (simulated devices)."""

    def __init__(self, devices: tuple[Device, ...], utc: Callable[[], str], speed: float = 1.0) -> None:
        self._devices = {device.name: device for device in devices}
        self._utc = utc
        self._speed = speed
        self._heard: dict[str, list[Reading]] | None = None

    @property
    def busy(self) -> bool:
        """Whether one is under way: nothing is recorded meanwhile, since a zero would change in the middle."""
        return self._heard is not None

    def take(self, device: Device, reading: Reading) -> None:
        """Keep a reading while a calibration looks at its device."""
        if self._heard is not None and device.name in self._heard:
            self._heard[device.name].append(reading)

    async def carry_out(self, asked: CalibrateDevice) -> DeviceCalibrated:
        """Calibrate; raises `Refusal`, and `HalError` for a device that fails."""
        device = self._devices.get(asked.device)
        if device is None:
            raise Refusal(f"there is no device '{asked.device}'", f"known: {', '.join(self._devices)}")
        if self.busy:
            raise Refusal("a calibration is under way", "wait until it has ended")
        ways: Mapping[str, Callable[[Device], Awaitable[DeviceCalibrated]]] = {
            "zero": self._zero,
            "mounting": self._mounting,
            "magnetometer": self._magnetometer,
            "synchrony": self._synchrony,
        }
        self._heard = {}
        try:
            return await ways[asked.what](device)
        finally:
            self._heard = None

    async def _zero(self, device: Device) -> DeviceCalibrated:
        if isinstance(device, ForcePlate):
            return await self._empty_plate(device)
        sensor = _motion(device)
        if not isinstance(sensor, SetsItsZero):
            raise Refusal(f"{device.name} has no zero to set", "the analyses find it in the recording by themselves")
        heard = await self._listen(REST_S, device.name)
        lies_level(device.name, heard[device.name], sensor.zero_up)
        await sensor.calibrate_motion()
        since_ns = device.now_ns()
        heard = await self._listen(REST_S, device.name)
        fresh = [block for block in heard[device.name] if taken_since(block, since_ns)]
        left = turn_left_deg_s(device.name, fresh, sensor.zero_up)
        return DeviceCalibrated(device=device.name, what="zero", residual=left, unit="deg/s", note="turn rate at rest")

    async def _empty_plate(self, plate: ForcePlate) -> DeviceCalibrated:
        moved = float((await self._loads_kg(plate, REST_S)).std(axis=0).max())
        if moved > STILL_KG:
            raise Refusal(f"somebody stands on it: a corner moves by {moved:.2f} kg", "step off, wait, then zero it")
        taken = await plate.zero()
        left = float(abs((await self._loads_kg(plate, AFTER_ZERO_S)).sum(axis=1).mean()))
        if left > EMPTY_KG:
            raise Refusal(f"{left:.1f} kg are left on the plate after zeroing", "step off and zero it again")
        note = "taken as zero (kg): " + ", ".join(f"{kg:.2f}" for kg in taken)
        return DeviceCalibrated(device=plate.name, what="zero", residual=left, unit="kg", note=note)

    async def _loads_kg(self, plate: ForcePlate, seconds: float) -> Array:
        """The loads (n, cells) of the next seconds; raises `Refusal` when it sends none."""
        heard = await self._listen(seconds, plate.name)
        loads = [block.loads_kg for block in heard[plate.name] if isinstance(block, PlateBlock)]
        if not loads:
            raise Refusal(f"{plate.name} sends nothing", "wait until it is connected, then zero it again")
        return np.concatenate(loads).astype(float)

    async def _mounting(self, device: Device) -> DeviceCalibrated:
        """How the worn sensor hangs: gravity in its axes, while the person stands still."""
        _, accel = await self._at_rest(device)
        mean = accel.mean(axis=0)
        down = mean / np.linalg.norm(mean)
        cosine = np.clip(accel @ down / np.linalg.norm(accel, axis=1), -1.0, 1.0)
        wobble = float(np.degrees(np.sqrt(np.mean(np.arccos(cosine) ** 2))))
        if wobble > WOBBLE_DEG:
            raise Refusal(f"{device.name} swings by {wobble:.1f} degrees", "tighten the strap and stand still")
        note = "up in its axes: " + ", ".join(f"{part:.3f}" for part in down)
        return DeviceCalibrated(device=device.name, what="mounting", residual=wobble, unit="deg", note=note)

    async def _at_rest(self, device: Device) -> tuple[Array, Array]:
        """Turn rate and acceleration (n, 3) of a sensor that rests; raises `Refusal` where it does not."""
        _motion(device)
        heard = await self._listen(REST_S, device.name)
        return at_rest(device.name, heard[device.name])

    async def _magnetometer(self, device: Device) -> DeviceCalibrated:
        """Fit the field while a person turns the sensor every way."""
        _motion(device)
        heard = await self._listen(SWEEP_S, device.name)
        fields = [block.field_ut for block in heard[device.name] if isinstance(block, MagneticBlock)]
        if not fields:
            raise Refusal(
                f"{device.name} sends no magnetometer samples",
                "turn it on in its device file, or choose a sensor that has one",
            )
        field = np.concatenate(fields).astype(float)
        if not np.isfinite(field).all():
            raise Refusal(f"the magnetometer of {device.name} is of an unknown kind", "its counts have no unit")
        fit = await asyncio.to_thread(fit_magnetometer, field)
        if not fit.accepted:
            raise Refusal(f"{device.name}: {fit.reason}", "turn it slowly about all axes, away from iron, and repeat")
        until = (datetime.fromisoformat(self._utc()) + timedelta(days=VALID_DAYS)).date().isoformat()
        found = {"hard_ut": fit.hard_ut.round(4).tolist(), "soft": fit.soft.round(6).tolist()}
        return DeviceCalibrated(
            device=device.name,
            what="magnetometer",
            residual=100.0 * fit.residual,
            unit="%",
            until=until,
            note=json.dumps(found),
        )

    async def _synchrony(self, device: Device) -> DeviceCalibrated:
        """By how much the sensor stamps the same knocks later than the first one worn; both are held together."""
        _motion(device)
        first = next(sensor for sensor in self._devices.values() if isinstance(sensor, MotionSensor))
        if first is device:
            others = [name for name, other in self._devices.items() if isinstance(other, MotionSensor)][1:]
            remedy = f"choose {' or '.join(others)}" if others else "there is no other sensor"
            raise Refusal(f"{device.name} is the one that the others are compared with", remedy)
        heard = await self._listen(KNOCK_S, first.name, device.name)
        a_ns, a_gyro, _ = moved(first.name, heard[first.name])
        b_ns, b_gyro, _ = moved(device.name, heard[device.name])
        try:
            late_ms = await asyncio.to_thread(offset_ms, a_ns, a_gyro, b_ns, b_gyro)
        except ValueError as error:
            raise Refusal(str(error), "hold both sensors together and knock them three times") from None
        note = f"stamps later than {first.name} by so much; taken out until it connects anew"
        return DeviceCalibrated(device=device.name, what="synchrony", residual=late_ms, unit="ms", note=note)

    async def _listen(self, seconds: float, *names: str) -> dict[str, list[Reading]]:
        """What these devices say in the next `seconds`."""
        heard: dict[str, list[Reading]] = {name: [] for name in names}
        self._heard = heard
        await asyncio.sleep(seconds / self._speed)
        self._heard = {}
        return heard


def _motion(device: Device) -> MotionSensor:
    if not isinstance(device, MotionSensor):
        raise Refusal(f"{device.name} is no motion sensor", "choose another device")
    return device
