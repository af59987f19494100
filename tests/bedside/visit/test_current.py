"""Direct current as data and as rules: what each arm gets, what forbids a start, what was given, what may be seen."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from bedside.config import (
    ConfigError,
    DeviceConfig,
    check_pairing,
    load_current,
    load_device,
    load_presets,
    load_study,
)
from bedside.config.current import CurrentLimits, CurrentPart
from bedside.refusal import Refusal
from bedside.visit import current
from hal.roles import CurrentPhase, CurrentProgram, CurrentStatus
from tests.helpers.bed import CONFIGS

STUDY = "isci-itbs-tsdcs"
READY = CurrentStatus(0, "prepared", 0.0, 0.02, 5.0, 87.0, 0.0, 230.0, 0.0, 0)


def shipped() -> CurrentPart:
    """The shipped arms, with nobody's signature under them."""
    part = load_current(CONFIGS, STUDY, {})
    assert part is not None
    return CurrentPart(changed(part.study, enabled={}), part.presets)


def enabled(arm: str, **study: object) -> current.CurrentPlan:
    part = shipped()
    presets = {name: changed(preset, enabled=True) for name, preset in part.presets.items()}
    return current.plan(CurrentPart(changed(part.study, **study), presets), arm)


@pytest.mark.parametrize(
    ("arm", "plateau_s", "sham", "shown_s", "plateau_c", "c_cm2"),
    [
        ("A", 200, False, 230, 0.5, 0.02),
        ("B", 30, True, 230, 0.075, 0.003),
        ("C", 1200, False, 1230, 3.0, 0.12),
        ("D", 30, True, 1230, 0.075, 0.003),
    ],
)
def test_the_arm_decides_on_duration_charge_and_density(arm, plateau_s, sham, shown_s, plateau_c, c_cm2):
    planned = current.plan(shipped(), arm)
    assert (planned.program.plateau_s, planned.sham, planned.shown_s) == (plateau_s, sham, shown_s)
    assert planned.program.current_ma == 2.5
    assert planned.density_ma_cm2 == pytest.approx(0.10)
    assert planned.plateau_c == pytest.approx(plateau_c)
    assert planned.ramps_c == pytest.approx(0.0375)
    assert planned.plateau_c + planned.ramps_c == pytest.approx(planned.program.charge_c)
    assert planned.charge_density_c_cm2 == pytest.approx(c_cm2)
    assert planned.program.trigger_bursts == 200


def test_the_arming_screen_shows_the_numbers():
    assert current.facts(current.plan(shipped(), "A")) == (
        "2.5 mA over 25 cm2: 0.10 mA/cm2",
        "200 s between two ramps of 15 s",
        "0.5 C, 0.02 C/cm2; ramps add 0.0375 C",
        "it triggers 600 magnetic pulses from the plateau's begin, the last at 191.84 s",
    )
    assert "3 C, 0.12 C/cm2" in current.facts(current.plan(shipped(), "C"))[2]


def test_an_unknown_arm_and_a_disabled_protocol_get_nothing():
    with pytest.raises(Refusal, match="no direct current"):
        current.plan(shipped(), "E")
    ready = current.Readiness(READY, 0.1, True, True, 2.5)
    assert [gate.id for gate in current.gates(current.plan(shipped(), "A"), ready, CurrentLimits())] == ["enabled"]
    assert current.gates(enabled("A"), ready, CurrentLimits()) == ()


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"status": replace(READY, battery_pct=29.0)}, "battery"),
        ({"status": replace(READY, battery_pct=None)}, "battery"),
        ({"status": replace(READY, impedance_kohm=10.0)}, "impedance"),
        ({"status": replace(READY, impedance_kohm=None)}, "impedance"),
        ({"status": replace(READY, phase="idle")}, "phase"),
        ({"status": replace(READY, phase="unknown")}, "link"),
        ({"status": replace(READY, fault="an electrode is off or dry")}, "fault"),
        ({"status": None}, "link"),
        ({"linked": False}, "link"),
        ({"age_s": 1.1}, "link"),
        ({"skin_checked": False}, "skin"),
        ({"ceiling_ma": 2.0}, "ceiling"),
    ],
)
def test_each_gate_forbids_the_start_by_itself(change, gate):
    ready = changed(current.Readiness(READY, 0.1, True, True, 2.5), **change)
    assert [found.id for found in current.gates(enabled("A"), ready, CurrentLimits())] == [gate]


def test_thirty_percent_of_battery_is_enough_and_density_has_its_limit():
    ready = current.Readiness(replace(READY, battery_pct=30.0), 0.1, True, True, 2.5)
    assert current.gates(enabled("A"), ready, CurrentLimits()) == ()
    dense = changed(enabled("A"), area_cm2=20.0)
    assert [gate.id for gate in current.gates(dense, ready, CurrentLimits())] == ["density"]


