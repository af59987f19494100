"""A simulated OpenExo exoskeleton on Bluetooth: it greets, streams numbers while upright, and reports its faults.

Frames are `S`, a command character, the number of values, `c`, then each value times 100 with an `n` behind it. Which
value stands where is the exoskeleton's own configuration: see `VALUES`. The trial is started at the exoskeleton: it
streams whenever the patient stands or walks in it.
"""

import random
from collections.abc import Sequence

from hal.sim.bluetooth.ble_far_end import BleFarEnd
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral
from hal.sim.far_end import FarEnd, Surroundings
from hal.sim.patient.gait_model import Phase
from hal.sim.truth import Truth

UART = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
UART_WRITE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
UART_NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
ERROR_SERVICE = "33b65d42-611c-11ed-9b6a-0242ac120002"
ERROR_NOTIFY = "33b65d43-611c-11ed-9b6a-0242ac120002"
MOTOR_TIMEOUT = 8
FRAMES_PER_S = 100.0
BATTERY_EVERY_S = 2.0
STEPS_EVERY_S = 1.0
BATTERY_PCT = 87.0
VALUES = (
    "torque_ankle_right_nm",
    "angle_ankle_right_deg",
    "contact_right",
    "torque_ankle_left_nm",
    "angle_ankle_left_deg",
    "contact_left",
    "angle_hip_right_deg",
    "angle_hip_left_deg",
    "angle_knee_right_deg",
    "angle_knee_left_deg",
    "time_s",
)
"""What this exoskeleton sends with `?`, in order."""
GREETING = "OpenExo|1.0|bilateral ankle|" + "|".join(VALUES)


def frame_bytes(command: str, values: Sequence[float]) -> bytes:
    """One frame; each value is rounded to a hundredth."""
    return f"S{command}{len(values)}c{''.join(f'{round(value * 100)}n' for value in values)}".encode("ascii")


class OpenExoDevice(BleFarEnd):
    """Streams the gait model's legs about 100 times a second; a gait model in its fault phase is a motor timeout.

    So is its fault `device_error`, which the exoskeleton reports once for as long as it lasts.
    """

    def __init__(self, around: Surroundings) -> None:
        self.written = bytearray()
        self.errors = 0
        self.sent = 0
        self.truth: Truth | None = None
        self._fault_told = False
        self._greeted = False
        self._battery_s = self._steps_s = -1e9
        self._frozen: bytes | None = None
        self._to_lose = 0
        self._chance = random.Random(around.seed)
        peripheral = Peripheral(
            "E0:6E:00:00:00:01",
            "EXOBLE_SIM",
            {
                UART: (
                    Characteristic(UART_WRITE, ("write", "write-without-response"), on_write=self._on_write),
                    Characteristic(UART_NOTIFY, ("notify",), on_subscribe=self._on_subscribe),
                ),
                ERROR_SERVICE: (Characteristic(ERROR_NOTIFY, ("read", "notify"), read=lambda: bytes((0,))),),
            },
            seed=around.seed,
        )
        super().__init__(around, peripheral, tick_s=1 / FRAMES_PER_S)

    def step(self, now_s: float) -> None:
        """One frame, and now and then battery and steps."""
        gait = self.around.gait
        gait.advance(now_s)
        if not self.peripheral.characteristic(UART_NOTIFY).notifying:
            return
        if not self._greeted:
            self._greeted = self.notify(UART_NOTIFY, b"READY") and self.notify(UART_NOTIFY, GREETING.encode() + b"\n")
            return
        self._tell_fault(self.struck("device_error") or gait.phase is Phase.FAULT)
        if gait.phase in (Phase.STAND, Phase.WALK, Phase.STOPPING):
            self._tell_legs(now_s)
        if abs(now_s - self._battery_s) >= BATTERY_EVERY_S:
            self._battery_s = now_s
            low = self.around.faults.strike(f"{self.around.name}.low_battery", now_s)
            self.notify(UART_NOTIFY, frame_bytes("~", (low.number if low else BATTERY_PCT,)))
        if abs(now_s - self._steps_s) >= STEPS_EVERY_S:
            self._steps_s = now_s
            self.notify(UART_NOTIFY, frame_bytes("s", (gait.steps,)))

    def _tell_legs(self, now_s: float) -> None:
        if self._lost(now_s):
            return
        values = self._values(now_s)
        data = frame_bytes("?", values)
        if not self.struck("freeze"):
            self._frozen = None
        else:
            data = self._frozen = self._frozen or data
        if self.notify(UART_NOTIFY, data) and self.truth is not None:
            self.truth.note((self.sent,), (now_s,), [round(value * 100) / 100 for value in values])
        self.sent += 1

    def _lost(self, now_s: float) -> bool:
        faults, name = self.around.faults, self.around.name
        if lost := faults.strike(f"{name}.lost_samples", now_s):
            self._to_lose += int(lost.number)
        if loss := faults.strike(f"{name}.loss", now_s):
            self._to_lose += self._chance.random() * 100 < loss.number
        lose = self._to_lose > 0
        self._to_lose -= lose
        return lose

    def _values(self, now_s: float) -> tuple[float, ...]:
        posture = self.around.gait.posture()
        hip_r, knee_r, ankle_r, hip_l, knee_l, ankle_l = posture.angles_deg
        torque_r, torque_l = posture.torques_nm[2], posture.torques_nm[5]
        right, left = (float(contact) for contact in posture.contacts)
        return (torque_r, ankle_r, right, torque_l, ankle_l, left, hip_r, hip_l, knee_r, knee_l, now_s % 1000)

    def _tell_fault(self, fault: bool) -> None:
        if fault and not self._fault_told:
            self.errors += 1
            self.notify(ERROR_NOTIFY, bytes((MOTOR_TIMEOUT,)))
            self.notify(UART_NOTIFY, frame_bytes("w", (self.errors,)))
        self._fault_told = fault

    def _on_write(self, data: bytes) -> None:
        if not self.deaf:
            self.written += data

    def _on_subscribe(self, on: bool) -> None:
        self._greeted = False if on else self._greeted


def make(around: Surroundings) -> FarEnd:
    """The exoskeleton of a world."""
    return OpenExoDevice(around)
