"""Control lines on a serial port server that speaks RFC 2217.

pyserial has such a client too, but it raises both lines while it opens, takes at least 50 ms to switch one and repeats
the last known inputs for ever after the connection has ended; none of that will do for a trigger or an emergency stop.
"""

import asyncio
from collections import deque
from contextlib import suppress

from hal.device import LinkError, LinkLost, NoAnswer, Refused
from hal.links import telnet_port as wire
from hal.links.lines import Lines, OutputLine
from hal.links.tcp import TcpLink

ANSWER_S = 2.0
"""How long a port server may take over an answer."""
_CHECK = "check that the port server is on; the technician sets it to RFC 2217 (Telnet COM port control)"
_VALUES: dict[OutputLine, tuple[int, int]] = {"rts": (wire.RTS_OFF, wire.RTS_ON), "dtr": (wire.DTR_OFF, wire.DTR_ON)}
_WELCOME = (wire.BINARY, wire.SUPPRESS_GO_AHEAD, wire.COM_PORT)
_MOVES = (wire.CTS_MOVED, wire.DSR_MOVED, wire.DCD_MOVED, wire.RI_FELL)
_LEVELS = (wire.CTS_NOW, wire.DSR_NOW, wire.DCD_NOW, wire.RI_NOW)


class NetworkLines:
    """A `hal.links.control_line.LinesBackend` over TCP."""

    def __init__(self, address: str, host: str, port: int) -> None:
        self._address = address
        self._where = f"the port server at {host}, port {port}"
        self._tcp = TcpLink(address, host=host, port=port)
        self._reader: asyncio.Task[None] | None = None
        self._forget()

    def _forget(self) -> None:
        self._decoder = wire.Decoder()
        self._said: set[tuple[int, int]] = set()
        self._accepted = False
        self._told: Lines | None = None
        self._lost: LinkLost | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._set: dict[OutputLine, bool] = {"rts": False, "dtr": False}
        self._owed: dict[OutputLine, deque[asyncio.Future[bool]]] = {"rts": deque(), "dtr": deque()}

    @property
    def is_open(self) -> bool:
        """Between `open` and `close`, and not lost."""
        return self._tcp.fileno() is not None and self._lost is None

    async def open(self) -> None:
        """Connect, agree on the option, lower both outputs; see `ControlLineLink.open`."""
        self.close()
        self._forget()
        await self._tcp.open()
        self._reader = asyncio.create_task(self._read(), name=f"lines {self._address}")
        try:
            self._say(wire.WILL, wire.COM_PORT)
            self._say(wire.DO, wire.SUPPRESS_GO_AHEAD)
            async with asyncio.timeout(ANSWER_S):
                while not self._accepted:
                    await self._moved()
            self._send(wire.SET_MODEM_STATE_MASK, 0xFF)
            await self.set_line("rts", False)
            await self.set_line("dtr", False)
        except TimeoutError as error:
            self.close()
            raise NoAnswer(f"{self._where} does not answer as a port server does", remedy=_CHECK) from error
        except BaseException:
            self.close()
            raise

    async def set_line(self, line: OutputLine, on: bool) -> None:
        """Switch one output and wait for the server's word."""
        await self._confirmed(line, self._switch(line, on), on)

    async def pulse(self, line: OutputLine, seconds: float) -> None:
        """One output high for `seconds`; the fall is sent on time whether or not the rise was answered."""
        rise = self._switch(line, True)
        try:
            await asyncio.sleep(seconds)
        finally:
            fall = self._switch(line, False) if self.is_open else None
        if fall is None:
            raise self._gone()
        await self._confirmed(line, rise, True)
        await self._confirmed(line, fall, False)

    def lower_now(self) -> None:
        """Both outputs low, without waiting."""
        for line in _VALUES:
            with suppress(LinkError):
                self._switch(line, False)

    async def lines(self) -> Lines:
        """Ask for the inputs. DTR, set to what it is, gets an answer and so shows that the server is there.

        Not every server answers the question for a line's state (pyserial's does not).
        """
        self._send(wire.NOTIFY_MODEM_STATE)
        await self._answer(self._switch("dtr", self._set["dtr"]))
        try:
            async with asyncio.timeout(ANSWER_S):
                while self._told is None:
                    await self._moved()
        except TimeoutError as error:
            raise NoAnswer(f"{self._where} does not tell its input lines", remedy=_CHECK) from error
        return self._told

    async def changed(self, since: Lines) -> Lines:
        """The inputs once they differ from `since`."""
        while self._told is None or self._told == since:
            await self._moved()
        if not self.is_open:
            raise self._gone()
        return self._told

    def close(self) -> None:
        """Outputs low, then close."""
        if self._reader is None:
            return
        self.lower_now()
        self._fail(LinkLost(f"connection to {self._where} ended: closed"))
        self._reader.cancel()
        self._reader = None
        self._tcp.close()

    # what comes

    async def _read(self) -> None:
        try:
            while True:
                for message in self._decoder.feed(await self._tcp.read()):
                    self._take(message)
                self._wake()
        except LinkLost as error:
            self._fail(error)

    def _take(self, message: wire.Message) -> None:
        match message:
            case wire.Negotiation(verb, option):
                self._negotiated(verb, option)
            case wire.PortOption(number, value) if value and number == wire.FROM_SERVER + wire.SET_CONTROL:
                self._controlled(value[0])
            case wire.PortOption(number, value) if value and number == wire.FROM_SERVER + wire.NOTIFY_MODEM_STATE:
                self._inputs(value[0])

    def _negotiated(self, verb: int, option: int) -> None:
        if option == wire.COM_PORT and verb in (wire.DO, wire.WILL):
            self._accepted = True
        if verb == wire.DO:
            self._say(wire.WILL if option in _WELCOME else wire.WONT, option)
        elif verb == wire.WILL:
            self._say(wire.DO if option in _WELCOME else wire.DONT, option)

    def _controlled(self, value: int) -> None:
        for line, values in _VALUES.items():
            while value in values and self._owed[line]:
                answer = self._owed[line].popleft()
                if not answer.done():
                    answer.set_result(value == values[1])
                    return

    def _inputs(self, state: int) -> None:
        before = self._told
        levels = tuple(bool(state & bit) for bit in _LEVELS)
        counts = before.changes if before is not None else (0, 0, 0, 0)
        was = (before.cts, before.dsr, before.dcd, before.ri) if before is not None else levels
        moved = [
            max(int(now != then), int(before is not None and bool(state & bit)))
            for now, then, bit in zip(levels, was, _MOVES, strict=True)
        ]
        cts, dsr, dcd, ri = levels
        changes = (counts[0] + moved[0], counts[1] + moved[1], counts[2] + moved[2], counts[3] + moved[3])
        self._told = Lines(cts, dsr, dcd, ri, changes)

    # what goes

    def _say(self, verb: int, option: int) -> None:
        """Say it once: an answer to an answer would go on for ever."""
        if (verb, option) not in self._said:
            self._said.add((verb, option))
            self._tcp.write(wire.negotiate(verb, option))

    def _send(self, number: int, *value: int) -> None:
        if self._lost is not None:
            raise self._gone()
        self._tcp.write(wire.port_option(number, bytes(value)))

    def _switch(self, line: OutputLine, on: bool) -> "asyncio.Future[bool]":
        self._send(wire.SET_CONTROL, _VALUES[line][on])
        self._set[line] = on
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._owed[line].append(answer)
        return answer

    async def _answer(self, answer: "asyncio.Future[bool]") -> bool:
        await asyncio.wait((answer,), timeout=ANSWER_S)
        if self._lost is not None:
            raise self._gone()
        if not answer.done():
            raise NoAnswer(f"{self._where} does not answer", remedy=_CHECK)
        return answer.result()

    async def _confirmed(self, line: OutputLine, answer: "asyncio.Future[bool]", on: bool) -> None:
        if await self._answer(answer) is not on:
            raise Refused(f"{self._where} does not switch {line.upper()}", remedy=_CHECK)

    # waiting

    async def _moved(self) -> None:
        if self._lost is not None or self._tcp.fileno() is None:
            raise self._gone()
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
        if self._lost is not None:
            raise self._gone()

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _fail(self, error: LinkLost) -> None:
        self._lost = self._lost or error
        self._wake()
        for owed in self._owed.values():
            for answer in owed:
                answer.cancel()
            owed.clear()

    def _gone(self) -> LinkLost:
        why = self._lost.args[0] if self._lost is not None else f"connection to {self._where} ended: not open"
        return LinkLost(why, remedy="check the network cable and the port server's power")
