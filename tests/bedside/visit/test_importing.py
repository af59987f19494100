"""Another program's table in the rules: when it may be a trial, what it has to be, what it is worth."""

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.assess import results
from bedside.assess.importing import table_kind
from bedside.config.captures import load_captures
from bedside.refusal import Refusal
from bedside.snapshot import Result
from bedside.visit.inputs import TableRead
from bedside.visit.view_assess import assess as view
from bedside.visit.view_assess import causes
from tests.helpers.assessing import AssessBed
from tests.helpers.bed import CONFIGS

replace = msgspec.structs.replace
ASKED = c.ImportTrial(task="quiet", file="stand.csv", mapping="plate_maker")
FOUND = e.TrialImported(
    instrument="sway",
    task="quiet",
    trial=1,
    seconds=35.0,
    settings={},
    holds="samples",
    file="stand.csv",
    kept="imports/sway-quiet-1.csv",
    sha256="a" * 64,
    bytes=800,
    written="2026-11-21T10:00:00Z",
    mapping="plate_maker",
    mapping_kept="imports/sway-quiet-1.toml",
    mapping_sha256="b" * 64,
    verified=True,
    source="Plate 2.1",
)


def read(trial: int = 1, *, skip_s: float | None = None, kind: str = "balance", **more: object) -> TableRead:
    """A table that the station read; unlike names are unlike files."""
    found = replace(FOUND, trial=trial, **{"sha256": str(trial) * 64, **more})
    return TableRead(kind, found, skip_s)  # type: ignore[arg-type]


@pytest.fixture
def bed() -> AssessBed:
    made = AssessBed()
    made.ask(c.OpenInstrument(instrument="sway"))
    return made


def imported(bed: AssessBed, trial: int, **values: float) -> None:
    """Import a trial, have it analysed and accept it."""
    bed.ask(read(trial))
    bed.analyse("quiet", trial, refusal="", **values)
    bed.ask(c.JudgeTrial(task="quiet", trial=trial, accept=True))


def outcome(bed: AssessBed) -> Result:
    assert bed.state.assessment is not None
    found = results.outcome(bed.state.assessment, bed.state.setup.catalogue, "sway")
    assert found is not None
    return found


def test_asking_alone_makes_no_trial_and_what_was_read_does(bed: AssessBed) -> None:
    assert bed.ask(ASKED) == ()
    bed.ask(read())
    (event,) = bed.told(e.TrialImported)
    assert isinstance(event, e.TrialImported)
    assert event.settings["paretic"] == "right"
    assert not bed.told(e.CaptureStarted), "nothing was recorded here"
    assert bed.state.assessment is not None
    assert bed.state.assessment.running is None
    shown = view(bed.state, bed.now, "assess")
    assert shown is not None
    assert shown.capture is not None
    assert shown.capture.state == "analysing"
    assert [(line.source, line.seconds) for line in shown.capture.done] == [("stand.csv", 35.0)]


def test_a_plate_that_is_not_there_is_not_needed(bed: AssessBed) -> None:
    bed.plate("closed")
    with pytest.raises(Refusal, match="no samples from plate"):
        bed.ask(c.StartCapture(task="quiet"))
    bed.ask(read())
    assert bed.told(e.TrialImported)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (read(seconds=0.9), "stand.csv is too short: 0.90 s, and Quiet standing needs 1 s"),
        (read(seconds=10.0, skip_s=9.5), "needs 10.5 s, of which the first 9.5 s do not count"),
        (read(seconds=4000.0), "spans 4000 s"),
        (read(kind="gait"), "reads gait tables"),
        (read(2), "has moved on meanwhile"),
        (read(instrument="walk"), "has moved on meanwhile"),
        (read(task="loud"), "has no task 'loud'"),
    ],
)
def test_what_is_no_trial_of_this_task_is_refused_and_leaves_nothing(
    bed: AssessBed, table: TableRead, said: str
) -> None:
    with pytest.raises(Refusal, match=said):
        bed.ask(table)
    assert not bed.told(e.TrialImported)


def test_results_have_no_length(bed: AssessBed) -> None:
    bed.ask(read(seconds=0.0, holds="results", skip_s=None))
    assert [event.skip_s for event in bed.told(e.TrialImported)] == [0.0]  # type: ignore[attr-defined]


