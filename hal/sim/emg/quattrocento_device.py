"""A simulated Quattrocento: a TCP server that waits for a configuration and streams, as fast as time runs.

Samples belong to simulated time: a reader that is slow, or a block that is late, moves no sample and no trigger.
Filters in the configuration are not simulated: the stream is what the widest setting would give.
"""

import asyncio
import contextlib
import math
import socket
import zlib
from collections import deque
from collections.abc import Callable
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from hal.sim.clock import SimClock
from hal.sim.emg.quattrocento_codec import (
    AUX_UV_PER_COUNT,
    CONFIG_BYTES,
    RAIL,
    RATES_HZ,
    UV_PER_COUNT,
    Acquisition,
    BadConfig,
    parse_config,
)
from hal.sim.faults import Faults
from hal.sim.patient.patient import HUM_UV, Patient
from hal.sim.truth import Truth

BLOCK_S = 0.02
"""Real time between blocks: long enough that a block's arithmetic outweighs its overhead."""
MAX_ROWS = 16_384
TRIGGER_MS = 3.0
TRIGGER_COUNTS = round(3.3e6 / AUX_UV_PER_COUNT)
SEND_BUFFER_BYTES = 4 << 20


class Stream:
    """One acquisition: turns simulated time into rows. `sent` is the running index of the next sample.

    `rate_hz` is what the amplifier's own crystal makes of the rate that was asked for.
    """

    def __init__(
        self, settings: Acquisition, start_s: float, patient: Patient, faults: Faults, drift_ppm: float = 0.0
    ) -> None:
        self.settings = settings
        self.rate_hz = settings.rate_hz / (1 + drift_ppm / 1e6)
        self.start_s = start_s
        self.sent = 0
        self._patient = patient
        self._faults = faults
        self._rows: NDArray[np.int16] = np.zeros((MAX_ROWS, settings.channels), dtype="<i2")

    @property
    def next_s(self) -> float:
        """Simulated time of the next sample."""
        return self.start_s + self.sent / self.rate_hz

    def due(self, now_s: float) -> int:
        """How many samples time has produced since the last one sent."""
        return max(0, math.floor((now_s - self.start_s) * self.rate_hz) - self.sent)

    def block(self, count: int, pulses_s: tuple[float, ...]) -> NDArray[np.int16]:
        """The next `count` rows (at most `MAX_ROWS`), valid until the next call; `pulses_s` are the pulses' times."""
        rate_hz = self.rate_hz
        first_s = self.next_s
        rows = self._rows[:count]
        hum = self._faults.strike("emg.hum", first_s)
        uv = self._patient.render_uv(
            first_s, count, rate_hz, first_index=self.sent, hum_rms_uv=hum.number if hum else HUM_UV
        )
        uv *= np.float32(1 / UV_PER_COUNT)
        np.rint(uv, out=uv)
        rows[:, : uv.shape[1]] = np.clip(uv, -RAIL - 1, RAIL, out=uv)
        self._channel_faults(rows, first_s)
        self._mark_triggers(rows[:, self.settings.trigger_column], first_s, pulses_s)
        rows[:, self.settings.counter_column + 1] = rows[:, self.settings.trigger_column] > 0
        counter = np.arange(self.sent, self.sent + count) & 0xFFFF
        rows[:, self.settings.counter_column] = counter.astype(np.uint16).view(np.int16)
        self.sent += count
        return rows

    def _channel_faults(self, rows: NDArray[np.int16], now_s: float) -> None:
        for fault in self._faults.strike_all("emg.saturated", now_s):
            rows[:, self._patient.column(fault.argument)] = RAIL
        for fault in self._faults.strike_all("emg.flat", now_s):
            rows[:, self._patient.column(fault.argument)] = 0

    def _mark_triggers(self, line: NDArray[np.int16], first_s: float, pulses_s: tuple[float, ...]) -> None:
        line[:] = 0
        width = math.ceil(TRIGGER_MS / 1000 * self.rate_hz)
        for pulse_s in pulses_s:
            start = math.ceil(round((pulse_s - first_s) * self.rate_hz, 6))
            line[max(0, start) : max(0, start + width)] = TRIGGER_COUNTS


