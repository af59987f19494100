"""Hotspot and threshold: rest gate, intervals, automatic pulses, accept and reject, intensity, restart."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.visit import hotspot, hunt, singles
from bedside.visit.inputs import EmgQuality, SweepMeasured, SweepMissing
from bedside.visit.rules import Refusal
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at


def asked_s(bed: Bed) -> list[float]:
    return [single.asked_ns / 1e9 for single in bed.state.singles]


def paced(bed: Bed, seconds: float) -> Bed:
    bed.ask(c.SetPacing(automatic=True))
    bed.advance(seconds)
    return bed


def test_the_search_finds_the_best_site_and_the_hunt_the_threshold() -> None:
    for best, rmt in (("r0c1", 47.0), ("r0c3", 61.0)):
        bed = Bed(best_site=best, rmt_pct=rmt).begin().to("dose")
        assert bed.state.hotspot is not None
        assert bed.state.threshold is not None
        assert bed.state.hotspot.site == best
        assert (bed.state.hotspot.x_cm > 0) is True, "left lesion: the right hemisphere is stimulated"
        assert bed.state.threshold.rmt_pct_mso == pytest.approx(rmt, rel=0.05)
        assert bed.state.threshold.low_pct_mso < rmt < bed.state.threshold.high_pct_mso


def test_intensity_climbs_by_five_until_two_of_four_answer() -> None:
    bed = Bed(rmt_pct=60.0).begin().to("hotspot")
    bed.ask(c.PlaceCoil(site="r0c0"))
    paced(bed, 120.0)
    intensities = [single.amplitude_pct_mso for single in bed.state.singles]
    assert intensities[:3] == [50, 50, 50], "three of four missed: two of four are out of reach"
    assert sorted(set(intensities)) == list(range(50, max(intensities) + 1, 5))
    standing = hotspot.standing(bed.state)
    assert not standing.climbing
    assert standing.pct_mso == max(intensities)


def test_intensity_never_exceeds_the_cap() -> None:
    bed = Bed(rmt_pct=300.0).begin().to("hotspot")
    bed.ask(c.PlaceCoil(site="r0c0"))
    for _ in range(8):
        if not bed.state.pacing:
            bed.ask(c.SetPacing(automatic=True))
        bed.advance(60.0)
        if singles.finished(bed.state):
            break
    assert max(single.amplitude_pct_mso for single in bed.state.singles) <= 100
    with pytest.raises(Refusal):
        bed.ask(c.ChooseHotspot())


def test_pulses_come_every_five_seconds_with_ten_percent_jitter() -> None:
    bed = bed_at("threshold")
    bed.tick_s = 0.05
    paced(bed, 60.0)
    gaps = [b - a for a, b in pairwise(asked_s(bed)[-9:])]
    assert min(gaps) >= 4.5
    assert max(gaps) <= 5.6
    assert max(gaps) - min(gaps) > 0.2, "jittered"
    again = bed_at("threshold")
    again.tick_s = 0.05
    paced(again, 60.0)
    assert asked_s(again) == asked_s(bed), "and always the same"


@given(st.integers(1, 10_000))
@settings(max_examples=50)
def test_jitter_stays_within_bounds(pulse: int) -> None:
    assert -1.0 <= singles.jitter(bed_at("threshold").state, pulse) <= 1.0


def test_never_two_pulses_within_three_seconds() -> None:
    bed = bed_at("threshold")
    bed.advance(5.0)
    bed.ask(c.Fire())
    with pytest.raises(Refusal, match="next pulse in"):
        bed.ask(c.Fire())
    bed.advance(2.4)
    with pytest.raises(Refusal):
        bed.ask(c.Fire())
    bed.advance(0.6)
    bed.ask(c.Fire())
    assert asked_s(bed)[-1] - asked_s(bed)[-2] >= 3.0


def test_an_active_muscle_holds_pulses_back() -> None:
    bed = bed_at("threshold")
    bed.ask(c.SetPacing(automatic=True))
    given_before = len(bed.state.singles)
    bed.rest_uv = 40.0
    bed.put(EmgQuality({"TA left": 40.0}))
    bed.advance(30.0)
    assert len(bed.state.singles) <= given_before + 1
    with pytest.raises(Refusal, match="muscle active"):
        bed.ask(c.Fire())
    bed.rest_uv = 5.0
    bed.advance(10.0)
    assert len(bed.state.singles) > given_before


def test_a_contraction_during_the_pulse_voids_the_trial() -> None:
    bed = bed_at("threshold")
    paced(bed, 12.0)
    counted = hunt.standing(bed.state)
    bed.ask(c.SetPacing(automatic=False))
    bed.advance(6.0)
    bed.quiet_emg = True
    bed.put(EmgQuality({"TA left": 5.0}))
    bed.ask(c.Fire())
    pulse = bed.state.singles[-1].pulse
    void = e.MuscleResponse(
        channel="TA left", amplitude_uv=400.0, latency_ms=33.0, rest_rms_uv=60.0, valid=False, reason="muscle active"
    )
    bed.put(SweepMeasured(pulse, void))
    after = hunt.standing(bed.state)
    assert counted is not None
    assert after is not None
    assert after.estimate.trials == counted.estimate.trials
    with pytest.raises(Refusal, match="void"):
        bed.ask(c.JudgePulse(pulse=pulse, accept=True, reason=""))


def test_a_person_rejects_and_accepts_again() -> None:
    bed = bed_at("threshold")
    paced(bed, 30.0)
    bed.ask(c.SetPacing(automatic=False))
    bed.advance(4.0)
    before = hunt.standing(bed.state)
    pulse = bed.state.singles[-1].pulse
    with pytest.raises(Refusal, match="reason"):
        bed.ask(c.JudgePulse(pulse=pulse, accept=False, reason=""))
    bed.ask(c.JudgePulse(pulse=pulse, accept=False, reason="coil moved"))
    less = hunt.standing(bed.state)
    assert before is not None
    assert less is not None
    assert less.estimate.trials == before.estimate.trials - 1
    bed.ask(c.JudgePulse(pulse=pulse, accept=True, reason=""))
    assert hunt.standing(bed.state) == before


def test_a_missing_sweep_does_not_stop_the_hunt() -> None:
    bed = bed_at("threshold")
    bed.advance(5.0)
    bed.quiet_emg = True
    bed.put(EmgQuality({"TA left": 5.0}))
    bed.ask(c.Fire())
    with pytest.raises(Refusal, match="measured"):
        bed.ask(c.Fire())
    bed.put(SweepMissing(bed.state.singles[-1].pulse, "no trigger"))
    assert bed.state.singles[-1].missing
    bed.quiet_emg = False
    bed.advance(4.0)
    bed.ask(c.Fire())


def test_a_sweep_nobody_measures_goes_missing_by_itself() -> None:
    bed = bed_at("threshold")
    bed.advance(5.0)
    bed.quiet_emg = True
    bed.put(EmgQuality({"TA left": 5.0}))
    bed.ask(c.Fire())
    bed.advance(3.5)
    assert bed.events(e.ResponseMissing)


def test_pacing_ends_with_the_site_and_with_the_hunt() -> None:
    bed = bed_at("hotspot")
    bed.ask(c.PlaceCoil(site="r0c0"))
    paced(bed, 200.0)
    assert not bed.state.pacing
    assert bed.events(e.PacingSet)[-1].reason
    assert not bed.stim.enabled, "armed and unused: switched off"
    bed = bed_at("threshold")
    paced(bed, 400.0)
    standing = hunt.standing(bed.state)
    assert standing is not None
    assert standing.done
    assert not bed.state.pacing


def test_an_unfinished_hunt_is_no_threshold() -> None:
    bed = bed_at("threshold")
    paced(bed, 20.0)
    with pytest.raises(Refusal, match=r"not done|no threshold"):
        bed.ask(c.AcceptThreshold())


def test_restart_under_the_studys_ladder() -> None:
    bed = bed_at("threshold")
    paced(bed, 40.0)
    bed.ask(c.SetPacing(automatic=False))
    with pytest.raises(Refusal):
        bed.ask(c.RestartHunt(rule="nonsense", reason="x"))
    bed.ask(c.RestartHunt(rule="ladder_100_5of10", reason="study rule"))
    standing = hunt.standing(bed.state)
    assert standing is not None
    assert standing.estimate.trials == 0, "earlier pulses stay in the record and do not count"
    bed.find_threshold()
    assert bed.state.threshold is not None
    assert bed.state.threshold.rule == "ladder_100_5of10"


def test_another_hotspot_undoes_the_threshold() -> None:
    bed = bed_at("dose")
    bed.ask(c.PreviousStep())
    bed.ask(c.PreviousStep())
    bed.ask(c.ChooseHotspot(site="r0c1"))
    assert bed.state.threshold is None
    assert bed.state.dose is None
    bed.next()
    assert bed.state.step == "threshold"
    bed.to("dose")
    assert bed.state.dose is not None
    assert bed.state.singles[-1].site == "r0c1"


def test_sites_outside_the_grid_and_untried_ones_are_refused() -> None:
    bed = bed_at("hotspot")
    with pytest.raises(Refusal, match="no site"):
        bed.ask(c.PlaceCoil(site="r9c9"))
    with pytest.raises(Refusal):
        bed.ask(c.Fire())
    with pytest.raises(Refusal, match="no accepted pulse"):
        bed.ask(c.ChooseHotspot(site="r0c4"))


def test_grid_by_side() -> None:
    config = bed_at("hotspot").setup.study.hunt
    left = [(site.x_cm, site.y_cm) for site in hotspot.grid(config, "left").sites]
    assert left == [(0.0, 0.0), (-0.5, 0.0), (-1.0, 0.0), (-1.5, 0.0), (-2.0, 0.0)]
    right = [(site.x_cm, site.y_cm) for site in hotspot.grid(config, "right").sites]
    assert right == [(-x if x else 0.0, y) for x, y in left]
    midline = hotspot.grid(replace(config, direction="midline"), "left").sites
    assert {site.x_cm for site in midline} == {0.0}


def test_leaving_the_step_disarms() -> None:
    bed = bed_at("threshold")
    paced(bed, 10.0)
    assert bed.stim.enabled
    bed.ask(c.SetPacing(automatic=False))
    bed.ask(c.PreviousStep())
    assert not bed.stim.enabled


def test_borderline_responses_are_marked() -> None:
    bed = bed_at("threshold")
    paced(bed, 200.0)
    rows = [single for single in bed.state.singles if single.purpose == "threshold" and single.response is not None]
    near = [single for single in rows if abs(single.response.amplitude_uv - 50.0) <= 10.0]
    assert near, "the hunt ends near the criterion"
    assert all(hunt.borderline(bed.state, single) == (single in near) for single in rows)
