"""Who times the magnetic pulses: one master, a stimulator that can follow it, and the same pulses in both files."""

from collections.abc import Mapping
from pathlib import Path

from bedside.config.current import CurrentPart, CurrentStudy
from bedside.config.protocol import Preset
from bedside.config.station import DeviceConfig
from bedside.config.strict import ConfigError
from bedside.config.study import Study


def check_masters(path: Path, study: CurrentStudy, devices: Mapping[str, DeviceConfig]) -> None:
    """Exactly one master times the pulses of arms with bursts, and the devices beside it fit that.

    `path` is the study's direct current file. Raises `ConfigError` naming file and key; devices that are not there are
    not asked.
    """
    masters, key = study.trigger_masters, "trigger_masters"
    if len(masters) > 1:
        raise ConfigError(path, key, f"names {len(masters)} masters: {', '.join(masters)}", "leave exactly one")
    if not masters and any(arm.bursts for arm in study.arms.values()):
        raise ConfigError(path, key, "names nobody, and arms have bursts", "say who times the pulses")
    if ("current" in masters) != (study.bursts is not None):
        problem = "goes with the master 'current': it is the device that times these bursts"
        raise ConfigError(path, "bursts", problem, "write both or neither")
    stimulator, station = devices.get("stimulator"), path.parents[1] / "station.toml"
    boxed = stimulator is not None and stimulator.driver == "triggered_stimulator"
    if stimulator is not None and "trigger_box" in masters and not boxed:
        problem = f"'{stimulator.id}' has no trigger box, and {path.name} names 'trigger_box'"
        raise ConfigError(station, "devices.stimulator", problem, "name the device with the box, or another master")
    if stimulator is None or "current" not in masters:
        return
    if boxed:
        problem = f"'{stimulator.id}' has a trigger box that times the pulses, and {path.name} names 'current'"
        raise ConfigError(station, "devices.stimulator", problem, "leave one master")
    if not (stimulator.trigger_input and stimulator.counts_pulses):
        lacks = "cannot follow a trigger" if not stimulator.trigger_input else "does not count its pulses"
        problem = f"'{stimulator.id}' {lacks}, and {path.name} names 'current' as the master of its pulses"
        raise ConfigError(station, "devices.stimulator", problem, "name a stimulator with trigger_input = true")
    if "current" not in devices:
        problem = f"is missing, and {path.name} names it as the master of the pulses"
        raise ConfigError(station, "devices.current", problem, "name the electrical stimulator, or another master")


def check_pairing(folder: Path, study: Study, part: CurrentPart | None, presets: Mapping[str, Preset]) -> None:
    """What the master triggers is what every protocol of the study says; raises `ConfigError` naming file and key."""
    bursts = part.study.bursts if part is not None else None
    if bursts is None:
        return
    path, levels = folder / "current" / f"{study.id}.toml", bursts.levels
    if levels is None:
        problem = f"{bursts.bursts} bursts make no whole trains of {bursts.bursts_per_train}"
        raise ConfigError(path, "bursts.bursts", problem, "write bursts x trains")
    for name in study.presets:
        if presets[name].levels != levels:
            problem = f"are other pulses than those of protocols/{name}.toml, which the study gives"
            raise ConfigError(path, "bursts", problem, "make both the same")
