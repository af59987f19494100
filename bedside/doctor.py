"""`bedside doctor`: config, devices, clock, disk, permissions, record. Each line says ok, or what to do."""

import argparse
import asyncio
import contextlib
import logging
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from bedside.config import (
    CONFIG_HELP,
    ConfigError,
    DeviceConfig,
    config_folder,
    load_adverse,
    load_device,
    load_devices,
    load_instruments,
    load_limits,
    load_participant,
    load_presets,
    load_staff,
    load_station,
    load_study,
)
from bedside.config.strict import files_in
from bedside.doctor_devices import Check, check_devices
from bedside.record.outbox import unsent
from bedside.record.tables.mapping import load_mappings
from bedside.record.verify import verify
from bedside.station.setup import SYNCHRONISED
from bedside.visit.assessing import contested
from bedside.visit.setup import load_setup
from hal.links.tcp import RECEIVE_BUFFER_BYTES

LOW_DISK_BYTES = 2_000_000_000
RECEIVE_LIMIT = Path("/proc/sys/net/core/rmem_max")
ANY_WIDTH = 10_000
INDENT = " " * 6
LOOK_AS = "look as the station's user: sudo -u bedside bedside doctor"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--config", metavar="DIR", help=CONFIG_HELP)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where visits are kept")
    parser.add_argument("--run", type=Path, metavar="DIR", dest="run_dir", help="where the sockets are")
    parser.add_argument("--json", action="store_true", help="one JSON list on stdout")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 when every line is ok."""
    with _quiet("hal"):
        checks = list(asyncio.run(_report(args)))
    if args.json:
        sys.stdout.write(msgspec.json.encode(checks).decode() + "\n")
    else:
        sys.stdout.writelines(_line(check) for check in checks)
    return 0 if all(check.ok for check in checks) else 1


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Without warnings of a logger: what drivers warn of is in the report."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _line(check: Check) -> str:
    mark = "ok  " if check.ok else "!!  "
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else ANY_WIDTH
    return "".join(
        textwrap.fill(text, width, initial_indent=first, subsequent_indent=INDENT, break_on_hyphens=False) + "\n"
        for first, text in ((f"{mark}{check.name:15} ", check.text), (f"{INDENT}-> ", check.remedy))
        if text
    )


async def _report(args: argparse.Namespace) -> list[Check]:
    config = config_folder(args.config)
    checks = [*check_config(config), *check_mappings(config)]
    try:
        station = load_station(config)
    except ConfigError:
        return checks
    data, run_dir = args.data or Path(station.data), args.run_dir or Path(station.run)
    checks += check_participants(data)
    checks += await check_devices(config, station, run_dir)
    with contextlib.suppress(ConfigError):
        checks += check_network(load_devices(config, station).values())
    checks += [check_clock(), _looked("disk", lambda: check_disk(data))]
    checks += [check_folder("data", data), check_folder("run", run_dir)]
    return [*checks, *check_record(data)]


def check_config(config: Path) -> list[Check]:
    """Every file of the configuration, one line for each that cannot be used; one line when all can."""
    loads: list[Callable[[], object]] = [
        lambda: load_study(config, load_station(config).study),
        lambda: load_presets(config),
        lambda: load_instruments(config),
        lambda: load_adverse(config),
        lambda: load_limits(config),
        *(partial(load_device, config, device) for device in _devices_named(config)),
        lambda: load_setup(config),
    ]
    found = {check.remedy: check for check in (_attempt("config", load, str(config)) for load in loads)}
    broken = [check for check in found.values() if not check.ok]
    staff = _attempt("staff", lambda: load_staff(config / "staff.toml"), str(config / "staff.toml"))
    return [*(broken or found.values()), *check_places(config), staff]


def check_places(config: Path) -> list[Check]:
    """A line for each place that several sensors are configured for: an assessment refuses all of them there."""
    try:
        devices = load_devices(config, load_station(config))
    except ConfigError:
        return []
    return [Check(name=place, ok=False, text=why.what, remedy=why.remedy) for place, why in contested(devices).items()]


def check_mappings(config: Path) -> list[Check]:
    """Mappings of other programs' tables that cannot be used; one line when all can."""
    usable, problems = load_mappings(config)
    broken = [_broken("mapping", problem) for problem in problems]
    return broken or [Check(name="mappings", ok=True, text=", ".join(mapping.id for mapping in usable) or "none")]


