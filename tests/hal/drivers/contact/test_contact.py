"""Contacts over a real RFC 2217 connection: what acts at once, what waits, and that every doubt is a stop."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hal.device import HealthChanged, Reading, SetupError
from hal.drivers.contact.contact import ContactLine
from hal.links.control_line import ControlLineLink
from hal.roles import Contact, ContactState
from hal.sim.contact.contact_device import ContactDevice, emergency_stop, foot_switch
from hal.sim.far_end import Surroundings
from hal.supervised import Patience
from tests.helpers.far_ends import finishes, until
from tests.helpers.plates import served, strike, surroundings

PATIENCE = Patience(silence_s=0.4, reopen_s=0.8, first_retry_s=0.02, last_retry_s=0.05)
OPEN = (False, True)
CLOSED = (True, False)
UNREADABLE = (None, True)


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return surroundings(tmp_path, "emergency_stop")


@pytest.fixture
def button(around: Surroundings) -> ContactDevice:
    return emergency_stop(around)


class Listener:
    """What a contact published, as (closed, active), and what its health was when it did."""

    def __init__(self, far_end: ContactDevice, **options: object) -> None:
        link = ControlLineLink(far_end.address)
        self.driver = ContactLine("stop", time.monotonic_ns, link, {"use": "emergency_stop", **options}, PATIENCE)
        self.states: list[tuple[bool | None, bool | None]] = []
        self.order: list[str] = []
        self.driver.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, ContactState):
            self.states.append((reading.closed, reading.active))
            self.order.append("active" if reading.active else "free")
        elif isinstance(reading, HealthChanged):
            self.order.append(reading.health.state)

    async def until_state(self, wanted: tuple[bool | None, bool | None]) -> None:
        await until(lambda: self.states[-1:] == [wanted])


async def test_an_emergency_stop_pressed_and_released(button: ContactDevice) -> None:
    async with served(button):
        listener = Listener(button)
        driver = listener.driver
        assert isinstance(driver, Contact)
        assert driver.contact.active is True, "unread is pressed"
        await finishes(driver.open())
        await listener.until_state(CLOSED)
        assert listener.states[0] == UNREADABLE
        assert driver.health.state == "ok"
        button.press()
        await listener.until_state(OPEN)
        released_s = time.monotonic()
        button.press(False)
        await listener.until_state(CLOSED)
        assert time.monotonic() - released_s >= 0.05, "its release is debounced"
        await finishes(driver.close())
        assert driver.contact.active is True


async def test_the_supply_is_switched_on_after_the_check_and_off_at_the_end(button: ContactDevice) -> None:
    outputs: list[tuple[bool, bool]] = []
    obey = button.port._on_outputs
    button.port._on_outputs = lambda rts, dtr: (outputs.append((rts, dtr)), obey(rts, dtr))[1]
    async with served(button):
        listener = Listener(button)
        await finishes(listener.driver.open())
        await listener.until_state(CLOSED)
        assert outputs == [(False, True)]
        await finishes(listener.driver.close())
        await until(lambda: outputs == [(False, True), (False, False)])


async def test_a_press_shorter_than_any_look_stops(button: ContactDevice) -> None:
    async with served(button):
        listener = Listener(button)
        await finishes(listener.driver.open())
        await listener.until_state(CLOSED)
        before = len(listener.states)
        button.press()
        button.press(False)
        await until(lambda: len(listener.states) >= before + 2)
        assert listener.states[before:] == [OPEN, CLOSED]
        await finishes(listener.driver.close())


async def test_fault_bounce_gives_one_stop_and_one_release(button: ContactDevice, around: Surroundings) -> None:
    fault = strike(around, "bounce:15")
    async with served(button):
        listener = Listener(button)
        await finishes(listener.driver.open())
        await listener.until_state(CLOSED)
        before = len(listener.states)
        button.press()
        await listener.until_state(OPEN)
        assert button._bouncing is not None
        await until(button._bouncing.done)
        button.press(False)
        await listener.until_state(CLOSED)
        assert fault.strikes == 2
        assert listener.states[before:] == [OPEN, CLOSED]
        await finishes(listener.driver.close())


@pytest.mark.parametrize(("fault", "state"), [("cable_out@0+0.6", "lost"), ("silence@0+0.6", "silent")])
async def test_a_port_that_is_gone_or_dead_is_a_stop_at_once_and_is_read_again(
    button: ContactDevice, around: Surroundings, fault: str, state: str
) -> None:
    async with served(button):
        listener = Listener(button)
        driver = listener.driver
        await finishes(driver.open())
        await listener.until_state(CLOSED)
        struck = strike(around, fault)
        await listener.until_state(UNREADABLE)
        assert struck.fired_at_s is not None
        await until(lambda: driver.health.state == state)
        assert driver.health.error
        assert driver.health.remedy
        assert listener.order.index("active", listener.order.index("free")) < listener.order.index(state), "first stop"
        await listener.until_state(CLOSED)
        assert driver.health.state == "ok"
        await finishes(driver.close())


async def test_a_cut_cable_is_a_stop(button: ContactDevice) -> None:
    async with served(button):
        listener = Listener(button)
        await finishes(listener.driver.open())
        await listener.until_state(CLOSED)
        button.cut = True
        button.show()
        await listener.until_state(OPEN)
        await finishes(listener.driver.close())


async def test_a_shorted_cable_is_refused(button: ContactDevice) -> None:
    button.shorted = True
    async with served(button):
        listener = Listener(button)
        await finishes(listener.driver.open())
        await until(lambda: "shorted" in listener.driver.health.error)
        assert "between DTR and CTS" in listener.driver.health.remedy
        assert set(listener.states) == {UNREADABLE}
        button.shorted = False
        button.show()
        await listener.until_state(CLOSED)
        await finishes(listener.driver.close())


async def test_a_port_that_does_not_supply_is_refused(button: ContactDevice) -> None:
    async with served(button):
        button.port.refuses = {"dtr"}
        listener = Listener(button)
        await finishes(listener.driver.open())
        await until(lambda: "DTR" in listener.driver.health.error)
        assert set(listener.states) == {UNREADABLE}
        await finishes(listener.driver.close())


async def test_a_loop_fed_from_outside_needs_no_supply(button: ContactDevice) -> None:
    async with served(button):
        button._outputs(False, True)
        button.port._on_outputs = lambda _rts, _dtr: None
        listener = Listener(button, supply="external")
        await finishes(listener.driver.open())
        await listener.until_state(CLOSED)
        assert button.port.outputs == {"rts": False, "dtr": False}
        await finishes(listener.driver.close())


async def test_no_port_at_all_is_a_stop(button: ContactDevice) -> None:
    await button.plug()
    listener = Listener(button)
    button.unplug()
    await finishes(listener.driver.open())
    assert listener.states == [UNREADABLE]
    assert listener.driver.health.state == "lost"
    await finishes(listener.driver.close())


async def test_a_foot_switch_is_active_while_closed(tmp_path: Path) -> None:
    around = surroundings(tmp_path, "foot_switch")
    pedal = foot_switch(around)
    async with served(pedal):
        listener = Listener(pedal, use="foot_switch")
        await finishes(listener.driver.open())
        await listener.until_state((False, False))
        pedal.press()
        await listener.until_state((True, True))
        fault = strike(around, "bounce:6")
        pedal.press(False)
        await listener.until_state((False, False))
        assert fault.strikes == 1
        assert listener.states == [(None, None), (False, False), (True, True), (False, False)]
        strike(around, "cable_out")
        await listener.until_state((None, None))
        await finishes(listener.driver.close())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"use": "horn"}, "horn"),
        ({"line": "rts"}, "rts"),
        ({"debounce_ms": -1.0}, "debounce_ms"),
        ({"lines": "cts"}, "unknown option"),
    ],
)
def test_options_that_make_no_sense(button: ContactDevice, options: dict[str, object], why: str) -> None:
    button.port.port = 1
    build: Callable[[], Listener] = lambda: Listener(button, **options)  # noqa: E731
    with pytest.raises(SetupError, match=why):
        build()
