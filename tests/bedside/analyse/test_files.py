"""Files that all kinds of analysis refuse alike, and one that all read: a table with a byte-order mark."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.cli import main
from tests.helpers.rights import closed, nobody

KINDS = ("mep", "io-curve", "silent-period", "posture", "gait", "cycling", "orientation")
MARK = "\ufeff"


def told(capsys: pytest.CaptureFixture[str], kind: str, path: Path) -> str:
    """What is said of a file that cannot be read."""
    assert main(["analyse", kind, str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "[]\n"
    return captured.err


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_not_be_read_is_said(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "visit"
    (folder / "raw").mkdir(parents=True)
    np.savez(folder / "a.npz", fs=1000.0)
    (folder / "a.csv").write_text("time_s,a\n0,1\n1,1\n")
    for name in (".", "raw", "a.npz", "a.csv", "a.mcap"):
        with closed(folder), nobody():
            assert "Permission denied" in told(capsys, kind, folder / name), name
    for part, name in ((folder / "raw", "."), (folder / "raw", "raw"), (folder / "a.npz", "a.npz")):
        with closed(part), nobody():
            assert "Permission denied" in told(capsys, kind, folder / name), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["none.mcap", "none.npz", "none.csv", "none"])
def test_what_is_not_there_is_said(kind: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, kind, tmp_path / name).strip().endswith(f"{tmp_path / name}: no such file")


@pytest.mark.parametrize(
    ("kind", "prefix"), [("gait", "left_"), ("gait", "left_shank_"), ("cycling", "thigh_"), ("orientation", "")]
)
@pytest.mark.parametrize(
    ("key", "shape"),
    [(key, shape) for key in ("gyr", "acc") for shape in ((), (400,), (400, 2), (0, 4), (400, 3, 1), (399, 3))]
    + [("received", shape) for shape in ((), (399,), (400, 1))],
)
def test_a_sensor_of_another_shape_is_refused_by_its_key(
    kind: str, prefix: str, shape: tuple[int, ...], key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foot = {"left_gyr": np.ones((400, 3)), "left_acc": np.ones((400, 3))} if kind == "gait" else {}
    sensor: dict[str, Any] = {f"{prefix}gyr": np.ones((400, 3)), f"{prefix}acc": np.ones((400, 3))}
    np.savez(tmp_path / "a.npz", fs=100.0, **(foot | sensor | {f"{prefix}{key}": np.ones(shape)}))
    words = told(capsys, kind, tmp_path / "a.npz")
    assert f"{prefix}gyr" in words
    assert "of 3" in words or "(n, 3)" in words


def table(path: Path, head: str, rows: np.ndarray[Any, Any]) -> None:
    path.write_text("\n".join([head, *(",".join(f"{x:.5f}" for x in row) for row in rows)]))


@pytest.mark.parametrize(
    ("kind", "head", "columns", "step"),
    [
        ("mep", "time_ms,TA", 1, 0.25),
        ("silent-period", "time_ms,TA", 1, 0.25),
        ("io-curve", "intensity_pct_mso,amplitude_uv", 1, 0.25),
        ("posture", "time_s,cop_x_cm,cop_y_cm", 2, 0.01),
        ("gait", f"time_s,{','.join(f'left_{k}_{x}' for k in ('gyr', 'acc') for x in 'xyz')}", 6, 0.01),
        ("cycling", f"time_s,{','.join(f'shank_{k}_{x}' for k in ('gyr', 'acc') for x in 'xyz')}", 6, 0.01),
        ("orientation", f"time_s,{','.join(f'{k}_{x}' for k in ('gyr', 'acc') for x in 'xyz')}", 6, 0.01),
    ],
)
def test_a_byte_order_mark_changes_nothing(
    kind: str, head: str, columns: int, step: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    first = {"time_ms": -100.0, "intensity_pct_mso": 0.0}.get(head.partition(",")[0], 0.0)
    at = first + step * np.arange(400 if kind == "io-curve" else 601)
    rows = np.column_stack([at, np.abs(rng.normal(size=(at.size, columns)))])
    found = []
    for mark in ("", MARK):
        table(tmp_path / "a.csv", mark + head, rows)
        code = main(["analyse", kind, str(tmp_path / "a.csv"), "--json"])
        found.append((code, capsys.readouterr().out))
    assert found[0] == found[1]
    assert found[0][0] != 1, "it was read"
