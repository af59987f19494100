"""A whole visit of the spinal cord injury study with real processes: one stimulator triggers the other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]


def test_a_whole_visit_counts_the_same_triggers_pulses_and_discharges(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "bedside.cli", "demo", "--unattended", "--study", "isci-itbs-tsdcs"]
    words += ["--seed", "23", "--fault", "patient.threshold_shift:-20", "--speed", "60", "--data", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["end_reason"], told["outcome"], told["journal_ok"]) == ("complete", "complete", True)
    assert told["pulses_planned"] == told["pulses_delivered"] == told["triggers_sent"] == 600
    assert told["pulses_fired"] == 600 + told["single_pulses"]
    assert told["pulses_uncertain"] == 0
    assert told["charge_c"] == pytest.approx(0.5375, rel=0.02)
    assert told["intensity_pct_mso"] == int(told["rmt_pct_mso"] * 0.9)
