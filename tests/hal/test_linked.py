"""The life of a link below a driver: first attempt, backoff, faults of the driver itself."""

import asyncio
import time
from itertools import pairwise

import pytest

from hal import supervised
from hal.device import HealthChanged, LinkNotFound, Reading
from hal.linked import LinkedDevice, Patience
from hal.links.address import make_link
from tests.helpers.far_ends import TcpEnd, finishes, until

IMPATIENT = Patience(silence_s=0.2, reopen_s=0.4, first_retry_s=0.01, last_retry_s=0.02)


class Echo(LinkedDevice):
    """Every byte is a message; `!` is one it chokes on."""

    role = "test"

    def on_bytes(self, data: bytes) -> None:
        if b"!" in data:
            raise ZeroDivisionError("choked")
        self.heard()


@pytest.fixture
def echo() -> Echo:
    return Echo("echo", time.monotonic_ns, make_link("tcp:127.0.0.1:1"), IMPATIENT)


async def test_opening_an_absent_device_returns_and_says_why(echo: Echo) -> None:
    heard: list[Reading] = []
    echo.subscribe(heard.append)
    await finishes(echo.open())
    assert echo.health.state == "lost"
    assert "nothing listens" in echo.health.error
    assert echo.health.remedy
    await asyncio.sleep(0.1)
    states = [reading.health.state for reading in heard if isinstance(reading, HealthChanged)]
    assert states == ["connecting", "lost"], "the same failure again is not told again"
    await finishes(echo.close())
    await finishes(echo.close())
    assert echo.health.state == "closed"


async def test_the_link_closes_with_the_device() -> None:
    end = TcpEnd()
    await end.plug()
    end.on_connect = lambda: end.send(b"hi")
    echo = Echo("echo", time.monotonic_ns, make_link(end.address), IMPATIENT)
    await finishes(echo.open())
    assert echo.fileno() is not None
    await finishes(echo.close())
    assert echo.fileno() is None
    await finishes(echo.open())
    assert (echo.health.state, echo.reopened) == ("ok", False), "opened by its owner, not reopened by itself"
    await finishes(echo.close())
    await end.unplug()


async def test_a_fault_in_a_driver_is_loud_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    end = TcpEnd()
    await end.plug()
    end.on_connect = lambda: end.send(b"hi")
    echo = Echo("echo", time.monotonic_ns, make_link(end.address), IMPATIENT)
    heard: list[Reading] = []
    echo.subscribe(heard.append)
    await finishes(echo.open())
    end.send(b"!")
    await until(lambda: echo.health.reconnects == 1 and echo.health.state == "ok")
    assert any("driver fault: choked" in r.health.error for r in heard if isinstance(r, HealthChanged))
    assert "echo: driver fault" in caplog.text
    await finishes(echo.close())
    await end.unplug()


async def test_silence_reopens_the_link() -> None:
    end = TcpEnd()
    await end.plug()
    echo = Echo("echo", time.monotonic_ns, make_link(end.address), IMPATIENT)
    await finishes(echo.open())
    assert echo.health.state == "silent"
    await until(lambda: echo.health.reconnects >= 1)
    await finishes(echo.close())
    await end.unplug()


class Clumsy(Echo):
    """Its goodbye or its release fails in a way that nobody foresaw."""

    farewell: Exception | None = None
    stumbles = 0

    async def goodbye(self) -> None:
        if self.farewell is not None:
            raise self.farewell

    async def release(self) -> None:
        await super().release()
        if self.stumbles:
            self.stumbles -= 1
            raise ZeroDivisionError("stumbled")


async def test_a_link_that_never_opens_holds_up_nobody(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "SETTLE_S", 0.05)
    monkeypatch.setattr(echo.link, "open", asyncio.Event().wait)
    await finishes(echo.open())
    assert echo.health.state == "connecting"
    await finishes(echo.close())


async def test_a_goodbye_that_fails_leaves_nothing_running() -> None:
    end = TcpEnd()
    await end.plug()
    end.on_connect = lambda: end.send(b"hi")
    clumsy = Clumsy("clumsy", time.monotonic_ns, make_link(end.address), IMPATIENT)
    await finishes(clumsy.open())
    clumsy.farewell = ZeroDivisionError("no good")
    with pytest.raises(ZeroDivisionError):
        await finishes(clumsy.close())
    assert clumsy.health.state == "closed"
    assert clumsy.fileno() is None
    await end.unplug()


async def test_a_release_that_fails_does_not_end_the_reconnecting(caplog: pytest.LogCaptureFixture) -> None:
    end = TcpEnd()
    await end.plug()
    end.on_connect = lambda: end.send(b"hi")
    clumsy = Clumsy("clumsy", time.monotonic_ns, make_link(end.address), IMPATIENT)
    clumsy.stumbles = 1
    await finishes(clumsy.open())
    end.send(b"!")
    await until(lambda: clumsy.health.reconnects == 1 and clumsy.health.state == "ok")
    assert clumsy.stumbles == 0
    assert "clumsy: cannot close its link" in caplog.text
    await finishes(clumsy.close())
    await end.unplug()


def test_retries_slow_down_to_a_limit() -> None:
    patience = Patience(first_retry_s=0.2, last_retry_s=5.0)
    pauses = [patience.retry_s(attempt) for attempt in range(1, 2000)]
    assert pauses[:5] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert all(earlier <= later for earlier, later in pairwise(pauses))
    assert pauses[-1] == 5.0


def test_errors_name_device_and_remedy() -> None:
    assert str(LinkNotFound("no port", device="tms", remedy="plug it in")) == "tms: no port (plug it in)"


async def test_the_newest_error_is_kept_when_the_device_is_well_again() -> None:
    end = TcpEnd()
    await end.plug()
    end.on_connect = lambda: end.send(b"hi")
    echo = Echo("echo", time.monotonic_ns, make_link(end.address), IMPATIENT)
    await finishes(echo.open())
    assert (echo.health.last_error, echo.health.last_error_ns) == ("", None)
    before_ns = time.monotonic_ns()
    await end.unplug()
    await until(lambda: echo.health.state == "lost" and "nothing listens" in echo.health.error)
    lost = echo.health
    assert lost.last_error == lost.error
    await end.plug()
    await until(lambda: echo.health.state == "ok")
    assert (echo.health.error, echo.health.last_error) == ("", lost.error)
    assert echo.health.last_error_ns == lost.last_error_ns
    assert lost.last_error_ns is not None
    assert before_ns < lost.last_error_ns < time.monotonic_ns()
    end.send(b"more")
    await until(lambda: (echo.health.last_heard_ns or 0) > echo.health.since_ns)
    assert echo.health.last_error == lost.error, "also once more was heard"
    await finishes(echo.close())
    await end.unplug()
