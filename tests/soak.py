"""All devices at once for minutes or an hour, then the recording against what the far ends truly did.

    python -m tests.soak --minutes 10 --report FILE [--loss]
    python -m tests.soak --minutes 30 --report FILE --radio-two witmotion|nus

Eight channels at 5120 Hz, four inertial sensors at 100 Hz over Bluetooth (two with a clock of their own, two without
even a counter), a force plate at 100 Hz, a balance board, a robot at 100 Hz, an emergency stop and a stimulator in a
running 1 Hz train, all in this process; the station, its guard and the D-Bus daemon are processes of their own.
Crystals are 100 ppm slow or fast, Bluetooth brings its samples in bunches of 10 to 60 ms, a second client is drawn for.

What is compared. *Lost*: the sequence of recorded rows with the sequence that left each device, by content. *Between
devices that carry a clock or a counter*: each device's error of time (recorded minus true) less one constant, its
median, since the delay that every sample has is not seen by timing alone; then the largest difference of two devices at
the same instant, from KNOWN_S after their first sample: so long it takes until twenty packets a second have told the
drift of a crystal of which nothing was known. What it is from WARM_S on is reported beside it, without a bar. For the
amplifier also the times that its recorded pairs of count and arrival give offline. *Devices without*: the root mean
square of the error less its median.

With `--radio-two` only two inertial sensors stand beside the patient, 50 ppm slow and fast, one in a hundred samples
lost in bursts. Half a minute after the start both are knocked three times together; what the knocks tell of the two
sensors' constant delays is taken off, and what is left between left and right is looked at for the rest of the run.
"""

import argparse
import asyncio
import json
import logging
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from bedside.events import PulseReported, RecordFault
from bedside.record.samples import gaps_in, read_samples, read_states, segment_files
from bedside.station.client import StationClient
from bedside.station.wire import Subscribe
from dsp.knock import offset_ms
from hal.sim.balance_board_device import BalanceBoardDevice
from hal.sim.force_board_device import NOMINAL_KG_PER_COUNT, ForceBoardDevice
from hal.sim.imu_far_end import ImuDevice
from hal.sim.private_bus import PrivateBus
from hal.sim.truth import Truth
from tests.helpers import truths
from tests.helpers.knocked import KNOCK_ROOM_S, KNOCKS_S, Knocked, felt_between
from tests.helpers.station_process import ROOT, Bedside, bedside_at
from tests.helpers.truths import Checked

CLOCKED = ("imu_nus_left", "imu_nus_right")
FREE = ("imu_foot_left", "imu_foot_right")
ALSO = ("force_board", "balance_board", "emergency_stop", *CLOCKED, *FREE)
DRIFT_PPM = {
    "emg": 100.0,
    "force_board": -100.0,
    "imu_nus_left": 100.0,
    "imu_nus_right": -100.0,
    "imu_foot_left": 100.0,
    "imu_foot_right": -100.0,
}
RADIO_TWO = {"witmotion": FREE, "nus": CLOCKED}
RADIO_PPM = (50.0, -50.0)
KNOCK_AFTER_S = 35.0
PLATE_HZ = 100.0
CPU_BAR = 0.25
BETWEEN_BAR_MS = 2.0
KNOWN_S = 60.0
FREE_BAR_MS = 5.0
SIDES_BAR_MS = 5.0
GROWTH_BAR = 1.05
START_S = 60.0
SETTLE_S = 5.0
QUIET_S = 5.0
"""Injected loss ends so long before the end, so that every counter has heard of it."""
DEVICE = {"emg": "quattrocento"}
STAMPED_ON_ARRIVAL = ("robot", "balance_board")
EMG_HZ = 5120
LAST_REPORT_S = 1.5
LONG_S = 300.0
LOSS = (*(f"{name}.loss:3" for name in CLOCKED), *(f"{name}.loss:1" for name in FREE), "force_board.loss:1")
"""Percent. Packets of several samples are lost in bursts: at 1 % half a minute may by chance have none."""
EMG_LOSS_EVERY_S = 5.0


