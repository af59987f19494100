"""The station with stimulators other than a MagPro: one by hand, one behind a trigger, one that counts no pulse.

What is claimed at the end is held against what the simulated far end truly gave: what was delivered is certain, and
together with what is uncertain it covers the truth.
"""

import asyncio
import shutil
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import tomli_w

from bedside.commands import Stop
from bedside.demo import therapist
from bedside.demo.setup import prepare
from bedside.events import (
    AlarmRaised,
    Event,
    OffConfirmed,
    OperatorConfirmed,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    ResponseMeasured,
    StepId,
    StimulationEnded,
    StimulationPaused,
    StimulatorFailed,
)
from hal.sim.stimulator.magstim_device import MagstimDevice
from hal.sim.stimulator.trigger_device import TriggerDevice
from tests.helpers.hand_worked import Hands, Machine
from tests.helpers.short_course import short_course
from tests.helpers.station_process import WAIT_S, Bedside, bedside_at

PULSES = 20
OUT_S = 1.5
FAST = 10.0
SLOW = 4.0
"""A trigger is timed by the computer, and late at a fifth of its interval: no faster than this on a busy machine."""
FILES = {"trigger_box": "triggered_box", "trigger_line": "triggered_line"}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration with a short treatment."""
    return Path(short_course(tmp_path_factory.mktemp("others"), PULSES))


def configured(source: Path, folder: Path, device: str, *, unproved: bool) -> Path:
    """A configuration whose stimulator is `device`; `unproved`: without the wire back that proves its pulses."""
    config = Path(shutil.copytree(source, folder / "source"))
    station, file = config / "station.toml", config / "devices" / f"{device}.toml"
    table = tomllib.loads(station.read_text())
    table["devices"]["stimulator"] = device
    station.write_text(tomli_w.dumps(table))
    if unproved:
        table = tomllib.loads(file.read_text()) | {"counts_pulses": False}
        table["options"] = {key: value for key, value in table["options"].items() if key not in ("proof", "echo_byte")}
        file.write_text(tomli_w.dumps(table))
    return config


@asynccontextmanager
async def treating(
    folder: Path,
    source: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    speed: float = FAST,
    step: StepId = "treatment",
    unproved: bool = False,
) -> AsyncIterator[tuple[Bedside, Hands]]:
    """A started station at `step` beside the stimulator `name`, a therapist whose hands are at its panel.

    The steps before were worked with a MagPro, as `source` has it, for all tests at once.
    """
    config = configured(source, folder, FILES.get(name, name), unproved=unproved)
    also = () if name == "manual_stimulator" else (name,)
    async with bedside_at(folder / "bed", speed=speed, step=step, config=source, also=also) as bed:
        prepare(bed.layout, config, bed.world.addresses, None)
        far = bed.world.also.get(name)
        hands = Hands(far.panel if isinstance(far, TriggerDevice) else Machine(bed.world))
        monkeypatch.setattr(therapist, "next_command", hands.next_command)
        bed.world.gait.fit(25.0, 80.0)
        bed.world.gait.stand()
        await bed.start()
        yield bed, hands


def claimed(bed: Bedside) -> tuple[int, int]:
    """Pulses of the treatment that are said to be given, and those that cannot be excluded."""
    reported = sum(event.purpose == "treatment" for event in bed.events(PulseReported))
    reconciled = sum(event.count for event in bed.events(PulsesReconciled) if event.purpose == "treatment")
    uncertain = sum(event.at_most for event in bed.events(PulsesUncertain) if event.purpose == "treatment")
    return reported + reconciled, uncertain


def brackets(bed: Bedside, truth: int) -> tuple[int, int]:
    """What is claimed, once it is seen to cover the truth and to claim no more."""
    given, uncertain = claimed(bed)
    unasked = [event for event in bed.events(PulseReported) if event.purpose is None]
    assert not unasked
    assert given <= truth <= given + uncertain, f"{given} + {uncertain} are claimed, {truth} were given"
    return given, uncertain


async def until_ended(bed: Bedside) -> StimulationEnded:
    await bed.until(lambda: word(bed) == "ENDED", "the end")
    ended = bed.events(StimulationEnded)[-1]
    assert (ended.cause, ended.delivered, ended.uncertain) == ("complete", *claimed(bed))
    assert ended.delivered + ended.uncertain == PULSES
    return ended


async def stopped(bed: Bedside) -> None:
    """STOP is pressed, and confirmed by whatever can."""
    before = len(bed.events(OffConfirmed))
    await bed.ask(Stop(reason="STOP key"))
    await seen(bed, OffConfirmed, before, "off confirmed")
    pause = bed.events(StimulationPaused)[-1]
    assert (pause.cause, pause.reason) == ("stop", "STOP key"), "who stopped is whoever pressed"


def kinds(hands: Hands) -> list[str]:
    return [prompt.id for prompt in hands.asked]


TREATED = ["amplitude", "enable", "train", "start"]


async def test_a_treatment_by_hand_with_a_stop_that_is_confirmed_late(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with treating(tmp_path, config, "manual_stimulator", monkeypatch) as (bed, hands):
        machine = hands.machine
        assert isinstance(machine, Machine)
        hands.types = {"amplitude": 40}
        await seen(bed, StimulatorFailed, 0, "the wrong number is refused")
        assert "the operator reads 40 %" in bed.events(StimulatorFailed)[0].error
        assert not machine.enabled, "nothing was to be enabled at another intensity"
        await bed.until(lambda: len(machine.given) >= 5, "pulses")
        hands.holds = {"off"}
        await bed.ask(Stop(reason="STOP key"))
        at_stop = len(machine.given)
        await bed.until(lambda: len(machine.given) >= at_stop + 3, "a train that nobody has stopped")
        assert bed.picture is not None
        assert bed.picture.run is not None
        assert bed.picture.run.word == "STOPPING"
        before = len(bed.events(OffConfirmed))
        hands.holds = set()
        await seen(bed, OffConfirmed, before, "off confirmed")
        given, uncertain = brackets(bed, len(machine.given))
        assert uncertain >= 3, "what came after STOP was not counted by anybody"
        assert given <= at_stop + 1
        await until_ended(bed)
        brackets(bed, len(machine.given))
        assert kinds(hands)[0] == "off", "after a restart the stop is asked for before anything else"
        assert [kind for kind in kinds(hands) if kind != "off"] == ["amplitude", *TREATED, *TREATED]
        answers = [one for one in bed.envelopes() if isinstance(one.event, OperatorConfirmed)]
        assert all(one.who == "thera" and one.utc for one in answers)
        assert (answers[1].event.value, answers[2].event.value) == (40, 41)  # type: ignore[union-attr]


async def test_single_pulses_by_hand_and_a_stop_while_a_prompt_stands(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with treating(tmp_path, config, "manual_stimulator", monkeypatch, step="hotspot") as (bed, hands):
        machine = hands.machine
        assert isinstance(machine, Machine)
        await seen(bed, ResponseMeasured, 1, "responses to pulses by hand")
        hands.hasty = {"fire"}
        reported = len(bed.events(PulseReported))
        await bed.until(lambda: len(machine.given) > reported, "a pulse that was given and not confirmed")
        hands.hasty = set()
        hands.holds = {"off", "fire"}
        await bed.ask(Stop(reason="STOP key"))
        await bed.until(lambda: kinds(hands)[-1] == "off", "the prompt to stop takes the other's place")
        hands.holds = {"fire"}
        await seen(bed, PulsesUncertain, 0, "a doubt")
        singles = len(bed.events(PulseReported))
        doubt = sum(event.at_most for event in bed.events(PulsesUncertain))
        assert (singles, doubt) == (len(machine.given) - 1, 1)


async def test_a_stop_before_the_start_is_confirmed_counts_what_may_have_been_given(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with treating(tmp_path, config, "manual_stimulator", monkeypatch) as (bed, hands):
        hands.hasty = {"start"}
        await bed.until(lambda: len(hands.machine.given) >= 3, "a train that was started and not confirmed")
        await stopped(bed)
        assert brackets(bed, len(hands.machine.given))[0] == 0
        assert kinds(hands)[-2:] == ["start", "off"]


@pytest.mark.parametrize(
    ("name", "unproved"),
    [("trigger_line", False), ("trigger_box", True)],
)
async def test_a_triggered_treatment_with_a_stop(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch, name: str, unproved: bool
) -> None:
    async with treating(tmp_path, config, name, monkeypatch, speed=SLOW, unproved=unproved) as (bed, hands):
        panel = hands.machine
        await bed.until(lambda: len(panel.given) >= 4, "pulses")
        await stopped(bed)
        at_stop = len(panel.given)
        assert brackets(bed, at_stop) == (at_stop, 0), "each was told, the one under way at the stop as well"
        assert kinds(hands) == ["amplitude", "enable"], "its trains are timed from here"


async def test_a_rapid_2_pulled_stopped_and_treated_to_the_end(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with treating(tmp_path, config, "magstim_rapid2", monkeypatch, speed=SLOW) as (bed, hands):
        far = bed.world.also["magstim_rapid2"]
        assert isinstance(far, MagstimDevice)
        await bed.until(lambda: len(far.core.pulses) >= 5, "pulses")
        assert far.core.state.remote
        fault = bed.world.add_fault(f"magstim_rapid2.cable_out@0+{SLOW * OUT_S:g}")
        offs = len(bed.events(OffConfirmed))
        await bed.until(lambda: word(bed) == "UNKNOWN", "the screen says so")
        assert fault.fired_at_s is not None, "the cable was not pulled"
        await seen(bed, OffConfirmed, offs, "off confirmed when it is back")
        await seen(bed, PulsesUncertain, 0, "the doubt is told")
        assert far.core.lapses, "it took control back by itself"
        certain, doubt = brackets(bed, len(far.core.pulses))
        assert certain >= 3, "what it had said before it was lost stays certain"
        assert doubt > 0
        assert any("stimulator_link" in event.alarm for event in bed.events(AlarmRaised))
        given = len(far.core.pulses)
        await bed.until(lambda: len(far.core.pulses) >= given + 3, "resumed")
        await stopped(bed)
        assert not far.core.state.armed
        brackets(bed, len(far.core.pulses))
        await until_ended(bed)
        brackets(bed, len(far.core.pulses))
        assert not kinds(hands), "nobody is asked to do by hand what goes over the wire"


def word(bed: Bedside) -> str:
    """What the screen says of the stimulation."""
    return bed.picture.run.word if bed.picture is not None and bed.picture.run is not None else ""


async def seen(bed: Bedside, kind: type[Event], before: int, what: str) -> None:
    """Wait until the journal holds more than `before` of a kind; it is read no more often than it takes."""
    deadline_s = time.monotonic() + WAIT_S
    while len(bed.events(kind)) <= before:
        assert time.monotonic() < deadline_s, f"{what}: not within {WAIT_S:g} s; {bed.picture}; {bed.log()}"
        await asyncio.sleep(0.05)
