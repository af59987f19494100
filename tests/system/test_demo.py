"""A whole visit with real processes on real wires, undisturbed, with faults, and killed again and again."""

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.killing import kill_station
from tests.helpers.short_course import short_course

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]

BEDSIDE = [sys.executable, "-m", "bedside.cli"]
KILLS_A_VISIT, VISITS = 10, 3
SHORT_COURSE = 300


def unattended(folder: Path, *options: str) -> dict[str, Any]:
    """Run the unattended demonstration; its summary, with the exit code as `code`."""
    command = [*BEDSIDE, "demo", "--unattended", "--data", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    logs = "".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
    assert done.stdout, f"no summary\n{done.stderr}\n{logs}"
    return {**json.loads(done.stdout.splitlines()[-1]), "code": done.returncode}


def fired(summary: dict[str, Any]) -> int:
    return int(summary["pulses_delivered"] + summary["single_pulses"])


def test_a_whole_visit_ends_with_the_planned_dose_and_a_threshold_near_the_truth(tmp_path: Path) -> None:
    summary = unattended(tmp_path, "--speed", "60", "--seed", "4")
    assert summary["code"] == 0
    assert (summary["pulses_planned"], summary["pulses_delivered"]) == (1200, 1200)
    assert fired(summary) == summary["pulses_fired"]
    assert summary["end_reason"] == "complete"
    assert summary["journal_ok"]
    assert summary["rmt_low_pct_mso"] <= summary["rmt_pct_mso"] <= summary["rmt_high_pct_mso"]
    assert abs(summary["rmt_pct_mso"] / summary["true_rmt_pct_mso"] - 1) < 0.15
    assert summary["intensity_pct_mso"] == int(summary["rmt_pct_mso"] * 0.8)
    assert (Path(summary["data_dir"]) / "visits" / summary["visit"] / "sealed.json").exists()


@pytest.mark.parametrize(
    "fault",
    [
        "robot.e_stop@train:120",
        "stimulator.front_panel_disable@train:130",
        "stimulator.cable_out@train:150+60",
        "stimulator.garbage@train:100+5",
        "emg.silence@train:50+60",
    ],
)
def test_a_visit_goes_on_after_a_fault_and_the_count_stays_true(tmp_path: Path, fault: str) -> None:
    config = short_course(tmp_path, SHORT_COURSE)
    summary = unattended(tmp_path, "--speed", "30", "--seed", "4", "--config", config, "--fault", fault)
    assert fault in summary["faults_fired"], "the fault did not happen"
    assert summary["journal_ok"]
    assert summary["outcome"], "the visit was not closed"
    known = fired(summary)
    assert known <= summary["pulses_fired"] <= known + summary["pulses_uncertain"]


@pytest.mark.parametrize("seed", range(VISITS))
async def test_a_station_killed_at_random_moments_resumes_and_counts_every_pulse(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    command = [*BEDSIDE, "demo", "--unattended", "--speed", "20", "--seed", "4", "--data", str(tmp_path)]
    command += ["--config", short_course(tmp_path, SHORT_COURSE)]
    with (tmp_path / "demo.log").open("wb") as narration:
        demo = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=narration)
    kills = 0
    while kills < KILLS_A_VISIT and demo.returncode is None:
        await asyncio.sleep(chance.uniform(2.0, 8.0))
        kills += kill_station(tmp_path)
    assert demo.stdout is not None
    output = await demo.stdout.read()
    await demo.wait()
    logs = "".join(path.read_text()[-2000:] for path in sorted(tmp_path.glob("*.log")))
    assert output, f"no summary\n{logs}"
    summary = json.loads(output.splitlines()[-1])
    assert kills == KILLS_A_VISIT, "the visit was over before the station had been killed often enough"
    assert summary["restarts"] == kills
    assert fired(summary) == summary["pulses_fired"]
    # Killed before its counter was ever seen to count, a stimulator cannot show that a pulse was not given.
    assert summary["pulses_uncertain"] <= 1
    assert summary["pulses_delivered"] <= summary["pulses_planned"]
    assert summary["journal_ok"]