@given(st.floats(-1, 2000), st.booleans())
def test_a_blinded_person_sees_the_same_of_sham_and_twin_all_the_time(elapsed_s, stopped):
    for sham, active in (("B", "A"), ("D", "C")):
        seen = [current.shown(enabled(arm), elapsed_s, stopped=stopped) for arm in (sham, active)]
        assert seen[0] == seen[1]
    alike = {current.shown(enabled(arm, equalise_duration=True), elapsed_s, stopped=stopped) for arm in "ABCD"}
    assert len(alike) == 1
    assert "sham" not in next(iter(alike)).text


def test_what_is_shown_runs_and_ends():
    planned = enabled("B")
    assert current.shown(planned, None) == current.Shown("not started", 0.0, 230.0)
    assert current.shown(planned, 100.0) == current.Shown("electrical stimulation", 100.0, 130.0)
    assert current.shown(planned, 230.0).text == "ended"
    assert current.shown(planned, 20.0, stopped=True) == current.Shown("stopped", 20.0, 0.0)


def account(phase: str, elapsed_s: float, charge_c: float | None, kohm: float = 5.0) -> CurrentStatus:
    return CurrentStatus(
        0, cast(CurrentPhase, phase), 2.5, 2.5, kohm, 80.0, elapsed_s, 0.0, charge_c, round(elapsed_s * 3)
    )


def test_the_ledger_keeps_ramps_plateau_and_what_nobody_heard_apart():
    ledger = current.begun(enabled("A"))
    for told in (
        account("ramp_up", 0.0, 0.0, 6.0),
        account("plateau", 15.0, 0.01875),
        account("plateau", 115.0, 0.26875, 4.5),
        account("unknown", 0.0, None),
        account("plateau", 165.0, 0.39375),
        account("ramp_down", 215.0, 0.51875),
        account("idle", 0.0, 0.5375),
        account("idle", 0.0, 0.5375),
    ):
        ledger = current.counted(ledger, told)
    assert ledger.plateau_c == pytest.approx(0.375)
    assert ledger.ramps_c == pytest.approx(0.0375)
    assert ledger.unplaced_c == pytest.approx(0.125)
    assert ledger.given_c == ledger.dose_c == pytest.approx(0.5375)
    assert ledger.plateau_s == pytest.approx(150)
    assert (ledger.lowest_kohm, ledger.highest_kohm, ledger.highest_ma) == (4.5, 6.0, 2.5)
    assert ledger.triggers == 645


def test_no_charge_of_a_sham_is_dose():
    ledger = current.counted(current.counted(current.begun(enabled("B")), READY), account("ramp_down", 45, 0.09))
    assert (ledger.given_c, ledger.dose_c) == (pytest.approx(0.09), 0.0)


# configuration


def test_magnetic_presets_do_not_see_the_electrical_ones():
    assert not any(name.startswith("tsdcs") for name in load_presets(CONFIGS))
    assert load_current(CONFIGS, "stroke-ragt-lfrtms", {}) is None


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("current/isci-itbs-tsdcs.toml", '["current"]', '["current", "trigger_box"]', ["trigger_masters", "2 masters"]),
        ("current/isci-itbs-tsdcs.toml", '["current"]', "[]", ["trigger_masters", "who times"]),
        ("current/isci-itbs-tsdcs.toml", '["current"]', '["stimulator"]', ["bursts", "both or neither"]),
        ("current/isci-itbs-tsdcs.toml", '["current"]', '["clock"]', ["trigger_masters", "clock"]),
        ("current/isci-itbs-tsdcs.toml", "bursts = 200", "brusts = 200", ["brusts", "bursts"]),
        (
            "current/isci-itbs-tsdcs.toml",
            'preset = "tsdcs_1200"',
            'preset = "tsdcs_120"',
            ["arms.C.preset", "tsdcs_120"],
        ),
        ("current/isci-itbs-tsdcs.toml", 'twin = "tsdcs_200"', 'twin = "tsdcs_sham"', ["arms.B.twin", "sham itself"]),
        ("current/isci-itbs-tsdcs.toml", 'twin = "tsdcs_200"\n', "", ["arms.B.twin", "shown as"]),
        ("current/isci-itbs-tsdcs.toml", "max_ma = 2.5", "max_ma = 4.1", ["limits.max_ma"]),
        ("current/isci-itbs-tsdcs.toml", "max_ma = 2.5", "max_ma = 2.4", ["arms.A.preset", "2.5 mA"]),
        ("current/isci-itbs-tsdcs.toml", "cm2 = 0.11", "cm2 = 0.09", ["arms.A.preset", "mA/cm2"]),
        ("protocols/tsdcs_200.toml", "current_ma = 2.5", "current_ma = 4.1", ["current_ma", "4"]),
        ("protocols/tsdcs_200.toml", "ramp_s = 15.0", "ramp_s = 4.0", ["ramp_s"]),
        ("protocols/tsdcs_200.toml", 'duration = "plateau"\n', "", ["duration", "missing"]),
        ("protocols/tsdcs_200.toml", "width_cm = 5.0", "width_cm = 6.0", ["arms.B.twin", "differ"]),
        ("protocols/tsdcs_200.toml", 'id = "tsdcs_200"', 'id = "other"', ["id", "tsdcs_200"]),
    ],
)
def test_what_makes_no_sense_is_refused_with_file_and_key(tmp_path: Path, file, old, new, words):
    folder = copied(tmp_path, file, old, new)
    with pytest.raises(ConfigError) as refused:
        load_current(folder, STUDY, {})
    for word in (*words, ".toml"):
        assert word in str(refused.value)


