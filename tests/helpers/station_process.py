"""The station as a real guarded process, beside a simulated world in the test's own loop: one clock, one truth.

`carried_on` lays down the journal of a visit worked up to a step on the rules' fake clock, so that the station
takes it up there as after a crash, within seconds.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from bedside.commands import AnyCommand
from bedside.config import load_participant
from bedside.demo.processes import Child, FarEnds, attach, start_station, surroundings
from bedside.demo.setup import Layout, prepare, script_for
from bedside.demo.therapist import Therapist
from bedside.events import Envelope, Event, StepId
from bedside.record.journal import read_journal
from bedside.snapshot import Snapshot
from bedside.station.books import envelopes
from bedside.station.client import StationClient
from bedside.station.clock import Clock, utc_text
from bedside.station.setup import open_books
from bedside.visit.inputs import History, Now, ParticipantFound
from bedside.visit.setup import load_setup
from hal.sim.far_end import credentials_of
from hal.sim.world import SimulatedWorld
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
WAIT_S = 20.0
E = TypeVar("E", bound=Event)


class Wire(SimulatedWorld):
    """A simulated world whose stimulator tells whether it is enabled and running."""

    @property
    def enabled(self) -> bool:
        return bool(self.core.state.enabled)

    @property
    def running(self) -> bool:
        return bool(self.core.state.running)


class Bedside:
    """A simulated bedside: folders, world, the guarded station process, a working therapist."""

    def __init__(self, layout: Layout, world: Wire, speed: float, config: Path = CONFIGS) -> None:
        self.layout = layout
        self.world = world
        self.speed = speed
        self.guard: Child | None = None
        participant = prepare(layout, config, world.addresses, None)
        self.script = script_for(participant)
        self.therapist = Therapist(self.script)
        self.client: StationClient | None = None
        self._work: asyncio.Task[bool] | None = None

    @property
    def options(self) -> list[str]:
        """How a station of this bedside is started."""
        folders = ["--config", str(self.layout.config), "--data", str(self.layout.data), "--run", str(self.layout.run)]
        return [*folders, "--speed", str(self.speed)]

    @property
    def environ(self) -> dict[str, str]:
        """What a program that opens the far ends needs in its environment."""
        world = self.world
        return surroundings(self.layout.root, FarEnds(world.addresses, world.bus, credentials_of(world.also.values())))

    @property
    def picture(self) -> Snapshot | None:
        """What the therapist sees."""
        return self.therapist.picture

    async def start(self) -> None:
        """Start the station and take control as a therapist who works."""
        self.guard = await start_station(self.layout.root, self.options, self.environ)
        self.client = await attach(self.layout.run, self.guard)
        self._work = asyncio.create_task(self.therapist.work(self.client))

    async def ended(self) -> int:
        """The station's exit code, once it has ended by itself."""
        assert self.guard is not None
        return await asyncio.wait_for(self.guard.process.wait(), WAIT_S)

    async def stimulating(self) -> None:
        """Start the station, have the robot walk, and wait for a running train."""
        self.world.gait.fit(25.0, 80.0)
        self.world.gait.stand()
        self.world.gait.walk(1.2)
        await self.start()
        await self.until(lambda: self.world.running and self.world.core.state.total_pulses > 0, "a running train")

    @property
    def pid(self) -> int:
        """The station's own process, below its guard."""
        assert self.guard is not None
        guard = self.guard.process.pid
        return int(Path(f"/proc/{guard}/task/{guard}/children").read_text().split()[0])

    async def fall_silent(self) -> None:
        """The controlling client stays connected and never says anything again."""
        assert self._work is not None
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)

    async def ask(self, command: AnyCommand) -> None:
        """Ask something as the therapist."""
        assert self.client is not None
        await self.client.ask(command)

    async def until(self, condition: Callable[[], bool], what: str, within_s: float = WAIT_S) -> None:
        """Wait for a condition, or fail in words."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while not condition():
            assert loop.time() < deadline, f"{what}: not within {within_s:g} s; {self.picture}; {self.log()}"
            await asyncio.sleep(0.005)

    def log(self) -> str:
        """The end of what the station said."""
        path = self.layout.root / "station.log"
        return path.read_text()[-3000:] if path.exists() else ""

    def events(self, kind: type[E]) -> list[E]:
        """What the journal holds of a kind."""
        return [envelope.event for envelope in self.envelopes() if isinstance(envelope.event, kind)]

    def envelopes(self) -> list[Envelope]:
        """The journal."""
        return list(envelopes(read_journal(self.layout.data / "journal", strict=False)))

    def alarm(self, words: str) -> str:
        """The remedy of a raised alarm whose text has these words; empty without one."""
        alarms = self.picture.alarms if self.picture is not None else ()
        return next((alarm.remedy for alarm in alarms if words in alarm.text), "")

    async def end(self) -> None:
        """End everything."""
        if self._work is not None:
            await self.fall_silent()
        if self.client is not None:
            await self.client.close()
        if self.guard is not None:
            await self.guard.end()


@contextlib.asynccontextmanager
async def bedside_at(
    folder: Path,
    *,
    speed: float = 10.0,
    step: StepId | None = None,
    also: tuple[str, ...] = (),
    bus: str = "",
    config: Path = CONFIGS,
) -> AsyncIterator[Bedside]:
    """A running world and an unstarted station, which takes up a visit at `step`.

    `config` is the configuration it is prepared from, `also` stands further far ends beside the patient; those on
    Bluetooth, and the station, meet on the D-Bus `bus`.
    """
    layout = Layout(folder)
    layout.make()
    world = Wire(1, layout.simulation, speed=speed, also=also, bus=bus)
    await world.plug()
    running = asyncio.create_task(world.run())
    bedside = Bedside(layout, world, speed, config)
    if step is not None:
        await asyncio.to_thread(carried_on, layout.data, step, speed, config)
    try:
        yield bedside
    finally:
        await bedside.end()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def carried_on(data: Path, step: StepId, speed: float, config: Path = CONFIGS) -> None:
    """Write the journal of a visit that stands at `step` and was interrupted a second ago."""
    bed = bed_at(step) if config == CONFIGS else _worked_up(step, config)
    clock = Clock(speed)
    shift_ns = clock.now_ns() - bed.now_ns
    ended = datetime.now(UTC) - timedelta(seconds=1)
    books = open_books(data, clock, "demo", "0", {})
    for envelope in bed.journal:
        at = ended - timedelta(microseconds=(bed.now_ns - envelope.mono_ns) / 1000)
        now = Now(envelope.mono_ns + shift_ns, utc_text(at.timestamp()))
        books.write([envelope.event], now, envelope.who, envelope.via)
    books.close("interrupted")


@cache
def _worked_up(step: StepId, config: Path) -> Bed:
    """A bed of another configuration, with that configuration's participant."""
    record = load_participant(config / "demo" / "participant.toml")
    found = ParticipantFound(record, History(session=5))
    return Bed(setup=load_setup(config, simulated=True)).begin_with(found).to(step)
