"""Trials analysed in a process of their own: what it is asked, and every way in which it can fail."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from bedside.config.captures import CaptureConfig, load_captures
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviceCalibrated,
    DeviceChanged,
    Envelope,
    Event,
    TrialImported,
    VisitOpened,
)
from bedside.refusal import ANSWER_REFUSED
from bedside.station.analysing import Analyses
from bedside.station.findings import at_path, findings
from bedside.visit.inputs import NS, AnalysisDone
from tests.helpers.bed import CONFIGS
from tests.helpers.far_ends import until

CAPTURES = load_captures(CONFIGS)
STAND = {
    "posture": {"refusal": None, "warnings": ["moved"], "path_length_cm": 40.5, "offset_x_cm": -1.25},
    "weight": None,
    "notes": ["times: even"],
}
OPENED = VisitOpened(visit="v", participant="P", study="S", session=0, sessions_planned=0, simulated=True)


class Rig:
    """Analyses whose command is a few lines of Python."""

    def __init__(self, visits: Path, script: str, limit_s: float = 20.0) -> None:
        self.visits = visits
        self.done: list[AnalysisDone] = []
        self.sealed = 0
        self.analyses = Analyses(
            visits, CAPTURES, self.seal, self.done.append, command=(sys.executable, "-c", script), limit_s=limit_s
        )
        self.task = asyncio.create_task(self.analyses.run())
        self.at_s = 100.0
        self.tell(OPENED)

    async def seal(self) -> None:
        self.sealed += 1

    def tell(self, event: Event) -> None:
        self.analyses.event(Envelope(n=1, mono_ns=round(self.at_s * NS), utc="", who="", via="", event=event))

    def trial(self, instrument: str, task: str, *cues: tuple[float, str], **settings: str | float) -> None:
        seconds = CAPTURES[instrument].tasks[0].seconds
        told = {"instrument": instrument, "task": task, "trial": 2}
        self.tell(CaptureStarted(**told, seconds=seconds, settings=settings))
        began_s = self.at_s
        for after_s, words in cues:
            self.at_s = began_s + after_s
            self.tell(CueGiven(cue=words))
        self.at_s = began_s + seconds
        self.tell(CaptureStopped(**told, cause="time", seconds=seconds))

    async def outcome(self) -> AnalysisDone:
        await until(lambda: self.done, 20)
        return self.done[-1]


Make = Callable[..., Rig]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    rigs: list[Rig] = []

    def made(script: str, **more: float) -> Rig:
        rigs.append(Rig(tmp_path, script, **more))
        return rigs[-1]

    yield made
    for rig in rigs:
        await rig.analyses.leave()
        rig.task.cancel()
        await asyncio.gather(rig.task, return_exceptions=True)


def says(report: object) -> str:
    return f"import sys; sys.stdout.write({json.dumps([report])!r})"


async def test_what_was_printed_is_kept_to_the_byte_and_read_off(make: Make, tmp_path: Path) -> None:
    rig = make(says(STAND))
    rig.trial("balance_static", "eyes_open", paretic="left")
    done = await rig.outcome()
    assert rig.sealed == 1, "only sealed samples are analysed"
    assert (done.refusal, dict(done.values)) == ("", {"path_length": 40.5, "offset_x": 1.25})
    assert done.flags == ("moved", "times: even")
    assert (tmp_path / "v" / done.report).read_text() == json.dumps([STAND])
    assert "--lowpass-hz=8" in done.method
    assert "--from-ns" not in done.method


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("print('nan, but no JSON')", "nobody can read"),
        ("print('[]')", "something else than one report"),
        ("print('[{\"posture\": 7}]')", "not as expected"),
        ("import sys; sys.exit('bedside analyse: raw: holds 0 plates ()')", "holds 0 plates ()"),
        ("raise SystemExit(1)", "it said nothing"),
        (f"raise SystemExit({ANSWER_REFUSED})", "nobody can read"),
        (says({"posture": {"refusal": "too short: 3 s"}}), "too short: 3 s"),
        (says({"posture": {"refusal": None}}), "none of the 12 variables"),
    ],
)
async def test_every_failure_is_a_refusal_in_words_and_never_a_number(make: Make, script: str, words: str) -> None:
    rig = make(script)
    rig.trial("balance_static", "eyes_open")
    done = await rig.outcome()
    assert words in done.refusal
    assert not done.values


async def test_what_was_measured_beside_a_refused_answer_is_kept(make: Make, tmp_path: Path) -> None:
    legs = [{"leg": leg, "flags": [], "refusal": None, "knee_range_deg": 60.0} for leg in ("left", "right")]
    legs[1] |= {"refusal": "in g, not in m/s2", "knee_range_deg": None}
    rig = make(f"{says({'legs': legs, 'emg': None})}; sys.exit({ANSWER_REFUSED})")
    rig.trial("cycling_5min", "pedal")
    done = await rig.outcome()
    assert (done.refusal, done.flags) == ("", ("right: in g, not in m/s2",))
    assert dict(done.values) == {"knee_range_left": 60.0}
    assert (tmp_path / "v" / done.report).exists()


async def test_a_folder_that_cannot_be_made_is_a_refusal_and_the_next_trial_is_analysed(
    make: Make, tmp_path: Path
) -> None:
    rig = make(says(STAND))
    (tmp_path / "v").write_text("no folder")
    rig.trial("balance_static", "eyes_open")
    assert "cannot be analysed" in (await rig.outcome()).refusal
    (tmp_path / "v").unlink()
    rig.done.clear()
    rig.trial("balance_static", "eyes_open")
    assert (await rig.outcome()).refusal == ""


async def test_an_analysis_without_end_is_ended(make: Make) -> None:
    rig = make("import time; time.sleep(600)", limit_s=0.3)
    rig.trial("balance_static", "eyes_open")
    assert "took longer" in (await rig.outcome()).refusal


async def test_a_visit_that_closes_leaves_no_process_behind(make: Make, tmp_path: Path) -> None:
    rig = make("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)")
    rig.trial("balance_static", "eyes_open")
    pid = tmp_path / "v" / "pid"
    await until(lambda: pid.exists() and pid.read_text(), 20)
    await rig.analyses.leave()
    assert not Path(f"/proc/{pid.read_text()}").exists()
    assert rig.done == [], "nothing is said of a trial that was not analysed"


async def test_a_visit_that_closes_while_its_samples_are_sealed_is_not_touched_any_more(
    make: Make, tmp_path: Path
) -> None:
    rig = make("open('touched', 'w')")
    sealing, go_on = asyncio.Event(), asyncio.Event()

    async def seal() -> None:
        sealing.set()
        await go_on.wait()

    rig.analyses._seal = seal
    rig.trial("balance_static", "eyes_open")
    await sealing.wait()
    await rig.analyses.leave()
    go_on.set()
    await asyncio.sleep(0.05)
    assert list(tmp_path.iterdir()) == []


ARGUMENTS = "import json, sys; sys.stdout.write(json.dumps([{'summary': {'reaction_s': 1.0}, 'argv': sys.argv[1:]}]))"


async def asked(rig: Rig, tmp_path: Path) -> list[str]:
    done = await rig.outcome()
    (report,) = msgspec.json.decode((tmp_path / "v" / done.report).read_bytes())
    return [str(word) for word in report["argv"]]


async def test_cues_are_asked_about_with_their_targets(make: Make, tmp_path: Path) -> None:
    rig = make(ARGUMENTS)
    given = ((5.25, "left 70 %"), (15.0, "back to the middle"), (20.0, "right 70 %"), (25.0, "well done"))
    rig.trial("balance_weight_shift", "shift_70", *given, paretic="left", height_cm=170.0)
    argv = await asked(rig, tmp_path)
    assert argv[:4] == ["analyse", "posture", "raw", "--json"]
    assert [word for word in argv if "cue" in word] == [
        "--cue=5.250:left:70",
        "--cue=15.000:even",
        "--cue=20.000:right:70",
    ]
    assert {"--task=shift", "--paretic=left", "--height-cm=170", f"--from-ns={100 * NS}"} <= set(argv)
    assert f"--to-ns={135 * NS}" in argv


async def test_a_push_by_hand_and_a_lean_count_from_the_measured_part(make: Make, tmp_path: Path) -> None:
    rig = make(ARGUMENTS.replace("reaction_s", "peak_cm"))
    rig.trial("balance_perturbation", "push", (4.5, "push"))
    assert "--cue=4.500" in await asked(rig, tmp_path)
    rig = make(ARGUMENTS)
    rig.trial("balance_limits", "own_limits", (17.0, "lean forward right"))
    assert "--cue=17.000:45" in await asked(rig, tmp_path)


async def test_how_late_a_sensor_stamps_is_taken_out_until_it_connects_anew(make: Make, tmp_path: Path) -> None:
    rig = make(ARGUMENTS.replace("reaction_s", "speed_m_s"))
    rig.tell(DeviceCalibrated(device="imu_foot_right", what="synchrony", residual=4.25, unit="ms"))
    rig.trial("gait_overground", "walk_10m")
    assert "--late-ms=imu_foot_right:4.25" in await asked(rig, tmp_path)
    rig.done.clear()
    rig.tell(DeviceChanged(device="imu_foot_right", role="imu", address="", state="lost"))
    rig.trial("gait_overground", "walk_10m")
    assert not any("late" in word for word in await asked(rig, tmp_path))


async def test_only_what_the_journal_does_not_hold_is_analysed_after_a_restart(make: Make) -> None:
    rig = make(says(STAND))
    rig.trial("balance_static", "eyes_open")
    rig.tell(CaptureAnalysed(instrument="balance_static", task="eyes_open", trial=2, method="m", values={}))
    rig.trial("balance_static", "eyes_open")
    await rig.outcome()
    await asyncio.sleep(0)
    assert len(rig.done) == 1


async def test_a_capture_that_is_configured_no_more_is_refused(make: Make) -> None:
    rig = make(says(STAND))
    told = {"instrument": "gone", "task": "t", "trial": 1}
    rig.tell(CaptureStarted(**told, seconds=1.0))
    rig.tell(CaptureStopped(**told, cause="person", seconds=1.0))
    assert "not configured any more" in (await rig.outcome()).refusal


def test_paths_go_through_lists_by_name_and_give_finite_numbers_alone() -> None:
    report = {"legs": [{"leg": "left", "rpm": 60}, {"leg": "right", "rpm": None, "turned": True}], "x": float("nan")}
    assert at_path(report, "legs.left.rpm") == 60.0
    for path in ("legs.right.rpm", "legs.right.turned", "legs.both.rpm", "x", "x.y", "nothing"):
        assert at_path(report, path) is None


def test_one_refused_leg_is_a_flag_and_two_are_a_refusal() -> None:
    capture: CaptureConfig = CAPTURES["cycling_5min"]
    left = {"leg": "left", "refusal": None, "flags": ["clipped"], "knee_range_deg": 50.0}
    right = {"leg": "right", "refusal": "too short", "flags": []}
    one = findings(capture, "pedal", {"legs": [left, right], "mean_cadence_rpm": 55.0})
    assert one.flags == ("left: clipped", "right: too short")
    assert one.values == {"cadence": 55.0, "knee_range_left": 50.0}
    both = findings(capture, "pedal", {"legs": [left | {"refusal": "still"}, right], "mean_cadence_rpm": 55.0})
    assert both.refusal == "left: still; right: too short"
    assert not both.values


IMPORTED = TrialImported(
    instrument="balance_static",
    task="eyes_open",
    trial=1,
    seconds=40.0,
    settings={"paretic": "left", "duration_s": 30.0, "envelope": "sector"},
    holds="samples",
    file="stand 7.csv",
    kept="imports/balance_static-eyes_open-1.csv",
    sha256="a" * 64,
    bytes=9,
    written="2026-01-02T03:04:05Z",
    mapping="plate_maker",
    mapping_kept="imports/balance_static-eyes_open-1.toml",
    mapping_sha256="b" * 64,
    verified=True,
    source="Plate 2.1",
    skip_s=5.0,
)
TELLS = "import json, sys; sys.exit('bedside analyse: ' + ' '.join(sys.argv[1:]))"


async def test_an_imported_table_is_analysed_by_its_mapping_with_the_settings_of_the_task(make: Make) -> None:
    rig = make(TELLS)
    rig.tell(IMPORTED)
    done = await rig.outcome()
    # the copy's name is told as the name it came under
    assert done.refusal == (
        "analyse posture stand 7.csv --json --mapping=imports/balance_static-eyes_open-1.toml "
        "--duration-s=30 --envelope=sector --lowpass-hz=8 --paretic=left --rate-hz=50 --skip-s=5"
    )
    assert done.method == (
        "bedside analyse posture --duration-s=30 --envelope=sector --lowpass-hz=8 --paretic=left --rate-hz=50 "
        "--skip-s=5 on samples imported from stand 7.csv, read by mapping plate_maker (Plate 2.1)"
    )


async def test_imported_results_are_told_no_settings_and_are_not_called_computed(make: Make) -> None:
    rig = make(TELLS)
    rig.tell(msgspec.structs.replace(IMPORTED, holds="results", seconds=0.0, skip_s=0.0))
    done = await rig.outcome()
    assert done.refusal.endswith("--mapping=imports/balance_static-eyes_open-1.toml --paretic=left")
    assert done.method == (
        "results imported from stand 7.csv, read by mapping plate_maker (Plate 2.1), not computed here"
    )


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({}, ()),
        ({"verified": False}, ("mapping 'plate_maker' is not verified against a known trial",)),
        (
            {"written": "2025-12-31T23:59:59Z"},
            ("stand 7.csv was last written on 2025-12-31, before this visit: is it this participant's?",),
        ),
    ],
)
async def test_what_is_doubtful_about_an_imported_table_is_flagged(
    make: Make, change: dict[str, bool], flags: tuple[str, ...]
) -> None:
    rig = make(says({"posture": {"refusal": None, "warnings": [], "path_length_cm": 40.5}}))
    rig.analyses.event(Envelope(n=1, mono_ns=0, utc="2026-01-02T03:00:00Z", who="", via="", event=OPENED))
    rig.tell(msgspec.structs.replace(IMPORTED, **change))
    assert (await rig.outcome()).flags == flags


async def test_an_imported_trial_without_a_result_is_analysed_after_a_restart(make: Make) -> None:
    rig = make(says(STAND))
    rig.tell(IMPORTED)
    done = await rig.outcome()
    analysed = CaptureAnalysed(instrument="balance_static", task="eyes_open", trial=1, method=done.method, values={})
    again = make(says(STAND))
    again.tell(IMPORTED)
    again.tell(analysed)
    again.tell(msgspec.structs.replace(IMPORTED, trial=2))
    assert (await again.outcome()).trial == 2
    assert len(again.done) == 1, "a trial with a result is not analysed again"
