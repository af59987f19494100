"""A gait robot that tells its state over the public CORC/libFLNL frame (TCP port 2048). It is never commanded.

The frame is CORC's, the list of values in it is ours (`VALUES`): a robot's own program is configured to send them, 100
times a second or more. A frame with fewer or more values is another list: it is not read, for nothing in it says which
value is which, and a robot that sends nothing else is refused in words. Not tried on hardware.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hal.device import Refused
from hal.drivers.gait.corc_codec import Frame, FrameParser
from hal.drivers.gait.robot_telemetry import RobotTelemetry
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import JOINTS, RobotPhase, RobotState

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
"""The values of a frame, in order. Contacts and e_stop are 0 or 1 (pressed); a value nobody measures is NaN."""

PHASES: tuple[RobotPhase, ...] = ("off", "fitting", "stand", "walk", "stopping", "fault")
"""Phase codes 0, 1, ...; any other is "unknown"."""


OTHER_FRAMES = 20
"""So many frames of another list in a row, 0.2 s of them, are the robot's own list and no slip."""


@dataclass(frozen=True, slots=True)
class CorcOptions:
    """A CORC robot has no options."""


class CorcRobot(RobotTelemetry, LinkedDevice):
    """A `hal.roles.GaitTrainer` with telemetry."""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=0.5, reopen_s=3.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        parse_options(CorcOptions, options or {}, device=name)
        self._parser = FrameParser()
        self._skipped = 0
        self._others = 0

    @property
    def dropped(self) -> int:
        """Runs of garbage and frames of another shape."""
        return self._parser.resyncs + self._skipped

    def on_link_up(self) -> None:
        """Forget half a frame, and an earlier list."""
        self._parser.reset()
        self._others = 0

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; each frame of values becomes a `RobotState`. `Refused` for another list."""
        for frame in self._parser.feed(data):
            state = robot_state(frame, self.now_ns())
            if state is None:
                self._skip(frame)
                continue
            self._others = 0
            self.heard()
            self.tell(state)

    def _skip(self, frame: Frame) -> None:
        self._skipped += 1
        self._others += not frame.command
        if self._others >= OTHER_FRAMES:
            raise Refused(
                f"it sends {len(frame.values)} values, {len(VALUES)} are needed",
                device=self.name,
                remedy="have the robot's program send the list of values that this driver reads",
            )


def robot_state(frame: Frame, mono_ns: int) -> RobotState | None:
    """The state in `frame`; None for a command or a frame with another number of values than `VALUES`.

    An unknown phase code becomes "unknown"; an e-stop that is not clearly 0 counts as pressed.
    """
    if frame.command or len(frame.values) != len(VALUES):
        return None
    values = frame.values
    speed, support, assist, phase, e_stop, steps = values[21:]
    return RobotState(
        mono_ns=mono_ns,
        phase=PHASES[int(phase)] if phase in range(len(PHASES)) else "unknown",
        speed_kmh=_known(speed),
        body_weight_support_kg=_known(support),
        assist_pct=_known(assist),
        e_stop=e_stop != 0,
        steps=int(steps) if 0 <= steps < 2**53 else None,
        angles_deg=values[1:7],
        velocities_deg_s=values[7:13],
        torques_nm=values[13:19],
        contacts=(values[19] > 0.5, values[20] > 0.5),
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
