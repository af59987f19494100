"""A simulated gait robot: a TCP server that sends its state in 255-byte value frames of the public CORC format.

Byte 0 is `V`, byte 1 the number of values, then little-endian doubles, zeros, and in byte 254 the XOR of bytes 2..253
(libFLNL, Apache-2.0). Which value stands where is the robot's own choice: see `VALUES`.
"""

import asyncio
import struct
from functools import reduce
from operator import xor

from hal.sim.clock import SimClock
from hal.sim.faults import Faults
from hal.sim.patient.gait_model import GaitModel
from hal.sim.ports import TcpPort
from hal.sim.truth import Truth

FRAME_BYTES = 255
STATES_PER_S = 100.0
MAX_REAL_PER_S = 500.0
JOINTS = ("hip_right", "knee_right", "ankle_right", "hip_left", "knee_left", "ankle_left")
VALUES = (
    "time_s",
    *(f"angle_{joint}_deg" for joint in JOINTS),
    *(f"velocity_{joint}_deg_s" for joint in JOINTS),
    *(f"torque_{joint}_nm" for joint in JOINTS),
    "contact_right",
    "contact_left",
    "speed_kmh",
    "body_weight_support_kg",
    "assist_pct",
    "phase",
    "e_stop",
    "steps",
)


def value_frame(values: tuple[float, ...]) -> bytes:
    """The 255 bytes that carry `values`; raises struct.error for more than 31 of them."""
    frame = bytearray(FRAME_BYTES)
    frame[0:2] = b"V" + bytes((len(values),))
    struct.pack_into(f"<{len(values)}d", frame, 2, *values)
    frame[-1] = reduce(xor, frame[2:-1])
    return bytes(frame)


def state_values(gait: GaitModel, time_s: float) -> tuple[float, ...]:
    """What the robot tells, in the order of `VALUES`."""
    posture = gait.posture()
    numbers = (gait.speed_kmh, gait.body_weight_support_kg, gait.assist_pct, gait.phase, gait.e_stop, gait.steps)
    joints = (*posture.angles_deg, *posture.velocities_deg_s, *posture.torques_nm)
    return tuple(float(v) for v in (time_s, *joints, *posture.contacts, *numbers))


class RobotDevice:
    """Sends the gait model's state 100 times a simulated second, at most 500 times a real one."""

    def __init__(self, gait: GaitModel, clock: SimClock, faults: Faults, *, port: int = 0) -> None:
        self.gait = gait
        self.port = TcpPort(lambda _data: None, port)
        self.sent = 0
        self.truth: Truth | None = None
        self._clock = clock
        self._faults = faults

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.port.plug()
        real_s = 1 / min(STATES_PER_S * self._clock.speed, MAX_REAL_PER_S)
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        try:
            while True:
                await self._step()
                next_s = max(next_s + real_s, loop.time() - 10 * real_s)
                await asyncio.sleep(next_s - loop.time())
        finally:
            self.port.unplug()

    async def _step(self) -> None:
        now_s = self._clock.now_s()
        if self._faults.strike("robot.cable_out", now_s):
            self.port.unplug()
            return
        await self.port.plug()
        self.gait.advance(now_s)
        if not self.port.connected or self._faults.strike("robot.silence", now_s):
            return
        values = state_values(self.gait, now_s)
        other = self._faults.strike("robot.other_list", now_s)
        frame = value_frame((*values, 0.0, 0.0, 0.0, 0.0)[: int(other.number)] if other else values)
        if self.truth is not None:
            self.truth.note((self.sent,), (now_s,), values)
        self.sent += 1
        if self._faults.strike("robot.garbage", now_s):
            frame = frame[:-1] + bytes((frame[-1] ^ 0x5A,))
        self.port.write(frame)
