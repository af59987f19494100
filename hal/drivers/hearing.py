"""Waiting for a message of a certain kind while a reader that never stops hands over everything that arrives."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

M = TypeVar("M")


class Hearing(Generic[M]):
    """Listeners to a stream of messages of type `M`."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[M], None]] = []

    def tell(self, message: M) -> None:
        """Hand one message to everybody who waits."""
        for listener in tuple(self._listeners):
            listener(message)

    @contextmanager
    def first(self, wanted: Callable[[M], Any]) -> Iterator["asyncio.Future[M]"]:
        """A future of the first message for which `wanted` is true, among those heard inside the block."""
        told: asyncio.Future[M] = asyncio.get_running_loop().create_future()

        def listen(message: M) -> None:
            if not told.done() and wanted(message):
                told.set_result(message)

        self._listeners.append(listen)
        try:
            yield told
        finally:
            self._listeners.remove(listen)
            told.cancel()


async def within(told: "asyncio.Future[M]", seconds: float) -> M | None:
    """What the future brings within `seconds`, else None; it can be waited for again."""
    await asyncio.wait((told,), timeout=seconds)
    return told.result() if told.done() and not told.cancelled() else None
