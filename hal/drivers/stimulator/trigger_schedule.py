"""When the pulses of a train are due, on absolute times: no pulse's delay moves another."""

import asyncio
from collections.abc import AsyncIterator, Callable

from hal.roles import Train

NS = 1_000_000_000
LATE = 0.2
"""The share of an interval by which a pulse may be late and still be given; so the next is never closer than 0.8."""
NAP_S = 0.05
"""The longest sleep between two looks at the clock."""
FIRST_NAP_S = 0.002
"""The first one, while nothing is known of the clock's speed."""


class Schedule:
    """The times of one train on the caller's clock (ns), which may run at another speed than the event loop's."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._train = Train(1.0, 1)
        self._start_ns = 0
        self._speed: float | None = None

    def begin(self, train: Train) -> None:
        """The first pulse is due now."""
        self._train = train
        self._start_ns = self._now_ns()

    def due_ns(self, index: int) -> int:
        """When pulse `index` (from 0) is due."""
        train, pulse = divmod(index, self._train.pulses)
        period_s = (self._train.pulses - 1) / self._train.rate_hz + self._train.inter_train_s
        return self._start_ns + round((train * period_s + pulse / self._train.rate_hz) * NS)

    async def due(self) -> AsyncIterator[bool]:
        """At each pulse's time: False when it is to be given, True when its time has passed by too much."""
        for index in range(self._train.total):
            due_ns = self.due_ns(index)
            await self._until(due_ns)
            yield self._now_ns() - due_ns > LATE * NS / self._train.rate_hz

    async def _until(self, due_ns: int) -> None:
        """Sleep until then in the loop's time, by how fast the caller's clock was seen to run in the sleep before."""
        loop = asyncio.get_running_loop()
        while (left_ns := due_ns - self._now_ns()) > 0:
            looked_ns, slept_s = self._now_ns(), loop.time()
            nap_s = FIRST_NAP_S if self._speed is None else min(NAP_S, left_ns / NS / self._speed)
            await asyncio.sleep(nap_s)
            passed_s = loop.time() - slept_s
            if passed_s > 0:
                self._speed = max(0.1, (self._now_ns() - looked_ns) / NS / passed_s)
