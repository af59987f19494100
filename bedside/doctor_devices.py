"""What `bedside doctor` says of the devices: how each is, what is wrong with it, and what to do."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from bedside.config import ConfigError, StationConfig, load_devices
from bedside.snapshot import DeviceLine
from bedside.station.client import StationClient, StationGone
from bedside.station.clock import Clock
from bedside.station.picture import device_lines
from bedside.station.setup import SIMULATED, build_fleet
from bedside.station.wire import SnapshotMessage
from hal.device import Device, HalError, Reading, SetupError
from hal.roles.common import FOOT_SWITCH_PRESSED, STOP_PRESSED

SETTLE_S = 8.0
"""Long enough for the slowest to answer: Bluetooth sensors are found and connected one after the other."""
LISTEN_S = 3.0
"""How long all are listened to then: rates, losses and batteries are told only by samples that arrive."""
LOW_BATTERY_PCT = 20.0
LOSS_ALLOWED = 0.01
LEAST_RECEIVED = 20
"""Of fewer samples no share is told."""
ANSWER_S = 5.0
HELD: Mapping[str, str] = {
    STOP_PRESSED: "release it when it is safe to; if nobody pressed it, check its plug and its cable",
    FOOT_SWITCH_PRESSED: "take the foot off it; if nobody stands on it, check its plug and its cable",
}
"""Remarks of a device that keep a visit from starting, and what to do."""
SAMPLED = ("emg", "imu", "plate")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; `remedy` is empty when `ok`."""

    name: str
    ok: bool
    text: str
    remedy: str = ""


async def check_devices(config: Path, station: StationConfig, run_dir: Path) -> list[Check]:
    """Bluetooth where a device needs it, and every device: as the running station sees it, or opened here."""
    try:
        lines = await _devices_of_station(run_dir)
    except TimeoutError:
        words = f"the station is there and has not answered for {ANSWER_S:.0f} s"
        return [Check(name="station", ok=False, text=words, remedy="restart the station")]
    except StationGone:
        try:
            lines = await _devices_opened_here(config, station)
        except (ConfigError, SetupError) as error:
            return [Check(name="devices", ok=False, text=_words(error), remedy=_remedy(error))]
    return [*await check_bluetooth(line.address for line in lines), *(check_device(line) for line in lines)]


def _words(error: ConfigError | SetupError) -> str:
    if isinstance(error, SetupError):
        return f"{error.device}: {error.args[0]}" if error.device else str(error.args[0])
    return str(error)


def _remedy(error: ConfigError | SetupError) -> str:
    return error.remedy or "correct the device's file"


async def check_bluetooth(addresses: Iterable[str]) -> list[Check]:
    """One line for the box's Bluetooth where an address needs it, else none."""
    forms = [address.removeprefix(SIMULATED).partition(":")[0] for address in addresses]
    if not {"ble", "nus"}.intersection(forms):
        return []
    from hal.links.ble_service import check_adapter  # noqa: PLC0415 - the D-Bus library is loaded only where needed

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


async def _devices_opened_here(config: Path, station: StationConfig) -> tuple[DeviceLine, ...]:
    clock = Clock()
    fleet, simulated = build_fleet(load_devices(config, station), clock)
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
    if line.state == "ok" and not line.error:
        weak = _weakness(line)
        if weak is None:
            return Check(name=line.name, ok=True, text=words)
        return Check(name=line.name, ok=False, text=f"{words}. {weak[0]}", remedy=weak[1])
    remedy = line.remedy or "check that it is switched on and its cable is in"
    return Check(name=line.name, ok=False, text=f"{words}. {line.error}", remedy=remedy)


def _vitals(line: DeviceLine) -> str:
    """What the device tells of itself, in one breath."""
    parts = (
        "" if line.battery_pct is None else f"battery {line.battery_pct:.0f} %",
        "" if line.rssi_dbm is None else f"signal {line.rssi_dbm} dBm",
        "" if line.rate_hz is None else f"{line.rate_hz:.1f} Hz",
        f"lost {line.lost} of {line.received + line.lost}" if line.lost else "",
        *(note for note in line.notes if note not in HELD),
    )
    told = ", ".join(part for part in parts if part)
    return f"; {told}" if told else ""


def _weakness(line: DeviceLine) -> tuple[str, str] | None:
    """What keeps a device that works from being used, or will soon go wrong with it; and what to do."""
    for remark, remedy in HELD.items():
        if remark in line.notes:
            return remark, remedy
    if line.battery_pct is not None and line.battery_pct < LOW_BATTERY_PCT:
        return f"The battery is nearly empty ({line.battery_pct:.0f} %)", "charge it or change it before the visit"
    whole = line.received + line.lost
    if whole >= LEAST_RECEIVED and line.lost > LOSS_ALLOWED * whole:
        return _loss(line)
    return None


def _loss(line: DeviceLine) -> tuple[str, str]:
    what = "samples" if line.role in SAMPLED else "messages"
    if line.address.removeprefix(SIMULATED).partition(":")[0] in ("ble", "nus"):
        return f"{line.lost} {what} were lost", "bring it closer and move other radios away"
    return f"{line.lost} {what} were lost or spoilt", "check its cable and its plugs, and keep the cable from others"
