"""Links that are pulled and plugged in again at random, and what their drivers said meanwhile."""

import asyncio
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.catalogue import DeviceSpec, build
from hal.device import Device, Reading
from hal.drivers.contact.contact import ContactLine
from hal.drivers.gait.robot_telemetry import RobotTelemetry
from hal.drivers.motion.capture2go import Capture2Go
from hal.drivers.motion.capture2go_codec import GRAVITY_M_S2
from hal.drivers.motion.inertial_units import STANDARD_GRAVITY_M_S2
from hal.roles import ContactState, EmgBlock, MotionBlock, PlateBlock
from hal.sim.gait.openexo_device import VALUES, OpenExoDevice
from hal.sim.motion.imu_far_end import ImuDevice
from hal.sim.motion.imu_frames import FULL_ACCEL_M_S2, FULL_TURN_RAD_S
from hal.sim.plate.balance_board_device import WIRE_TO_CORNER, BalanceBoardDevice
from hal.sim.plate.force_board_device import NOMINAL_KG_PER_COUNT, ForceBoardDevice
from hal.sim.truth import Truth
from hal.sim.world import SimulatedWorld
from hal.supervised import Patience, SupervisedDevice

CONFIGS = Path(__file__).parents[2] / "configs" / "devices"
FILES = {"emg": "quattrocento", "robot": "corc_robot", "stimulator": "magpro", "ftms": "ftms_treadmill"}
OPTIONS: dict[str, dict[str, Any]] = {
    "trackmaster": {"units_confirmed": True},
    "openexo": {"values": ["-" if value == "time_s" else value for value in VALUES]},
}
"""What somebody has to fill in before such a device tells anything."""
HURRY = Patience(silence_s=0.6, reopen_s=1.5, first_retry_s=0.02, last_retry_s=0.1)
FRESH = 3
"""Readings after a return that must have come before the next pull."""
LONGEST_OUT_S = 0.6
RETURN_S = 60.0
Blocks = EmgBlock | MotionBlock | PlateBlock
Words = NDArray[np.float64]


