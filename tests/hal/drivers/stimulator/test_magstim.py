"""The Magstim driver in conversation with its far end over a real pty."""

import asyncio
import os
import socket
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import NoAnswer, OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Refused, SetupError
from hal.drivers.stimulator.magstim import OFF_BYTES, Magstim
from hal.drivers.stimulator.magstim_codec import checksum
from hal.guard import Guard
from hal.links.address import make_link
from hal.roles import PulseDelivered, Stimulator, StimulatorStatus, Train, TrainPrepared
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator.magstim_device import UNLOCK_CODE
from hal.sim.stimulator.magstim_state import MagstimState
from hal.sim.world import SimulatedWorld
from tests.helpers.far_ends import PtyEnd, finishes, until
from tests.helpers.magstim import CREDENTIAL, credentials, rig_of, talking

TRAIN = Train(rate_hz=10.0, pulses=40, trains=2, inter_train_s=1.0)
LONG_TRAIN = Train(rate_hz=10.0, pulses=200, trains=2, inter_train_s=1.0)


@pytest.fixture(autouse=True)
def unlock_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch)


def single() -> MagstimState:
    return MagstimState("200_2")


def rapid(version: str = "9.0.1") -> MagstimState:
    return MagstimState("rapid2", version)


def letters(rig: object) -> str:
    return "".join(letter for _, letter, _ in rig.core.requests)


# connecting


@pytest.mark.parametrize("state", [single(), MagstimState("bistim2"), rapid("5.0"), rapid("7.1"), rapid(), rapid("10")])
async def test_every_model_and_version_is_recognised_held_and_told(tmp_path: Path, state: MagstimState) -> None:
    async with talking(tmp_path, state) as (magstim, rig):
        assert isinstance(magstim, Stimulator)
        assert magstim.health.state == "ok"
        assert rig.core.state.remote
        await until(lambda: any(status.temperature_c for status in rig.of(StimulatorStatus)))
        status = rig.of(StimulatorStatus)[-1]
        assert (status.enabled, status.amplitude_pct_mso, status.temperature_c) == (False, 30, 24.0)
        assert status.model == magstim.capabilities.model
        assert (state.model == "rapid2") == (status.train_running is False)
        assert magstim.capabilities.counts_pulses is False
        assert any("reports no single pulse" in note for note in magstim.vitals.notes)
        assert rig.core.refused == 0
    assert not rig.core.state.remote, "control is given back at the end"


async def test_the_wrong_code_is_a_refusal_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch, "0000-00000000-00")
    async with talking(tmp_path, rapid()) as (magstim, _):
        assert magstim.health.state == "lost"
        assert "does not accept the unlock code" in magstim.health.error
        assert "Magstim" in magstim.health.remedy


async def test_a_checksum_left_on_the_code_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = UNLOCK_CODE.encode()
    credentials(tmp_path, monkeypatch, body + bytes((checksum(b"Q" + body),)))
    async with talking(tmp_path, rapid()) as (magstim, rig):
        assert "still has its checksum" in magstim.health.error
        assert "Q" not in letters(rig), "it is never sent"


@pytest.mark.parametrize("options", [{"unlock_credential": ""}, {"unlock_credential": "another"}])
async def test_a_missing_code_is_told_as_that(tmp_path: Path, options: dict[str, str]) -> None:
    async with talking(tmp_path, rapid(), **options) as (magstim, _):
        assert magstim.health.state == "lost"
        assert "unlock code" in magstim.health.error
        assert "credential" in magstim.health.remedy


