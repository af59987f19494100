"""A simulated serial port server: RFC 2217 over TCP, with its own reading and writing of the protocol.

Whoever uses it sets the input lines and is told of the outputs. When the peer goes, the outputs fall, as they do on a
port that is closed.
"""

from collections.abc import Callable

from hal.sim.ports import TcpPort

IAC, SB, SE = b"\xff", b"\xfa", b"\xf0"
WILL, WONT, DO, DONT = 0xFB, 0xFC, 0xFD, 0xFE
COM_PORT = 0x2C
WANTED = {0x00, 0x03, COM_PORT}
SETTINGS = {1: 4, 2: 1, 3: 1, 4: 1}
"""Baud rate, data size, parity, stop size: bytes of their values. 0 asks for the present one."""
INITIAL = {1: (9600).to_bytes(4, "big"), 2: b"\x08", 3: b"\x01", 4: b"\x01"}
INPUT_BITS = {"cts": 0, "dsr": 1, "ri": 2, "dcd": 3}

OnOutputs = Callable[[bool, bool], None]


class Rfc2217Port(TcpPort):
    """A `hal.sim.ports.Port` with lines.

    `on_outputs(rts, dtr)` hears every change of an output, `on_data` the bytes for the serial side. `deaf` True is a
    dead wire both ways; `refuses` names outputs ("rts", "dtr") that this server leaves low whatever it is told.
    """

    def __init__(
        self,
        on_outputs: OnOutputs = lambda _rts, _dtr: None,
        on_data: Callable[[bytes], None] = lambda _data: None,
        port: int = 0,
    ) -> None:
        super().__init__(self._received, port, self._arrived)
        self._on_outputs = on_outputs
        self._on_data = on_data
        self.deaf = False
        self.refuses: set[str] = set()
        self.outputs = {"rts": False, "dtr": False}
        self.inputs = {"cts": False, "dsr": False, "ri": False, "dcd": False}
        self._told = 0
        self._agreed = False
        self._rest = b""
        self._settings = dict(INITIAL)

    @property
    def address(self) -> str:
        """As a device file writes it."""
        return f"line:rfc2217:127.0.0.1:{self.port}"

    def set_inputs(self, **levels: bool) -> None:
        """Move input lines (`cts`, `dsr`, `ri`, `dcd`) and notify the peer."""
        self.inputs.update(levels)
        self._notify()

    def write(self, data: bytes) -> None:
        """Send serial data."""
        self._out(data.replace(IAC, IAC + IAC))

    def _out(self, raw: bytes) -> None:
        if not self.deaf:
            super().write(raw)

    def _arrived(self) -> None:
        self._agreed, self._rest, self._told = False, b"", 0
        self._settings = dict(INITIAL)
        self._out(bytes((0xFF, WILL, COM_PORT, 0xFF, DO, COM_PORT)))

    def _drop_peer(self) -> None:
        super()._drop_peer()
        self._set_outputs(rts=False, dtr=False)

    def _received(self, data: bytes) -> None:
        if self.deaf:
            return
        self._rest += data
        serial_bytes = b""
        while self._rest:
            size = _size(self._rest)
            if size == 0:
                break
            piece, self._rest = self._rest[:size], self._rest[size:]
            if piece[:1] != IAC:
                serial_bytes += piece
            elif piece == IAC + IAC:
                serial_bytes += IAC
            elif piece[1:2] == SB:
                self._option(piece[2:-2].replace(IAC + IAC, IAC))
            elif size == 3:
                self._asked(piece[1], piece[2])
        if serial_bytes:
            self._on_data(serial_bytes)

    def _asked(self, verb: int, option: int) -> None:
        """Agree to what is wanted; what was offered at the beginning needs no second word."""
        if option == COM_PORT:
            if verb in (WILL, DO):
                self._agree()
            return
        if verb == WILL:
            self._out(bytes((0xFF, DO if option in WANTED else DONT, option)))
        elif verb == DO:
            self._out(bytes((0xFF, WILL if option in WANTED else WONT, option)))

    def _agree(self) -> None:
        """The peer speaks the option, by its word or, as pyserial may, by simply using it."""
        if not self._agreed:
            self._agreed = True
            self._notify(always=True)

    def _option(self, text: bytes) -> None:
        if len(text) < 2 or text[0] != COM_PORT:
            return
        self._agree()
        number, value = text[1], text[2:]
        if number in SETTINGS and len(value) == SETTINGS[number]:
            self._settings[number] = value if any(value) else self._settings[number]
            self._answer(number, self._settings[number])
        elif number == 5 and value:
            self._answer(5, bytes((self._control(value[0]),)))
        elif number == 7:
            self._notify(always=True)
        elif number in (10, 11, 12):
            self._answer(number, value)

    def _control(self, value: int) -> int:
        """Carry out a line request (RFC 2217: 7-9 DTR, 10-12 RTS) and tell the state; the rest is repeated."""
        for name, ask, on, off in (("dtr", 7, 8, 9), ("rts", 10, 11, 12)):
            if value in (on, off) and name not in self.refuses:
                self._set_outputs(**{name: value == on})
            if value in (ask, on, off):
                return on if self.outputs[name] else off
        return value

    def _set_outputs(self, **levels: bool) -> None:
        before = dict(self.outputs)
        self.outputs.update(levels)
        if self.outputs != before:
            self._on_outputs(self.outputs["rts"], self.outputs["dtr"])

    def _notify(self, *, always: bool = False) -> None:
        levels = sum(1 << bit for name, bit in INPUT_BITS.items() if self.inputs[name])
        moved = levels ^ self._told
        if not self._agreed or not (moved or always):
            return
        # The ring indicator is told when it falls, the others whenever they move.
        moved &= ~(levels & 0b100)
        self._told = levels
        self._answer(7, bytes((levels << 4 | moved,)))

    def _answer(self, number: int, value: bytes) -> None:
        text = bytes((COM_PORT, 100 + number)) + value
        self._out(IAC + SB + text.replace(IAC, IAC + IAC) + IAC + SE)


def _size(stream: bytes) -> int:
    """Bytes of the first piece of a stream: a run of data, or one command; 0 while it is not complete."""
    if stream[:1] != IAC:
        end = stream.find(IAC)
        return len(stream) if end < 0 else end
    if len(stream) < 2:
        return 0
    if stream[1] in (WILL, WONT, DO, DONT):
        return 3 if len(stream) >= 3 else 0
    if stream[1:2] != SB:
        return 2
    at = 2
    while (at := stream.find(IAC, at)) >= 0 and at + 1 < len(stream):
        if stream[at + 1 : at + 2] == SE:
            return at + 2
        at += 2
    return 0