class QuattrocentoDevice:
    """Serves one amplifier on a port of the loopback; the newest connection is the one that counts.

    `drift_ppm` is how slow its crystal is, from the next acquisition on.
    `before_block` brings the rest of the world to the present, so that no pulse is missing from a block.
    """

    def __init__(
        self,
        patient: Patient,
        clock: SimClock,
        faults: Faults,
        *,
        port: int = 0,
        before_block: Callable[[], None] = lambda: None,
    ) -> None:
        self.port = port
        self.accepted_configs = 0
        self.rejected_configs = 0
        self.samples_sent = 0
        self.drift_ppm = 0.0
        self.truth: Truth | None = None
        self._patient = patient
        self._clock = clock
        self._faults = faults
        self._before_block = before_block
        self._pulses_s: deque[float] = deque(maxlen=4096)
        self._listener: socket.socket | None = None
        self._peer: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """`tcp:`, host and port."""
        return f"tcp:127.0.0.1:{self.port}"

    def note_pulse(self, at_s: float) -> None:
        """The trigger line rose at `at_s` simulated seconds."""
        if not self._faults.strike("emg.lost_trigger", at_s):
            self._pulses_s.append(at_s)

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                if self._faults.strike("emg.cable_out", self._clock.now_s()):
                    await self._unplug()
                else:
                    self.plug()
                if self._peer is not None and self._peer.done():
                    self._peer.result()
                await asyncio.sleep(BLOCK_S)
        finally:
            await self._unplug()

    def plug(self) -> None:
        """Listen, keeping the port over unplugging; raises OSError when it is taken."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    async def _unplug(self) -> None:
        await self._end_peer()
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _ = listener.accept()
            if self._peer is not None:
                self._peer.cancel()
            self._peer = asyncio.get_running_loop().create_task(self._serve(connection))

    async def _end_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await peer

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        try:
            async with asyncio.TaskGroup() as group:
                await self._converse(connection, group)
        finally:
            connection.close()

    async def _converse(self, connection: socket.socket, group: asyncio.TaskGroup) -> None:
        streaming: asyncio.Task[None] | None = None
        received = b""
        while data := await _received(connection):
            received += data
            while len(received) >= CONFIG_BYTES:
                config, received = received[:CONFIG_BYTES], received[CONFIG_BYTES:]
                settings = self._settings(config)
                if settings is not None and streaming is not None:
                    streaming.cancel()
                if settings is not None and settings.on:
                    stream = Stream(settings, self._clock.now_s(), self._patient, self._faults, self.drift_ppm)
                    streaming = group.create_task(self._stream(stream, connection))
        if streaming is not None:
            streaming.cancel()

    def _settings(self, config: bytes) -> Acquisition | None:
        try:
            settings = parse_config(config)
        except BadConfig:
            self.rejected_configs += 1
            return None
        self.accepted_configs += 1
        return settings

    async def _stream(self, stream: Stream, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while True:
                # In this order: what `before_block` brings to its own, later present covers all of this block.
                now_s = self._clock.now_s()
                self._before_block()
                self._drop_samples(stream, now_s)
                count = min(MAX_ROWS, stream.due(now_s))
                if count:
                    first, first_s = stream.sent, stream.next_s
                    rows = stream.block(count, self._pulses_since(first_s - TRIGGER_MS / 1000))
                    self._note(first, first_s, rows)
                    await loop.sock_sendall(connection, rows.data.cast("B"))
                    self.samples_sent += count
                if count < MAX_ROWS:
                    await asyncio.sleep(BLOCK_S)

    def _note(self, first: int, first_s: float, rows: NDArray[np.int16]) -> None:
        if self.truth is not None:
            inputs = np.ascontiguousarray(rows[:, : len(self._patient.names)])
            self.truth.note((first,), (first_s,), (len(rows), zlib.crc32(inputs.data)))

    def _pulses_since(self, earliest_s: float) -> tuple[float, ...]:
        # One sample more than the trigger's length, because a pulse is marked at the sample that follows it.
        return tuple(takewhile(lambda at_s: at_s > earliest_s - 1 / RATES_HZ[0], reversed(self._pulses_s)))

    def _drop_samples(self, stream: Stream, now_s: float) -> None:
        if stream.due(now_s) and self._faults.strike("emg.silence", now_s):
            stream.sent += stream.due(now_s)
        if stream.due(now_s) and (lost := self._faults.strike("emg.lost_samples", now_s)):
            stream.sent += int(lost.number)


async def _received(connection: socket.socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(connection, 4096)
    except ConnectionError:
        return b""
