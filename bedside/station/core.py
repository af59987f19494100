"""The station's one loop of cause and effect.

    cause -> observe (live part) -> decide (pure) -> journal (durable) -> evolve (state) -> effects, screens

Causes are handled one at a time, in order; a stop goes to the front. The journal is written by a thread of its own,
so a slow card delays the next decision but never the event loop. Nor does it delay an off: whatever the rules answer
with one is switched off before it is written down, and a cause that has to wait is looked at for that as it comes.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from bedside.events import Envelope, Event, OffIntended
from bedside.station.books import Books
from bedside.station.clock import Clock
from bedside.visit.inputs import Cause, Now, Person
from bedside.visit.rules import Refusal, decide, evolve, observe
from bedside.visit.state import Visit

log = structlog.get_logger()

Listener = Callable[[Envelope], None]


class Brake(Protocol):
    """What switches off at once: held with a decision to switch off, released where one is not made after all."""

    def hold(self) -> None:
        """Off this instant, and begin nothing until the `OffIntended` is durable."""
        ...

    def release(self) -> None:
        """What it was held for is decided and journalled."""
        ...


T = TypeVar("T")


class Ended(Refusal):
    """Nothing can be decided any more: the station ends."""

    def __init__(self) -> None:
        super().__init__("the station is ending", "wait until it is back, or call the administrator")


@dataclass(slots=True)
class _Job:
    """One cause waiting to be handled; `done` is set for a command somebody waits for.

    `overtaken` tells, when its turn comes, whether a stop came after it was asked.
    """

    cause: "Cause | Facts"
    who: Person | None
    source: str
    via: str
    done: asyncio.Future[None] | None = None
    held: bool = False
    overtaken: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Events that no rule has to decide: a client came, a segment was sealed."""

    events: tuple[Event, ...]


class Core:
    """Holds the visit's state and is the only one to change it."""

    def __init__(self, state: Visit, books: Books, clock: Clock, brake: Brake) -> None:
        self.state = state
        self._brake = brake
        self._books = books
        self._clock = clock
        self._jobs: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self._listeners: list[Listener] = []
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._busy_since_s: float | None = None
        self._ended = False

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event once it is durable, in order."""
        self._listeners.append(listener)

    def put(self, cause: Cause, *, source: str, via: str = "device") -> None:
        """Hand over something that happened; `source` is the device's name or "rule"."""
        job = _Job(cause, None, source, via)
        self._foresee(job, cause)
        self._enqueue(job)

    def note(self, *events: Event, source: str, via: str = "station") -> None:
        """Have facts journalled that no rule has to decide."""
        self._enqueue(_Job(Facts(events), None, source, via))

    async def ask(
        self,
        cause: Cause,
        *,
        who: Person | None,
        source: str,
        via: str,
        first: bool = False,
        overtaken: Callable[[], bool] | None = None,
    ) -> None:
        """Have a command decided and its events durable; raises `Refusal`, also for one that is `overtaken` by then."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        job = _Job(cause, who, source, via, done, overtaken=overtaken)
        self._foresee(job, cause)
        self._enqueue(job, first=first)
        await done

    def _enqueue(self, job: _Job, *, first: bool = False) -> None:
        if self._ended:
            self._finish(job, Ended())
        elif first:
            self._jobs.appendleft(job)
        else:
            self._jobs.append(job)
        self._wake.set()

    async def idle(self) -> None:
        """Wait until everything handed over so far is done and durable, or cannot be any more."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(_Job(Facts(()), None, "station", "station", done))
        with contextlib.suppress(Refusal):
            await done

    async def in_writer(self, work: Callable[[], T]) -> T:
        """Do disk work in the journal's own thread, between two events."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def behind_s(self, now_s: float) -> float:
        """For how long (real s) the present cause has been in hand; 0 when idle."""
        return 0.0 if self._busy_since_s is None else now_s - self._busy_since_s

    async def run(self) -> None:
        """Handle causes until cancelled, or until one cannot be made durable: that error is raised."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._jobs:
                    self._busy_since_s = time.monotonic()
                    await self._handle(self._jobs.popleft())
                    self._busy_since_s = None
        finally:
            self._ended = True
            while self._jobs:
                self._finish(self._jobs.popleft(), Ended())

    def close(self) -> None:
        """Let the writer finish what it has in hand."""
        self._writer.shutdown(wait=True)

    def _foresee(self, job: _Job, cause: Cause) -> None:
        """Hold where the rules, asked now, would switch off: what is before `cause` may wait for the disk."""
        if self._ended or (self._busy_since_s is None and not self._jobs):
            return
        now = self._clock.now()
        with contextlib.suppress(Refusal):
            self._hold(job, decide(observe(self.state, cause, now), cause, now, job.who))

    def _hold(self, job: _Job, events: tuple[Event, ...]) -> None:
        if not job.held and any(isinstance(event, OffIntended) and not event.keeps_current for event in events):
            job.held = True
            self._brake.hold()

    async def _handle(self, job: _Job) -> None:
        try:
            await self._decide(job)
        except Refusal as refusal:
            self._finish(job, refusal)
        except BaseException:
            self._finish(job, Ended())
            raise
        else:
            self._finish(job, None)
        finally:
            if job.held:
                self._brake.release()

    async def _decide(self, job: _Job) -> None:
        if job.overtaken is not None and job.overtaken():
            raise Refusal("a stop came after this was asked", "look at the screen and press again")
        now = self._clock.now()
        if isinstance(job.cause, Facts):
            events = job.cause.events
        else:
            self.state = observe(self.state, job.cause, now)
            events = decide(self.state, job.cause, now, job.who)
            self._hold(job, events)
        if events:
            await self._record(events, now, job.who.user if job.who else job.source, job.via)

    async def _record(self, events: tuple[Event, ...], now: Now, who: str, via: str) -> None:
        loop = asyncio.get_running_loop()
        envelopes = await loop.run_in_executor(self._writer, self._books.write, events, now, who, via)
        for envelope in envelopes:
            self.state = evolve(self.state, envelope)
            for listener in self._listeners:
                listener(envelope)

    @staticmethod
    def _finish(job: _Job, error: Refusal | None) -> None:
        if job.done is None or job.done.done():
            if error is not None and not isinstance(error, Ended):
                log.info("not done", cause=type(job.cause).__name__, reason=error.reason)
            return
        if error is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(error)
