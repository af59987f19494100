"""The spinal cord injury study as shipped: arms, calendar, assessments, forms without a robot."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from bedside.config import ConfigError, load_study
from bedside.demo.setup import stand_of
from bedside.refusal import Refusal
from bedside.visit import dose, steps
from bedside.visit.inputs import History, ParticipantFound
from bedside.visit.setup import load_setup
from tests.helpers.bed import CONFIGS, RECORD
from tests.helpers.paired_bed import SHAM_TMS, STUDY, PairedBed, paired, paired_bed


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A station of this study, with the devices of its demonstration."""
    folder = Path(shutil.copytree(CONFIGS, tmp_path / "configs"))
    path = folder / "station.toml"
    text = path.read_text().replace("stroke-ragt-lfrtms", STUDY).replace('"magpro"', '"magpro_x100"')
    path.write_text(text.replace('robot = "corc_robot"\n', 'current = "escd"\n'))
    return folder


def test_a_station_loads_it_whole(station: Path) -> None:
    setup = load_setup(station)
    assert setup.current is not None
    arms = setup.current.study.arms
    tes = {name: "sham" if setup.current.presets[arm.preset].sham else "active" for name, arm in arms.items()}
    assert {name: arm.tms for name, arm in arms.items()} == SHAM_TMS
    assert tes == {"A": "active", "B": "sham", "C": "active", "D": "sham"}
    assert all(arm.bursts for arm in arms.values())
    assert setup.study.sessions == 24
    points = {point.id: (point.day, point.late, point.blinded) for point in setup.study.assessments}
    blinded = {name: due[:2] for name, due in points.items() if due[2]}
    assert blinded == {"week 0": (-1, 0), "week 4": (28, 1), "week 8": (56, 1), "week 12": (84, 0)}
    assert len(points) == 8
    assert setup.study.robot is None


def test_recalled_numbers_say_so() -> None:
    setup = paired()
    assert setup.current is not None
    assert not setup.presets["itbs_600"].verified
    assert not any(preset.verified for preset in setup.current.presets.values())
    assert not any(setup.devices[role].verified for role in ("stimulator", "current"))


def test_what_a_demonstration_stands_beside_it() -> None:
    assert stand_of(CONFIGS, STUDY).also == ("escd",)
    assert stand_of(CONFIGS, STUDY).devices == {"stimulator": "magpro_x100"}
    assert stand_of(CONFIGS, None).also == ()


def test_a_calendar_that_does_not_add_up_is_refused(station: Path) -> None:
    path = station / "studies" / f"{STUDY}.toml"
    path.write_text(path.read_text().replace("weeks = 8", "weeks = 7"))
    with pytest.raises(ConfigError, match="calendar: 3 a week for 7 weeks are not the 24 of sessions"):
        load_study(station, STUDY)


@pytest.mark.parametrize("form", ["pressure_own", "pressure_half", "pressure_end"])
def test_dysreflexia_without_one_of_its_forms_is_refused(station: Path, form: str) -> None:
    assert load_setup(station).study.dysreflexia
    (station / "instruments" / f"{form}.toml").unlink()
    with pytest.raises(ConfigError, match=r"is no number that is asked|no form of modality dysreflexia"):
        load_setup(station)


def opened(history: History) -> PairedBed:
    record = replace(RECORD, study=STUDY, arm="A", tms="active", preset="itbs_600")
    bed = PairedBed()
    bed.begin_with(ParticipantFound(record, history))
    return bed


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (History(session=25), "all 24 sessions"),
        (History(session=2, visits_today=1, visits_week=1, free_days=0), "treated today"),
        (History(session=2, visits_week=1, free_days=0), r"0 free day\(s\) since the last treatment, the study has 1"),
        (History(session=9, visits_week=3, free_days=1), "3 treatments within seven days"),
    ],
)
def test_a_visit_off_the_calendar_is_not_opened(history: History, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        opened(history)


@pytest.mark.parametrize("history", [History(), History(session=9, visits_week=2, free_days=1)])
def test_a_visit_on_the_calendar_is_opened(history: History) -> None:
    assert opened(history).state.going_on


def test_its_visits_have_no_fitting_and_no_robot_in_their_forms() -> None:
    bed = paired_bed()
    assert steps.order(bed.state) == tuple(step for step in steps.ORDER if step != "fit")
    assert not [key for key in bed.state.answers if "robot" in key]
    assert bed.state.answers["coil.electrode_skin"].value is True


@pytest.mark.parametrize(("rmt", "fits"), [(56.0, True), (56.6, True), (57.0, False)])
def test_bursts_at_fifty_hertz_fit_up_to_half_of_the_output(rmt: float, fits: bool) -> None:
    bed = paired_bed()
    assert bed.state.threshold is not None
    state = replace(bed.state, threshold=replace(bed.state.threshold, rmt_pct_mso=rmt))
    if fits:
        assert dose.plan(state).intensity_pct_mso == 50
        return
    with pytest.raises(Refusal, match="50 Hz up to 50 %MSO"):
        dose.plan(state)
