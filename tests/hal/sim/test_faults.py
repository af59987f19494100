import pytest

from hal.sim.faults import KINDS, Faults, FaultSpecError, parse_fault


@pytest.mark.parametrize(
    ("spec", "begins_s", "duration_s", "argument"),
    [
        ("emg.silence@30", 30.0, None, ""),
        ("stimulator.garbage@10+2", 10.0, 2.0, ""),
        ("emg.saturated:TA left", 0.0, None, "TA left"),
        ("emg.saturated:SOL right@1.5+0.5", 1.5, 0.5, "SOL right"),
        ("emg.hum", 0.0, None, "35"),
        ("patient.coil_slip:2@3", 3.0, None, "2"),
        ("patient.threshold_shift:-8", 0.0, None, "-8"),
    ],
)
def test_specifications_are_read(spec, begins_s, duration_s, argument):
    fault = parse_fault(spec)
    assert (fault.begins_s, fault.duration_s, fault.argument, fault.spec) == (begins_s, duration_s, argument, spec)


def test_time_counts_from_when_it_was_asked_for():
    assert parse_fault("emg.silence@30", now_s=100.0).begins_s == 130.0


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_asked_for_by_its_bare_name(name):
    assert parse_fault(name).kind.name == name


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("emg.silense@3", "did you mean emg.silence"),
        ("ftms.silense", "did you mean ftms.silence"),
        ("nonsense", "no fault 'nonsense'; known: emg"),
        ("emg.silence@soon", "WHEN in seconds, pulse:N or train:N"),
        ("emg.silence@3+", "DURATION"),
        ("", "TARGET.NAME"),
        ("emg.silence:loud", "takes no argument"),
        ("emg.hum:much", "'much' is not a number of uV"),
    ],
)
def test_nonsense_is_refused_with_a_remedy(spec, message):
    with pytest.raises(FaultSpecError, match=message):
        parse_fault(spec)


def test_a_condition_lasts_for_its_duration():
    faults = Faults()
    faults.add("stimulator.garbage@10+2")
    assert [bool(faults.strike("stimulator.garbage", t)) for t in (9.9, 10.0, 11.9, 12.0)] == [False, True, True, False]
    assert faults.all[0].fired_at_s == 10.0
    assert faults.all[0].strikes == 2


def test_a_mishap_happens_once():
    faults = Faults()
    faults.add("stimulator.front_panel_disable@1")
    assert [bool(faults.strike("stimulator.front_panel_disable", t)) for t in (0.0, 1.0, 2.0)] == [False, True, False]


def test_a_fault_waits_for_its_pulse():
    faults = Faults()
    faults.add("stimulator.lost_pulse@pulse:12")
    faults.add("emg.silence@train:3+2")
    faults.note_pulse(11, 2, 50.0)
    assert not faults.strike("stimulator.lost_pulse", 50.0)
    faults.note_pulse(12, 3, 51.0)
    assert faults.strike("stimulator.lost_pulse", 51.0)
    assert faults.active("emg.silence", 52.9)
    assert not faults.active("emg.silence", 53.0)


def test_what_never_acted_is_not_recorded_as_fired():
    faults = Faults()
    faults.add("emg.hum")
    assert faults.active("emg.hum", 5.0)
    assert faults.all[0].fired_at_s is None


def test_clearing_ends_what_has_begun_and_keeps_the_record():
    faults = Faults()
    faults.add("emg.hum@1")
    faults.add("emg.flat@100")
    faults.strike("emg.hum", 2.0)
    faults.clear(3.0)
    assert not faults.strike("emg.hum", 4.0)
    assert faults.strike("emg.flat", 100.0)
    assert faults.all[0].fired_at_s == 2.0


def test_two_channels_can_fail_at_once():
    faults = Faults()
    faults.add("emg.flat:TA left")
    faults.add("emg.flat:SOL left")
    assert [fault.argument for fault in faults.strike_all("emg.flat", 0.0)] == ["TA left", "SOL left"]
