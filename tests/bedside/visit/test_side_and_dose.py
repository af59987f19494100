"""Sides, pulse times, durations, rounding, ceilings: the printed numbers of the protocols."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.config import load_presets
from bedside.config.station import RatePoint
from bedside.visit import dose, train_limits
from bedside.visit.ledger import Ledger
from bedside.visit.rules import Refusal
from bedside.visit.side import aim, sides_problem
from tests.helpers.bed import CONFIGS, Bed, shipped
from tests.helpers.bed_ready import bed_at

PRESETS = load_presets(CONFIGS)


@pytest.mark.parametrize(
    ("paretic", "target", "hemisphere", "leg"),
    [
        ("right", "contralesional", "right", "left"),
        ("left", "contralesional", "left", "right"),
        ("right", "ipsilesional", "left", "right"),
        ("left", "ipsilesional", "right", "left"),
        ("right", "vertex", "midline", "both"),
        ("left", "vertex", "midline", "both"),
    ],
)
def test_side_truth_table(paretic: str, target: str, hemisphere: str, leg: str) -> None:
    lesion = {"right": "left", "left": "right"}[paretic]
    found = aim(target, lesion, paretic)  # type: ignore[arg-type]
    assert (found.hemisphere, found.leg) == (hemisphere, leg)
    assert ("vertex" if hemisphere == "midline" else hemisphere) in found.text
    assert ("both legs" if leg == "both" else f"{leg} leg") in found.text, "hemisphere and leg always both"


def test_lesion_and_paretic_side_are_opposite_or_a_physician_signs() -> None:
    assert sides_problem("left", "right", "") is None
    assert sides_problem("left", "left", "") is not None
    assert sides_problem("left", "left", "Dr. X") is None


def test_an_unknown_side_is_no_side() -> None:
    with pytest.raises(Refusal):
        aim("contralesional", None, "right")


def test_the_threshold_muscle_is_driven_by_the_stimulated_hemisphere() -> None:
    bed = bed_at("dose")
    assert bed.state.recalled is not None
    assert bed.state.recalled.paretic_side == "right"
    assert bed.state.threshold is not None
    assert bed.state.threshold.muscle == "TA left"


@pytest.mark.parametrize(
    ("name", "pulses", "last_s", "end_s", "period_s"),
    [
        ("lf_1hz_1200", 1200, 1199.0, 1200.0, 1200.0),
        ("lf_01hz_120", 120, 1190.0, 1200.0, 1200.0),
        ("itbs_600", 600, 191.84, 192.0, 200.0),
        ("hf_10hz_1200", 1200, 873.9, 874.0, 900.0),
    ],
)
def test_printed_numbers(name: str, pulses: int, last_s: float, end_s: float, period_s: float) -> None:
    levels = PRESETS[name].levels
    times = dose.pulse_times_us(levels)
    assert len(times) == dose.count(levels) == pulses
    assert times == sorted(set(times))
    lengths = dose.durations(levels)
    assert (lengths.last_s, lengths.end_s, lengths.period_s) == (last_s, end_s, period_s)
    for number in (last_s, end_s, period_s):
        assert f"{number:g} s" in lengths.text


def test_intensity_is_rounded_down() -> None:
    assert dose.rounded_down(61.0, 80) == 48
    assert dose.rounded_down(60.0, 80) == 48
    assert dose.rounded_down(60.0, 90) == 54
    assert dose.rounded_down(56.0, 90) == 50


@given(st.floats(1.0, 100.0), st.integers(1, 120))
def test_rounding_never_exceeds(rmt: float, pct: int) -> None:
    assert dose.rounded_down(rmt, pct) <= round(rmt * 1000) / 1000 * pct / 100 + 1e-9


def test_device_feasibility() -> None:
    device = shipped().devices["stimulator"]
    dual = replace(device, max_rate=(RatePoint(pct_mso=50, rate_hz=50.0), RatePoint(pct_mso=100, rate_hz=25.0)))
    assert dose.device_rate_hz(dual, dose.rounded_down(60.0, 90)) < 50.0
    assert dose.device_rate_hz(dual, dose.rounded_down(56.0, 90)) == 50.0
    assert dose.device_rate_hz(None, 50) == 1.0, "a device nobody described gives 1 Hz at most"
    assert dose.device_rate_hz(replace(device, max_rate=(RatePoint(pct_mso=80, rate_hz=18.0),)), 90) == 0.0


@pytest.mark.parametrize(
    ("rate_hz", "pct", "seconds", "refused", "noted"),
    [
        (1.0, 80, 1200.0, False, True),
        (0.1, 80, 1190.0, False, True),
        (10.0, 90, 4.0, False, False),
        (10.0, 120, 4.0, False, True),
        (5.0, 100, 10.0, False, False),
        (1.0, 131, 10.0, True, False),
        (26.0, 90, 0.1, True, False),
        (20.0, 110, 1.7, True, False),
        (6.0, 100, 6.0, True, False),
        (1.0, 90, 1801.0, True, False),
    ],
)
def test_longest_trains(rate_hz: float, pct: int, seconds: float, refused: bool, noted: bool) -> None:
    verdict = train_limits.judge_train(shipped().limits.train, rate_hz, pct, seconds)
    assert (bool(verdict.refuse), bool(verdict.note)) == (refused, noted)


def with_preset(bed: Bed, name: str, **changes: object) -> Bed:
    assert bed.state.recalled is not None
    preset = replace(PRESETS[name], **changes)
    bed.setup = replace(bed.setup, presets={**bed.setup.presets, name: preset})
    bed.state = replace(bed.state, setup=bed.setup, recalled=replace(bed.state.recalled, preset=name))
    return bed


def test_a_protocol_has_to_be_enabled_of_the_study_and_even() -> None:
    for name, word in (("lf_01hz_120", "not enabled"), ("itbs_600", "not part"), ("hf_10hz_1200", "not part")):
        with pytest.raises(Refusal, match=word):
            dose.plan(with_preset(bed_at("dose"), name).state)
    bed = with_preset(bed_at("dose"), "itbs_600", enabled=True)
    study = replace(bed.setup.study, presets=("itbs_600",))
    bed.state = replace(bed.state, setup=replace(bed.setup, study=study))
    with pytest.raises(Refusal, match="bursts"):
        dose.plan(bed.state)


def test_a_percentage_above_the_ceiling_is_refused() -> None:
    preset = PRESETS["lf_1hz_1200"]
    bed = with_preset(bed_at("dose"), "lf_1hz_1200", intensity=replace(preset.intensity, pct=91))
    with pytest.raises(Refusal, match="ceiling"):
        dose.plan(bed.state)


@pytest.mark.parametrize(
    ("field", "value"), [("pulses_today", 801), ("pulses_week", 8801), ("pulses_course", 28 * 1200 - 1199)]
)
def test_totals(field: str, value: int) -> None:
    bed = bed_at("dose")
    assert bed.state.recalled is not None
    assert dose.plan(bed.state).pulses == 1200
    bed.state = replace(bed.state, recalled=replace(bed.state.recalled, **{field: value}))
    with pytest.raises(Refusal, match="more than"):
        dose.plan(bed.state)


def test_a_dose_that_cannot_be_given_holds_the_step() -> None:
    bed = bed_at("dose")
    assert bed.state.recalled is not None
    bed.state = replace(bed.state, recalled=replace(bed.state.recalled, pulses_today=1900))
    with pytest.raises(Refusal, match="today"):
        bed.ask(c.NextStep())


def test_ledger() -> None:
    ledger = Ledger(planned=1200).with_pulses(437, "treatment").with_pulses(42, "threshold").with_pulses(1, None)
    assert (ledger.delivered, ledger.sham_pulses, ledger.single, ledger.unasked) == (437, 0, 42, 1)
    assert ledger.delivered + ledger.not_given == ledger.planned
    ledger = ledger.with_uncertain(3, "treatment").with_lost(2)
    assert ledger.remaining == 1200 - 437 - 3 - 2
    assert ledger.ceiling == 437 + 42 + 1 + 3
    assert replace(ledger, sham=True).delivered == 0
    assert replace(ledger, sham=True).sham_pulses == 437


def test_planned_dose() -> None:
    bed = bed_at("dose")
    (planned,) = bed.events(e.DosePlanned)
    assert bed.state.threshold is not None
    assert planned.intensity_pct_mso == int(bed.state.threshold.rmt_pct_mso * 0.8)
