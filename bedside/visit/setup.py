"""All that is fixed while a visit runs: the study, its protocols and forms, the limits, the devices' data."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from bedside.config import (
    AdverseConfig,
    ConfigError,
    CurrentPart,
    DeviceConfig,
    Instrument,
    Limits,
    Preset,
    Study,
    check_pairing,
    load_adverse,
    load_current,
    load_devices,
    load_instruments,
    load_limits,
    load_presets,
    load_station,
    load_study,
)


class Setup(msgspec.Struct, frozen=True):
    """Configuration as the rules see it. `speed` only stretches the deadlines that run in real time (links).

    `current` is the study's direct current part, None where it has none.
    """

    study: Study
    presets: Mapping[str, Preset]
    instruments: Mapping[str, Instrument]
    adverse: AdverseConfig
    limits: Limits
    devices: Mapping[str, DeviceConfig] = msgspec.field(default_factory=dict)
    current: CurrentPart | None = None
    simulated: bool = False
    speed: float = 1.0


def load_setup(folder: Path, *, study: str | None = None, simulated: bool = False, speed: float = 1.0) -> Setup:
    """The setup of the station whose configuration is in `folder`; raises `ConfigError`."""
    station = load_station(folder)
    chosen = load_study(folder, study or station.study)
    presets = load_presets(folder)
    missing = next((preset for preset in chosen.presets if preset not in presets), None)
    if missing is not None:
        path = folder / "studies" / f"{chosen.id}.toml"
        raise ConfigError(path, "presets", f"there is no protocol '{missing}'", f"known: {', '.join(presets)}")
    devices = load_devices(folder, station)
    current = load_current(folder, chosen.id, devices)
    check_pairing(folder, chosen, current, presets)
    return Setup(
        study=chosen,
        presets=presets,
        instruments=load_instruments(folder),
        adverse=load_adverse(folder),
        limits=load_limits(folder),
        devices=devices,
        current=current,
        simulated=simulated,
        speed=speed,
    )
