"""Rests between trains, and bursts without any: the shipped protocols hold, what is too dense is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bedside.config import load_presets
from bedside.config.limits import TrainRest
from bedside.config.protocol import Levels
from bedside.config.study import Signature
from bedside.refusal import Refusal
from bedside.visit import dose, train_limits
from tests.helpers.bed import CONFIGS, Bed, shipped
from tests.helpers.bed_ready import bed_at

PRESETS = load_presets(CONFIGS)
REST = TrainRest()


def even(rate_hz: float, pulses: int, onset_s: float, trains: int = 10) -> Levels:
    return Levels(
        pulses_in_burst=pulses, inter_pulse_interval_s=1.0 / rate_hz, trains=trains, inter_train_interval_s=onset_s
    )


def bursts(trains: int, onset_s: float) -> Levels:
    return Levels(
        pulses_in_burst=3,
        inter_pulse_interval_s=0.02,
        bursts_in_train=10,
        inter_burst_interval_s=0.2,
        trains=trains,
        inter_train_interval_s=onset_s,
    )


@pytest.mark.parametrize(
    ("levels", "signed", "word"),
    [
        (even(20.0, 40, 2.1), False, "0.1 s of rest"),
        (even(20.0, 40, 2.1), True, "0.1 s of rest"),
        (even(5.0, 50, 14.9), False, "4.9 s of rest"),
        (even(5.0, 50, 15.0), False, ""),
        (even(9.9, 40, 40 / 9.9 + 5.0), False, ""),
        (even(10.0, 40, 20.0), False, ""),
        (even(10.0, 40, 19.9), False, "4 times the train of 4 s"),
        (even(10.0, 40, 19.9), True, ""),
        (even(20.0, 20, 6.0), False, ""),
        (even(20.0, 20, 5.9), False, "4.9 s"),
        (even(1.0, 600, 600.0, 2), False, "0 s of rest"),
        (even(1.0, 1200, 0.0, 1), False, ""),
        (bursts(20, 10.0), False, ""),
        (bursts(20, 6.9), False, "4.9 s"),
    ],
)
def test_rests_between_trains(levels: Levels, signed: bool, word: str) -> None:
    problem = train_limits.rest_problem(REST, levels, signed=signed)
    assert word in problem
    assert bool(problem) == bool(word)


@given(st.floats(0.5, 25.0), st.integers(1, 50), st.floats(0.1, 60.0))
def test_an_accepted_rest_is_never_shorter_than_the_least(rate_hz: float, pulses: int, onset_s: float) -> None:
    levels = even(rate_hz, pulses, onset_s)
    if levels.problem or train_limits.rest_problem(REST, levels, signed=True):
        return
    assert onset_s - pulses / rate_hz > 5.0 - 1e-3


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_shipped_protocols_rest_long_enough_unsigned(name: str) -> None:
    assert not train_limits.problem(shipped().limits, PRESETS[name], signed=False)


@pytest.mark.parametrize(("pct", "trains", "refused"), [(80, 1, False), (81, 1, True), (90, 20, False)])
def test_continuous_bursts_have_their_own_ceiling(pct: int, trains: int, refused: bool) -> None:
    intensity = replace(PRESETS["itbs_600"].intensity, pct=pct)
    preset = replace(PRESETS["itbs_600"], levels=bursts(trains, 10.0 if trains > 1 else 0.0), intensity=intensity)
    assert bool(train_limits.problem(shipped().limits, preset, signed=True)) == refused


def fast(bed: Bed, onset_s: float, *, signed: bool = False) -> Bed:
    """The participant's protocol is ten trains of 20 Hz, enabled."""
    assert bed.state.recalled is not None
    name = bed.state.recalled.preset
    preset = replace(PRESETS[name], levels=even(20.0, 20, onset_s), enabled=True)
    study = bed.setup.study
    if signed:
        study = replace(study, enabled={name: Signature(by="Dr Test", on="2026-01-02")})
    device = replace(bed.setup.devices["stimulator"], max_trains=20)
    devices = {**bed.setup.devices, "stimulator": device}
    bed.setup = replace(bed.setup, study=study, presets={**bed.setup.presets, name: preset}, devices=devices)
    bed.state = replace(bed.state, setup=bed.setup)
    return bed


def test_a_dose_with_too_short_a_rest_is_not_planned() -> None:
    assert dose.plan(fast(bed_at("dose"), 6.0).state).pulses == 200
    for signed in (False, True):
        with pytest.raises(Refusal, match="of rest between two trains"):
            dose.plan(fast(bed_at("dose"), 1.1, signed=signed).state)
    for signed, refused in ((False, True), (True, False)):
        bed = fast(bed_at("dose"), 6.0, signed=signed)
        longer = replace(bed.setup.limits, rest=TrainRest(long_times=5.1))
        state = replace(bed.state, setup=replace(bed.setup, limits=longer))
        if refused:
            with pytest.raises(Refusal, match="without a signature"):
                dose.plan(state)
        else:
            assert dose.plan(state).pulses == 200
