"""An assessment's state: what its events say of instruments, items and trials. Times are visit time (ns)."""

from collections.abc import Mapping

import msgspec

from bedside.assess.scoring import Entry
from bedside.events import (
    POTENTIALS,
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    DeviceCalibrated,
    Earlier,
    InstrumentClosed,
    InstrumentOpened,
    TrialImported,
    TrialJudged,
)

MEP = POTENTIALS
"""The instrument that the steps of a visit carry out: hotspot, threshold, evoked potentials."""


class Trial(msgspec.Struct, frozen=True):
    """One trial of a task, from its recording's start or its import to a person's verdict.

    `cues` are visit times and words.
    """

    started: CaptureStarted | TrialImported
    started_ns: int
    cues: tuple[tuple[int, str], ...] = ()
    stopped: CaptureStopped | None = None
    analysed: CaptureAnalysed | None = None
    judged: TrialJudged | None = None

    @property
    def task(self) -> str:
        """Its task's id."""
        return self.started.task

    @property
    def running(self) -> bool:
        """Samples are being recorded."""
        return self.stopped is None and self.imported is None

    @property
    def imported(self) -> TrialImported | None:
        """The table of another program that it is, None for a trial that was recorded here."""
        return self.started if isinstance(self.started, TrialImported) else None

    @property
    def seconds(self) -> float:
        """How long it was recorded, here or by the other program; 0 for results, and while it is recorded."""
        return self.imported.seconds if self.imported else self.stopped.seconds if self.stopped else 0.0

    @property
    def awaits_analysis(self) -> bool:
        """Recorded, and nothing is known of it yet."""
        return not self.running and self.analysed is None

    @property
    def counts(self) -> bool:
        """Analysed, and accepted by a person."""
        return (
            self.analysed is not None and not self.analysed.refusal and self.judged is not None and self.judged.accepted
        )


class Work(msgspec.Struct, frozen=True):
    """What was done with one instrument."""

    opened: InstrumentOpened | None = None
    opened_ns: int = 0
    entries: Mapping[str, Entry] = msgspec.field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    closed: InstrumentClosed | None = None

    def of_task(self, task: str) -> tuple[Trial, ...]:
        """The trials of one task."""
        return tuple(trial for trial in self.trials if trial.task == task)


class Assessment(msgspec.Struct, frozen=True):
    """An assessment as far as it is. `open` names the instrument that is worked on, `last` the one closed last.

    `instruments` is the visit's list: what the study plans, then what is done `beyond` its plan. What it plans and was
    not chosen when the assessment opened is `left_out`.
    """

    point: str
    instruments: tuple[str, ...]
    blinded: bool
    due: tuple[str, str] | None = None
    beyond: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    deviations: tuple[str, ...] = ()
    works: Mapping[str, Work] = msgspec.field(default_factory=dict)
    open: str | None = None
    last: str | None = None
    calibrated: Mapping[str, DeviceCalibrated] = msgspec.field(default_factory=dict)

    @property
    def work(self) -> Work:
        """The open instrument's work; raises `KeyError` with none open."""
        return self.works[self.open or ""]

    @property
    def running(self) -> Trial | None:
        """The trial whose samples are being recorded."""
        if self.open is None:
            return None
        trials = self.work.trials
        return trials[-1] if trials and trials[-1].running else None

    @property
    def planned(self) -> tuple[str, ...]:
        """What the study wants at this point, what was left out included."""
        return (*(name for name in self.instruments if name not in self.beyond), *self.left_out)

    @property
    def left(self) -> tuple[str, ...]:
        """Instruments that are not finished."""
        return tuple(name for name in self.instruments if (self.works.get(name) or Work()).closed is None)

    def before(self, instrument: str) -> Earlier | None:
        """The instrument's latest earlier outcome."""
        return next((found for found in reversed(self.earlier) if found.instrument == instrument), None)
