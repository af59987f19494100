"""From a driver's name in a config to a device. Drivers are entry points of the group `bedside.drivers`.

A laboratory adds a driver by installing a package that declares one; nothing here changes. A driver is a class
`Driver(name, now_ns, link, options)` below `hal.device.Device` that fills the role its attribute `role` names (see
`hal.roles.ROLES`); `link` is None for a device without an address, whose class says `address = "manual"`. Two more
attributes of the class count, where it has them: `default_baud` is the speed of a serial link whose address names none
(9600), and `link_kinds` says which kinds of link the driver speaks over (see `hal.links.address.LinkKind`; a byte
stream). A plug-in that is broken, whatever it does, is refused by name: it ends no other device's life.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hal.device import Device, HalError, SetupError
from hal.links.address import FORMS, AnyLink, link_kind, make_link
from hal.options import nearest
from hal.roles import ROLES, lacking

GROUP = "bedside.drivers"
BY_HAND = ("", "manual")
"""Addresses of a device without a wire."""
MAKER = "report it to whoever wrote this driver"


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device as configured: its name, the driver's name, the link's address ("" or "manual": none), options."""

    name: str
    driver: str
    address: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def driver_names() -> list[str]:
    """All installed drivers."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_driver(driver: str, *, device: str = "") -> Callable[..., Device]:
    """The class behind a driver's name; raises `SetupError` naming the nearest, or what broke in a plug-in."""
    found = list(entry_points(group=GROUP, name=driver))
    if not found:
        remedy = nearest(driver, driver_names())
        raise SetupError(f"unknown driver {driver!r}", device=device, remedy=remedy, key="driver")
    if len({entry.value for entry in found}) > 1:
        remedy = "uninstall one of them, or have its driver renamed"
        what = f"driver {driver!r} is declared more than once: {' and '.join(sorted(map(_origin, found)))}"
        raise SetupError(what, device=device, remedy=remedy, key="driver")
    try:
        loaded = found[0].load()
    except Exception as error:
        remedy = "install what the driver needs" if isinstance(error, ImportError) else MAKER
        raise SetupError(
            f"driver {driver!r} cannot be loaded: {_told(error)}", device=device, remedy=remedy, key="driver"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Device)):
        remedy = "correct the plug-in's entry point: a class below hal.device.Device"
        raise SetupError(f"driver {driver!r} is no device", device=device, remedy=remedy, key="driver")
    return loaded


def build(spec: DeviceSpec, now_ns: Callable[[], int]) -> Device:
    """The device of `spec`, not yet opened; raises `SetupError` for a driver, link or option that makes no sense."""
    driver = load_driver(spec.driver, device=spec.name)
    link = _link(spec, driver, now_ns)
    try:
        device = driver(spec.name, now_ns, link, spec.options)
        trouble = _trouble(device)
    except HalError:
        raise
    except Exception as error:
        what = f"driver {spec.driver!r} cannot be made: {_told(error)}"
        raise SetupError(what, device=spec.name, remedy=MAKER, key="driver") from error
    if trouble:
        raise SetupError(f"driver {spec.driver!r} {trouble}", device=spec.name, remedy=MAKER, key="driver")
    return device


def _trouble(device: Device) -> str:
    """Why `device` fills no role; "" where it does."""
    role: str = getattr(device, "role", "")
    if role not in ROLES:
        said = f"names the role {role!r}, and there is none" if role else "names no role"
        return f"{said}; known: {', '.join(ROLES)}"
    gaps = lacking(device, role)
    return f"does not fill its role {role}: it lacks {', '.join(gaps)}" if gaps else ""


def _link(spec: DeviceSpec, driver: Callable[..., Device], now_ns: Callable[[], int]) -> AnyLink | None:
    """The link of `spec`, None for a driver without a wire; raises `SetupError` where the two do not go together."""
    by_hand = getattr(driver, "address", None) == "manual"
    if spec.address in BY_HAND:
        if not by_hand:
            remedy = "add one, such as tcp:HOST:PORT"
            raise SetupError("this driver needs an address", device=spec.name, remedy=remedy, key="address")
        return None
    if by_hand:
        what = f"driver {spec.driver!r} has no wire, and {spec.address} would never be opened"
        remedy = 'write address = "manual", or the driver of the device that is there'
        raise SetupError(what, device=spec.name, remedy=remedy, key="address")
    wanted, offered = getattr(driver, "link_kinds", ("bytes",)), link_kind(spec.address)
    if offered is not None and offered not in wanted:
        raise SetupError(
            f"this driver does not speak over {spec.address.partition(':')[0]}:",
            device=spec.name,
            remedy=f"valid forms: {', '.join(form.example for form in FORMS.values() if form.kind in wanted)}",
            key="address",
        )
    baud = getattr(driver, "default_baud", 9600)
    return make_link(spec.address, default_baud=baud, device=spec.name, now_ns=now_ns)


def _origin(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name if entry.dist is not None else 'an unknown package'}"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