def test_a_trial_at_a_time(bed: AssessBed) -> None:
    bed.ask(read())
    for asked in (ASKED, read(2)):
        with pytest.raises(Refusal, match="being analysed"):
            bed.ask(asked)
    bed.analyse("quiet", 1, path_cm=40.0)
    with pytest.raises(Refusal, match="neither accepted nor rejected"):
        bed.ask(ASKED)
    bed.ask(c.JudgeTrial(task="quiet", trial=1, accept=True))
    bed.ask(c.StartCapture(task="quiet"))
    with pytest.raises(Refusal, match="being recorded"):
        bed.ask(ASKED)


def test_one_file_is_one_trial_until_that_is_rejected(bed: AssessBed) -> None:
    imported(bed, 1, path_cm=40.0)
    again = read(2, sha256="1" * 64, file="copy of stand.csv")
    with pytest.raises(Refusal, match=r"copy of stand\.csv is trial 1 of Standing already, as stand\.csv"):
        bed.ask(again)
    bed.ask(c.JudgeTrial(task="quiet", trial=1, accept=False, reason="of another day"))
    bed.ask(again)
    assert len(bed.told(e.TrialImported)) == 2


def test_only_captures_that_a_table_can_be_a_trial_of() -> None:
    captures = load_captures(CONFIGS)
    taken = {
        f"{capture.id}.{task.id}": table_kind(capture, task)
        for capture in captures.values()
        for task in capture.tasks
        if not _refused(capture.id, task.id)
    }
    assert taken == {
        "gait_overground.walk_10m": "gait",
        "gait_treadmill.treadmill": "gait",
        "gait_robot.robot_walk": "gait",
        "balance_static.eyes_open": "balance",
    }


def _refused(instrument: str, name: str) -> str:
    capture = load_captures(CONFIGS)[instrument]
    task = capture.task(name)
    assert task is not None
    try:
        table_kind(capture, task)
    except Refusal as refusal:
        return refusal.reason
    return ""


def test_why_the_others_cannot_be_imported() -> None:
    assert "no file can be a trial" in _refused("cycling_5min", load_captures(CONFIGS)["cycling_5min"].tasks[0].id)
    assert "measured from its cues" in _refused("balance_perturbation", "push")


def test_the_key_is_offered_while_a_trial_may_come(bed: AssessBed) -> None:
    assert [type(cause) for cause, _ in causes(bed.state)].count(c.ImportTrial) == 1


def test_a_result_of_imported_trials_says_so_and_warns_beside_another_source() -> None:
    before = e.Earlier(
        instrument="sway", point="T0", utc="2026-02-02T09:00:00Z", examiner="anna", values={"path_cm": 44.0}
    )
    bed = AssessBed(earlier=(before,))
    bed.ask(c.OpenInstrument(instrument="sway"))
    imported(bed, 1, path_cm=40.0)
    imported(bed, 2, path_cm=42.0)
    bed.ask(c.CloseInstrument(instrument="sway"))
    (closed,) = bed.told(e.InstrumentClosed)
    assert closed.conditions == {"source": "samples read by plate_maker"}  # type: ignore[attr-defined]
    found = outcome(bed)
    assert found.rows[0].value == 41.0
    assert found.rows[0].previous == 44.0
    assert any("samples read by plate_maker now, recorded here before" in flag for flag in found.flags)


def test_a_mean_of_recorded_and_imported_trials_is_flagged(bed: AssessBed) -> None:
    imported(bed, 1, path_cm=40.0)
    bed.trial("quiet", 2, path_cm=42.0)
    bed.ask(c.CloseInstrument(instrument="sway"))
    assert any("of several sources" in flag for flag in outcome(bed).flags)


def test_recorded_trials_alone_say_nothing_of_sources(bed: AssessBed) -> None:
    bed.trial("quiet", 1, path_cm=40.0)
    bed.trial("quiet", 2, path_cm=42.0)
    bed.ask(c.CloseInstrument(instrument="sway"))
    assert outcome(bed).flags == ()
    assert [closed.conditions for closed in bed.told(e.InstrumentClosed)] == [{}]  # type: ignore[attr-defined]
