"""What an address leads to, so that no two devices are given one wire."""

from itertools import combinations
from pathlib import Path

from bedside.config.station import DeviceConfig
from bedside.config.strict import ConfigError

SIMULATED = "sim://"
"""What an address begins with whose far end is simulated."""


def check_wires(folder: Path, devices: tuple[DeviceConfig, ...]) -> None:
    """Raise `ConfigError` naming file and key where two devices of the configuration in `folder` share a wire.

    Whichever opened it second would only be told that "another program" holds it; of two Bluetooth sensors that answer
    to one name, each could be taken for the other.
    """
    for first, second in combinations(devices, 2):
        if _same(wire(first.address), wire(second.address)):
            path = folder / "devices" / f"{second.id}.toml"
            problem = f"{second.address} is where '{first.id}' is, at {first.address}"
            remedy = "give each its own Bluetooth address" if _by_name(second.address) else "correct one of the two"
            raise ConfigError(path, "address", problem, remedy)


def wire(address: str) -> str:
    """What only one device can be at, whatever the scheme and its settings; "" where several may be.

    Simulated far ends, LSL streams and devices worked by hand may coincide. Names of one serial port are followed to
    the port, where it is plugged in.
    """
    scheme, _, rest = address.partition(":")
    target = rest.partition("?")[0]
    if address.startswith(SIMULATED) or scheme in ("", "manual", "lsl"):
        return ""
    if scheme == "line" and target.startswith("rfc2217:"):
        scheme, target = "tcp", target.removeprefix("rfc2217:")
    if target.startswith("/"):
        return str(Path(target).resolve())
    if scheme in ("ble", "nus"):
        return f"ble:{target}" if target.startswith("name=") else f"ble:{target.upper()}"
    return f"{scheme}:{target.casefold()}"


def _same(one: str, other: str) -> bool:
    """Whether two wires are one. A Bluetooth name is a beginning: what one fits, a shorter one fits too."""
    if not one or not other:
        return False
    if _by_name(one) and _by_name(other):
        return one.startswith(other) or other.startswith(one)
    return one == other


def _by_name(address: str) -> bool:
    return address.partition(":")[2].startswith("name=")
