"""Assessments by keys alone, in real terminals of 80x24, on simulated sensors: what was keyed, recorded and found.

The checks read the journal and the files; the screens only say which key comes next.
"""

import asyncio
import contextlib
import hashlib
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest

from bedside import commands as c
from bedside.cli import main
from bedside.config import Scale
from bedside.config.captures import load_captures
from bedside.config.scale_files import load_scales
from bedside.demo.setup import ANSWERS, PIN, USER
from bedside.demo.therapist import Script as Knowledge
from bedside.demo.therapist import next_command
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    Envelope,
    Event,
    InstrumentClosed,
    OffIntended,
    PulseIntended,
    Role,
    Signed,
    TrialJudged,
    VisitClosed,
    VisitOpened,
)
from bedside.record.journal import read_journal
from bedside.record.samples import read_samples, segment_files
from bedside.snapshot import Capture, Snapshot
from bedside.station.books import envelopes
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import SnapshotMessage, Subscribe
from hal.sim.control import SimControl
from tests.helpers.at_the_screen import Eyes, Opener, Terminal, looking, terminals

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

CONFIGS = Path(__file__).parents[2] / "configs"
BEDSIDE = f"{sys.executable} -m bedside.cli"
WAIT_S = 180.0
AGAIN_S = 10.0
"""A key that did nothing for so long is pressed again, as a person would."""
SAME_KEY_S = 0.8
"""A key that comes again sooner may count as held down."""
ASSESSMENT = r"\bM +(Open an )?assessment"
WALK_S, CYCLE_S = 26.0, 30.0
FEET = ("imu_nus_left", "imu_nus_right")
PLATE = "force_board_dual"
E = TypeVar("E", bound=Event)

TELLING = re.compile(
    'mso|intensit|dose[^"]|lf_1hz|lf_01hz|itbs_600|sham|%rmt|pct_rmt|"(arm|tms|preset|sham)":', re.IGNORECASE
)
"""What an assessor's socket and screen must never hold; the bare names of a treatment's steps tell nothing."""


@pytest.fixture
def terminal() -> Iterator[Opener]:
    with terminals() as open_one:
        yield open_one


async def until(condition: Callable[[], bool], what: str, now: Callable[[], object] = str) -> None:
    """Wait for a condition, or fail with what is there instead."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_S:g} s\n{now()}"
        await asyncio.sleep(0.05)


def shown(screen: Terminal, words: str) -> bool:
    """Whether this regular expression is found on a screen."""
    return re.search(words, screen.screen, re.MULTILINE) is not None


def telling(text: str) -> list[str]:
    """What in a text tells something of the treatment, with what is about it."""
    return [text[max(0, found.start() - 60) : found.end() + 60] for found in TELLING.finditer(text)][:5]


class Overheard:
    """Every byte that the station says to a second assessor's terminal."""

    def __init__(self) -> None:
        self.said = bytearray()

    async def listen(self, run: Path) -> None:
        """Keep all of it until cancelled."""
        reader, writer = await asyncio.open_unix_connection(run / "assess.sock")
        writer.write(msgspec.json.encode(Subscribe(since=0)) + b"\n")
        try:
            while part := await reader.read(1 << 16):
                self.said += part
        finally:
            writer.close()

    @property
    def tells(self) -> list[str]:
        """What in it tells something of the treatment, with what is about it."""
        words = bytes(self.said).decode(errors="replace")
        # any letters stand by chance in the signals' base64
        return telling(re.sub(r'"(low|high)":"[^"]*"', "", words))


