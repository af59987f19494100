"""What must hold between the numbers of one study file, beyond each number's own bounds."""

from collections.abc import Iterator
from pathlib import Path

from bedside.config.strict import ConfigError
from bedside.config.study import RobotConfig, Study


def check_study(path: Path, study: Study) -> None:
    """Raise `ConfigError` naming the key of the first number of `study` that does not go with the others."""
    plan = study.calendar
    if plan is not None and plan.per_week * plan.weeks != study.sessions:
        problem = f"{plan.per_week} a week for {plan.weeks} weeks are not the {study.sessions} of sessions"
        raise ConfigError(path, "calendar", problem, "make both the same")
    for low, high, key in _ranges(study):
        if not 0 <= low <= high:
            raise ConfigError(path, key, f"{low:g} to {high:g} is no range", "write the lower value first")
    if study.robot is not None:
        _check_speeds(path, study.robot)


def _ranges(study: Study) -> Iterator[tuple[float, float, str]]:
    """Every range of a study, and its key."""
    hunt, robot = study.hunt, study.robot
    yield (*hunt.window_ms, "hunt.window_ms")
    yield hunt.start_pct_mso, hunt.cap_pct_mso, "hunt.start_pct_mso"
    if robot is None:
        return
    yield (*robot.envelope_kmh, "robot.envelope_kmh")
    for key, span in (("prescription_kmh", robot.prescription_kmh), ("support_pct", robot.support_pct)):
        if span is not None:
            yield (*span, f"robot.{key}")


def _check_speeds(path: Path, robot: RobotConfig) -> None:
    """What is prescribed, and what is allowed during pulses, is a speed at which anybody may walk."""
    low, high = robot.envelope_kmh
    for key, speeds in (
        ("prescription_kmh", robot.prescription_kmh or ()),
        ("max_while_stimulating_kmh", (robot.max_while_stimulating_kmh,)),
    ):
        outside = next((speed for speed in speeds if not low <= speed <= high), None)
        if outside is not None:
            problem = f"{outside:g} km/h is outside envelope_kmh, {low:g} to {high:g} km/h"
            raise ConfigError(path, f"robot.{key}", problem, "write a speed within it, or have the envelope changed")
