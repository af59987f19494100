"""A stimulator worked by hand: prompts, answers, and stops that overtake everything."""

import asyncio

import pytest

from hal.device import OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Reading, Refused, SetupError
from hal.drivers.stimulator.manual_stimulator import ManualStimulator
from hal.roles import OperatorDriven, OperatorPrompt, PulseDelivered, Stimulator, StimulatorStatus, Train, TrainPrepared
from tests.helpers.far_ends import finishes


@pytest.fixture
def stimulator() -> ManualStimulator:
    return ManualStimulator("tms", lambda: 7, None, {"off_answer_s": 0.05})


@pytest.fixture
def heard(stimulator: ManualStimulator) -> list[Reading]:
    readings: list[Reading] = []
    stimulator.subscribe(readings.append)
    return readings


async def asked(work: object) -> asyncio.Task[None]:
    """The command, running until it waits for the operator."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    return task


def status(heard: list[Reading]) -> StimulatorStatus:
    return [reading for reading in heard if isinstance(reading, StimulatorStatus)][-1]


def prompts(heard: list[Reading]) -> list[tuple[str, bool]]:
    return [(reading.kind, bool(reading.text)) for reading in heard if isinstance(reading, OperatorPrompt)]


async def test_it_fills_both_roles_and_claims_nothing(stimulator: ManualStimulator) -> None:
    assert isinstance(stimulator, Stimulator)
    assert isinstance(stimulator, OperatorDriven)
    capabilities = stimulator.capabilities
    assert capabilities.drive == "manual"
    assert (capabilities.reads_back, capabilities.counts_pulses, capabilities.reports_temperature) == (False,) * 3
    assert (stimulator.off_bytes, stimulator.fileno(), await stimulator.read_counter()) == (b"", None, None)


async def test_amplitude_is_what_the_operator_reads_back(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    command = await asked(stimulator.set_amplitude(48))
    assert stimulator.prompt is not None
    assert (stimulator.prompt.kind, stimulator.prompt.expected) == ("amplitude", 48)
    assert "48 %" in stimulator.prompt.text
    stimulator.operator_reads_back(48)
    await finishes(command)
    assert (status(heard).amplitude_pct_mso, status(heard).source) == (48, "operator")
    assert stimulator.prompt is None
    assert prompts(heard) == [("amplitude", True), ("amplitude", False)]


@pytest.mark.parametrize("typed", [47, 49])
async def test_any_mismatch_blocks(stimulator: ManualStimulator, heard: list[Reading], typed: int) -> None:
    command = await asked(stimulator.set_amplitude(48))
    stimulator.operator_reads_back(typed)
    with pytest.raises(ReadBackMismatch, match=f"should be 48 %, the operator reads {typed} %"):
        await finishes(command)
    assert status(heard).amplitude_pct_mso == typed, "what is shown is what is, not what was asked"


async def test_amplitudes_outside_the_scale_are_refused(stimulator: ManualStimulator) -> None:
    with pytest.raises(Refused, match="101 % is outside"):
        await stimulator.set_amplitude(101)


async def test_a_treatment_by_hand(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    enable = await asked(stimulator.enable())
    stimulator.operator_confirms()
    await finishes(enable)
    prepare = await asked(stimulator.prepare_train(Train(1.0, 600, 2, 1.0)))
    assert stimulator.prompt is not None
    assert "2 x 600 pulses at 1 Hz, 1 s between trains" in stimulator.prompt.text
    stimulator.operator_confirms(1200)
    await finishes(prepare)
    start = await asked(stimulator.start_train())
    stimulator.operator_started()
    await finishes(start)
    assert status(heard).train_running is True
    off = await asked(stimulator.off())
    stimulator.operator_stopped()
    await finishes(off)
    assert (status(heard).enabled, status(heard).train_running) == (False, False)
    (prepared,) = [reading for reading in heard if isinstance(reading, TrainPrepared)]
    assert (prepared.read_back, prepared.source) == (False, "operator")


@pytest.mark.parametrize("typed", [600, None])
async def test_a_train_with_other_numbers_on_the_display_blocks(
    stimulator: ManualStimulator, typed: int | None
) -> None:
    prepare = await asked(stimulator.prepare_train(Train(1.0, 600, 2, 1.0)))
    stimulator.operator_confirms(typed)
    with pytest.raises(ReadBackMismatch, match=f"1200 in all, the operator reads {typed}"):
        await finishes(prepare)


async def test_a_stop_before_enabling_is_confirmed_asks_to_disable(
    stimulator: ManualStimulator, heard: list[Reading]
) -> None:
    stimulator.operator_stopped()
    enable = await asked(stimulator.enable())
    assert status(heard).enabled is None, "the operator may have pressed the button already"
    stimulator.off_now()
    with pytest.raises(Refused, match="stopped before"):
        await finishes(enable)
    assert stimulator.prompt is not None
    assert stimulator.prompt.kind == "off"
    off = await asked(stimulator.off())
    assert not off.done()
    stimulator.operator_stopped()
    await finishes(off)
    assert status(heard).enabled is False


async def test_a_pulse_is_what_the_operator_gave(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    stimulator.operator_reads_back(55)
    fire = await asked(stimulator.fire())
    stimulator.operator_pulse()
    await finishes(fire)
    (pulse,) = [reading for reading in heard if isinstance(reading, PulseDelivered)]
    assert (pulse.amplitude_pct_mso, pulse.di_dt_a_us, pulse.source) == (55, None, "operator")


async def test_a_pulse_not_given_is_not_delivered(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    fire = await asked(stimulator.fire())
    stimulator.operator_declines()
    with pytest.raises(PulseNotDelivered, match="gave no pulse"):
        await finishes(fire)
    assert not any(isinstance(reading, PulseDelivered) for reading in heard)


async def test_declining_ends_a_command(stimulator: ManualStimulator) -> None:
    enable = await asked(stimulator.enable())
    stimulator.operator_declines()
    with pytest.raises(Refused, match="did not do it"):
        await finishes(enable)


@pytest.mark.parametrize("answer", ["operator_confirms", "operator_started", "operator_pulse"])
async def test_the_wrong_answer_completes_nothing(stimulator: ManualStimulator, answer: str) -> None:
    command = await asked(stimulator.set_amplitude(48))
    getattr(stimulator, answer)()
    await asyncio.sleep(0)
    assert not command.done()
    stimulator.operator_reads_back(48)
    await finishes(command)


async def test_off_now_overtakes_the_prompt(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    command = await asked(stimulator.set_amplitude(48))
    stimulator.off_now()
    with pytest.raises(Refused, match="stopped before"):
        await finishes(command)
    assert stimulator.prompt is not None
    assert "STOP" in stimulator.prompt.text
    with pytest.raises(Refused, match="still asked"):
        await stimulator.fire()
    stimulator.operator_stopped()
    assert prompts(heard) == [("amplitude", True), ("amplitude", False), ("off", True), ("off", False)]


async def test_a_stop_that_was_asked_for_before_anybody_listened_is_asked_for_again(
    stimulator: ManualStimulator,
) -> None:
    stimulator.off_now()
    readings: list[Reading] = []
    stimulator.subscribe(readings.append)
    await stimulator.open()
    assert prompts(readings) == [("off", True)]
    await stimulator.close()


async def test_off_that_nobody_confirms(stimulator: ManualStimulator) -> None:
    with pytest.raises(OffNotConfirmed, match="has not confirmed"):
        await finishes(stimulator.off())
    assert stimulator.prompt is not None, "the question stands until it is answered"
    stimulator.operator_declines()
    assert stimulator.prompt is not None
    stimulator.operator_stopped()
    await finishes(stimulator.off())
    assert stimulator.prompt is None, "what the operator has stopped is not asked again"


async def test_after_a_start_off_must_be_confirmed_again(stimulator: ManualStimulator) -> None:
    stimulator.operator_stopped()
    stimulator.operator_started()
    with pytest.raises(OffNotConfirmed):
        await finishes(stimulator.off())


async def test_the_operator_may_stop_at_any_time(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    start = await asked(stimulator.start_train())
    stimulator.operator_stopped()
    with pytest.raises(Refused, match="the operator stopped"):
        await finishes(start)
    assert status(heard).enabled is False


async def test_a_cancelled_command_takes_its_prompt_away(stimulator: ManualStimulator, heard: list[Reading]) -> None:
    command = await asked(stimulator.fire())
    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command
    assert stimulator.prompt is None
    assert prompts(heard)[-1] == ("fire", False)


async def test_closing_ends_the_prompt(stimulator: ManualStimulator) -> None:
    await stimulator.open()
    assert stimulator.health.state == "ok"
    command = await asked(stimulator.enable())
    await stimulator.close()
    with pytest.raises(Refused, match="closing"):
        await finishes(command)
    assert stimulator.health.state == "closed"


def test_options_that_make_no_sense() -> None:
    with pytest.raises(SetupError, match="did you mean model"):
        ManualStimulator("tms", lambda: 0, None, {"modell": "x"})
