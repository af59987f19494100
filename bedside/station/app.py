"""One station: its parts, how they are joined, and how it ends.

socket --> Executive --> Core --> Books (journal)
devices --------------->  |  \\--> Actuator --> stimulator; BeltWorker --> treadmill
EMG --> EmgPath --------> |   \\-> Recording, Server (events, snapshots, waves)
Rounds (ticks, watchdog) -+
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from bedside.config.captures import LiveView
from bedside.events import (
    BeltIntended,
    ClientJoined,
    ClientLeft,
    Envelope,
    PulseIntended,
    PulseReported,
    RawSealed,
    Role,
    StationStarted,
    StationStopped,
    StepEntered,
    StimulatorFailed,
    VisitClosed,
    VisitOpened,
)
from bedside.record.outbox import Outbox
from bedside.snapshot import Line, Snapshot
from bedside.station import rounds
from bedside.station.access import Access
from bedside.station.actuator import Actuator
from bedside.station.analysing import Analyses
from bedside.station.attached import Client, Hooks
from bedside.station.belt import BeltWorker
from bedside.station.books import gap_s
from bedside.station.calibration import Calibrations
from bedside.station.core import Core
from bedside.station.devices import changed_event
from bedside.station.emg import EmgPath, Outlets
from bedside.station.executive import Executive
from bedside.station.import_list import LOOK_S, ImportList
from bedside.station.importing import Imports
from bedside.station.live import LiveValues
from bedside.station.measure import MeasureRule, measure_rule
from bedside.station.notify import listen_sockets, notify
from bedside.station.offer import Offer
from bedside.station.picture import Surroundings, snapshot
from bedside.station.recording import Recording
from bedside.station.robot_words import RobotWords
from bedside.station.server import Server
from bedside.station.setup import Parts
from bedside.station.telling import Telling
from bedside.station.walks import Walks
from bedside.station.wire import SnapshotMessage, Wave
from bedside.visit.belt import pulses
from bedside.visit.inputs import Heard, RecordTrouble, Started
from bedside.visit.narrate import line
from hal.device import Device, HalError, HealthChanged, Reading
from hal.roles import (
    CurrentStimulator,
    EmgBlock,
    LslStamps,
    MagneticBlock,
    MotionBlock,
    PlateBlock,
    RobotState,
    Stimulator,
    Treadmill,
)

log = structlog.get_logger()

RECENT_LINES = 12
STREAMED = (EmgBlock, LslStamps, MotionBlock, MagneticBlock, PlateBlock)
"""Readings that are recorded and drawn, and too many for the rules."""


class Station:
    """All parts of a running station. `run` returns when `stop` was called."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._actuator = Actuator(
            parts.stimulator, lambda report: self._core.put(report, source="stimulator"), parts.fleet.current
        )
        self._core = Core(parts.state, parts.books, parts.clock, self._actuator)
        robot = parts.fleet.robot if parts.state.setup.belt is not None else None
        self._belt = BeltWorker(
            robot if isinstance(robot, Treadmill) else None,
            lambda report: self._core.put(report, source="treadmill"),
        )
        self._calibrations = Calibrations(parts.fleet.devices, lambda: parts.clock.now().utc, parts.clock.speed)
        self._access = Access(lambda: self._core.state, lambda: self._server.clients)
        self._assessor = Telling("assess")
        imports = Imports(parts.places.config, parts.places.data)
        self._executive = Executive(self._core, parts.resolver, parts.fleet, self._access, self._calibrations, imports)
        self._server = Server(parts.box_name, parts.box.software, self._hooks())
        self._executive.server = self._server
        self._live = LiveValues(self._live_view, partial(self._server.wave, assessors=True))
        visits = parts.places.data / "visits"
        self._recording = Recording(
            visits, parts.fleet.streams, lambda event: self._core.note(event, source="record"), self._disk_full
        )
        self._analyses = Analyses(
            visits,
            parts.state.setup.catalogue.captures,
            self._recording.rest,
            lambda outcome: self._core.put(outcome, source="analysis", via="station"),
        )
        self._walks = Walks(visits, parts.state.setup.catalogue.captures)
        self._surroundings = rounds.Surroundings(self._core, parts.places.data)
        self._painter = rounds.Painter(self._paint)
        self._import_list = ImportList(
            parts.places.config, imports.folder, lambda: self._core.state, self._painter.changed
        )
        self._robot_words = RobotWords()
        self._recent: deque[Envelope] = deque(maxlen=RECENT_LINES)
        self._outbox = Outbox(parts.places.data)
        self._unsent: int | None = None
        self._closing: asyncio.Future[None] | None = None
        self._ending = asyncio.Event()
        self._reason = ""
        self._emg = self._emg_path()
        self._offer = self._offering()

    def stop(self, reason: str) -> None:
        """End the station in good order."""
        self._reason = reason
        self._ending.set()

    async def run(self) -> None:
        """Work until `stop`; raises `JournalFailed` when the record cannot be kept (stimulation is then off)."""
        self._core.listen(self._after)
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(self._core.run()), tasks.create_task(self._actuator.run())]
            try:
                await self._begin()
                work += [tasks.create_task(duty) for duty in self._duties()]
                notify("READY=1", "STATUS=waiting for a visit")
                await self._ending.wait()
            finally:
                notify("STOPPING=1")
                await self._end()
                for task in work:
                    task.cancel()

    # beginning and ending

    async def _begin(self) -> None:
        parts = self._parts
        now = parts.clock.now()
        gap = gap_s(parts.last_utc, now.utc)
        started = StationStarted(
            software=parts.box.software,
            config_hash=parts.config_hash,
            simulated=bool(parts.box.simulated),
            speed=parts.clock.speed,
            gap_s=gap,
        )
        self._core.note(started, source="station")
        self._core.put(Started(gap), source="station")
        await self._recover_samples()
        await self._seal_left_over()
        await self._server.listen(parts.places.run, listen_sockets())
        await parts.fleet.open(self._heard)

    async def _end(self) -> None:
        # never released: what the rules still intend while all this ends is not begun
        self._actuator.hold()
        stop_belt = self._core.state.belt.ours
        if stop_belt:
            self._core.note(BeltIntended(action="stop", reason="the station ends"), source="station")
        if self._closing is not None:
            await self._closing
        await self._analyses.leave()
        self._core.note(StationStopped(reason=self._reason or "fault"), source="station")
        await self._server.close(f"the station ends: {self._reason or 'fault'}")
        await self._release_stimulators()
        await self._belt.leave(stop=stop_belt)
        await self._parts.fleet.close()
        if self._emg is not None:
            self._emg.close()
        if self._offer is not None:
            self._offer.close()
        await self._recording.stop("the station ends")
        await self._core.idle()
        self._core.close()
        self._parts.books.close("clean stop")

    async def _release_stimulators(self) -> None:
        """Take each stimulator from the guard once it confirms that it is off; else the guard says it again."""
        stimulator, current = self._parts.stimulator, self._parts.fleet.current
        await self._release(stimulator.name, stimulator.off)
        if current is not None and current.fileno() is not None:
            await self._release(current.name, current.stop)

    async def _release(self, name: str, off: Callable[[], Awaitable[None]]) -> None:
        try:
            await off()
        except HalError as error:
            log.critical("a stimulator does not confirm that it is off", error=str(error), remedy=error.remedy)
            return
        if self._parts.guard is not None:
            self._parts.guard.unregister(name)

    async def _recover_samples(self) -> None:
        """Enter what a crash left of the open visit's samples, and go on recording where the visit stands."""
        events = self._parts.left_open
        for envelope in events:
            self._recording.event(envelope)
            self._analyses.event(envelope)
            self._walks.event(envelope)
            self._access.event(envelope)
            self._assessor.recall(envelope)
        if events:
            known = {envelope.event.name for envelope in events if isinstance(envelope.event, RawSealed)}
            await self._recording.recover(self._recording.visit, known)
        damage = self._parts.books.damage()
        if damage:
            remedy = "call the administrator: no new visit until this is explained"
            self._core.put(RecordTrouble(damage, remedy), source="record")

    async def _seal_left_over(self) -> None:
        left_over = await self._core.in_writer(self._parts.books.unsealed)
        if left_over is not None:
            await self._core.in_writer(partial(self._parts.books.seal, left_over))

    def _duties(self) -> list[rounds.Duty]:
        control = rounds.ControlWatch(self._core, self._server)
        guard = rounds.GuardWatch(self._core, self._parts.guard)
        return [
            rounds.every(self._parts.tick_s, lambda: rounds.tick(self._core)),
            rounds.every(rounds.WATCH_S, control.look),
            rounds.every(rounds.BEAT_S, guard.look),
            rounds.every(rounds.SURROUNDINGS_S, self._surroundings.look),
            rounds.every(rounds.OUTBOX_S, self._count_unsent),
            rounds.every(rounds.SEGMENTS_S, self._recording.look),
            rounds.every(LOOK_S, self._import_list.look),
            rounds.feed_watchdog(self._core),
            self._painter.run(),
            self._analyses.run(),
            self._live.run(),
        ]

    # what devices say

    def _heard(self, device: Device, reading: Reading) -> None:
        self._recording.take(device, reading)
        self._calibrations.take(device, reading)
        self._live.take(device, reading)
        if self._offer is not None:
            self._offer.take(reading)
        if isinstance(reading, EmgBlock) and self._emg is not None:
            self._emg.take(reading)
        if isinstance(reading, STREAMED) or (isinstance(reading, RobotState) and not self._robot_words.tell(reading)):
            return
        if isinstance(reading, HealthChanged):
            self._core.note(changed_event(device, reading), source=device.name, via="device")
            self._register_with_guard(device)
        self._core.put(Heard(device.name, device.role, reading), source=device.name)
        self._painter.changed()

    def _register_with_guard(self, device: Device) -> None:
        guard = self._parts.guard
        if guard is None or not isinstance(device, Stimulator | CurrentStimulator):
            return
        fd = device.fileno()
        if fd is None:
            # closed at our own end without a confirmed off, it stays with the guard, which says off when we are gone
            if device.health.state != "closed":
                guard.unregister(device.name)
        elif device.off_bytes:
            guard.register(device.name, fd, device.off_bytes)

    def _emg_path(self) -> EmgPath | None:
        amplifier = self._parts.fleet.amplifier
        if amplifier is None:
            return None
        loop = asyncio.get_running_loop()
        out = Outlets(
            quality=lambda quality: self._core.put(quality, source=amplifier.name),
            wave=self._emg_wave,
            sweep=self._server.wave,
            measured=lambda result: self._core.put(result, source=amplifier.name),
            in_loop=lambda work: _in_loop(loop, work),
        )
        return EmgPath(amplifier, self._measure_rule, out, self._parts.clock.speed)

    def _emg_wave(self, wave: Wave) -> None:
        """An assessor sees the EMG of an instrument; at every other step a pulse could be seen in it."""
        state = self._core.state
        self._server.wave(wave, assessors=state.assesses and state.step == "assess")

    def _offering(self) -> Offer | None:
        parts = self._parts
        if parts.lsl_outlet is None or parts.fleet.amplifier is None:
            return None
        return Offer(parts.box_name, parts.fleet.amplifier, parts.lsl_outlet, lambda: self._core.state.asked_pct_mso)

    def _live_view(self) -> LiveView:
        state = self._core.state
        if not state.going_on or state.assessment is None:
            return "none"
        capture = state.setup.catalogue.captures.get(state.assessment.open or "")
        return "none" if capture is None else capture.live

    def _measure_rule(self) -> MeasureRule | None:
        return measure_rule(self._core.state)

    # what follows from an event

    def _after(self, envelope: Envelope) -> None:
        event = envelope.event
        self._actuator.perform(event)
        self._belt.perform(event)
        self._access.event(envelope)
        self._assessor.event(envelope)
        self._follow(envelope)
        self._recent.append(envelope)
        self._server.tell_event(envelope)
        self._painter.changed()

    def _follow(self, envelope: Envelope) -> None:
        event = envelope.event
        self._recording.event(envelope)
        self._analyses.event(envelope)
        self._walks.event(envelope)
        match event:
            case PulseIntended(pulse=pulse) if self._emg is not None:
                self._emg.expect(pulse)
            case PulseReported(pulse=int(pulse)) if self._emg is not None:
                self._emg.reported(pulse)
            case StimulatorFailed(action="pulse") if self._emg is not None:
                self._emg.forget()
            case VisitOpened(visit=visit):
                notify(f"STATUS=visit open, session {event.session}")
                self._recording.visit = visit
            case StepEntered(step=step):
                notify(f"STATUS=step {step}")
            case VisitClosed():
                self._closing = asyncio.ensure_future(self._close_visit(self._recording.visit))

    async def _close_visit(self, visit: str) -> None:
        await self._analyses.leave()
        await self._recording.stop("the visit is closed")
        await self._core.idle()
        await self._core.in_writer(partial(self._parts.books.seal, visit))
        log.info("visit sealed", visit=visit)
        notify("STATUS=waiting for a visit")

    # what clients see

    def _hooks(self) -> Hooks:
        return Hooks(
            execute=self._executive.execute,
            allow=self._access.allow,
            stop_now=self._actuator.hold,
            stop_belt_now=self._stop_belt_now,
            stopped=self._actuator.release,
            joined=self._joined,
            left=self._left,
            last_n=lambda: self._core.state.n,
            pages=self._parts.books.pages,
            tells=self._tells,
            shown_n=self._shown_n,
            real_n=lambda role, shown: self._assessor.real(shown) if role == "assess" else shown,
        )

    def _stop_belt_now(self) -> None:
        """A stop of the belt arrived: the pulses go off, then the belt; the rules say so after."""
        if pulses(self._core.state):
            self._actuator.off_now()
        self._belt.stop_now()

    def _tells(self, role: Role, envelope: Envelope) -> bool:
        return self._assessor.tells(envelope.n) if role == "assess" else role in envelope.event.visible_to

    def _shown_n(self, role: Role, n: int) -> int:
        return self._assessor.shown(n) if role == "assess" else n

    def _joined(self, client: Client) -> None:
        event = ClientJoined(client=client.id, role=client.role, user=client.user, controls=client.controls)
        self._core.note(event, source=client.user, via=client.role)
        self._painter.changed()

    def _left(self, client: Client, reason: str) -> None:
        self._core.note(ClientLeft(client=client.id, reason=reason), source=client.user, via=client.role)

    def _paint(self) -> None:
        pictures: dict[Role, Snapshot] = {}

        def make(role: Role) -> SnapshotMessage:
            pictures[role] = self._import_list.onto(self._picture(role), role)
            return SnapshotMessage(snapshot=pictures[role])

        self._server.broadcast(make)

    def _picture(self, role: Role) -> Snapshot:
        state = self._core.state
        around = Surroundings(
            n=self._shown_n(role, state.n),
            person=self._access.signed_in(role),
            clients=tuple(self._server.clients),
            devices=self._parts.fleet.devices,
            recent=self._recent_for(role),
            recording=self._recording.words,
            disk_free_bytes=self._surroundings.free_bytes,
            clock=self._surroundings.stepped or self._parts.books.clock,
            unsent=self._unsent,
            now_s=time.monotonic(),
        )
        return self._walks.onto(snapshot(state, self._parts.box, around, self._parts.clock.now(), role))

    def _recent_for(self, role: Role) -> tuple[Line, ...]:
        return tuple(
            Line(n=envelope.n, utc=envelope.utc, text=line(envelope.event))
            for envelope in self._recent
            if role in envelope.event.visible_to and role != "assess"
        )

    def _disk_full(self) -> bool:
        free = self._surroundings.free_bytes
        return free is not None and free < self._core.state.setup.limits.disk.samples_mb * 1_000_000

    async def _count_unsent(self) -> None:
        self._unsent = len(await asyncio.to_thread(self._outbox.unsent))


def _in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """Have `work` done on the loop's thread; nothing when the loop has ended meanwhile."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(work)
