"""One simulated world: the patient, the clock, the faults, and the far end of every device around them."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from hal.options import nearest
from hal.sim.clock import SimClock
from hal.sim.emg.quattrocento_device import QuattrocentoDevice
from hal.sim.far_end import FAR_ENDS, FarEnd, Surroundings, TriggerMaster
from hal.sim.fault_table import check_target
from hal.sim.faults import Fault, Faults, parse_fault
from hal.sim.gait.robot_device import RobotDevice
from hal.sim.patient.body import Body
from hal.sim.patient.coil import CoilHeat
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from hal.sim.patient.recorded import RecordedSweeps
from hal.sim.ports import PtyPort, TcpPort
from hal.sim.stimulator.magpro_core import MagProCore
from hal.sim.stimulator.magpro_device import MagProDevice
from hal.sim.stimulator.magpro_engine import Pulse
from hal.sim.stimulator.magpro_state import MagProState

StimulatorLink = Literal["pty", "tcp"]
HANDS_S = 0.02
FOREVER_S = 1e9


class Running(Protocol):
    """Whatever serves until cancelled."""

    async def run(self) -> None:
        """Serve."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """How devices are reached: the stimulator's link, and TCP ports (0: any free one)."""

    stimulator_link: StimulatorLink = "pty"
    stimulator: int = 0
    emg: int = 0
    robot: int = 0


class SimulatedWorld:
    """All far ends around one patient: `plug` makes them reachable, `run` serves until cancelled.

    `folder` gets the serial port's name, `faults` are specifications as `hal.sim.faults` reads them, `recorded` a
    folder of real sweeps, `also` names further far ends of `hal.sim.far_end.FAR_ENDS`; those on Bluetooth live on the
    private D-Bus at `bus`. Raises `FaultSpecError`, `RecordingError` or ValueError for a setup that makes no sense.
    """

    def __init__(
        self,
        seed: int,
        folder: Path,
        *,
        speed: float = 1.0,
        faults: tuple[str, ...] = (),
        recorded: Path | None = None,
        ports: Ports | None = None,
        state: MagProState | None = None,
        heat: CoilHeat | None = None,
        also: tuple[str, ...] = (),
        bus: str = "",
    ) -> None:
        self.seed = seed
        self.bus = bus
        self.clock = SimClock(speed)
        self.pulses: list[Pulse] = []
        self.gait = GaitModel()
        self.faults = Faults()
        sweeps = RecordedSweeps(recorded, seed) if recorded else None
        self.body = Body(self.gait, seed)
        self.patient = Patient(seed, phases=self.body.phases, recorded=sweeps)
        self._build(folder, ports or Ports(), state, heat)
        self.also = {name: self._make(name, folder, bus) for name in also}
        self.stimulator.masters = [far_end for far_end in self.also.values() if isinstance(far_end, TriggerMaster)]
        for spec in faults:
            self.add_fault(spec)

    def _build(self, folder: Path, ports: Ports, state: MagProState | None, heat: CoilHeat | None) -> None:
        latency, noise = (np.random.default_rng(s) for s in np.random.SeedSequence((self.seed, 1)).spawn(2))
        self.core = MagProCore(rng=latency, faults=self.faults, on_pulse=self._on_pulse, state=state, heat=heat)
        self.stimulator = MagProDevice(
            self.core,
            self.clock,
            self.faults,
            noise,
            lambda on_bytes: (
                PtyPort(folder / "stimulator", on_bytes)
                if ports.stimulator_link == "pty"
                else TcpPort(on_bytes, ports.stimulator)
            ),
        )
        self.emg = QuattrocentoDevice(
            self.patient, self.clock, self.faults, port=ports.emg, before_block=self.stimulator.step
        )
        self.robot = RobotDevice(self.gait, self.clock, self.faults, port=ports.robot)

    @property
    def addresses(self) -> dict[str, str]:
        """Where each far end is, as a device file writes it."""
        return {
            "stimulator": self.stimulator.port.address,
            "emg": self.emg.address,
            "robot": self.robot.port.address,
            **{name: far_end.address for name, far_end in self.also.items()},
        }

    def add_fault(self, spec: str) -> Fault:
        """One more fault, its time counted from now; raises `FaultSpecError`, or ValueError for no such channel."""
        fault = parse_fault(spec)
        check_target(spec, fault.kind.name, self.also)
        if fault.kind.argument == "channel":
            self.patient.column(fault.argument)
        return self.faults.add(spec, self.clock.now_s())

    async def plug(self) -> None:
        """Make every far end reachable, so that `addresses` holds; raises OSError for a port or name that is taken."""
        await self.stimulator.port.plug()
        self.emg.plug()
        await self.robot.port.plug()
        for far_end in self.also.values():
            await far_end.plug()

    async def run(self) -> None:
        """Serve every far end until cancelled."""
        await self.plug()
        async with asyncio.TaskGroup() as group:
            far_ends: tuple[Running, ...] = (self.stimulator, self.emg, self.robot, *self.also.values())
            for far_end in far_ends:
                group.create_task(far_end.run())
            group.create_task(self._hands())

    async def _hands(self) -> None:
        while True:
            now_s = self.clock.now_s()
            self.gait.advance(now_s)
            self._robot_mishaps(now_s)
            self._patient_mishaps(now_s)
            await asyncio.sleep(HANDS_S)

    def _robot_mishaps(self, now_s: float) -> None:
        if self.faults.strike("robot.e_stop", now_s):
            self.gait.press_e_stop()
        if self.faults.strike("robot.stop", now_s):
            self.gait.stop()

    def _patient_mishaps(self, now_s: float) -> None:
        coil = self.patient.coil
        if slip := self.faults.strike("patient.coil_slip", now_s):
            self.patient.coil = replace(coil, y_cm=coil.y_cm + slip.number)
        if self.faults.strike("patient.coil_off", now_s):
            self.patient.coil = replace(coil, contact=False)
        if shift := self.faults.strike("patient.threshold_shift", now_s):
            self.patient.shift_threshold(shift.number)
        for restless in self.faults.strike_all("emg.background", now_s):
            if restless.strikes == 1:
                self.patient.contract(now_s, restless.duration_s or FOREVER_S, restless.number)

    def _make(self, name: str, folder: Path, bus: str) -> FarEnd:
        kind = FAR_ENDS.get(name)
        if kind is None:
            raise ValueError(f"no far end {name!r}; {nearest(name, list(FAR_ENDS))}")
        seed = int(np.random.SeedSequence((self.seed, *name.encode())).generate_state(1)[0])
        around = Surroundings(
            name,
            folder,
            seed,
            self.clock,
            self.faults,
            self.patient,
            self.gait,
            self._pulse_elsewhere,
            bus,
            self.stimulator.step,
            self.stimulator.trigger_in,
            self.body,
        )
        return kind.build(around)

    def _pulse_elsewhere(self, at_s: float, amplitude_pct_mso: float) -> None:
        """A pulse of another stimulator than the one this world always has."""
        self.pulses.append(Pulse(len(self.pulses) + 1, at_s, round(amplitude_pct_mso), "external"))
        self.patient.stimulate(at_s, amplitude_pct_mso)
        self.emg.note_pulse(at_s)

    def _on_pulse(self, pulse: Pulse) -> None:
        self.pulses.append(pulse)
        self.patient.stimulate(pulse.at_s, pulse.amplitude_pct_mso)
        self.emg.note_pulse(pulse.at_s)
