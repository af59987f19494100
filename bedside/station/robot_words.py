"""Which of a robot's states the rules hear: each that says something new, and the rest twenty times a second."""

from hal.roles import RobotState

SAME_NS = 50_000_000
"""Visit time after which an unchanged state is passed on: far below the age at which it counts as old."""


class RobotWords:
    """A robot tells its state a hundred times a second, and says the same most times. Joints are only drawn."""

    def __init__(self) -> None:
        self._last: RobotState | None = None

    def tell(self, state: RobotState) -> bool:
        """Whether the rules have to hear this state: at once where anything they look at differs from the last."""
        last = self._last
        if last is not None and _words(last) == _words(state) and 0 <= state.mono_ns - last.mono_ns < SAME_NS:
            return False
        self._last = state
        return True


def _words(state: RobotState) -> tuple[object, ...]:
    known = (bool(state.angles_deg), bool(state.velocities_deg_s), bool(state.torques_nm), bool(state.contacts))
    return (
        state.phase,
        state.speed_kmh,
        state.body_weight_support_kg,
        state.assist_pct,
        state.e_stop,
        state.steps,
        state.source,
        known,
    )
