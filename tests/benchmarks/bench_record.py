"""What the record costs, each figure beside the bare system calls that any durable record has to make."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bedside.record.journal import Journal, Record, Stamp
from bedside.record.recorder import Recorder
from bedside.record.samples import read_samples, segment_files
from bedside.record.streams import SampleStream
from bedside.record.verify import verify

EVENTS = 1000
RATE_HZ, CHANNELS, BLOCK = 5120, 8, 128
SECONDS = 120
FAST = 60
UTC = "2026-11-21T03:40:05.123456Z"


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """CPU and wall-clock seconds of `work`."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def verdict(held: bool) -> str:
    return "PASS" if held else "FAIL"


def event(number: int) -> Record:
    data = {"purpose": "treatment", "course": number, "di_dt_a_us": 48, "amplitude_pct_mso": 48, "source": "device"}
    return Record(
        mono_ns=number, utc=UTC, sync="ntp", who="stimulator", via="device", ev="stim.pulse.reported", data=data
    )


def journal_cost(folder: Path) -> bool:
    journal = Journal.open(
        folder / "journal",
        box="bench",
        software="0",
        config_hash="0",
        boot="bench",
        clock=lambda: Stamp(0, UTC, "ntp"),
        rotate_after_s=1e6,
    )
    line = bytes(len((folder / "journal" / "000001.jsonl").read_bytes()) // 2)

    def append() -> None:
        for number in range(EVENTS):
            journal.append(event(number))

    def floor() -> None:
        fd = os.open(folder / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for _ in range(EVENTS):
            os.write(fd, line)
            os.fdatasync(fd)
        os.close(fd)

    floor_cpu, floor_wall = measured(floor)
    cpu, wall = measured(append)
    journal.close()
    cpu_ms = 1e3 * cpu / EVENTS
    print(f"one durable event: {cpu_ms:.3f} ms CPU (bar 0.5), {1e3 * wall / EVENTS:.3f} ms until durable", end="")
    print(f"; floor write+fdatasync {1e3 * floor_cpu / EVENTS:.3f} and {1e3 * floor_wall / EVENTS:.3f} ms", end="")
    print(f"; ratio CPU {cpu / floor_cpu:.2f}, time {wall / floor_wall:.2f}  {verdict(cpu_ms <= 0.5)}")
    proof_cpu, _ = measured(lambda: None if verify(folder / "journal").ok else exit("the journal does not hold"))
    print(f"proof of {EVENTS} events: {1e3 * proof_cpu:.1f} ms CPU")
    return cpu_ms <= 0.5


def recorder_cost(folder: Path) -> bool:
    stream = SampleStream(
        name="emg",
        rate_hz=RATE_HZ,
        channels=tuple(f"ch{number}" for number in range(CHANNELS)),
        units=("uV",) * CHANNELS,
        units_per_count=(0.5,) * CHANNELS,
    )
    values = np.random.default_rng(1).normal(0, 40, (RATE_HZ * SECONDS, CHANNELS)).astype(np.int16)
    recorder = Recorder(folder / "raw", [stream])
    start = time.perf_counter()

    def record() -> None:
        recorder.start()
        for first in range(0, len(values), BLOCK):
            ahead_s = first / RATE_HZ / FAST - (time.perf_counter() - start)
            if ahead_s > 0.01:
                time.sleep(ahead_s)
            recorder.samples("emg", first, first * 1_000_000_000 // RATE_HZ, values[first : first + BLOCK])
        recorder.stop()

    def floor() -> None:
        fd = os.open(folder / "floor.raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for second in range(SECONDS):
            for first in range(second * RATE_HZ, (second + 1) * RATE_HZ, BLOCK):
                os.write(fd, values[first : first + BLOCK].tobytes())
            if second % FAST == 0:
                os.fdatasync(fd)
        os.close(fd)

    floor_cpu, _ = measured(floor)
    cpu, wall = measured(record)
    share, dropped = 100 * cpu / SECONDS, recorder.status().dropped
    whole = np.array_equal(read_samples(segment_files(folder / "raw"), "emg").values, values)
    print(f"recorder, {CHANNELS} x {RATE_HZ} Hz: {share:.3f} % of a core (bar 1)", end="")
    print(f"; floor plain file {100 * floor_cpu / SECONDS:.3f} %; ratio {cpu / floor_cpu:.1f}  {verdict(share <= 1.0)}")
    print(f"at {SECONDS / wall:.0f} x real time: dropped {dropped or 0}, all samples back: {whole}", end="")
    kept_up = whole and not dropped and wall <= 1.25 * SECONDS / FAST
    print(f"  {verdict(kept_up)}")
    return share <= 1.0 and kept_up


def main() -> bool | None:
    """Measure both, on the disk of the working folder; False when a figure does not hold."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        held = [journal_cost(Path(name)), recorder_cost(Path(name))]
    return None if all(held) else False


if __name__ == "__main__":
    raise SystemExit(main() is False)
