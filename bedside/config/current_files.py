"""Direct current protocols and a study's direct current part, read from their files and checked against each other."""

from pathlib import Path

from bedside.config.current import (
    CurrentArm,
    CurrentLimits,
    CurrentPart,
    CurrentPreset,
    CurrentStudy,
)
from bedside.config.station import DeviceConfig
from bedside.config.strict import ConfigError, files_in, is_there, parse, read
from bedside.config.trigger_topology import check_masters


def is_current(path: Path) -> bool:
    """Whether a protocol file is one of these; raises `ConfigError` for a file that cannot be read."""
    return "modality" in parse(path)


def load_current_presets(folder: Path) -> dict[str, CurrentPreset]:
    """All direct current protocols of protocols/*.toml by id; raises `ConfigError`."""
    found: dict[str, CurrentPreset] = {}
    for path in files_in(folder / "protocols"):
        if is_current(path):
            found[path.stem] = preset = read(path, CurrentPreset)
            if preset.id != path.stem:
                problem = f"is '{preset.id}' in a file called '{path.stem}'"
                raise ConfigError(path, "id", problem, "make both the same")
    return found


def load_current(folder: Path, study: str, devices: dict[str, DeviceConfig]) -> CurrentPart | None:
    """The direct current part of a study, None where it has none; raises `ConfigError` naming file and key."""
    path = folder / "current" / f"{study}.toml"
    if not is_there(path):
        return None
    loaded = read(path, CurrentStudy)
    if loaded.id != study:
        raise ConfigError(path, "id", f"is '{loaded.id}' in a file called '{study}'", "make both the same")
    presets = load_current_presets(folder)
    for arm, given in loaded.arms.items():
        _check_arm(path, f"arms.{arm}", given, presets)
        _check_limits(path, f"arms.{arm}.preset", presets[given.preset], loaded.limits)
    check_masters(path, loaded, devices)
    return CurrentPart(loaded, presets)


def _check_arm(path: Path, key: str, arm: CurrentArm, presets: dict[str, CurrentPreset]) -> None:
    for name, value in (("preset", arm.preset), ("twin", arm.twin)):
        if value not in presets and (value or name == "preset"):
            raise ConfigError(path, f"{key}.{name}", f"there is no '{value}'", f"known: {', '.join(presets)}")
    preset = presets[arm.preset]
    if preset.sham != bool(arm.twin):
        problem = "a sham needs the protocol it is shown as" if preset.sham else "only a sham is shown as another"
        raise ConfigError(path, f"{key}.twin", problem, "name the active protocol, or leave it out")
    if not arm.twin:
        return
    twin = presets[arm.twin]
    if twin.sham:
        raise ConfigError(path, f"{key}.twin", f"'{arm.twin}' is a sham itself", "name an active protocol")
    same = (twin.montage, twin.current_ma, twin.ramp_s) == (preset.montage, preset.current_ma, preset.ramp_s)
    if not same or preset.plateau_s > twin.plateau_s:
        problem = f"'{arm.preset}' and '{arm.twin}' differ in more than their time"
        raise ConfigError(path, f"{key}.twin", problem, "give both the same electrodes, current and ramps")


def _check_limits(path: Path, key: str, preset: CurrentPreset, limits: CurrentLimits) -> None:
    density = preset.current_ma / preset.montage.smallest_cm2
    charge_c = preset.current_ma / 1000 * (preset.plateau_s + preset.ramp_s)
    for value, limit, unit in (
        (preset.current_ma, limits.max_ma, "mA"),
        (density, limits.max_density_ma_cm2, "mA/cm2"),
        (preset.plateau_s, limits.max_plateau_s, "s"),
        (charge_c, limits.max_charge_c, "C"),
    ):
        if value > limit:
            problem = f"'{preset.id}' gives {value:.3g} {unit}, allowed are {limit:g}"
            raise ConfigError(path, key, problem, "change the protocol, or have the limit signed")
