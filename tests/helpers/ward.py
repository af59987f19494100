"""One simulated patient with every far end around them, and as many configured boxes as it takes to name them all.

A box has one stimulator, one amplifier, one robot and one current source; `bedside doctor` runs on each box.
"""

import asyncio
import contextlib
import tomllib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from pathlib import Path

import pytest
import tomli_w

from bedside.config import load_station
from bedside.config.station import SINGLE
from bedside.demo.processes import hand_over
from bedside.demo.setup import Layout, prepare
from bedside.doctor_devices import Check, check_devices
from hal.catalogue import load_driver
from hal.sim.far_end import FAR_ENDS, credentials_of
from hal.sim.hands import Hands
from hal.sim.world import SimulatedWorld

CONFIGS = Path(__file__).parents[2] / "configs"
ALWAYS = {"stimulator": "magpro", "emg": "quattrocento", "robot": "corc_robot"}
"""The far ends that a world always has, named by their role, and their device files; each serves one box alone."""
for _driver in (*ALWAYS.values(), *(kind.driver for kind in FAR_ENDS.values())):
    load_driver(_driver)  # here, because it holds up the loop in which all far ends and boxes live


class Ward:
    """A running world; `boxes` are the configurations around it."""

    def __init__(self, world: SimulatedWorld, boxes: tuple[Layout, ...]) -> None:
        self.world = world
        self.boxes = boxes
        self.hands = Hands(world)

    async def examine(self) -> dict[str, Check]:
        """What `bedside doctor` says of the devices of all boxes, by the device's name; no station runs."""
        reports = await asyncio.gather(*(self._examine(box) for box in self.boxes))
        return {check.name: check for report in reports for check in report}

    async def _examine(self, box: Layout) -> list[Check]:
        return await check_devices(box.config, load_station(box.config), box.run)

    def fired(self) -> dict[str, float | None]:
        """Every fault asked for, and when it first acted (simulated s)."""
        return {fault.kind.name: fault.fired_at_s for fault in self.world.faults.all}


def device_of(far_end: str) -> str:
    """The device file of a far end."""
    return ALWAYS.get(far_end) or FAR_ENDS[far_end].device or far_end


def boxes_for(names: Iterable[str]) -> list[list[str]]:
    """Far ends by box: of a role that one device fills each box has at most one; the others are dealt in turn."""
    rows: dict[str, list[str]] = {}
    for name in names:
        rows.setdefault(name if name in ALWAYS else FAR_ENDS[name].role, []).append(name)
    count = max([1, *(len(row) for role, row in rows.items() if role in SINGLE)])
    boxes: list[list[str]] = [[] for _ in range(count)]
    for row in rows.values():
        for number, name in enumerate(row):
            boxes[number % count].append(name)
    return boxes


@contextlib.asynccontextmanager
async def ward(
    folder: Path, names: Iterable[str], patch: pytest.MonkeyPatch, *, bus: str = "", faults: tuple[str, ...] = ()
) -> AsyncIterator[Ward]:
    """A running world with `names` in it at real time, the boxes around it, and its secrets where drivers look."""
    names = tuple(names)
    simulation = folder / "sim"
    simulation.mkdir()
    also = tuple(name for name in names if name not in ALWAYS)
    world = SimulatedWorld(1, simulation, also=also, bus=bus, faults=faults)
    for key, value in hand_over(folder / "credentials", credentials_of(world.also.values())).items():
        patch.setenv(key, value)
    await world.plug()
    running = asyncio.create_task(world.run())
    try:
        yield Ward(
            world, tuple(_box(folder / f"box{n}", row, world.addresses) for n, row in enumerate(boxes_for(names)))
        )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _box(folder: Path, row: list[str], addresses: Mapping[str, str]) -> Layout:
    layout = Layout(folder)
    layout.make()
    prepare(layout, CONFIGS, {name: addresses[name] for name in (*ALWAYS, *row)}, None)
    _leave_out(layout, [device for name, device in ALWAYS.items() if name not in row])
    return layout


def _leave_out(layout: Layout, absent: Collection[str]) -> None:
    """Not in this box: the station's file as shipped names the three devices that every world has."""
    path = layout.config / "station.toml"
    station = tomllib.loads(path.read_text())
    station["devices"] = {role: name for role, name in station["devices"].items() if name not in absent}
    path.write_text(tomli_w.dumps(station))
