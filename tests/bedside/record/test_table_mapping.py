"""Mappings: what is refused before any file is looked at, and every mapping that is shipped."""

from pathlib import Path

import pytest

from bedside.config.strict import ConfigError
from bedside.record.tables.columns import COLUMNS
from bedside.record.tables.mapping import load_mapping, load_mappings, read_mapping
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


FOOT = "".join(
    f'[[columns]]\nfrom = "{name}"\nto = "left_{kind}_{axis}_{end}"\nunit = "{unit}"\n'
    for kind, end, unit in (("gyr", "rad_s", "deg/s"), ("acc", "m_s2", "g"))
    for axis in "xyz"
    for name in (f"{kind}{axis}",)
)
CLOCKED = '[[columns]]\nfrom = "t"\nto = "time_s"\nunit = "ms"\n'
COP = "".join(f'[[columns]]\nfrom = "{axis}"\nto = "cop_{axis}_cm"\nunit = "mm"\n' for axis in "xy")
CELLS = "".join(
    f'[[columns]]\nfrom = "{name}"\nto = "{name}_kg"\nunit = "N"\n'
    for name in ("top_left", "bottom_left", "top_right", "bottom_right")
)
PLATE = "[plate]\nwidth_cm = 43.3\ndepth_cm = 22.8\n"


def of_kind(folder: Path, head: str, text: str) -> Path:
    path = folder / "x.toml"
    path.write_text(f'id = "x"\ntitle = "t"\n{head}\n{text}', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ('kind = "gait"', CLOCKED + FOOT),
        ('kind = "balance"', CLOCKED + COP),
        ('kind = "balance"\nskip_s = 0', PLATE + CLOCKED + CELLS),
        ('kind = "balance"\nholds = "results"', '[[columns]]\nfrom = "A"\nto = "ellipse_area_cm2"\nunit = "mm²"\n'),
        ('kind = "gait"\nholds = "results"', '[[columns]]\nfrom = "A"\nto = "left_swing_pct"\nunit = "1"\n'),
    ],
)
def test_tables_of_trials_can_be_mapped(tmp_path: Path, head: str, text: str) -> None:
    assert read_mapping(of_kind(tmp_path, head, text)).sha256


@pytest.mark.parametrize(
    ("head", "text", "said"),
    [
        ('kind = "gait"', FOOT, "samples need 'time_s'"),
        ('kind = "gait"', CLOCKED, "no foot has all six columns"),
        ('kind = "gait"', CLOCKED + FOOT.replace("left_acc_z", "right_acc_z"), "no foot has all six columns"),
        ('kind = "balance"', CLOCKED, "the centre of pressure is missing"),
        ('kind = "balance"', CLOCKED + CELLS, "with a \\[plate\\]"),
        ('kind = "balance"', PLATE + CLOCKED + COP, "plate: needs the loads of all four cells"),
        ('kind = "balance"', CLOCKED + COP.replace('"mm"', '"deg"'), "'deg' is no unit of 'cop_x_cm'"),
        ('kind = "balance"', CLOCKED.replace("ms", "g") + COP, "'g' is no unit of 'time_s'"),
        ('kind = "balance"', CLOCKED + "invert = true\n" + COP, "'time_s' has no direction"),
        ('kind = "balance"\nholds = "results"', CLOCKED, "a table of balance results has no column 'time_s'"),
        ('kind = "gait"\nholds = "results"\nskip_s = 1', "", "skip_s|columns"),
        ('kind = "robot"\nholds = "results"', CLOCKED, "a robot table holds no results"),
        ('kind = "robot"\nskip_s = 2', CLOCKED, "only samples of a trial have a beginning"),
    ],
)
def test_a_mapping_that_says_too_little_of_a_trial_is_refused(tmp_path: Path, head: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_mapping(of_kind(tmp_path, head, text))


def test_a_broken_mapping_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "imports").mkdir()
    of_kind(tmp_path / "imports", 'kind = "gait"', CLOCKED + FOOT)
    (tmp_path / "imports" / "broken.toml").write_text("id = 7\n")
    found, problems = load_mappings(tmp_path)
    assert [mapping.id for mapping in found] == ["x"]
    assert [problem.path.name for problem in problems] == ["broken.toml"]


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
        ("g", "m/s2", 9.80665),
        ("g", "kg", 0.001),
        ("N", "kg", 1 / 9.80665),
        ("deg/s", "rad/s", 0.017453292519943295),
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
    told = {name: unit_of(name) for name in COLUMNS["robot", "samples"]}
    assert (told["time_s"], told["steps"], told["phase"], told["velocity_hip_left_deg_s"]) == ("s", "", "", "deg/s")
