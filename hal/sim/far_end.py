"""What a simulated device is to its world: something at the far end of a wire that can be plugged, served and pulled.

The table names every far end, by the module that makes it; nothing is imported before it is asked for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from hal.sim.clock import SimClock
from hal.sim.faults import Faults
from hal.sim.patient.body import Body
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient

Role = Literal["stimulator", "emg", "robot", "current", "imu", "plate", "contact"]

BLUETOOTH = "Bluetooth LE"
"""The transport of far ends that need a D-Bus to live on."""


class FarEnd(Protocol):
    """One simulated device. `run` plugs it in and serves until cancelled; faults may unplug it meanwhile."""

    @property
    def address(self) -> str:
        """Where the station finds it, as in a device file, once plugged."""
        ...

    async def plug(self) -> None:
        """Become reachable; nothing when it is already."""
        ...

    def unplug(self) -> None:
        """Become unreachable, ending what is connected; safe to call twice."""
        ...

    async def run(self) -> None:
        """Serve until cancelled."""
        ...


@runtime_checkable
class TriggerMaster(Protocol):
    """A far end whose trigger output is wired to the stimulator: it is brought to the present before that one is."""

    def advance(self, now_s: float) -> None:
        """Give every trigger pulse that is due by `now_s` (simulated s)."""
        ...


@runtime_checkable
class Guarded(Protocol):
    """A far end that a driver needs secrets for, as the box's service manager would hand them to the station."""

    @property
    def credentials(self) -> Mapping[str, str]:
        """Credential's name in the shipped device file, and what it holds."""
        ...


def credentials_of(far_ends: Iterable[FarEnd]) -> dict[str, str]:
    """All that a station needs to be let in by these far ends."""
    held: dict[str, str] = {}
    for far_end in far_ends:
        if isinstance(far_end, Guarded):
            held.update(far_end.credentials)
    return held


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the world hands to a far end when it is made.

    `name` is the far end's in this world and the TARGET of its faults; `folder` takes its serial port's name or socket;
    `seed` is its own; `pulse` is called with simulated time (s) and %MSO for every magnetic pulse it gives; `bus` is
    the address of the private D-Bus that Bluetooth peripherals live on ("" where there is none). `catch_up` brings the
    stimulator to the present, so that no pulse is missing from samples that are about to be made. `trigger` is called
    with the simulated time (s) of each pulse at an output that is wired to the stimulator's trigger input.
    """

    name: str
    folder: Path
    seed: int
    clock: SimClock
    faults: Faults
    patient: Patient
    gait: GaitModel
    pulse: Callable[[float, float], None]
    bus: str = ""
    catch_up: Callable[[], None] = lambda: None
    trigger: Callable[[float], None] = lambda _at_s: None
    body: Body | None = None

    @property
    def legs(self) -> Body:
        """The patient's legs; without a world around them they only follow the robot."""
        return self.body or Body(self.gait)


@dataclass(frozen=True, slots=True)
class FarEndKind:
    """One line of the table: `driver` names the driver that speaks to it, `make` is its `module:function`.

    `device` is the shipped device file that describes such a device, where it is not called as the far end is.
    """

    role: Role
    driver: str
    transport: str
    what: str
    make: str
    device: str = ""

    def build(self, surroundings: Surroundings) -> FarEnd:
        """Make it; raises ValueError for surroundings that it cannot live in."""
        module, _, function = self.make.partition(":")
        made: FarEnd = getattr(import_module(module), function)(surroundings)
        return made


