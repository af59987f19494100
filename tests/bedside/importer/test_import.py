"""Importing a robot's table: units, decimal signs, words, and refusals that name the place."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside import cli
from bedside.importer.robot import STATE_COLUMNS, states
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.mapping import Column, FileForm, Mapping, load_mapping
from bedside.record.tables.table import Table, read_table

SHIPPED = Path(__file__).parents[3] / "configs"
EXAMPLE = """\ufeffTime;State;Speed [m/s];Unloading (kg);Guidance;Emergency stop;Steps;Distance [km]
0:00:00;Setup;0,0;-;100;released;0;0,000
0:01:30,5;Walking;0,5;28,8;80;released;120;0,045

1:00:00;Error;0;28,8;n/a;pressed;900;0,6
"""


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "session.csv"
    path.write_bytes(text.encode(encoding))
    return path


def example(folder: Path, text: str = EXAMPLE) -> Table:
    return read_table(written(folder, text), load_mapping(SHIPPED, "example_robot"))


def test_the_example_becomes_robot_states(tmp_path: Path) -> None:
    rows = states(example(tmp_path))
    assert [tuple(row) for row in rows] == [STATE_COLUMNS] * 3
    assert [row["time_s"] for row in rows] == [0.0, 90.5, 3600.0]
    assert [row["phase"] for row in rows] == ["fitting", "walk", "fault"]
    assert [row["speed_kmh"] for row in rows] == [0.0, 1.8, 0.0], "0.5 m/s"
    assert [row["body_weight_support_kg"] for row in rows] == [None, 28.8, 28.8]
    assert [row["assist_pct"] for row in rows] == [100.0, 80.0, None]
    assert [row["e_stop"] for row in rows] == [False, False, True]
    assert [row["steps"] for row in rows] == [0, 120, 900]
    assert [row["distance_m"] for row in rows] == [0.0, 45.0, 600.0]
    assert {row["source"] for row in rows} == {"file"}
    assert {row["angles_deg"] for row in rows} == {()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Speed [m/s]", "Speed [km/h]", r"session.csv:1: column .Speed \[km/h\].: is in km/h, the mapping says m/s"),
        ("Speed [m/s]", "Sped", r"session.csv:1: column 'Speed': is not there \(did you mean 'Sped'\?\)"),
        ("Guidance", "Speed [km/h]", r"column 'Speed': stands there twice, as columns 3 and 5"),
        ("Guidance", "State", r"column 'State': stands there twice, as columns 2 and 5"),
        ("Unloading (kg)", "Unloading (lb)", "is in lb, the mapping says kg"),
        ("0,5;28,8;80", "0.5;28,8;80", r"session.csv:3: column 'Speed': '0\.5' holds a '\.'"),
        ("0,5;28,8;80", "1.000,5;28,8;80", "groups of thousands are not read"),
        ("0,5;28,8;80", "fast;28,8;80", r"'fast' is no number \(correct it, or add it to file\.missing"),
        ("0,5;28,8;80", "1e999;28,8;80", "is no number"),
        ("0,5;28,8;80", "50;28,8;80", r"50 cannot be right: 180 is outside 0 to 30 \(check the unit"),
        ("0,5;28,8;80", "0,5;28,8;180", "180 cannot be right"),
        ("0,5;28,8;80", "0,5;28,8;-1", "-1 cannot be right"),
        ("Walking", "Running", r"session.csv:3: column 'State': 'Running' is no word of 'phase' \(add \"Running\""),
        ("pressed", "perhaps", "session.csv:5: column 'Emergency stop': 'perhaps' is no word"),
        (";120;", ";120,5;", "120.5 is no count"),
        ("0:01:30,5", "0:01:75", "is no time h:min:s"),
        ("0:01:30,5", "soon", "is no time h:min:s"),
        ("1:00:00", "0:00:01", r"session.csv:5: column 'time_s': 1 s comes after 90\.5 s"),
        ("28,8;80;released;120;0,045", "28,8;80", "session.csv:3: 5 cells where the header has 8"),
        ("120;0,045", "120;0,045;more", "9 cells where the header has 8"),
    ],
)
def test_a_refusal_names_file_line_column_and_remedy(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(ImportRefusal, match=said) as refused:
        example(tmp_path, EXAMPLE.replace(old, new, 1))
    assert refused.value.path.name == "session.csv"
    assert refused.value.remedy


def test_a_wrong_unit_is_converted_once_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = Mapping(
        id="m", kind="robot", title="t", columns=(Column(header="Speed", to="speed_kmh", unit="mph"),)
    )  # fmt: skip
    table = read_table(written(tmp_path, "Speed [mph]\n1.0\n"), mapping)
    assert table.rows[0]["speed_kmh"] == pytest.approx(1.609344)
    wrong = Mapping(id="m", kind="robot", title="t", columns=(Column(header="Speed", to="speed_kmh", unit="km/h"),))
    with pytest.raises(ImportRefusal, match=r'write unit = "mph" in the mapping: it is converted'):
        read_table(tmp_path / "session.csv", wrong)


def plain(**form: object) -> Mapping:
    columns = (Column(header="Speed", to="speed_kmh", unit="km/h"), Column(header="Steps", to="steps", required=False))
    return Mapping(id="m", kind="robot", title="t", file=FileForm(**form), columns=columns)  # type: ignore[arg-type]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("text", "encoding", "form"),
    [
        ("\ufeffSpeed,Steps\n1.5,3\n", "utf-8", {}),
        ("Speed,Steps\n1.5,3\n", "utf-16", {"encoding": "utf-16"}),
        ('"Speed","Steps"\n"1.5","3"\n', "utf-8", {}),
        ("Speed\tSteps\n1,5\t3\n", "utf-8", {"separator": "\t", "decimal": ","}),
        ("Speed,Steps,,\n1.5,3,,\n", "utf-8", {}),
        ("Export of 2026-03-02\n\nSpeed,Steps\nkm/h,\n1.5,3\n", "utf-8", {"header_row": 3, "units_row": 4}),
        (" Speed , Steps \n 1.5 ,\xa03\n", "utf-8", {}),
    ],
)
def test_ways_to_write_the_same(tmp_path: Path, text: str, encoding: str, form: dict[str, object], ending: str) -> None:
    table = read_table(written(tmp_path, text.replace("\n", ending), encoding), plain(**form))
    assert table.rows == ({"speed_kmh": 1.5, "steps": 3},)


def test_a_unit_row_that_contradicts(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusal, match=r":2: column 'Speed': is in m/s, the mapping says km/h"):
        read_table(written(tmp_path, "Speed,Steps\n[m/s],\n1.5,3\n"), plain(units_row=2))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Speed;Steps\n1;2\n", "seems to be separated by semicolon: set file.separator"),
        (b"Sp\xe4ed\n1\n", "is not utf-8 .set file.encoding"),
        (b"", "there is no header"),
        (b"Speed\n", "holds no rows"),
        (b'Speed\n"1\n', "is no table"),
        (b"Other\n1\n", "the file has: Other"),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "session.csv"
    path.write_bytes(data)
    with pytest.raises(ImportRefusal, match=said):
        read_table(path, plain())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusal, match="cannot be read: No such file"):
        read_table(tmp_path / "none.csv", plain())


def test_joints_and_contacts_are_groups(tmp_path: Path) -> None:
    columns = (
        Column(header="knee", to="angle_knee_left_deg", unit="rad"),
        Column(header="foot", to="contact_right", words={"down": "yes", "up": "no"}),
    )
    mapping = Mapping(id="m", kind="robot", title="t", columns=columns)
    (row,) = states(read_table(written(tmp_path, "knee,foot\n1.0,down\n"), mapping))
    assert row["angles_deg"] == (None, None, None, None, pytest.approx(57.29578), None)
    assert row["contacts"] == (True, None)
    assert row["phase"] == "unknown"


@given(st.binary(max_size=400))
def test_noise_is_refused_or_read_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.csv"
    path.write_bytes(b"Speed,Steps\n" + data)
    with suppress(ImportRefusal):
        assert read_table(path, plain()).rows


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 10**6)), min_size=1, max_size=20), st.sampled_from(".,"))
def test_every_number_survives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, int]], decimal: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    body = "".join(f"{speed:.6f};{steps}\n".replace(".", decimal) for speed, steps in rows)
    path.write_text("Speed;Steps\n" + body, encoding="utf-8")
    table = read_table(path, plain(separator=";", decimal=decimal))
    assert [row["speed_kmh"] for row in table.rows] == [round(speed, 6) for speed, _ in rows]
    assert [row["steps"] for row in table.rows] == [steps for _, steps in rows]


# the command


def test_the_command_prints_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, EXAMPLE)
    arguments = ["import-robot", str(path), "--mapping", "example_robot", "--config", str(SHIPPED)]
    assert cli.main([*arguments, "--json"]) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["columns"] == list(STATE_COLUMNS)
    assert document["mapping"] == "example_robot"
    assert len(document["sha256"]) == 64
    assert document["rows"][1]["speed_kmh"] == 1.8
    assert "not verified" in told.err
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ",".join(STATE_COLUMNS)
    assert lines[2] == "90.5,walk,1.8,28.8,80.0,no,120,45.0,,,,,file"


def test_the_command_fails_with_the_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, EXAMPLE.replace("Walking", "Running"))
    base = ["import-robot", str(path), "--config", str(SHIPPED), "--mapping"]
    assert cli.main([*base, "example_robot"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "session.csv:3: column 'State'" in told.err
    assert cli.main([*base, "nobody"]) == 1
    assert "there is no 'nobody'" in capsys.readouterr().err


def test_the_command_takes_robots_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "imports").mkdir()
    text = 'id = "b"\nkind = "balance"\nholds = "results"\ntitle = "t"\n'
    text += '[[columns]]\nfrom = "A"\nto = "envelope_area_cm2"\nunit = "cm2"\n'
    (tmp_path / "imports" / "b.toml").write_text(text, encoding="utf-8")
    path = written(tmp_path, "A\n1\n")
    assert cli.main(["import-robot", str(path), "--config", str(tmp_path), "--mapping", "b"]) == 1
    assert "maps a balance table" in capsys.readouterr().err
