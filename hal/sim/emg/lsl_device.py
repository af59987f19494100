"""A simulated amplifier's program: real LSL outlets with the patient's EMG and, as markers, the stimulator's trigger.

Stamps are those of a perfect sampling clock: the LSL clock at the start plus the sample's number over the rate. Faults
of a wire make no sense here: `garbage` and `truncated` do nothing.
"""

import asyncio
import os
from typing import Any

import numpy as np

from hal.links.lsl_library import load
from hal.sim.emg.emg_source import BLOCK_S, EmgSource, Rows
from hal.sim.far_end import Surroundings

RATE_HZ = 2000.0
RAIL_UV = 10_000.0
MARKER = "TMS"


class LslDevice:
    """Streams while it is plugged: 8 EMG channels and the trigger line as channel 9 (V), float32 in microvolts."""

    def __init__(self, around: Surroundings, source_id: str = "") -> None:
        self.source = EmgSource(around, RATE_HZ)
        # Two worlds on one machine would otherwise offer the same stream.
        self.source_id = source_id or f"bedside-sim-{around.name}-{around.seed:x}-{os.getpid()}"
        self.markers_id = f"{self.source_id}-markers"
        self.unit = "microvolts"
        self.nominal_hz = RATE_HZ
        self._names = around.patient.names
        self._pylsl = load()
        self._outlet: Any = None
        self._markers: Any = None
        self._start_s = 0.0
        self._was_high = False

    @property
    def address(self) -> str:
        """The stream by its source id."""
        return f"lsl:source_id={self.source_id}"

    async def plug(self) -> None:
        """Offer the streams."""
        if self._outlet is None:
            self._markers = self._pylsl.StreamOutlet(
                self._pylsl.StreamInfo("sim markers", "Markers", 1, 0, "string", self.markers_id)
            )
            self._outlet = self._pylsl.StreamOutlet(self._info(), 0, 30)
            self._start_s = self._pylsl.local_clock()
            self._was_high = False
            self.source.begin()

    def unplug(self) -> None:
        """Withdraw them."""
        self._outlet = self._markers = None
        self.source.end()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                if self.source.struck("cable_out") is not None:
                    self.unplug()
                else:
                    await self.plug()
                for rows in self.source.take():
                    self._push(rows)
                await asyncio.sleep(BLOCK_S)
        finally:
            self.unplug()

    def _info(self) -> Any:
        info = self._pylsl.StreamInfo(
            "sim amplifier", "EMG", len(self._names) + 1, self.nominal_hz, "float32", self.source_id
        )
        channels = info.desc().append_child("channels")
        for name in (*self._names, "trigger"):
            channel = channels.append_child("channel")
            channel.append_child_value("label", name)
            channel.append_child_value("unit", "volts" if name == "trigger" else self.unit)
        return info

    def _push(self, rows: Rows) -> None:
        table = np.zeros((len(rows.numbers), len(self._names) + 1), np.float32)
        table[:, :-1] = np.clip(rows.uv, -RAIL_UV, RAIL_UV)
        table[:, list(rows.saturated)] = RAIL_UV
        table[:, -1] = rows.trigger * 3.3
        # One chunk has one stamp, so it must not span a gap.
        ends = [*np.flatnonzero(np.diff(rows.numbers) != 1) + 1, len(table)]
        start = 0
        for end in ends:
            self._outlet.push_chunk(table[start:end], self._stamp(int(rows.numbers[end - 1])))
            start = end
        before = np.concatenate(([self._was_high], rows.trigger[:-1]))
        self._was_high = bool(rows.trigger[-1])
        for row in np.flatnonzero(rows.trigger & ~before):
            self._markers.push_sample([MARKER], self._stamp(int(rows.numbers[row])))

    def _stamp(self, number: int) -> float:
        return self._start_s + number / self.source.rate_hz


def make(around: Surroundings) -> LslDevice:
    """The far end `lsl_emg`."""
    return LslDevice(around)
