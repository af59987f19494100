"""Builds a station's parts from its configuration and folders. Whatever is wrong is said before anything runs."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog

from bedside.config import (
    ConfigError,
    config_hash,
    load_staff,
    load_station,
)
from bedside.events import Envelope
from bedside.record.ballast import Ballast
from bedside.record.chain import Stamp, Sync
from bedside.record.journal import Journal
from bedside.record.signing import credential_key
from bedside.station.belt import belt_of
from bedside.station.books import Books, past_visits
from bedside.station.building import build_fleet
from bedside.station.clock import Clock
from bedside.station.devices import Fleet
from bedside.station.history import Assessed, assessed_of, history_of
from bedside.station.participants import enrol_participant, find_participant
from bedside.station.picture import Box
from bedside.station.resolve import Resolver
from bedside.station.staff import Staff
from bedside.visit.inputs import History
from bedside.visit.rules import evolve
from bedside.visit.setup import load_setup
from bedside.visit.state import Visit
from hal.guard_client import GuardClient
from hal.links.lsl_library import Scope
from hal.roles import Stimulator

log = structlog.get_logger()

SOFTWARE = f"bedside {version('bedside')}"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a station finds its configuration, keeps its data and opens its sockets."""

    config: Path
    data: Path
    run: Path


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a station consists of, built and not yet running."""

    places: Places
    box_name: str
    box: Box
    config_hash: str
    tick_s: float
    clock: Clock
    books: Books
    state: Visit
    left_open: tuple[Envelope, ...]
    last_utc: str | None
    fleet: Fleet
    stimulator: Stimulator
    resolver: Resolver
    lsl_outlet: Scope | None
    guard: GuardClient | None


def build_parts(places: Places, *, speed: float, environ: Mapping[str, str], guard: GuardClient | None) -> Parts:
    """All parts; raises `ConfigError`, `hal.device.SetupError`, or a `RecordError` when the journal cannot be used."""
    station = load_station(places.config)
    clock = Clock(speed)
    setup = load_setup(places.config, speed=speed)
    fleet, simulated = build_fleet(places.config, setup.devices, clock)
    if speed != 1.0 and len(simulated) != len(setup.devices):
        path = places.config / "station.toml"
        raise ConfigError(path, "devices", "a real device cannot run at another speed", "leave out --speed")
    setup = load_setup(places.config, simulated=bool(simulated), speed=speed)
    setup = msgspec.structs.replace(setup, belt=belt_of(setup.devices, fleet.robot))
    staff = Staff(load_staff(places.config / "staff.toml"))
    digest = config_hash(places.config)
    stimulator = fleet.stimulator
    if stimulator is None:
        path = places.config / "station.toml"
        raise ConfigError(path, "devices", "no stimulator is named", 'add stimulator = "manual_stimulator"')
    books = open_books(places.data, clock, station.box, digest, environ)
    state = Visit.start(setup)
    left_open = tuple(books.open_visit())
    for envelope in left_open:
        state = evolve(state, envelope)
    return Parts(
        places=places,
        box_name=station.box,
        box=Box(SOFTWARE, simulated, speed),
        config_hash=digest,
        tick_s=station.tick_s,
        clock=clock,
        books=books,
        state=state,
        left_open=left_open,
        last_utc=books.last_utc(),
        fleet=fleet,
        stimulator=stimulator,
        resolver=Resolver(
            staff,
            partial(find_participant, places.data),
            partial(find_past, places.data, clock),
            partial(enrol_participant, places.data, setup.study.id),
        ),
        lsl_outlet=None if station.lsl_outlet == "off" else station.lsl_outlet,
        guard=guard,
    )


def open_books(data: Path, clock: Clock, box: str, digest: str, environ: Mapping[str, str]) -> Books:
    """The journal in `data`, recovered from whatever ended it last."""
    sync = ClockSync()
    ballast = Ballast(data / "ballast")

    def stamp() -> Stamp:
        now = clock.now()
        return Stamp(now.mono_ns, now.utc, sync())

    journal = Journal.open(
        data / "journal",
        box=box,
        software=SOFTWARE,
        config_hash=digest,
        boot=boot_id(),
        clock=stamp,
        key=credential_key(environ),
        ballast=ballast,
    )
    try:
        ballast.fill()
    except OSError as error:
        log.warning(
            "no room for the ballast that the journal falls back on", error=str(error), remedy="free disk space"
        )
    return Books(journal, data / "visits", sync)


class ClockSync:
    """How the wall clock is set: systemd-timesyncd's mark now ("ntp"), earlier in this run ("held"), or never."""

    def __init__(self, mark: Path = SYNCHRONISED) -> None:
        self._mark = mark
        self._seen = False

    def __call__(self) -> Sync:
        """The present word."""
        if self._mark.exists():
            self._seen = True
            return "ntp"
        return "held" if self._seen else "never"


def boot_id() -> str:
    """The kernel's id of this boot; a new one each call where the kernel tells none."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return str(uuid.uuid4())


def find_past(data: Path, clock: Clock, code: str) -> tuple[History, Assessed]:
    """What this box's earlier visits say of a participant, to a treatment and to an assessment."""
    visits = list(past_visits(data / "visits"))
    return history_of(code, visits, clock.now().utc), assessed_of(code, visits)
