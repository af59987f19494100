"""A simulated Trigno control utility: a command port, the data port above it, 16 sensors of which 8 are on a patient.

Sensor 16 takes an analog input: the stimulator's trigger.
"""

import socket

import numpy as np

from hal.sim.emg.emg_far_end import PortedAmplifier
from hal.sim.emg.emg_source import Rows
from hal.sim.far_end import Surroundings
from hal.sim.ports import TcpPort

BANNER = "Delsys Trigno System Digital Protocol Version 3.6.0"
TRIGGER_V = 3.3
RAIL_V = 0.011


class DelsysDevice(PortedAmplifier):
    """Streams from START to STOP, to whoever is on the data port. It greets a moment after somebody connects.

    What is asked before that is obeyed after it.
    """

    def __init__(self, around: Surroundings, number: int = 0) -> None:
        super().__init__(around, 2000.0)
        number = number or _two_free_ports()
        self.port = self._commands = TcpPort(self._on_bytes, number, self._arrived)
        self.data_port = TcpPort(lambda _data: None, number + 1)
        self._received = b""
        self._greets = False

    def frames(self, rows: Rows) -> list[bytes]:
        """All samples as one piece."""
        table = np.zeros((len(rows.numbers), 16), "<f4")
        table[:, : rows.uv.shape[1]] = np.clip(rows.uv / 1e6, -RAIL_V, RAIL_V)
        table[:, list(rows.saturated)] = RAIL_V
        table[:, 15] = rows.trigger * TRIGGER_V
        return [table.tobytes()]

    def step(self) -> None:
        """Greet who has come, and stream; stop when the one who started is gone."""
        if not self._commands.connected:
            self.source.end()
        elif self._greets:
            self._greets = False
            self._say(BANNER)
            self._on_bytes(b"")
        super().step()

    def _arrived(self) -> None:
        self._received = b""
        self._greets = True
        self.source.end()

    def _on_bytes(self, data: bytes) -> None:
        if self.source.struck("silence") is not None:
            return
        self._received += data
        if self._greets:
            return
        *commands, self._received = self._received.split(b"\r\n\r\n")
        for command in commands:
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        if command == b"START":
            self.source.begin()
            self._say("OK")
        elif command == b"STOP":
            self.source.end()
            self._say("OK")
        else:
            self._say("INVALID COMMAND")

    def _say(self, text: str) -> None:
        self._commands.write(f"{text}\r\n\r\n".encode("ascii"))


def _two_free_ports() -> int:
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            number = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", number + 1))
            except (OSError, OverflowError):
                continue
            return number


def make(around: Surroundings) -> DelsysDevice:
    """The far end `delsys`."""
    return DelsysDevice(around)
