"""The configuration of a demonstration."""

import shutil
from pathlib import Path

import pytest

from bedside.config import (
    ConfigError,
    load_device,
    load_participant,
    load_staff,
    load_station,
    pin_matches,
    second_identifier_matches,
)
from bedside.demo.setup import PIN, USER, Layout, criteria_uv, prepare, script_for
from bedside.visit.setup import load_setup

CONFIGS = Path(__file__).parents[3] / "configs"
ADDRESSES = {"stimulator": "serial:/far/end", "emg": "tcp:127.0.0.1:1", "robot": "tcp:127.0.0.1:2"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "demo")
    layout.make()
    return layout


def test_every_device_is_a_simulated_one_and_says_so(layout: Layout) -> None:
    prepare(layout, CONFIGS, ADDRESSES, None)
    for role, device in load_station(layout.config).named:
        assert load_device(layout.config, device).address == f"sim://{ADDRESSES[role]}"


def test_a_device_worked_by_hand_is_a_simulated_one_too(tmp_path: Path, layout: Layout) -> None:
    source = Path(shutil.copytree(CONFIGS, tmp_path / "source"))
    station = source / "station.toml"
    station.write_text(station.read_text().replace('stimulator = "magpro"', 'stimulator = "manual_stimulator"'))
    prepare(layout, source, ADDRESSES, None)
    assert load_device(layout.config, "manual_stimulator").address == "sim://manual"
    assert load_setup(layout.config, speed=10.0).devices["stimulator"].driver == "manual_stimulator"


def test_the_shipped_configuration_stays_as_it_is(layout: Layout) -> None:
    before = {path: path.read_bytes() for path in CONFIGS.rglob("*.toml")}
    prepare(layout, CONFIGS, ADDRESSES, None)
    assert {path: path.read_bytes() for path in CONFIGS.rglob("*.toml")} == before


def test_whoever_is_named_on_the_screen_can_sign_in_and_identify_the_participant(layout: Layout) -> None:
    participant = prepare(layout, CONFIGS, ADDRESSES, None)
    script = script_for(participant)
    assert pin_matches(load_staff(layout.config / "staff.toml")[USER], PIN)
    assert (script.user, script.pin, script.participant) == (USER, PIN, participant.code)
    assert second_identifier_matches(participant, script.second_identifier)


def test_the_whole_is_a_setup_that_a_station_takes(layout: Layout) -> None:
    prepare(layout, CONFIGS, ADDRESSES, None)
    setup = load_setup(layout.config)
    assert criteria_uv(layout) == {rule.id: rule.criterion_uv for rule in setup.study.hunt.rules}


def test_a_study_that_does_not_exist_is_refused_by_name(layout: Layout) -> None:
    with pytest.raises(ConfigError, match="nonsense"):
        prepare(layout, CONFIGS, ADDRESSES, "nonsense")


def test_a_chosen_study_is_the_station_s_and_the_participant_s(layout: Layout, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(CONFIGS, source)
    shipped = source / "studies" / "stroke-ragt-lfrtms.toml"
    (source / "studies" / "other.toml").write_text(
        shipped.read_text().replace('id = "stroke-ragt-lfrtms"', 'id = "other"', 1)
    )
    participant = prepare(layout, source, ADDRESSES, "other")
    assert load_station(layout.config).study == participant.study == "other"


def test_a_folder_that_was_used_before_keeps_its_participant(layout: Layout) -> None:
    code = prepare(layout, CONFIGS, ADDRESSES, None).code
    path = layout.data / "participants" / f"{code}.toml"
    path.write_text(path.read_text().replace("172.0", "181.0"))
    assert prepare(layout, CONFIGS, ADDRESSES, None).height_cm == 181.0
    assert load_participant(path).height_cm == 181.0
