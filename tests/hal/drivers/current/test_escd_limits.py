"""What programs, devices and accounts of direct current stimulators are allowed."""

from dataclasses import replace

import pytest

from hal.device import Refused, SetupError
from hal.drivers.current.escd_codec import Hello, Status
from hal.drivers.current.escd_limits import EscdOptions, Watch, check_device, check_fit, check_program, check_start
from hal.options import parse_options
from hal.roles import CurrentProgram

PROGRAM = CurrentProgram(2.5, 200, 15)
STATUS = Status(1, "plateau", "", 2.5, 2.5, 5.0, 26, 87, 60, 170, 0.1, 0, 7)
HELLO = Hello(1, 1, "1.4", 1, 4.0, 5, 1500, True, 1)


@pytest.mark.parametrize(
    "program",
    [
        PROGRAM,
        CurrentProgram(0.1, 1, 5),
        CurrentProgram(2.5, 1200, 60),
        CurrentProgram(2.5, 200, 15, trigger_bursts=200),
        CurrentProgram(2.5, 30, 15, trigger_bursts=200),
    ],
)
def test_allowed_programs(program):
    check_program(program, EscdOptions())


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (CurrentProgram(2.6, 200, 15), "above this device's 2.5 mA"),
        (CurrentProgram(4.1, 200, 15), "0 to 4 mA"),
        (CurrentProgram(0, 200, 15), "0 to 4 mA"),
        (CurrentProgram(-1, 200, 15), "0 to 4 mA"),
        (CurrentProgram(2.45, 200, 15), "tenth"),
        (CurrentProgram(2.5, 200, 4.9), "ramp"),
        (CurrentProgram(2.5, 200, 61), "ramp"),
        (CurrentProgram(2.5, 1201, 15), "1200 s"),
        (CurrentProgram(2.5, 0, 15), "0 s"),
        (CurrentProgram(2.5, 200, 15, trigger_bursts=2, burst_pulses=0), "below 1"),
        (CurrentProgram(2.5, 200, 15, trigger_bursts=2, inter_pulse_ms=100), "overlap"),
        (CurrentProgram(2.5, 200, 15, trigger_bursts=2, train_period_ms=1000), "overlap"),
        (CurrentProgram(2.5, 200, 15, trigger_bursts=5000), "longer than"),
    ],
)
def test_refused_programs(program, words):
    with pytest.raises(Refused, match=words):
        check_program(program, EscdOptions())


def test_the_absolute_charge_holds_for_any_file():
    with pytest.raises(Refused, match=r"7\.2 C"):
        check_program(CurrentProgram(4.0, 1800, 15), EscdOptions(max_current_ma=4.0, max_plateau_s=2400))


@pytest.mark.parametrize(
    "options",
    [
        {"max_current_ma": 4.1},
        {"max_current_ma": 0.0},
        {"max_plateau_s": 2401.0},
        {"start_kohm": 21.0},
        {"stop_kohm": 25.0},
        {"min_battery_pct": 5},
        {"poll_s": 0.5},
        {"answer_s": 0.1},
        {"max_compliance_pct": 99},
    ],
)
def test_options_that_no_file_may_have(options):
    with pytest.raises(SetupError):
        parse_options(EscdOptions, options, device="current")


def test_devices_are_held_to_their_time_out_and_what_they_can():
    check_device(HELLO)
    for timeout_ms in (0, 499, 3001, 60000):
        with pytest.raises(SetupError, match="time-out"):
            check_device(replace(HELLO, timeout_ms=timeout_ms))
    check_fit(PROGRAM, HELLO)
    for hello, words in ((replace(HELLO, max_ma=2.0), "at most 2 mA"), (replace(HELLO, min_ramp_s=20), "20 s")):
        with pytest.raises(Refused, match=words):
            check_fit(PROGRAM, hello)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"battery_pct": 30}, True),
        ({"battery_pct": 29}, False),
        ({"battery_pct": None}, False),
        ({"impedance_kohm": 9.9}, True),
        ({"impedance_kohm": 10.0}, False),
        ({"impedance_kohm": None}, False),
        ({"measured_ma": None}, False),
    ],
)
def test_the_start_knows_battery_and_electrodes(change, allowed):
    if allowed:
        check_start(replace(STATUS, **change), EscdOptions())
    else:
        with pytest.raises(Refused):
            check_start(replace(STATUS, **change), EscdOptions())


@pytest.mark.parametrize(
    ("change", "at_once", "after_a_second"),
    [
        ({}, "", ""),
        ({"measured_ma": 2.25}, "", ""),
        ({"measured_ma": 2.24}, "", "should flow"),
        ({"measured_ma": 2.76}, "", "should flow"),
        ({"measured_ma": None}, "", "no longer tells"),
        ({"asked_ma": 0.1, "measured_ma": 0.06}, "", ""),
        ({"impedance_kohm": 20.1}, "electrode", "electrode"),
        ({"compliance_pct": 91}, "voltage", "voltage"),
        ({"asked_ma": 2.7, "measured_ma": 2.7}, "the program says", "the program says"),
        ({"elapsed_s": 217.1}, "beyond", "beyond"),
        ({"phase": "unknown"}, "a phase that", "a phase that"),
        ({"phase": "idle", "asked_ma": 0.0, "measured_ma": 0.2}, "", "should flow"),
        ({"phase": "prepared", "asked_ma": 0.0, "measured_ma": 0.02}, "", ""),
    ],
)
def test_the_watch(change, at_once, after_a_second):
    watch = Watch(EscdOptions())
    watch.program = PROGRAM
    status = replace(STATUS, **change)
    for at_s in (100.0, 100.9):
        assert at_once in watch.judge(status, at_s)
        assert bool(at_once) == bool(watch.judge(status, at_s))
    assert after_a_second in watch.judge(status, 101.0)
    assert bool(after_a_second) == bool(watch.judge(status, 101.0))


@pytest.mark.parametrize(
    ("phase", "length_s", "words"), [("plateau", 215.0, "its own clock stands"), ("ramp_down", 15.0, "does not end")]
)
def test_a_device_whose_own_clock_stands_is_timed_by_ours(phase, length_s, words):
    watch = Watch(EscdOptions())
    watch.program = PROGRAM
    stuck = replace(STATUS, phase=phase, elapsed_s=100.0)
    assert (PROGRAM.ramp_s, PROGRAM.plateau_s) == (15.0, 200.0)
    assert watch.judge(stuck, 100.0) == ""
    assert watch.judge(stuck, 100.0 + length_s + 1.9) == ""
    assert words in watch.judge(stuck, 100.0 + length_s + 2.1)
    idle = replace(STATUS, phase="idle", asked_ma=0.0, measured_ma=0.0)
    assert watch.judge(idle, 400.0) == ""
    assert watch.judge(stuck, 400.1) == "", "a later program has its own time"


def test_a_deviation_that_ends_starts_anew_and_unasked_current_is_none_of_ours():
    watch = Watch(EscdOptions())
    assert "not asked for" in watch.judge(STATUS, 1.0)
    watch.program = PROGRAM
    low = replace(STATUS, measured_ma=1.0)
    assert watch.judge(low, 10.0) == watch.judge(STATUS, 10.5) == watch.judge(low, 11.1) == ""
    assert watch.judge(low, 12.1)


def test_the_last_trigger_of_itbs_600():
    assert CurrentProgram(2.5, 200, 15, trigger_bursts=200).last_trigger_s == 191.84
    assert CurrentProgram(2.5, 200, 15).last_trigger_s == 0.0
