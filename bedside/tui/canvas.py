"""Dots to signs on braille, half-block or ASCII cells: strokes, layers of several inks, what changed. numpy only."""

import numpy as np
from numpy.typing import NDArray

from bedside.tui.glyphs import ASCII_SIGNS, DOTS, Ladder

Dots = NDArray[np.bool_]
Codes = NDArray[np.uint32]
Inks = NDArray[np.uint8]

BRAILLE_BASE = 0x2800
_BITS: dict[Ladder, tuple[tuple[int, ...], ...]] = {
    "braille": ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)),
    "half": ((1,), (2,)),
    "ascii": ((1,), (2,), (4,)),
}
_HALF = np.array([ord(sign) for sign in " ▀▄█"], dtype=np.uint32)
_ASCII = np.array([ord(sign) for sign in ASCII_SIGNS], dtype=np.uint32)


def strokes(low: NDArray[np.float64], high: NDArray[np.float64], rows: int) -> NDArray[np.bool_]:
    """Vertical strokes as dots, shape (rows, columns).

    `low` and `high`, shape (columns,), are heights between 0 (bottom) and 1 (top), cut off at the edges; NaN leaves
    the column empty.
    """
    known = ~(np.isnan(low) | np.isnan(high))
    top = np.clip(np.rint((1.0 - np.where(known, high, 0.0)) * (rows - 1)), 0, rows - 1)
    bottom = np.clip(np.rint((1.0 - np.where(known, low, 0.0)) * (rows - 1)), 0, rows - 1)
    line = np.arange(rows)[:, None]
    return (line >= top) & (line <= bottom) & known


def bits(dots: Dots, ladder: Ladder) -> NDArray[np.uint8]:
    """One bit a dot, shape (rows of cells, columns of cells); 0 for an empty cell. A part of a cell is left out."""
    wide, tall = DOTS[ladder]
    rows, columns = dots.shape[0] // tall, dots.shape[1] // wide
    found = np.zeros((rows, columns), dtype=np.uint8)
    for line, weights in enumerate(_BITS[ladder]):
        for column, weight in enumerate(weights):
            part = dots[line : rows * tall : tall, column : columns * wide : wide]
            found |= part.view(np.uint8) * np.uint8(weight)
    return found


def signs(found: NDArray[np.uint8], ladder: Ladder) -> Codes:
    """Code points of what `bits` made."""
    if ladder == "braille":
        code = found.astype(np.uint32)
        return np.where(code == 0, np.uint32(ord(" ")), code + np.uint32(BRAILLE_BASE)).astype(np.uint32)
    made: Codes = (_HALF if ladder == "half" else _ASCII)[found]
    return made


def cells(dots: Dots, ladder: Ladder) -> Codes:
    """Code points, shape (rows of cells, columns of cells), of dots whose sides are multiples of the cell's."""
    return signs(bits(dots, ladder), ladder)


def text_of(line: NDArray[np.uint32]) -> str:
    """One row of code points as a string."""
    return line.astype("<u4").tobytes().decode("utf-32-le")


class Layers:
    """Dots of several inks on one grid of cells; in a cell that several share, the last one drawn gives the ink."""

    def __init__(self, width: int, height: int, ladder: Ladder) -> None:
        self.ladder: Ladder = ladder
        wide, tall = DOTS[ladder]
        self.shape = (height * tall, width * wide)
        self._found: NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)
        self._inks: Inks = np.zeros((height, width), dtype=np.uint8)

    def add(self, dots: Dots, ink: int) -> None:
        """Lay dots, shape `shape`, over what is there."""
        found = bits(dots, self.ladder)
        self._inks[found != 0] = ink
        self._found |= found

    def made(self) -> tuple[Codes, Inks]:
        """Code points and inks, each of shape (rows, columns) of cells."""
        return signs(self._found, self.ladder), self._inks


def write(codes: Codes, inks: Inks, at: tuple[int, int], text: str, ink: int) -> None:
    """Write a text over the picture at (column, row); what does not fit is cut off."""
    column, row = at
    if not 0 <= row < codes.shape[0]:
        return
    signs = np.array([ord(sign) for sign in text], dtype=np.uint32)[max(-column, 0) :]
    start = max(column, 0)
    signs = signs[: max(codes.shape[1] - start, 0)]
    codes[row, start : start + len(signs)] = signs
    inks[row, start : start + len(signs)] = ink


def changed_runs(old: tuple[Codes, Inks], new: tuple[Codes, Inks]) -> list[tuple[int, int, int]]:
    """Row, first and last column (exclusive) of what differs, a run a row; everything when the shape is another."""
    if old[0].shape != new[0].shape:
        return [(line, 0, new[0].shape[1]) for line in range(new[0].shape[0])]
    differs = (old[0] != new[0]) | (old[1] != new[1])
    runs = []
    for line in np.flatnonzero(differs.any(axis=1)):
        columns = np.flatnonzero(differs[line])
        runs.append((int(line), int(columns[0]), int(columns[-1]) + 1))
    return runs
