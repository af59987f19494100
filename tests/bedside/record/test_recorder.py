import errno
import hashlib
import json
import os
import shutil
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from numpy.typing import NDArray

from bedside.record.fsutil import Storage
from bedside.record.recorder import Recorder
from bedside.record.salvage import recover_segments, unbound_segments
from bedside.record.samples import Gap, gaps_in, read_samples, read_states, segment_files, streams_in
from bedside.record.segment import Message
from bedside.record.segments import SegmentFiles
from bedside.record.streams import ROBOT, SampleStream, encode_block
from tests.helpers.journals import FailingStorage

RATE_HZ = 1000.0
EMG = SampleStream(
    name="emg",
    rate_hz=RATE_HZ,
    channels=("TA", "SOL", "AUX"),
    units=("uV", "uV", "V"),
    units_per_count=(0.5, 0.5, 0.001),
    device="amplifier",
)
FORCE = SampleStream(
    name="force", rate_hz=100.0, channels=("x",), units=("cm",), units_per_count=(1.0,), dtype="float32"
)
BLOCK = 50


def signal(seconds: float) -> NDArray[np.int16]:
    rng = np.random.default_rng(3)
    return rng.normal(0, 200, (int(seconds * RATE_HZ), 3)).astype(np.int16)


def feed(recorder: Recorder, values: NDArray[np.int16], *, skip: tuple[int, ...] = ()) -> None:
    """Record `values` block by block, but for the blocks with the numbers in `skip`."""
    for block, start in enumerate(range(0, len(values), BLOCK)):
        if block not in skip:
            assert recorder.samples("emg", start, round(start * 1e9 / RATE_HZ), values[start : start + BLOCK])


def test_samples_come_back_bit_for_bit_with_their_times(tmp_path: Path) -> None:
    values = signal(3.0)
    recorder = Recorder(tmp_path, [EMG])
    recorder.start()
    feed(recorder, values)
    (sealed,) = recorder.stop()
    run = read_samples(segment_files(tmp_path), "emg")
    assert run.stream == EMG
    np.testing.assert_array_equal(run.values, values)
    np.testing.assert_array_equal(run.index, np.arange(3000))
    np.testing.assert_array_equal(run.times_ns, np.arange(3000) * 1_000_000)
    np.testing.assert_allclose(run.physical()[7], values[7] * np.array([0.5, 0.5, 0.001]))
    assert run.gaps == ()
    assert sealed.samples == {"emg": 3000}
    assert (sealed.first_mono_ns, sealed.last_mono_ns) == (0, 2_950_000_000)
    assert recorder.status().state == "idle"


def test_all_kinds_of_streams_lie_in_one_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG, FORCE, ROBOT])
    recorder.start()
    feed(recorder, signal(1.0))
    recorder.samples("force", 0, 0, np.arange(20, dtype=np.float32)[:, None] / 3)
    recorder.state("robot", 5, {"phase": "walking", "speed_kmh": 1.8})
    recorder.pulse(7, {"source": "stimulator", "course": 1})
    recorder.clock_pair("amplifier", 4711, 9)
    (sealed,) = recorder.stop()
    paths = segment_files(tmp_path)
    assert sealed.samples == {"emg": 1000, "force": 20, "robot": 1, "pulses": 1, "clocks": 1}
    assert set(streams_in(paths)) == set(sealed.samples)
    np.testing.assert_array_equal(read_samples(paths, "force").values[:, 0], np.arange(20, dtype=np.float32) / 3)
    assert read_states(paths, "robot") == [(5, {"phase": "walking", "speed_kmh": 1.8})]
    assert read_states(paths, "pulses") == [(7, {"source": "stimulator", "course": 1})]
    assert read_states(paths, "clocks") == [(9, {"device": "amplifier", "counter": 4711, "mono_ns": 9})]
    with pytest.raises(KeyError):
        read_samples(paths, "robot")


def test_a_standard_reader_opens_it_and_finds_its_own_description(tmp_path: Path) -> None:
    values = signal(1.0)
    recorder = Recorder(tmp_path, [EMG, ROBOT])
    recorder.start()
    feed(recorder, values)
    recorder.state("robot", 5, {"phase": "walking"})
    recorder.stop()
    with segment_files(tmp_path)[0].open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        seen: dict[str, list[bytes]] = {}
        for schema, channel, message in reader.iter_messages():
            assert schema is not None
            seen.setdefault(f"{channel.topic} {channel.message_encoding} {schema.encoding} {schema.name}", []).append(
                message.data
            )
            if channel.topic == "/emg":
                assert b"int16[] samples" in schema.data
                assert json.loads(channel.metadata["bedside.stream"])["units_per_count"] == [0.5, 0.5, 0.001]
            else:
                assert json.loads(schema.data)["properties"]["phase"] == {"type": "string"}
    assert set(seen) == {"/emg ros1 ros1msg bedside/SamplesInt16", "/robot json jsonschema bedside.robot"}
    first = seen["/emg ros1 ros1msg bedside/SamplesInt16"][0]
    assert struct.unpack_from("<QqHI", first) == (0, 0, 3, 3 * BLOCK)
    assert first[22:] == values[:BLOCK].astype("<i2").tobytes()


