"""A switch on a control line of a serial port: an emergency stop or a foot switch (`line:/dev/ttyUSB0`).

Wiring: the contact stands between an output that supplies it (`supply`, DTR by default) and the input that is read
(`line`, CTS by default), or the input is fed from outside (`supply = "external"`). Closed reads as asserted. An
emergency stop is the opening contact of its button, so that a cut cable, a pulled plug and a dead adapter all read as
pressed; one look at an open contact is enough, only its release is debounced. With a supply of our own, the input must
read open before the supply is switched on: one that does not is shorted, and the contact is refused. It is one more way
to stop the pulses, never the only one. Not tried on hardware.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hal.device import NoAnswer, Refused, Vitals
from hal.drivers.contact.contact_debounce import Debounce
from hal.links.control_line import ControlLineLink
from hal.links.lines import Lines
from hal.options import parse_options
from hal.roles.common import FOOT_SWITCH_PRESSED, STOP_PRESSED
from hal.roles.contact import ContactState, ContactUse
from hal.supervised import Patience, SupervisedDevice

LOOK_S = 0.03
"""How often the port is asked whether it still answers; a change of its lines is told at once, or seen within 5 ms."""
UNREADABLE_S = 0.12
"""How long the port may take to answer before the contact counts as unreadable."""
GRACE_S = 0.02
"""After a loop that was held up, an answer may be there that nobody has looked at yet."""
FALL_S = 0.3
"""How long an input may take to fall after the port was opened."""
DEBOUNCE_MS: Mapping[ContactUse, tuple[float, float]] = {"emergency_stop": (0.0, 50.0), "foot_switch": (10.0, 10.0)}
"""Default waiting times (ms) until an opened and a closed contact is believed."""
InputLine = Literal["cts", "dsr", "dcd", "ri"]
INPUT_LINES: tuple[InputLine, ...] = ("cts", "dsr", "dcd", "ri")
_CHECK = "check the plug and the cable of the button, and the serial adapter"


@dataclass(frozen=True, slots=True)
class ContactOptions:
    """Options of a device file. `debounce_ms` replaces the default; it delays an emergency stop's release only."""

    use: ContactUse
    line: InputLine = "cts"
    supply: Literal["dtr", "rts", "external"] = "dtr"
    debounce_ms: float | None = None

    def __post_init__(self) -> None:
        if self.debounce_ms is not None and not 0 <= self.debounce_ms <= 1000:
            raise ValueError("debounce_ms must be from 0 to 1000")

    def debounce(self) -> Debounce:
        """The rule for this contact."""
        open_ms, close_ms = DEBOUNCE_MS[self.use]
        if self.debounce_ms is not None:
            close_ms = self.debounce_ms
            open_ms = 0.0 if self.use == "emergency_stop" else self.debounce_ms
        return Debounce(open_ms / 1000, close_ms / 1000)


class ContactLine(SupervisedDevice):
    """A `hal.roles.Contact`. Where it cannot be read, an emergency stop is active and a foot switch unknown."""

    role = "contact"
    link_kinds = ("lines",)
    silent_remedy = _CHECK

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: ControlLineLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=0.5, reopen_s=1.5, last_retry_s=1.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, patience)
        self.link = link
        self.options = parse_options(ContactOptions, options or {}, device=name)
        self._debounce = self.options.debounce()
        self._changes = 0
        self._contact = self._state(None)
        self._told = False

    @property
    def address(self) -> str:
        """The link's address, as configured."""
        return self.link.address

    @property
    def use(self) -> ContactUse:
        """What the switch is for."""
        return self.options.use

    @property
    def contact(self) -> ContactState:
        """The present state."""
        return self._contact

    @property
    def vitals(self) -> Vitals:
        """Whether it is pressed, as long as it can be read."""
        pressed = self._contact.active and self._contact.closed is not None
        which = STOP_PRESSED if self.options.use == "emergency_stop" else FOOT_SWITCH_PRESSED
        return Vitals(attention=(which,) if pressed else ())

    # for the supervisor

    @property
    def link_open(self) -> bool:
        """Whether the port is open."""
        return self.link.is_open

    async def connect(self) -> None:
        """Open the port and prove that the input follows its supply; raises `LinkError`, `NoAnswer`, `Refused`."""
        if not self._told:
            self._tell(None)
        await self.link.open()

    async def begin(self) -> None:
        """See the input open, then switch the supply on."""
        if self.options.supply == "external":
            return
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + FALL_S
        while self._asserted(await self._ask()):
            if loop.time() > deadline_s:
                raise Refused(
                    f"{self.options.line.upper()} reads closed without its supply: it is shorted or fed from elsewhere",
                    device=self.name,
                    remedy=f"wire the contact between {self.options.supply.upper()} and {self.options.line.upper()}",
                )
            await asyncio.sleep(0.02)
        await (self.link.set_dtr(True) if self.options.supply == "dtr" else self.link.set_rts(True))

    async def listen(self) -> None:
        """Judge every change of the lines until the link ends; then, before anything else, the contact is unknown."""
        lines: Lines | None = None
        try:
            while True:
                lines = await self._next(lines)
                if lines is None:
                    self._unreadable()
                    self._set_state("silent", error="its port does not answer", remedy=_CHECK)
                else:
                    self._judge(lines)
                    self.heard()
        finally:
            self._unreadable()

    async def release(self) -> None:
        """Close the port; its outputs fall."""
        self.link.close()

    async def goodbye(self) -> None:
        """Nobody listens from now on."""
        self._unreadable()

    # details

    async def _next(self, since: Lines | None) -> Lines | None:
        """The lines once they have changed, a debounce is due or it is time to look; None without an answer."""
        if since is not None:
            pause_s = min(LOOK_S, self._debounce.due_s(asyncio.get_running_loop().time()))
            try:
                async with asyncio.timeout(pause_s):
                    return await self.link.changed(since)
            except TimeoutError:
                pass
        try:
            return await self._ask()
        except NoAnswer:
            return None

    async def _ask(self) -> Lines:
        asking = asyncio.ensure_future(self.link.lines())
        try:
            for pause_s in (UNREADABLE_S, GRACE_S):
                if (await asyncio.wait((asking,), timeout=pause_s))[0]:
                    return asking.result()
        finally:
            asking.cancel()
        raise NoAnswer("its port does not answer", device=self.name, remedy=_CHECK)

    def _asserted(self, lines: Lines) -> bool:
        return bool(getattr(lines, self.options.line))

    def _judge(self, lines: Lines) -> None:
        changes = lines.changes[INPUT_LINES.index(self.options.line)]
        moved, self._changes = changes != self._changes, changes
        self._debounce.see(self._asserted(lines), asyncio.get_running_loop().time(), moved=moved)
        self._tell(self._debounce.closed)

    def _unreadable(self) -> None:
        self._debounce.forget()
        self._tell(None)

    def _tell(self, closed: bool | None) -> None:
        state = self._state(closed)
        if not self._told or (state.closed, state.active) != (self._contact.closed, self._contact.active):
            self._told = True
            self._contact = state
            self.publish(state)

    def _state(self, closed: bool | None) -> ContactState:
        if self.options.use == "emergency_stop":
            return ContactState(self.now_ns(), "emergency_stop", closed, closed is not True)
        return ContactState(self.now_ns(), "foot_switch", closed, closed)
