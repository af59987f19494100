"""What every test shares: no leaked task, and no deadline for one example of a property."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from hypothesis import settings

# how long an example takes depends on what else the machine does, and speed is shown in benchmarks
settings.register_profile("bedside", deadline=None)
settings.load_profile("bedside")


@pytest_asyncio.fixture(autouse=True)
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fail a test that ends with its own tasks still running."""
    before = asyncio.all_tasks()
    yield
    own = {asyncio.current_task()}
    leaked = {task for task in asyncio.all_tasks() - before - own if not task.done()}
    for task in leaked:
        task.cancel()
    assert not leaked, f"tasks left running: {sorted(str(task.get_coro()) for task in leaked)}"
