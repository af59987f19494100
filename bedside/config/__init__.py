"""Configuration: strict TOML into typed, frozen structs. Everything refused names its file, key and remedy."""

import os
from pathlib import Path

from bedside.config.instruments import AdverseConfig, Category, Concern, Instrument, ItemConfig
from bedside.config.people import (
    Participant,
    StaffFile,
    StaffMember,
    hash_pin,
    pin_matches,
    second_identifier_matches,
)
from bedside.config.station import CoilConfig, DeviceConfig, EmgChannelConfig, StationConfig
from bedside.config.strict import ConfigError, digest, read
from bedside.config.study import Limits, Preset, RmtRule, Signature, Study

__all__ = [
    "AdverseConfig",
    "Category",
    "CoilConfig",
    "Concern",
    "ConfigError",
    "DeviceConfig",
    "EmgChannelConfig",
    "Instrument",
    "ItemConfig",
    "Limits",
    "Participant",
    "Preset",
    "RmtRule",
    "Signature",
    "StaffMember",
    "StationConfig",
    "Study",
    "config_folder",
    "config_hash",
    "hash_pin",
    "load_adverse",
    "load_device",
    "load_devices",
    "load_instruments",
    "load_limits",
    "load_participant",
    "load_presets",
    "load_staff",
    "load_station",
    "load_study",
    "pin_matches",
    "second_identifier_matches",
]


def config_folder(option: str | None = None) -> Path:
    """The folder of configuration: the option, $BEDSIDE_CONFIG, /etc/bedside, or the one shipped with the program."""
    chosen = option or os.environ.get("BEDSIDE_CONFIG")
    if chosen:
        return Path(chosen)
    shipped = Path(__file__).parent.parent
    places = (Path("/etc/bedside"), shipped.parent / "configs", shipped / "configs")
    return next((place for place in places if (place / "station.toml").is_file()), places[0])


def config_hash(folder: Path) -> str:
    """SHA-256 (hex) over all configuration files below `folder`."""
    return digest(folder)


def load_station(folder: Path) -> StationConfig:
    """station.toml; raises `ConfigError`."""
    return read(folder / "station.toml", StationConfig)


def load_study(folder: Path, study: str) -> Study:
    """studies/<study>.toml, with its rules and presets cross-checked; raises `ConfigError`."""
    return read(folder / "studies" / f"{study}.toml", Study)


def load_presets(folder: Path) -> dict[str, Preset]:
    """All protocols/*.toml by id; raises `ConfigError`."""
    return {path.stem: read(path, Preset) for path in sorted((folder / "protocols").glob("*.toml"))}


def load_instruments(folder: Path) -> dict[str, Instrument]:
    """All instruments/*.toml by id; raises `ConfigError`."""
    return {path.stem: read(path, Instrument) for path in sorted((folder / "instruments").glob("*.toml"))}


def load_adverse(folder: Path) -> AdverseConfig:
    """adverse.toml; raises `ConfigError`."""
    return read(folder / "adverse.toml", AdverseConfig)


def load_limits(folder: Path) -> Limits:
    """limits.toml; raises `ConfigError`."""
    return read(folder / "limits.toml", Limits)


def load_device(folder: Path, device: str) -> DeviceConfig:
    """devices/<device>.toml; raises `ConfigError`."""
    return read(folder / "devices" / f"{device}.toml", DeviceConfig)


def load_devices(folder: Path, station: StationConfig) -> dict[str, DeviceConfig]:
    """The devices that the station names, by role; raises `ConfigError`."""
    return {role: load_device(folder, device) for role, device in station.devices.items()}


def load_participant(path: Path) -> Participant:
    """One participant's record; raises `ConfigError`."""
    return read(path, Participant)


def load_staff(path: Path) -> dict[str, StaffMember]:
    """The staff by code; raises `ConfigError`."""
    return {member.code: member for member in read(path, StaffFile).staff}
