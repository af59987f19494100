"""Calls that may block in the kernel, kept off the event loop.

A USB adapter in a bad state can hold up the opening, the set-up and the closing of its port for seconds or for ever,
a name server the looking up of a host. None of that may hold up the loop, which stops the stimulator.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

IDLE_S = 1.0
"""How long the thread waits for more work before it ends: longer than any pause between two looks at a port."""


class Hung(Exception):
    """A call has not come back within its time; it goes on in the thread."""


class Worker:
    """One thread, there while it has work: one call after another, in the order in which they were given.

    A call that never comes back keeps the thread and everything behind it, so that a bad port costs one thread however
    often it is tried. The thread does not hold up the end of the program.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._moved = threading.Condition()
        self._runs = False

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Have `call` done; returns at once. Cancelling the result works for as long as the call has not begun."""
        future: Future[T] = Future()
        with self._moved:
            self._jobs.append((future, call))
            self._moved.notify()
            begin, self._runs = not self._runs, True
        if begin:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    async def do(self, call: Callable[[], T], within_s: float, undo: Callable[[T], object] = lambda _made: None) -> T:
        """What `call` returns or raises; raises `Hung` after `within_s` seconds.

        Where nobody waits any more (too late, or cancelled), `undo` is given what the call makes after all, in the
        thread; a call that has not begun is left out.
        """
        future = self.submit(call)
        try:
            async with asyncio.timeout(within_s) as limit:
                return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._leave(future, undo)
            raise
        except TimeoutError as error:
            if not limit.expired():
                raise
            self._leave(future, undo)
            raise Hung from error

    def _leave(self, future: Future[T], undo: Callable[[T], object]) -> None:
        """Nobody waits for it any more. Behind a call that never comes back, it must not lie there for ever."""
        if future.cancel():
            with self._moved:
                self._jobs = deque(job for job in self._jobs if job[0] is not future)
        else:
            future.add_done_callback(partial(self._undo, undo))

    def _undo(self, undo: Callable[[T], object], future: Future[T]) -> None:
        if not future.cancelled() and future.exception() is None:
            made = future.result()
            self.submit(lambda: undo(made))

    def _run(self) -> None:
        while (job := self._next()) is not None:
            _carry_out(*job)
            del job

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._moved:
            self._moved.wait_for(lambda: self._jobs, IDLE_S)
            if self._jobs:
                return self._jobs.popleft()
            self._runs = False
            return None


def _carry_out(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
        future.set_exception(error)
