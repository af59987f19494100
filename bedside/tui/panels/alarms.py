"""Which alarm owns the banner, and its words. The light is never silenced; silence shows its countdown."""

from collections.abc import Sequence

from bedside.snapshot import Alarm
from bedside.tui.beltkeys import belt_of
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, minutes, row

MARKS = {"high": "***", "medium": "**", "low": "*"}
_ORDER = {"high": 0, "medium": 1, "low": 2}
HEIGHTS = {"high": 3, "medium": 2, "low": 1}
GONE_TEXT = "STATION NOT ANSWERING: use the stimulator's own stop button"
GONE_WITH_BELT = "STATION NOT ANSWERING: use the stimulator's and the treadmill's own stop"


def owner(alarms: Sequence[Alarm]) -> Alarm | None:
    """The alarm the banner shows: those still sounding before silenced ones, then by priority, then the newest."""
    ranked = sorted(alarms, key=lambda alarm: (bool(alarm.silenced_s), _ORDER[alarm.priority], alarm.since_s))
    return ranked[0] if ranked else None


def station_gone(picture: Picture) -> bool:
    """Whether the loss of the station owns the banner: it was there, or has been missing for a moment."""
    return not picture.link.up and (picture.link.ever or picture.link.silent_s > 1.0)


def priority_of(picture: Picture) -> str:
    """The banner's priority, empty without an alarm."""
    if station_gone(picture):
        return "high"
    first = owner(picture.snapshot.alarms)
    return first.priority if first else ""


def banner(picture: Picture, lit: bool) -> list[Row]:
    """The banner's rows; `lit` says which half of the flash it is."""
    priority = priority_of(picture)
    if not priority:
        return [row((" no alarms", "dim"))]
    style = f"alarm.{priority}" + ("" if lit or priority == "low" else ".off")
    if station_gone(picture):
        return _gone(picture, style)
    first = owner(picture.snapshot.alarms)
    return _alarm(first, picture, style) if first else []


def _gone(picture: Picture, style: str) -> list[Row]:
    silent_s = picture.link.silent_s
    return [
        row((f" *** {GONE_TEXT if belt_of(picture) is None else GONE_WITH_BELT}", style), ("", style)),
        row((f"     {picture.link.trouble}", style), ("", style)),
        row(
            (f"     for {minutes(silent_s)}; this screen reconnects by itself; what is below is old", style),
            ("", style),
        ),
    ]


def _alarm(alarm: Alarm, picture: Picture, style: str) -> list[Row]:
    others = len(picture.snapshot.alarms) - 1
    silent = f"silenced, sounds again in {minutes(alarm.silenced_s)}" if alarm.silenced_s else "F6 silences the sound"
    more = f"; {others} more" if others else ""
    quiet = f"; {picture.snapshot.silenced} silenced" if picture.snapshot.silenced else ""
    tail = f"since {minutes(alarm.since_s + picture.age_s)}; {silent}{more}{quiet}"
    mark = MARKS[alarm.priority]
    fill: Span = ("", style)
    if alarm.priority == "high":
        return [
            row((f" {mark} {alarm.text}", style), fill),
            row((f"     {alarm.remedy}", style), fill),
            row((f"     {tail}", style), fill),
        ]
    if alarm.priority == "medium":
        return [row((f" {mark} {alarm.text}", style), fill), row((f"    {alarm.remedy}; {tail}", style), fill)]
    return [row((f" {mark} {alarm.text}: {alarm.remedy}{more}{quiet}", style), fill)]
