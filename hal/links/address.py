"""From an address in a device file to a link."""

from typing import Literal, cast
from urllib.parse import parse_qsl, urlsplit

from hal.device import SetupError
from hal.links.base import Link
from hal.links.serial import SerialLink
from hal.links.tcp import TcpLink

FORMS = "serial:/dev/ttyUSB0, serial:/dev/ttyUSB0?baud=38400&parity=N&stop_bits=1, tcp:HOST:PORT"


def make_link(address: str, *, default_baud: int = 38400, device: str = "") -> Link:
    """The link `address` names, not yet opened; raises `SetupError` naming the valid forms."""
    scheme, _, rest = address.partition(":")
    try:
        if scheme == "serial":
            return _serial(address, rest, default_baud)
        return _tcp(address, rest if scheme == "tcp" else "")
    except ValueError as error:
        raise SetupError(
            f"link {address!r} makes no sense: {error}", device=device, remedy=f"valid forms: {FORMS}"
        ) from error


def _serial(address: str, rest: str, default_baud: int) -> SerialLink:
    path, _, query = rest.partition("?")
    if not path.startswith("/"):
        raise ValueError("the port must be an absolute path")
    options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    baud = _number(options.pop("baud", str(default_baud)), "baud", 50, 4_000_000)
    stop_bits = _number(options.pop("stop_bits", "1"), "stop_bits", 1, 2)
    parity = options.pop("parity", "N")
    if parity not in ("N", "E", "O"):
        raise ValueError(f"parity must be N, E or O, not {parity!r}")
    if options:
        raise ValueError(f"unknown setting {', '.join(options)}; known: baud, parity, stop_bits")
    return SerialLink(address, path=path, baud=baud, parity=cast(Literal["N", "E", "O"], parity), stop_bits=stop_bits)


def _tcp(address: str, rest: str) -> TcpLink:
    parts = urlsplit(f"//{rest}")
    if not parts.hostname or not parts.port or parts.path or parts.query or parts.username is not None:
        raise ValueError("host and port (1..65535) are needed")
    return TcpLink(address, host=parts.hostname, port=parts.port)


def _number(text: str, key: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f"{key} must be a number from {low} to {high}, not {text!r}")
    return int(text)
