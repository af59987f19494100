"""Dots to signs: rasterise vertical strokes on braille, half-block or ASCII cells. numpy only, pure."""

import numpy as np
from numpy.typing import NDArray

from bedside.tui.glyphs import ASCII_SIGNS, DOTS, Ladder

BRAILLE_BASE = 0x2800
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint32)
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


def cells(dots: NDArray[np.bool_], ladder: Ladder) -> NDArray[np.uint32]:
    """Code points, shape (rows of cells, columns of cells), of dots whose sides are multiples of the cell's."""
    wide, tall = DOTS[ladder]
    rows, columns = dots.shape[0] // tall, dots.shape[1] // wide
    blocks = dots[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide).astype(np.uint32)
    if ladder == "braille":
        code = np.einsum("rtcw,tw->rc", blocks, _BRAILLE_BITS)
        return np.where(code == 0, np.uint32(ord(" ")), code + np.uint32(BRAILLE_BASE)).astype(np.uint32)
    weights = np.array([1, 2, 4][:tall], dtype=np.uint32)
    code = np.einsum("rtcw,t->rc", blocks, weights)
    signs: NDArray[np.uint32] = (_HALF if ladder == "half" else _ASCII)[code]
    return signs


def text_of(line: NDArray[np.uint32]) -> str:
    """One row of code points as a string."""
    return line.astype("<u4").tobytes().decode("utf-32-le")
