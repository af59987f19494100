"""Snapshots of the invented visit beside a treadmill whose belt this box commands."""

from msgspec.structs import replace

from bedside.snapshot import Alarm, Belt, Robot, Snapshot
from tests.bedside.tui.scenes import BEFORE_RUN, INTERRUPTED, PAUSED, SCREENING, STIMULATING

PULSES = "pulses are being given: only slower, or stop"


def beside(snapshot: Snapshot, belt: Belt, phase: str, speed_kmh: float | None, **more: object) -> Snapshot:
    """`snapshot` with a treadmill that says this, and `more` fields of the snapshot."""
    robot = Robot(phase=phase, speed_kmh=speed_kmh, source="device", age_s=0.2, belt=belt)
    return replace(snapshot, robot=robot, **more)


REST = Belt(state="rest", start_kmh=0.8)
WALKS = Belt(state="moving", asked_kmh=1.2, start_kmh=0.8, faster_kmh=1.3, slower_kmh=1.1, start="the belt moves")
LOST = Belt(state="unknown", start_kmh=0.8, start="the belt's state is unknown: it may be moving")
BELT_SCENES: dict[str, Snapshot] = {
    "rest": beside(BEFORE_RUN, REST, "stand", 0.0),
    "not_ready": beside(BEFORE_RUN, replace(REST, start="the handrails are not ticked"), "stand", 0.0),
    "changing": beside(BEFORE_RUN, replace(WALKS, doing="speed", faster="changing", slower="changing"), "walk", 1.1),
    "walks": beside(STIMULATING, replace(WALKS, faster=PULSES), "walk", 1.2),
    "runs_on": beside(PAUSED, WALKS, "walk", 1.2),
    "not_held": beside(PAUSED, replace(WALKS, asked_kmh=None, faster_kmh=None, slower_kmh=None), "walk", 1.2),
    "stopping": beside(PAUSED, replace(WALKS, asked_kmh=None, doing="stop"), "stopping", 0.7),
    "failed": beside(
        BEFORE_RUN, replace(REST, failed="start failed: the treadmill refuses: not permitted"), "stand", 0.0
    ),
    "lost": beside(
        PAUSED,
        LOST,
        "unknown",
        None,
        alarms=(
            Alarm(
                id="belt",
                priority="high",
                text="belt state unknown: it was started here and may be running",
                remedy="see to the patient; stop it at the treadmill's own stop",
                since_s=3.0,
            ),
        ),
    ),
    "elsewhere": beside(SCREENING, LOST, "unknown", None),
    "interrupted": beside(
        replace(
            INTERRUPTED,
            interruption=replace(
                INTERRUPTED.interruption,
                uncertain="no pulse was under way; the belt was started here and may have run on ever since: "
                "look at it, stop it",
            ),
        ),
        LOST,
        "unknown",
        None,
    ),
}
