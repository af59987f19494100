"""The recording of a run against what the far ends truly did."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from bedside.events import PulseReported
from bedside.record.samples import gaps_in, read_samples, read_states, segment_files
from hal.sim.motion.imu_far_end import ImuDevice
from hal.sim.plate.balance_board_device import BalanceBoardDevice
from hal.sim.plate.force_board_device import NOMINAL_KG_PER_COUNT
from tests.helpers import truths
from tests.helpers.knocked import KNOCK_ROOM_S
from tests.helpers.truths import Checked
from tests.soak import radio_two
from tests.soak.plan import CLOCKED, DEVICE, EMG_HZ, FREE
from tests.soak.run import Soak

KNOWN_S = 60.0
STAMPED_ON_ARRIVAL = ("robot", "balance_board")


class Comparison:
    """Of a run that has ended; `screen_lost` is what its screen said was lost, by device."""

    def __init__(self, ran: Soak, screen_lost: dict[str, int]) -> None:
        self._ran = ran
        self._radio = ran.plan.radio
        self._screen_lost = screen_lost

    def figures(self) -> dict[str, Any]:
        """Everything that a bar is held against, and what is reported beside it (blocks on the disk)."""
        files = segment_files(next((self._ran.bed.layout.data / "visits").glob("*/raw")))
        streams = self._streams(files)
        clocked = {} if self._radio else {name: streams[name] for name in ("force_board", *CLOCKED, "emg")}
        if not self._radio:
            clocked["emg offline"] = self._emg_again(files, streams["emg"])
        pairs = [pair for pair in combinations(clocked, 2) if set(pair) != {"emg", "emg offline"}]
        between, sooner = (
            {f"{a} and {b}": truths.apart_ms(clocked[a], clocked[b], from_s) for a, b in pairs}
            for from_s in (KNOWN_S, truths.WARM_S)
        )
        free = {name: truths.rms_ms(streams[name]) for name in self._radio or FREE}
        described = {name: self._described(name, checked) for name, checked in streams.items()}
        return {
            "streams": described,
            "recorder_gaps": sum(gap.stream not in described for gap in gaps_in(files)),
            "constant_delay_ms": _rounded({name: checked.delay_ms for name, checked in streams.items()}),
            "between_ms": _rounded(between),
            "between_sooner_ms": _rounded(sooner),
            "free_rms_ms": _rounded(free),
            "arrival_rms_ms": _rounded(
                {name: truths.rms_ms(streams[name]) for name in STAMPED_ON_ARRIVAL if name in streams}
            ),
            "sides": self._sides(files, streams) if self._radio else {},
            "pulses": self._pulses(files),
        }

    def _streams(self, files: Sequence[Path]) -> dict[str, Checked]:
        station, left = self._station, {name: truth.left() for name, truth in self._ran.truths.items()}
        words, times_ns = truths.read_robot(files)
        checked = {
            "emg": truths.check_amplifier(read_samples(files, "emg"), left["emg"], station),
            "robot": truths.check(words, np.arange(len(words)), times_ns, truths.robot_left(left["robot"]), station),
        }
        for name in self._ran.truths.keys() - {"emg", "robot"}:
            run = read_samples(files, name)
            if name == "force_board":
                words = truths.force_words(run, NOMINAL_KG_PER_COUNT)
            elif isinstance(board := self._ran.world.also[name], BalanceBoardDevice):
                words = truths.balance_words(run, board.memory)
            else:
                words = truths.motion_words(run)
            checked[name] = truths.check(words, run.index, run.times_ns, left[name], station)
        return checked

    def _sides(self, files: Sequence[Path], streams: dict[str, Checked]) -> dict[str, float]:
        knocks_s = self._ran.knocks_s
        knocked_ns = self._station(np.array([knocks_s[0] - KNOCK_ROOM_S, knocks_s[-1] + KNOCK_ROOM_S]))
        return radio_two.sides(files, streams, self._radio, knocked_ns)

    def _station(self, at_s: np.ndarray) -> np.ndarray:
        return self._ran.world.clock.monotonic_ns(0.0) + np.rint(at_s * 1e9).astype(np.int64)

    def _emg_again(self, files: Sequence[Path], emg: Checked) -> Checked:
        """The amplifier's blocks at the times that its recorded pairs alone give them."""
        pairs = truths.read_pairs(files, DEVICE["emg"])
        again_ns = truths.mapped_again(pairs, 1e9 / EMG_HZ, emg.index)
        return replace(emg, errors_ms=(again_ns - emg.at_ns) / 1e6)

    def _pulses(self, files: Sequence[Path]) -> dict[str, int]:
        marked = [data["source"] for _, data in read_states(files, "pulses")]
        return {
            "fired": len(self._ran.world.pulses),
            "counted": len(self._ran.bed.events(PulseReported)) - self._ran.counted_before,
            "triggers_recorded": marked.count("trigger"),
        }

    def _described(self, name: str, checked: Checked) -> dict[str, Any]:
        far_end = self._ran.world.also.get(name)
        off_ms = np.abs(checked.errors_ms[checked.warm] - checked.delay_ms)
        return {
            "rows": checked.rows,
            "wrong": checked.wrong,
            "lost": checked.lost,
            "true_lost": checked.true_lost,
            "same_holes": checked.same_holes,
            "screen_lost": self._screen_lost.get(DEVICE.get(name, name)),
            "far_end_lost": far_end.lost if isinstance(far_end, ImuDevice) else None,
            "worst_ms": round(float(off_ms.max(initial=0.0)), 3),
        }


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in figures.items()}