class Soak:
    """One run: `go` gives the report."""

    def __init__(
        self, bed: Bedside, bus_pid: int, minutes: float, loss: bool, standing: bool, radio: tuple[str, ...] = ()
    ) -> None:
        self.bed = bed
        self.radio = radio
        self.also = radio or ALSO
        self.drift_ppm = dict(zip(radio, RADIO_PPM, strict=True)) if radio else DRIFT_PPM
        self.clocked = tuple(name for name in CLOCKED if name in self.also)
        self.free = tuple(name for name in FREE if name in self.also)
        self.knocks_s: tuple[float, ...] = ()
        self.bus_pid = bus_pid
        self.world = bed.world
        self.seconds = 60.0 * minutes
        self.loss = loss
        self.standing = standing
        self.waves = 0
        self.truths = {name: Truth() for name in ("emg", "robot", *self.also) if name != "emergency_stop"}
        self.memory_mb: list[float] = []
        self.counted_before = len(bed.events(PulseReported))
        self._prepare_far_ends()

    def _prepare_far_ends(self) -> None:
        self.world.emg.truth, self.world.robot.truth = self.truths["emg"], self.truths["robot"]
        self.world.emg.drift_ppm = DRIFT_PPM["emg"]
        knocked = (self.world.clock.now_s() + KNOCK_AFTER_S) if self.radio else math.inf
        self.knocks_s = tuple(knocked + at_s for at_s in KNOCKS_S)
        for name, far_end in self.world.also.items():
            if isinstance(far_end, ImuDevice | ForceBoardDevice | BalanceBoardDevice):
                far_end.truth = self.truths[name]
            if isinstance(far_end, ImuDevice):
                far_end.drift_ppm = self.drift_ppm[name]
                far_end.motion = Knocked(far_end.motion, self.knocks_s)
            if isinstance(far_end, ForceBoardDevice):
                far_end.clock_ppm = DRIFT_PPM[name]
                far_end.set_rate(PLATE_HZ)

    async def go(self) -> dict[str, Any]:
        """Start, run, end, check."""
        await self._start()
        used = await self._run()
        lost = await self._stop()
        return {"run": used, **await asyncio.to_thread(self._judge, used, lost)}

    # the run

    async def _start(self) -> None:
        self.world.gait.fit(25.0, 80.0)
        self.world.gait.stand()
        if not self.standing:
            self.world.gait.walk(1.2)
        await self.bed.start()
        await self.bed.until(self._under_way, "a running train and all devices", START_S)

    def _under_way(self) -> bool:
        picture = self.bed.picture
        states = {line.name: line.state for line in picture.devices} if picture is not None else {}
        return self.world.running and len(states) > len(self.also) and set(states.values()) == {"ok"}

    async def _run(self) -> dict[str, Any]:
        async with self._screen():
            await asyncio.sleep(SETTLE_S)
            if self.loss:
                for spec in LOSS:
                    if spec.split(".")[0] in self.also:
                        self.world.add_fault(spec)
            before = self._cpu_s()
            began_s = time.monotonic()
            while (done_s := time.monotonic() - began_s) < self.seconds:
                await asyncio.sleep(min(EMG_LOSS_EVERY_S, self.seconds - done_s))
                self.memory_mb.append(rss_mb(self.bed.pid))
                if self.loss and done_s < self.seconds - 2 * EMG_LOSS_EVERY_S:
                    self.world.add_fault("emg.lost_samples:777")
            wall_s = time.monotonic() - began_s
            after = self._cpu_s()
        shares = {name: round((after[name] - before[name]) / wall_s, 4) for name in after}
        return {"seconds": round(wall_s, 1), "cores": shares, "waves": self.waves, "memory_mb": self._memory()}

    def _memory(self) -> dict[str, float]:
        seen = self.memory_mb
        return {"quarter": round(seen[len(seen) // 4], 1), "end": round(max(seen[-3:]), 1)}

    def _cpu_s(self) -> dict[str, float]:
        return {"station": cpu_s(self.bed.pid), "bus": cpu_s(self.bus_pid), "world": time.process_time()}

    @asynccontextmanager
    async def _screen(self) -> AsyncIterator[None]:
        """A second client that is sent everything a screen shows."""
        client = await StationClient.connect(self.bed.layout.run, "observe")
        client.subscribe(Subscribe())

        async def take() -> None:
            async for _ in client.messages():
                self.waves += 1

        drawing = asyncio.create_task(take())
        try:
            yield
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)
            await client.close()

    async def _stop(self) -> dict[str, int]:
        """End losses, then the train, then the station; what its screen counted as lost."""
        self.world.faults.clear(self.world.clock.now_s())
        await asyncio.sleep(QUIET_S)
        picture = self.bed.picture
        assert picture is not None
        lost = {line.name: line.lost for line in picture.devices}
        await self.bed.fall_silent()
        await self.bed.until(lambda: not self.world.enabled, "off")
        await asyncio.sleep(LAST_REPORT_S)
        await self.bed.end()
        return lost

    # the judgement

    def _judge(self, run: dict[str, Any], screen_lost: dict[str, int]) -> dict[str, Any]:
        files = segment_files(next((self.bed.layout.data / "visits").glob("*/raw")))
        streams = self._streams(files)
        clocked = {} if self.radio else {name: streams[name] for name in ("force_board", *CLOCKED, "emg")}
        if not self.radio:
            clocked["emg offline"] = self._emg_again(files, streams["emg"])
        pairs = [pair for pair in combinations(clocked, 2) if set(pair) != {"emg", "emg offline"}]
        between, sooner = (
            {f"{a} and {b}": truths.apart_ms(clocked[a], clocked[b], from_s) for a, b in pairs}
            for from_s in (KNOWN_S, truths.WARM_S)
        )
        free = {name: truths.rms_ms(streams[name]) for name in self.radio or FREE}
        described = {name: self._described(name, checked, screen_lost) for name, checked in streams.items()}
        figures: dict[str, Any] = {
            "streams": described,
            "recorder_gaps": sum(gap.stream not in described for gap in gaps_in(files)),
            "constant_delay_ms": _rounded({name: checked.delay_ms for name, checked in streams.items()}),
            "between_ms": _rounded(between),
            "between_sooner_ms": _rounded(sooner),
            "free_rms_ms": _rounded(free),
            "arrival_rms_ms": _rounded(
                {name: truths.rms_ms(streams[name]) for name in STAMPED_ON_ARRIVAL if name in streams}
            ),
            "sides": self._sides(files, streams) if self.radio else {},
            "pulses": self._pulses(files),
        }
        return figures | {"verdicts": self._verdicts(figures, run)}

    def _streams(self, files: Sequence[Path]) -> dict[str, Checked]:
        station, left = self._station, {name: truth.left() for name, truth in self.truths.items()}
        words, times_ns = truths.read_robot(files)
        checked = {
            "emg": truths.check_amplifier(read_samples(files, "emg"), left["emg"], station),
            "robot": truths.check(words, np.arange(len(words)), times_ns, truths.robot_left(left["robot"]), station),
        }
        for name in self.truths.keys() - {"emg", "robot"}:
            run = read_samples(files, name)
            if name == "force_board":
                words = truths.force_words(run, NOMINAL_KG_PER_COUNT)
            elif isinstance(board := self.world.also[name], BalanceBoardDevice):
                words = truths.balance_words(run, board.memory)
            else:
                words = truths.motion_words(run)
            checked[name] = truths.check(words, run.index, run.times_ns, left[name], station)
        return checked

    def _sides(self, files: Sequence[Path], streams: dict[str, Checked]) -> dict[str, float]:
        """What the knocks tell of the two sensors' delays, and what is left between left and right afterwards (ms)."""
        knocked_ns = self._station(np.array([self.knocks_s[0] - KNOCK_ROOM_S, self.knocks_s[-1] + KNOCK_ROOM_S]))
        left, right = (felt_between(read_samples(files, name), *knocked_ns.tolist()) for name in self.radio)
        told_ms = offset_ms(*left, *right)
        return {"told_ms": told_ms, "left_ms": truths.left_of_offset_ms(*(streams[n] for n in self.radio), told_ms)}

    def _station(self, at_s: np.ndarray) -> np.ndarray:
        return self.world.clock.monotonic_ns(0.0) + np.rint(at_s * 1e9).astype(np.int64)

    def _emg_again(self, files: Sequence[Path], emg: Checked) -> Checked:
        """The amplifier's blocks at the times that its recorded pairs alone give them."""
        pairs = truths.read_pairs(files, DEVICE["emg"])
        again_ns = truths.mapped_again(pairs, 1e9 / EMG_HZ, emg.index)
        return replace(emg, errors_ms=(again_ns - emg.at_ns) / 1e6)

    def _pulses(self, files: Sequence[Path]) -> dict[str, int]:
        marked = [data["source"] for _, data in read_states(files, "pulses")]
        return {
            "fired": len(self.world.pulses),
            "counted": len(self.bed.events(PulseReported)) - self.counted_before,
            "triggers_recorded": marked.count("trigger"),
        }

    def _described(self, name: str, checked: Checked, screen_lost: dict[str, int]) -> dict[str, Any]:
        far_end = self.world.also.get(name)
        off_ms = np.abs(checked.errors_ms[checked.warm] - checked.delay_ms)
        return {
            "rows": checked.rows,
            "wrong": checked.wrong,
            "lost": checked.lost,
            "true_lost": checked.true_lost,
            "same_holes": checked.same_holes,
            "screen_lost": screen_lost.get(DEVICE.get(name, name)),
            "far_end_lost": far_end.lost if isinstance(far_end, ImuDevice) else None,
            "worst_ms": round(float(off_ms.max(initial=0.0)), 3),
        }

    def _verdicts(self, figures: dict[str, Any], run: dict[str, Any]) -> dict[str, bool]:
        """Each bar by its words, and whether it held."""
        streams, pulses, memory = figures["streams"], figures["pulses"], run["memory_mb"]
        counted = tuple(name for name in ("emg", "force_board", *CLOCKED) if name in streams)
        verdicts = {
            f"{name}: every sample that left it is recorded once, in order": not told["wrong"]
            for name, told in streams.items()
        }
        if self.loss:
            verdicts |= {
                f"{name}: {told['true_lost']} lost, told exactly and where": bool(told["true_lost"])
                and told["same_holes"]
                and told["lost"] == told["screen_lost"] == told["true_lost"]
                for name, told in streams.items()
                if name in counted
            }
            verdicts |= {
                f"{name}: {told['true_lost']} lost, {told['lost']} told by arrivals": bool(told["true_lost"])
                and told["lost"] == told["screen_lost"] == told["true_lost"]
                for name, told in streams.items()
                if name in self.free
            }
        else:
            verdicts |= {
                f"{name}: 0 lost, 0 told": not told["lost"] and not told["screen_lost"] and not told["true_lost"]
                for name, told in streams.items()
            }
        verdicts["nothing dropped by the recorder"] = figures["recorder_gaps"] == 0 and not self.bed.events(RecordFault)
        verdicts |= {
            f"{pair}: {apart:.2f} ms apart (bar {BETWEEN_BAR_MS:g})": apart <= BETWEEN_BAR_MS
            for pair, apart in figures["between_ms"].items()
        }
        verdicts |= {
            f"{name}: {rms:.2f} ms RMS (bar {FREE_BAR_MS:g})": rms <= FREE_BAR_MS
            for name, rms in figures["free_rms_ms"].items()
        }
        if self.radio:
            found = figures["sides"]
            told = f"right {found['told_ms']:+.2f} ms by the knocks, {found['left_ms']:.2f} ms left over"
            verdicts[f"{told} (bar {SIDES_BAR_MS:g})"] = found["left_ms"] <= SIDES_BAR_MS
        share = run["cores"]["station"]
        verdicts[f"station {share:.1%} of one core (bar {CPU_BAR:.0%})"] = share <= CPU_BAR
        # a trigger may lie in samples that were lost on purpose
        marked = self.loss or pulses["triggers_recorded"] == pulses["fired"]
        words = f"{pulses['fired']} pulses fired, {pulses['counted']} counted, {pulses['triggers_recorded']} marked"
        verdicts[words] = marked and pulses["fired"] == pulses["counted"] > 0
        if run["seconds"] >= LONG_S:
            verdicts[
                f"memory {memory['quarter']} MB after a quarter, {memory['end']} MB at the end (bar x{GROWTH_BAR})"
            ] = memory["end"] <= GROWTH_BAR * memory["quarter"]
        return verdicts


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in figures.items()}


def cpu_s(pid: int) -> float:
    """User and system time of a process (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory of a process (MB)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def long_enough(config: Path, seconds: float) -> None:
    """Make the configuration's treatment outlast the run, and its limits let that pass."""
    for name, old, new in (
        ("protocols/lf_1hz_1200.toml", "pulses_in_burst = 1200", f"pulses_in_burst = {math.ceil(seconds) + 300}"),
        ("limits.toml", "[1800, 1800, 1800,", "[9000, 9000, 9000,"),
        ("limits.toml", "session_low = 1800", "session_low = 9000"),
        ("limits.toml", "day = 2000", "day = 9000"),
    ):
        text = (config / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (config / name).write_text(text.replace(old, new))


async def soak(
    folder: Path, minutes: float, *, loss: bool = False, standing: bool = False, radio: tuple[str, ...] = ()
) -> dict[str, Any]:
    """One run in `folder`; its report. `radio` names two sensors to stand alone."""
    config = folder / "config"
    shutil.copytree(ROOT / "configs", config)
    long_enough(config, 60 * minutes)
    for path, old, new in ((config / "devices" / "force_board.toml", "rate_hz = 80.0", f"rate_hz = {PLATE_HZ}"),):
        path.write_text(path.read_text().replace(old, new))
    with PrivateBus(folder) as bus:
        assert bus.pid is not None
        async with bedside_at(
            folder / "bed", speed=1.0, step="treatment", also=radio or ALSO, bus=bus.address, config=config
        ) as bed:
            return await Soak(bed, bus.pid, minutes, loss, standing, radio).go()


def main(words: Sequence[str] | None = None) -> int:
    """Run, write the report, say what held; 0 when everything did."""
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--report", type=Path, required=True, help="where the figures go, as JSON")
    parser.add_argument("--loss", action="store_true", help="lose samples on purpose")
    parser.add_argument("--standing", action="store_true", help="the patient stands: begins half a minute sooner")
    parser.add_argument("--radio-two", choices=tuple(RADIO_TWO), help="two inertial sensors alone, knocked, with loss")
    options = parser.parse_args(words)
    radio = RADIO_TWO.get(options.radio_two, ())
    loss = options.loss or bool(radio)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = asyncio.run(soak(Path(folder), options.minutes, loss=loss, standing=options.standing, radio=radio))
    options.report.write_text(json.dumps(report, indent=1))
    for name, held in report["verdicts"].items():
        print(f"{'PASS' if held else 'FAIL'}  {name}", flush=True)
    return 0 if all(report["verdicts"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
