"""Configuration: strict TOML into typed, frozen structs. Everything refused names its file, key and remedy."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path

from bedside.config.adverse_checks import check_adverse
from bedside.config.current import Bursts, CurrentPart
from bedside.config.current_files import is_current, load_current
from bedside.config.instruments import AdverseConfig, Category, Concern, Detail, Instrument, ItemConfig, Notify
from bedside.config.limits import Limits
from bedside.config.people import (
    Participant,
    StaffFile,
    StaffMember,
    hash_pin,
    pin_matches,
    second_identifier_matches,
)
from bedside.config.protocol import Preset
from bedside.config.scale_files import load_overlay, load_overlays, load_scales
from bedside.config.scales import Contrary, Gate, Implies, Mcid, Overlay, Scale, ScaleItem, ScaleRule, Speed, Subscore
from bedside.config.station import SINGLE, CoilConfig, DeviceConfig, EmgChannelConfig, StationConfig
from bedside.config.strict import ConfigError, digest, files_in, is_there, read
from bedside.config.study import RmtRule, RobotConfig, Signature, Study
from bedside.config.study_checks import check_study
from bedside.config.trigger_topology import check_pairing
from bedside.config.wires import check_wires

__all__ = [
    "CONFIG_HELP",
    "AdverseConfig",
    "Bursts",
    "Category",
    "CoilConfig",
    "Concern",
    "ConfigError",
    "Contrary",
    "CurrentPart",
    "Detail",
    "DeviceConfig",
    "EmgChannelConfig",
    "Gate",
    "Implies",
    "Instrument",
    "ItemConfig",
    "Limits",
    "Mcid",
    "Notify",
    "Overlay",
    "Participant",
    "Preset",
    "RmtRule",
    "RobotConfig",
    "Scale",
    "ScaleItem",
    "ScaleRule",
    "Signature",
    "Speed",
    "StaffMember",
    "StationConfig",
    "Study",
    "Subscore",
    "check_pairing",
    "config_folder",
    "config_hash",
    "hash_pin",
    "load_adverse",
    "load_current",
    "load_device",
    "load_devices",
    "load_instruments",
    "load_limits",
    "load_overlay",
    "load_overlays",
    "load_participant",
    "load_presets",
    "load_scales",
    "load_staff",
    "load_station",
    "load_study",
    "pin_matches",
    "second_identifier_matches",
]


CONFIG_HELP = "configuration folder (default: $BEDSIDE_CONFIG, else /etc/bedside, else the shipped example)"
THE_BOXS = Path("/etc/bedside")
DEMO_STAFF = "demo/staff.toml"
HASH_A_PIN = "python3 -c 'from bedside.config import hash_pin; print(hash_pin(input()))' hashes a PIN"


def config_folder(option: str | None = None) -> Path:
    """The folder of configuration: the option, $BEDSIDE_CONFIG, /etc/bedside, or the one shipped with the program."""
    chosen = option or os.environ.get("BEDSIDE_CONFIG")
    if chosen:
        return Path(chosen)
    shipped = Path(__file__).parent.parent
    places = (THE_BOXS, shipped.parent / "configs", shipped / "configs")
    return next((place for place in places if _holds_a_station(place)), places[0])


def _holds_a_station(place: Path) -> bool:
    try:
        return (place / "station.toml").is_file()
    except PermissionError:
        # it is there and closed to this user, who must be told: no other configuration stands in for it
        return True


def config_hash(folder: Path) -> str:
    """SHA-256 (hex) over all configuration files below `folder`."""
    return digest(folder)


def load_station(folder: Path) -> StationConfig:
    """station.toml; raises `ConfigError`."""
    return read(folder / "station.toml", StationConfig)


def load_study(folder: Path, study: str) -> Study:
    """studies/<study>.toml, cross-checked in itself; raises `ConfigError`."""
    path = _named(folder / "studies", study)
    loaded = read(path, Study)
    _same_id(path, loaded.id)
    rules = [rule.id for rule in loaded.hunt.rules]
    _known(path, "hunt.default_rule", loaded.hunt.default_rule, rules)
    check_study(path, loaded)
    return loaded


def load_presets(folder: Path) -> dict[str, Preset]:
    """All magnetic protocols of protocols/*.toml by id; raises `ConfigError`."""
    found = {}
    for path in files_in(folder / "protocols"):
        if is_current(path):
            continue
        found[path.stem] = preset = read(path, Preset)
        _same_id(path, preset.id)
        if preset.levels.problem:
            raise ConfigError(path, "levels", preset.levels.problem, "intervals run from onset to onset")
        if preset.intensity.pct > preset.intensity.ceiling:
            raise ConfigError(path, "intensity.pct", "is above the ceiling", "lower it, or have the ceiling signed")
    return found


def load_instruments(folder: Path) -> dict[str, Instrument]:
    """All instruments/*.toml by id, no item twice; raises `ConfigError`."""
    found: dict[str, Instrument] = {}
    items: set[str] = set()
    for path in files_in(folder / "instruments"):
        found[path.stem] = instrument = read(path, Instrument)
        _same_id(path, instrument.id)
        for item in instrument.items:
            if item.id in items:
                raise ConfigError(path, f"items.{item.id}", "is used twice", "give each item its own id")
            if item.kind == "choice" and not item.choices:
                raise ConfigError(path, f"items.{item.id}.choices", "is empty", "list the choices")
            items.add(item.id)
    _check_own(folder, found)
    return found


def _check_own(folder: Path, forms: Mapping[str, Instrument]) -> None:
    """Raise `ConfigError` for a `rise` above nothing, and for an `own` that is no number of any form."""
    numbers = {f"{form.step}.{item.id}" for form in forms.values() for item in form.items if item.kind == "number"}
    for name, form in forms.items():
        path = folder / "instruments" / f"{name}.toml"
        for item in form.items:
            rises = any(concern.rise is not None for concern in item.concerns)
            if rises != bool(item.own):
                raise ConfigError(path, f"items.{item.id}.own", "goes with a concern's rise", "write both or neither")
            if item.own and item.own not in numbers:
                problem = f"'{item.own}' is no number that is asked"
                raise ConfigError(path, f"items.{item.id}.own", problem, "write it as step.item")


def load_adverse(folder: Path) -> AdverseConfig:
    """adverse.toml, its details such as an adverse event is described by; raises `ConfigError`."""
    path = folder / "adverse.toml"
    loaded = read(path, AdverseConfig)
    check_adverse(path, loaded)
    return loaded


def load_limits(folder: Path) -> Limits:
    """limits.toml, with a full table of longest trains; raises `ConfigError`."""
    path = folder / "limits.toml"
    limits = read(path, Limits)
    width = len(limits.train.columns_pct_rmt)
    for row in limits.train.rows:
        if len(row.refuse_s) != width or len(row.note_s) != width:
            raise ConfigError(path, "train.rows", f"{row.rate_hz:g} Hz has no {width} columns", "fill the row")
    heat = limits.coil
    if not heat.resume_c <= heat.pause_c < heat.stop_c:
        raise ConfigError(path, "coil", "temperatures do not rise", "resume_c, pause_c, stop_c in rising order")
    return limits


def load_device(folder: Path, device: str) -> DeviceConfig:
    """devices/<device>.toml; raises `ConfigError`."""
    path = _named(folder / "devices", device)
    loaded = read(path, DeviceConfig)
    _same_id(path, loaded.id)
    return loaded


def load_devices(folder: Path, station: StationConfig) -> dict[str, DeviceConfig]:
    """The devices that the station names: by role where one device fills it, else by id; raises `ConfigError`.

    No device is named twice, each for its own role, and no two share a wire.
    """
    found: dict[str, DeviceConfig] = {}
    path = folder / "station.toml"
    for role, device in station.named:
        loaded = load_device(folder, device)
        if loaded.role != role:
            problem = f"'{device}' is a device for the role {loaded.role}"
            raise ConfigError(path, f"devices.{role}", problem, "name a device of that role")
        key = role if role in SINGLE else device
        if key in found:
            twice = f"'{device}' is named twice" if role not in SINGLE else f"{role} names more than one device"
            raise ConfigError(path, f"devices.{role}", twice, "leave one of them out")
        found[key] = loaded
    check_wires(folder, tuple(found.values()))
    return found


def load_participant(path: Path) -> Participant:
    """One participant's record; raises `ConfigError`."""
    return read(path, Participant)


def load_staff(path: Path) -> dict[str, StaffMember]:
    """The staff by code; raises `ConfigError`, also for a code that two people have: it would sign for both."""
    if not is_there(path):
        # the shipped configuration has none: a PIN that everybody knows is none
        raise ConfigError(path, "", "is missing: nobody could sign in", f"write it as {DEMO_STAFF} is; {HASH_A_PIN}")
    found: dict[str, StaffMember] = {}
    for place, member in enumerate(read(path, StaffFile).staff):
        if member.code in found:
            problem = f"'{member.code}' is {found[member.code].name} already"
            raise ConfigError(path, f"staff[{place}].code", problem, "give each person a code of their own")
        found[member.code] = member
    return found


def _named(folder: Path, name: str) -> Path:
    """The file of `name` in `folder`; an unknown name is refused with the nearest known one."""
    known = [path.stem for path in files_in(folder)]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"
        raise ConfigError(folder, "", f"there is no '{name}'", remedy)
    return folder / f"{name}.toml"


def _same_id(path: Path, name: str) -> None:
    if name != path.stem:
        raise ConfigError(path, "id", f"is '{name}' in a file called '{path.stem}'", "make both the same")


def _known(path: Path, key: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise ConfigError(path, key, f"there is no '{name}'", f"known: {', '.join(known)}")
