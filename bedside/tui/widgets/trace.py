"""The live EMG traces: one lane a muscle, only changed columns repainted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from bedside.tui.canvas import cells, strokes, text_of
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.link import Link
from bedside.tui.picture import Picture
from bedside.tui.traces import SweepBuffer, emg_range_uv, scale_for
from bedside.tui.widgets.panel import Panel

FRAMES_PER_S = 10
WINDOW_MS = 2000.0
LABEL_WIDTH = 11
FEWEST_LANES = 3
_PULSE_SIGN = {"braille": "⡇", "half": "│", "ascii": "|"}


def shown_channels(channels: Sequence[str], first: Sequence[str], height: int, *, tall: int = 2) -> list[int]:
    """Which channels get a lane, by index: those asked for first, then the others, as many as have `tall` rows."""
    wanted = [channels.index(name) for name in first if name in channels]
    order = wanted + [place for place in range(len(channels)) if place not in wanted]
    return order[: max(height // tall, FEWEST_LANES)]


def lanes(height: int, channels: int) -> list[tuple[int, int]]:
    """First row and number of rows of each lane; what does not divide goes to the first lanes."""
    shown = min(channels, height)
    each, extra = divmod(height, max(shown, 1))
    out, top = [], 0
    for lane in range(shown):
        rows = each + (1 if lane < extra else 0)
        out.append((top, rows))
        top += rows
    return out


class TraceCanvas(Panel):
    """All channels of the amplifier, sweeping; the target muscle in the trace colour.

    Each channel takes its own scale, unless it is `fixed`: then all have the range that the person chose.
    """

    def __init__(self, link: Link, ladder: Ladder, *, window_ms: float = WINDOW_MS, fixed: bool = False) -> None:
        super().__init__()
        self._fixed = fixed
        self._link = link
        self._ladder: Ladder = ladder
        self._window_ms = window_ms
        self._seen = 0
        self._buffer = SweepBuffer(1, window_ms)
        self._codes: NDArray[np.uint32] = np.zeros((0, 0), dtype=np.uint32)
        self._scales: list[int] = []
        self._lanes: list[tuple[int, int, int]] = []
        self._over: list[bool] = []

    def on_mount(self) -> None:
        """Draw ten times a second."""
        self.set_interval(1 / FRAMES_PER_S, self.draw)

    def show(self, picture: Picture) -> None:
        """Only the labels depend on the picture."""
        before, now = ((self._first(one), one.emg_range) for one in (self.picture, picture))
        changed = before != now
        self.picture = picture
        if changed:
            self.renew()

    def renew(self) -> None:
        """A new size starts a new buffer and draws again what is still known."""
        width, height = self.content_size
        columns = max(width - LABEL_WIDTH, 1)
        self._buffer = SweepBuffer(columns * DOTS[self._ladder][0], self._window_ms)
        self._codes = np.full((height, columns), ord(" "), dtype=np.uint32)
        self._scales = []
        self._seen = 0
        self.draw()
        self.refresh()

    def draw(self) -> None:
        """Take the waves that came since the last frame and repaint their columns."""
        changed = [self._buffer.take(wave) for number, wave in self._link.waves if number > self._seen]
        if not changed or not self._codes.size:
            return
        self._seen = self._link.waves[-1][0]
        self._lay_out()
        if self._rescale():
            self._raster(0, self._codes.shape[1])
            self.refresh()
            return
        for first, last in self._runs(np.concatenate(changed)):
            self._raster(first, last)
            self.refresh(Region(LABEL_WIDTH + first, 0, last - first, self._codes.shape[0]))

    def _lay_out(self) -> None:
        height = self._codes.shape[0]
        tall = 1 if self._fixed else 2
        order = shown_channels(self._buffer.channels, self._first(self.picture), height, tall=tall)
        self._lanes = [
            (channel, top, rows) for channel, (top, rows) in zip(order, lanes(height, len(order)), strict=False)
        ]

    def _runs(self, dots: NDArray[np.int64]) -> list[tuple[int, int]]:
        columns = np.unique(dots // DOTS[self._ladder][0])
        breaks = np.flatnonzero(np.diff(columns) > 1)
        firsts = np.concatenate((columns[:1], columns[breaks + 1]))
        lasts = np.concatenate((columns[breaks], columns[-1:])) + 1
        width = self._codes.shape[1]
        return [(int(a), min(int(b), width)) for a, b in zip(firsts, lasts, strict=True) if a < width]

    def _rescale(self) -> bool:
        peaks_uv = self._buffer.peaks_uv()
        if self._fixed:
            return self._rescale_fixed([float(peak) for peak in peaks_uv])
        wanted = [scale_for(float(peak)) for peak in peaks_uv]
        if len(wanted) != len(self._scales) or any(new > old for new, old in zip(wanted, self._scales, strict=True)):
            self._scales = wanted
            return True
        if any(new * 4 <= old for new, old in zip(wanted, self._scales, strict=True)):
            self._scales = wanted
            return True
        return False

    def _rescale_fixed(self, peaks_uv: list[float]) -> bool:
        """One range for all channels, chosen by a person; signal beyond it is cut off and said."""
        chosen = emg_range_uv(self.picture.emg_range)
        over = [peak > chosen for peak in peaks_uv]
        changed = self._scales != [chosen] * len(peaks_uv) or over != self._over
        self._scales, self._over = [chosen] * len(peaks_uv), over
        return changed

    def _raster(self, first: int, last: int) -> None:
        wide, tall = DOTS[self._ladder]
        dots = slice(first * wide, last * wide)
        for channel, top, rows in self._lanes:
            scale = self._scales[channel] * 2.0
            low = self._buffer.low_uv[dots, channel] / scale + 0.5
            high = self._buffer.high_uv[dots, channel] / scale + 0.5
            self._codes[top : top + rows, first:last] = cells(strokes(low, high, rows * tall), self._ladder)

    def _first(self, picture: Picture) -> tuple[str, ...]:
        return (picture.hunt.muscle, *picture.hunt.others) if picture.hunt else ()

    def _lane(self, y: int) -> tuple[int, int]:
        for channel, top, rows in self._lanes:
            if top <= y < top + rows:
                return channel, y - top
        return -1, 0

    def _label(self, channel: int, line: int) -> str:
        if channel < 0 or line > 1:
            return ""
        if not self._fixed:
            return self._buffer.channels[channel] if line == 0 else f"±{self._scales[channel]} µV"
        return f"{self._buffer.channels[channel]}{' >' if self._over[channel] else ''}" if line == 0 else ""

    def render_line(self, y: int) -> Strip:
        """Label, then the row's signs with pulses marked."""
        if y >= self._codes.shape[0]:
            return Strip.blank(self.size.width, self.style("text"))
        channel, line = self._lane(y)
        if channel < 0:
            words = " no EMG is coming" if y == 0 else ""
            return Strip([Segment(words.ljust(self.size.width), self.style("dim"))])
        target = self._buffer.channels[channel] in self._first(self.picture)[:1]
        label = self._label(channel, line)[: LABEL_WIDTH - 2]
        name = "trace.target" if target else "trace.other"
        head = Segment(f" {label:<{LABEL_WIDTH - 1}}", self.style(name if line == 0 else "dim"))
        return Strip([head, *self._signal(y, name)], self.size.width)

    def _signal(self, y: int, name: str) -> list[Segment]:
        text, style = text_of(self._codes[y]), self.style(name)
        wide = DOTS[self._ladder][0]
        segments: list[Segment] = []
        at = 0
        for column in np.unique(np.flatnonzero(self._buffer.pulse) // wide):
            if column < len(text):
                segments += [
                    Segment(text[at:column], style),
                    Segment(_PULSE_SIGN[self._ladder], self.style("trace.pulse")),
                ]
                at = int(column) + 1
        return [*segments, Segment(text[at:], style)]
