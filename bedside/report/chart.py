"""Figures as SVG: axes with round ticks, lines that differ in dash as well as in colour, words for a screen reader."""

import math
from collections.abc import Sequence
from html import escape

from msgspec.structs import replace

from bedside.report.model import Figure, Series

WIDTH, HEIGHT = 640.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 14.0, 46.0
LEGEND = 18.0
COLOURS = ("#00457c", "#b24700", "#3b6e22", "#6a3d8f")
"""Each has a contrast of more than 4.5 to 1 on white."""
DASHES = ("", "7 4", "2 3", "9 3 2 3")
LONGEST = 1500
"""More points than this are thinned: the paper shows no more."""

Span = tuple[float, float]


def svg(figure: Figure, number: int) -> str:
    """The figure as one inline SVG element; `number` makes its ids unique in the document."""
    drawn = [_thinned(series) for series in figure.series if series.x]
    height = _height(figure, drawn)
    x_span, y_span = _spans(figure, drawn, height)
    bottom = height - BOTTOM - LEGEND
    box = (LEFT, WIDTH - RIGHT, TOP, bottom)
    parts = [
        f'<svg role="img" aria-labelledby="t{number} d{number}" viewBox="0 0 {WIDTH:g} {height:g}" '
        'xmlns="http://www.w3.org/2000/svg">',
        f'<title id="t{number}">{escape(figure.caption)}</title>',
        f'<desc id="d{number}">{escape(figure.text)}</desc>',
        *_axes(figure, box, x_span, y_span),
    ]
    for place, series in enumerate(drawn):
        parts += _drawn(series, place, box, x_span, y_span)
        parts += _legend(series, place, len(drawn), height)
    return "\n".join([*parts, "</svg>"])


def _thinned(series: Series) -> Series:
    if len(series.x) <= LONGEST or series.strokes:
        return series
    step = math.ceil(len(series.x) / LONGEST)
    return replace(series, x=series.x[::step], y=series.y[::step], sd=series.sd[::step])


def _height(figure: Figure, drawn: Sequence[Series]) -> float:
    """Of the drawing: with one scale for both axes as high as that asks for, up to four fifths of the width."""
    if not figure.square:
        return HEIGHT
    x, y = _raw_spans(drawn)
    wanted = (WIDTH - LEFT - RIGHT) * (y[1] - y[0]) / (x[1] - x[0]) + TOP + BOTTOM + LEGEND
    return min(max(wanted, HEIGHT), WIDTH * 0.8)


def _raw_spans(drawn: Sequence[Series]) -> tuple[Span, Span]:
    """What the points take, with their spread."""
    rims = [y + sign * sd for series in drawn for y, sd in zip(series.y, series.sd, strict=False) for sign in (-1, 1)]
    return _span([value for series in drawn for value in series.x]), _span(
        [*(value for series in drawn for value in series.y), *rims]
    )


def _spans(figure: Figure, drawn: Sequence[Series], height: float) -> tuple[Span, Span]:
    x, y = _raw_spans(drawn)
    if not figure.square:
        return x, y
    wide, high = WIDTH - LEFT - RIGHT, height - TOP - BOTTOM - LEGEND
    scale = max((x[1] - x[0]) / wide, (y[1] - y[0]) / high)
    return _about(x, scale * wide), _about(y, scale * high)


def _about(span: Span, size: float) -> Span:
    middle = (span[0] + span[1]) / 2
    return middle - size / 2, middle + size / 2


def _span(values: Sequence[float]) -> Span:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def ticks(low: float, high: float, most: int = 7) -> tuple[float, ...]:
    """Round numbers from `low` to `high`, at most `most`: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough)
    first = math.ceil(low / step)
    return tuple(number * step for number in range(first, math.floor(high / step) + 1))


def _axes(figure: Figure, box: tuple[float, float, float, float], x_span: Span, y_span: Span) -> list[str]:
    left, right, top, bottom = box
    parts = [f'<rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" class="frame"/>']
    for value in ticks(*x_span):
        at = _at(value, x_span, left, right)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top:g}" y2="{bottom:g}" class="grid"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 15:g}" text-anchor="middle">{value:g}</text>')
    for value in ticks(*y_span):
        at = _at(value, y_span, bottom, top)
        parts.append(f'<line x1="{left:g}" x2="{right:g}" y1="{at:.1f}" y2="{at:.1f}" class="grid"/>')
        parts.append(f'<text x="{left - 6:g}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>')
    middle = (top + bottom) / 2
    parts.append(
        f'<text x="{(left + right) / 2:g}" y="{bottom + 33:g}" text-anchor="middle">{escape(figure.x_label)}</text>'
    )
    parts.append(
        f'<text transform="rotate(-90 14 {middle:g})" x="14" y="{middle:g}" text-anchor="middle">'
        f"{escape(figure.y_label)}</text>"
    )
    return parts


def _at(value: float, span: Span, start: float, end: float) -> float:
    return start + (value - span[0]) / (span[1] - span[0]) * (end - start)


def _drawn(series: Series, place: int, box: tuple[float, float, float, float], x_span: Span, y_span: Span) -> list[str]:
    left, right, top, bottom = box
    colour = COLOURS[place % len(COLOURS)]
    spots = [
        (_at(x, x_span, left, right), _at(y, y_span, bottom, top)) for x, y in zip(series.x, series.y, strict=True)
    ]
    if series.points:
        return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in spots]
    if series.strokes:
        ways = " ".join(
            f"M{x:.1f} {y:.1f}L{p:.1f} {q:.1f}" for (x, y), (p, q) in zip(spots[::2], spots[1::2], strict=True)
        )
        return [f'<path d="{ways}" fill="none" stroke="{colour}" stroke-width="1.6"/>']
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    dash = DASHES[place % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    drawn = f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}/>'
    return [*_band(series, box, (x_span, y_span), colour), drawn]


def _band(series: Series, box: tuple[float, float, float, float], spans: tuple[Span, Span], colour: str) -> list[str]:
    """One standard deviation on either side of the line."""
    if not series.sd:
        return []
    left, right, top, bottom = box
    upper = [(x, y + sd) for x, y, sd in zip(series.x, series.y, series.sd, strict=True)]
    lower = [(x, y - sd) for x, y, sd in zip(series.x, series.y, series.sd, strict=True)]
    rim = " ".join(
        f"{_at(x, spans[0], left, right):.1f},{_at(y, spans[1], bottom, top):.1f}" for x, y in (*upper, *lower[::-1])
    )
    return [f'<polygon points="{rim}" fill="{colour}" fill-opacity="0.15" stroke="none"/>']


def _legend(series: Series, place: int, count: int, height: float) -> list[str]:
    if not series.label:
        return []
    x, y = LEFT + place * (WIDTH - LEFT) / max(count, 1), height - 6
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x:.1f}" x2="{x + 22:.1f}" y1="{y - 4:g}" y2="{y - 4:g}"'
    return [
        f'<line {ends} stroke="{colour}" stroke-width="2"{dashed}/>',
        f'<text x="{x + 27:.1f}" y="{y:g}">{escape(series.label)}</text>',
    ]
