"""The station's devices: built from their files, opened together, heard by the core."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from bedside.events import DeviceChanged
from bedside.record.streams import CONTACTS, CURRENT, ROBOT
from hal.device import Device, Health, HealthChanged, Reading
from hal.roles import CurrentStimulator, EmgAmplifier, GaitTrainer, OperatorDriven, Stimulator

log = structlog.get_logger()
_STREAMS = {"emg": "emg", "robot": ROBOT.name, "current": CURRENT.name, "contact": CONTACTS.name}
Heard = Callable[[Device, Reading], None]


class Fleet:
    """All configured devices. One stimulator, amplifier, robot and current source; any number of the others."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self.devices = tuple(devices)

    @property
    def stimulator(self) -> Stimulator | None:
        """The stimulator, if one is configured."""
        return next((device for device in self.devices if isinstance(device, Stimulator)), None)

    @property
    def operated(self) -> OperatorDriven | None:
        """The stimulator, if a person works it by hand."""
        return next((device for device in self.devices if isinstance(device, OperatorDriven)), None)

    @property
    def amplifier(self) -> EmgAmplifier | None:
        """The EMG amplifier, if one is configured."""
        return next((device for device in self.devices if isinstance(device, EmgAmplifier)), None)

    @property
    def robot(self) -> GaitTrainer | None:
        """The gait robot, if one is configured."""
        return next((device for device in self.devices if isinstance(device, GaitTrainer)), None)

    @property
    def current(self) -> CurrentStimulator | None:
        """The electrical stimulator, if one is configured."""
        return next((device for device in self.devices if isinstance(device, CurrentStimulator)), None)

    @property
    def streams(self) -> tuple[str, ...]:
        """The names under which a recording keeps the devices that have anything to keep."""
        return tuple(_STREAMS.get(d.role, d.name) for d in self.devices if d.role in (*_STREAMS, "imu", "plate"))

    async def open(self, heard: Heard) -> None:
        """Open all at once and deliver their readings to `heard`; an absent device shows in its health."""
        for device in self.devices:
            device.subscribe(partial(heard, device))
        await asyncio.gather(*map(_open, self.devices))

    async def close(self) -> None:
        """Close all, whatever any of them does."""
        await asyncio.gather(*(device.close() for device in self.devices), return_exceptions=True)


async def _open(device: Device) -> None:
    """Open one device; a driver that breaks over it has lost its own device, and no other."""
    try:
        await device.open()
    except Exception as error:
        log.exception("driver fault", device=device.name)
        words = f"driver fault: {type(error).__name__}: {error}"
        device.set_health(
            Health("lost", device.now_ns(), error=words, remedy="report this to whoever wrote its driver")
        )


def changed_event(device: Device, reading: HealthChanged) -> DeviceChanged:
    """The journal's account of a change of health."""
    return DeviceChanged(
        device=device.name,
        role=device.role,
        address=device.address,
        state=reading.health.state,
        error=reading.health.error,
        remedy=reading.health.remedy,
    )
