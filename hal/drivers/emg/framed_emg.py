"""What the boards on a serial port share: frames with a small counter, good for the envelope alone."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hal.device import NoAnswer
from hal.drivers.emg.emg_blocks import BlockMaker, ChannelOption, Counts
from hal.drivers.emg.emg_device import EmgDevice
from hal.drivers.emg.frame_finder import Bytes, FrameFinder
from hal.drivers.emg.sampled import ClockedLoss, EdgeDetector, FrameLosses, Gap
from hal.linked import Patience
from hal.links.base import Link

TEXT_LIMIT = 4096
FRAMED_PATIENCE = Patience(silence_s=1.0, reopen_s=5.0)


class FramedEmg(EmgDevice):
    """An amplifier that first says who it is, in text, and then sends frames. Never for evoked potentials."""

    envelope_only: ClassVar[bool] = True
    modulus: ClassVar[int]

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        patience: Patience,
        channels: tuple[ChannelOption, ...],
        blocks: BlockMaker,
        *,
        block_ms: float,
    ) -> None:
        super().__init__(name, now_ns, link, patience, channels, blocks)
        self._least_rows = max(1, round(block_ms * blocks.rate_hz / 1000))
        self._by_clock = ClockedLoss(blocks.rate_hz, turn=self.modulus)
        self._text = bytearray()
        self._text_came = asyncio.Event()
        self._frames: list[Bytes] = []
        self._restart(listening=False)

    @property
    def suits_meps(self) -> bool:
        """Never: too slow."""
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        """What its counter cannot show."""
        return (f"{self.modulus} samples lost at once are seen late, and only by the clock",)

    @abstractmethod
    def finder(self) -> FrameFinder:
        """A fresh finder of its frames."""

    @abstractmethod
    def decode(self, frames: Bytes) -> tuple[Counts, NDArray[np.int64], NDArray[np.uint8] | None]:
        """Counts of all inputs (n, inputs), the counter (n,), and the trigger line (n,) of 0 and 1 or None."""

    def on_link_up(self) -> None:
        """Whatever comes first is text."""
        super().on_link_up()
        self._restart(listening=False)

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire: text until acquisition was started, then frames."""
        if not self._listening:
            self._text += data
            del self._text[:-TEXT_LIMIT]
            self._text_came.set()
            return
        frames = self._finder.feed(data)
        if len(frames):
            self._frames.append(frames)
        if sum(map(len, self._frames)) >= self._least_rows:
            ready, self._frames = np.concatenate(self._frames), []
            self._take(ready)

    async def text(self, found: Callable[[bytes], Any], within_s: float, what: str) -> Any:
        """The first true result of `found` on all text since the last call; raises `NoAnswer` naming `what`."""
        try:
            async with asyncio.timeout(within_s):
                while not (result := found(bytes(self._text))):
                    self._text_came.clear()
                    await self._text_came.wait()
        except TimeoutError:
            raise NoAnswer(f"it does not answer: no {what}", remedy=self.silent_remedy) from None
        self._text.clear()
        return result

    def start_frames(self) -> None:
        """From now on what comes is frames."""
        self._restart(listening=True)

    def _restart(self, *, listening: bool) -> None:
        self._listening = listening
        self._text.clear()
        self._finder = self.finder()
        self._losses = FrameLosses(self.modulus)
        self._edges = EdgeDetector(1)
        self._frames = []
        self._by_clock.restart()

    def _take(self, frames: Bytes) -> None:
        counts, counter, line = self.decode(frames)
        gaps = self._losses.feed(counter)
        index = self.blocks.next_sample + len(frames) + sum(gap.lost for gap in gaps)
        if unseen := self._by_clock.feed(self.now_ns() / 1e9, index):
            gaps = [Gap(0, unseen), *gaps]
        self.deliver(counts, gaps, self._edges.feed(line) if line is not None else [])