@dataclass
class Day:
    """A demonstration with its kiosk, the screen of a blinded assessor beside it, and what both showed."""

    root: Path
    kiosk: Terminal
    eyes: Eyes
    overheard: Overheard
    beside: Terminal | None = None
    seen: list[str] = field(default_factory=list)
    _struck: dict[str, float] = field(default_factory=dict)

    @property
    def picture(self) -> Snapshot:
        """What the station shows now."""
        assert self.eyes.picture is not None
        return self.eyes.picture

    @property
    def capture(self) -> Capture | None:
        """The open capture."""
        return self.picture.assess.capture if self.picture.assess is not None else None

    async def sees(self, words: str, *, at: Terminal | None = None) -> None:
        """Wait for a screen that fits this regular expression."""
        screen = at or self.kiosk
        await until(lambda: shown(screen, words), words, lambda: screen.screen)
        if self.beside is not None:
            self.seen.append(self.beside.screen)

    async def presses(self, *keys: str, till: str | Callable[[], bool]) -> None:
        """Press keys until something is seen, or is so; again where the screen has not changed for a while."""
        words, so = (till, lambda: shown(self.kiosk, till)) if isinstance(till, str) else (str(keys), till)
        deadline, still_s, before = time.monotonic() + WAIT_S, 0.0, self._body()
        while not so():
            now, body = time.monotonic(), self._body()
            assert now < deadline, f"{keys}: {words}\n{self.kiosk.screen}\n{self.capture}"
            if body != before and self.capture is None:
                before, still_s = body, now
            if now - still_s > AGAIN_S:
                await self._strikes(keys)
                still_s = time.monotonic()
            await asyncio.sleep(0.05)
        if self.beside is not None:
            self.seen.append(self.beside.screen)

    def _body(self) -> str:
        """The kiosk's screen without banner, clock and state lines."""
        return "\n".join(self.kiosk.screen.splitlines()[2:-4])

    async def _strikes(self, keys: tuple[str, ...]) -> None:
        """Press each key once, and none again at once."""
        for key in keys:
            await asyncio.sleep(max(0.0, self._struck.get(key, 0.0) + SAME_KEY_S - time.monotonic()))
            self.kiosk.keys(key)
            self._struck[key] = time.monotonic()

    async def types(self, title: str, text: str, *, then: str) -> None:
        """Type into the line of that title once it is open."""
        await self.sees(f"─ {title}.* ─")
        self.kiosk.keys(text, "Enter")
        await self.sees(then)

    async def signs_in(self) -> None:
        """Say who stands at the kiosk."""
        await self.sees("F2 +Sign in")
        await self.presses("F2", till="─ Your user name ─")
        await self.types("Your user name", USER, then="─ Your PIN ─")
        await self.types("Your PIN", PIN, then="entered")
        await self.presses("F2", till=ASSESSMENT)

    async def opens(self, participant: str, card: str, point: str) -> None:
        """Open the assessment and come to its list."""
        await self.sees(ASSESSMENT)
        await self.presses("m", till="─ Study number ─")
        await self.types("Study number", participant, then="─ Second identifier ─")
        await self.types("Second identifier", card, then=rf"\b1 {self.picture.points[0]}\b")
        number = str(1 + self.picture.points.index(point))
        await self.presses(number, till=rf"Which assessment +{point} ")
        await self.presses("F2", till="1 of 3 +Check in")
        await self.presses("F2", till="2 of 3 +Assess")

    async def scores(self, scale: Scale, given: Mapping[str, tuple[str, ...]]) -> None:
        """Open a scale, give each item its keys in their order, pass the others by, finish."""
        await self.sees(f"F2 +Open {re.escape(scale.title)}")
        at = [rf"(?<!\d){place} of {len(scale.items)}\s*$" for place in range(1, 1 + len(scale.items))]
        await self.presses("F2", till=at[0])
        for item, after in zip(scale.items, [*at[1:], "Review: Y finishes it"], strict=True):
            keys = given.get(item.code, ("Down",))
            if item.kind == "number" and item.code in given:
                await self.presses(keys[0], till="Enter takes it")
                await self.types(re.escape(item.label[:40]), "".join(keys[1:]), then=after)
            elif keys[0] == "n":
                await self.presses("n", till=r"Why\?")
                await self.presses(*keys[1:], till=after)
            else:
                await self.presses(*keys, till=after)
        await self.presses("y", till=lambda: self.picture.assess is not None and self.picture.assess.form is None)

    async def opens_capture(self, title: str) -> None:
        """Open a capture and wait for its sensors."""
        await self.sees(f"F2 +Open {title}")
        await self.presses("F2", till="the live picture is not kept")
        await until(
            lambda: self.capture is not None and all(line.ok for line in self.capture.sensors),
            "the sensors",
            lambda: self.capture,
        )

    async def records(self, seconds: float | None = None) -> None:
        """Start a trial, for another time than planned if one is given, and see it being recorded."""
        if seconds is None:
            await self.presses("w", till=r"\bREC\b")
            return
        await self.presses(".", till="─ Evaluation time ─")
        await self.types("Evaluation time", f"{seconds:g}", then=f"Evaluation time +{seconds:g} s")
        await self.presses("F2", till=r"\bREC\b")

    async def accepts(self) -> None:
        """Wait for the trial's result and take it."""
        await until(lambda: self._last() in ("analysed", "lost"), "a result", lambda: self.capture)
        await self.sees("Accept trial")
        await self.presses("a", till=lambda: self._last() == "accepted")

    def _last(self) -> str:
        return self.capture.done[-1].state if self.capture is not None and self.capture.done else ""

    async def finishes(self, *, whole: bool) -> None:
        """Finish the capture; with trials missing for lack of time."""
        if not whole:
            await self.presses("y", till="Why it is not complete")
            await self.presses("5", till=r"\[x\] Why it is not complete")
        await self.presses("y" if whole else "F2", till=lambda: self.capture is None)

    async def signs(self) -> None:
        """Go to the last step, sign, and leave the visit."""
        await self.presses("F2", till="3 of 3")
        await self.presses("F2", till="─ My PIN ─")
        await self.types("My PIN", PIN, then="entered")
        await self.presses("F2", till=lambda: self.picture.closed)

    async def stops(self, at: Terminal) -> None:
        """Press STOP at a screen."""
        before = self.count(OffIntended)
        at.keys("F12")
        await until(lambda: self.count(OffIntended) > before, "stimulation off", lambda: at.screen)

    async def leaves(self) -> None:
        """Close the kiosk, and with it the demonstration."""
        self.kiosk.keys("Q")
        await until(lambda: self.kiosk.ended, "the end of the demonstration")

    def journal(self) -> list[Envelope]:
        """What the journal holds."""
        return list(envelopes(read_journal(self.root / "data" / "journal", strict=False)))

    def told(self, kind: type[E]) -> list[E]:
        """All events of a kind."""
        return [one.event for one in self.journal() if isinstance(one.event, kind)]

    def count(self, kind: type[Event]) -> int:
        """How many events of a kind there are."""
        return len(self.told(kind))

    @property
    def visit(self) -> Path:
        """The folder of the last visit."""
        return self.root / "data" / "visits" / self.told(VisitOpened)[-1].visit

    def closed(self, instrument: str) -> InstrumentClosed:
        """How an instrument ended last."""
        return next(event for event in reversed(self.told(InstrumentClosed)) if event.instrument == instrument)


