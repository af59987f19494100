"""Which further simulated devices a demonstration can have, decided before anything is started."""

import difflib
from collections.abc import Iterable

from bedside.config.station import SINGLE
from bedside.demo.processes import DemoFailed
from hal.sim.far_end import BLUETOOTH, FAR_ENDS

LIST = "`bedside simulate --list` names them all"

ASSESSED = (
    "imu_nus_left",
    "imu_nus_right",
    "imu_nus_shank_left",
    "imu_nus_shank_right",
    "imu_nus_thigh_left",
    "imu_nus_thigh_right",
    "force_board_dual",
)
"""What an assessment needs beside the amplifier, which is always there."""


def also_of(names: Iterable[str], *, assess: bool, unattended: bool) -> list[str]:
    """The further devices asked for, each once; raises `DemoFailed` for an assessment that nobody would work on."""
    if assess and unattended:
        raise DemoFailed("the scripted therapist treats and does not assess: leave out --unattended or --assess")
    return list(dict.fromkeys((*(ASSESSED if assess else ()), *names)))


def check_also(names: Iterable[str], speed: float) -> None:
    """Raises `DemoFailed`: for an unknown name, two devices for one place, and a radio that would have to run fast."""
    taken: dict[str, str] = {}
    for name in dict.fromkeys(names):
        kind = FAR_ENDS.get(name)
        if kind is None:
            raise DemoFailed(f"no simulated device is called {name!r}; {_nearest(name)}{LIST}")
        if kind.role in SINGLE and kind.role in taken:
            raise DemoFailed(f"{taken[kind.role]} and {name}: a bedside has one {kind.role}; leave one of them out")
        taken[kind.role] = name
        if kind.transport == BLUETOOTH and speed != 1.0:
            raise DemoFailed(f"{name} is on Bluetooth, and a radio cannot run {speed:g} times as fast: add --speed 1")


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, FAR_ENDS, n=1)
    return f"did you mean {near[0]}? " if near else ""
