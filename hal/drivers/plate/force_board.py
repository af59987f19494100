"""A force board of four load cells on a serial port, or two boards of four, one a foot (docs/protocols/force-board.md).

Lost samples are found by the board's counter, times come from its clock, mapped onto the station's. Gains and zero are
the device file's, found by `plate_math.solve_gains` with a known mass. Not tried on hardware.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hal.clockmap import ClockMap
from hal.device import Refused, Vitals
from hal.drivers.plate.force_board_codec import (
    ASK_HEADER,
    RAIL_HIGH,
    RAIL_LOW,
    BoardHeader,
    BoardSample,
    ForceBoardLines,
)
from hal.drivers.plate.force_board_time import RATE_ERROR, Following, SampleOrder
from hal.drivers.plate.plate_math import MAX_RESIDUAL_PCT, Array, cell_positions_cm
from hal.drivers.plate.plate_stream import StreamingPlate
from hal.drivers.rate_check import RateCheck
from hal.linked import Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles.plate import PlateSide

VERSION = 1
LEAST_SWAY_HZ = 50.0
"""The posturography society's lower limit for a rate of sampling (Scoppa 2013); below, the path comes out too short."""
MICROSECOND_NS = 1000.0
RATE_REMEDY = "set the converters' rate pins, and the rate in its program, to the same"
LEVEL_NS = 500_000_000
"""Arrivals of so long tell where the board's clock is: what had waited in the port comes first, in one heap."""


@dataclass(frozen=True, slots=True)
class ForceBoardOptions:
    """Options of a device file. Lists run over the cells in the order of the protocol.

    `spacing_cm` is the distance between cells across and along one board, the origins are the centres of two boards
    seen from the middle between them. `calibrated` (YYYY-MM-DD) and `residual_pct` say when and how well the gains were
    found; without them the loads are nominal. Without `zero_counts` the board must be zeroed before it is used.
    """

    gains_kg_per_count: tuple[float, ...]
    zero_counts: tuple[float, ...] = ()
    calibrated: str = ""
    residual_pct: float | None = None
    boards: Literal[1, 2] = 1
    side: PlateSide = "both"
    rate_hz: float = 80.0
    spacing_cm: tuple[float, float] = (40.0, 40.0)
    left_origin_cm: tuple[float, float] = (-15.0, 0.0)
    right_origin_cm: tuple[float, float] = (15.0, 0.0)
    least_kg: float = 20.0

    def __post_init__(self) -> None:
        cells = 4 * self.boards
        if len(self.gains_kg_per_count) != cells or not all(self.gains_kg_per_count):
            raise ValueError(f"gains_kg_per_count needs {cells} gains other than 0")
        if len(self.zero_counts) not in (0, cells):
            raise ValueError(f"zero_counts needs {cells} counts")
        if self.residual_pct is not None and not 0 <= self.residual_pct <= MAX_RESIDUAL_PCT:
            raise ValueError(f"residual_pct is above {MAX_RESIDUAL_PCT:g} %: calibrate the board again")
        if self.calibrated:
            date.fromisoformat(self.calibrated)
        if min(self.spacing_cm) <= 0 or self.least_kg <= 0 or not 1 <= self.rate_hz <= 1000:
            raise ValueError("spacing_cm and least_kg must be above 0, rate_hz from 1 to 1000")
        if self.boards == 2 and self.side != "both":
            raise ValueError("two boards carry both feet")

    def positions_cm(self) -> Array:
        """Where the cells are (cm), shape (cells, 2)."""
        origins = ((0.0, 0.0),) if self.boards == 1 else (self.left_origin_cm, self.right_origin_cm)
        return cell_positions_cm(self.spacing_cm, origins)


def _rate_check(rate_hz: float) -> RateCheck:
    return RateCheck(rate_hz, 1e6, RATE_REMEDY, counted=True, share=RATE_ERROR)


class _Held(NamedTuple):
    """A sample with its count on the board's clock, waiting for the map of that clock."""

    counts: tuple[int, ...]
    micros: int
    lost: int
    arrived_ns: int


