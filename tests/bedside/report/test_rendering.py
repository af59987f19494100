"""A report on paper and in the terminal: everything told is there, nothing else is loaded, all of it can be read."""

import re
from html.parser import HTMLParser

import pytest

from bedside.report.chart import LONGEST, svg, ticks
from bedside.report.html import html
from bedside.report.model import Figure, Report, Section, Series, Table
from bedside.report.text import text

TABLE = Table(
    caption="Result", head=("variable", "now", "before"), rows=(("speed (m/s)", "0.42", "0.31"), ("<b>x</b>", "-", ""))
)
TRACK = Figure(
    caption="Track & more",
    text="It spans 2 cm.",
    x_label="right (cm)",
    y_label="front (cm)",
    series=(
        Series(label="left", x=(0.0, 1.0, 2.0), y=(0.0, 1.0, 0.5)),
        Series(label="right", x=(0.0, 1.0), y=(1.0, 2.0), points=True),
    ),
    square=True,
)
REPORT = Report(
    title="Assessment T0, participant D-0017",
    facts=(("Study", "a study"), ("Visit", "v1")),
    warnings=("SIMULATED: nobody took part.",),
    sections=(
        Section(title="Gait", warnings=("flagged",), paragraphs=("Method 1.",), tables=(TABLE,), figures=(TRACK,)),
    ),
    footer="research software, not a certified medical device",
)


class Structure(HTMLParser):
    """Tags with their attributes, and everything a reader would meet."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "line", "rect", "circle", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag, f"<{tag}> is closed out of order"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def page() -> Structure:
    structure = Structure()
    structure.feed(html(REPORT))
    structure.close()
    return structure


def test_a_screen_reader_finds_its_way(page: Structure) -> None:
    names = [name for name, _ in page.tags]
    assert (names.count("h1"), names.count("main"), names.count("caption")) == (1, 1, 1)
    assert next(attrs for name, attrs in page.tags if name == "html")["lang"] == "en"
    assert {attrs.get("scope") for name, attrs in page.tags if name == "th"} == {"col", "row"}
    picture = next(attrs for name, attrs in page.tags if name == "svg")
    assert picture["role"] == "img"
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    for _, attrs in page.tags:
        for reference in (attrs.get("aria-labelledby") or "").split():
            assert reference in ids
    assert not page.open


def test_everything_told_is_there_and_stays_words(page: Structure) -> None:
    words = "".join(page.words)
    for told in ("SIMULATED", "speed (m/s)", "0.42", "<b>x</b>", "It spans 2 cm.", "not a certified medical device"):
        assert told in words
    assert "b" not in [name for name, _ in page.tags], "a value is text, never markup"


def test_nothing_is_fetched_and_no_script_runs() -> None:
    document = html(REPORT)
    assert "default-src 'none'" in document
    assert not re.search(r"<script|<link|<img|@import|url\(|\son\w+=", document)
    assert set(re.findall(r"https?://[^\"' ]+", document)) <= {"http://www.w3.org/2000/svg"}


def test_ids_are_unique_over_several_figures() -> None:
    section = Section(title="Two", figures=(TRACK, TRACK))
    document = html(Report(title="t", facts=(), sections=(section, section)))
    ids = re.findall(r' id="([^"]+)"', document)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 17.9), (1000.0, 1000.5), (0.0, 1e-3)])
def test_ticks_are_round_few_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert all(low <= value <= high for value in found)


def test_a_square_figure_has_one_scale() -> None:
    far = Figure(
        caption="c", text="t", x_label="x", y_label="y", series=(Series(label="", x=(0, 10), y=(0, 1)),), square=True
    )
    line = re.search(r'polyline points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+)"', svg(far, 1))
    x0, y0, x1, y1 = map(float, line.groups())
    assert (x1 - x0) / (y0 - y1) == pytest.approx(10, rel=0.02)


def test_a_square_figure_is_no_higher_than_it_needs() -> None:
    def of(y: float) -> str:
        line = Series(label="", x=(0.0, 100.0), y=(0.0, y))
        return svg(Figure(caption="c", text="t", x_label="x", y_label="y", series=(line,), square=True), 1)

    heights = [float(re.search(r'viewBox="0 0 640 ([\d.]+)"', of(y)).group(1)) for y in (5.0, 60.0, 500.0)]
    assert heights[0] == 300
    assert 300 < heights[1] < 512
    assert heights[2] == 512


def test_a_spread_is_a_band_and_strokes_are_lines_of_their_own() -> None:
    spread = Series(label="a", x=(0.0, 1.0, 2.0), y=(0.0, 1.0, 0.0), sd=(1.0, 1.0, 3.0))
    sticks = Series(label="", x=(0.0, 1.0, 2.0, 3.0), y=(0.0, 1.0, 0.0, 1.0), strokes=True)
    figure = Figure(caption="c", text="t", note="read it so", x_label="x", y_label="y", series=(spread, sticks))
    drawn = svg(figure, 1)
    band = re.search(r'<polygon points="([^"]+)"', drawn).group(1).split()
    assert len(band) == 6
    strokes = re.search(r'<path d="([^"]+)"', drawn).group(1)
    assert (strokes.count("M"), strokes.count("L")) == (2, 2)
    rims = [float(point.split(",")[1]) for point in band]
    assert 14.0 <= min(rims) < max(rims) <= 236.0  # the spread is inside the frame
    report = Report(title="t", facts=(), sections=(Section(title="s", figures=(figure,)),))
    assert "<figcaption>c. read it so</figcaption>" in html(report)
    assert "c: t read it so (o a)" in text(report)


@pytest.mark.parametrize("y", [30.0, 45.0, 100.0, 300.0])
def test_in_a_terminal_one_scale_is_one_scale(y: float) -> None:
    line = Series(label="", x=(0.0, 100.0), y=(0.0, y))
    figure = Figure(caption="c", text="t", x_label="x", y_label="y", series=(line,), square=True)
    page = text(Report(title="t", facts=(), sections=(Section(title="s", figures=(figure,)),)))
    rows = [re.search("[│┤](.*)│$", line) for line in page.splitlines() if line.endswith("│")]
    across = {len(row.group(1)) for row in rows if row is not None}.pop()
    assert 2 * len(rows) / across == pytest.approx(y / 100.0, rel=0.15)  # a cell is twice as tall as wide
    assert len(rows) <= 18


def test_a_long_line_is_thinned_and_an_empty_one_is_no_error() -> None:
    long = tuple(float(n) for n in range(20_000))
    drawn = svg(Figure(caption="c", text="t", x_label="x", y_label="y", series=(Series(label="", x=long, y=long),)), 1)
    assert drawn.count(",") <= LONGEST + 10
    assert "<svg" in svg(Figure(caption="c", text="t", x_label="x", y_label="y", series=()), 1)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminals_page_keeps_to_its_width_and_loses_nothing(width: int) -> None:
    wide = Table(caption="Long", head=("what", "words"), rows=(("reason", "a long reason " * 12),))
    page = text(Report(title="t", facts=(("Study", "s" * 200),), sections=(Section(title="x", tables=(wide,)),)), width)
    assert max(map(len, page.splitlines())) <= width
    assert page.count("reason") >= 13
    told = text(REPORT, width)
    assert max(map(len, told.splitlines())) <= width
    for words in ("! SIMULATED", "! flagged", "0.42", "It spans 2 cm."):
        assert words in " ".join(told.split())
