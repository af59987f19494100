"""An EMG stream of another program over LSL: TMSi, BrainVision, NeurOne, Noraxon's computer, a laboratory's script.

The sender's stamps and the measured clock offsets are kept as they are (`LslStamps`) and nothing is smoothed; samples
are counted by them. A stream says much of itself and guarantees nothing: rate and unit must agree with the device file,
and where samples come at another rate, that is said. The stimulator's trigger is a channel of the stream, or markers of
another stream of the same sender. Tried against outlets of the library itself, not with an amplifier's program.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.device import LinkError, Vitals
from hal.drivers.emg.emg_blocks import MEP_RATE_HZ, NOT_FOR_MEPS, BlockMaker
from hal.drivers.emg.emg_device import EMG_PATIENCE, OFF_RATE, OFF_RATE_REMEDY, off_rate
from hal.drivers.emg.lsl_options import CORRECT_FILE, LslEmgOptions, checked_uv_per_unit
from hal.drivers.emg.lsl_timeline import MarkerLine, StampLosses
from hal.drivers.emg.sampled import EdgeDetector
from hal.links.lsl import LslChunk, LslLink
from hal.links.lsl_library import load
from hal.options import parse_options
from hal.roles import EmgChannel, LslStamps
from hal.supervised import Patience, SupervisedDevice

UNKNOWN_RAIL = 2**31 - 1
_CHECK_PROGRAM = "check that the program that sends the stream is recording"
_OPEN_PORTS = "let UDP ports 16572 to 16604 through the firewall between the two computers"
MARKERS_AGAIN_S = 1.0
NO_TRIGGERS = "no triggers: "


class LslEmg(SupervisedDevice):
    """A `hal.roles.EmgAmplifier`; its counts are microvolts (float32)."""

    role = "emg"
    link_kinds = ("lsl",)
    silent_remedy = _CHECK_PROGRAM

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: LslLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = EMG_PATIENCE,
    ) -> None:
        super().__init__(name, now_ns, patience)
        self.options = parse_options(LslEmgOptions, options or {}, device=name)
        # Imported here and not while the loop runs; without the library the device is refused before anything starts.
        load(link.scope)
        self.link = link
        self.blocks = BlockMaker(1.0, self.options.rate_hz)
        self._marker_link = link.beside(self.options.markers) if self.options.markers else None
        self._columns = np.array([channel.input - 1 for channel in self.options.channels])
        self._uv_per_unit = 1.0
        self._losses = StampLosses(self.options.rate_hz)
        self._line = MarkerLine(self.options.rate_hz)
        self._edges = EdgeDetector(self.options.trigger_level)
        self._first_offset_s: float | None = None
        self._offset_s: float | None = None
        self._was_off = False
        self.real_s: Callable[[], float] = time.monotonic

    @property
    def address(self) -> str:
        """The stream, as configured."""
        return self.link.address

    @property
    def channels(self) -> tuple[EmgChannel, ...]:
        """The configured channels, in the order of the block's columns."""
        return tuple(EmgChannel(channel.name, channel.muscle, channel.side) for channel in self.options.channels)

    @property
    def rate_hz(self) -> float:
        """Samples per second and channel."""
        return self.options.rate_hz

    @property
    def rail_counts(self) -> int:
        """Where the amplifier saturates (uV), as configured."""
        return self.options.rail_uv or UNKNOWN_RAIL

    @property
    def for_meps(self) -> bool:
        """Whether the rate resolves an evoked potential and is kept, and the stimulator's trigger comes along."""
        triggered = bool(self.options.trigger_channel or self.options.markers)
        return self.rate_hz >= MEP_RATE_HZ and triggered and not self.blocks.pace.is_off

    @property
    def dropped(self) -> int:
        """Samples that the stamps show to be lost."""
        return self.blocks.lost

    @property
    def vitals(self) -> Vitals:
        """Measured rate, received and lost samples, the clock offset, and what it is not good for."""
        notes = () if self.for_meps else (NOT_FOR_MEPS,)
        first_s, now_s = self._first_offset_s, self._offset_s
        moved_s = None if first_s is None or now_s is None else now_s - first_s
        rail = () if self.options.rail_uv else ("saturation cannot be seen: rail_uv is not configured",)
        return Vitals(
            rate_hz=self.blocks.pace.rate_hz,
            received=self.blocks.received,
            lost=self.blocks.lost,
            clock_offset_ms=None if moved_s is None else 1000 * moved_s,
            notes=notes + rail,
        )

    # for the supervisor

    @property
    def link_open(self) -> bool:
        """Whether the stream is subscribed to."""
        return self.link.is_open

    async def connect(self) -> None:
        """Find the stream and check what it says of itself; raises `LinkNotFound`, `Refused`."""
        await self.link.open()
        assert self.link.stream is not None  # noqa: S101 - open
        self._uv_per_unit = checked_uv_per_unit(self.link.stream, self.options)

    async def begin(self) -> None:
        """Forget the time line of an earlier sender."""
        self.blocks.restart()
        self._losses.restart()
        self._line.restart()
        self._first_offset_s = self._offset_s = None
        self._edges = EdgeDetector(self.options.trigger_level)

    async def listen(self) -> None:
        """Take samples until the stream ends; raises `LinkLost`."""
        while True:
            for chunk in await self.link.read():
                self._take(chunk)

    async def talk(self) -> None:
        """Take markers, where they are configured, and look for their stream again when it ends."""
        marker_link = self._marker_link
        while marker_link is not None:
            try:
                await self._listen_to(marker_link)
            except LinkError as error:
                self._doubt(f"{NO_TRIGGERS}{error.args[0]}", error.remedy)
            finally:
                marker_link.close()
            await asyncio.sleep(MARKERS_AGAIN_S)
        await super().talk()

    async def release(self) -> None:
        """Unsubscribe."""
        self.link.close()
        await self.link.wait_closed()
        if self._marker_link is not None:
            self._marker_link.close()
            await self._marker_link.wait_closed()

    # samples and markers

    def _take(self, chunk: LslChunk) -> None:
        values, stamps = np.asarray(chunk.values), chunk.stamps_s
        gaps = self._losses.feed(stamps, self.blocks.next_sample)
        channel = self.options.trigger_channel
        rises = self._edges.feed(values[:, channel - 1]) if channel else []
        counts = (np.take(values, self._columns, axis=1) * self._uv_per_unit).astype(np.float32)
        blocks = self.blocks.cut(counts, gaps, rises, chunk.mono_ns)
        self._offset_s = chunk.offset_s
        self._first_offset_s = self._first_offset_s if self._first_offset_s is not None else chunk.offset_s
        self.heard()
        row = 0
        for block in blocks:
            own = stamps[row : row + len(block.counts)]
            row += len(block.counts)
            # Without an offset the two streams have no common clock, and nothing is assumed.
            marked = [] if chunk.offset_s is None else self._line.samples(block.first_sample, own + chunk.offset_s)
            self.publish(replace(block, triggers=(*block.triggers, *marked)) if marked else block)
            self.publish(LslStamps(chunk.mono_ns, block.first_sample, own, chunk.offset_s))
        if self._losses.stuck:
            self._doubt("the stream's time stamps stand still: its samples are not new", _CHECK_PROGRAM)
        self._check_rate(chunk.mono_ns)

    async def _listen_to(self, marker_link: LslLink) -> None:
        await marker_link.open()
        if marker_link.stream is None or not marker_link.stream.text:
            self._doubt(f"{NO_TRIGGERS}the marker stream holds no texts", CORRECT_FILE)
            await asyncio.Event().wait()
        if self.health.error.startswith(NO_TRIGGERS):
            self.set_health(replace(self.health, error="", remedy=""))
        while True:
            for chunk in await marker_link.read():
                self._mark(chunk)

    def _mark(self, chunk: LslChunk) -> None:
        for text, stamp_s in zip(chunk.values, _floats(chunk.stamps_s), strict=True):
            if self.options.marker_text not in ("", text):
                continue
            if chunk.offset_s is None or self._offset_s is None:
                self._doubt(f"{NO_TRIGGERS}the streams' clocks cannot be compared", _OPEN_PORTS)
            else:
                self._line.marker(stamp_s + chunk.offset_s)

    def _check_rate(self, now_ns: int) -> None:
        self.blocks.pace.feed(now_ns / 1e9, self.blocks.next_sample, self.real_s())
        if self.blocks.pace.is_off:
            self._was_off = True
            self._doubt(off_rate(self.blocks), OFF_RATE_REMEDY)
        elif self._was_off:
            self._was_off = False
            if self.health.error.startswith(OFF_RATE):
                self.set_health(replace(self.health, error="", remedy=""))

    def _doubt(self, error: str, remedy: str) -> None:
        if not self.health.error:
            self.set_health(replace(self.health, error=error, remedy=remedy))


def _floats(stamps_s: NDArray[np.float64]) -> list[float]:
    return [float(stamp_s) for stamp_s in stamps_s]
