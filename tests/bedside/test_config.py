"""Strict configuration: the shipped files load, everything wrong is refused with file, key and remedy."""

import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedside import config
from bedside.config import ConfigError
from bedside.config.people import StaffFile
from bedside.config.strict import read
from bedside.doctor import check_config
from bedside.visit.setup import load_setup

CONFIGS = Path(__file__).parents[2] / "configs"
STUDY = "studies/stroke-ragt-lfrtms.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text, "the fault fired"
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_configuration_loads() -> None:
    setup = load_setup(CONFIGS)
    assert setup.study.sessions == 28
    assert set(setup.devices) == {"stimulator", "emg", "robot"}
    for path in (CONFIGS / "devices").glob("*.toml"):
        assert config.load_device(CONFIGS, path.stem).id == path.stem
    assert config.load_participant(CONFIGS / "demo" / "participant.toml").study == setup.study.id
    assert len(setup.adverse.categories) >= 10


@pytest.mark.parametrize("mode", ["stim_then_walk", "walk_then_stim", "same_day"])
def test_a_timing_mode_whose_visits_are_not_built_is_refused_at_load(folder: Path, mode: str) -> None:
    edit(folder, STUDY, 'mode = "simultaneous"', f'mode = "{mode}"')
    with pytest.raises(ConfigError) as why:
        load_setup(folder)
    assert f"'{mode}' with a gait robot" in str(why.value)
    assert "write simultaneous" in str(why.value)


@pytest.mark.parametrize("mode", ["simultaneous", "walk_then_stim"])
def test_without_a_robot_stimulation_comes_first(folder: Path, mode: str) -> None:
    edit(folder, "studies/isci-itbs-tsdcs.toml", 'mode = "stim_then_walk"', f'mode = "{mode}"')
    with pytest.raises(ConfigError, match="write stim_then_walk or same_day"):
        load_setup(folder, study="isci-itbs-tsdcs")


CURRENT = "current/isci-itbs-tsdcs.toml"


@pytest.fixture
def with_current(folder: Path) -> Path:
    """A station beside which direct current is given, by the shipped arms."""
    edit(folder, "station.toml", 'study = "stroke-ragt-lfrtms"', 'study = "isci-itbs-tsdcs"')
    edit(folder, "station.toml", 'robot = "corc_robot"', 'robot = "corc_robot"\ncurrent = "escd"')
    return folder