@contextlib.asynccontextmanager
async def demonstration(root: Path, terminal: Opener, *options: str) -> AsyncIterator[Day]:
    """A running demonstration at its kiosk, overheard at the assessor's socket, with an assessor's screen beside it."""
    kiosk = terminal("kiosk", " ".join([f"{BEDSIDE} demo --assess --seed 1 --data {root}", *options]))
    async with looking(root / "run") as eyes:
        await until(lambda: eyes.picture is not None, "a station", lambda: kiosk.screen)
        overheard = Overheard()
        listening = asyncio.create_task(overheard.listen(root / "run"))
        day = Day(root, kiosk, eyes, overheard)
        day.beside = terminal("assess", f"{BEDSIDE} assess --run {root / 'run'}")
        try:
            yield day
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class Script:
    """An assessor at a terminal of their own, who asks the station without a screen."""

    def __init__(self, client: StationClient) -> None:
        self.client = client
        self.picture: Snapshot | None = None

    async def listen(self) -> None:
        """Follow the picture, and tell the station that somebody is there, until the station goes."""
        async with asyncio.TaskGroup() as tasks:
            beats = tasks.create_task(self._beat())
            with contextlib.suppress(StationGone):
                async for message in self.client.messages():
                    if isinstance(message, SnapshotMessage):
                        self.picture = message.snapshot
            beats.cancel()

    async def _beat(self) -> None:
        with contextlib.suppress(StationGone):
            while True:
                self.client.beat()
                await asyncio.sleep(0.2)

    async def does(self, *asked: c.AnyCommand) -> None:
        """Ask one after the other; each is carried out."""
        for command in asked:
            reply = await self.client.ask(command)
            assert reply.ok, (command, reply.reason, reply.remedy)

    async def till(self, so: Callable[[Snapshot], bool], what: str) -> None:
        """Wait for a picture."""
        await until(lambda: self.picture is not None and so(self.picture), what, lambda: self.picture)

    async def judged(self, task: str) -> None:
        """Wait for the first trial's result and accept it."""
        await self.till(
            lambda seen: (
                seen.assess is not None
                and seen.assess.capture is not None
                and any(line.state == "analysed" for line in seen.assess.capture.done)
            ),
            "a result",
        )
        await self.does(c.JudgeTrial(task=task, trial=1, accept=True))


