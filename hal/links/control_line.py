"""The control lines of a serial port instead of its bytes: RTS and DTR to switch, CTS, DSR, DCD and RI to read.

The port is on this box (`line:/dev/ttyUSB0`) or on a serial port server (`line:rfc2217:HOST:PORT`). Both outputs are
low from the moment the link is open until it is closed, unless switched. The kernel, and many port servers, raise
both for some milliseconds while a port is opened; nothing a program does prevents it, so what hangs on an output
line must be out of action until the link is open.
"""

from urllib.parse import urlsplit

from hal.device import SetupError
from hal.links.lines import Lines, LinesBackend, OutputLine
from hal.links.network_lines import NetworkLines
from hal.links.tty_lines import TtyLines

FORMS = "line:/dev/ttyUSB0, line:rfc2217:HOST:PORT"


class ControlLineLink:
    """One port's control lines. All methods run on the event loop's thread; none of them blocks it.

    Raises `SetupError` for an address of another form.
    """

    def __init__(self, address: str, *, device: str = "") -> None:
        self._address = address
        self._backend = _backend(address, device)

    @property
    def address(self) -> str:
        """The configured address, as in a device file."""
        return self._address

    @property
    def is_open(self) -> bool:
        """Open and not known to be lost."""
        return self._backend.is_open

    async def open(self) -> None:
        """Open with RTS and DTR low; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `NoAnswer`."""
        await self._backend.open()

    async def set_rts(self, on: bool) -> None:
        """Switch RTS; returns once the port confirms it. Raises `LinkLost`, `NoAnswer`, `Refused`."""
        await self._backend.set_line("rts", on)

    async def set_dtr(self, on: bool) -> None:
        """Switch DTR; returns once the port confirms it. Raises `LinkLost`, `NoAnswer`, `Refused`."""
        await self._backend.set_line("dtr", on)

    async def pulse(self, line: OutputLine, seconds: float) -> None:
        """Hold an output high for `seconds` and lower it, also when cancelled meanwhile; returns once confirmed.

        Raises `LinkLost`, `NoAnswer`, `Refused`.
        """
        await self._backend.pulse(line, seconds)

    def lower_now(self) -> None:
        """Both outputs low without waiting for anything; never raises, does nothing while closed."""
        self._backend.lower_now()

    async def lines(self) -> Lines:
        """The inputs, asked for now; raises `LinkLost`, `NoAnswer`. It also proves that the port still answers."""
        return await self._backend.lines()

    async def changed(self, since: Lines) -> Lines:
        """The inputs as soon as they differ from `since`, a level or a count; raises `LinkLost`.

        It waits for ever: a caller that wants a deadline puts one around it.
        """
        return await self._backend.changed(since)

    def close(self) -> None:
        """Both outputs low, then close; safe to call twice. A waiting `changed` raises `LinkLost`."""
        self._backend.close()


def _backend(address: str, device: str) -> LinesBackend:
    scheme, _, rest = address.partition(":")
    if scheme == "line" and rest.startswith("/"):
        return TtyLines(address, rest)
    if scheme == "line" and rest.startswith("rfc2217:"):
        try:
            parts = urlsplit("//" + rest.removeprefix("rfc2217:"))
            if parts.hostname and parts.port and not (parts.path or parts.query or parts.username):
                return NetworkLines(address, parts.hostname, parts.port)
        except ValueError:
            pass
    raise SetupError(f"control line {address!r} makes no sense", device=device, remedy=f"valid forms: {FORMS}")
