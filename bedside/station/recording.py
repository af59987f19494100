"""Samples of a visit, in its folder: from the hotspot search until the patient is off the robot, and of each trial."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from bedside.events import (
    CaptureStarted,
    CaptureStopped,
    Envelope,
    Event,
    PulseReported,
    RawSealed,
    RecordFault,
    RecordingStarted,
    RecordingStopped,
    StepEntered,
    StepId,
    StepReopened,
    VisitOpened,
)
from bedside.record.errors import RecorderFailed
from bedside.record.recorder import Recorder
from bedside.record.salvage import recover_segments, unbound_segments
from bedside.record.segment import SealedSegment
from bedside.station.entries import Entries
from bedside.station.stamping import Stamped, Stamping
from hal.device import Device, Reading
from hal.roles import EmgBlock, MotionBlock, PlateBlock

log = structlog.get_logger()

RECORDED_STEPS: frozenset[StepId] = frozenset(
    {"hotspot", "threshold", "dose", "fit", "coil", "treatment", "finish", "mep"}
)
"""Of an assessment's instruments a trial is recorded, and nothing between trials."""
SAMPLES = (EmgBlock, MotionBlock, PlateBlock)
ROOM = "free space on the data disk, then repeat the step"


class Recording:
    """Feeds the recorder at recorded steps and in trials, and enters sealed segments in the journal.

    `streams` are the names under which the configured devices will be found in the files.
    """

    def __init__(
        self,
        visits: Path,
        streams: tuple[str, ...],
        note: Callable[[Event], None],
        disk_full: Callable[[], bool],
    ) -> None:
        self._visits = visits
        self._streams = streams
        self._note = note
        self._disk_full = disk_full
        self._recorder: Recorder | None = None
        self._entries: Entries | None = None
        self._stamping: Stamping | None = None
        self._amplifier: Device | None = None
        self._dropped = 0
        self._wanted = False
        self._sealing = asyncio.Lock()
        self.visit = ""

    @property
    def words(self) -> str:
        """What the health strip says."""
        if self._recorder is None:
            if not self._wanted:
                return "off"
            return "disk full" if self._disk_full() else "waiting for samples"
        return self._recorder.status().state

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
            case PulseReported() as pulse if self._recorder is not None:
                self._recorder.pulse(envelope.mono_ns, _pulse_data(pulse))

    def take(self, device: Device, reading: Reading) -> None:
        """A reading of any device; the first samples of a recorded step start the recorder."""
        # stamped also while nothing is recorded: a clock that is known from the start has nothing to put right
        stamped = self._stamped(device, reading) if isinstance(reading, EmgBlock) else []
        if self._recorder is None and isinstance(reading, SAMPLES):
            if not (self._wanted and self.visit) or self._disk_full():
                return
            self._start()
        if self._entries is None or not self._wanted:
            return
        if isinstance(reading, EmgBlock):
            for block, first_ns in stamped:
                self._entries.emg(device, block, first_ns)
        else:
            self._entries.take(device, reading)

    def _want(self, wanted: bool) -> None:
        """From now on; samples that still wait for their time belong to what was wanted when they came."""
        if wanted != self._wanted and self._stamping is not None:
            for block, first_ns in self._stamping.rest():
                if self._entries is not None and self._amplifier is not None:
                    self._entries.emg(self._amplifier, block, first_ns)
        self._wanted = wanted

    def _stamped(self, device: Device, block: EmgBlock) -> list[Stamped]:
        self._amplifier = device
        if self._stamping is None:
            self._stamping = Stamping(block.rate_hz)
        return self._stamping.take(block)

    async def recover(self, visit: str, known: Collection[str]) -> None:
        """Enter what a crash left of a visit's samples: segments cut off, and segments sealed but not journalled."""
        folder = self._visits / visit / "raw"
        for salvaged in await asyncio.to_thread(recover_segments, folder):
            lost = f"{salvaged.original}: {salvaged.reason}; {salvaged.dropped_bytes} bytes are lost"
            self._note(RecordFault(text=lost, remedy="nothing to do: what was whole is kept"))
        for segment in await asyncio.to_thread(unbound_segments, folder, known):
            self._note(_sealed(segment))

    async def look(self) -> None:
        """Enter what was sealed meanwhile, report what was dropped, and stop where nothing more is wanted."""
        if self._recorder is None:
            return
        for segment in self._recorder.take_sealed():
            self._note(_sealed(segment))
        self._report(self._recorder)
        if self._disk_full():
            self._note(RecordFault(text="the disk is nearly full: no samples are kept any more", remedy=ROOM))
            await self.stop("the disk is nearly full")
        else:
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
        recorder, self._recorder, self._entries = self._recorder, None, None
        if recorder is None:
            return
        for segment in await asyncio.to_thread(recorder.stop):
            self._note(_sealed(segment))
        self._note(RecordingStopped(reason=reason))

    def _start(self) -> None:
        recorder = Recorder(self._visits / self.visit / "raw", ())
        try:
            recorder.start()
        except RecorderFailed as error:
            self._wanted = False
            self._note(RecordFault(text=str(error), remedy=ROOM))
            return
        self._recorder, self._entries, self._dropped = recorder, Entries(recorder), 0
        self._note(RecordingStarted(folder="raw", streams=self._streams))

    def _report(self, recorder: Recorder) -> None:
        status = recorder.status()
        dropped = sum(status.dropped.values())
        if status.state == "failed":
            self._note(RecordFault(text=status.error, remedy=ROOM))
            self._recorder, self._entries, self._wanted = None, None, False
        elif dropped > self._dropped:
            text = f"{dropped - self._dropped} samples could not be written in time"
            self._note(RecordFault(text=text, remedy="the disk is too slow: see bedside doctor", dropped=dropped))
        self._dropped = dropped


def _sealed(segment: SealedSegment) -> RawSealed:
    return RawSealed(
        name=segment.name,
        size_bytes=segment.size_bytes,
        sha256=segment.sha256,
        first_mono_ns=segment.first_mono_ns,
        last_mono_ns=segment.last_mono_ns,
        samples=segment.samples,
    )


def _pulse_data(pulse: PulseReported) -> dict[str, object]:
    return {
        "source": pulse.source,
        "course": pulse.course or 0,
        "amplitude_pct_mso": pulse.amplitude_pct_mso,
        "di_dt_a_us": pulse.di_dt_a_us,
    }
