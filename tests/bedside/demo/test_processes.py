"""The demonstration's processes end when told, whatever they do."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bedside.demo import processes
from bedside.demo.processes import Child, DemoFailed, attach, start_simulation, start_station

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


async def test_one_that_does_not_listen_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "END_TIMEOUT_S", 0.2)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUBBORN, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    grandchild = int(await process.stdout.readline())
    await Child("stubborn", process, tmp_path / "log").end()
    assert process.returncode == -signal.SIGKILL
    async with asyncio.timeout(10):
        while alive(grandchild):
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


async def test_a_station_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    station = await start_station(tmp_path, ["--config", str(tmp_path / "nowhere"), "--data", str(tmp_path)])
    with pytest.raises(DemoFailed, match=r"the station ended: .*station\.toml: cannot be read.*; see .*station\.log"):
        await attach(tmp_path, station)
    assert "station.toml" in station.log.read_text()
    await station.end()


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--fault", "typo"], "no fault 'typo'"), (["--recorded", "/nope"], "/nope/.* not found: give the folder")],
)
async def test_simulated_devices_that_do_not_start_say_why(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "simulation.log").write_text("simulation: of an earlier run\n")
    with pytest.raises(DemoFailed, match=rf"did not start: {words}.*; see .*simulation\.log"):
        await start_simulation(tmp_path, options)


async def test_last_words_are_of_this_run_and_of_the_error_before_those_of_the_end(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    log = tmp_path / "log"
    child = Child("station", process, log, log.write_text('<2>{"event": "earlier", "error": "another"}\n'))
    with log.open("a") as narration:
        assert child.last_words == f"it said nothing; see {log}"
        narration.write('<6>{"event": "the station starts"}\n')
        narration.flush()
        assert child.last_words == f"the station starts; see {log}"
        narration.write('<2>{"event": "it cannot run", "error": "why"}\nguard: off\n')
        narration.flush()
    assert child.last_words == f"it cannot run: why; see {log}"
