"""`bedside simulate`, as a process of its own."""

import json
import subprocess
import sys

import pytest

from bedside.cli import main
from hal.sim.faults import KINDS

COMMAND = (sys.executable, "-m", "bedside.cli", "simulate")


def test_list_names_far_ends_commands_and_every_fault(capsys):
    assert main(["simulate", "--list"]) == 0
    text = capsys.readouterr().out
    assert "MagPro" in text
    assert all(name in text for name in KINDS)
    groups = text.partition("Which far end has which of them")[2]
    assert "  ftms\n      silence, cable_out, garbage, truncated, freeze, panel_stop, safety_key\n" in groups
    assert text.endswith("bounce\n")


def test_options_that_look_like_options_reach_the_simulation(tmp_path):
    command = (*COMMAND, "--dir", str(tmp_path), "--seed", "3", "--speed", "2", "--fault", "emg.hum:50@9")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as world:
        assert world.stdout is not None
        ready = json.loads(world.stdout.readline())
        world.terminate()
    assert world.returncode == 0
    assert (ready["seed"], ready["speed"]) == (3, 2.0)
    assert ready["control"] == str(tmp_path / "sim.sock")


def test_a_folder_must_be_named(capsys):
    assert main(["simulate", "--seed", "3"]) == 2
    assert "--dir is needed" in capsys.readouterr().err


def test_an_unknown_fault_is_answered_with_the_nearest(tmp_path, capsys):
    assert main(["simulate", "--dir", str(tmp_path), "--fault", "emg.humm"]) == 2
    assert "did you mean emg.hum" in capsys.readouterr().err


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["simulate", "--sed", "3", "--bogus"])
    assert "--bogus" in capsys.readouterr().err
