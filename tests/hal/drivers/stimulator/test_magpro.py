"""The MagPro driver in conversation with a scripted device over a real pty and a real TCP connection."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hal.device import (
    HealthChanged,
    NoAnswer,
    OffNotConfirmed,
    PulseNotDelivered,
    ReadBackMismatch,
    Reading,
    Refused,
    SetupError,
)
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro import OFF_FRAME, MagPro
from hal.drivers.stimulator.magpro_codec import Page
from hal.linked import Patience
from hal.links.address import make_link
from hal.roles import PulseCounter, PulseDelivered, Stimulator, StimulatorStatus, Train, TrainPrepared
from tests.helpers.far_ends import FarEnd, PtyEnd, TcpEnd, finishes, until
from tests.helpers.magpro_conversation import STATUS, Conversation, Turn, flags

IMPATIENT = Patience(silence_s=0.6, reopen_s=1.2, first_retry_s=0.02, last_retry_s=0.1)
QUICK = {"poll_hz": 5.0, "answer_s": 0.5, "pulse_s": 0.15}
TREATMENT = Train(rate_hz=1.0, pulses=600, trains=2, inter_train_s=1.0)
TIMING_READ = wire.TimingReport(0, 10, 600, 2, 10, 0, 100, 1)
ENABLED = {"flags": flags(enabled=True)}
PAGE_TURN = Turn(commands.show_page(2), (wire.PageReport(2, False, flags()),), {"page": 2})
TRAIN_TURN = Turn(commands.set_train(10, 600, 2, 10))
READ_TURN = Turn(commands.READ_TIMING, (TIMING_READ,))


@pytest.fixture(params=["pty", "tcp"])
def end(request: pytest.FixtureRequest, tmp_path: Path) -> FarEnd:
    return PtyEnd(tmp_path) if request.param == "pty" else TcpEnd()


@pytest.fixture
def slow_end(tmp_path: Path) -> FarEnd:
    """One wire is enough where a test waits out a deadline."""
    return PtyEnd(tmp_path)


@asynccontextmanager
async def talking(
    end: FarEnd, conversation: Conversation, **options: object
) -> AsyncIterator[tuple[MagPro, list[Reading]]]:
    """The driver, open, and everything it publishes."""
    await end.plug()
    magpro = MagPro("tms", time.monotonic_ns, make_link(end.address), {**QUICK, **options}, IMPATIENT)
    heard: list[Reading] = []
    magpro.subscribe(heard.append)
    await finishes(magpro.open())
    try:
        yield magpro, heard
    finally:
        await finishes(magpro.close())
        await end.unplug()


def of(kind: type, heard: list[Reading]) -> list:
    return [reading for reading in heard if isinstance(reading, kind)]


async def test_status_is_what_the_device_said(end: FarEnd) -> None:
    conversation = Conversation(end)
    async with talking(end, conversation, coils={"60": "Leg coil"}) as (magpro, heard):
        assert isinstance(magpro, Stimulator)
        assert magpro.health.state == "ok"
        status = of(StimulatorStatus, heard)[0]
        assert (status.enabled, status.amplitude_pct_mso, status.train_running) == (False, 20, False)
        assert (status.temperature_c, status.coil_type, status.coil_name) == (31, 60, "Leg coil")
        assert (status.model, status.serial_number, status.page) == ("MagPro X100", 0xFE0102, "Main")
        assert magpro.capabilities.max_rate_hz == 100
    conversation.finished()


async def test_amplitude_completes_on_the_read_back(end: FarEnd) -> None:
    turn = Turn(commands.set_amplitude(48), (wire.AmplitudeReport(48, 0, flags()),), {"amplitude_a": 48})
    conversation = Conversation(end, turn)
    async with talking(end, conversation) as (magpro, heard):
        await finishes(magpro.set_amplitude(48))
        assert of(StimulatorStatus, heard)[-1].amplitude_pct_mso == 48
    conversation.finished()


async def test_amplitude_that_the_device_keeps_is_a_mismatch(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end, Turn(commands.set_amplitude(48)))
    async with talking(slow_end, conversation) as (magpro, heard):
        with pytest.raises(ReadBackMismatch, match="should be 48, the stimulator reports 20"):
            await finishes(magpro.set_amplitude(48))
        assert of(StimulatorStatus, heard)[-1].amplitude_pct_mso == 20, "never what was asked"
    conversation.finished()


async def test_a_device_that_falls_silent_gives_no_answer(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end)
    async with talking(slow_end, conversation) as (magpro, _):
        conversation.silent = True
        with pytest.raises(NoAnswer, match="tms: no answer while setting amplitude"):
            await finishes(magpro.set_amplitude(48))


@pytest.mark.parametrize("amplitude", [-1, 101])
async def test_impossible_amplitudes_are_never_sent(tmp_path: Path, amplitude: int) -> None:
    conversation = Conversation(end := PtyEnd(tmp_path))
    async with talking(end, conversation) as (magpro, _):
        with pytest.raises(Refused, match=r"tms: .*outside 0 to 100"):
            await magpro.set_amplitude(amplitude)
    conversation.finished()


async def test_enable_completes_on_the_flag(end: FarEnd) -> None:
    reports = (STATUS, wire.CoilReport(31, 60, flags(enabled=True)))
    conversation = Conversation(end, Turn(commands.ENABLE, reports, ENABLED))
    async with talking(end, conversation) as (magpro, heard):
        await finishes(magpro.enable())
        assert of(StimulatorStatus, heard)[-1].enabled is True
    conversation.finished()


async def test_closing_an_enabled_device_switches_it_off(end: FarEnd) -> None:
    conversation = Conversation(end, status=STATUS, total=None)
    conversation.change(**ENABLED)
    async with talking(end, conversation):
        assert conversation.offs == 0
    assert conversation.offs >= 1


@pytest.mark.parametrize(("variant", "body"), [("03", b"\x03"), ("03 01", b"\x03\x01")])
async def test_both_fire_variants(end: FarEnd, variant: str, body: bytes) -> None:
    turn = Turn(body, (wire.PulseReport(87, 0, flags(enabled=True)),))
    conversation = Conversation(end, turn)
    conversation.change(**ENABLED)
    async with talking(end, conversation, fire=variant) as (magpro, heard):
        await finishes(magpro.fire())
        (pulse,) = of(PulseDelivered, heard)
        assert (pulse.di_dt_a_us, pulse.amplitude_pct_mso, pulse.source) == (87, 20, "device")
    conversation.finished()


@pytest.mark.parametrize(
    ("replies", "told"), [((), "reports no pulse"), ((wire.PulseReport(0, 0, flags(enabled=True)),), "pulse of 0 A/us")]
)
async def test_a_fire_without_a_pulse_is_not_delivered(
    end: FarEnd, replies: tuple[wire.Message, ...], told: str
) -> None:
    conversation = Conversation(end, Turn(b"\x03", replies))
    conversation.change(**ENABLED)
    async with talking(end, conversation) as (magpro, heard):
        with pytest.raises(PulseNotDelivered, match=told):
            await finishes(magpro.fire())
        assert not of(PulseDelivered, heard)
    conversation.finished()


async def test_a_disabled_device_is_not_fired(end: FarEnd) -> None:
    conversation = Conversation(end)
    async with talking(end, conversation) as (magpro, _):
        with pytest.raises(Refused, match="disabled"):
            await magpro.fire()
    conversation.finished()


async def test_pulses_of_others_are_counted_and_the_counter_proves_itself(end: FarEnd) -> None:
    conversation = Conversation(end)
    async with talking(end, conversation) as (magpro, heard):
        await until(lambda: of(PulseCounter, heard))
        assert not of(PulseCounter, heard)[0].agrees, "nothing is proved before the first pulse"
        conversation.say(wire.PulseReport(80, 0, flags()), wire.PulseReport(80, 0, flags()))
        conversation.total = 1002
        await until(lambda: of(PulseCounter, heard)[-1].agrees)
        assert len(of(PulseDelivered, heard)) == 2
        assert await magpro.read_counter() == 1002
        conversation.total = 1009
        await until(lambda: not of(PulseCounter, heard)[-1].agrees)


async def test_a_device_without_the_counter_query_is_asked_no_more(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end, total=None)
    async with talking(slow_end, conversation) as (magpro, heard):
        await until(lambda: magpro.counter_answers is False)
        assert await magpro.read_counter() is None
        assert not of(PulseCounter, heard)


async def test_the_treatment_train_is_set_read_back_and_started(end: FarEnd) -> None:
    start = Turn(commands.START_TRAIN, (wire.PageReport(2, True, flags(enabled=True)),), {"running": True})
    conversation = Conversation(end, PAGE_TURN, TRAIN_TURN, READ_TURN, READ_TURN, start)
    conversation.change(**ENABLED)
    async with talking(end, conversation) as (magpro, heard):
        await finishes(magpro.prepare_train(TREATMENT))
        (prepared,) = of(TrainPrepared, heard)
        assert (prepared.train.total, prepared.read_back) == (1200, True)
        await finishes(magpro.start_train())
        assert of(StimulatorStatus, heard)[-1].train_running is True
        await finishes(magpro.off())
    conversation.finished()
    assert conversation.offs >= 1


async def test_a_train_read_back_differently_is_refused(slow_end: FarEnd) -> None:
    other = wire.TimingReport(0, 10, 100, 2, 10, 0, 100, 1)
    read = Turn(commands.READ_TIMING, (other,))
    conversation = Conversation(slow_end, PAGE_TURN, TRAIN_TURN, read, read, read, read)
    async with talking(slow_end, conversation) as (magpro, heard):
        with pytest.raises(ReadBackMismatch, match=r"\(10, 600, 2, 10\), the stimulator reports \(10, 100, 2, 10\)"):
            await finishes(magpro.prepare_train(TREATMENT))
        assert not of(TrainPrepared, heard)
        with pytest.raises(Refused, match="no train is prepared"):
            await magpro.start_train()
    conversation.finished()


async def test_a_train_paced_from_outside_is_refused(slow_end: FarEnd) -> None:
    external = Turn(commands.READ_TIMING, (wire.TimingReport(1, 10, 600, 2, 10, 0, 100, 1),))
    conversation = Conversation(slow_end, PAGE_TURN, TRAIN_TURN, external, external, external, external)
    async with talking(slow_end, conversation) as (magpro, _):
        with pytest.raises(ReadBackMismatch, match="timing control 1"):
            await finishes(magpro.prepare_train(TREATMENT))


async def test_without_the_timing_query_nobody_claims_a_read_back(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end, PAGE_TURN, TRAIN_TURN)
    conversation.ignores = {commands.READ_TIMING}
    async with talking(slow_end, conversation) as (magpro, heard):
        await finishes(magpro.prepare_train(TREATMENT))
        assert [prepared.read_back for prepared in of(TrainPrepared, heard)] == [False]
    conversation.finished()


@pytest.mark.parametrize(
    ("change", "why"),
    [({"page": int(Page.MAIN)}, "left the Timing page"), ({"running": True}, "running already")],
)
async def test_the_start_toggle_is_not_touched_in_doubt(end: FarEnd, change: dict[str, object], why: str) -> None:
    conversation = Conversation(end, PAGE_TURN, TRAIN_TURN, READ_TURN)
    conversation.change(**ENABLED)
    async with talking(end, conversation) as (magpro, _):
        await finishes(magpro.prepare_train(TREATMENT))
        conversation.change(**change)
        with pytest.raises(Refused, match=why):
            await finishes(magpro.start_train())
    conversation.finished()


async def test_a_start_nobody_confirms_is_answered_with_off(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end, PAGE_TURN, TRAIN_TURN, READ_TURN, READ_TURN, Turn(commands.START_TRAIN))
    conversation.change(**ENABLED)
    async with talking(slow_end, conversation) as (magpro, _):
        await finishes(magpro.prepare_train(TREATMENT))
        with pytest.raises(ReadBackMismatch, match="train running"):
            await finishes(magpro.start_train())
        await until(lambda: conversation.offs)
    conversation.finished()


@pytest.mark.parametrize(
    ("state", "why"), [({"mode": 2}, "Twin mode"), ({"mode": 3}, "Dual mode"), ({"waveform": 3}, "set to bursts")]
)
async def test_modes_that_give_more_than_one_pulse_are_refused(tmp_path: Path, state: dict[str, int], why: str) -> None:
    conversation = Conversation(end := PtyEnd(tmp_path))
    conversation.change(flags=flags(enabled=True, **state))
    async with talking(end, conversation) as (magpro, _):
        for command in (magpro.enable(), magpro.fire(), magpro.set_amplitude(10), magpro.prepare_train(TREATMENT)):
            with pytest.raises(Refused, match=why):
                await finishes(command)
    conversation.finished()


async def test_the_front_panel_shows_at_once(end: FarEnd) -> None:
    conversation = Conversation(end)
    conversation.change(**ENABLED)
    async with talking(end, conversation, poll_hz=0.5) as (_, heard):
        conversation.change(flags=flags(), amplitude_a=33)
        conversation.say(wire.AmplitudeReport(33, 0, flags()))
        await until(lambda: of(StimulatorStatus, heard)[-1].amplitude_pct_mso == 33)
        assert of(StimulatorStatus, heard)[-1].enabled is False


async def test_off_now_writes_at_once_and_empties_the_queue(end: FarEnd) -> None:
    conversation = Conversation(end)
    conversation.change(**ENABLED)
    conversation.ignores = {commands.set_amplitude(10)}
    async with talking(end, conversation) as (magpro, _):
        first = asyncio.create_task(magpro.set_amplitude(10))
        second = asyncio.create_task(magpro.enable())
        await asyncio.sleep(0.02)
        magpro.off_now()
        for task in (first, second):
            with pytest.raises(Refused, match="stopped before"):
                await finishes(task)
        await finishes(magpro.off())
    conversation.finished()
    assert conversation.offs >= 1


async def test_off_is_not_confirmed_by_a_device_that_stays_enabled(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end)
    conversation.change(**ENABLED)
    async with talking(slow_end, conversation) as (magpro, _):
        conversation.ignores = {commands.DISABLE}
        with pytest.raises(OffNotConfirmed, match=r"still reports enabled.*by hand NOW"):
            await finishes(magpro.off())
        conversation.ignores = set()


async def _off_hears_only_an_old_status(end: FarEnd) -> None:
    """A late answer to an earlier poll says disabled; the device, deaf since, is enabled."""
    conversation = Conversation(end)
    async with talking(end, conversation) as (magpro, _):
        conversation.silent = True
        off = asyncio.create_task(magpro.off())
        await asyncio.sleep(0)
        conversation.say(STATUS)
        try:
            await finishes(off)
        finally:
            conversation.silent = False


async def test_off_is_not_confirmed_by_a_status_from_before(slow_end: FarEnd) -> None:
    with pytest.raises(OffNotConfirmed, match=r"no fresh status|cannot be heard"):
        await _off_hears_only_an_old_status(slow_end)


async def test_that_check_catches_an_off_that_believes_any_status(
    slow_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hal.drivers.stimulator.magpro.FRESH_S", -1.0)
    await _off_hears_only_an_old_status(slow_end)


async def test_off_without_a_wire_is_not_confirmed_and_sent_when_it_returns(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end)
    conversation.change(**ENABLED)
    async with talking(slow_end, conversation) as (magpro, _):
        await slow_end.unplug()
        await until(lambda: magpro.health.state == "lost")
        with pytest.raises(OffNotConfirmed, match="cannot be heard"):
            await finishes(magpro.off())
        assert conversation.offs == 0
        await slow_end.plug()
        await until(lambda: magpro.health.state == "ok")
        await until(lambda: conversation.offs)


async def test_cable_out_and_in_again(end: FarEnd) -> None:
    conversation = Conversation(end)
    async with talking(end, conversation) as (magpro, heard):
        assert magpro.fileno() is not None
        await end.unplug()
        await until(lambda: magpro.health.state == "lost")
        assert magpro.fileno() is None
        assert magpro.health.error
        assert magpro.health.remedy
        await end.plug()
        await until(lambda: magpro.health.state == "ok")
        assert magpro.health.reconnects >= 1
        states = [reading.health.state for reading in of(HealthChanged, heard)]
        assert states[:2] == ["connecting", "ok"]
        assert "lost" in states
        assert states[-1] == "ok"
        await until(lambda: conversation.offs)


async def test_silence_is_noticed_and_ends(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end)
    async with talking(slow_end, conversation) as (magpro, _):
        conversation.silent = True
        await until(lambda: magpro.health.state == "silent")
        assert "no message for" in magpro.health.error
        conversation.silent = False
        await until(lambda: magpro.health.state == "ok")
        assert magpro.health.error == ""


async def test_garbage_is_not_a_sign_of_life(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end)
    async with talking(slow_end, conversation) as (magpro, _):
        conversation.silent = True
        for _ in range(100):
            slow_end.send(b"\xfe\x05noise\xff")
            await asyncio.sleep(0.01)
            if magpro.health.state == "silent":
                break
        assert magpro.health.state in ("silent", "lost")
        assert magpro.health.dropped > 0


async def test_messages_nobody_knows_are_skipped(end: FarEnd) -> None:
    conversation = Conversation(end)
    async with talking(end, conversation) as (magpro, heard):
        conversation.say(b"\xf0\x01\x02", b"\xf1", b"\x04" + bytes(12), wire.PulseReport(80, 0, flags()))
        await until(lambda: of(PulseDelivered, heard))
        assert magpro.health.state == "ok"


async def test_half_a_frame_does_not_deafen(slow_end: FarEnd) -> None:
    conversation = Conversation(slow_end)
    async with talking(slow_end, conversation) as (magpro, heard):
        slow_end.send(b"\xfe\x20\x00")
        before = len(of(StimulatorStatus, heard))
        await until(lambda: len(of(StimulatorStatus, heard)) >= before + 2)
        assert magpro.health.state == "ok"


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (Train(0.05, 10), "rate 0.05 Hz is outside"),
        (Train(101, 10), "rate 101 Hz is outside 0.1 to 100 Hz"),
        (Train(0.25, 10), "not a step of 0.1 Hz"),
        (Train(1.5, 10), "not a step of 1 Hz"),
        (Train(1, 0), "0 pulses"),
        (Train(1, 2100), "2100 pulses"),
        (Train(1, 1050), "1050 pulses"),
        (Train(1, 10, 501), "501 trains"),
        (Train(1, 10, 2, 0.0), "interval 0 s"),
        (Train(1, 10, 2, 120.1), "interval 120.1 s"),
    ],
)
async def test_trains_outside_the_limits_are_refused(tmp_path: Path, train: Train, why: str) -> None:
    conversation = Conversation(end := PtyEnd(tmp_path))
    async with talking(end, conversation) as (magpro, _):
        with pytest.raises(Refused, match=why) as refusal:
            await magpro.prepare_train(train)
        assert refusal.value.remedy
    conversation.finished()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"fyre": "03"}, "unknown option 'fyre' .did you mean fire"),
        ({"fire": "04"}, "fire must be one of"),
        ({"poll_hz": 50.0}, "poll_hz must be"),
        ({"poll_hz": "often"}, "poll_hz"),
        ({"coils": {"big": "x"}}, "coil type numbers"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=f"tms: .*{why}"):
        MagPro("tms", time.monotonic_ns, make_link("tcp:127.0.0.1:1"), options)


def test_the_off_frame() -> None:
    assert bytes.fromhex("FE02020091FF") == OFF_FRAME
    assert MagPro("tms", time.monotonic_ns, make_link("tcp:127.0.0.1:1")).off_bytes == OFF_FRAME
