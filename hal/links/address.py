"""From an address in a device file to a link: `SCHEME:REST`, one line of `FORMS` a scheme."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import parse_qsl, urlsplit

from hal.device import SetupError
from hal.links.base import Link
from hal.links.ble import BleLink
from hal.links.control_line import ControlLineLink
from hal.links.gatt import GattLink
from hal.links.hid import HidLink
from hal.links.listen import ListenLink
from hal.links.lsl import LslLink, lsl_link
from hal.links.nus import NORDIC_UART, NusLink, Uart
from hal.links.serial import SerialLink
from hal.links.tcp import TcpLink

AnyLink = Link | GattLink | ControlLineLink | LslLink
LinkKind = Literal["bytes", "gatt", "lsl", "lines"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a factory is given: the whole address, what follows its scheme, and what the driver and station add.

    `default_baud` is the speed of a serial link whose address names none; `now_ns` stamps arrivals (ns, monotonic).
    """

    address: str
    rest: str
    default_baud: int
    now_ns: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Form:
    """One scheme: what kind of link it gives, how it is written, and its factory, which raises ValueError."""

    kind: LinkKind
    example: str
    make: Callable[[Asked], AnyLink]


def make_link(
    address: str, *, default_baud: int = 38400, device: str = "", now_ns: Callable[[], int] = time.monotonic_ns
) -> AnyLink:
    """The link `address` names, not yet opened; raises `SetupError` naming the valid forms."""
    try:
        return _form(address).make(Asked(address, address.partition(":")[2], default_baud, now_ns))
    except ValueError as error:
        raise SetupError(
            f"link {address!r} makes no sense: {error}",
            device=device,
            remedy=f"valid forms: {', '.join(known.example for known in FORMS.values())}",
            key="address",
        ) from error


def _form(address: str) -> Form:
    form = FORMS.get(address.partition(":")[0])
    if form is None:
        raise ValueError("no such form")
    return form


def link_kind(address: str) -> LinkKind | None:
    """What kind of link `address` gives, None where its scheme is unknown."""
    form = FORMS.get(address.partition(":")[0])
    return form.kind if form is not None else None


def settings(query: str, **defaults: str) -> dict[str, str]:
    """What follows a `?`, over the defaults; raises ValueError for a setting that is not among them."""
    given = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    if unknown := given.keys() - defaults.keys():
        raise ValueError(f"unknown setting {', '.join(sorted(unknown))}; known: {', '.join(defaults)}")
    return defaults | given


def number(text: str, key: str, low: int, high: int) -> int:
    """A whole number of a setting; raises ValueError outside `low`..`high`."""
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f"{key} must be a number from {low} to {high}, not {text!r}")
    return int(text)


def _serial(asked: Asked) -> SerialLink:
    path, _, query = asked.rest.partition("?")
    if not path.startswith("/"):
        raise ValueError("the port must be an absolute path")
    given = settings(query, baud=str(asked.default_baud), parity="N", stop_bits="1", rts="high")
    baud = number(given["baud"], "baud", 50, 4_000_000)
    stop_bits = number(given["stop_bits"], "stop_bits", 1, 2)
    if given["parity"] not in ("N", "E", "O"):
        raise ValueError(f"parity must be N, E or O, not {given['parity']!r}")
    parity = cast(Literal["N", "E", "O"], given["parity"])
    if given["rts"] not in ("low", "high"):
        raise ValueError(f"rts must be low or high, not {given['rts']!r}")
    rts_low = given["rts"] == "low"
    return SerialLink(asked.address, path=path, baud=baud, parity=parity, stop_bits=stop_bits, rts_low=rts_low)


def _tcp(asked: Asked) -> TcpLink:
    parts = urlsplit(f"//{asked.rest}")
    if not parts.hostname or not parts.port or parts.path or parts.query or parts.username is not None:
        raise ValueError("host and port (1..65535) are needed")
    return TcpLink(asked.address, host=parts.hostname, port=parts.port)


def _listen(asked: Asked) -> ListenLink:
    parts = urlsplit(f"//{asked.rest}" if ":" in asked.rest else f"//:{asked.rest}")
    if not parts.port or parts.path or parts.query or parts.username is not None:
        raise ValueError("a port (1..65535) is needed, and the host before it where only one of ours is meant")
    return ListenLink(asked.address, host=parts.hostname or "", port=parts.port)


def _line(asked: Asked) -> ControlLineLink:
    try:
        return ControlLineLink(asked.address)
    except SetupError as error:
        raise ValueError("a port's absolute path, or rfc2217: with host and port, is needed") from error


def _hid(asked: Asked) -> HidLink:
    if not asked.rest.startswith("/"):
        raise ValueError("the device must be an absolute path")
    return HidLink(asked.address, path=asked.rest)


def _ble(asked: Asked) -> BleLink:
    target, _, query = asked.rest.partition("?")
    given = settings(query, adapter="")
    return _peripheral(asked, target, given["adapter"])


def _nus(asked: Asked) -> NusLink:
    target, _, query = asked.rest.partition("?")
    known = {"write": NORDIC_UART.write, "notify": NORDIC_UART.notify}
    given = settings(query, adapter="", **known)
    uart = Uart(*(_uuid(given[key], key) for key in known))
    return NusLink(_peripheral(asked, target, given["adapter"]), uart)


def _peripheral(asked: Asked, target: str, adapter: str) -> BleLink:
    if adapter and not re.fullmatch(r"hci\d+", adapter):
        raise ValueError(f"adapter must look like hci0, not {adapter!r}")
    if re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", target):
        return BleLink(asked.address, asked.now_ns, mac=target.upper(), adapter=adapter)
    if target.startswith("name=") and target != "name=":
        return BleLink(asked.address, asked.now_ns, name=target.removeprefix("name="), adapter=adapter)
    raise ValueError("a Bluetooth address (AA:BB:CC:DD:EE:FF) or name=BEGINNING is needed")


def _uuid(text: str, key: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError(f"{key} must be a full UUID, not {text!r}")
    return text.lower()


def _lsl(asked: Asked) -> LslLink:
    return lsl_link(asked.address, settings(asked.rest, source_id="", name="", scope="machine"), asked.now_ns)


FORMS: Mapping[str, Form] = {
    "serial": Form("bytes", "serial:/dev/ttyUSB0, serial:/dev/ttyUSB0?baud=38400&parity=N&stop_bits=1", _serial),
    "tcp": Form("bytes", "tcp:HOST:PORT", _tcp),
    "listen": Form("bytes", "listen:PORT, listen:HOST:PORT", _listen),
    "lsl": Form("lsl", "lsl:source_id=ID, lsl:name=NAME&scope=machine", _lsl),
    "line": Form("lines", "line:/dev/ttyUSB0, line:rfc2217:HOST:PORT", _line),
    "ble": Form("gatt", "ble:AA:BB:CC:DD:EE:FF, ble:name=BEGINNING?adapter=hci0", _ble),
    "nus": Form("bytes", "nus:AA:BB:CC:DD:EE:FF, nus:name=BEGINNING", _nus),
    "hid": Form("bytes", "hid:/dev/hidraw0", _hid),
}
"""Every form of address. A driver whose attribute `link_kinds` lacks the form's kind is not given such a link."""
