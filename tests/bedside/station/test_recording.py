"""Samples of a visit: clock pairs beside them, and an end in good order before the disk is full."""

import asyncio
import errno
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bedside.events import (
    CaptureStarted,
    CaptureStopped,
    Envelope,
    Event,
    RawSealed,
    RecordFault,
    RecordingStopped,
    StepEntered,
    StepId,
    StepReopened,
    VisitOpened,
)
from bedside.record.fsutil import SYSTEM, Storage
from bedside.record.samples import Reading, read_samples, read_states, segment_files
from bedside.station.recording import Recording
from hal.drivers.gait.manual_robot import ManualRobot
from hal.roles import EmgBlock, EmgChannel, LslStamps
from tests.helpers.far_ends import until
from tests.helpers.journals import FailingStorage

RATE_HZ, ROWS, START_NS = 5120.0, 512, 7_000_000_000_000


class Amplifier(ManualRobot):
    """A device that only has the amplifier's names."""

    role = "emg"
    channels = (EmgChannel("TA left", "tibialis_anterior", "left"),)
    rate_hz = RATE_HZ
    rail_counts = 32767
    for_meps = True


AMPLIFIER = Amplifier("amplifier", time.monotonic_ns)


class Rig:
    def __init__(self, folder: Path, storage: Storage = SYSTEM) -> None:
        self.notes: list[Event] = []
        self.full = False
        self.recording = Recording(folder, ("emg",), self.notes.append, lambda: self.full, storage)
        self.raw = folder / "v" / "raw"
        self.blocks = 0
        opened = VisitOpened(visit="v", participant="P", study="S", session=1, sessions_planned=28, simulated=True)
        self.tell(opened)
        self.enter("hotspot")

    def tell(self, event: Event) -> None:
        self.recording.event(Envelope(n=1, mono_ns=0, utc="", who="", via="", event=event))

    def enter(self, step: StepId) -> None:
        self.tell(StepEntered(step=step))

    def feed(self, blocks: int) -> None:
        for _ in range(blocks):
            self.blocks += 1
            self.recording.take(
                AMPLIFIER,
                EmgBlock(
                    mono_ns=START_NS + int(self.blocks * ROWS / RATE_HZ * 1e9),
                    counts=np.full((ROWS, 1), self.blocks, np.int16),
                    uv_per_count=0.5,
                    rate_hz=RATE_HZ,
                    first_sample=(self.blocks - 1) * ROWS,
                ),
            )

    def of(self, kind: type[Event]) -> list[Event]:
        return [note for note in self.notes if isinstance(note, kind)]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    await rig.recording.stop("the test ends")


async def test_a_clock_pair_a_second_ties_the_sample_count_to_station_time(rig: Rig) -> None:
    rig.feed(25)
    await rig.recording.stop("enough")
    pairs = [data for _, data in read_states(segment_files(rig.raw), "clocks")]
    assert len(pairs) == 3
    for pair in pairs:
        assert pair["counter"] / RATE_HZ == pytest.approx((pair["mono_ns"] - START_NS) / 1e9)


async def test_samples_end_in_good_order_before_the_disk_is_full_and_return_with_room(rig: Rig) -> None:
    rig.feed(5)
    rig.full = True
    await rig.recording.look()
    assert [fault.text for fault in rig.of(RecordFault)] == ["the disk is nearly full: no samples are kept any more"]
    assert len(rig.of(RawSealed)) == len(rig.of(RecordingStopped)) == 1
    rig.enter("threshold")
    rig.feed(5)
    await rig.recording.look()
    assert len(rig.of(RecordFault)) == 1, "it is said once"
    rig.full = False
    rig.feed(5)
    await rig.recording.stop("enough")
    assert read_samples(segment_files(rig.raw), "emg").values[:, 0].tolist()[::ROWS] == [
        1,
        2,
        3,
        4,
        5,
        11,
        12,
        13,
        14,
        15,
    ]


async def test_of_an_assessment_only_trials_are_recorded_and_each_ends_with_its_last_sample(rig: Rig) -> None:
    await rig.recording.stop("nothing was recorded yet")
    rig.enter("assess")
    rig.feed(3)
    assert rig.recording.words == "off"
    assert not rig.raw.exists(), "looking alone writes nothing"
    told = {"instrument": "stand", "task": "t", "trial": 1}
    rig.tell(CaptureStarted(**told, seconds=30.0))
    rig.feed(2)
    rig.tell(CaptureStopped(**told, cause="time", seconds=30.0))
    rig.feed(4)
    await asyncio.gather(rig.recording.look(), rig.recording.rest())
    assert rig.of(RawSealed), "whoever asks for rest waits until everything is sealed"
    assert read_samples(segment_files(rig.raw), "emg").values[::ROWS, 0].tolist() == [4, 5]


