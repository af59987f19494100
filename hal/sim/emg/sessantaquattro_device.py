"""A simulated Sessantaquattro+: connects to the station, takes 2-byte commands, streams the patient's EMG.

AUX 1 carries the stimulator's trigger, AUX 2 nothing; the accessory columns are the buffer's fill and the ramp.
"""

import asyncio
import contextlib
import random
import socket
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.sim.emg.emg_source import BLOCK_S, EmgSource, Rows, spoiled
from hal.sim.far_end import Surroundings

TRIGGER_COUNTS = 16_000
SEND_LIMIT = 8 << 20
CALL_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Command:
    """What two bytes ask for."""

    word: int

    @property
    def asks(self) -> bool:
        """Bit 15: read the settings."""
        return bool(self.word >> 15)

    @property
    def go(self) -> bool:
        """Bit 0: acquire."""
        return bool(self.word & 1)

    @property
    def rate_hz(self) -> int:
        """Bits 14-13."""
        return 500 << (self.word >> 13 & 3)

    @property
    def emg_channels(self) -> int:
        """Bits 12-11, halved in bipolar mode (bits 10-8)."""
        return (8 << (self.word >> 11 & 3)) // (2 if self.word >> 8 & 7 == 1 else 1)

    @property
    def wide(self) -> bool:
        """Bit 7: 24 bit."""
        return bool(self.word >> 7 & 1)

    @property
    def nv_per_count(self) -> float:
        """From bits 7 and 5-4."""
        gain = (2 if self.wide else 8, 4, 6, 8)[self.word >> 4 & 3]
        return (71.5 if self.wide else 286.1) * 8 / gain


def encode(rows: Rows, command: Command, fill: int = 0) -> bytes:
    """Samples as they leave the device: big-endian, two or three bytes each."""
    bits = 24 if command.wide else 16
    rail = (1 << (bits - 1)) - 1
    table = np.zeros((len(rows.numbers), command.emg_channels + 4), np.int64)
    used = min(command.emg_channels, rows.uv.shape[1])
    table[:, :used] = np.clip(np.rint(rows.uv[:, :used] * 1000 / command.nv_per_count), -rail - 1, rail)
    for column in rows.saturated:
        table[:, column] = rail
    table[:, -4] = np.where(rows.trigger, TRIGGER_COUNTS << (bits - 16), 0)
    table[:, -2] = fill
    table[:, -1] = rows.numbers % (1 << bits)
    return _big_endian(table, bits // 8)


def _big_endian(table: NDArray[np.int64], width: int) -> bytes:
    wire = np.empty((*table.shape, width), np.uint8)
    for place in range(width):
        wire[..., place] = table >> 8 * (width - 1 - place) & 0xFF
    return wire.tobytes()


class SessantaquattroDevice:
    """Calls the station's port again and again until it answers; `hung_up_on` counts closings without a stop."""

    def __init__(self, around: Surroundings, port: int = 0) -> None:
        self.port = port or free_port()
        self.source = EmgSource(around, 2000.0)
        self.settings = Command(0)
        self.hung_up_on = 0
        self._rng = np.random.default_rng(around.seed + 1)
        self._plugged = False
        self._writer: asyncio.StreamWriter | None = None

    @property
    def address(self) -> str:
        """What the station must listen on."""
        return f"listen:127.0.0.1:{self.port}"

    async def plug(self) -> None:
        """Come into reach of the network."""
        self._plugged = True

    def unplug(self) -> None:
        """Leave it, ending the connection."""
        self._plugged = False
        if self._writer is not None:
            self._writer.transport.abort()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.plug()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._call())
                while True:
                    if self.source.struck("cable_out") is not None:
                        self.unplug()
                    else:
                        await self.plug()
                    self._send()
                    await asyncio.sleep(BLOCK_S)
        finally:
            self.unplug()

    async def _call(self) -> None:
        while True:
            if self._plugged:
                with contextlib.suppress(OSError):
                    await self._connected(*await asyncio.open_connection("127.0.0.1", self.port))
            await asyncio.sleep(CALL_AGAIN_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while True:
                word = await reader.readexactly(2)
                self._obey(Command(int.from_bytes(word, "big")))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hung_up_on += self.source.running and self._plugged
        finally:
            self._writer = None
            self.source.end()
            writer.transport.abort()

    def _obey(self, command: Command) -> None:
        if self.source.struck("silence") is not None:
            return
        if command.asks:
            if self._writer is not None:
                self._writer.write(self.settings.word.to_bytes(2, "big") + bytes(11))
            return
        self.settings = command
        if not command.go:
            self.source.end()
        elif not self.source.running:
            self.source.begin(command.rate_hz)

    def _send(self) -> None:
        for rows in self.source.take():
            if self._writer is not None and self._writer.transport.get_write_buffer_size() < SEND_LIMIT:
                self._writer.write(spoiled(self.source, [encode(rows, self.settings)], self._rng))


def free_port() -> int:
    """Below the ports that the kernel gives to callers: one of those would in time connect to itself."""
    while True:
        number = random.randrange(20_000, 32_000)
        with socket.socket() as chosen, contextlib.suppress(OSError):
            chosen.bind(("127.0.0.1", number))
            return number


def make(around: Surroundings) -> SessantaquattroDevice:
    """The far end `sessantaquattro`."""
    return SessantaquattroDevice(around)
