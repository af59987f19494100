"""Mappings: what is refused before any file is looked at, and every mapping that is shipped."""

from pathlib import Path

import pytest

from bedside.config.strict import ConfigError
from bedside.record.tables.mapping import ROBOT_COLUMNS, load_mapping, read_mapping
from bedside.record.tables.units import CLOCK, UNITS, factor, unit_named, unit_of

SHIPPED = Path(__file__).parents[3] / "configs"
HEAD = 'id = "x"\nkind = "robot"\ntitle = "t"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "x.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted((SHIPPED / "imports").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_mapping_can_be_read(path: Path) -> None:
    assert load_mapping(SHIPPED, path.stem).columns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[columns]]\nfrom = "v"\nto = "sped_kmh"\nunit = "m/s"\n', r"did you mean 'speed_kmh'\?"),
        (
            '[[columns]]\nfrom = "v"\nto = "speed_kmh"\nunit = "kg"\n',
            r"columns\[0\].unit: 'kg' is no unit of 'speed_kmh'",
        ),
        ('[[columns]]\nfrom = "v"\nto = "speed_kmh"\nunit = "furlong"\n', "'furlong' is not known"),
        ('[[columns]]\nfrom = "v"\nto = "speed_kmh"\n', "unit: is missing"),
        ('[[columns]]\nfrom = "v"\nto = "distance_m"\nunit = "h:min:s"\n', "is no unit of 'distance_m'"),
        ('[[columns]]\nfrom = "v"\nto = "steps"\nunit = "kg"\n', "'steps' has no unit"),
        ('[[columns]]\nfrom = "v"\nto = "phase"\nwords = { "A" = "run" }\n', "'run' is no word of 'phase'"),
        ('[[columns]]\nfrom = "v"\nto = "steps"\nwords = { "A" = "1" }\n', "only phase, e_stop and contacts"),
        ('[[columns]]\nfrom = "v"\nto = "steps"\n\n[[columns]]\nfrom = "v"\nto = "phase"\n', "'v' stands there twice"),
        (
            '[[columns]]\nfrom = "v"\nto = "steps"\n\n[[columns]]\nfrom = "w"\nto = "steps"\n',
            "'steps' stands there twice",
        ),
        ('[file]\ndecimal = ","\n\n[[columns]]\nfrom = "v"\nto = "steps"\n', "is the separator too"),
        ('[[columns]]\nform = "v"\nto = "steps"\n', r"unknown key \(did you mean 'from'\?\)"),
        ("columns = []\n", "columns"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_mapping(written(tmp_path, text))


def test_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'example_robot'"):
        load_mapping(SHIPPED, "example_robo")
    path = tmp_path / "y.toml"
    path.write_text(HEAD + '[[columns]]\nfrom = "v"\nto = "steps"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="is 'x' in a file called 'y'"):
        read_mapping(path)


def test_a_table_of_another_kind_takes_any_name_whose_end_is_a_unit(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text(
        'id = "b"\nkind = "balance"\ntitle = "t"\n[[columns]]\nfrom = "Area"\nto = "ellipse_area_cm2"\nunit = "mm²"\n',
        encoding="utf-8",
    )
    assert read_mapping(path).columns[0].to == "ellipse_area_cm2"


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        ("m/s", "km/h", 3.6),
        ("mph", "km/h", 1.609344),
        ("km/h", "m/s", 1 / 3.6),
        ("cm/s", "m/s", 0.01),
        ("km", "m", 1000.0),
        ("lb", "kg", 0.45359237),
        ("1", "%", 100.0),
        ("mm2", "cm2", 0.01),
        (CLOCK, "s", 1.0),
        ("rad", "deg", 57.29577951308232),
        ("kg", "m", None),
        ("furlong", "m", None),
    ],
)
def test_conversion(given: str, wanted: str, expected: float | None) -> None:
    found = factor(given, wanted)
    assert found == (pytest.approx(expected) if expected is not None else None)


def test_units_have_spellings_and_our_names_tell_theirs() -> None:
    assert all(unit_named(name) == name for name in UNITS)
    assert [unit_named(text) for text in ("KM/H", " km / h", "°", "cm²", "Steps/min", "left")] == [
        "km/h", "km/h", "deg", "cm2", "1/min", None
    ]  # fmt: skip
    assert (unit_named("nm"), unit_named("N")) == ("Nm", "N")
    told = {name: unit_of(name) for name in ROBOT_COLUMNS}
    assert (told["time_s"], told["steps"], told["phase"], told["velocity_hip_left_deg_s"]) == ("s", "", "", "deg/s")
