"""Telnet's COM port option on the wire (RFC 2217), as a client speaks it: bytes to messages and back, no I/O.

A serial port server ("device server") that speaks it lets a program switch RTS and DTR and tells CTS, DSR, RI and DCD.
Telnet commands begin with FF; an FF in data is sent twice.
"""

from dataclasses import dataclass

IAC = 0xFF
DONT, DO, WONT, WILL = 0xFE, 0xFD, 0xFC, 0xFB
SB, SE = 0xFA, 0xF0
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44
SET_CONTROL, NOTIFY_MODEM_STATE, SET_MODEM_STATE_MASK = 5, 7, 11
FROM_SERVER = 100
"""What a server answers with: the client's number plus 100."""
DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 8, 9, 11, 12
CTS_NOW, DSR_NOW, RI_NOW, DCD_NOW = 0x10, 0x20, 0x40, 0x80
CTS_MOVED, DSR_MOVED, RI_FELL, DCD_MOVED = 0x01, 0x02, 0x04, 0x08
MAX_OPTION = 256
"""Longest option text believed (bytes); a longer one is noise, and waiting for its end would deafen us."""


@dataclass(frozen=True, slots=True)
class Negotiation:
    """DO, DONT, WILL or WONT, and the option it is about."""

    verb: int
    option: int


@dataclass(frozen=True, slots=True)
class PortOption:
    """One message of the COM port option: its number (answers: +100) and its value."""

    number: int
    value: bytes


Message = Negotiation | PortOption


class Decoder:
    """A stream of bytes, cut anywhere, to messages. Data bytes are passed over; `dropped` counts broken options."""

    def __init__(self) -> None:
        self.dropped = 0
        self._commanded = False
        self._verb: int | None = None
        self._option: bytearray | None = None

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes; never raises."""
        found = [self._take(byte) for byte in data]
        return [message for message in found if message is not None]

    def _take(self, byte: int) -> Message | None:
        if self._verb is not None:
            verb, self._verb = self._verb, None
            return Negotiation(verb, byte)
        if self._commanded:
            self._commanded = False
            return self._command(byte)
        if byte == IAC:
            self._commanded = True
        else:
            self._collect(byte)
        return None

    def _command(self, byte: int) -> Message | None:
        if byte == IAC:
            self._collect(byte)
        elif byte == SB:
            self._give_up()
            self._option = bytearray()
        elif byte == SE:
            return self._complete()
        elif byte in (DO, DONT, WILL, WONT):
            self._give_up()
            self._verb = byte
        return None

    def _collect(self, byte: int) -> None:
        if self._option is None:
            return
        self._option.append(byte)
        if len(self._option) > MAX_OPTION:
            self._give_up()

    def _give_up(self) -> None:
        self.dropped += self._option is not None
        self._option = None

    def _complete(self) -> Message | None:
        option, self._option = self._option, None
        if not option:
            return None
        if option[0] != COM_PORT:
            return None
        if len(option) < 2:
            self.dropped += 1
            return None
        return PortOption(option[1], bytes(option[2:]))


def negotiate(verb: int, option: int) -> bytes:
    """A DO, DONT, WILL or WONT."""
    return bytes((IAC, verb, option))


def port_option(number: int, value: bytes = b"") -> bytes:
    """A message of the COM port option; FF in its value is doubled."""
    escaped = bytes((number, *value)).replace(b"\xff", b"\xff\xff")
    return bytes((IAC, SB, COM_PORT)) + escaped + bytes((IAC, SE))
