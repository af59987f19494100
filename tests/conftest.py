"""What every test shares: no leaked task; and in CI the long run of all devices, beside the other tests."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import settings

from tests.helpers.soaking import Background
from tests.helpers.tools import IN_CI

LONG_RUN = "test_nothing_is_lost_with_all_devices_at_once"
SOAKING = pytest.StashKey[Background]()

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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The test that waits for the long run comes last."""
    items.sort(key=lambda item: item.name == LONG_RUN)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the long run with the session, where its test is selected."""
    wanted = any(item.name == LONG_RUN for item in session.items) and not session.config.option.collectonly
    if IN_CI and wanted and SOAKING not in session.config.stash:
        session.config.stash[SOAKING] = Background()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End it, however the session ends."""
    if SOAKING in session.config.stash:
        session.config.stash[SOAKING].end()
        del session.config.stash[SOAKING]


@pytest.fixture
def soaking(request: pytest.FixtureRequest) -> Background | None:
    """The long run; None outside CI."""
    return request.config.stash.get(SOAKING, None)
