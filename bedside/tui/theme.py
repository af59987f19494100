"""Colours. Red and yellow are for alarms alone, green for "ready" alone; traces are blue, white and orange.

Every meaning also has a word, a mark or a place, so nothing is lost without colour.
"""

from collections.abc import Mapping
from typing import Literal

from rich.style import Style
from textual.theme import Theme

Palette = Literal["rich", "sixteen"]

BEDSIDE_THEME = Theme(
    name="bedside",
    primary="#6cb6ff",
    secondary="#9fb3c8",
    warning="#f0a95b",
    error="#ff6b6b",
    success="#7ac98f",
    accent="#6cb6ff",
    foreground="#dbe2ea",
    background="#0f1419",
    surface="#0f1419",
    panel="#18212b",
    dark=True,
)

_RICH: dict[str, str] = {
    "text": "#dbe2ea on #0f1419",
    "dim": "#8593a3 on #0f1419",
    "strong": "bold #ffffff on #0f1419",
    "accent": "#6cb6ff on #0f1419",
    "look": "bold #f0a95b on #0f1419",
    "ready": "bold #7ac98f on #0f1419",
    "stale": "italic #6b7785 on #0f1419",
    "bar": "#dbe2ea on #1d2833",
    "bar.dim": "#94a3b3 on #1d2833",
    "bar.strong": "bold #ffffff on #1d2833",
    "sim": "bold #0f1419 on #9fb3c8",
    "cursor": "bold #ffffff on #24405c",
    "action": "bold #ffffff on #1f5a93",
    "action.off": "#94a3b3 on #1d2833",
    "armed": "bold #0f1419 on #f0a95b",
    "key": "bold #6cb6ff on #0f1419",
    "key.off": "#566270 on #0f1419",
    "stop": "bold #ffffff on #8f2d2d",
    "word.on": "bold #0f1419 on #6cb6ff",
    "word.ready": "bold #0f1419 on #7ac98f",
    "word.hold": "bold #0f1419 on #f0a95b",
    "word.off": "bold #dbe2ea on #2b3947",
    "alarm.high": "bold #ffffff on #c1121f",
    "alarm.high.off": "bold #ff5c5c on #000000",
    "alarm.medium": "bold #000000 on #ffd43b",
    "alarm.medium.off": "bold #ffd43b on #000000",
    "alarm.low": "#000000 on #4dd0e1",
    "trace.target": "#6cb6ff on #0f1419",
    "trace.other": "#c3ccd6 on #0f1419",
    "trace.old": "#4a5a6a on #0f1419",
    "trace.pulse": "bold #f0a95b on #0f1419",
}

_SIXTEEN: dict[str, str] = {
    "text": "white",
    "dim": "white",
    "strong": "bold bright_white",
    "accent": "bright_blue",
    "look": "bold bright_magenta",
    "ready": "bold bright_green",
    "stale": "bright_black",
    "bar": "black on white",
    "bar.dim": "black on white",
    "bar.strong": "bold black on white",
    "sim": "bold white on blue",
    "cursor": "bold bright_white on blue",
    "action": "bold bright_white on blue",
    "action.off": "black on white",
    "armed": "bold black on magenta",
    "key": "bold bright_blue",
    "key.off": "bright_black",
    "stop": "bold bright_white on red",
    "word.on": "bold bright_white on blue",
    "word.ready": "bold black on green",
    "word.hold": "bold black on magenta",
    "word.off": "bold black on white",
    "alarm.high": "bold bright_white on red",
    "alarm.high.off": "bold bright_red on black",
    "alarm.medium": "black on yellow",
    "alarm.medium.off": "bold yellow on black",
    "alarm.low": "black on cyan",
    "trace.target": "bright_blue",
    "trace.other": "white",
    "trace.old": "bright_black",
    "trace.pulse": "bold bright_magenta",
}


def palette_for(color_system: str | None, term: str) -> Palette:
    """Full colours where the terminal has at least 256; sixteen on the Linux console and simpler ones."""
    return "rich" if color_system in {"truecolor", "256"} and term != "linux" else "sixteen"


def styles(palette: Palette) -> Mapping[str, Style]:
    """The style of each name used in rows."""
    return {name: Style.parse(text) for name, text in (_RICH if palette == "rich" else _SIXTEEN).items()}
