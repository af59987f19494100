"""Every interlock: it keeps the stimulator from being armed, those that are watched stop a train, and both tests see
when it is taken out of the table.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.config import DeviceConfig
from bedside.visit import interlocks
from bedside.visit.evolve import without_key
from bedside.visit.inputs import ControlLost, DiskSpace, EmgQuality, GuardSeen, Heard, RecordTrouble
from bedside.visit.rules import Refusal
from bedside.visit.state import Doubt, Unsettled
from hal.device import Health, HealthChanged
from hal.roles import ContactState
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at

Break = Callable[[Bed], None]


def change(**changes: object) -> Break:
    def apply(bed: Bed) -> None:
        bed.state = replace(bed.state, **changes)

    return apply


def undone(step: e.StepId) -> Break:
    def apply(bed: Bed) -> None:
        bed.state = replace(bed.state, done=without_key(bed.state.done, step))

    return apply


def unsigned(bed: Bed) -> None:
    timing = replace(bed.setup.study.timing, signed=None)
    study = replace(bed.setup.study, timing=timing)
    bed.setup = replace(bed.setup, study=study)
    bed.state = replace(bed.state, setup=bed.setup)


def no_ears(bed: Bed) -> None:
    bed.state = replace(bed.state, answers=without_key(bed.state.answers, "screening.ear_protection"))


def doubt(bed: Bed) -> None:
    bed.state = replace(bed.state, doubts={"day_fever": Doubt("physician", "fever")})


def seizure(bed: Bed) -> None:
    event = e.AdverseEventRecorded(category="seizure", severity="severe", related="unknown", action="stopped")
    bed.state = replace(bed.state, adverse=(event,))


def too_strong(bed: Bed) -> None:
    bed.state = replace(bed.state, intensity_pct_mso=(bed.state.intensity_pct_mso or 0) + 1)


def many_today(bed: Bed) -> None:
    assert bed.state.recalled is not None
    bed.state = replace(bed.state, recalled=replace(bed.state.recalled, pulses_today=2000))


def all_given(bed: Bed) -> None:
    bed.state = replace(bed.state, ledger=replace(bed.state.ledger, course=1200))


def unsettled(bed: Bed) -> None:
    bed.stim.counter = False
    bed.state = replace(bed.state, unsettled=Unsettled(3, "treatment", "test", bed.now_ns, bed.now_ns, 1.0))


def off_pending(bed: Bed) -> None:
    bed.state = replace(bed.state, off_confirmed=False, armed=False)


def robot(phase: str, speed: float = 0.0, *, e_stop: bool = False) -> Break:
    return lambda bed: bed.move(phase, speed, e_stop=e_stop)


BUTTON = DeviceConfig(
    id="button", role="contact", driver="contact", title="Emergency stop", options={"use": "emergency_stop"}
)


def with_button(bed: Bed) -> None:
    """An emergency-stop button is part of the bedside; it has not been heard yet."""
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "button": BUTTON})
    bed.state = replace(bed.state, setup=bed.setup)


def press(bed: Bed, closed: bool | None, *, pressed: bool = True) -> None:
    reading = ContactState(bed.now_ns, "emergency_stop", closed, pressed)
    bed.put(Heard("button", "contact", reading))


def button_pressed(bed: Bed) -> None:
    with_button(bed)
    press(bed, closed=False)


def robot_silent(bed: Bed) -> None:
    bed.quiet_robot = True
    bed.advance(2.0)


def reported_lost(bed: Bed) -> None:
    bed.link(ok=False)
    bed.stim.linked = True


def hot(bed: Bed) -> None:
    bed.stim.temperature_c = 41.5
    bed.status()


def strange_coil(bed: Bed) -> None:
    device = replace(bed.setup.devices["stimulator"], coils=())
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": device})
    bed.state = replace(bed.state, setup=bed.setup)


def panel_off(bed: Bed) -> None:
    bed.stim.enabled = False
    bed.status()


def dial(bed: Bed) -> None:
    bed.stim.amplitude += 2
    bed.status()


def train_stopped(bed: Bed) -> None:
    bed.stim.train_left = 0
    bed.status()


def swallowed(bed: Bed) -> None:
    bed.stim.swallow = set(range(10_000))
    bed.advance(8.0)


BEFORE: dict[str, Break] = {
    "e_stop": button_pressed,
    "person": change(person=None),
    "screening": doubt,
    "ears": no_ears,
    "no_seizure": seizure,
    "hotspot": change(hotspot=None),
    "threshold": change(threshold=None),
    "dose": undone("dose"),
    "intensity": too_strong,
    "timing": unsigned,
    "fit": undone("fit"),
    "coil": undone("coil"),
    "remaining": all_given,
    "settled": unsettled,
    "off": off_pending,
    "ceiling": many_today,
    "robot_stop": robot("walk", 1.2, e_stop=True),
    "robot_state": robot("fitting"),
    "robot_steady": robot("walk", 0.9),
    "robot_speed": robot("walk", 1.5),
    "robot_link": robot_silent,
    "stimulator_link": reported_lost,
    "coil_heat": hot,
    "coil_known": strange_coil,
    "control": lambda bed: bed.put(ControlLost("gone")) and None,
    "guard": lambda bed: bed.put(GuardSeen(ok=False)) and None,
    "record": lambda bed: bed.put(RecordTrouble("disk error")) and None,
    "disk": lambda bed: bed.put(DiskSpace(10**6)) and None,
}
DURING: dict[str, Break] = {
    "e_stop": button_pressed,
    "screening": doubt,
    "ears": no_ears,
    "no_seizure": seizure,
    "intensity": too_strong,
    "ceiling": many_today,
    "robot_stop": robot("walk", 1.2, e_stop=True),
    "robot_state": robot("stopping", 0.5),
    "robot_speed": robot("walk", 1.5),
    "robot_link": robot_silent,
    "stimulator_link": lambda bed: bed.link(ok=False),
    "enabled": panel_off,
    "read_back": dial,
    "train": train_stopped,
    "stimulator_silent": swallowed,
    "coil_heat": hot,
    "control": lambda bed: bed.put(ControlLost("gone")) and None,
    "guard": lambda bed: bed.put(GuardSeen(ok=False)) and None,
    "record": lambda bed: bed.put(RecordTrouble("disk error")) and None,
    "disk": lambda bed: bed.put(DiskSpace(10**6)) and None,
}
PAIRED = ("pair", "trigger_master", "trigger_input", "trigger_count")
ELSEWHERE = {
    "visit": "commands need an open visit",
    "posture": "single pulses",
    "singles": "single pulses",
    "emg": "single pulses",
    "enabled": "only while armed",
    "read_back": "only while armed",
    "train": "only while a train runs",
    "stimulator_silent": "only while a train runs",
    **dict.fromkeys(PAIRED, "where the electrical stimulator triggers the pulses: test_pairing"),
}
IMPLIED = {
    "threshold": {"dose", "intensity"},
    "ceiling": {"dose"},
    "robot_speed": {"robot_steady"},
}
"""Conditions that do not hold either once the first is broken: the test takes all of them out."""
IN_TABLE = {condition.id for condition in interlocks.TABLE}


def walking() -> Bed:
    bed = bed_at("treatment")
    bed.walk()
    return bed


def running() -> Bed:
    bed = walking()
    bed.ask(c.StartStimulation())
    bed.advance(10.0)
    assert bed.state.course.running
    return bed


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    table = tuple(condition for condition in interlocks.TABLE if condition.id not in names)
    assert len(table) == len(interlocks.TABLE) - len(names)
    monkeypatch.setattr(interlocks, "TABLE", table)


def test_every_condition_is_tried() -> None:
    assert set(BEFORE) | set(ELSEWHERE) == IN_TABLE
    watched = {condition.id for condition in interlocks.TABLE if condition.during}
    assert watched - {"visit", "emg", *PAIRED} == set(DURING)


def arms(bed: Bed) -> bool:
    """Whether a start, tried now, gets as far as arming."""
    try:
        bed.ask(c.StartStimulation())
    except Refusal:
        return False
    return bool(bed.events(e.TrainIntended))


@pytest.mark.parametrize("name", sorted(BEFORE))
def test_nothing_is_armed(name: str) -> None:
    bed = walking()
    BEFORE[name](bed)
    assert not interlocks.BY_ID[name].holds(bed.state, bed.now), "the fault fired"
    assert not arms(bed)
    assert not bed.stim.enabled


@pytest.mark.parametrize("name", sorted(BEFORE))
def test_the_check_sees_a_missing_interlock(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bed = walking()
    without(monkeypatch, name, *IMPLIED.get(name, ()))
    BEFORE[name](bed)
    assert arms(bed), f"with '{name}' out of the table something else still holds: the test above proves nothing"


@pytest.mark.parametrize("step", ["hotspot", "threshold"])
def test_without_a_signature_no_single_pulse_is_given_either(step: e.StepId) -> None:
    bed = bed_at(step)
    if step == "hotspot":
        bed.ask(c.PlaceCoil(site="r0c0"))
    bed.advance(10.0)
    fired = bed.stim.fired
    unsigned(bed)
    for command in (c.Fire(), c.SetPacing(automatic=True)):
        with pytest.raises(Refusal, match="not signed") as why:
            bed.ask(command)
        assert "physician signs" in why.value.remedy
    bed.advance(10.0)
    assert bed.stim.fired == fired
    assert not bed.stim.enabled


@pytest.mark.parametrize("name", sorted(DURING))
def test_a_train_is_stopped(name: str) -> None:
    bed = running()
    n = len(bed.journal)
    DURING[name](bed)
    bed.advance(0.5)
    news = [envelope.event for envelope in bed.journal[n:]]
    off = next(i for i, event in enumerate(news) if isinstance(event, e.OffIntended))
    pause = next(i for i, event in enumerate(news) if isinstance(event, e.StimulationPaused))
    assert off < pause, "off before anything else is said"
    assert news[pause].cause == name
    assert news[pause].reason
    if name != "stimulator_link":
        assert not bed.stim.enabled


@pytest.mark.parametrize("name", sorted(DURING))
def test_the_check_sees_a_missing_watch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bed = running()
    without(monkeypatch, name)
    DURING[name](bed)
    bed.advance(0.5)
    assert name not in [event.cause for event in bed.events(e.StimulationPaused)]


def envelope_only(bed: Bed) -> None:
    emg = bed.state.live.emg
    assert emg is not None
    slow = EmgQuality(emg.rest_rms_uv, for_meps=False)
    bed.state = replace(bed.state, live=replace(bed.state.live, emg=slow))


@pytest.mark.parametrize("name", ["posture", "emg", "ears", "screening", "control", "coil_heat", "e_stop"])
@pytest.mark.parametrize("emg", ["saturated", "envelope only"])
def test_single_pulses_are_held_back(name: str, emg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = _saturate if emg == "saturated" else envelope_only
    breaks: dict[str, Break] = {**DURING, "posture": undone("posture"), "emg": bad}

    def fires() -> bool:
        bed = bed_at("hotspot")
        bed.ask(c.PlaceCoil(site="r0c0"))
        breaks[name](bed)
        try:
            bed.ask(c.Fire())
        except Refusal:
            return False
        return bool(bed.events(e.PulseIntended))

    assert not fires()
    without(monkeypatch, name)
    assert fires()


def _saturate(bed: Bed) -> None:
    emg = bed.state.live.emg
    assert emg is not None
    bed.state = replace(bed.state, live=replace(bed.state.live, emg=EmgQuality(emg.rest_rms_uv, ("TA left",))))


def test_no_more_than_400_single_pulses() -> None:
    bed = bed_at("hotspot")
    bed.ask(c.PlaceCoil(site="r0c0"))
    bed.state = replace(bed.state, ledger=replace(bed.state.ledger, single=400))
    with pytest.raises(Refusal, match="400"):
        bed.ask(c.Fire())


def test_a_command_needs_a_visit() -> None:
    bed = Bed()
    with pytest.raises(Refusal, match="no visit"):
        bed.ask(c.StartStimulation())


def test_a_button_that_nobody_heard_counts_as_pressed() -> None:
    bed = walking()
    with_button(bed)
    assert not arms(bed)
    press(bed, closed=True, pressed=False)
    assert arms(bed)


@pytest.mark.parametrize("closed", [False, None], ids=["open", "unreadable"])
def test_the_button_stops_a_train_at_once_and_is_journalled(closed: bool | None) -> None:
    bed = running_with_button()
    before_ns = bed.now_ns
    press(bed, closed=closed)
    assert not bed.stim.enabled
    assert bed.now_ns == before_ns, "no tick was needed"
    assert [event.active for event in bed.events(e.SwitchChanged)] == [False, True]
    bed.advance(1.0)
    assert "e_stop" in bed.state.alarms


def test_a_button_whose_line_is_lost_stops_a_train() -> None:
    bed = running_with_button()
    lost = Health("lost", bed.now_ns, error="the line cannot be read")
    bed.put(Heard("button", "contact", HealthChanged(bed.now_ns, lost)))
    assert not bed.stim.enabled


def running_with_button() -> Bed:
    bed = walking()
    with_button(bed)
    press(bed, closed=True, pressed=False)
    bed.ask(c.StartStimulation())
    bed.advance(5.0)
    assert bed.state.course.running
    return bed
