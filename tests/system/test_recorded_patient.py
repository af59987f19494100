"""A whole visit in which the amplifier plays real responses of the tibialis anterior."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bedside.events import ResponseMeasured
from bedside.record.journal import read_journal
from bedside.station.books import envelopes
from tests.helpers.recordings import need_recordings

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]


def test_hunting_and_measuring_on_real_responses_end_with_a_threshold_and_a_dose(tmp_path: Path) -> None:
    recordings = need_recordings("emg")
    command = [sys.executable, "-m", "bedside.cli", "demo", "--unattended", "--speed", "60", "--seed", "1"]
    command += ["--recorded", str(recordings), "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    logs = "".join(path.read_text()[-2000:] for path in tmp_path.glob("*.log"))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{logs}"
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["outcome"] == "complete"
    assert summary["pulses_delivered"] == summary["pulses_planned"] == 1200
    assert summary["pulses_delivered"] + summary["single_pulses"] == summary["pulses_fired"]
    assert summary["rmt_low_pct_mso"] <= summary["rmt_pct_mso"] <= summary["rmt_high_pct_mso"]
    assert abs(summary["rmt_pct_mso"] / summary["true_rmt_pct_mso"] - 1) < 0.15
    assert latencies_vary_as_the_recorded_ones(tmp_path / "data" / "journal")


def latencies_vary_as_the_recorded_ones(journal: Path) -> bool:
    """A modelled patient has one latency within half a millisecond; the recorded sweeps are of several people."""
    measured = [envelope.event for envelope in envelopes(read_journal(journal, strict=False))]
    latencies_ms = [
        event.target.latency_ms
        for event in measured
        if isinstance(event, ResponseMeasured) and event.target.latency_ms is not None
    ]
    return len(latencies_ms) > 5 and max(latencies_ms) - min(latencies_ms) > 2.0
