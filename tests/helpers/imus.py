"""Simulated inertial sensors with their real drivers, over a link in memory or over D-Bus; and what they published."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from hal.ble import BleDevice
from hal.catalogue import load_driver
from hal.device import Reading
from hal.drivers.motion.motion_stream import MotionStream
from hal.links.gatt import GattLink
from hal.roles.motion import MagneticBlock, MotionBlock
from hal.sim.clock import SimClock
from hal.sim.far_end import FAR_ENDS, Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.motion.imu_far_end import ImuDevice
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from hal.supervised import Patience

QUICK = Patience(silence_s=0.5, reopen_s=1.5, first_retry_s=0.05, last_retry_s=0.2)


def _no_pulse(_at_s: float, _pct_mso: float) -> None:
    """Nobody stimulates here."""


class Legs:
    """One walking patient, on whom sensors are put."""

    def __init__(self, folder: Path, bus: str = "in memory") -> None:
        self.folder = folder
        self.bus = bus
        self.clock = SimClock()
        self.faults = Faults()
        self.gait = GaitModel()
        self.gait.fit()
        self.gait.stand()
        self.gait.walk(1.5)

    def sensor(self, name: str, seed: int) -> ImuDevice:
        """The far end of that name in the table."""
        around = Surroundings(
            name, self.folder, seed, self.clock, self.faults, Patient(1), self.gait, _no_pulse, bus=self.bus
        )
        made = FAR_ENDS[name].build(around)
        assert isinstance(made, ImuDevice)
        return made

    def fault(self, spec: str) -> Fault:
        return self.faults.add(spec, self.clock.now_s())


class Worn:
    """A sensor, its driver, and what the driver published."""

    def __init__(self, far_end: ImuDevice, link: GattLink, options: dict[str, Any] | None = None) -> None:
        self.far_end = far_end
        driver = load_driver(FAR_ENDS[far_end.around.name].driver)
        made = driver(far_end.around.name, time.monotonic_ns, link, options or {}, QUICK)
        assert isinstance(made, MotionStream)
        assert isinstance(made, BleDevice)
        self.driver = made
        self.blocks: list[MotionBlock] = []
        self.fields: list[MagneticBlock] = []
        made.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, MotionBlock):
            self.blocks.append(reading)
        elif isinstance(reading, MagneticBlock):
            self.fields.append(reading)

    @property
    def samples(self) -> int:
        return sum(len(block.sample_ns) for block in self.blocks)

    @property
    def next_sample(self) -> int:
        return self.blocks[-1].first_sample + len(self.blocks[-1].sample_ns) if self.blocks else 0

    def check_loss(self) -> None:
        """Exact by a counter; without one, a busy machine's own delays may hide or feign a sample or two."""
        unsure = 0 if self.driver.counter_unit else 2
        told, true = self.driver.vitals.lost, self.far_end.lost
        assert abs(told - true) <= unsure, f"{self.driver.name} tells {told} lost samples of {true}"
        assert self.far_end.lost > 2

    def check_order(self) -> None:
        """No sample twice, none out of order, every gap marked."""
        at = 0
        for block in self.blocks:
            assert block.first_sample == at + block.lost
            at = block.first_sample + len(block.sample_ns)
        times = np.concatenate([block.sample_ns for block in self.blocks])
        assert (np.diff(times) > 0).all()
        assert sum(block.lost for block in self.blocks) <= self.driver.vitals.lost