@dataclass
class Pulled:
    """One link: its driver, all that it said, how often it was pulled."""

    name: str
    device: Device
    world: SimulatedWorld
    blocks: list[Any] = field(default_factory=list)
    said: list[Reading] = field(default_factory=list)
    pulls: int = 0
    truth: Truth = field(default_factory=Truth)

    def __post_init__(self) -> None:
        self.device.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        self.said.append(reading)
        if isinstance(reading, Blocks):
            self.blocks.append(reading)

    @property
    def contact(self) -> ContactState:
        """The last state of a switch."""
        return next(reading for reading in reversed(self.said) if isinstance(reading, ContactState))

    async def pull(self, times: int, chance: random.Random) -> None:
        """Pull it so often, each time once it is well and has spoken again."""
        while self.pulls < times:
            await self.well()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await self._out(chance.uniform(0.02, LONGEST_OUT_S))
        await self.well()

    async def _out(self, seconds: float) -> None:
        """Pull it once; nothing where it was back before the far end looked."""
        before = self.device.health.reconnects
        fault = self.world.add_fault(f"{self.name}.cable_out@0+{seconds:.3f}")
        await self._until(lambda: fault.fired_at_s is not None or not fault.active(self.world.clock.now_s()), "out")
        if fault.fired_at_s is not None:
            await self._until(lambda: self.device.health.reconnects > before, "connected again")
            self.pulls += 1

    async def well(self) -> None:
        """Connected, and some readings later."""
        await self._until(lambda: self.device.health.state == "ok", "ok")
        heard = len(self.blocks)
        if self._streams:
            await self._until(lambda: len(self.blocks) >= heard + FRESH, "data")
        if isinstance(self.device, ContactLine):
            await self._until(lambda: self.contact.active is False, "released")
        if isinstance(self.device, RobotTelemetry):
            accounts = self.device.accounts
            await self._until(lambda: self.accounts > accounts, "told its state")

    @property
    def accounts(self) -> int:
        """How often a robot has told its state."""
        assert isinstance(self.device, RobotTelemetry)
        return self.device.accounts

    @property
    def _streams(self) -> bool:
        return self.device.role in ("emg", "imu", "plate")

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline_s = asyncio.get_running_loop().time() + RETURN_S
        while not condition():
            late = asyncio.get_running_loop().time() > deadline_s
            assert not late, f"{self.name}: not {what} after pull {self.pulls}: {self.device.health}"
            await asyncio.sleep(0.005)

    # what is asked of what it said

    @property
    def gaps(self) -> int:
        """Blocks that are marked as following a gap."""
        return sum(block.lost > 0 for block in self.blocks)

    def check_index(self) -> None:
        """Every jump of the running index is what the block says was lost, and no time runs backwards."""
        expected = self.blocks[0].first_sample
        for block in self.blocks:
            assert block.first_sample == expected + block.lost * (block is not self.blocks[0]), self.name
            expected = block.first_sample + len(_rows(block))
        if isinstance(self.blocks[0], EmgBlock):
            assert (np.diff([block.mono_ns for block in self.blocks]) >= 0).all(), self.name
            return
        times = np.concatenate([block.sample_ns for block in self.blocks])
        assert (np.diff(times) > 0).all(), f"{self.name}: a time does not rise"

    def check_counts(self) -> None:
        """The device's own counter rises strictly."""
        counts = np.concatenate([block.counts for block in self.blocks])
        assert (np.diff(counts) > 0).all(), f"{self.name}: a sample came twice or out of order"

    def numbers(self) -> NDArray[np.int64]:
        """The device's number of every sample that was heard, recognised by what it carries.

        Fails where one was heard twice, out of order, or never sent.
        """
        left = self.truth.left()
        words = np.concatenate([self._words(block) for block in self.blocks])
        return left.number[in_order(words, left.words, self.name)]

    def _words(self, block: Any) -> Words:
        if isinstance(block, MotionBlock):
            # the maker of one sensor has a gravity of its own
            of_maker = GRAVITY_M_S2 / STANDARD_GRAVITY_M_S2 if isinstance(self.device, Capture2Go) else 1.0
            accel = block.accel_m_s2.astype(np.float64) / (FULL_ACCEL_M_S2 * of_maker / 32768)
            turn = block.gyro_rad_s.astype(np.float64) / (FULL_TURN_RAD_S / 32768)
            return np.asarray(np.rint(np.hstack((accel, turn))))
        loads = block.loads_kg.astype(np.float64)
        board = self.world.also[self.name]
        if isinstance(board, BalanceBoardDevice):
            return np.asarray(np.rint(board.memory.counts(loads[:, list(WIRE_TO_CORNER)])))
        return np.asarray(np.rint(loads / NOMINAL_KG_PER_COUNT))


def in_order(words: Words, sent: Words, name: str) -> NDArray[np.int64]:
    """The rows of `sent` that `words` are, one after the other; fails where they are not."""
    places, at = [], 0
    rows = [row.tobytes() for row in sent]
    for number, word in enumerate(words):
        wanted = word.tobytes()
        while at < len(rows) and rows[at] != wanted:
            at += 1
        assert at < len(rows), f"{name}: heard sample {number} came twice, out of order, or was never sent"
        places.append(at)
        at += 1
    return np.array(places, np.int64)


def connect(world: SimulatedWorld, name: str, now_ns: Callable[[], int]) -> Pulled:
    """A driver as its shipped device file describes it, in a hurry to come back."""
    file = tomllib.loads((CONFIGS / f"{FILES.get(name, name)}.toml").read_text())
    options = dict(file.get("options", {})) | OPTIONS.get(name, {})
    if "channels" in file:
        options["channels"] = file["channels"]
    device = build(DeviceSpec(name, file["driver"], world.addresses[name], options), now_ns)
    assert isinstance(device, SupervisedDevice)
    device._patience = HURRY
    pulled = Pulled(name, device, world)
    far_end = world.also.get(name)
    if isinstance(far_end, ImuDevice | ForceBoardDevice | BalanceBoardDevice | OpenExoDevice):
        far_end.truth = pulled.truth
    elif name == "robot":
        world.robot.truth = pulled.truth
    return pulled


def _rows(block: Any) -> NDArray[Any]:
    if isinstance(block, EmgBlock):
        return block.counts
    return block.accel_m_s2 if isinstance(block, MotionBlock) else block.loads_kg
