"""Which signs this terminal can show: braille, half blocks, or plain ASCII.

The fonts of Debian's Linux console have no braille and mostly no half blocks; a terminal emulator has both.
"""

import os
from collections.abc import Mapping
from typing import Literal

Ladder = Literal["braille", "half", "ascii"]
LADDERS: tuple[Ladder, ...] = ("braille", "half", "ascii")
DOTS: dict[Ladder, tuple[int, int]] = {"braille": (2, 4), "half": (1, 2), "ascii": (1, 3)}
ASCII_SIGNS = " '-|.|||"

_SEGMENTS = {
    "0": (" _ ", "| |", "|_|"),
    "1": ("   ", "  |", "  |"),
    "2": (" _ ", " _|", "|_ "),
    "3": (" _ ", " _|", " _|"),
    "4": ("   ", "|_|", "  |"),
    "5": (" _ ", "|_ ", " _|"),
    "6": (" _ ", "|_ ", "|_|"),
    "7": (" _ ", "  |", "  |"),
    "8": (" _ ", "|_|", "|_|"),
    "9": (" _ ", "|_|", " _|"),
    ":": (" ", ".", "."),
    "-": ("   ", " _ ", "   "),
}
_BLOCKS = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▀█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    ":": (" ", "▀", "▀"),
    "-": ("   ", "▀▀▀", "   "),
}


def ladder_for(environment: Mapping[str, str] | None = None) -> Ladder:
    """The best rung: `BEDSIDE_GLYPHS` when set, ASCII on the Linux console or without UTF-8, else braille."""
    env = os.environ if environment is None else environment
    wish = env.get("BEDSIDE_GLYPHS", "")
    for rung in LADDERS:
        if wish == rung:
            return rung
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    speaks_utf8 = "utf" in locale.lower() or not locale
    return "ascii" if env.get("TERM") == "linux" or not speaks_utf8 else "braille"


def big(text: str, ladder: Ladder) -> tuple[str, str, str]:
    """Digits and colons three rows high, to be read from across the room."""
    font = _SEGMENTS if ladder == "ascii" else _BLOCKS
    shapes = [font[sign] for sign in text if sign in font]
    return (
        " ".join(shape[0] for shape in shapes),
        " ".join(shape[1] for shape in shapes),
        " ".join(shape[2] for shape in shapes),
    )


def sampler() -> list[str]:
    """Lines for the self-test: each rung with what one should see."""
    return [
        "Which of these lines show clean signs, and no boxes or question marks?",
        "",
        "  braille  ⠁⠃⠇⡇⣇⣧⣷⣿ ⣀⣤⣶⣿      start with BEDSIDE_GLYPHS=braille",
        "  half     ▀▄█ ▄▀▄ ███         start with BEDSIDE_GLYPHS=half",
        "  ascii    ' - . | _ #         start with BEDSIDE_GLYPHS=ascii",
        "  frames   ┌─┐ │ │ └─┘ → ± µ ° ≥  used on every screen",
        "",
        f"bedside would choose: {ladder_for()}",
    ]
