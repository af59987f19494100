"""Which pictures there are of a walk, by name, and which comes next. Light: the first paint loads it."""

from msgspec.structs import replace

from bedside.snapshot import Capture
from bedside.tui.picture import Picture, body_kind

TITLES = {
    "pitch_deg": "Foot to the floor, deg, toes up + (segment, no joint)",
    "ankle_deg": "Ankle, deg, dorsiflexion +, 0 in quiet standing",
    "knee_deg": "Knee, deg, flexion +, 0 in quiet standing",
    "paths": "Path of the foot's sensor, mean of the cycles",
    "figure": "Stick figure at tenths of a mean cycle",
}


def views(capture: Capture | None) -> tuple[str, ...]:
    """The pictures there are of the last result's walk: an angle that no side has is none of them."""
    if capture is None or not capture.gait:
        return ()
    named = {curve.name for side in capture.gait for curve in side.curves}
    angles = tuple(name for name in TITLES if name.endswith("_deg") and (name in named or name == "pitch_deg"))
    return (*angles, "paths", "figure") if any(side.sticks for side in capture.gait) else angles


def next_view(picture: Picture) -> Picture:
    """What the view's key brings: another picture of the same thing, and of a walk all there are, one by one."""
    order = ("", *views(picture.capture)) if body_kind(picture) == "capture" else ("",)
    if not picture.plot:
        return replace(picture, plot=True, walk="")
    place = order.index(picture.walk) + 1 if picture.walk in order else len(order)
    return replace(picture, walk=order[place]) if place < len(order) else replace(picture, plot=False, walk="")