FAR_ENDS: Mapping[str, FarEndKind] = {
    "magstim_rapid2": FarEndKind(
        "stimulator",
        "magstim",
        "serial (pty)",
        "Magstim Rapid-2, software version 9",
        "hal.sim.stimulator.magstim_device:rapid2",
    ),
    "magstim_200": FarEndKind(
        "stimulator", "magstim", "serial (pty)", "Magstim 200-2", "hal.sim.stimulator.magstim_device:single"
    ),
    "magstim_bistim": FarEndKind(
        "stimulator", "magstim", "serial (pty)", "Magstim BiStim-2", "hal.sim.stimulator.magstim_device:bistim"
    ),
    "trigger_box": FarEndKind(
        "stimulator",
        "triggered_stimulator",
        "serial (pty)",
        "byte-triggered pulse box",
        "hal.sim.stimulator.trigger_device:box",
        device="triggered_box",
    ),
    "trigger_line": FarEndKind(
        "stimulator",
        "triggered_stimulator",
        "RFC 2217 (TCP)",
        "stimulator behind an RTS trigger line",
        "hal.sim.stimulator.trigger_device:line",
        device="triggered_line",
    ),
    "escd": FarEndKind("current", "escd", "serial (pty)", "tsDCS device, wired", "hal.sim.current.escd_device:wired"),
    "escd_ble": FarEndKind(
        "current", "escd", BLUETOOTH, "tsDCS device, wireless", "hal.sim.current.escd_device:wireless"
    ),
    "sessantaquattro": FarEndKind(
        "emg",
        "sessantaquattro",
        "TCP, it connects to us",
        "Sessantaquattro+",
        "hal.sim.emg.sessantaquattro_device:make",
    ),
    "bitalino": FarEndKind("emg", "bitalino", "serial (pty)", "BITalino", "hal.sim.emg.bitalino_device:make"),
    "cyton": FarEndKind("emg", "cyton", "serial (pty)", "OpenBCI Cyton", "hal.sim.emg.cyton_device:make"),
    "delsys": FarEndKind("emg", "delsys", "TCP", "Delsys Trigno control utility", "hal.sim.emg.delsys_device:make"),
    "lsl_emg": FarEndKind("emg", "lsl_emg", "LSL", "an EMG outlet of another program", "hal.sim.emg.lsl_device:make"),
    "imu_foot_left": FarEndKind(
        "imu", "witmotion", BLUETOOTH, "WitMotion on the left foot", "hal.sim.motion.imu_worn:witmotion_foot_left"
    ),
    "imu_foot_right": FarEndKind(
        "imu", "witmotion", BLUETOOTH, "WitMotion on the right foot", "hal.sim.motion.imu_worn:witmotion_foot_right"
    ),
    "imu_thigh": FarEndKind(
        "imu", "witmotion", BLUETOOTH, "WitMotion on the left thigh", "hal.sim.motion.imu_worn:witmotion_thigh_left"
    ),
    "imu_shank": FarEndKind(
        "imu", "witmotion", BLUETOOTH, "WitMotion on the left shank", "hal.sim.motion.imu_worn:witmotion_shank_left"
    ),
    "imu_nus_left": FarEndKind(
        "imu", "nus_imu", BLUETOOTH, "own frame over Nordic UART", "hal.sim.motion.imu_worn:nus_foot_left"
    ),
    "imu_nus_right": FarEndKind(
        "imu", "nus_imu", BLUETOOTH, "own frame over Nordic UART", "hal.sim.motion.imu_worn:nus_foot_right"
    ),
    "imu_nus_thigh_left": FarEndKind(
        "imu", "nus_imu", BLUETOOTH, "own frame, on the left thigh", "hal.sim.motion.imu_worn:nus_thigh_left"
    ),
    "imu_nus_thigh_right": FarEndKind(
        "imu", "nus_imu", BLUETOOTH, "own frame, on the right thigh", "hal.sim.motion.imu_worn:nus_thigh_right"
    ),
    "imu_nus_shank_left": FarEndKind(
        "imu", "nus_imu", BLUETOOTH, "own frame, on the left shank", "hal.sim.motion.imu_worn:nus_shank_left"
    ),
    "imu_nus_shank_right": FarEndKind(
        "imu", "nus_imu", BLUETOOTH, "own frame, on the right shank", "hal.sim.motion.imu_worn:nus_shank_right"
    ),
    "imu_capture2go": FarEndKind(
        "imu", "capture2go", BLUETOOTH, "Capture2Go at 200 Hz", "hal.sim.motion.imu_worn:capture2go_foot_left"
    ),
    "imu_dot": FarEndKind(
        "imu", "movella_dot", BLUETOOTH, "Movella DOT at 60 Hz", "hal.sim.motion.imu_worn:dot_foot_left"
    ),
    "balance_board": FarEndKind(
        "plate", "balance_board", "hidraw (seqpacket)", "Wii Balance Board", "hal.sim.plate.balance_board_device:make"
    ),
    "force_board": FarEndKind(
        "plate", "force_board", "serial (pty)", "board with four load cells", "hal.sim.plate.force_board_device:single"
    ),
    "force_board_dual": FarEndKind(
        "plate", "force_board", "serial (pty)", "two boards, one a foot", "hal.sim.plate.force_board_device:dual"
    ),
    "ftms": FarEndKind(
        "robot", "ftms_treadmill", BLUETOOTH, "FTMS treadmill", "hal.sim.gait.ftms_device:make", device="ftms_treadmill"
    ),
    "trackmaster": FarEndKind(
        "robot", "trackmaster", "serial (pty)", "Trackmaster treadmill", "hal.sim.gait.trackmaster_device:make"
    ),
    "openexo": FarEndKind("robot", "openexo", BLUETOOTH, "OpenExo exoskeleton", "hal.sim.gait.openexo_device:make"),
    "emergency_stop": FarEndKind(
        "contact", "contact", "RFC 2217 (TCP)", "emergency-stop button", "hal.sim.contact.contact_device:emergency_stop"
    ),
    "foot_switch": FarEndKind(
        "contact", "contact", "RFC 2217 (TCP)", "foot switch", "hal.sim.contact.contact_device:foot_switch"
    ),
}
"""Far ends that a world is asked for by name, beside the three it always has (`hal.sim.world`)."""
