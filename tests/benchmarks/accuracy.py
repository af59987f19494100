"""Write docs/accuracy.md: what the program's own analyses say of every file in the folder of public recordings.

`python -m tests.benchmarks accuracy`, or `make accuracy`. Nothing in the page depends on when or where it was made: two
runs with the same versions give the same text. Without the folder nothing is written.
"""

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.accuracies.motion import MOTION
from tests.benchmarks.accuracies.optical import OPTICAL
from tests.benchmarks.accuracies.page import Figure, Kind, Measured, pooled, rows_of, table
from tests.benchmarks.accuracies.responses import RESPONSES
from tests.benchmarks.accuracies.silences import SILENCES
from tests.benchmarks.accuracies.standing import STANDING
from tests.benchmarks.accuracies.walking import WALKING
from tests.helpers.recordings import SHARED_DATA

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
CHAPTERS: dict[str, tuple[Kind, ...]] = {
    "Walking": OPTICAL + WALKING,
    "Pedalling, attitude and compass": MOTION,
    "Standing": STANDING,
    "Muscles": RESPONSES + SILENCES,
}
LIBRARIES = ("numpy", "scipy", "vqf")
SUMMARY_HEAD = ("figure", "ours", "asked", "", "peers on the same recordings")
ABOUT = """\
# Accuracy on public recordings

Made by `make accuracy` with {versions}; not to be edited by hand. Each
table has a row for each file, or for each channel of a file, by its name in the folder of recordings: what
`bedside analyse` says of it, of attitude and compass what the functions behind it say. The analyses never see a
reference. The recordings are not part of this project; {missing}

Peers' figures were measured with the version that is named on the same files in another run, unless it says "same
run"; the best that was found of each is given. Times are not in this page: `make bench` prints them. A dash is a value
that was not measured or has no reference.
"""


def measured(kind: Kind, data: Path) -> dict[str, Measured]:
    """Every file of a kind by its name."""
    return {Path(name).stem: kind.measure(data / name) for name in kind.files(data)}


def page(data: Path) -> tuple[str, list[Figure]]:
    """The text of the page, and its figures."""
    figures: list[Figure] = []
    parts: list[str] = []
    for chapter, kinds in CHAPTERS.items():
        parts.append(f"## {chapter}")
        for kind in kinds:
            found = measured(kind, data)
            if found:
                figures += kind.figures(pooled(found.values()))
            rows = [row for name, one in found.items() for row in rows_of(name, one)]
            parts += [f"### {kind.title}", kind.about, table(kind.head, rows)]
    held = sum(figure.held for figure in figures)
    summary = f"{held} of {len(figures)} figures hold."
    top = [_head(data), "## Summary", summary, table(SUMMARY_HEAD, (figure.cells() for figure in figures))]
    return "\n\n".join([*top, *parts]) + "\n", figures


def _head(data: Path) -> str:
    versions = ", ".join([f"Python {'.'.join(platform.python_version_tuple()[:2])}", *map(_versioned, LIBRARIES)])
    gone = list(dict.fromkeys(name for kinds in CHAPTERS.values() for kind in kinds for name in kind.missing(data)))
    missing = "all files were there." if not gone else f"missing were {_listed(gone)}."
    return ABOUT.format(versions=versions, missing=missing).rstrip()


def _versioned(library: str) -> str:
    return f"{library} {version(library)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> bool:
    """Write the page and print its figures; False when one does not hold, or there is nothing to measure."""
    if not SHARED_DATA.is_dir():
        print(f"  recordings not found at {SHARED_DATA}: the page stays as it is")
        return False
    text, figures = page(SHARED_DATA)
    PAGE.write_text(text, encoding="utf-8")
    for figure in figures:
        name, ours, asked, _, _ = figure.cells()
        print(f"  {'PASS' if figure.held else 'FAIL'}  {name:<56}{ours:>16}   asked {asked}")
    print(f"  written: {PAGE.relative_to(PAGE.parents[1])}")
    return all(figure.held for figure in figures)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
