"""From a driver's name in a config to a device. Drivers are entry points of the group `bedside.drivers`.

A laboratory adds a driver by installing a package that declares one; nothing here changes. A driver is a class
`Driver(name, now_ns, link, options)`; `link` is None for a device without an address. Two attributes of the class
count, where it has them: `default_baud` is the speed of a serial link whose address names none (9600), and `link_kinds`
says which kinds of link the driver speaks over (see `hal.links.address.LinkKind`; a byte stream).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

from hal.device import Device, SetupError
from hal.links.address import FORMS, link_kind, make_link
from hal.options import nearest

GROUP = "bedside.drivers"


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
        raise SetupError(f"unknown driver {driver!r}", device=device, remedy=nearest(driver, driver_names()))
    try:
        loaded = found[0].load()
    except (ImportError, AttributeError) as error:
        raise SetupError(
            f"driver {driver!r} cannot be loaded: {error}", device=device, remedy="install what the driver needs"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Device)):
        raise SetupError(f"driver {driver!r} is no device", device=device, remedy="correct the plug-in's entry point")
    return loaded


def build(spec: DeviceSpec, now_ns: Callable[[], int]) -> Device:
    """The device of `spec`, not yet opened; raises `SetupError` for a driver, link or option that makes no sense."""
    driver = load_driver(spec.driver, device=spec.name)
    if spec.address in ("", "manual"):
        if getattr(driver, "address", None) != "manual":
            raise SetupError("this driver needs an address", device=spec.name, remedy="add one, such as tcp:HOST:PORT")
        return driver(spec.name, now_ns, None, spec.options)
    wanted, offered = getattr(driver, "link_kinds", ("bytes",)), link_kind(spec.address)
    if offered is not None and offered not in wanted:
        raise SetupError(
            f"this driver does not speak over {spec.address.partition(':')[0]}:",
            device=spec.name,
            remedy=f"valid forms: {', '.join(form.example for form in FORMS.values() if form.kind in wanted)}",
        )
    baud = getattr(driver, "default_baud", 9600)
    link = make_link(spec.address, default_baud=baud, device=spec.name, now_ns=now_ns)
    return driver(spec.name, now_ns, link, spec.options)
