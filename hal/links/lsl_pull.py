"""One subscription to an LSL stream: a thread that waits in the library, and what it hands to the event loop."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.device import HalError, LinkLost, LinkNotFound

RESOLVE_S = 3.0
RESOLVE_STEP_S = 1.0
"""The library asks by multicast at once and every port by itself after half a second; some are heard only then."""
ANSWER_S = 3.0
BUFFER_S = 30
"""Seconds the library keeps for a stalled reader; its own default takes 58 MB for an amplifier."""
PULL_EVERY_S = 0.02
MAX_SAMPLES = 4096
OFFSET_EVERY_S = 5.0
OFFSET_WAIT_S = 2.0
"""For the first estimate of the clock offset, which takes some 0.7 s; samples wait in the library meanwhile."""
CHECK_SENDER = "check that the program that sends the stream runs, and that its name or source id is configured"


@dataclass(frozen=True, slots=True)
class LslStream:
    """What a stream says of itself. `units` and `labels` are as sent, one a channel, or empty where it names none."""

    name: str
    source_id: str
    host: str
    rate_hz: float
    channels: int
    text: bool
    labels: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LslChunk:
    """Consecutive samples: `values` (n, channels) float64 or float32 as sent, or texts of the first channel.

    `stamps_s` (n,) are the sender's, untouched; `offset_s` added to them gives this machine's LSL clock, None where it
    could not be measured. `mono_ns` is the station's monotonic time of arrival.
    """

    mono_ns: int
    values: NDArray[Any] | tuple[str, ...]
    stamps_s: NDArray[np.float64]
    offset_s: float | None


class Pull:
    """One subscription: a thread that blocks in the library, and what it hands to the loop."""

    def __init__(self, pylsl: ModuleType, predicate: str, what: str, now_ns: Callable[[], int]) -> None:
        self._pylsl = pylsl
        self._predicate = predicate
        self._what = what
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._chunks: deque[LslChunk] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: HalError | None = None
        self.begun: asyncio.Future[LslStream] = self._loop.create_future()
        self.ended = asyncio.Event()
        self.thread = threading.Thread(target=self._run, name=f"lsl {what}", daemon=True)
        self.thread.start()

    # on the loop's thread

    async def take(self) -> list[LslChunk]:
        """All chunks there are, at least one."""
        while not self._chunks:
            if self._error is not None:
                raise self._error
            self._waiter = self._loop.create_future()
            await self._waiter
        taken = list(self._chunks)
        self._chunks.clear()
        return taken

    def end(self) -> None:
        """Stop pulling."""
        self._stop.set()
        self._fail(LinkLost(f"LSL stream {self._what}: closed", remedy=CHECK_SENDER))

    def _begin(self, stream: LslStream) -> None:
        if not self.begun.done():
            self.begun.set_result(stream)

    def _arrive(self, chunk: LslChunk) -> None:
        self._chunks.append(chunk)
        self._wake()

    def _fail(self, error: HalError) -> None:
        self._error = self._error or error
        if not self.begun.done():
            self.begun.set_exception(error)
            # Nobody may be waiting for it any more.
            self.begun.exception()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # on its own thread

    def _run(self) -> None:
        try:
            self._serve(self._found())
        except HalError as error:
            self._tell(self._fail, error)
        except RuntimeError as error:
            # All errors of the library: lost, timed out, internal.
            ended = LinkLost(f"LSL stream {self._what} ended: {error}", remedy=CHECK_SENDER)
            self._tell(self._fail, ended)
        finally:
            self._tell(self._fail, LinkLost(f"LSL stream {self._what} ended", remedy=CHECK_SENDER))
            self._tell(self.ended.set)

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what, *arguments)

    def _found(self) -> Any:
        # A name need not be the only one: then a second stream is waited for.
        wanted = 2 if self._predicate.startswith("name") else 1
        for _ in range(round(RESOLVE_S / RESOLVE_STEP_S)):
            found = self._pylsl.resolve_bypred(self._predicate, wanted, RESOLVE_STEP_S)
            if len({info.uid() for info in found}) > 1:
                raise LinkNotFound(
                    f"{len(found)} LSL streams have the {self._what}", remedy="configure the source_id of the right one"
                )
            if found:
                return found[0]
            if self._stop.is_set():
                break
        raise LinkNotFound(f"no LSL stream has the {self._what}", remedy=CHECK_SENDER)

    def _serve(self, info: Any) -> None:
        # Recovery by the library is silent, and the samples in between are gone without a word: we reconnect ourselves.
        inlet = self._pylsl.StreamInlet(info, max_buflen=BUFFER_S, recover=False)
        stream = _described(self._pylsl, inlet.info(ANSWER_S))
        inlet.open_stream(ANSWER_S)
        offsets = _Offsets(inlet)
        waited_s = 0.0
        while not offsets.refresh(self._now_ns()) and waited_s < OFFSET_WAIT_S and not self._stop.wait(PULL_EVERY_S):
            waited_s += PULL_EVERY_S
        self._tell(self._begin, stream)
        pull = self._pull_texts if stream.text else self._pull_numbers
        buffer = np.empty((MAX_SAMPLES, stream.channels), inlet.np_dtype or np.float32)
        while not self._stop.wait(PULL_EVERY_S):
            offsets.refresh(self._now_ns())
            while pull(inlet, buffer, offsets.last_s) == MAX_SAMPLES:
                pass
        inlet.close_stream()

    def _pull_numbers(self, inlet: Any, buffer: NDArray[Any], offset_s: float | None) -> int:
        _, stamps = inlet.pull_chunk(timeout=0.0, max_samples=MAX_SAMPLES, dest_obj=buffer)
        count = len(stamps)
        if count:
            values = buffer[:count].copy()
            self._tell(self._arrive, LslChunk(self._now_ns(), values, np.asarray(stamps, np.float64), offset_s))
        return count

    def _pull_texts(self, inlet: Any, _buffer: NDArray[Any], offset_s: float | None) -> int:
        texts, stamps = inlet.pull_chunk(timeout=0.0, max_samples=MAX_SAMPLES)
        count = len(stamps)
        if count:
            first = tuple(str(sample[0]) for sample in texts)
            self._tell(self._arrive, LslChunk(self._now_ns(), first, np.asarray(stamps, np.float64), offset_s))
        return count


class _Offsets:
    """The clock offset of one stream, measured anew every few seconds. The library measures on a thread of its own."""

    def __init__(self, inlet: Any) -> None:
        self._inlet = inlet
        self._next_ns = 0
        self.last_s: float | None = None

    def refresh(self, now_ns: int) -> bool:
        """Ask for the newest estimate where it is time to; whether there is any."""
        if self.last_s is None or now_ns >= self._next_ns:
            with contextlib.suppress(RuntimeError):
                self.last_s = float(self._inlet.time_correction(0.001))
            self._next_ns = now_ns + round(OFFSET_EVERY_S * 1e9)
        return self.last_s is not None


def _described(pylsl: ModuleType, info: Any) -> LslStream:
    labels, units = [], []
    channel = info.desc().child("channels").child("channel")
    for _ in range(info.channel_count()):
        labels.append(channel.child_value("label"))
        units.append(channel.child_value("unit"))
        channel = channel.next_sibling("channel")
    return LslStream(
        info.name(),
        info.source_id(),
        info.hostname(),
        float(info.nominal_srate()),
        info.channel_count(),
        info.channel_format() == pylsl.cf_string,
        tuple(labels) if any(labels) else (),
        tuple(units) if any(units) else (),
    )
