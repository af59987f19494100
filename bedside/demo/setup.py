"""The configuration of a demonstration: the shipped one, with every address that of a simulated device."""

import shutil
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import tomli_w

from bedside.config import ConfigError, Participant, load_device, load_participant, load_station, load_study
from bedside.config.station import SINGLE, DeviceRole
from bedside.config.strict import Section, is_there, read
from bedside.config.wires import SIMULATED
from bedside.demo.therapist import Script
from bedside.events import Value
from bedside.station.given import usable_folder, usable_for_sockets
from hal.catalogue import BY_HAND
from hal.sim.far_end import FAR_ENDS

USER, PIN = "thera", "1234"
"""Who signs in at a demonstration's kiosk; the hash is in configs/demo/staff.toml."""


ANSWERS: dict[str, Value] = {
    "screening.systolic": 128,
    "screening.diastolic": 78,
    "screening.heart_rate": 68,
    "screening.pain_before": 0,
    "screening.weight_kg": 72,
    "screening.own_systolic": 120,
    "treatment.half_systolic": 124,
    "finish.stop_systolic": 124,
    "finish.cycle_systolic": 130,
    "finish.cycled_systolic": 126,
}
"""What the scripted therapist reads from the instruments, where the middle of the range would be odd."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of a demonstration."""

    root: Path

    def make(self) -> None:
        """Create the folders; raises `ConfigError` for one that cannot be used."""
        for folder in (self.root, self.data, self.simulation):
            usable_folder(folder, "--data")
        usable_for_sockets(self.run, "--data")

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """Its visits."""
        return self.root / "data"

    @property
    def run(self) -> Path:
        """Its sockets."""
        return self.root / "run"

    @property
    def simulation(self) -> Path:
        """The simulated devices' folder."""
        return self.root / "sim"


def prepare(layout: Layout, source: Path, addresses: Mapping[str, str], study: str | None) -> Participant:
    """Write the configuration and the demonstration's participant; raises `ConfigError` for a broken source.

    A folder that was prepared before keeps its participant and data, so that a demonstration can be carried on.
    """
    shutil.copytree(source, layout.config, dirs_exist_ok=True)
    station = load_station(layout.config)
    devices = _devices(station.devices | stand_of(layout.config, study or station.study).devices, addresses)
    _edit(layout.config / "station.toml", study=study or station.study, box="demo", devices=devices)
    load_study(layout.config, study or station.study)
    by_device = {kind.device or name: addresses[name] for name, kind in FAR_ENDS.items() if name in addresses}
    for role, device in load_station(layout.config).named:
        path = layout.config / "devices" / f"{device}.toml"
        if load_device(layout.config, device).address in BY_HAND:
            # nobody is under what a demonstration's own hands work: it may run at any speed
            _edit(path, address=f"{SIMULATED}manual")
            continue
        address = by_device.get(device) or addresses.get(role)
        if address is None:
            words = f"no simulated {device} is here"
            raise ConfigError(layout.config / "station.toml", "devices", words, f"leave {device} out, or add --also")
        _edit(path, address=f"{SIMULATED}{_with_settings(path, address)}")
    shutil.copy(layout.config / "demo" / "staff.toml", layout.config / "staff.toml")
    return _participant(layout, study or station.study)


class Stand(Section, frozen=True, kw_only=True):
    """demo/<study>.stand.toml: what a demonstration of that study has in place of the station's devices, and beside.

    `devices` names device files by role, `also` further far ends of the simulation.
    """

    devices: dict[DeviceRole, str] = msgspec.field(default_factory=dict)
    also: tuple[str, ...] = ()


def stand_of(config: Path, study: str | None) -> Stand:
    """What stands beside the patient in a demonstration of `study`, None: the station's; raises `ConfigError`."""
    path = config / "demo" / f"{study or load_station(config).study}.stand.toml"
    return read(path, Stand) if is_there(path) else Stand()


def _with_settings(path: Path, address: str) -> str:
    """`address`, with what the device's file says of a serial port beside its name (speed, lines)."""
    shipped, _, settings = str(tomllib.loads(path.read_text()).get("address", "")).partition("?")
    alike = shipped.removeprefix(SIMULATED).startswith("serial:") and address.startswith("serial:")
    return f"{address}?{settings}" if settings and alike else address


def _devices(shipped: Mapping[DeviceRole, str | tuple[str, ...]], here: Collection[str]) -> dict[str, object]:
    """The station's devices: the shipped ones, and each further far end in its role, instead of one or beside some."""
    devices: dict[str, object] = {str(role): device for role, device in shipped.items()}
    for name in here:
        kind = FAR_ENDS.get(name)
        if kind is None:
            continue
        device = kind.device or name
        role: DeviceRole = kind.role
        if role in SINGLE:
            devices[role] = device
        else:
            others = devices.get(role, [])
            devices[role] = [*([others] if isinstance(others, str) else cast(list[str], others)), device]
    return devices


def script_for(participant: Participant) -> Script:
    """What the scripted therapist knows before the visit."""
    return Script(
        user=USER,
        pin=PIN,
        participant=participant.code,
        second_identifier=participant.second_identifier,
        answers=ANSWERS,
    )


def criteria_uv(layout: Layout) -> dict[str, float]:
    """The amplitude criterion (uV) of each threshold rule of the demonstration's study."""
    study = load_study(layout.config, load_station(layout.config).study)
    return {rule.id: rule.criterion_uv for rule in study.hunt.rules}


def _participant(layout: Layout, study: str) -> Participant:
    folder = layout.data / "participants"
    folder.mkdir(parents=True, exist_ok=True)
    own = layout.config / "demo" / f"{study}.toml"
    shipped = own if own.exists() else layout.config / "demo" / "participant.toml"
    code = load_participant(shipped).code
    target = folder / f"{code}.toml"
    if not target.exists():
        shutil.copy(shipped, target)
        _edit(target, study=study)
    return load_participant(target)


def _edit(path: Path, **values: object) -> None:
    table = tomllib.loads(path.read_text()) | values
    path.write_text(tomli_w.dumps(table))
