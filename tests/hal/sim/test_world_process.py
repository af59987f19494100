"""The world as its own process, as `bedside demo` starts it, driven through its control socket."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hal.sim.control import SimControl, SimRefused
from hal.sim.faults import KINDS
from hal.sim.patient.patient import Patient

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "hal.sim")


class WorldProcess:
    """A running `python -m hal.sim`; `ready` is the line it printed."""

    def __init__(self, folder: Path, *arguments: str, **options: Any) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            (*COMMAND, "--dir", str(folder), "--seed", "4", *arguments),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self.ready = json.loads(self.process.stdout.readline())

    def ended(self) -> tuple[int, str]:
        """Wait for the end; exit code and standard error."""
        _, error = self.process.communicate(timeout=20)
        return self.process.returncode, error


def explained(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*COMMAND, *arguments), check=False, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture
def fresh_world(tmp_path) -> Iterator[WorldProcess]:
    made = WorldProcess(tmp_path, "--speed", "60", "--fault", "emg.hum:50@99999")
    yield made
    made.process.terminate()
    assert made.ended()[0] == 0


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[WorldProcess]:
    made = WorldProcess(tmp_path_factory.mktemp("world"), "--speed", "60")
    yield made
    made.process.terminate()
    assert made.ended() == (0, "")


def test_ready_line_tells_every_address(world):
    assert world.ready["ready"] is True
    assert world.ready["addresses"]["stimulator"] == f"serial:{world.folder}/stimulator"
    assert world.ready["addresses"]["emg"].startswith("tcp:127.0.0.1:")
    assert world.ready["control"] == str(world.folder / "sim.sock")
    assert tuple(world.ready["channels"]) == Patient(4).names


def test_sigterm_ends_it_cleanly_and_leaves_nothing_behind(tmp_path):
    world = WorldProcess(tmp_path)
    world.process.terminate()
    assert world.ended() == (0, "")
    assert list(tmp_path.iterdir()) == []


async def test_hands_and_truth(world):
    async with SimControl(world.folder) as sim:
        assert await sim.true_rmt_pct_mso("TA right") == pytest.approx(
            Patient(4).threshold_pct_mso("TA right"), abs=0.001
        )
        far = await sim.ask("truth", muscle="TA left")
        x_cm, y_cm = far["hotspot_cm"]
        await sim.coil(x_cm=x_cm, y_cm=y_cm, rotation_deg=0.0)
        near = await sim.ask("truth", muscle="TA left")
        assert near["here_rmt_pct_mso"] == near["true_rmt_pct_mso"] < far["here_rmt_pct_mso"]
        await sim.coil(contact=False)
        assert (await sim.ask("truth"))["here_rmt_pct_mso"] is None


async def test_panels_pulses_and_robot(fresh_world):
    async with SimControl(fresh_world.folder) as sim:
        await sim.ask("foot_switch")
        assert await sim.pulses_fired() == 0
        await sim.ask("panel", amplitude_pct_mso=55, enabled=True)
        await sim.ask("foot_switch")
        assert await sim.pulses_fired() == 1
        (pulse,) = (await sim.ask("pulses"))["pulses"]
        assert (pulse["number"], pulse["amplitude_pct_mso"], pulse["source"]) == (1, 55, "external")
        await sim.robot("fit", body_weight_support_kg=28.8)
        await sim.robot("stand")
        await sim.robot("walk", speed_kmh=1.5)
        await sim.robot("e_stop")
        assert (await sim.ask("status"))["robot"] == {"phase": "fault", "speed_kmh": 0.0}


async def test_mishaps_strike_the_patient_and_are_on_record(fresh_world):
    async with SimControl(fresh_world.folder) as sim:
        for spec in ("patient.coil_slip:2", "patient.threshold_shift:10", "emg.background:40", "robot.e_stop"):
            await sim.fault(spec)
        before = Patient(4).threshold_pct_mso("TA left")
        while len(await sim.fired()) < 4:
            await asyncio.sleep(0.01)
        assert "emg.hum:50@99999" not in await sim.fired()
        status = await sim.ask("status")
        assert status["coil"]["y_cm"] == 2.0
        assert status["robot"]["phase"] == "fault"
        assert await sim.true_rmt_pct_mso() == pytest.approx(1.1 * before, rel=1e-3)


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("teleport", {}, "no command 'teleport'; valid: .*clear_faults, coil"),
        ("answer", {}, "no command 'answer'"),
        ("coil", {"z_cm": 1}, "coil: got an unexpected keyword argument 'z_cm'"),
        ("coil", {"x_cm": "left"}, "x_cm must be a number, not 'left'"),
        ("robot", {"action": "fly"}, "no action 'fly'; valid: fit"),
        ("robot", {"action": "walk"}, "the robot refuses: the patient does not stand yet"),
        ("truth", {"muscle": "TA"}, "no channel 'TA'"),
        ("fault", {"spec": "emg.flat:TB left"}, "no channel 'TB left'"),
        ("fault", {"spec": "emg.flap"}, "did you mean emg.flat"),
        ("panel", {"page": "two"}, "invalid literal"),
    ],
)
async def test_nonsense_is_refused_and_the_world_goes_on(world, command, arguments, message):
    async with SimControl(world.folder) as sim:
        with pytest.raises(SimRefused, match=message):
            await sim.ask(command, **arguments)
        assert (await sim.ask("status"))["seed"] == 4


@pytest.mark.parametrize("line", [b"not json\n", b"[]\n", b'{"do": 5}\n', b"\xff\xfe\n"])
async def test_garbage_on_the_control_socket_gets_an_error(world, line):
    reader, writer = await asyncio.open_unix_connection(world.ready["control"])
    writer.write(line)
    assert json.loads(await reader.readline())["ok"] is False
    writer.close()


def test_it_ends_with_its_parent(tmp_path):
    parent = subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE)
    world = WorldProcess(tmp_path, "--lifetime-pid", str(parent.pid))
    parent.communicate(b"\n")
    assert world.ended() == (0, "")


def test_it_ends_with_standard_input(tmp_path):
    world = WorldProcess(tmp_path, "--until-stdin-closes", stdin=subprocess.PIPE)
    assert world.ended() == (0, "")


async def test_a_second_world_may_follow_a_killed_one_in_the_same_folder(tmp_path):
    first = WorldProcess(tmp_path)
    first.process.kill()
    first.ended()
    second = WorldProcess(tmp_path)
    async with SimControl(tmp_path) as sim:
        assert (await sim.ask("status"))["stimulator"]["total_pulses"] == 0
    second.process.terminate()
    assert second.ended() == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--fault", "emg.hummm"), 2, "did you mean emg.hum"),
        (("--recorded", "/nowhere"), 2, "/nowhere/ta_lici_3k.npz not found: give the folder"),
        (("--speed", "0"), 2, "speed must be positive"),
        (("--emg-port", "99999"), 2, "99999 is no TCP port (0 to 65535)"),
        (("--dir", "/proc/1/nowhere"), 1, "/proc/1/nowhere"),
    ],
)
def test_a_setup_that_makes_no_sense_is_explained(tmp_path, arguments, code, message):
    done = explained("--dir", str(tmp_path), *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_names_far_ends_commands_and_faults():
    done = explained("--list")
    for word in ("stimulator", "emg", "robot", "coil", "truth", *KINDS):
        assert word in done.stdout