@contextlib.asynccontextmanager
async def scripted(run: Path, role: Role) -> AsyncIterator[Script]:
    """A connected script."""
    script = Script(await StationClient.connect(run, role))
    listening = asyncio.create_task(script.listen())
    try:
        yield script
    finally:
        await script.client.close()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def digits(scale: Scale, *levels: str) -> dict[str, tuple[str, ...]]:
    """These levels for the items that have some, in their order."""
    items = [item for item in scale.items if item.kind == "levels"]
    longer = {level for level in levels for item in items if any(a[:-1] == level for a in item.allowed)}
    keys = ((level, "Enter") if level in longer else (level,) for level in levels)
    return dict(zip((item.code for item in items), keys, strict=True))


async def test_a_first_assessment_day_by_keys(
    tmp_path: Path, terminal: Opener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scales = load_scales(CONFIGS)
    fma, bbs, mmt, fac = (scales[name] for name in ("fma_le", "bbs", "mmt", "fac"))
    legs = digits(fma, *"22212101211221121") | {"FML17S": ("3", ".5")}
    balance = digits(bbs, *"43340332321210") | {"BBS05": ("n", "1"), "BBS02S": ("9", "0")}
    strength = digits(mmt, *"454321")
    async with demonstration(tmp_path / "demo", terminal, "--study stroke-ragt-lfrtms") as day:
        assert day.beside is not None
        await day.signs_in()
        await day.opens("D-0017", "1957", "T0")
        await day.sees("2 of 3 +Assess", at=day.beside)
        await day.scores(fma, legs)
        await day.stops(day.beside)
        await day.scores(bbs, balance)
        await day.scores(mmt, strength)
        await day.scores(fac, {"FAC01": ("3",), "FACAID": ("2",)})
        await day.opens_capture("Walking overground")
        assert not list(day.root.rglob("*.mcap*")), "looking alone records nothing"
        await day.records(WALK_S)
        await day.stops(day.kiosk)
        await day.accepts()
        walked = (await truth(day.root))["strides"]
        await day.finishes(whole=False)
        await day.opens_capture("Quiet standing")
        await zero(day)
        await day.records()
        await day.accepts()
        await day.finishes(whole=False)
        await day.signs()
        await day.leaves()
    keyed(day, {"fma_le": total(legs), "bbs": None, "mmt": total(strength), "fac": 3.0})
    assert day.closed("fac").conditions["FACAID"] == "one stick"
    assert day.closed("gait_overground").reason == day.closed("balance_static").reason == "no time"
    assert [stopped.cause for stopped in day.told(CaptureStopped)] == ["time", "time"], "STOP ends no recording"
    recorded_between(day, *FEET, PLATE)
    walk, stand = day.told(CaptureAnalysed)
    again(day, walk, monkeypatch, capsys)
    again(day, stand, monkeypatch, capsys)
    as_walked(walk.values, walked)
    as_one_stands(stand.values)
    closed_and_proven(day, capsys)
    blinded(day, b"FML17S", "Quiet standing")


async def test_a_visit_in_mid_course_after_spinal_cord_injury_by_keys(
    tmp_path: Path, terminal: Opener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lems = load_scales(CONFIGS)["lems"]
    legs = digits(lems, *"3344554433") | {"LEMS_L4L": ("n", "5")}
    async with demonstration(tmp_path / "demo", terminal, "--study isci-itbs-tsdcs") as day:
        async with scripted(day.root / "run", "assess") as script:
            await week_0(script, lems)
        # a sign-in holds where it was made, and the last one was at the other terminal
        await day.signs_in()
        before = day.closed("cycling_5min").values["cadence"]
        await day.opens("D-0031", "1964", "week 4")
        await day.scores(lems, legs)
        await day.opens_capture("Five minutes of cycling")
        await day.records(CYCLE_S)
        await until(lambda: day.capture is not None and day.capture.elapsed_s > 0.8 * CYCLE_S, "most of the ride")
        pedalled = await truth(day.root, CYCLE_S / 2)
        await day.accepts()
        await day.finishes(whole=True)
        shown_beside = day.picture.assess.result if day.picture.assess is not None else None
        await day.sees("week 0")
        await day.signs()
        await day.leaves()
    assert [one.total for one in day.told(InstrumentClosed) if one.instrument == "lems"] == [30.0, None]
    assert day.closed("lems").values == {"right": 19.0}, "the leg that was tested whole"
    cycled = day.closed("cycling_5min")
    assert cycled.outcome == "complete"
    (ridden,) = json.loads((day.visit / day.told(CaptureAnalysed)[-1].report).read_bytes())
    turns = np.median(ridden["legs"][0]["cadence_rpm"])
    assert turns == pytest.approx(pedalled["cadence_rpm"], rel=0.02), "the first turn, from a stand, is slower"
    assert cycled.values["cadence"] == ridden["mean_cadence_rpm"]
    assert shown_beside is not None
    assert shown_beside.previous.startswith("week 0")
    row = next(row for row in shown_beside.rows if row.key == "cadence")
    assert (row.value, row.previous) == (pytest.approx(cycled.values["cadence"]), pytest.approx(before))
    assert row.change == pytest.approx(cycled.values["cadence"] - before)
    again(day, day.told(CaptureAnalysed)[-1], monkeypatch, capsys)
    blinded(day, b"LEMS_L4L", "minutes of cycling")


async def week_0(script: Script, lems: Scale) -> None:
    """The assessment before the first session, with a short ride."""
    scored = [c.ScoreItem(instrument="lems", code=item.code, value="3") for item in lems.items]
    opened = c.OpenAssessment(participant="D-0031", second_identifier="1964", point="week 0")
    await script.does(c.SignIn(user=USER, pin=PIN), opened, c.NextStep(), c.OpenInstrument(instrument="lems"), *scored)
    await script.does(c.CloseInstrument(instrument="lems"), c.OpenInstrument(instrument="cycling_5min"))
    await script.does(c.StartCapture(task="pedal", seconds=CYCLE_S / 2))
    await script.judged("pedal")
    await script.does(c.CloseInstrument(instrument="cycling_5min"), c.NextStep())
    await script.does(c.Sign(pin=PIN, meaning="assessed as recorded"))
    await script.till(lambda seen: seen.closed, "a closed visit")


async def test_potentials_in_mid_course_are_measured_at_the_first_ones_intensity(
    tmp_path: Path, terminal: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "demo"
    terminal("kiosk", f"{BEDSIDE} demo --seed 1 --speed 40 --study isci-itbs-tsdcs --data {root}")
    async with looking(root / "run") as eyes:
        await until(lambda: eyes.picture is not None, "a station")
    async with scripted(root / "run", "control") as script:
        await script.does(c.TakeControl())
        for point in ("week 0 MEP", "week 4 MEP"):
            await potentials(script, point)
    journal = list(envelopes(read_journal(root / "data" / "journal", strict=False)))
    first, later = [one.event for one in journal if isinstance(one.event, InstrumentClosed)]
    assert (first.outcome, later.outcome) == ("complete", "complete")
    assert first.values["intensity_pct_mso"] == int(1.2 * first.values["rmt_pct_mso"])
    assert later.values["intensity_pct_mso"] == first.values["intensity_pct_mso"]
    assert later.values["baseline_rmt_pct_mso"] == first.values["rmt_pct_mso"]
    given = [one.event for one in journal if isinstance(one.event, PulseIntended)]
    asked = [pulse.amplitude_pct_mso for pulse in given if pulse.purpose == "assessment"]
    assert set(asked) == {first.values["intensity_pct_mso"]}
    assert len(asked) >= 6
    for found in (first, later):
        for side in ("left", "right"):
            assert found.values[f"{side}_n"] == 3.0
            assert found.values[f"{side}_amplitude_uv"] > 50.0
            assert 20.0 < found.values[f"{side}_latency_ms"] < 50.0
    assert main(["log", "verify", str(root / "data")]) == 0, capsys.readouterr()


async def potentials(script: Script, point: str) -> None:
    """A whole assessment of potentials, as the picture asks for it; all pulses give themselves."""
    knows = Knowledge(USER, PIN, participant="D-0031", second_identifier="1964", answers=ANSWERS)
    opened = c.OpenAssessment(participant=knows.participant, second_identifier=knows.second_identifier, point=point)
    if script.picture is None or not script.picture.user:
        await script.does(c.SignIn(user=USER, pin=PIN))
    await script.does(opened)
    await script.till(lambda seen: seen.step is not None and not seen.closed, point)
    deadline = time.monotonic() + WAIT_S
    while script.picture is not None and not script.picture.closed:
        assert time.monotonic() < deadline, script.picture
        seen = script.picture
        command = next_command(seen, knows)
        if command is None and seen.step is not None and seen.step.id == "mep" and seen.hunt is not None:
            command = None if seen.hunt.pacing or seen.hunt.done else c.SetPacing(automatic=True)
        if command is None:
            await asyncio.sleep(0.05)
            continue
        n = (await script.client.ask(command)).n
        await script.till(lambda now, n=n: now.n >= n, "a newer picture")  # type: ignore[misc]


def total(given: Mapping[str, tuple[str, ...]]) -> float:
    """The sum of the keyed levels."""
    return float(sum(int(keys[0]) for keys in given.values() if len(keys) == 1))


async def truth(root: Path, last_s: float | None = None) -> dict[str, Any]:
    """How the simulated patient moved, in the last seconds or since the beginning."""
    async with SimControl(root / "sim") as sim:
        moved = await sim.ask("movement")
        return moved if last_s is None else await sim.ask("movement", since_s=moved["now_s"] - last_s)


async def zero(day: Day) -> None:
    """Zero the plate while nobody stands on it."""
    assert day.capture is not None
    before = day.capture.sensors[0].calibration
    await day.presses("0", till=lambda: day.capture is not None and day.capture.sensors[0].calibration != before)


def keyed(day: Day, totals: Mapping[str, float | None]) -> None:
    """The totals are those of the keyed digits."""
    assert {name: day.closed(name).total for name in totals} == totals
    for name, value in totals.items():
        assert day.closed(name).outcome == ("partial" if value is None else "complete")
        assert day.closed(name).examiner == USER


def trials(day: Day) -> list[tuple[int, int]]:
    """When each trial was started and stopped (ns of the journal)."""
    journal = day.journal()
    began = [one.mono_ns for one in journal if isinstance(one.event, CaptureStarted)]
    ended = [one.mono_ns for one in journal if isinstance(one.event, CaptureStopped)]
    return list(zip(began, ended, strict=True))


def recorded_between(day: Day, *names: str) -> None:
    """Every sample of these streams lies in a trial, and no trial is without samples."""
    spans = trials(day)
    for name in names:
        times = read_samples(segment_files(day.visit / "raw"), name).times_ns
        inside = [(times > began - 2e8) & (times < ended + 2e8) for began, ended in spans]
        assert np.any(inside, axis=0).all(), f"{name}: recorded outside of a trial"
        assert all(part.any() for part in inside), f"{name}: nothing recorded in a trial"


def again(
    day: Day, found: CaptureAnalysed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Work the trial out again as anybody can, from the journal and the samples, to the byte."""
    assert found.refusal == ""
    kept = (day.visit / found.report).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == found.sha256
    _, _, kind, *options = found.method.split()
    monkeypatch.chdir(day.visit)
    capsys.readouterr()
    assert main(["analyse", kind, "raw", "--json", *options, *span(day, found)]) == 0
    assert capsys.readouterr().out.encode() == kept


def span(day: Day, found: CaptureAnalysed) -> list[str]:
    """The options that name a trial's part of the recording."""
    task = load_captures(CONFIGS)[found.instrument].task(found.task)
    stopped = next(event for event in reversed(day.told(CaptureStopped)) if event.instrument == found.instrument)
    began = [
        one.mono_ns
        for one in day.journal()
        if isinstance(one.event, CaptureStarted) and one.event.instrument == found.instrument
    ][-1]
    assert task is not None
    return [f"--from-ns={began + round(task.skip_s * 1e9)}", f"--to-ns={began + round(stopped.seconds * 1e9)}"]


def as_walked(values: Mapping[str, float], strides: list[dict[str, Any]]) -> None:
    """Speed and stride time are those of the simulated walk."""
    times = np.array([stride["next_contact_s"] - stride["contact_s"] for stride in strides])
    lengths = np.array([stride["length_m"] for stride in strides])
    assert len(strides) > 10
    assert values["gait_cycle"] == pytest.approx(times.mean(), rel=0.03)
    assert values["speed"] == pytest.approx(lengths.sum() / times.sum(), rel=0.05)
    assert values["ten_metre_speed"] == pytest.approx(lengths.sum() / times.sum(), rel=0.08)


def as_one_stands(values: Mapping[str, float]) -> None:
    """What quiet standing measures in people."""
    assert 10.0 < values["path_length"] < 200.0
    assert values["mean_speed"] == pytest.approx(values["path_length"] / 30.0, rel=0.01)
    assert 0.1 < values["envelope_area"] < 60.0
    assert 5.0 < values["load_left"] < 95.0


def closed_and_proven(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    """The visit is signed and closed, the record proves itself, and the report can be made of it."""
    assert all(judged.accepted for judged in day.told(TrialJudged))
    assert day.told(Signed)[-1].user == USER
    assert day.told(VisitClosed)[-1].outcome == "partial"
    capsys.readouterr()
    assert main(["log", "verify", str(day.root / "data")]) == 0, capsys.readouterr()
    page = day.root / "report.html"
    options = ["--html", str(page), "--config", str(day.root / "config")]
    assert main(["report", str(day.root / "data"), *options]) == 0, capsys.readouterr()
    assert "Walking overground" in page.read_text()


def blinded(day: Day, item: bytes, title: str) -> None:
    """Neither the assessor's socket nor any picture of their screen told anything of the treatment."""
    assert len(day.overheard.said) > 100_000
    assert item in day.overheard.said, "the assessment itself is told"
    assert not day.overheard.tells
    assert any(title in screen for screen in day.seen)
    assert not [told for screen in day.seen for told in telling(screen)]
