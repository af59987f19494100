"""Where a key stands in a file of configuration, and what a folder says that may not be looked into."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bedside import config
from bedside.config import ConfigError
from bedside.config.lines import line_of, steps_of
from bedside.config.strict import digest, files_in, is_there
from bedside.record.tables.mapping import load_mappings
from bedside.visit.setup import load_setup
from tests.helpers.rights import closed, nobody

CONFIGS = Path(__file__).parents[2] / "configs"
STUDY = "studies/stroke-ragt-lfrtms.toml"
TEXT = """\
# odd = 1
title = "odd = 2"
words = \"\"\"
odd = 3
\"\"\"
[a]
odd = 4
"quoted odd" = 5
[[rules]]
id = "odd"
[[rules]]
id = "second"
odd = { odd = 6, other = [
    1,
    2 ] }
[b.deep]
x.odd = 7
"""


@pytest.mark.parametrize(
    ("place", "key", "line"),
    [
        ("$.a", "odd", 7),
        ("$.a", "quoted odd", 8),
        ("$.rules[1]", "odd", 13),
        ("$.rules[1].odd", "odd", 13),
        ("$.rules[1].odd", "other", 13),
        ("$.b.deep.x", "odd", 17),
        ("$.b", "deep", 16),
        ("$", "title", 2),
        ("$", "odd", None),
        ("$.rules[0]", "odd", None),
        ("$.rules[7]", "odd", None),
        ("$.a[...]", "odd", None),
    ],
)
def test_a_key_is_found_where_it_is_written_and_nowhere_else(place: str, key: str, line: int | None) -> None:
    assert line_of(TEXT, (*steps_of(place), key)) == line


def test_an_element_is_on_the_line_of_its_array_and_a_table_in_two_places_on_none() -> None:
    assert line_of(TEXT, steps_of("$.rules[1].odd.other[1]")) == 13
    assert line_of("[a.b]\nx = 1\n[a.c]\ny = 1\n", ("a",)) is None
    assert line_of("no = TOML = at all", ("no",)) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "remedy"),
    [
        (STUDY, "isi_s = 5.0", "isl_s = 5.0", "hunt.isl_s", "did you mean 'isi_s'?"),
        (STUDY, "criterion_uv = 100.0", "criterium_uv = 100.0", "hunt.rules[1].criterium_uv", "'criterion_uv'?"),
        (STUDY, "sessions = 28", 'sessions = "28"', "sessions", "correct the value"),
        ("station.toml", "stimulator =", "stimulater =", "devices.stimulater", "did you mean 'stimulator'?"),
        ("station.toml", "stimulator =", "xyz =", "devices.xyz", "known keys: contact, current, emg, imu"),
    ],
)
def test_a_refusal_names_the_line_of_the_key_and_the_nearest_one(
    folder: Path, file: str, old: str, new: str, key: str, remedy: str
) -> None:
    before, found, after = (folder / file).read_text().partition(old)
    assert found, "the fault fired"
    (folder / file).write_text(before + new + after)
    with pytest.raises(ConfigError) as refused:
        load_setup(folder)
    line = before.count("\n") + 1
    assert (refused.value.key, refused.value.line) == (key, line)
    assert str(refused.value).startswith(f"{folder / file}, line {line}: {key}: ")
    assert remedy in refused.value.remedy


def test_a_closed_folder_is_refused_and_not_taken_for_an_empty_one(folder: Path) -> None:
    everything = digest(folder)
    for name in ("studies", "protocols", "instruments", "instruments/scales", "instruments/captures", "devices"):
        with closed(folder / name), nobody(), pytest.raises(ConfigError, match="Permission denied") as refused:
            load_setup(folder)
        assert refused.value.path.is_relative_to(folder / name)
        with closed(folder / name), nobody(), pytest.raises(ConfigError, match="Permission denied"):
            digest(folder)
    with closed(folder / "imports"), nobody():
        assert [problem.path for problem in load_mappings(folder)[1]] == [folder / "imports"]
    with closed(folder), nobody(), pytest.raises(ConfigError, match="Permission denied"):
        is_there(folder / "station.toml")
    assert digest(folder) == everything
    assert files_in(folder / "nowhere") == []
    assert files_in(folder / "station.toml") == []


def test_the_boxs_configuration_is_not_replaced_by_the_shipped_one_because_it_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEDSIDE_CONFIG", raising=False)
    monkeypatch.setattr(config, "THE_BOXS", folder)
    assert config.config_folder() == folder
    with closed(folder), nobody():
        assert config.config_folder() == folder
        with pytest.raises(ConfigError, match="Permission denied"):
            config.load_station(config.config_folder())
    monkeypatch.setattr(config, "THE_BOXS", folder / "nowhere")
    assert config.config_folder() not in (folder, folder / "nowhere")
    assert (config.config_folder() / "station.toml").is_file()


def test_a_configuration_without_staff_says_how_to_make_it(folder: Path) -> None:
    with pytest.raises(ConfigError, match="nobody could sign in") as refused:
        config.load_staff(folder / "staff.toml")
    assert (folder / config.DEMO_STAFF).is_file()
    code = refused.value.remedy.partition("'")[2].partition("'")[0]
    done = subprocess.run([sys.executable, "-c", code], input="4711\n", capture_output=True, text=True, check=True)
    member = config.StaffMember(code="x", name="X", profession="therapist", pin=done.stdout.strip())
    assert config.pin_matches(member, "4711")
