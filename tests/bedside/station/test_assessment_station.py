"""Assessments on the real station: what is recorded, whose number it is, what an assessor's terminal may ask."""

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from bedside import commands as c
from bedside.cli import main
from bedside.demo.processes import attach, start_station
from bedside.demo.setup import PIN, USER
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    DeviceCalibrated,
    Envelope,
    Event,
    RawSealed,
    Role,
    VisitOpened,
)
from bedside.record.samples import read_samples, segment_files
from bedside.record.streams import PLATE
from bedside.snapshot import Snapshot
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import EventMessage, Live, Reply, ServerMessage, SnapshotMessage, Subscribe
from hal.sim.hands import Hands
from tests.helpers.station_process import CONFIGS, Bedside, bedside_at

SPEED = 5.0
TRIAL_S = 16.0
BOARD = "force_board"


class Terminal:
    """An assessor's terminal, or a kiosk: what it was shown, and what it asks."""

    def __init__(self, client: StationClient) -> None:
        self.client = client
        self.picture: Snapshot | None = None
        self.live: list[Live] = []
        self.told: list[Envelope] = []
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        with contextlib.suppress(StationGone):
            async for message in self.client.messages():
                self._take(message)

    def _take(self, message: ServerMessage) -> None:
        if isinstance(message, SnapshotMessage):
            self.picture = message.snapshot
        elif isinstance(message, Live):
            self.live.append(message)
        elif isinstance(message, EventMessage):
            self.told.append(message.envelope)

    @property
    def load_kg(self) -> float:
        """What the live view shows on the plate."""
        return (self.live[-1].rows[-1][3] or 0.0) if self.live else 0.0

    def heard(self, kind: type[Event]) -> bool:
        """Whether an event of that kind was told."""
        return any(isinstance(envelope.event, kind) for envelope in self.told)

    @property
    def elapsed_s(self) -> float:
        """How long the running trial has lasted, by the picture."""
        assess = self.picture.assess if self.picture is not None else None
        return assess.capture.elapsed_s if assess is not None and assess.capture is not None else 0.0

    async def ask(self, command: c.AnyCommand) -> Reply:
        return await self.client.ask(command)

    async def does(self, *commands: c.AnyCommand) -> None:
        for command in commands:
            reply = await self.ask(command)
            assert reply.ok, (command, reply.reason, reply.remedy)

    async def close(self) -> None:
        await self.client.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


Connect = Callable[[Role], Awaitable[Terminal]]


def short_stand(folder: Path) -> Path:
    """The shipped configuration with one more capture: a stand of a few seconds."""
    shutil.copytree(CONFIGS, folder)
    captures = folder / "instruments" / "captures"
    text = (captures / "balance_static.toml").read_text()
    text = text.replace('"balance_static"', '"stand_short"').replace("seconds = 36.0", f"seconds = {TRIAL_S}")
    text = text.replace("skip_s = 5.0", "skip_s = 2.0").replace("duration_s = 30.0", "duration_s = 8.0")
    (captures / "stand_short.toml").write_text(text)
    return folder


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path / "bed", speed=SPEED, also=(BOARD,), config=short_stand(tmp_path / "config")) as bed:
        await start(bed)
        yield bed


@pytest.fixture
async def connect(bed: Bedside) -> AsyncIterator[Connect]:
    async with contextlib.AsyncExitStack() as stack:

        async def connected(role: Role) -> Terminal:
            terminal = Terminal(await StationClient.connect(bed.layout.run, role))
            stack.push_async_callback(terminal.close)
            return terminal

        yield connected


async def start(bed: Bedside) -> None:
    bed.guard = await start_station(bed.layout.root, bed.options, bed.environ)
    bed.client = await attach(bed.layout.run, bed.guard)


async def opened(bed: Bedside, connect: Connect) -> Terminal:
    """An assessor's terminal with the capture open."""
    terminal = await connect("assess")
    await terminal.does(c.SignIn(user=USER, pin=PIN), assessment_of(bed, "T0", "stand_short"))
    await bed.until(lambda: terminal.picture is not None and terminal.picture.step is not None, "a step")
    await terminal.does(c.NextStep(), c.OpenInstrument(instrument="stand_short"))
    return terminal