def test_a_study_with_direct_current_loads_it(with_current: Path) -> None:
    assert load_setup(CONFIGS).current is None
    part = load_setup(with_current).current
    assert part is not None
    assert {name: arm.preset for name, arm in part.study.arms.items()}["C"] == "tsdcs_1200"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (CURRENT, '["current"]', '["current", "stimulator"]', [CURRENT, "trigger_masters", "2 masters"]),
        ("station.toml", '"magpro"', '"triggered_box"', ["station.toml", "devices.stimulator", "leave one master"]),
        ("protocols/tsdcs_200.toml", "current_ma = 2.5", "current_ma = 2.6", [CURRENT, "arms.A.preset", "2.6 mA"]),
        ("protocols/tsdcs_200.toml", "current_ma = 2.5", "current_ma = 4.1", ["tsdcs_200.toml", "current_ma"]),
        (CURRENT, "max_ma = 2.5", "max_ma = 4.1", [CURRENT, "limits.max_ma"]),
    ],
)
def test_a_station_with_a_wrong_direct_current_part_does_not_start(
    with_current: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    edit(with_current, file, old, new)
    with pytest.raises(ConfigError) as refused:
        load_setup(with_current)
    for word in words:
        assert word in str(refused.value)
    told = [check for check in check_config(with_current) if not check.ok and check.name == "config"]
    assert any(words[-1] in f"{check.text} {check.remedy}" for check in told), "doctor says it too"


def test_recalled_numbers_are_not_called_verified() -> None:
    setup = load_setup(CONFIGS)
    assert not setup.limits.verified
    assert not any(preset.verified for preset in setup.presets.values())
    vitals = {item.id: item for item in setup.instruments["vitals"].items}
    assert not any(vitals[name].verified for name in ("systolic", "diastolic", "heart_rate", "spo2_pct"))


def test_only_the_studys_own_protocol_is_enabled() -> None:
    presets = config.load_presets(CONFIGS)
    assert [name for name, preset in presets.items() if preset.enabled] == ["lf_1hz_1200"]
    assert presets["itbs_600"].flag == "above_common_m1_practice"


def test_labels_are_short_and_ours() -> None:
    for form in config.load_instruments(CONFIGS).values():
        for item in form.items:
            assert len(item.label.split()) <= 12, item.label


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("station.toml", "tick_s", "tik_s", ["station.toml", "tik_s", "unknown key", "tick_s"]),
        (STUDY, "isi_s = 5.0", "isl_s = 5.0", ["hunt.isl_s", "unknown key", "isi_s"]),
        (STUDY, "criterion_uv = 100.0", "criterium_uv = 100.0", ["hunt.rules", "criterium_uv", "criterion_uv"]),
        (STUDY, 'on = "2026-01-15"', 'on = "yesterday"', ["timing.signed.on"]),
        (STUDY, "sessions = 28", 'sessions = "28"', ["sessions", "int"]),
        (STUDY, "start_pct_mso = 50", "start_pct_mso = 150", ["hunt.start_pct_mso", "100"]),
        (STUDY, "isi_s = 5.0\n", "", ["hunt.isi_s", "is missing"]),
        (STUDY, 'default_rule = "adaptive_50"', 'default_rule = "magic"', ["hunt.default_rule", "adaptive_50"]),
        (STUDY, "window_ms = [20.0, 50.0]", "window_ms = [50.0, 20.0]", ["hunt.window_ms", "lower value first"]),
        (STUDY, "window_ms = [20.0, 50.0]", "window_ms = [20.0, 500.0]", ["hunt.window_ms[1]", "200"]),
        (STUDY, "envelope_kmh = [0.8, 1.8]", "envelope_kmh = [0.8, 18]", ["robot.envelope_kmh[1]", "5"]),
        (STUDY, "envelope_kmh = [0.8, 1.8]", "envelope_kmh = [0, 1.8]", ["robot.envelope_kmh[0]"]),
        (STUDY, "envelope_kmh = [0.8, 1.8]", "envelope_kmh = [1.8, 0.8]", ["robot.envelope_kmh", "lower value first"]),
        (STUDY, "stimulating_kmh = 1.2", "stimulating_kmh = 12", ["robot.max_while_stimulating_kmh", "5"]),
        (STUDY, "stimulating_kmh = 1.2", "stimulating_kmh = 2", ["robot.max_while_stimulating_kmh", "0.8 to 1.8 km/h"]),
        (STUDY, "stimulating_kmh = 1.2", "stimulating_kmh = 0.5", ["robot.max_while_stimulating_kmh", "outside"]),
        (STUDY, "kmh = [1.2, 1.8]", "kmh = [1.2, 2.0]", ["robot.prescription_kmh", "2 km/h is outside envelope_kmh"]),
        (STUDY, "support_pct = [40, 60]", "support_pct = [40, 140]", ["robot.support_pct[1]", "60"]),
        (STUDY, "steady_kmh = 0.2", "steady_kmh = 20.0", ["robot.steady_kmh", "0.5"]),
        (STUDY, "contact_every_s = 120.0", "contact_every_s = 12000.0", ["run.contact_every_s", "600"]),
        (STUDY, "pause_limit_s = 300.0", "pause_limit_s = 30000.0", ["run.pause_limit_s", "1800"]),
        (STUDY, '"lf_01hz_120"]', '"lf_02hz"]', ["presets", "lf_02hz"]),
        (STUDY, 'mode = "simultaneous"', 'mode = "whenever"', ["timing.mode"]),
        ("protocols/lf_1hz_1200.toml", "pct = 80", "pct = 95", ["intensity.pct", "ceiling"]),
        ("protocols/lf_1hz_1200.toml", 'id = "lf_1hz_1200"', 'id = "other"', ["id", "lf_1hz_1200"]),
        ("limits.toml", "[1800, 1800, 1800, 360, 50]", "[1800]", ["train.rows"]),
        ("limits.toml", "stop_c = 43.0", "stop_c = 40.0", ["coil"]),
        ("instruments/vitals.toml", "screening.own_systolic", "screening.own", ["own", "is no number"]),
        ("instruments/vitals.toml", 'own = "screening.own_systolic"', "", ["systolic.own", "rise"]),
        ("instruments/coil.toml", 'id = "cable"', 'id = "holder"', ["holder", "twice"]),
        ("station.toml", 'robot = "corc_robot"', 'robot = "corc_robt"', ["corc_robt", "corc_robot"]),
        ("station.toml", 'robot = "corc_robot"', 'robot = "magpro"', ["devices.robot", "magpro"]),
        ("station.toml", "robot =", "rowboat =", ["devices", "rowboat"]),
        ("station.toml", 'study = "stroke-ragt-lfrtms"', 'study = "stroke-ragt-lftms"', ["stroke-ragt-lfrtms"]),
        ("devices/magpro.toml", "[options]", "[options", ["magpro.toml", "TOML"]),
    ],
)
def test_refusals_name_file_key_and_remedy(folder: Path, file: str, old: str, new: str, words: list[str]) -> None:
    edit(folder, file, old, new)
    with pytest.raises(ConfigError) as refused:
        load_setup(folder)
    for word in words:
        assert word in str(refused.value)
    assert refused.value.remedy


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load_station(tmp_path)
    path = tmp_path / "station.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.load_station(tmp_path)
    path.write_text("a = 1\n" * 300_000)
    with pytest.raises(ConfigError, match="1 MiB"):
        config.load_station(tmp_path)
    path.write_text("a = " + "[" * 50_000)
    with pytest.raises(ConfigError):
        config.load_station(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError):
        config.load_station(tmp_path)