def test_a_segment_ends_each_minute_and_is_bound_by_its_hash(tmp_path: Path) -> None:
    values = signal(10.0)
    recorder = Recorder(tmp_path, [EMG], segment_s=3.0)
    recorder.start()
    feed(recorder, values)
    sealed = recorder.stop()
    assert [item.name for item in sealed] == [f"{number:06d}.mcap" for number in (1, 2, 3, 4)]
    for item in sealed:
        data = (tmp_path / item.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (item.size_bytes, item.sha256)
    assert [item.samples["emg"] for item in sealed] == [3000, 3000, 3000, 1000]
    np.testing.assert_array_equal(read_samples(segment_files(tmp_path), "emg").values, values)
    assert recorder.status().written_bytes == sum(item.size_bytes for item in sealed)


def test_a_second_start_goes_on_with_the_next_number(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG])
    for _ in range(2):
        recorder.start()
        with pytest.raises(RuntimeError, match="already"):
            recorder.start()
        feed(recorder, signal(0.2))
        recorder.stop()
    assert [path.name for path in segment_files(tmp_path)] == ["000001.mcap", "000002.mcap"]
    assert recorder.stop() == ()


def test_a_recording_without_samples_leaves_no_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG])
    recorder.start()
    assert recorder.stop() == ()
    assert list(tmp_path.iterdir()) == []


def test_wrong_samples_are_refused_by_name(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG])
    recorder.start()
    with pytest.raises(ValueError, match=r"emg.*\(n, 3\) of int16.*\(4, 2\)"):
        recorder.samples("emg", 0, 0, np.zeros((4, 2), np.int16))
    with pytest.raises(ValueError, match="float64"):
        recorder.samples("emg", 0, 0, np.zeros((4, 3)))
    with pytest.raises(TypeError, match="pulses"):
        recorder.samples("pulses", 0, 0, np.zeros((4, 3), np.int16))
    recorder.stop()
    with pytest.raises(ValueError, match="equally many"):
        SampleStream(name="x", rate_hz=1.0, channels=("a",), units=(), units_per_count=(1.0,))


class Blocked(Storage):
    """A disk that does not return from a sync until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def write(self, fd: int, data: bytes) -> None:
        if len(data) > 1000:
            self.reached.set()
            assert self.go_on.wait(30)
        super().write(fd, data)


def test_overload_is_dropped_and_counted_and_never_blocks(tmp_path: Path) -> None:
    disk = Blocked()
    recorder = Recorder(tmp_path, [EMG], storage=disk, queue_bytes=20_000)
    recorder.start()
    values = signal(8.0)
    taken = []
    for start in range(0, len(values), BLOCK):
        if start == 2000:
            assert disk.reached.wait(30), "the disk hangs from here on"
        taken.append(recorder.samples("emg", start, start * 1_000_000, values[start : start + BLOCK]))
    dropped = taken.count(False) * BLOCK
    assert dropped > 2000
    assert recorder.status().dropped == {"emg": dropped}
    assert recorder.status().queued_bytes <= 20_000
    disk.go_on.set()
    recorder.stop()
    run = read_samples(segment_files(tmp_path), "emg")
    kept = np.repeat(taken, BLOCK)
    np.testing.assert_array_equal(run.values, values[kept])
    np.testing.assert_array_equal(run.index, np.flatnonzero(kept))
    inner = np.flatnonzero(kept)[-1] + 1 - kept.sum()
    assert sum(gap.missing for gap in run.gaps) == inner, "each gap is marked with its length"


def test_a_gap_is_reported_for_each_stream(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG])
    recorder.start()
    feed(recorder, signal(1.0), skip=(4, 5))
    recorder.stop()
    gap = Gap(stream="emg", mono_ns=300_000_000, missing=100)
    assert read_samples(segment_files(tmp_path), "emg").gaps == (gap,)
    assert gaps_in(segment_files(tmp_path)) == (gap,)


class Stalled(Storage):
    """A disk on which nothing is created until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def create(self, path: Path) -> int:
        self.reached.set()
        assert self.go_on.wait(30)
        return super().create(path)