async def test_a_step_that_is_opened_again_is_recorded_again(rig: Rig) -> None:
    rig.feed(2)
    rig.enter("assess")
    rig.feed(3)
    await rig.recording.look()
    rig.tell(StepReopened(step="threshold", reason="asked for"))
    rig.feed(2)
    rig.tell(StepReopened(step="posture", reason="asked for"))
    rig.feed(1)
    await rig.recording.look()
    assert read_samples(segment_files(rig.raw), "emg").values[::ROWS, 0].tolist() == [1, 2, 6, 7]


async def test_what_waited_for_its_time_between_two_steps_is_not_recorded(rig: Rig) -> None:
    rig.feed(2)
    rig.enter("assess")
    rig.feed(2)
    rig.tell(StepReopened(step="hotspot", reason="at once, before the recording was sealed"))
    rig.feed(2)
    await rig.recording.stop("the test ends")
    assert read_samples(segment_files(rig.raw), "emg").values[::ROWS, 0].tolist() == [1, 2, 5, 6]


async def test_the_senders_own_stamps_and_offsets_are_kept_beside_the_samples(rig: Rig) -> None:
    rig.feed(1)
    stamps_s = np.array([10_000.000_2, 10_000.000_4])
    rig.recording.take(AMPLIFIER, LslStamps(10**9, first_sample=7, stamps_s=stamps_s, offset_s=-2.5e-5))
    await rig.recording.stop("enough")
    files = segment_files(rig.raw)
    kept = read_samples(files, "emg_stamps")
    assert kept.values[:, 0].tolist() == stamps_s.tolist(), "to the last bit"
    assert kept.index.tolist() == [7, 8]
    assert read_states(files, "emg_offsets")[0][1] == {"first_sample": 7, "offset_s": -2.5e-5}


class Disk(FailingStorage):
    """A disk that stalls where something is created until it is let go, and that refuses everything while `broken`."""

    def __init__(self) -> None:
        super().__init__(set(), errno.EIO)
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.broken = False

    def create(self, path: Path) -> int:
        self.reached.set()
        assert self.go_on.wait(30)
        return super().create(path)

    def _step(self, name: str) -> None:
        self._fail = {self.calls} if self.broken else set()
        super()._step(name)


async def test_a_disk_that_stalls_at_the_start_of_a_trial_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    disk = Disk()
    rig = Rig(tmp_path, disk)
    rig.feed(12)
    assert await asyncio.to_thread(disk.reached.wait, 30), "the disk was not asked"
    assert rig.recording.words == "recording"
    disk.go_on.set()
    await rig.recording.stop("enough")
    assert read_samples(segment_files(rig.raw), "emg").values[::ROWS, 0].tolist() == list(range(1, 13))


async def written(rig: Rig, blocks: int) -> None:
    """Until so many blocks are on the disk."""
    first = rig.raw / "000001.mcap.open"
    await until(lambda: first.exists() and len(list(Reading([first]).items())) >= blocks)


@pytest.mark.parametrize("lasting", [False, True])
async def test_after_a_write_error_all_that_was_written_is_read_again_and_entered(
    tmp_path: Path, lasting: bool
) -> None:
    disk = Disk()
    disk.go_on.set()
    rig = Rig(tmp_path, disk)
    rig.feed(40)
    await written(rig, 30)
    disk.broken = True
    rig.feed(20)
    await until(lambda: rig.recording.words == "failed")
    assert disk.fired
    disk.broken = lasting
    await rig.recording.look()
    disk.broken = False
    faults = [fault for fault in rig.of(RecordFault) if isinstance(fault, RecordFault)]
    assert "check the disk" in faults[0].text
    assert faults[0].dropped >= 15 * ROWS
    assert ("cannot be read" in faults[1].text) == lasting
    assert rig.recording.words == "failed"
    rig.feed(5)
    rig.enter("threshold")
    rig.feed(10)
    await rig.recording.stop("the visit is closed")
    files = {path.name for path in rig.raw.iterdir()}
    assert files == {"000001.mcap.cut", "000001.recovered.mcap", "000002.mcap"}
    sealed = {note.name for note in rig.of(RawSealed) if isinstance(note, RawSealed)}
    assert sealed == {path.name for path in segment_files(rig.raw)}
    kept = read_samples(segment_files(rig.raw), "emg").values[::ROWS, 0].tolist()
    assert kept[:30] == list(range(1, 31)), "whole chunks of a second"
    assert kept[-10:] == list(range(66, 76))


async def test_a_segment_that_cannot_be_sealed_is_read_again_and_entered(tmp_path: Path) -> None:
    disk = Disk()
    disk.go_on.set()
    rig = Rig(tmp_path, disk)
    rig.feed(40)
    await written(rig, 30)
    disk.broken = True
    await rig.recording.stop("the visit is closed")
    disk.broken = False
    assert [type(note) for note in rig.notes[-3:]] == [RecordFault, RecordingStopped, RecordFault]
    await rig.recording.stop("the station ends")
    assert [note.name for note in rig.of(RawSealed) if isinstance(note, RawSealed)] == ["000001.recovered.mcap"]
