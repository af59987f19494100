"""Several sweeps taken together: what counts, what the means are of, and the two rows of an assessment."""

import dataclasses
import math
from unittest.mock import patch

import numpy as np
import pytest

import dsp.mep
from dsp.mep_assessment import MepAssessment, assess_side, lock_intensity
from dsp.mep_set import Reading, measure_set
from tests.helpers.modelled_mep import epoch, hum, muscle_noise

RATE_HZ, N, TRIGGER = 5000.0, 2500, 1000
READING = Reading(RATE_HZ, TRIGGER)


def sweep(seed: int, rest_uv: float = 1.5, hum_uv: float = 0.0, **response: float | None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    background = muscle_noise(N, RATE_HZ, rest_uv, rng) + hum(N, RATE_HZ, hum_uv, 50.0, rng)
    settings = {"onset_ms": 31.0, "amplitude_uv": 400.0} | response
    return epoch(background, RATE_HZ, TRIGGER, np.random.default_rng(5), artefact_uv=2000.0, **settings).epoch_uv


def test_means_are_of_the_single_sweeps_and_the_average_stands_beside_them() -> None:
    onsets, amplitudes = (29.0, 31.0, 33.0), (300.0, 400.0, 800.0)
    made = [sweep(i, onset_ms=on, amplitude_uv=uv) for i, (on, uv) in enumerate(zip(onsets, amplitudes, strict=True))]
    found = measure_set(made, READING)
    assert found.refusal is None
    assert found.accepted == (0, 1, 2)
    assert found.responses == 3
    assert found.amplitude_uv == pytest.approx(500.0, rel=0.02)
    assert found.latency_ms == pytest.approx(31.0, abs=0.5)
    assert found.amplitude_uv == pytest.approx(np.mean([one.amplitude_uv for one in found.sweeps]))
    assert found.latency_ms == pytest.approx(np.mean([one.latency_ms for one in found.sweeps]))
    assert found.latency_sd_ms == pytest.approx(2.0, abs=0.4)
    assert found.average_amplitude_uv < found.amplitude_uv
    assert found.average_latency_ms < found.latency_ms - 0.8


def test_the_average_of_humming_sweeps_has_no_hum() -> None:
    found = measure_set([sweep(i, hum_uv=40.0) for i in range(4)], READING)
    assert found.average_amplitude_uv == pytest.approx(400.0, rel=0.02)
    assert found.average_latency_ms == pytest.approx(31.0, abs=0.5)


def test_averaging_finds_the_onset_that_a_contraction_hides() -> None:
    contracting = dataclasses.replace(READING, rest_limit_uv=None)
    found = measure_set([sweep(i, rest_uv=60.0, amplitude_uv=350.0) for i in range(16)], contracting)
    assert found.responses < 16
    assert found.average_latency_ms == pytest.approx(31.0, abs=2.0)


def test_void_sweeps_do_not_count_and_further_ones_fill_in() -> None:
    made = [sweep(0), sweep(1, rest_uv=40.0), sweep(2), np.full(N, np.nan), sweep(4), sweep(5, amplitude_uv=4000.0)]
    found = measure_set(made, READING, wanted=3)
    assert found.accepted == (0, 2, 4)
    assert [number for number, _ in found.rejected] == [1, 3]
    assert "not at rest" in found.rejected[0][1]
    assert found.amplitude_uv == pytest.approx(400.0, rel=0.03)
    assert len(found.sweeps) == 6


def test_too_few_is_a_refusal_and_no_mean() -> None:
    found = measure_set([sweep(0), sweep(1), sweep(2, rest_uv=40.0)], READING, wanted=3)
    assert "2 of 3 can be used" in (found.refusal or "")
    assert found.amplitude_uv is None
    assert found.latency_ms is None
    assert found.average_latency_ms is None
    assert len(found.sweeps) == 3
    assert measure_set([], READING).refusal == "no sweeps"
    assert "none of 1" in (measure_set([np.full(N, np.nan)], READING).refusal or "")


def test_a_gate_that_lets_tension_through_would_be_caught() -> None:
    made = [sweep(0), sweep(1), sweep(2, rest_uv=40.0)]
    with patch.object(dsp.mep, "_tension", lambda *_: ""):
        assert measure_set(made, READING, wanted=3).refusal is None, "the fault did not fire"
    assert measure_set(made, READING, wanted=3).refusal is not None


def test_sweeps_without_a_response_count_in_the_amplitude_and_not_in_the_latency() -> None:
    mixed = measure_set([sweep(0), sweep(1, onset_ms=None), sweep(2)], READING)
    assert mixed.responses == 2
    assert mixed.flags == ("response_in_2_of_3",)
    assert mixed.latency_ms == pytest.approx(31.0, abs=0.5)
    assert mixed.amplitude_uv == pytest.approx(800.0 / 3, rel=0.05)
    silent = measure_set([sweep(i, onset_ms=None) for i in range(3)], READING)
    assert silent.flags == ("no_response",)
    assert silent.latency_ms is None
    assert silent.amplitude_uv < 20.0


def test_sweeps_with_padding_average_as_far_as_they_go() -> None:
    late, short = sweep(0), sweep(1)
    late[:200], short[2200:] = np.nan, np.nan
    found = measure_set([late, short, sweep(2)[:2300]], READING)
    assert found.average_latency_ms == pytest.approx(31.0, abs=0.5)


@pytest.mark.parametrize(
    ("rmt", "pct_mso", "flagged"),
    [(85.0, 100, True), (84.0, 100, True), (83.0, 99, False), (50.0, 60, False), (55.0, 66, False), (41.0, 49, False)],
)
def test_the_intensity_is_120_percent_rounded_down_and_clamped_with_a_flag(
    rmt: float, pct_mso: int, flagged: bool
) -> None:
    locked = lock_intensity(rmt)
    assert locked.pct_mso == pct_mso
    assert locked.flags == (("intensity_not_reachable",) if flagged else ())
    assert locked.asked_pct_mso == pytest.approx(1.2 * rmt)


def test_whole_products_are_not_rounded_away() -> None:
    for rmt in range(5, 84, 5):
        assert lock_intensity(float(rmt)).pct_mso == rmt * 6 // 5


@pytest.mark.parametrize("rmt", [0.0, -5.0, 101.0, math.nan, 0.5])
def test_a_threshold_that_cannot_be_is_refused(rmt: float) -> None:
    with pytest.raises(ValueError, match=r"baseline_rmt_pct_mso|below 1 %MSO"):
        lock_intensity(rmt)


def test_a_visit_has_two_rows_and_both_use_the_stored_intensity() -> None:
    locked = lock_intensity(50.0)
    at = [60.0, 60.0, 58.0, 60.0, 60.0]
    right = [sweep(20 + i, amplitude_uv=900.0, onset_ms=34.0) for i in range(5)]
    visit = MepAssessment(
        assess_side("left", [sweep(i) for i in range(5)], READING, locked=locked, intensity_pct_mso=at),
        assess_side("right", right, READING, locked=locked, intensity_pct_mso=[60.0] * 5),
    )
    assert [row["side"] for row in visit.rows] == ["left", "right"]
    assert visit.left.result.accepted == (0, 1, 3)
    assert "given at 58 %MSO, the locked intensity is 60 %MSO" in visit.left.result.rejected[0][1]
    assert [row["sweeps_accepted"] for row in visit.rows] == [3, 3]
    assert [row["intensity_pct_mso"] for row in visit.rows] == [60, 60]
    assert visit.rows[0]["amplitude_uv"] == pytest.approx(400.0, rel=0.03)
    assert visit.rows[1]["amplitude_uv"] == pytest.approx(900.0, rel=0.03)
    assert visit.rows[1]["latency_ms"] == pytest.approx(34.0, abs=0.5)
    assert {row["onset_rule"] for row in visit.rows} == {"consensus/2"}


def test_a_side_that_was_not_measured_has_a_row_that_says_so() -> None:
    row = assess_side("right", [], READING, locked=lock_intensity(90.0)).row
    assert row["refusal"] == "no sweeps"
    assert row["amplitude_uv"] is None
    assert row["flags"] == "intensity_not_reachable"


def test_unknown_intensities_are_flagged_and_wrong_counts_refused() -> None:
    made = [sweep(i) for i in range(3)]
    assert "intensity_of_sweeps_unknown" in assess_side("left", made, READING, locked=lock_intensity(50.0)).flags
    assert assess_side("left", made, READING).flags == ()
    with pytest.raises(ValueError, match="2 values for 3 sweeps"):
        assess_side("left", made, READING, intensity_pct_mso=[60.0, 60.0])
    with pytest.raises(ValueError, match="wanted"):
        measure_set(made, READING, wanted=0)
