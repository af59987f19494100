"""Assessments by keys alone, in real terminals of 80x24, on simulated sensors: hands, eyes, ears, and what was kept.

What is checked stands in the journal and the files; the screens only say which key comes next.
"""

import asyncio
import contextlib
import hashlib
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest

from bedside.cli import main
from bedside.config import Scale
from bedside.config.captures import load_captures
from bedside.demo.setup import PIN, USER
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    Envelope,
    Event,
    InstrumentClosed,
    OffIntended,
    Signed,
    TrialJudged,
    VisitClosed,
    VisitOpened,
)
from bedside.record.journal import read_journal
from bedside.record.samples import read_samples, segment_files
from bedside.snapshot import Capture, Snapshot
from bedside.station.books import envelopes
from bedside.station.wire import Subscribe
from hal.sim.control import SimControl
from tests.helpers.at_the_screen import Eyes, Opener, Terminal, looking
from tests.helpers.scripted import WAIT_S, until

CONFIGS = Path(__file__).parents[2] / "configs"
BEDSIDE = f"{sys.executable} -m bedside.cli"
AGAIN_S = 10.0
"""A key that did nothing for so long is pressed again, as a person would."""
POLL_S = 0.05
ANSWERING = frozenset("0123456789")
ANSWER_REST_S, DEED_REST_S = 0.4, 0.8
"""A key that comes again sooner may count as held down: one that answers, and one that does something."""
ASSESSMENT = r"\bM +(Open an )?assessment"
E = TypeVar("E", bound=Event)

TELLING = re.compile(
    'mso|intensit|dose[^"]|lf_1hz|lf_01hz|itbs_600|sham|%rmt|pct_rmt|"(arm|tms|preset|sham)":', re.IGNORECASE
)
"""What an assessor's socket and screen must never hold; the bare names of a treatment's steps tell nothing."""


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
    _seen_s: float = 0.0

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
        self._look_beside()

    async def presses(self, *keys: str, till: str | Callable[[], bool]) -> None:
        """Press keys until something is seen, or is so; again where nothing at all has changed for a while."""
        deadline = time.monotonic() + WAIT_S
        while not self._is(till):
            await self._strikes(keys)
            await self._settles(till, f"{keys} till {till}", deadline)
        self._seen_s = time.monotonic()
        self._look_beside()

    async def _settles(self, till: str | Callable[[], bool], what: str, deadline: float) -> None:
        """Wait until something is so, or the screen has not changed for a while; live pictures always change."""
        struck_s, before = time.monotonic(), self._body()
        while not self._is(till) and time.monotonic() - struck_s < AGAIN_S:
            assert time.monotonic() < deadline, f"{what}\n{self.now}"
            if self.capture is None and (body := self._body()) != before:
                struck_s, before = time.monotonic(), body
            await asyncio.sleep(POLL_S)

    def _is(self, till: str | Callable[[], bool]) -> bool:
        return shown(self.kiosk, till) if isinstance(till, str) else till()

    def _body(self) -> str:
        """The kiosk's screen without banner, clock and state lines."""
        return "\n".join(self.kiosk.screen.splitlines()[2:-4])

    @property
    def now(self) -> str:
        """Where it stands, for whom a failure has to tell: the screen, and what the station has open."""
        assess = self.picture.assess
        form = assess.form if assess is not None else None
        at = f"{form.id}: next {form.next_code or 'none'}, {form.open} open" if form is not None else self.capture
        return f"{at}\n{self.kiosk.screen}"

    async def _strikes(self, keys: tuple[str, ...]) -> None:
        """Press each key once, and none again before what its last press did has been seen for a while."""
        for key in keys:
            rest_s = ANSWER_REST_S if len(key) == 1 and key in ANSWERING else DEED_REST_S
            if key in self._struck:
                await asyncio.sleep(max(0.0, max(self._seen_s, self._struck[key]) + rest_s - time.monotonic()))
            self.kiosk.keys(key)
            self._struck[key] = time.monotonic()

    def _look_beside(self) -> None:
        if self.beside is not None:
            self.seen.append(self.beside.screen)

    async def types(self, title: str, text: str, *, then: str) -> None:
        """Type into the line of that title once it is open."""
        await self.sees(f"─ {title}.* ─")
        self.kiosk.keys(text, "Enter")
        self._struck |= dict.fromkeys((*text, "Enter"), time.monotonic())
        await self.sees(then)
        self._seen_s = time.monotonic()

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
            if item.code in given:
                await self._has(item.code)
        await self.presses("y", till=lambda: self.picture.assess is not None and self.picture.assess.form is None)

    async def _has(self, code: str) -> None:
        """Wait until the station has a scale's item."""
        await until(lambda: self._kept(code), f"{code} at the station", lambda: self.now)

    def _kept(self, code: str) -> bool:
        form = self.picture.assess.form if self.picture.assess is not None else None
        item = next((one for one in form.items if one.code == code), None) if form is not None else None
        return item is not None and (item.value is not None or bool(item.missing))

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


def digits(scale: Scale, *levels: str) -> dict[str, tuple[str, ...]]:
    """These levels for the items that have some, in their order."""
    items = [item for item in scale.items if item.kind == "levels"]
    longer = {level for level in levels for item in items if any(a[:-1] == level for a in item.allowed)}
    keys = ((level, "Enter") if level in longer else (level,) for level in levels)
    return dict(zip((item.code for item in items), keys, strict=True))


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