async def empty_kg(bed: Bedside, terminal: Terminal) -> float:
    """What the plate shows of itself, before its first zero."""
    await bed.until(lambda: len(terminal.live) > 2, "live values")
    return terminal.load_kg


async def zeroed(bed: Bedside, terminal: Terminal) -> None:
    hands = Hands(bed.world)
    hands.plate(BOARD, on=False)
    async with asyncio.timeout(20):
        while not (await terminal.ask(c.CalibrateDevice(device=BOARD, what="zero"))).ok:
            await asyncio.sleep(0.1)
    hands.plate(BOARD, on=True)


NEW = c.EnrolParticipant(
    participant="NEW-07",
    second_identifier="blue 7",
    paretic_side="left",
    lesion_hemisphere="right",
    consent_version="3",
    consent_date="2026-11-01",
)


def visit_of(bed: Bedside) -> c.OpenVisit:
    return c.OpenVisit(participant=bed.script.participant, second_identifier=bed.script.second_identifier)


def assessment_of(bed: Bedside, point: str, *instruments: str) -> c.OpenAssessment:
    return c.OpenAssessment(
        participant=bed.script.participant,
        second_identifier=bed.script.second_identifier,
        point=point,
        instruments=instruments,
    )


def visit_folder(bed: Bedside) -> Path:
    return bed.layout.data / "visits" / bed.events(VisitOpened)[-1].visit