def test_a_disk_that_stalls_at_the_start_holds_nobody_up_and_loses_nothing(tmp_path: Path) -> None:
    disk, values = Stalled(), signal(2.0)
    recorder = Recorder(tmp_path, [EMG], storage=disk)
    recorder.start()
    assert disk.reached.wait(30)
    feed(recorder, values)
    assert list(tmp_path.iterdir()) == [], "the disk stalled"
    assert recorder.status().state == "recording"
    disk.go_on.set()
    recorder.stop()
    np.testing.assert_array_equal(read_samples(segment_files(tmp_path), "emg").values, values)
    assert recorder.status().dropped == {}


@pytest.mark.parametrize("call", range(3))
def test_a_disk_that_refuses_at_the_start_leaves_nothing_behind(tmp_path: Path, call: int) -> None:
    storage = FailingStorage({call}, errno.ENOSPC)
    recorder = Recorder(tmp_path, [EMG], storage=storage)
    before = len(list(Path("/proc/self/fd").iterdir()))
    recorder.start()
    assert recorder.stop() == ()
    assert storage.fired == [["create", "fsync_folder", "write"][call]]
    status = recorder.status()
    assert status.state == "failed"
    assert "check the disk" in status.error
    assert status.left_open == ""
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before, "no file is left open"


def test_a_number_that_another_recording_took_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    class Late(Storage):
        def create(self, path: Path) -> int:
            if path.name.startswith("000001"):
                path.write_bytes(b"of the recording before")
            return super().create(path)

    recorder = Recorder(tmp_path, [EMG], storage=Late())
    recorder.start()
    feed(recorder, signal(0.2))
    assert [sealed.name for sealed in recorder.stop()] == ["000002.mcap"]
    assert (tmp_path / "000001.mcap.open").read_bytes() == b"of the recording before"


@pytest.mark.parametrize("call", range(4, 11))
def test_after_a_disk_error_every_sample_is_in_a_file_or_counted_as_dropped(tmp_path: Path, call: int) -> None:
    storage = FailingStorage({call}, errno.ENOSPC)
    recorder = Recorder(tmp_path, [EMG], segment_s=1.5, storage=storage)
    values = signal(5.0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    recorder.start()
    feed_anyway(recorder, values)
    sealed = recorder.stop()
    status = recorder.status()
    assert storage.fired
    assert status.state == "failed"
    assert "check the disk" in status.error
    assert not recorder.samples("emg", 0, 0, values[:BLOCK])
    assert len(list(Path("/proc/self/fd").iterdir())) == before, "no file is left open"
    assert {item.name for item in sealed} <= {path.name for path in segment_files(tmp_path)}
    recovered = recover_segments(tmp_path, numbers={status.left_open})
    assert bool(recovered) == bool(list(tmp_path.glob("*.cut")))
    assert list(tmp_path.glob("*.open")) == []
    held = sum(item.samples["emg"] for item in unbound_segments(tmp_path, ()))
    assert held + status.dropped["emg"] >= len(values)


def feed_anyway(recorder: Recorder, values: NDArray[np.int16]) -> None:
    """As `feed`, whether the samples are taken or not."""
    for start in range(0, len(values), BLOCK):
        recorder.samples("emg", start, start * 1_000_000, values[start : start + BLOCK])


def left_open(folder: Path, values: NDArray[np.int16]) -> Path:
    """A segment as it lay on the disk when the process died: sealed, then cut back to what it was before the seal."""
    recorder = Recorder(folder, [EMG, ROBOT])
    recorder.start()
    feed(recorder, values)
    recorder.stop()
    path = folder / "000001.mcap"
    return path.rename(path.with_name("000001.mcap.open"))


def test_a_segment_cut_anywhere_keeps_an_exact_prefix(tmp_path: Path) -> None:
    values = signal(4.0)
    whole = left_open(tmp_path / "made", values).read_bytes()
    kept = set()
    for offset in [*range(0, len(whole), 173), len(whole) - 1, len(whole)]:
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / "000001.mcap.open").write_bytes(whole[:offset])
        (report,) = recover_segments(folder)
        paths = segment_files(folder)
        rows = 0
        if report.sealed:
            run = read_samples(paths, "emg")
            rows = len(run.values)
            np.testing.assert_array_equal(run.values, values[:rows])
            assert report.sealed.samples["emg"] == rows
            assert report.kept_s == pytest.approx((rows - BLOCK) / RATE_HZ)
            assert hashlib.sha256(paths[0].read_bytes()).hexdigest() == report.sealed.sha256
        assert report.gaps == ()
        assert (folder / "000001.mcap.cut").read_bytes() == whole[:offset], "the original is untouched"
        assert recover_segments(folder) == ()
        kept.add(rows)
        shutil.rmtree(folder)
    assert kept == {0, 1000, 2000, 3000, 4000}, "whole chunks of a second"


