"""The running index of samples from a device that counts nothing: how many are missing, and when each was taken.

Lost samples make all that follow come later than the index says. The newest sample of a bunch is at most one period old
when it arrives, so the lowest lag among the bunches of the next two seconds, against the lowest of the second before,
tells by how many whole samples the index has fallen behind; a delayed bunch leaves no such step. Samples come out with
their index, what is missing before them and, by `ClockMap`, their time: at once while no step is in sight, else when
those two seconds have passed.

What this cannot see: where within its bunch a hole lies (it is put before the bunch); samples missing in the first half
second of a connection; a loss and a rise of the whole delay by as much for two seconds, which look alike. A rate that
is off by more than `FREE_PPM` passes for a regular loss.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hal.clockmap import ClockMap, Ints

FREE_PPM = 1000.0
"""The rate of a device without a counter may be this far from what it was set to (parts per million)."""
FREE_WINDOW_S = 30.0
BUNCH_S = 0.003
"""Arrivals closer than this came with one connection event."""
DECIDE_S = 2.0
DECIDE_BUNCHES = 12
BEGIN_S = 0.6
"""How long the first samples of a connection wait: its level must be known."""
BEFORE_S = 1.5
"""How far back a step's lower level is looked for: no further, for the rate may be off."""
PATIENCE_S = 4.0
"""Longest hold. Where there are too few bunches to decide by then, no loss is claimed before there are."""
STEP = 0.3
"""A step counts from 1 - STEP of a sample on: the lowest lag of a dozen bunches lies near its floor."""


@dataclass(frozen=True, slots=True)
class Run:
    """`n` samples that follow each other; `first` is the running index of the first, `lost` are missing before it.

    They arrived together at `arrival_ns`.
    """

    first: int
    n: int
    lost: int
    arrival_ns: int


@dataclass(slots=True)
class _Bunch:
    """`newest` is the index of its last sample among those received, or the running index once decided."""

    first_ns: int
    arrival_ns: int
    n: int
    newest: int


class FreeRunning:
    """Index and time for samples without counter or clock, at about `rate_hz`.

    `feed` what arrives, take `decided` runs, ask `at_ns` for their times. `reconnect` keeps the index and counts what
    is missed meanwhile. Times are good to 5 ms RMS at 1 % loss in bursts, beside the constant delay.
    """

    def __init__(self, rate_hz: float, *, window_s: float = FREE_WINDOW_S, decide_s: float = DECIDE_S) -> None:
        self.map = ClockMap(1e9 / rate_hz, window_s=window_s, max_ppm=FREE_PPM)
        self.lost = 0
        self.received = 0
        self._period_ns = 1e9 / rate_hz
        self._decide_ns = decide_s * 1e9
        self._held: deque[_Bunch] = deque()
        self._before: deque[_Bunch] = deque()
        self._anew = True

    def feed(self, n: int, arrival_ns: int) -> None:
        """`n` samples, n >= 1, arrived together; arrivals must not run backwards."""
        self.received += n
        last = self._held[-1] if self._held else None
        if last is not None and arrival_ns - last.first_ns < BUNCH_S * 1e9:
            last.n += n
            last.newest = self.received - 1
            last.arrival_ns = arrival_ns
        else:
            self._held.append(_Bunch(arrival_ns, arrival_ns, n, self.received - 1))

    def decided(self, now_ns: int) -> list[Run]:
        """What can be decided at `now_ns`, in order."""
        runs: list[Run] = []
        while self._held and (lost := self._missing(now_ns)) is not None:
            if self._anew:
                self._begin(lost)
            runs.append(self._take(self._held[0], lost))
        return runs

    def reconnect(self) -> list[Run]:
        """The connection has ended: what is held comes out, and what arrives next follows after a pause.

        No loss is claimed for what is held, too few arrivals tell of it; it is counted with the pause.
        """
        runs = [self._take(self._held[0], 0) for _ in range(len(self._held))]
        self._anew = True
        return runs

    def at_ns(self, run: Run) -> Ints:
        """Times (ns, shape (n,)) of a run's samples, strictly rising over all runs; ask before the next is decided."""
        return self.map.at_ns(np.arange(run.first, run.first + run.n))

    # details

    def _missing(self, now_ns: int) -> int | None:
        """Samples missing before the first bunch that is held; None while that cannot be told."""
        waited_ns, enough = now_ns - self._held[0].first_ns, len(self._held) > DECIDE_BUNCHES
        needed_ns = BEGIN_S * 1e9 if self._anew else self._decide_ns
        if waited_ns >= PATIENCE_S * 1e9 or (waited_ns >= needed_ns and enough):
            return self._step(self._held[0]) if self._anew or enough else 0
        # what arrives later can only lower the floor: where there is no step now, there is none
        return 0 if not self._anew and self._step(self._held[0]) == 0 else None

    def _take(self, head: _Bunch, lost: int) -> Run:
        self.lost += lost
        self._held.popleft()
        head.newest += self.lost
        self._before.append(head)
        while head.first_ns - self._before[0].first_ns > BEFORE_S * 1e9:
            self._before.popleft()
        self.map.feed(head.newest, head.arrival_ns)
        return Run(head.newest - head.n + 1, head.n, lost, head.arrival_ns)

    def _step(self, head: _Bunch) -> int:
        """Samples missing before the first bunch that is held."""
        if not self._before:
            return 0
        before = self._floor(self._before, 0)
        # a bunch just before the hole may be late itself: it must not be moved to before it could have been sent
        own = self._floor((head,), self.lost) - before
        if not self._anew and own < 1:
            return 0
        behind = self._floor(self._window(), self.lost) - before
        return max(0, round(behind) if self._anew else int(min(behind + STEP, own)))

    def _floor(self, bunches: Iterable[_Bunch], shift: int) -> float:
        """The lowest lag in samples, drift taken out, against an origin that all calls of one decision share."""
        head, share = self._held[0], 1.0 / (self._period_ns * (1.0 + self.map.drift_ppm / 1e6))
        start_ns, newest = head.arrival_ns, head.newest
        lowest = min([(bunch.arrival_ns - start_ns) * share - (bunch.newest - newest) for bunch in bunches])
        return lowest - shift

    def _window(self) -> list[_Bunch]:
        """The bunches that decide about the first: those of the next `decide_s`, and a dozen at least."""
        until_ns = self._held[0].first_ns + (BEGIN_S * 1e9 if self._anew else self._decide_ns)
        return [b for i, b in enumerate(self._held) if i <= DECIDE_BUNCHES or b.first_ns <= until_ns]

    def _begin(self, lost: int) -> None:
        """The level of a new connection is that of its first bunches: the very first may have been late."""
        self._anew = False
        self._before.clear()
        self.map.restart()
        window, per = self._window(), self._period_ns
        level_ns = min(b.arrival_ns - round((b.newest - window[0].newest) * per) for b in window)
        self.map.feed(window[0].newest + self.lost + lost - 1, level_ns - round(per))
