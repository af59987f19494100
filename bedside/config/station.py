"""The box: which study it serves and which devices stand beside it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bedside.config.strict import Section

DeviceRole = Literal["stimulator", "emg", "robot", "current", "imu", "plate", "contact"]
SINGLE: frozenset[DeviceRole] = frozenset({"stimulator", "emg", "robot", "current"})
"""Roles that one device fills; of the others there may be several."""
Plain = str | int | float | bool
OptionValue = Plain | list[Plain] | dict[str, Plain]
Positive = Annotated[float, Meta(gt=0)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class StationConfig(Section, frozen=True, kw_only=True):
    """station.toml. `devices` names a file of configs/devices for each role, or a list of them.

    `lsl_outlet` offers EMG, pulses and phase to other programs over LSL, as far as it says.
    """

    box: Annotated[str, Meta(min_length=1, max_length=40)]
    study: str
    devices: dict[DeviceRole, str | tuple[str, ...]]
    data: str = "/var/lib/bedside"
    run: str = "/run/bedside"
    tick_s: Annotated[float, Meta(gt=0, le=1)] = 0.1
    lsl_outlet: Literal["off", "machine", "link", "site"] = "off"

    @property
    def named(self) -> tuple[tuple[DeviceRole, str], ...]:
        """Role and device file of every configured device."""
        return tuple(
            (role, device)
            for role, devices in self.devices.items()
            for device in ((devices,) if isinstance(devices, str) else devices)
        )


class EmgChannelConfig(Section, frozen=True, kw_only=True):
    """One bipolar channel of the amplifier; `muscle` as in `tibialis_anterior`, `input` as printed on the box."""

    name: str
    muscle: str
    side: Literal["left", "right"]
    input: Annotated[int, Meta(ge=1)]


class RatePoint(Section, frozen=True, kw_only=True):
    """The fastest repetition the stimulator keeps up at this output."""

    pct_mso: Percent
    rate_hz: Positive


class CoilConfig(Section, frozen=True, kw_only=True):
    """A coil as its maker describes it; `code` is what the stimulator reports for it, None when it reports none."""

    id: str
    name: str
    code: int | None = None
    shape: str = "figure-8"
    outer_mm: float | None = None
    cooled: bool = False


class DeviceConfig(Section, frozen=True, kw_only=True):
    """devices/<id>.toml: the driver, its address and options, and what the maker states about the device.

    `telemetry` false: a person is the only wire to it. `counts_pulses` false: nothing reports the pulses of a train.
    `bursts` true: it times bursts by itself, and its driver sets and checks them. `trigger_input` true: its driver can
    have another device's trigger output time each of its pulses. `commanded` true: a treadmill's belt is started, set
    and stopped from the kiosk.
    """

    id: str
    role: DeviceRole
    driver: str
    title: str
    address: str = ""
    options: dict[str, OptionValue] = msgspec.field(default_factory=dict)
    channels: tuple[EmgChannelConfig, ...] = ()
    coils: tuple[CoilConfig, ...] = ()
    coil: str = ""
    max_rate: tuple[RatePoint, ...] = ()
    max_pulses_per_train: Annotated[int, Meta(ge=1)] = 1000
    max_trains: Annotated[int, Meta(ge=1)] = 500
    telemetry: bool = True
    counts_pulses: bool = True
    bursts: bool = False
    trigger_input: bool = False
    commanded: bool = False
    verified: bool = False
    source: str = ""