def _devices_named(config: Path) -> list[str]:
    try:
        return [device for _role, device in load_station(config).named]
    except ConfigError:
        return []


def check_participants(data: Path) -> list[Check]:
    """Participants' records that cannot be read; one line when all can."""
    try:
        paths = files_in(data / "participants")
    except ConfigError as error:
        return [_broken("participants", error)]
    checks = [_attempt("participant", partial(load_participant, path), path.stem) for path in paths]
    broken = [check for check in checks if not check.ok]
    return broken or [Check(name="participants", ok=True, text=str(data / "participants"))]


def _attempt(name: str, load: Callable[[], object], text: str) -> Check:
    try:
        load()
    except ConfigError as error:
        return _broken(name, error)
    return Check(name=name, ok=True, text=text)


def _broken(name: str, error: ConfigError) -> Check:
    place = ", ".join(filter(None, (str(error.path), f"line {error.line}" if error.line else "", error.key)))
    return Check(name=name, ok=False, text=error.problem, remedy=f"{place}: {error.remedy}")


def _looked(name: str, look: Callable[[], Check]) -> Check:
    """The check, or that this user may not look there: what is closed to one is no fault of the rest."""
    try:
        return look()
    except OSError as error:
        return Check(name=name, ok=False, text=f"{error.filename} cannot be read: {error.strerror}", remedy=LOOK_AS)


def check_network(devices: Iterable[DeviceConfig], limit: Path = RECEIVE_LIMIT) -> list[Check]:
    """Whether the kernel lets an amplifier's samples wait for a program that stalls; no line without one on TCP."""
    if not any(device.role == "emg" and device.address.startswith(("tcp:", "listen:")) for device in devices):
        return []
    try:
        allowed = int(limit.read_text())
    except (OSError, ValueError):
        return []
    text = f"{min(allowed, RECEIVE_BUFFER_BYTES) / 1e6:.1f} MB of an amplifier's samples may wait to be read"
    if allowed >= RECEIVE_BUFFER_BYTES:
        return [Check(name="network", ok=True, text=text)]
    text += f", of {RECEIVE_BUFFER_BYTES / 1e6:.1f} MB asked for: a short stall may lose some"
    remedy = "install systemd/bedside.sysctl as its README says, then restart the station"
    return [Check(name="network", ok=False, text=text, remedy=remedy)]


def check_clock() -> Check:
    """Whether the wall clock is synchronised."""
    if SYNCHRONISED.exists():
        return Check(name="clock", ok=True, text="synchronised over the network")
    return Check(
        name="clock",
        ok=False,
        text="the wall clock is not known to be synchronised",
        remedy="connect to the network or compare date and time by hand before a visit",
    )


def check_disk(data: Path) -> Check:
    """Free space where visits are kept."""
    existing = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free in {existing}"
    if free >= LOW_DISK_BYTES:
        return Check(name="disk", ok=True, text=text)
    return Check(name="disk", ok=False, text=text, remedy="send visits to the study server, then free space")


def check_folder(name: str, folder: Path) -> Check:
    """Whether this user can write to a folder, by writing to it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"bedside")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = "does not exist" if missing else f"cannot be written: {error.strerror}"
        remedy = f"create it and give it to the user of bedside: {folder}"
        return Check(name=name, ok=False, text=f"{folder} {why}", remedy=remedy)
    return Check(name=name, ok=True, text=f"{folder} can be written")


def check_record(data: Path) -> Iterator[Check]:
    """The journal's proof and what is not on the study server yet."""
    yield _looked("journal", lambda: _proof(data / "journal"))
    yield _looked("sync", lambda: _waiting(data))


def _proof(journal: Path) -> Check:
    if not journal.is_dir():
        return Check(name="journal", ok=True, text="there is none yet")
    report = verify(journal)
    bad = report.first
    text = "every line holds" if bad is None else str(bad)
    remedy = "" if bad is None else "keep the folder as it is and call the administrator"
    return Check(name="journal", ok=report.ok, text=text, remedy=remedy)


def _waiting(data: Path) -> Check:
    waiting = len(unsent(data))
    return Check(
        name="sync", ok=True, text=f"{waiting} files wait to be sent" if waiting else "nothing waits to be sent"
    )
