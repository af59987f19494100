"""What the station offers to other programs of the laboratory over LSL: EMG, pulses, and the robot's phase.

Three streams: EMG as float32 in microvolts at its rate, and two of texts at no rate. A pulse carries the time of its
*sample*, on the same line as the EMG's stamps, not the moment at which it was told. Nothing here waits: the library
sends on threads of its own. Whoever listens can neither slow nor change the visit.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from hal.links.lsl_library import Scope, load
from hal.roles import EmgBlock, EmgChannel

KEEP_S = 10.0
BUFFER_S = 10


class SampleClock:
    """When a sample was taken, on the LSL clock: samples arrive late, never early, so the earliest arrivals tell."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._zeros: deque[tuple[float, float]] = deque()

    def heard(self, end_sample: int, now_s: float) -> None:
        """All samples before running index `end_sample` have come by `now_s` on the LSL clock."""
        self._zeros.append((now_s, now_s - (end_sample - 1) / self._rate_hz))
        while now_s - self._zeros[0][0] > KEEP_S:
            self._zeros.popleft()

    def at_s(self, sample: int) -> float | None:
        """When `sample` was taken (s, LSL clock); None before anything was heard."""
        return min(zero for _, zero in self._zeros) + sample / self._rate_hz if self._zeros else None


class LslOutlet:
    """The streams `NAME-emg`, `NAME-pulses` and `NAME-phase`, with source ids of the same form.

    Raises `SetupError` where LSL is not installed. All calls on the event loop's thread; none blocks.
    """

    def __init__(
        self,
        name: str,
        channels: tuple[EmgChannel, ...],
        rate_hz: float,
        *,
        scope: Scope = "machine",
        clock_s: Callable[[], float] | None = None,
    ) -> None:
        self._pylsl = load(scope)
        self._clock_s: Callable[[], float] = clock_s or self._pylsl.local_clock
        self._samples = SampleClock(rate_hz)
        self._emg = self._pylsl.StreamOutlet(self._emg_info(f"{name}-emg", channels, rate_hz), 0, BUFFER_S)
        self._pulses = self._texts(f"{name}-pulses")
        self._phase = self._texts(f"{name}-phase")

    def emg(self, block: EmgBlock) -> None:
        """Offer one block, stamped sample by sample from the sample clock; gaps show in the stamps."""
        if self._emg is None or not len(block.counts):
            return
        end = block.first_sample + len(block.counts)
        self._samples.heard(end, self._clock_s())
        last_s = self._samples.at_s(end - 1)
        self._emg.push_chunk(np.ascontiguousarray(block.samples_uv, np.float32), last_s)

    def pulse(self, sample: int | None, text: str) -> None:
        """Offer a pulse (`text` such as "pulse 12, 48 %MSO") at the running index of the EMG sample that shows it.

        None: no sample is known, and the text says so; the stamp is the present.
        """
        at_s = None if sample is None else self._samples.at_s(sample)
        if self._pulses is not None:
            unknown = "" if at_s is not None else " (time of telling, not of the pulse)"
            self._pulses.push_sample([text + unknown], at_s if at_s is not None else self._clock_s())

    def phase(self, text: str) -> None:
        """Offer what the robot or the visit has come to ("walk", "step left"), stamped with the present."""
        if self._phase is not None:
            self._phase.push_sample([text], self._clock_s())

    def close(self) -> None:
        """Withdraw the streams; safe to call twice, and what is offered later is dropped."""
        self._emg = self._pulses = self._phase = None

    def _texts(self, name: str) -> Any:
        return self._pylsl.StreamOutlet(self._pylsl.StreamInfo(name, "Markers", 1, 0, "string", name))

    def _emg_info(self, name: str, channels: tuple[EmgChannel, ...], rate_hz: float) -> Any:
        info = self._pylsl.StreamInfo(name, "EMG", len(channels), rate_hz, "float32", name)
        listed = info.desc().append_child("channels")
        for channel in channels:
            entry = listed.append_child("channel")
            entry.append_child_value("label", channel.name)
            entry.append_child_value("unit", "microvolts")
            entry.append_child_value("type", "EMG")
        return info
