"""What a report consists of, whatever it is printed on."""

import msgspec


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under a head; every row is as long as the head. The first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one line or cloud, in the figure's units.

    `sd` is the spread of each value, drawn as a band about the line; of `strokes` every two points are a line of their
    own.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    points: bool = False
    sd: tuple[float, ...] = ()
    strokes: bool = False


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing. `text` says in words what it shows, for whoever cannot see it; `note` is printed for everybody.

    `square`: one scale for both axes.
    """

    caption: str
    text: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    square: bool = False
    note: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A heading and what stands under it; `warnings` first."""

    title: str
    warnings: tuple[str, ...] = ()
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report; `warnings` are what a reader must know before anything else."""

    title: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    footer: str = ""
