"""What `bedside doctor` says of the devices: how each is, what is wrong with it, and what to do."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from bedside.config import ConfigError, DeviceConfig, StationConfig, load_devices
from bedside.config.wires import SIMULATED
from bedside.snapshot import DeviceLine
from bedside.station.building import build_fleet
from bedside.station.client import StationAbsent, StationClient, StationGone
from bedside.station.clock import Clock
from bedside.station.picture import device_lines
from bedside.station.wire import SnapshotMessage
from hal.device import Device, HalError, Reading, SetupError

SETTLE_S = 8.0
"""Long enough for the slowest to answer: Bluetooth sensors are found and connected one after the other."""
LISTEN_S = 3.0
"""How long all are listened to then: rates, losses and batteries are told only by samples that arrive."""
LOW_BATTERY_PCT = 20.0
LOSS_ALLOWED = 0.01
LEAST_RECEIVED = 20
"""Of fewer samples no share is told."""
ANSWER_S = 5.0
NOT_YET: Mapping[str, str] = {
    "connecting": "it has not answered yet",
    "closed": "it is not opened",
    "silent": "it says nothing",
    "lost": "it cannot be reached",
}
SAMPLED = ("emg", "imu", "plate")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; `remedy` is empty when `ok`."""

    name: str
    ok: bool
    text: str
    remedy: str = ""


async def check_devices(config: Path, station: StationConfig, run_dir: Path) -> list[Check]:
    """Bluetooth where a device needs it, and every device: as the running station sees it, or opened here.

    They are opened only where no station is: one that holds the devices would lose them to a second program.
    """
    try:
        lines = await _devices_of_station(run_dir)
    except TimeoutError:
        words = f"the station is there and has not answered for {ANSWER_S:.0f} s"
        return [Check(name="station", ok=False, text=words, remedy="restart the station")]
    except StationAbsent:
        try:
            return await _examine(config, load_devices(config, station))
        except ConfigError as error:
            return [Check(name="devices", ok=False, text=str(error), remedy="correct the device's file")]
    except StationGone as error:
        words = f"{error.problem}: the devices were left alone, a station may hold them"
        return [Check(name="station", ok=False, text=words, remedy=error.remedy or "try again, or restart the station")]
    return [*await check_bluetooth(line.address for line in lines), *map(check_device, lines)]


async def _examine(config: Path, devices: Mapping[str, DeviceConfig]) -> list[Check]:
    """Open all that can be built here; those that cannot are told, and keep no other from being examined."""
    built, impossible = dict(devices), []
    for key, device in devices.items():
        try:
            build_fleet(config, {key: device}, Clock())
        except (ConfigError, SetupError) as error:
            del built[key]
            impossible.append(_impossible(device, error))
    # Bluetooth first: loading its library takes a moment, in which nobody would hear an open device.
    bluetooth = await check_bluetooth(device.address for device in built.values())
    return [*bluetooth, *impossible, *map(check_device, await _devices_opened_here(config, built))]


def _impossible(device: DeviceConfig, error: ConfigError | SetupError) -> Check:
    """What is to be said of a device that cannot be made from its file, or on this box."""
    what, remedy = str(error.args[0]), error.remedy or "correct its file"
    if isinstance(error, ConfigError):
        what, remedy = error.problem, f"{error.path}, {error.key}: {remedy}"
    text = f"{what[:1].upper()}{what[1:]}. {device.role} at {device.address}"
    return Check(name=device.id, ok=False, text=text, remedy=remedy)


async def check_bluetooth(addresses: Iterable[str]) -> list[Check]:
    """One line for the box's Bluetooth where an address needs it, else none."""
    forms = [address.removeprefix(SIMULATED).partition(":")[0] for address in addresses]
    if not {"ble", "nus"}.intersection(forms):
        return []
    from hal.links import ble_radio  # noqa: F401, PLC0415 - loaded only where needed, and before any device is open
    from hal.links.ble_service import check_adapter  # noqa: PLC0415 - as above

    try:
        adapter = await check_adapter()
    except HalError as error:
        return [Check(name="bluetooth", ok=False, text=str(error.args[0]), remedy=error.remedy)]
    return [Check(name="bluetooth", ok=True, text=f"adapter {adapter} is on")]


async def _devices_of_station(run_dir: Path) -> tuple[DeviceLine, ...]:
    async with asyncio.timeout(ANSWER_S):
        client = await StationClient.connect(run_dir, "observe")
        try:
            async for message in client.messages():
                if isinstance(message, SnapshotMessage):
                    return message.snapshot.devices
        finally:
            await client.close()
    return ()


async def _devices_opened_here(config: Path, devices: Mapping[str, DeviceConfig]) -> tuple[DeviceLine, ...]:
    clock = Clock()
    fleet, simulated = build_fleet(config, devices, clock)
    settled = asyncio.Event()

    def heard(_device: Device, _reading: Reading) -> None:
        if all(device.health.state == "ok" for device in fleet.devices):
            settled.set()

    try:
        await fleet.open(heard)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(settled.wait(), SETTLE_S)
        await asyncio.sleep(LISTEN_S)
        return device_lines(fleet.devices, simulated, clock.now())
    finally:
        await fleet.close()


def check_device(line: DeviceLine) -> Check:
    """What is to be said of one device."""
    words = f"{line.role} at {line.address}: {line.state}{' (SIMULATED)' if line.simulated else ''}{_vitals(line)}"
    trouble = _trouble(line)
    if trouble is None:
        return Check(name=line.name, ok=True, text=words)
    what, remedy = trouble
    return Check(name=line.name, ok=False, text=f"{what[:1].upper()}{what[1:]}. {words}", remedy=remedy)


def _trouble(line: DeviceLine) -> tuple[str, str] | None:
    """What is wrong with a device and what to do; None where nothing is."""
    if line.state == "ok" and not line.error:
        return _weakness(line)
    what = line.error or NOT_YET.get(line.state, f"it is {line.state}")
    return what, line.remedy or "check that it is switched on and its cable is in"


def _vitals(line: DeviceLine) -> str:
    """What the device tells of itself, in one breath."""
    parts = (
        "" if line.battery_pct is None else f"battery {line.battery_pct:.0f} %",
        "" if line.rssi_dbm is None else f"signal {line.rssi_dbm} dBm",
        "" if line.rate_hz is None else f"{line.rate_hz:.1f} Hz",
        f"lost {line.lost} of {line.received + line.lost}" if line.lost else "",
        *(note for note in line.notes if note != line.error),
    )
    told = "; ".join(part for part in parts if part)
    return f"; {told}" if told else ""


def _weakness(line: DeviceLine) -> tuple[str, str] | None:
    """What keeps a device that works from being used, or will soon go wrong with it; and what to do."""
    if line.attention:
        return "; ".join(part.what for part in line.attention), "; ".join(part.remedy for part in line.attention)
    if line.battery_pct is not None and line.battery_pct < LOW_BATTERY_PCT:
        return f"The battery is nearly empty ({line.battery_pct:.0f} %)", "charge it or change it before the visit"
    whole = line.received + line.lost
    if whole >= LEAST_RECEIVED and line.lost > LOSS_ALLOWED * whole:
        return _loss(line)
    return None


def _loss(line: DeviceLine) -> tuple[str, str]:
    what = "samples" if line.role in SAMPLED else "messages"
    if line.address.removeprefix(SIMULATED).partition(":")[0] in ("ble", "nus"):
        return f"{line.lost} {what} were lost on the air", "bring it closer and move other radios away"
    return f"{line.lost} {what} were lost or spoilt", "check its cable and plugs, and lead the cable away from others"
