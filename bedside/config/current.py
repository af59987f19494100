"""Direct current protocols as data: current, times, electrodes, the arms that get them, and who times the bursts."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bedside.config.station import DeviceConfig, Positive
from bedside.config.strict import ConfigError, Section, parse, read
from hal.roles import ABSOLUTE_MAX_MA

MODALITY = "tsdcs"
"""What the key `modality` says in a protocol file of this kind; files without it are magnetic protocols."""
TriggerMaster = Literal["current", "trigger_box", "stimulator"]


class Electrode(Section, frozen=True, kw_only=True):
    """Where one electrode lies, and its size."""

    place: Annotated[str, Meta(min_length=2)]
    width_cm: Positive
    height_cm: Positive
    thickness_mm: Positive

    @property
    def area_cm2(self) -> float:
        """Area on the skin (cm2)."""
        return self.width_cm * self.height_cm


class Montage(Section, frozen=True, kw_only=True):
    """Anode and return electrode, and how they hold."""

    anode: Electrode
    returning: Electrode
    fixing: str = ""

    @property
    def smallest_cm2(self) -> float:
        """The area that density is computed with: that of the smaller electrode."""
        return min(self.anode.area_cm2, self.returning.area_cm2)


class Bursts(Section, frozen=True, kw_only=True):
    """The trigger pulses of the electrical stimulator, from the plateau's start (counts and ms)."""

    bursts: Annotated[int, Meta(ge=1)]
    pulses: Annotated[int, Meta(ge=1, le=10)]
    inter_pulse_ms: Annotated[int, Meta(ge=1)]
    inter_burst_ms: Annotated[int, Meta(ge=1)]
    bursts_per_train: Annotated[int, Meta(ge=1)]
    train_period_ms: Annotated[int, Meta(ge=1, le=65535)]


class CurrentPreset(Section, frozen=True, kw_only=True):
    """protocols/<id>.toml with modality "tsdcs". mA and s.

    `duration` "plateau": `plateau_s` is from the end of the ramp up to the begin of the ramp down, and both ramps come
    on top, in time and in charge. There is no other convention, and it has to be written down.
    """

    id: str
    modality: Literal["tsdcs"]
    title: str
    current_ma: Annotated[float, Meta(gt=0, le=ABSOLUTE_MAX_MA)]
    plateau_s: Annotated[float, Meta(gt=0, le=2400)]
    ramp_s: Annotated[float, Meta(ge=5, le=60)] = 15.0
    duration: Literal["plateau"]
    sham: bool = False
    montage: Montage
    enabled: bool = False
    verified: bool = False
    source: str = ""


class CurrentArm(Section, frozen=True, kw_only=True):
    """What one arm of a study gets. `twin` is the protocol a sham is shown as; `bursts` whether it triggers pulses."""

    preset: str
    twin: str = ""
    bursts: bool = False


class CurrentLimits(Section, frozen=True, kw_only=True):
    """Ceilings (mA, mA/cm2, s, C) and what a start needs (percent, kOhm)."""

    max_ma: Annotated[float, Meta(gt=0, le=ABSOLUTE_MAX_MA)] = 2.5
    max_density_ma_cm2: Positive = 0.11
    max_plateau_s: Annotated[float, Meta(gt=0, le=2400)] = 1200.0
    max_charge_c: Annotated[float, Meta(gt=0, le=7.2)] = 7.2
    min_battery_pct: Annotated[int, Meta(ge=10, le=100)] = 30
    start_kohm: Annotated[float, Meta(gt=0, le=20)] = 10.0
    stop_kohm: Annotated[float, Meta(gt=0, le=20)] = 20.0
    status_age_s: Positive = 1.0


class CurrentStudy(Section, frozen=True, kw_only=True):
    """current/<id>.toml: the direct current part of a study.

    `trigger_masters` names who times the magnetic pulses of arms with bursts: exactly one. With `equalise_duration`
    every arm is shown for as long as the longest one.
    """

    id: str
    trigger_masters: tuple[TriggerMaster, ...]
    equalise_duration: bool = False
    limits: CurrentLimits = msgspec.field(default_factory=CurrentLimits)
    bursts: Bursts | None = None
    arms: dict[str, CurrentArm]


class CurrentPart(msgspec.Struct, frozen=True):
    """A study's direct current part with the protocols it names, checked against each other."""

    study: CurrentStudy
    presets: dict[str, CurrentPreset]


def is_current(path: Path) -> bool:
    """Whether a protocol file is one of these; raises `ConfigError` for a file that cannot be read."""
    return "modality" in parse(path)


def load_current_presets(folder: Path) -> dict[str, CurrentPreset]:
    """All direct current protocols of protocols/*.toml by id; raises `ConfigError`."""
    found: dict[str, CurrentPreset] = {}
    for path in sorted((folder / "protocols").glob("*.toml")):
        if is_current(path):
            found[path.stem] = preset = read(path, CurrentPreset)
            if preset.id != path.stem:
                problem = f"is '{preset.id}' in a file called '{path.stem}'"
                raise ConfigError(path, "id", problem, "make both the same")
    return found


def load_current(folder: Path, study: str, devices: dict[str, DeviceConfig]) -> CurrentPart | None:
    """The direct current part of a study, None where it has none; raises `ConfigError` naming file and key."""
    path = folder / "current" / f"{study}.toml"
    if not path.exists():
        return None
    loaded = read(path, CurrentStudy)
    if loaded.id != study:
        raise ConfigError(path, "id", f"is '{loaded.id}' in a file called '{study}'", "make both the same")
    presets = load_current_presets(folder)
    for arm, given in loaded.arms.items():
        _check_arm(path, f"arms.{arm}", given, presets)
        _check_limits(path, f"arms.{arm}.preset", presets[given.preset], loaded.limits)
    _check_masters(path, folder, loaded, devices)
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


def _check_masters(path: Path, folder: Path, study: CurrentStudy, devices: dict[str, DeviceConfig]) -> None:
    """Exactly one master times the pulses of arms with bursts, and no device beside it times them too."""
    masters, key = study.trigger_masters, "trigger_masters"
    paired = any(arm.bursts for arm in study.arms.values())
    if len(masters) > 1:
        raise ConfigError(path, key, f"names {len(masters)} masters: {', '.join(masters)}", "leave exactly one")
    if paired and not masters:
        raise ConfigError(path, key, "names nobody, and arms have bursts", "say who times the pulses")
    if ("current" in masters) != (study.bursts is not None):
        problem = "goes with the master 'current': it is the device that times these bursts"
        raise ConfigError(path, "bursts", problem, "write both or neither")
    stimulator = devices.get("stimulator")
    if "current" in masters and stimulator is not None and stimulator.driver == "triggered_stimulator":
        problem = f"'{stimulator.id}' has a trigger box that times the pulses, and {path.name} names 'current'"
        raise ConfigError(folder / "station.toml", "devices.stimulator", problem, "leave one master")
