"""All that is fixed while a visit runs: the study, its protocols and forms, the limits, the devices' data."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from bedside.assess.catalogue import Catalogue
from bedside.assess.state import MEP
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
from bedside.config.captures import load_captures
from bedside.config.scale_checks import nearest
from bedside.config.scale_files import load_overlays, load_scales


class BeltSetup(msgspec.Struct, frozen=True):
    """A treadmill's belt that this box may command, as its driver knows it: speeds in km/h.

    `stops_by_itself`: the machine stops the belt soon after this box falls silent; else it runs on.
    """

    slowest_kmh: float
    fastest_kmh: float
    step_kmh: float
    stops_by_itself: bool


class Setup(msgspec.Struct, frozen=True):
    """Configuration as the rules see it. `speed` only stretches the deadlines that run in real time (links).

    `current` is the study's direct current part, None where it has none. `belt` is None unless the device file of a
    treadmill says that it is commanded.
    """

    study: Study
    presets: Mapping[str, Preset]
    instruments: Mapping[str, Instrument]
    adverse: AdverseConfig
    limits: Limits
    devices: Mapping[str, DeviceConfig] = msgspec.field(default_factory=dict)
    current: CurrentPart | None = None
    catalogue: Catalogue = Catalogue()
    belt: BeltSetup | None = None
    simulated: bool = False
    speed: float = 1.0


def load_setup(folder: Path, *, study: str | None = None, simulated: bool = False, speed: float = 1.0) -> Setup:
    """The setup of the station whose configuration is in `folder`; raises `ConfigError`."""
    station = load_station(folder)
    chosen = load_study(folder, study or station.study)
    presets = load_presets(folder)
    check_timing(folder, chosen)
    missing = next((preset for preset in chosen.presets if preset not in presets), None)
    if missing is not None:
        path = folder / "studies" / f"{chosen.id}.toml"
        raise ConfigError(path, "presets", f"there is no protocol '{missing}'", f"known: {', '.join(presets)}")
    instruments = load_instruments(folder)
    check_pressure(folder, chosen, instruments.values())
    devices = load_devices(folder, station)
    current = load_current(folder, chosen.id, devices)
    check_pairing(folder, chosen, current, presets)
    catalogue = load_catalogue(folder)
    check_plan(folder, chosen, catalogue)
    return Setup(
        study=chosen,
        presets=presets,
        instruments=instruments,
        adverse=load_adverse(folder),
        limits=load_limits(folder),
        devices=devices,
        current=current,
        catalogue=catalogue,
        simulated=simulated,
        speed=speed,
    )


def check_timing(folder: Path, study: Study) -> None:
    """Raise `ConfigError` for a timing mode whose visits are not built, before anybody is stimulated for nothing."""
    built = ("simultaneous",) if study.robot is not None else ("stim_then_walk", "same_day")
    mode = study.timing.mode
    if mode in built:
        return
    where = "with a gait robot" if study.robot is not None else "without a gait robot"
    remedy = f"no signature helps: {where} write {' or '.join(built)}, signed as such"
    if study.robot is not None:
        remedy += "; or leave the table [robot] out: then walking is no part of the visit"
    path = folder / "studies" / f"{study.id}.toml"
    raise ConfigError(path, "timing.mode", f"visits of mode '{mode}' {where} are not built", remedy)


def check_pressure(folder: Path, study: Study, forms: Iterable[Instrument]) -> None:
    """Raise `ConfigError` for a study that names dysreflexia while nothing asks before, in the middle or after."""
    asked = {form.step for form in forms if form.modality == "dysreflexia"}
    missing = [step for step in ("screening", "treatment", "finish") if step not in asked]
    if study.dysreflexia and missing:
        problem = f"no form of modality dysreflexia asks in the step {missing[0]}"
        raise ConfigError(folder / "studies" / f"{study.id}.toml", "dysreflexia", problem, "write one in instruments/")


def load_catalogue(folder: Path) -> Catalogue:
    """Everything that can be assessed; raises `ConfigError`, also for a scale and a capture of the same name."""
    scales, captures = load_scales(folder), load_captures(folder)
    both = next((name for name in captures if name in scales or name == MEP), None)
    if both is not None:
        path = folder / "instruments" / "captures" / f"{both}.toml"
        raise ConfigError(path, "id", f"'{both}' is the name of another instrument", "choose another one")
    return Catalogue(scales=scales, overlays=load_overlays(folder, scales), captures=captures)


def check_plan(folder: Path, study: Study, catalogue: Catalogue) -> None:
    """Raise `ConfigError` for an assessment that is planned twice, or with an instrument that is not there."""
    path = folder / "studies" / f"{study.id}.toml"
    seen: set[str] = set()
    for point in study.assessments:
        key = f"assessments.{point.id}"
        if point.id in seen:
            raise ConfigError(path, key, "is planned twice", "give each assessment its own name")
        seen.add(point.id)
        for name in point.instruments:
            if name not in catalogue.names:
                raise ConfigError(path, f"{key}.instruments", f"there is no '{name}'", nearest(name, catalogue.names))
            if point.blinded and name == MEP:
                remedy = "plan a second assessment for it, with blinded = false"
                raise ConfigError(path, f"{key}.instruments", "an assessor must not know intensities", remedy)
            scale = catalogue.scales.get(name)
            if point.blinded and scale is not None and not scale.blinded_ok:
                raise ConfigError(path, f"{key}.instruments", f"'{name}' tells the arm", "plan it with blinded = false")