async def test_a_port_where_nobody_answers_is_told_as_that(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()
    magstim = Magstim("tms", lambda: 0, make_link(end.address), {"model": "200_2", "answer_s": 0.1})
    await finishes(magstim.open())
    assert "nothing answers" in magstim.health.error
    assert "user interface" in magstim.health.remedy
    await magstim.close()
    await end.unplug()


async def test_another_device_on_the_port_is_told_as_that(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path)
    await end.plug()
    end.on_bytes = lambda _data: end.send(b"\xfe\x01\x00\x00\xff")
    magstim = Magstim("tms", lambda: 0, make_link(end.address), {"model": "200_2", "answer_s": 0.1})
    await finishes(magstim.open())
    assert "not as a Magstim 200-2 does" in magstim.health.error
    await magstim.close()
    await end.unplug()


async def test_an_address_that_leaves_request_to_send_high_is_remarked(tmp_path: Path) -> None:
    magstim = Magstim("tms", lambda: 0, make_link(f"serial:{tmp_path}/port"), {"model": "200_2"})
    assert any("?rts=low" in note for note in magstim.vitals.notes)


async def test_control_that_shows_itself_one_reply_later_is_granted(tmp_path: Path) -> None:
    async with rig_of(tmp_path, single()) as rig:
        grant = rig.core._control

        def late(data: str, at_s: float) -> str:
            rig.core.schedule(at_s + 1e-6, lambda s: grant(data, s) and None)
            return ""

        rig.core._control = late
        magstim = rig.make()
        await finishes(magstim.open())
        assert magstim.health.state == "ok"
        await finishes(magstim.close())


async def test_a_port_open_elsewhere_is_told_as_that(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (_, rig):
        second = rig.make()
        await finishes(second.open())
        assert "in use by another program" in second.health.error
        await second.close()


@pytest.mark.parametrize("options", [{"model": "rapid"}, {}, {"model": "rapid2", "poll_s": 0.6}])
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(SetupError):
        Magstim("tms", lambda: 0, make_link(f"serial:{tmp_path}/none"), options)


# the keepalive


async def test_the_keepalive_never_pauses_whatever_else_is_done(tmp_path: Path) -> None:
    state = MagstimState("rapid2", "9.0.1", power_pct=100)
    async with talking(tmp_path, state, speed=1.0, poll_s=0.25) as (magstim, rig):
        await finishes(magstim.set_amplitude(92))
        await finishes(magstim.enable())
        await finishes(magstim.fire())
        await finishes(magstim.off())
        times = [at_s for at_s, _, _ in rig.core.requests]
        assert max(later - earlier for earlier, later in pairwise(times)) < 0.5
        assert (rig.core.lapses, rig.core.refused) == (0, 0)


async def test_without_us_the_device_disarms_by_itself(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        await finishes(magstim.enable())
        magstim.link.close()
        magstim._supervisor.cancel()
        await until(lambda: rig.core.lapses == 1)
        assert not rig.core.state.armed


# amplitude, arming, pulses


@pytest.mark.parametrize("state", [single(), rapid("7.1"), rapid()])
async def test_amplitude_returns_once_the_capacitor_is_there(tmp_path: Path, state: MagstimState) -> None:
    async with talking(tmp_path, state) as (magstim, rig):
        for amplitude in (60, 50):
            await finishes(magstim.set_amplitude(amplitude))
            assert rig.core.level_pct(rig.clock.now_s()) == amplitude
            assert rig.of(StimulatorStatus)[-1].amplitude_pct_mso == amplitude


async def test_amplitude_the_device_keeps_is_a_mismatch(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        rig.core._power = lambda _value, _at_s: ""
        with pytest.raises(ReadBackMismatch, match="should be 48 %, the stimulator reports 30 %"):
            await finishes(magstim.set_amplitude(48))
        assert rig.of(StimulatorStatus)[-1].amplitude_pct_mso == 30, "never what was asked"


async def test_impossible_amplitudes_are_never_sent(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        with pytest.raises(Refused, match=r"tms: amplitude 101 %"):
            await magstim.set_amplitude(101)
        assert "@" not in letters(rig)


async def test_arming_waits_for_ready(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        await finishes(magstim.enable())
        assert rig.core.state.ready
        assert rig.of(StimulatorStatus)[-1].enabled is True
        await finishes(magstim.enable())
        assert rig.core.refused == 0, "an armed device is not armed again"


@pytest.mark.parametrize("model", ["200_2", "bistim2", "rapid2"])
async def test_single_pulses_are_given_and_told(tmp_path: Path, model: str) -> None:
    async with talking(tmp_path, MagstimState(model, power_b_pct=30)) as (magstim, rig):
        await finishes(magstim.set_amplitude(52))
        await finishes(magstim.enable())
        await finishes(magstim.fire())
        given_s = rig.pulses[0][0]
        await until(lambda: rig.core.state.ready and rig.clock.now_s() > given_s + 0.7)
        await finishes(magstim.fire())
        assert [pct for _, pct in rig.pulses] == [52.0, 52.0]
        assert [(pulse.amplitude_pct_mso, pulse.source) for pulse in rig.of(PulseDelivered)] == [(52, "device")] * 2
        assert rig.core.state.power_b_pct == (0 if model == "bistim2" else 30), "a BiStim gives no second pulse"


async def test_pulses_in_quick_succession_are_refused_by_name(tmp_path: Path) -> None:
    async with talking(tmp_path, single(), speed=2.0) as (magstim, rig):
        await finishes(magstim.enable())
        await finishes(magstim.fire())
        with pytest.raises(Refused, match=r"closer than 0\.5 s"):
            await finishes(magstim.fire())
        assert (len(rig.pulses), rig.core.dropped_pulses) == (1, 0)


async def test_a_pulse_that_took_no_charge_is_not_delivered(tmp_path: Path) -> None:
    async with talking(tmp_path, single(), pulse_s=0.2) as (magstim, rig):
        await finishes(magstim.enable())
        fault = rig.fault("lost_pulse")
        with pytest.raises(PulseNotDelivered, match="does not show that its charge is gone"):
            await finishes(magstim.fire())
        assert (fault.strikes, rig.pulses, rig.of(PulseDelivered)) == (1, [], [])


async def test_firing_disarmed_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        with pytest.raises(Refused, match="disarmed"):
            await finishes(magstim.fire())
        assert ("E", "H") not in [request[1:] for request in rig.core.requests]


async def test_nothing_overrides_the_coils_interlock(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        await finishes(magstim.fire())
        assert "b" not in letters(rig)


@pytest.mark.parametrize(
    ("fault", "why"), [("coil_out", "no coil is connected"), ("device_error", "the stimulator reports error")]
)
async def test_faults_of_the_device_refuse_arming(tmp_path: Path, fault: str, why: str) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        struck = rig.fault(fault)
        await until(lambda: magstim.account.fault() is not None)
        with pytest.raises(Refused, match=why) as refusal:
            await finishes(magstim.enable())
        assert refusal.value.remedy
        assert struck.fired_at_s is not None
        assert [why in part.what and bool(part.remedy) for part in magstim.vitals.attention] == [True]


async def test_a_coil_of_40_degrees_is_not_armed(tmp_path: Path) -> None:
    async with talking(tmp_path, single(), heat=CoilHeat(ambient_c=40.2)) as (magstim, rig):
        with pytest.raises(Refused, match=r"the coil is at 40.2 C, 40 C is the limit"):
            await finishes(magstim.enable())
        assert ("E", "B") not in [request[1:] for request in rig.core.requests]


async def test_a_coil_that_gets_hot_while_armed_is_switched_off(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid(), heat=CoilHeat(ambient_c=39.5)) as (magstim, rig):
        fault = rig.fault("overheat:200")
        await finishes(magstim.enable())
        await finishes(magstim.fire())
        await until(lambda: not rig.core.state.armed)
        await until(lambda: any(status.enabled is False for status in rig.of(StimulatorStatus)[-2:]))
        assert fault.fired_at_s is not None
        with pytest.raises(Refused, match="40 C is the limit"):
            await finishes(magstim.enable())


async def test_a_fault_told_before_the_device_is_armed_switches_it_off_too(tmp_path: Path) -> None:
    """The coil comes off between the last look at the device and the request to arm it."""
    magstim = Magstim("tms", lambda: 0, make_link(f"serial:{tmp_path}/none"), {"model": "200_2"})
    for bits, stops in ((0x89, 0), (0x81, 0), (0x82, 1), (0x82, 1)):
        reply = b"E" + bytes((bits,))
        magstim.on_bytes(reply + bytes((checksum(reply),)))
        assert magstim.account.armed == (bits == 0x82)
        assert magstim.stops == stops, "off once, at the first word of being armed without a coil"


async def test_a_bistim_slave_is_not_armed(tmp_path: Path) -> None:
    async with talking(tmp_path, MagstimState("bistim2", mode="R")) as (magstim, _):
        await until(lambda: magstim.account.mode)
        with pytest.raises(Refused, match="slave"):
            await finishes(magstim.enable())


# trains


@pytest.mark.parametrize("version", ["7.1", "9.0.1"])
async def test_trains_are_set_up_read_back_and_started_one_by_one(tmp_path: Path, version: str) -> None:
    async with talking(tmp_path, rapid(version), speed=8.0) as (magstim, rig):
        await finishes(magstim.set_amplitude(40))
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(TRAIN))
        assert rig.of(TrainPrepared)[-1].read_back
        await finishes(magstim.start_train())
        assert rig.of(StimulatorStatus)[-1].train_running
        await until(lambda: len(rig.pulses) == 80)
        first, second = rig.pulses[:40], rig.pulses[40:]
        for train in (first, second):
            assert [round(at_s - train[0][0], 6) for at_s, _ in train] == [k / 10 for k in range(40)]
        gap_s = second[0][0] - first[-1][0]
        assert 1.0 <= gap_s < 5.0, "never early; late by what the wire and the machine take"
        assert not rig.of(PulseDelivered), "nothing reports the pulses of a train"
        await until(lambda: rig.of(StimulatorStatus)[-1].train_running is False)
        assert rig.core.refused == 0


async def test_closing_after_the_cable_is_out_leaves_no_course_behind(tmp_path: Path) -> None:
    async with rig_of(tmp_path, rapid()) as rig:
        magstim = rig.make(off_s=5.0)
        await finishes(magstim.open())
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(LONG_TRAIN))
        await finishes(magstim.start_train())
        fault = rig.fault("cable_out")
        await until(lambda: magstim.health.state == "lost")
        assert fault.strikes
        await finishes(magstim.close())
        await asyncio.sleep(0)
        left = [str(task.get_coro()) for task in asyncio.all_tasks()]
        assert not [task for task in left if "MagstimTrains" in task]


async def test_1200_pulses_at_one_hertz_are_two_trains_of_600(tmp_path: Path) -> None:
    """At this speed a moment of the machine is many seconds of the gap; it is never too short."""
    async with talking(tmp_path, rapid(), speed=800.0) as (magstim, rig):
        await finishes(magstim.set_amplitude(48))
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(Train(rate_hz=1.0, pulses=600, trains=2, inter_train_s=1.0)))
        await finishes(magstim.start_train())
        await until(lambda: len(rig.pulses) == 1200, within_s=30)
        gaps_s = [round(later[0] - earlier[0], 6) for earlier, later in pairwise(rig.pulses)]
        assert gaps_s[:599] == gaps_s[600:] == [1.0] * 599
        assert gaps_s[599] >= 1.0
        assert {pct for _, pct in rig.pulses} == {48.0}
        assert rig.core.lapses == 0


async def test_every_far_end_is_made_by_its_name_and_its_pulses_reach_the_patient(tmp_path: Path) -> None:
    names = {"magstim_rapid2": "rapid2", "magstim_200": "200_2", "magstim_bistim": "bistim2"}
    world = SimulatedWorld(3, tmp_path, also=tuple(names), speed=10.0)
    reached: list[float] = []
    world.patient.stimulate = lambda _at_s, pct: reached.append(pct)
    await world.plug()
    serving = asyncio.create_task(world.run())
    for name, model in names.items():
        link = make_link(f"{world.addresses[name]}?rts=low", default_baud=9600)
        magstim = Magstim(
            name, lambda: int(world.clock.now_s() * 1e9), link, {"model": model, "unlock_credential": CREDENTIAL}
        )
        await finishes(magstim.open())
        await finishes(magstim.set_amplitude(31))
        await finishes(magstim.enable())
        await finishes(magstim.fire())
        await finishes(magstim.close())
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert reached == [31.0] * 3


async def test_after_a_train_a_single_pulse_is_a_single_pulse(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(TRAIN))
        await finishes(magstim.fire())
        await finishes(magstim.off())
        assert len(rig.pulses) == 1


async def test_a_train_read_back_differently_is_a_mismatch(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        rig.core._pulses = lambda _value, _at_s: ""
        with pytest.raises(ReadBackMismatch, match=r"\(100, 40, 40\).*\(100, 1, 40\)"):
            await finishes(magstim.prepare_train(TRAIN))
        with pytest.raises(Refused, match="no train is prepared"):
            await finishes(magstim.start_train())
        assert not rig.of(TrainPrepared)


@pytest.mark.parametrize(
    ("state", "train", "why"),
    [
        (single(), TRAIN, "200-2 gives single pulses only"),
        (rapid(), Train(5.0, 10, burst_pulses=3, inter_pulse_s=0.02), "no bursts"),
        (rapid(), Train(60.0, 60), "above the 50 Hz"),
        (rapid(), Train(1.0, 1200), "longer than the 999.9 s"),
        (rapid("7.1"), Train(1.0, 600, trains=2), "longer than the 99.9 s"),
    ],
)
async def test_trains_it_cannot_give_are_refused_unsent(
    tmp_path: Path, state: MagstimState, train: Train, why: str
) -> None:
    async with talking(tmp_path, state) as (magstim, rig):
        with pytest.raises(Refused, match=why) as refusal:
            await finishes(magstim.prepare_train(train))
        assert refusal.value.remedy
        assert not set(letters(rig)) & set("BD[")


async def test_energy_is_judged_anew_when_the_train_starts(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(Train(50.0, 500)))
        await finishes(magstim.set_amplitude(90))
        with pytest.raises(Refused, match="may last"):
            await finishes(magstim.start_train())
        assert not rig.pulses


async def test_a_train_stopped_at_the_panel_ends_the_course(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(LONG_TRAIN))
        await finishes(magstim.start_train())
        fault = rig.fault("panel_off")
        await until(lambda: fault.strikes)
        await until(lambda: "train 2 of 2 was not given" in magstim.halted)
        given = len(rig.pulses)
        assert given < 200
        await until(lambda: rig.of(StimulatorStatus)[-1].enabled is False)
        assert not rig.core.state.armed
        assert any("train 2 of 2" in note for note in magstim.vitals.notes)


async def test_an_amplitude_that_changed_between_trains_ends_the_course(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        await finishes(magstim.prepare_train(TRAIN))
        await finishes(magstim.start_train())
        rig.core.state.power_pct = 45
        await until(lambda: "the amplitude was 30 % and is now 45 %" in magstim.halted)
        assert len(rig.pulses) == 40
        await until(lambda: not rig.core.state.armed)


# off


@pytest.mark.parametrize("what", ["armed", "train"])
async def test_off_is_confirmed_by_the_device(tmp_path: Path, what: str) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        if what == "train":
            await finishes(magstim.prepare_train(LONG_TRAIN))
            await finishes(magstim.start_train())
        await finishes(magstim.off())
        assert (rig.core.state.armed, rig.core.state.train, rig.core.state.remote) == (False, False, False)
        status = rig.of(StimulatorStatus)[-1]
        assert (status.enabled, status.train_running) == (False, False)
        given = len(rig.pulses)
        polled = len(rig.core.requests) + 2
        await until(lambda: len(rig.core.requests) > polled)
        assert len(rig.pulses) == given, "no further train follows"
        await finishes(magstim.enable())
        assert rig.core.state.ready, "the next command takes control again"


async def test_off_that_is_not_obeyed_is_said(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        await finishes(magstim.enable())
        fault = rig.fault("ignore_off")
        with pytest.raises(OffNotConfirmed, match="still reports armed") as refusal:
            await finishes(magstim.off())
        assert "by hand" in refusal.value.remedy
        assert fault.strikes
        rig.faults.clear(rig.clock.now_s())
        await finishes(magstim.off())


async def test_off_empties_the_queue(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        ramp = asyncio.create_task(magstim.set_amplitude(5))
        waiting = asyncio.create_task(magstim.enable())
        await until(lambda: "@" in letters(rig))
        await finishes(magstim.off())
        for command in (ramp, waiting):
            with pytest.raises(Refused, match="stopped before"):
                await finishes(command)
        assert not rig.core.state.armed


async def test_the_guards_off_bytes_switch_it_off(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        await finishes(magstim.enable())
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        guard = Guard(ours)
        guard.devices["tms"] = (os.dup(magstim.fileno()), magstim.off_bytes)
        await asyncio.to_thread(guard.switch_off, "the station is gone")
        await until(lambda: not rig.core.state.armed)
        assert magstim.off_bytes == OFF_BYTES
        guard.forget("tms")
        ours.close()
        theirs.close()


# a bad wire


async def test_garbage_is_survived_and_counted(tmp_path: Path) -> None:
    async with talking(tmp_path, single(), answer_s=0.1) as (magstim, rig):
        fault = rig.fault("garbage@0+16")
        await until(lambda: fault.strikes > 2)
        await until(lambda: not rig.faults.active("magstim.garbage", rig.clock.now_s()))
        heard = magstim.vitals.received
        await until(lambda: magstim.vitals.received > heard + 4)
        assert magstim.vitals.lost > 0
        await until(lambda: magstim.health.state == "ok")
        await finishes(magstim.set_amplitude(33))


async def test_truncated_replies_are_no_answer(tmp_path: Path) -> None:
    async with talking(tmp_path, single(), answer_s=0.1) as (magstim, rig):
        fault = rig.fault("truncated")
        with pytest.raises(NoAnswer):
            await finishes(magstim.set_amplitude(33))
        assert fault.fired_at_s is not None
        rig.faults.clear(rig.clock.now_s())


async def test_silence_is_noticed_and_off_is_not_claimed(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        await finishes(magstim.enable())
        fault = rig.fault("silence")
        with pytest.raises(OffNotConfirmed) as refusal:
            await finishes(magstim.off())
        assert "by hand" in refusal.value.remedy
        await until(lambda: magstim.health.state in ("silent", "lost"))
        assert fault.fired_at_s is not None
        await until(lambda: rig.core.lapses or not rig.core.state.armed)
        rig.faults.clear(rig.clock.now_s())


async def test_a_pulled_cable_comes_back_disarmed(tmp_path: Path) -> None:
    async with talking(tmp_path, rapid()) as (magstim, rig):
        await finishes(magstim.enable())
        fault = rig.fault("cable_out@0+6")
        await until(lambda: magstim.health.state == "lost")
        await until(lambda: magstim.health.state == "ok")
        assert fault.fired_at_s is not None
        assert magstim.health.reconnects >= 1
        assert not rig.core.state.armed
        await finishes(magstim.enable())


async def test_control_taken_back_is_had_again_disarmed(tmp_path: Path) -> None:
    async with talking(tmp_path, single()) as (magstim, rig):
        await finishes(magstim.enable())
        rig.core.release_remote()
        await until(lambda: rig.of(StimulatorStatus)[-1].enabled is False)
        await until(lambda: rig.core.state.remote)
        assert not rig.core.state.armed


async def test_a_horizon_is_taken_as_software_9_whatever_it_says(tmp_path: Path) -> None:
    async with rig_of(tmp_path, rapid("9.5")) as rig:
        magstim = rig.make(model="horizon")
        await finishes(magstim.open())
        assert (magstim.health.state, magstim.capabilities.model) == ("ok", "Magstim Horizon 9.5")
        await finishes(magstim.close())


@pytest.mark.parametrize("name", ["magstim_rapid2", "magstim_200", "magstim_bistim"])
def test_device_files_are_what_the_driver_takes(name: str) -> None:
    file = tomllib.loads((Path(__file__).parents[4] / "configs" / "devices" / f"{name}.toml").read_text())
    assert (file["id"], file["role"], file["verified"], file["counts_pulses"]) == (name, "stimulator", False, False)
    magstim = build(DeviceSpec(name, file["driver"], file["address"], file["options"]), lambda: 0)
    assert isinstance(magstim, Magstim)
    assert file["address"].endswith("?rts=low")
    assert (file["max_pulses_per_train"] == 600) is magstim.is_rapid