@pytest.mark.timeout(180)
async def test_trials_are_recorded_between_start_and_stop_and_analysed_by_the_offline_command(
    bed: Bedside, connect: Connect, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = await opened(bed, connect)
    before_kg = await empty_kg(bed, terminal)
    Hands(bed.world).plate(BOARD, on=True)
    await bed.until(lambda: terminal.load_kg > before_kg + 30, "somebody on the plate")
    assert not (await terminal.ask(c.CalibrateDevice(device=BOARD, what="zero"))).ok, "somebody stands on it"
    await zeroed(bed, terminal)
    (zero,) = bed.events(DeviceCalibrated)
    assert zero.residual is not None
    assert zero.residual < 0.5
    await bed.until(lambda: bool(terminal.live) and terminal.live[-1].rows[-1][0] is not None, "a centre of pressure")
    assert {message.stream for message in terminal.live} == {"cop"}
    assert not (visit_folder(bed) / "raw").exists(), "looking alone writes nothing"
    await terminal.does(c.StartCapture(task="eyes_open"))
    assert not (await terminal.ask(c.CalibrateDevice(device=BOARD, what="zero"))).ok, "not in a trial"
    await bed.until(lambda: terminal.heard(CaptureAnalysed), "a result", 60)
    (stopped,) = bed.events(CaptureStopped)
    assert (stopped.cause, stopped.seconds) == ("time", TRIAL_S)
    (found,) = bed.events(CaptureAnalysed)
    assert found.refusal == ""
    assert found.values["path_length"] > 1.0
    assert_recorded_between(bed)
    offline(visit_folder(bed), found, monkeypatch, capsys)
    await terminal.does(c.JudgeTrial(task="eyes_open", trial=1, accept=True))
    numbers = [envelope.n for envelope in terminal.told]
    assert np.diff(numbers).tolist() == [1] * (len(numbers) - 1), "no gap tells what is hidden"
    assert len(bed.envelopes()) > numbers[-1]
    await crash_in_a_trial(bed, terminal, connect)


async def crash_in_a_trial(bed: Bedside, terminal: Terminal, connect: Connect) -> None:
    """What was recorded is kept and analysed, and the record says that the trial was interrupted."""
    await terminal.does(c.StartCapture(task="eyes_open", seconds=600.0))
    await bed.until(lambda: terminal.elapsed_s > 6.0, "some seconds of the second trial")
    os.kill(bed.pid, signal.SIGKILL)
    await bed.ended()
    assert bed.client is not None
    await bed.client.close()
    await start(bed)
    kiosk = await connect("control")
    kiosk.client.subscribe(Subscribe(since=0))
    await bed.until(lambda: sum(isinstance(e.event, CaptureAnalysed) for e in kiosk.told) == 2, "a word on it", 60)
    assert [stopped.cause for stopped in bed.events(CaptureStopped)] == ["time", "interrupted"]
    (found,) = bed.events(CaptureAnalysed)[1:]
    assert "too short" in found.refusal or found.values, "measured as far as it goes, or refused in words"
    began = [e.mono_ns for e in bed.envelopes() if isinstance(e.event, CaptureStarted)]
    run = read_samples(segment_files(visit_folder(bed) / "raw"), BOARD)
    assert (run.times_ns > began[1]).sum() > 3.0 * run.stream.rate_hz, "what was recorded is kept"


def assert_recorded_between(bed: Bedside) -> None:
    journal = bed.envelopes()
    began = next(e.mono_ns for e in journal if isinstance(e.event, CaptureStarted))
    ended = next(e.mono_ns for e in journal if isinstance(e.event, CaptureStopped))
    run = read_samples(segment_files(visit_folder(bed) / "raw"), BOARD)
    assert run.stream.place == PLATE
    assert run.times_ns[0] > began - 1e9
    assert run.times_ns[-1] < ended + 1e8
    assert len(run.values) > 0.9 * TRIAL_S * run.stream.rate_hz
    sealed = {event.name for event in bed.events(RawSealed)}
    assert sealed == {path.name for path in (visit_folder(bed) / "raw").iterdir()}


def offline(
    visit: Path, found: CaptureAnalysed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Do what a person would do with the recording, and compare to the byte."""
    kept = (visit / found.report).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == found.sha256
    (report,) = json.loads(kept)
    part = report["settings"]["part"]
    options = found.method.removeprefix("bedside analyse posture").split()
    options += [f"--from-ns={part['from_ns']}", f"--to-ns={part['to_ns']}"]
    monkeypatch.chdir(visit)
    capsys.readouterr()
    assert main(["analyse", "posture", "raw", "--json", *options]) == 0
    assert capsys.readouterr().out.encode() == kept
    assert found.values["path_length"] == report["posture"]["path_length_cm"]
    assert found.values["offset_x"] == abs(report["posture"]["offset_x_cm"])


async def test_an_assessors_terminal_enrols_and_assesses_and_nothing_else(bed: Bedside, connect: Connect) -> None:
    first, second, kiosk = await connect("assess"), await connect("assess"), await connect("control")
    await kiosk.does(c.TakeControl())
    for command in (visit_of(bed), c.Fire(), c.TakeControl(), c.StartStimulation()):
        assert "may assess" in (await first.ask(command)).reason
    assert "nobody is signed in" in (await first.ask(NEW)).reason
    await first.does(c.SignIn(user=USER, pin=PIN), NEW)
    record = bed.layout.data / "participants" / "NEW-07.toml"
    assert record.stat().st_mode & 0o777 == 0o600
    assert "already" in (await first.ask(NEW)).reason
    assert "nobody is signed in" in (await kiosk.ask(visit_of(bed))).reason, "a sign-in holds where it was made"
    assert "not carried out at an assessor's terminal" in (await first.ask(assessment_of(bed, "T0 MEP"))).reason
    unknown = c.OpenAssessment(participant="NOBODY", second_identifier="x1", point="T0")
    assert "no participant" in (await first.ask(unknown)).reason
    await kiosk.does(c.SignIn(user=USER, pin=PIN))
    refused = await kiosk.ask(c.OpenVisit(participant="NEW-07", second_identifier="blue 7"))
    assert "no allocation" in refused.reason
    await first.does(
        c.SignIn(user=USER, pin=PIN),
        c.OpenAssessment(participant="NEW-07", second_identifier="Blue7", point="T0", instruments=("stand_short",)),
    )
    assert "another assessor's terminal" in (await second.ask(c.NextStep())).reason
    assert "an assessor works" in (await kiosk.ask(c.NextStep())).reason
    assert (await second.ask(c.Stop())).ok, "anybody may stop"
    await first.close()
    left = first.client.hello.client
    await bed.until(lambda: kiosk.picture is not None and left not in str(kiosk.picture.watchers), "it left")
    assert "another assessor" not in (await second.ask(c.NextStep())).reason
