"""The page of accuracies is what its command makes of the recordings, and these tests would notice if it were not."""

import re
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.benchmarks.accuracies.page import Cells, Kind, pooled, rows_of
from tests.helpers.recordings import need_recordings

pytest.importorskip("vqf", reason="vqf is not installed: no wheel for this machine, see docs/dependencies.md")
from tests.benchmarks import accuracy

KINDS = {kind.title: kind for kinds in accuracy.CHAPTERS.values() for kind in kinds}
QUICK = (
    ("Healthy walk, optical markers", "healthy_20m_out"),
    ("Walking after a stroke, treadmill", "stroke_p03_5"),
    ("Many turns, optical position", "walk_2017-11-22-11-22-46"),
    ("Pedalling, modelled leg with exact truth", "steady_1"),
    ("Attitude, optical reference", "33_disturbed_attached_magnet_2cm"),
    ("Quiet standing", "BDS00001"),
    ("Quiet standing", "PDS13OR1"),
    ("Balance board", "WBB_shift_a"),
    ("Evoked responses", "ta_lici_3k"),
    ("Silent periods and input-output curves", "ipsi_5traces_1k"),
    ("EMG without a pulse", "walk_13leg_1k"),
)
COMPLETE = ("Healthy walk, optical markers", "Compass calibration, exact truth")
"""Kinds with so few and small files that their figures are made again."""
NUMBER = re.compile(r"[+−]?\d+(?:\.(\d+))?")


@pytest.fixture(scope="module")
def page() -> str:
    """The page as it stands."""
    return accuracy.PAGE.read_text(encoding="utf-8")


def section(page: str, title: str) -> list[Cells]:
    """The rows of a table, its head left out."""
    _, _, after = page.partition(f"## {title}\n")
    lines = [line for line in after.partition("\n#")[0].splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def differences(page: str, kind: Kind, name: str, made: list[Cells]) -> list[str]:
    """What the page says of a file otherwise than `made` does; the last digit of a number may round either way."""
    said = [row for row in section(page, kind.title) if row[0] == f"`{name}`"]
    return [
        f"{ours} is not {theirs}" for ours, theirs in zip_longest(made, said, fillvalue=()) if not same(ours, theirs)
    ]


def same(ours: Cells, theirs: Cells) -> bool:
    """Equal words, and numbers at most one unit of their last digit apart."""
    one, other = " | ".join(ours), " | ".join(theirs)
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    return all(abs(a - b) <= 1.01 * unit for (a, unit), (b, _) in zip(numbers(one), numbers(other), strict=True))


def numbers(text: str) -> list[tuple[float, float]]:
    """Every number with the unit of its last digit."""
    return [(float(m[0].replace("−", "-")), 10.0 ** -len(m[1] or "")) for m in NUMBER.finditer(text)]


def again(kind: Kind, name: str) -> list[Cells]:
    """The rows of a file, measured now."""
    folder = need_recordings(kind.folder)
    (path,) = (path for path in folder.glob(kind.pattern) if path.stem == name)
    return rows_of(name, kind.measure(path))


@pytest.mark.parametrize(("title", "name"), QUICK)
def test_a_row_is_what_the_program_says_today(page: str, title: str, name: str) -> None:
    made = again(KINDS[title], name)
    assert made
    assert differences(page, KINDS[title], name, made) == [], "run `make accuracy`"


@pytest.mark.parametrize("title", COMPLETE)
def test_figures_are_what_the_program_reaches_today(page: str, title: str) -> None:
    need_recordings(KINDS[title].folder)
    figures = KINDS[title].figures(pooled(accuracy.measured(KINDS[title], Path(need_recordings(""))).values()))
    said = {row[0]: row for row in section(page, "Summary")}
    assert figures
    assert [figure.name for figure in figures if not same(figure.cells(), said.get(figure.name, ()))] == []


def test_a_changed_page_is_noticed(page: str) -> None:
    title, name = "Quiet standing", "BDS00001"
    made = again(KINDS[title], name)
    (line,) = (line for line in page.splitlines() if line.startswith(f"| `{name}`"))
    path_cm = made[0][2]
    changed = {
        "a number": line.replace(path_cm, f"{float(path_cm) + 0.02:.2f}"),
        "a word": line.replace("good", "refused: too short"),
        "a sign": line.replace("| 0.30 |", "| −0.30 |"),
        "a row": "",
    }
    for what, other in changed.items():
        assert other != line, what
        assert differences(page.replace(line, other), KINDS[title], name, made), what


def test_every_kind_and_file_is_on_the_page(page: str) -> None:
    for kind in KINDS.values():
        there = {row[0].strip("`") for row in section(page, kind.title)}
        assert there >= {Path(name).stem for name in kind.names} or "missing were" in page, kind.title


def test_the_summary_counts_itself(page: str) -> None:
    rows = section(page, "Summary")
    assert all(len(row) == len(accuracy.SUMMARY_HEAD) for row in rows)
    held = [row for row in rows if row[3] == "held"]
    assert {row[3] for row in rows} <= {"held", "**not held**"}
    assert f"{len(held)} of {len(rows)} figures hold." in page


def test_the_page_names_no_machine_and_no_day(page: str) -> None:
    assert not re.search(r"/(work|home|tmp|usr)/|\b20\d\d-\d\d-\d\d\b(?!-)", page)


def test_missing_files_are_named(tmp_path: Path) -> None:
    text, figures = accuracy.page(tmp_path)
    assert figures == []
    for kind in KINDS.values():
        assert all(f"`{kind.folder}/{name}`" in text for name in kind.names), kind.title


def test_an_unreadable_file_is_named_and_holds_no_figure(tmp_path: Path) -> None:
    kind = KINDS["Walking with lost packets, events checked by hand"]
    (tmp_path / kind.folder).mkdir(parents=True)
    (tmp_path / kind.folder / kind.names[0]).write_bytes(b"torn")
    found = accuracy.measured(kind, tmp_path)
    ((row,),) = (one.rows for one in found.values())
    assert len(row) == len(kind.head) - 1
    assert row[-1].startswith("refused: cannot be read")
    assert not any(figure.held for figure in kind.figures(pooled(found.values())))