class ForceBoard(StreamingPlate):
    """A `hal.roles.ForcePlate` of four or eight cells."""

    default_baud = 115_200

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=0.5, reopen_s=3.0),  # noqa: B008 - frozen
    ) -> None:
        self.options = parse_options(ForceBoardOptions, options or {}, device=name)
        super().__init__(
            name,
            now_ns,
            link,
            patience,
            side=self.options.side,
            positions_cm=self.options.positions_cm(),
            least_kg=self.options.least_kg,
            zero_known=bool(self.options.zero_counts),
        )
        self._gains = np.array(self.options.gains_kg_per_count)
        self._zero = np.array(self.options.zero_counts or (0.0,) * len(self._gains))
        self._lines = ForceBoardLines()
        self._order = SampleOrder()
        self._clock = ClockMap(MICROSECOND_NS, bits=32)
        self._header: BoardHeader | None = None
        self._rate = _rate_check(self.options.rate_hz)
        self._repeated = 0
        self._held: list[_Held] = []
        self._level_ns: int | None = None

    @property
    def rate_hz(self) -> float:
        """The rate the board tells (Hz), the device file's until it has."""
        return self._header.rate_hz if self._header is not None else self.options.rate_hz

    @property
    def dropped(self) -> int:
        """Samples lost, and lines that were damaged or repeated."""
        return super().dropped + self._lines.rejected + self._repeated

    @property
    def vitals(self) -> Vitals:
        """Rate, loss and clock, and what to know about this board."""
        vitals, options, clock = super().vitals, self.options, self._clock
        notes = vitals.notes
        if not options.calibrated:
            notes += ("not calibrated: its loads are nominal",)
        elif options.residual_pct is not None:
            notes += (f"calibrated {options.calibrated}, to {options.residual_pct:.2g} %",)
        if self.rate_hz < LEAST_SWAY_HZ:
            notes += (f"{self.rate_hz:g} samples a second: too slow for sway",)
        vitals = replace(vitals, attention=vitals.attention + self._rate.attention, notes=notes)
        if not clock.known:
            return vitals
        return replace(
            vitals,
            clock_offset_ms=clock.offset_ms,
            clock_drift_ppm=clock.drift_ppm,
            clock_spread_ms=clock.spread_ms,
        )

    def on_link_up(self) -> None:
        """Ask who is there; a half line from before is void."""
        super().on_link_up()
        self._lines.forget()
        self._clock_restarted()
        self._order.reconnected()
        self._rate.forget()
        self.link.write(ASK_HEADER)

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; raises `Refused` for a board of another kind than the device file's."""
        now_ns = self.now_ns()
        for line in self._lines.feed(data):
            if isinstance(line, BoardHeader):
                self._check(line.cells, line.version)
                self._header = line
                self._rate = _rate_check(line.rate_hz)
            else:
                self._check(len(line.counts))
                self._sampled(line, now_ns)

    def loads_kg(self, counts: NDArray[np.int64]) -> Array:
        """Loads (kg) by the device file's zero and gains."""
        loads: Array = (counts - self._zero) * self._gains
        return loads

    def at_rail(self, counts: NDArray[np.int64], loads_kg: Array) -> NDArray[np.bool_]:
        """Counts at either end of 24 bits."""
        return (counts <= RAIL_LOW) | (counts >= RAIL_HIGH)

    def _check(self, cells: int, version: int = VERSION) -> None:
        if version != VERSION:
            raise Refused(
                f"it speaks version {version} of the protocol, not {VERSION}",
                device=self.name,
                remedy="put the matching program on the board",
            )
        if cells != len(self._gains):
            raise Refused(
                f"it has {cells} cells, its device file says {len(self._gains)}",
                device=self.name,
                remedy="correct `boards` in the device file, or the port",
            )

    def _sampled(self, sample: BoardSample, now_ns: int) -> None:
        # both wrap now and then, and tell nothing in that step
        self._rate.see(sample.micros, sample.seq)
        follows = self._order.see(sample.seq, sample.micros, now_ns, self._rate.wrong_hz or self.rate_hz)
        if follows is Following.REPEATED:
            self._repeated += 1
            return
        if follows is Following.RESTARTED:
            self._clock_restarted()
        lost = follows if isinstance(follows, int) else self.estimated_loss(now_ns)
        count = self._clock.unwrap(sample.micros, now_ns)
        self._clock.feed(count, now_ns)
        if self._level_ns is None:
            self._level_ns = now_ns + LEVEL_NS
        self._held.append(_Held(sample.counts, count, lost, now_ns))
        if self._clock.settled and now_ns >= self._level_ns:
            self._release_held()
        else:
            self.heard()

    def _clock_restarted(self) -> None:
        """What the board counts now has nothing to do with what it counted before."""
        self._release_held()
        self._clock.restart()
        self._level_ns = None

    def _release_held(self) -> None:
        """Pass on what waited for the clock."""
        held, self._held = self._held, []
        for one in held:
            self.take(one.counts, self._clock.one_ns(one.micros), lost=one.lost, arrived_ns=one.arrived_ns)

    async def greet(self) -> None:
        """Wait for the end of the link; what waited for the clock until then comes out by what is known of it."""
        try:
            await super().greet()
        finally:
            self._release_held()
