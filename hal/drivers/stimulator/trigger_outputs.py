"""What gives a stimulator its trigger: a control line held high for some milliseconds, or two bytes to a trigger box.

Where a trigger-out is wired back, every rise of it is a proof: one for each pulse given, ours or not. The output is low
from the opening of the port on and whenever a trigger is not being given: some devices fire again for as long as the
level lasts.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol

from hal.device import LinkError, LinkLost, NoAnswer
from hal.links.base import Link
from hal.links.control_line import ControlLineLink
from hal.links.lines import Lines, OutputLine

ProofLine = Literal["cts", "dsr", "none"]
OnProof = Callable[[], None]
CHECK_S = 0.5
"""Pause between two questions whether the port is still there."""


class TriggerOutput(Protocol):
    """A trigger and, where it is wired, the line back. All methods run on the event loop's thread."""

    @property
    def address(self) -> str:
        """The link's address."""
        ...

    @property
    def is_open(self) -> bool:
        """Open and not known to be lost."""
        ...

    @property
    def proves(self) -> bool:
        """Whether a trigger-out is wired back."""
        ...

    @property
    def off_bytes(self) -> bytes:
        """What lowers the output, for the guard; empty where no bytes do."""
        ...

    def fileno(self) -> int | None:
        """The descriptor that takes `off_bytes`."""
        ...

    async def open(self) -> None:
        """Open, output low; raises `LinkError`, `NoAnswer`, `Refused`."""
        ...

    async def pulse(self) -> None:
        """One trigger; raises `LinkError`, `NoAnswer`, `Refused`."""
        ...

    async def low(self) -> None:
        """The output low, confirmed as far as the port can; raises `LinkError`, `NoAnswer`, `Refused`."""
        ...

    def low_now(self) -> None:
        """The output low without waiting; never raises."""
        ...

    async def watch(self, on_seen: Callable[[], None], on_proof: OnProof) -> None:
        """Tell of every sign of the port's life and of every proof; ends only by `LinkError` or `NoAnswer`."""
        ...

    def close(self) -> None:
        """Output low, then close; safe to call twice."""
        ...


class LineTrigger:
    """RTS or DTR as trigger, CTS or DSR as proof."""

    off_bytes = b""

    def __init__(self, link: ControlLineLink, line: OutputLine, proof: ProofLine, pulse_s: float) -> None:
        self._link = link
        self._line = line
        self._proof = proof
        self._pulse_s = pulse_s

    @property
    def address(self) -> str:
        """The link's address."""
        return self._link.address

    @property
    def is_open(self) -> bool:
        """Open and not known to be lost."""
        return self._link.is_open

    @property
    def proves(self) -> bool:
        """Whether a trigger-out is wired back."""
        return self._proof != "none"

    def fileno(self) -> None:
        """No bytes lower a control line; closing its port does."""

    async def open(self) -> None:
        """Open the port; both its outputs are low then."""
        await self._link.open()

    async def pulse(self) -> None:
        """The line high for the pulse's length."""
        await self._link.pulse(self._line, self._pulse_s)

    async def low(self) -> None:
        """The line low, confirmed by the port."""
        await (self._link.set_rts(False) if self._line == "rts" else self._link.set_dtr(False))

    def low_now(self) -> None:
        """Both outputs low."""
        self._link.lower_now()

    async def watch(self, on_seen: Callable[[], None], on_proof: OnProof) -> None:
        """Ask for the inputs every `CHECK_S`, and hear the proof line in between."""
        before = await self._link.lines()
        while True:
            on_seen()
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    if not self.proves:
                        await asyncio.Event().wait()
                    now = await self._link.changed(before)
                    self._tell(before, now, on_proof)
                    before = now
                    continue
            now = await self._link.lines()
            self._tell(before, now, on_proof)
            before = now

    def _tell(self, before: Lines, now: Lines, on_proof: OnProof) -> None:
        for _ in range(self._rises(before, now) if self.proves else 0):
            on_proof()

    def _rises(self, before: Lines, now: Lines) -> int:
        """How often the proof line rose: its changes alternate, beginning with a rise where it was low."""
        place = 0 if self._proof == "cts" else 1
        was_high = before.cts if self._proof == "cts" else before.dsr
        moved = now.changes[place] - before.changes[place]
        return moved // 2 if was_high else (moved + 1) // 2

    def close(self) -> None:
        """Both outputs low, then close."""
        self._link.close()


class BoxTrigger:
    """A byte that raises a box's output and one that lowers it; `echo` is the byte the box answers per pulse seen."""

    def __init__(self, link: Link, high: int, low: int, echo: int | None, pulse_s: float) -> None:
        self._link = link
        self._high = bytes((high,))
        self._low = bytes((low,))
        self._echo = echo
        self._pulse_s = pulse_s
        self._lost = False

    @property
    def address(self) -> str:
        """The link's address."""
        return self._link.address

    @property
    def is_open(self) -> bool:
        """Open and not known to be lost."""
        return self._link.fileno() is not None and not self._lost

    @property
    def proves(self) -> bool:
        """Whether the box answers a pulse with a byte."""
        return self._echo is not None

    @property
    def off_bytes(self) -> bytes:
        """The byte that lowers the output."""
        return self._low

    def fileno(self) -> int | None:
        """The open port's descriptor."""
        return self._link.fileno()

    async def open(self) -> None:
        """Open the port and lower the output."""
        await self._link.open()
        self._lost = False
        self._link.write(self._low)

    async def pulse(self) -> None:
        """The output high for the pulse's length; lowered also when cancelled meanwhile."""
        if self._lost:
            raise LinkLost(f"connection {self.address} ended", remedy="check the trigger box's cable")
        self._link.write(self._high)
        try:
            await asyncio.sleep(self._pulse_s)
        finally:
            self.low_now()

    async def low(self) -> None:
        """The output low; a box confirms nothing, so the port's taking the byte is all there is."""
        if self._lost:
            raise LinkLost(f"connection {self.address} ended", remedy="check the trigger box's cable")
        self._link.write(self._low)

    def low_now(self) -> None:
        """The output low without waiting."""
        with suppress(LinkError):
            self._link.write(self._low)

    async def watch(self, on_seen: Callable[[], None], on_proof: OnProof) -> None:
        """Take the box's bytes; a box that says nothing lives for as long as its port does."""
        on_seen()
        try:
            while True:
                for byte in await self._link.read():
                    on_seen()
                    if byte == self._echo:
                        on_proof()
        except (LinkError, NoAnswer):
            self._lost = True
            raise

    def close(self) -> None:
        """Output low, then close."""
        self.low_now()
        self._link.close()
