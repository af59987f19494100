"""The thread for calls that may block: order, time limits, and nothing made that nobody takes back."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from functools import partial

import pytest

from hal.links import worker as module
from hal.links.worker import Hung, Worker
from tests.helpers.far_ends import until


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def _alive(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


async def test_what_a_call_returns_or_raises_comes_back() -> None:
    worker = Worker("one")
    assert await worker.do(lambda: 6 * 7, 5) == 42
    with pytest.raises(ZeroDivisionError):
        await worker.do(lambda: 1 // 0, 5)


def _out_of_time() -> None:
    raise TimeoutError("the kernel's own")


async def test_a_time_out_of_the_call_itself_is_not_ours() -> None:
    with pytest.raises(TimeoutError, match="the kernel's own"):
        await Worker("two").do(_out_of_time, 5)


async def test_calls_keep_their_order_and_the_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    worker, order = Worker("three"), list[int]()
    for number in range(200):
        worker.submit(lambda number=number: order.append(number))  # type: ignore[misc]
    await worker.do(lambda: None, 5)
    assert order == list(range(200))
    await until(lambda: _alive("three") == 0)
    assert await worker.do(lambda: "again", 5) == "again"


async def test_what_comes_too_late_is_undone(gate: threading.Event) -> None:
    worker, undone = Worker("four"), list[str]()
    with pytest.raises(Hung):
        await worker.do(lambda: gate.wait() and "late", 0.02, lambda made: undone.append(str(made)))
    assert undone == []
    gate.set()
    await until(lambda: undone == ["late"])


async def test_what_is_made_after_a_cancel_is_undone(gate: threading.Event) -> None:
    worker, undone, entered = Worker("five"), list[str](), threading.Event()

    def call() -> str:
        entered.set()
        gate.wait()
        return "late"

    task = asyncio.create_task(worker.do(call, 5, undone.append))
    await until(entered.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await until(lambda: undone == ["late"])


async def test_a_cancel_that_meets_the_result_undoes_it_once() -> None:
    worker, made, undone = Worker("six"), list[int](), list[int]()
    taken = []
    for number in range(100):
        task = asyncio.create_task(worker.do(lambda number=number: (made.append(number), number)[1], 5, undone.append))  # type: ignore[misc]
        for _ in range(number % 4):
            await asyncio.sleep(0)
        if number % 3:
            await until(lambda number=number: number in made)  # type: ignore[misc]
        task.cancel()
        result = (await asyncio.gather(task, return_exceptions=True))[0]
        if not isinstance(result, BaseException):
            taken.append(result)
    await worker.do(lambda: None, 5)
    await worker.do(lambda: None, 5)
    assert len(made) > 0
    assert sorted(taken + undone) == sorted(made), "every one is either taken or undone, never both or neither"


async def test_one_stuck_call_costs_one_thread_and_the_ones_behind_it_are_left_out(gate: threading.Event) -> None:
    worker, ran, calls = Worker("seven"), list[int](), list[weakref.ref[object]]()
    with pytest.raises(Hung):
        await worker.do(gate.wait, 0.02)
    for number in range(5):
        call = partial(ran.append, number)
        calls.append(weakref.ref(call))
        with pytest.raises(Hung):
            await worker.do(call, 0.01)
    del call
    gc.collect()
    # the last exception's traceback may still know the last call
    assert [kept() for kept in calls[:-1]] == [None] * 4, "they lie in the queue behind the stuck one"
    assert _alive("seven") == 1
    gate.set()
    assert await worker.do(lambda: "free", 5) == "free"
    assert ran == []
