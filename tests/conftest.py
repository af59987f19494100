"""What every test shares: no leaked task, and a plain word where a tool or recording is missing."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

IN_CI = os.environ.get("CI") == "true"
SHARED_DATA = Path(os.environ.get("BEDSIDE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def need_tool(*names: str) -> None:
    """Skip, naming the missing program; in CI a missing program is a failure."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    message = f"not installed: {', '.join(missing)}"
    if IN_CI:
        pytest.fail(f"CI must install what system tests need; {message}")
    pytest.skip(message)


def need_recordings(folder: str) -> Path:
    """The folder of real recordings beside the project, or a skip that says it is missing."""
    path = SHARED_DATA / folder
    if not path.is_dir():
        pytest.skip(f"real recordings not found at {path} (set BEDSIDE_SHARED_DATA)")
    return path


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
