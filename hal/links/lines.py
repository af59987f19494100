"""What control lines are, whichever port carries them."""

from dataclasses import dataclass
from typing import Literal, Protocol

OutputLine = Literal["rts", "dtr"]


@dataclass(frozen=True, slots=True)
class Lines:
    """The input lines as last told: True is the asserted state (+3 to +15 V on an RS-232 port).

    `changes` counts how often CTS, DSR, DCD and RI (in this order) have moved, from any starting number, so that a
    pulse shorter than any look is not missed where the port itself counts (`TIOCGICOUNT`) or tells (RFC 2217).
    """

    cts: bool
    dsr: bool
    dcd: bool
    ri: bool
    changes: tuple[int, int, int, int] = (0, 0, 0, 0)


class LinesBackend(Protocol):
    """What a kind of port does for a `ControlLineLink`, with the same names and errors."""

    @property
    def is_open(self) -> bool:
        """Between `open` and `close`, and not lost."""
        ...

    async def open(self) -> None:
        """Open, both outputs low."""
        ...

    async def set_line(self, line: OutputLine, on: bool) -> None:
        """Switch one output."""
        ...

    async def pulse(self, line: OutputLine, seconds: float) -> None:
        """One output high for `seconds`, then low."""
        ...

    def lower_now(self) -> None:
        """Both outputs low, without waiting; never raises."""
        ...

    async def lines(self) -> Lines:
        """The inputs, read now."""
        ...

    async def changed(self, since: Lines) -> Lines:
        """The inputs once they differ from `since`."""
        ...

    def close(self) -> None:
        """Outputs low, then close."""
        ...