class Remembering(Storage):
    """Knows how many bytes of each file were synced: all that a power cut is sure to leave."""

    def __init__(self) -> None:
        self.synced: dict[int, int] = {}
        self.syncs = 0

    def fdatasync(self, fd: int) -> None:
        super().fdatasync(fd)
        self.syncs += 1
        self.synced[fd] = os.fstat(fd).st_size


@pytest.mark.parametrize("speed", [1, 60])
def test_a_power_cut_costs_little_more_than_a_second_of_real_time(tmp_path: Path, speed: int) -> None:
    storage = Remembering()
    raw = tmp_path / "raw"
    files = SegmentFiles(raw, {EMG.name: EMG}, 3600 * 10**9, storage)
    files.begin()
    values = signal(6.0 * min(speed, 8))
    step = BLOCK * speed
    cuts = 0
    for start in range(0, len(values), step):
        now_s = (start + step) / RATE_HZ / speed
        block = values[start : start + step]
        data = encode_block(EMG, start, start * 1_000_000, block)
        files.add([Message("emg", start * 1_000_000, start // step, len(block), data)], now_s)
        if start // step % 7 == 0:
            folder = tmp_path / str(start)
            folder.mkdir()
            kept = next(iter(storage.synced.values()), 0)
            (folder / "000001.mcap.open").write_bytes((raw / "000001.mcap.open").read_bytes()[:kept])
            (report,) = recover_segments(folder)
            rows = report.sealed.samples["emg"] if report.sealed else 0
            assert (start + step - rows) / RATE_HZ / speed <= 1.1
            cuts += 1
    files.finish()
    assert cuts > 2
    assert storage.syncs <= len(values) / RATE_HZ / speed + 2, "the card is not worn by more"


def test_a_damaged_chunk_ends_the_recovery_and_the_bytes_dropped_are_told(tmp_path: Path) -> None:
    values = signal(4.0)
    path = left_open(tmp_path, values)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    (report,) = recover_segments(tmp_path)
    rows = len(read_samples(segment_files(tmp_path), "emg").values)
    assert rows in (1000, 2000)
    assert report.dropped_bytes > 0
    assert "chunk" in report.reason


def test_random_damage_never_gives_wrong_samples_nor_hangs(tmp_path: Path) -> None:
    values = signal(4.0)
    whole = left_open(tmp_path / "made", values).read_bytes()
    rng = np.random.default_rng(11)
    shorter = 0
    for trial in range(150):
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        folder = tmp_path / str(trial)
        folder.mkdir()
        (folder / "000001.mcap.open").write_bytes(data)
        (report,) = recover_segments(folder)
        if report.sealed is None:
            shorter += 1
            continue
        run = read_samples(segment_files(folder), "emg")
        shorter += len(run.values) < len(values)
        np.testing.assert_array_equal(run.values, values[run.index], "every sample that is given is the recorded one")
    assert shorter > 100, "the damage was noticed"


def test_garbage_is_not_a_recording(tmp_path: Path) -> None:
    (tmp_path / "000001.mcap.open").write_bytes(b"hello")
    (report,) = recover_segments(tmp_path)
    assert report.sealed is None
    assert report.reason == "this is not an MCAP file"
    assert recover_segments(tmp_path / "nowhere") == ()


def test_a_segment_sealed_just_before_a_crash_is_found_for_the_journal(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG], segment_s=1.0)
    recorder.start()
    feed(recorder, signal(2.0))
    sealed = recorder.stop()
    assert unbound_segments(tmp_path, {sealed[0].name}) == sealed[1:]
    assert unbound_segments(tmp_path, {item.name for item in sealed}) == ()


FOOT = SampleStream(
    name="foot",
    rate_hz=100.0,
    channels=("offset_ms", "gyro_rad_s"),
    units=("ms", "rad/s"),
    units_per_count=(1.0, 1.0),
    dtype="float32",
)


def test_a_stream_that_joins_later_is_kept_with_each_samples_own_time(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, [EMG], segment_s=2.0)
    recorder.start()
    offsets_ms = np.array([0.0, 9.0, 31.0])
    for block in range(5):
        if block == 1:
            recorder.declare(FOOT)
        recorder.samples("emg", block * 10, block * 10**9, np.zeros((10, 3), np.int16))
        if block >= 1:
            rows = np.column_stack((offsets_ms, np.full(3, block))).astype(np.float32)
            recorder.samples("foot", block * 3, block * 10**9, rows)
    recorder.stop()
    assert len(segment_files(tmp_path)) == 3, "the stream had to be declared in three files"
    run = read_samples(segment_files(tmp_path), "foot")
    assert run.index.tolist() == list(range(3, 15))
    assert run.times_ns.tolist() == [b * 10**9 + int(o * 1e6) for b in range(1, 5) for o in offsets_ms]