LOADERS: dict[str, Callable[[Path], object]] = {
    "station.toml": config.load_station,
    "limits.toml": config.load_limits,
    "adverse.toml": config.load_adverse,
    STUDY: partial(config.load_study, study="stroke-ragt-lfrtms"),
    "protocols/itbs_600.toml": config.load_presets,
    "instruments/vitals.toml": config.load_instruments,
    "devices/quattrocento.toml": partial(config.load_device, device="quattrocento"),
    "demo/participant.toml": lambda folder: config.load_participant(folder / "demo" / "participant.toml"),
    "demo/staff.toml": lambda folder: config.load_staff(folder / "demo" / "staff.toml"),
}


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    for kind in (config.StationConfig, config.Study, config.Participant, StaffFile):
        with pytest.raises(ConfigError):
            read(path, kind)


@pytest.mark.parametrize("file", sorted(LOADERS))
def test_mutated_files_load_or_are_refused_in_words(file: str, folder: Path) -> None:
    rng = random.Random(file)
    original = (folder / file).read_bytes()
    refused = 0
    for _ in range(150):
        (folder / file).write_bytes(mutated(original, rng))
        refused += refuses(LOADERS[file], folder)
    assert refused > 50, "the mutations reach the checks"


def refuses(load: Callable[[Path], object], folder: Path) -> bool:
    try:
        load(folder)
    except ConfigError as error:
        return bool(str(error))
    return False


def mutated(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(out)) if out else 0
        match rng.randrange(4):
            case 0:
                out[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[place : place + rng.randint(1, 30)]
            case 2:
                out[place:place] = rng.choice([b'"', b"=", b"[", b"]\n", b"true", b"-1", b"nan", b"1e400", b"\n[x]\n"])
            case 3:
                lines = bytes(out).splitlines(keepends=True)
                rng.shuffle(lines)
                out = bytearray(b"".join(lines[: rng.randint(1, len(lines))])) if lines else out
    return bytes(out)


def test_numbers_must_be_finite(folder: Path) -> None:
    for wrong in ("nan", "inf", "-inf"):
        fresh = Path(shutil.copytree(CONFIGS, folder / wrong))
        edit(fresh, STUDY, "isi_s = 5.0", f"isi_s = {wrong}")
        with pytest.raises(ConfigError, match="isi_s"):
            load_setup(fresh)


def test_pins_are_only_held_as_hashes() -> None:
    staff = config.load_staff(CONFIGS / "demo" / "staff.toml")
    assert config.pin_matches(staff["thera"], "1234")
    assert not config.pin_matches(staff["thera"], "1235")
    assert "1234" not in staff["thera"].pin
    assert config.hash_pin("1") != config.hash_pin("1"), "salted"


def test_two_people_with_one_code_are_refused(folder: Path) -> None:
    path = folder / "demo" / "staff.toml"
    first = config.load_staff(path)["thera"]
    path.write_text(f'{path.read_text()}\n[[staff]]\ncode = "thera"\nname = "B"\nprofession = "physician"\n')
    with path.open("a") as file:
        file.write(f'pin = "{first.pin}"\n')
    with pytest.raises(ConfigError, match="give each person a code of their own") as refused:
        config.load_staff(path)
    assert f"'thera' is {first.name} already" in str(refused.value)
    assert refused.value.key.startswith("staff[")


def test_second_identifier() -> None:
    record = config.load_participant(CONFIGS / "demo" / "participant.toml")
    assert config.second_identifier_matches(record, " 19 57 ")
    assert not config.second_identifier_matches(record, "1958")


def test_the_hash_sees_any_edit(folder: Path) -> None:
    before = config.config_hash(folder)
    assert config.config_hash(CONFIGS) == before
    edit(folder, "limits.toml", "day = 2000", "day = 2001")
    assert config.config_hash(folder) != before


def test_where_the_configuration_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BEDSIDE_CONFIG", str(tmp_path))
    assert config.config_folder() == tmp_path
    assert config.config_folder("/elsewhere") == Path("/elsewhere")
    monkeypatch.delenv("BEDSIDE_CONFIG")
    assert (config.config_folder() / "station.toml").is_file()
