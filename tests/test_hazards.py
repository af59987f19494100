"""docs/hazards.md names, for each hazard, the test that shows its control; a named test that is gone fails here."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| (HZ-\d+) \|(.*)\|$", re.MULTILINE)


def named_tests(table: str) -> list[tuple[str, str]]:
    return TEST_NAME.findall(table)


def is_defined(root: Path, file: str, name: str) -> bool:
    path = root / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text())
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name for node in ast.walk(tree)
    )


def missing(root: Path, table: str) -> list[str]:
    return [f"{file}::{name}" for file, name in named_tests(table) if not is_defined(root, file, name)]


@pytest.fixture(scope="module")
def table() -> str:
    return (ROOT / "docs" / "hazards.md").read_text()


def test_every_test_named_in_the_hazard_table_exists(table: str) -> None:
    assert named_tests(table), "the hazard table names no test at all"
    assert missing(ROOT, table) == []


def test_every_hazard_has_a_control_and_a_test_or_says_why_not(table: str) -> None:
    rows = ROW.findall(table)
    assert len(rows) >= 25
    without = [number for number, rest in rows if not TEST_NAME.search(rest) and "not in this release" not in rest]
    assert without == []


def test_a_test_that_is_gone_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_there() -> None: ...\n")
    table = "`tests/test_a.py::test_there` `tests/test_a.py::test_gone` `tests/test_b.py::test_there`"
    assert missing(tmp_path, table) == ["tests/test_a.py::test_gone", "tests/test_b.py::test_there"]
