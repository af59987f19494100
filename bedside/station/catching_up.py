"""What a client missed: its events are read and told a page at a time, and the station does its work in between."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

from bedside.events import Envelope

MOST_WAITING = 10_000


class TooFarBehind(Exception):
    """More happened while the client was told of the past than is kept for it."""


class CatchingUp:
    """One client's way to the present: `tell` sends an event's line, `ready` waits until the client has taken enough.

    What happens meanwhile waits behind what happened before, so that a client hears everything once and in order.
    """

    def __init__(self, tell: Callable[[Envelope], None], ready: Callable[[], Awaitable[None]]) -> None:
        self._tell = tell
        self._ready = ready
        self._waiting: deque[Envelope] = deque()

    def later(self, envelope: Envelope) -> None:
        """Keep an event until all before it are told; raises `TooFarBehind`."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooFarBehind
        self._waiting.append(envelope)

    async def run(self, pages: Iterator[list[Envelope]]) -> None:
        """Tell all of `pages`, which are read in a thread, then what waited. It ends without a pause after the last."""
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            for envelope in page:
                self._tell(envelope)
            await self._ready()
        while self._waiting:
            self._tell(self._waiting.popleft())
