"""Ceilings and floors that hold for every study."""

from typing import Annotated

from msgspec import Meta

from bedside.config.station import Positive
from bedside.config.strict import Section


class TrainRow(Section, frozen=True, kw_only=True):
    """Longest train at one rate (s), one value for each column of `TrainTable.columns_pct_rmt`."""

    rate_hz: Positive
    refuse_s: tuple[float, ...]
    note_s: tuple[float, ...]


class TrainTable(Section, frozen=True, kw_only=True):
    """Longest single trains by rate and intensity."""

    columns_pct_rmt: tuple[int, ...]
    rows: tuple[TrainRow, ...]


class TrainRest(Section, frozen=True, kw_only=True):
    """Rests between trains: never less than `least_s`; from `long_from_hz` on `long_times` a train's length.

    The longer one yields to a physician's signature under the protocol. `continuous_bursts_pct_rmt`: the most that
    bursts without any rest between trains are given at (% RMT).
    """

    least_s: Positive = 5.0
    long_from_hz: Positive = 10.0
    long_times: Positive = 4.0
    continuous_bursts_pct_rmt: Annotated[int, Meta(ge=1, le=100)] = 80


class Totals(Section, frozen=True, kw_only=True):
    """Ceilings on pulses."""

    session_low: Annotated[int, Meta(ge=1)]
    session_high: Annotated[int, Meta(ge=1)]
    session_patterned: Annotated[int, Meta(ge=1)]
    day: Annotated[int, Meta(ge=1)]
    week: Annotated[int, Meta(ge=1)]
    single: Annotated[int, Meta(ge=1)]


class CoilHeat(Section, frozen=True, kw_only=True):
    """Coil temperatures (degrees C): warn, pause, hard stop; below `resume_c` pulses may go on."""

    warn_c: float
    pause_c: float
    stop_c: float
    resume_c: float


class Freshness(Section, frozen=True, kw_only=True):
    """How old (s) what a device said may be and still be believed; these run in real time."""

    status_s: Positive = 1.5
    robot_s: Positive = 1.0
    emg_s: Positive = 2.0
    silence_s: Positive = 3.0
    settle_s: Positive = 5.0


class DiskFloors(Section, frozen=True, kw_only=True):
    """Free room on the data disk (MB, 10^6 bytes) below which no visit begins, no pulse is given, no sample is kept.

    In this order, because the journal counts the dose and is kept to the last.
    """

    start_mb: Annotated[int, Meta(ge=50)] = 1000
    stimulate_mb: Annotated[int, Meta(ge=50)] = 200
    samples_mb: Annotated[int, Meta(ge=50)] = 100


class Limits(Section, frozen=True, kw_only=True):
    """limits.toml: the ceilings that hold for every study."""

    verified: bool
    source: str
    min_isi_s: Positive
    idle_off_s: Positive = 120.0
    totals: Totals
    train: TrainTable
    rest: TrainRest = TrainRest()
    coil: CoilHeat
    fresh: Freshness = Freshness()
    disk: DiskFloors = DiskFloors()