BOX = DeviceConfig(id="box", role="stimulator", driver="triggered_stimulator", title="box")
ESCD, MAGPRO = load_device(CONFIGS, "escd"), load_device(CONFIGS, "magpro")


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ({"stimulator": BOX, "current": ESCD}, r"devices\.stimulator: 'box' has a trigger box that times the pulses"),
        (
            {"stimulator": load_device(CONFIGS, "magstim_rapid2"), "current": ESCD},
            r"devices\.stimulator: 'magstim_rapid2' cannot follow a trigger, and isci-itbs-tsdcs\.toml names 'current'",
        ),
        (
            {"stimulator": changed(MAGPRO, counts_pulses=False), "current": ESCD},
            r"devices\.stimulator: 'magpro' does not count its pulses",
        ),
        ({"stimulator": MAGPRO}, r"devices\.current: is missing, and isci-itbs-tsdcs\.toml names it as the master"),
    ],
    ids=["second master", "no trigger input", "counts nothing", "no master"],
)
def test_devices_that_do_not_fit_the_named_master_are_refused_at_load(devices, words):
    assert load_current(CONFIGS, STUDY, {"stimulator": MAGPRO, "current": ESCD}) is not None
    with pytest.raises(ConfigError, match=rf"station\.toml: {words}"):
        load_current(CONFIGS, STUDY, devices)


def test_a_named_trigger_box_has_to_be_there(tmp_path: Path):
    folder = copied(tmp_path, "current/isci-itbs-tsdcs.toml", '["current"]', '["trigger_box"]')
    path = folder / "current" / "isci-itbs-tsdcs.toml"
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("[bursts]")
    path.write_text(head + "[arms.A]" + rest.partition("[arms.A]")[2], encoding="utf-8")
    assert load_current(folder, STUDY, {"stimulator": BOX}) is not None
    with pytest.raises(ConfigError, match=r"devices\.stimulator: 'magpro' has no trigger box"):
        load_current(folder, STUDY, {"stimulator": MAGPRO})


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "current/isci-itbs-tsdcs.toml",
            "bursts = 200",
            "bursts = 199",
            "bursts.bursts: 199 bursts make no whole trains",
        ),
        ("current/isci-itbs-tsdcs.toml", "inter_pulse_ms = 20", "inter_pulse_ms = 25", "protocols/itbs_600.toml"),
        ("protocols/itbs_600.toml", "trains = 20", "trains = 19", "bursts: are other pulses than those of"),
    ],
)
def test_the_master_triggers_what_the_protocol_says(tmp_path: Path, file, old, new, words):
    folder = copied(tmp_path, file, old, new)
    part, study = load_current(folder, STUDY, {}), load_study(folder, STUDY)
    check_pairing(CONFIGS, load_study(CONFIGS, STUDY), shipped(), load_presets(CONFIGS))
    with pytest.raises(ConfigError) as refused:
        check_pairing(folder, study, part, load_presets(folder))
    assert words in str(refused.value)
    assert "current/isci-itbs-tsdcs.toml" in str(refused.value)


def copied(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """The shipped configuration with one thing changed."""
    folder = tmp_path / "configs"
    shutil.copytree(CONFIGS, folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_device_runs_every_planned_program():
    from hal.drivers.current.escd_limits import EscdOptions, check_program

    for arm in "ABCD":
        program = current.plan(shipped(), arm).program
        assert isinstance(program, CurrentProgram)
        check_program(program, EscdOptions())
