"""From device files to devices: what a file says of its device is held against what the driver says.

A flag that contradicts its driver would switch off a check ("robot heard", "pulses reported") in silence.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from bedside.config import ConfigError, DeviceConfig
from bedside.config.wires import SIMULATED
from bedside.station.clock import Clock
from bedside.station.devices import Fleet
from hal.catalogue import DeviceSpec, build
from hal.device import Device, SetupError
from hal.roles import AcceptsTrigger, GaitTrainer, SetsBursts, Stimulator, Treadmill


def build_fleet(folder: Path, devices: Mapping[str, DeviceConfig], clock: Clock) -> tuple[Fleet, frozenset[str]]:
    """The configured devices, and the names of those whose address says that the far end is simulated.

    `folder` is the configuration's. Raises `ConfigError` naming the device's file and key, and `SetupError` for what
    no file can mend (a library or a credential that is missing).
    """
    simulated = frozenset(config.id for config in devices.values() if config.address.startswith(SIMULATED))
    return Fleet(_build(folder, config, clock) for config in devices.values()), simulated


def device_spec(config: DeviceConfig) -> DeviceSpec:
    """What the catalogue needs of a device's file; the driver is not told whether its far end is simulated."""
    options = dict(config.options)
    if config.channels:
        options["channels"] = [msgspec.to_builtins(channel) for channel in config.channels]
    return DeviceSpec(config.id, config.driver, config.address.removeprefix(SIMULATED), options)


def _build(folder: Path, config: DeviceConfig, clock: Clock) -> Device:
    path = folder / "devices" / f"{config.id}.toml"
    try:
        device = build(device_spec(config), clock.now_ns)
    except SetupError as error:
        if not error.key:
            raise
        key = error.key.removeprefix("options.") if error.key.startswith("options.channels") else error.key
        raise ConfigError(path, key, str(error.args[0]), error.remedy or "correct it") from error
    _agree(path, config, device)
    return device


def _agree(path: Path, config: DeviceConfig, device: Device) -> None:
    """Raise `ConfigError` for what a file says otherwise than its driver."""
    if config.role != device.role:
        problem = f"the driver {config.driver!r} is for the role {device.role!r}, not {config.role!r}"
        raise ConfigError(path, "role", problem, f'write role = "{device.role}", or name another driver')
    reported, counted = _told(device)
    for key, said, known in (
        ("telemetry", config.telemetry, reported),
        ("counts_pulses", config.counts_pulses, counted),
        ("bursts", config.bursts, config.bursts and isinstance(device, SetsBursts)),
        ("trigger_input", config.trigger_input, config.trigger_input and isinstance(device, AcceptsTrigger)),
        ("commanded", config.commanded, config.commanded and isinstance(device, Treadmill)),
    ):
        if said != known:
            problem = f"the driver {config.driver!r} contradicts {key} = {_toml(said)}"
            raise ConfigError(path, key, problem, f"write {key} = {_toml(known)}, or name another driver")


def _told(device: Device) -> tuple[bool, bool]:
    """Whether the device's word comes over a wire, and whether it counts its pulses where it gives any."""
    if isinstance(device, Stimulator):
        return device.capabilities.drive == "remote", device.capabilities.counts_pulses
    return (device.telemetry if isinstance(device, GaitTrainer) else True), True


def _toml(value: bool) -> str:
    return "true" if value else "false"
