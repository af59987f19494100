"""Samples of a visit, in its folder: from the hotspot search until the patient is off the robot, and of each trial."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import structlog

from bedside.events import (
    CaptureStarted,
    CaptureStopped,
    Envelope,
    Event,
    PulseReported,
    RecordFault,
    RecordingStarted,
    RecordingStopped,
    StepEntered,
    StepId,
    StepReopened,
    VisitOpened,
)
from bedside.record.fsutil import SYSTEM, Storage
from bedside.record.recorder import Recorder
from bedside.station.entries import Entries
from bedside.station.left_open import ROOM, LeftOpen, sealed_event
from bedside.station.stamping import Stamped, Stamping
from hal.device import Device, Reading
from hal.roles import EmgBlock, MotionBlock, PlateBlock

log = structlog.get_logger()

RECORDED_STEPS: frozenset[StepId] = frozenset(
    {"hotspot", "threshold", "dose", "fit", "coil", "treatment", "finish", "mep"}
)
"""Of an assessment's instruments a trial is recorded, and nothing between trials."""
SAMPLES = (EmgBlock, MotionBlock, PlateBlock)


class Recording:
    """Feeds the recorder at recorded steps and in trials, and enters sealed segments in the journal.

    `streams` are the names under which the configured devices will be found in the files. Nothing here waits for the
    disk on the event loop: the recorder has a thread, and everything else that touches files runs in one.
    """

    def __init__(
        self,
        visits: Path,
        streams: tuple[str, ...],
        note: Callable[[Event], None],
        disk_full: Callable[[], bool],
        storage: Storage = SYSTEM,
    ) -> None:
        self._visits = visits
        self._streams = streams
        self._note = note
        self._disk_full = disk_full
        self._storage = storage
        self._running: _Running | None = None
        self._stamping: Stamping | None = None
        self._amplifier: Device | None = None
        self._failed = False
        self._left_open = LeftOpen(note, storage)
        self._wanted = False
        self._sealing = asyncio.Lock()
        self.visit = ""

    @property
    def words(self) -> str:
        """What the health strip says."""
        if self._running is not None:
            return self._running.recorder.status().state
        if not self._wanted:
            return "failed" if self._failed else "off"
        return "disk full" if self._disk_full() else "waiting for samples"

    def event(self, envelope: Envelope) -> None:
        """Follow the visit: mark pulses, begin and end with steps and trials."""
        match envelope.event:
            case VisitOpened(visit=visit):
                self.visit = visit
            case StepEntered(step=step) | StepReopened(step=step):
                self._want(step in RECORDED_STEPS)
            case CaptureStarted():
                self._want(True)
            case CaptureStopped():
                self._want(False)
            case PulseReported() as pulse if self._running is not None:
                self._running.recorder.pulse(envelope.mono_ns, _pulse_data(pulse))

    def take(self, device: Device, reading: Reading) -> None:
        """A reading of any device; the first samples of a recorded step start the recorder."""
        # stamped also while nothing is recorded: a clock that is known from the start has nothing to put right
        stamped = self._stamped(device, reading) if isinstance(reading, EmgBlock) else []
        if self._running is None and isinstance(reading, SAMPLES):
            if not (self._wanted and self.visit) or self._disk_full():
                return
            self._start(reading.mono_ns)
        if self._running is None or not self._wanted:
            return
        if isinstance(reading, EmgBlock):
            self._keep(stamped)
        else:
            self._running.entries.take(device, reading)

    def _want(self, wanted: bool) -> None:
        """From now on; samples that still wait for their time belong to what was wanted when they came."""
        if wanted != self._wanted and self._stamping is not None:
            held = self._stamping.rest()
            if self._wanted:
                self._keep(held)
        self._wanted = wanted
        self._failed = False

    def _keep(self, stamped: list[Stamped]) -> None:
        """Record blocks whose time is known now, but for those that came before anything was recorded."""
        if self._running is None or self._amplifier is None:
            return
        for block, first_ns in stamped:
            if block.mono_ns >= self._running.from_ns:
                self._running.entries.emg(self._amplifier, block, first_ns)

    def _stamped(self, device: Device, block: EmgBlock) -> list[Stamped]:
        self._amplifier = device
        if self._stamping is None:
            self._stamping = Stamping(block.rate_hz)
        return self._stamping.take(block)

    async def recover(self, visit: str, known: Collection[str]) -> None:
        """Enter what a crash left of a visit's samples: segments cut off, and segments sealed but not journalled.

        For a visit that nothing is recorded of at present; `known` are the names in its journal.
        """
        await self._left_open.find(self._visits / visit / "raw", known)
        await self._left_open.read()

    async def look(self) -> None:
        """Enter what was sealed meanwhile, report what was dropped, and stop where nothing more is wanted."""
        if self._running is None:
            return
        self._tell(self._running)
        if self._disk_full():
            self._note(RecordFault(text="the disk is nearly full: no samples are kept any more", remedy=ROOM))
            await self.stop("the disk is nearly full")
        else:
            if self._running.failed:
                self._want(False)
            await self.rest()

    async def rest(self) -> None:
        """Where nothing more is wanted: seal and enter what was recorded, or wait until that is done."""
        async with self._sealing:
            if not self._wanted:
                await self._end("nothing more is to be recorded")

    async def stop(self, reason: str) -> None:
        """Seal the last segment and enter it; nothing is recorded afterwards."""
        self._want(False)
        async with self._sealing:
            await self._end(reason)

    async def _end(self, reason: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            for segment in await asyncio.to_thread(running.recorder.stop):
                self._note(sealed_event(segment))
            self._tell(running)
            self._failed = running.failed
            self._note(RecordingStopped(reason=reason))
        await self._left_open.read()

    def _start(self, now_ns: int) -> None:
        recorder = Recorder(self._visits / self.visit / "raw", (), storage=self._storage)
        recorder.start()
        self._running = _Running(recorder, Entries(recorder), now_ns)
        self._note(RecordingStarted(folder="raw", streams=self._streams))

    def _tell(self, running: "_Running") -> None:
        """Enter what was sealed, and say what was lost since the last look."""
        for segment in running.recorder.take_sealed():
            self._note(sealed_event(segment))
        status = running.recorder.status()
        dropped, before = sum(status.dropped.values()), running.dropped
        running.dropped = dropped
        if status.state != "failed":
            if dropped > before:
                text = f"{dropped - before} samples could not be written in time"
                self._note(RecordFault(text=text, remedy="the disk is too slow: see bedside doctor", dropped=dropped))
        elif not running.failed:
            running.failed = True
            if status.left_open:
                self._left_open.add(running.recorder.folder, status.left_open)
            self._note(RecordFault(text=status.error, remedy=ROOM, dropped=dropped))


@dataclass(slots=True)
class _Running:
    """A recorder at work since `from_ns`, and what was told of it."""

    recorder: Recorder
    entries: Entries
    from_ns: int
    dropped: int = 0
    failed: bool = False


def _pulse_data(pulse: PulseReported) -> dict[str, object]:
    return {
        "source": pulse.source,
        "course": pulse.course or 0,
        "amplitude_pct_mso": pulse.amplitude_pct_mso,
        "di_dt_a_us": pulse.di_dt_a_us,
    }
