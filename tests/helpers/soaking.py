"""The long run of all devices, beside the other tests of a CI session: a process of its own, ended with the session."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
ROOT = Path(__file__).parents[2]


class Background:
    """`python -m tests.soak` in a folder of its own. `report` waits for it, `end` kills it with all it started."""

    def __init__(self, minutes: float = MINUTES) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="soak-")
        self._report = Path(self._folder.name) / "report.json"
        self._limit_s = 60 * minutes + 300
        command = [sys.executable, "-m", "tests.soak", "--minutes", str(minutes), "--report", str(self._report)]
        with (Path(self._folder.name) / "log").open("w") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"TMPDIR": self._folder.name},
            )

    def report(self) -> dict[str, Any]:
        """What it measured; raises AssertionError with its log where it wrote nothing."""
        self._process.wait(self._limit_s)
        log = (Path(self._folder.name) / "log").read_text()
        assert self._report.exists(), f"the long run ended with {self._process.returncode}: {log[-3000:]}"
        return dict(json.loads(self._report.read_text()))

    def end(self) -> None:
        """End it and remove its folder; its station is in a session of its own and ends with its guard."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._folder.cleanup()
