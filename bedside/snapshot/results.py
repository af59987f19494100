"""What an instrument found: rows, and the curves of a walk."""

from typing import Literal

import msgspec


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variable beside the previous visit's. `verdict` in words, such as "reached (>= 6)"; `arrow` what it means."""

    key: str
    label: str
    unit: str
    digits: int
    value: float | None
    previous: float | None = None
    change: float | None = None
    arrow: Literal["better", "worse", "same", "none"] = "none"
    verdict: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument or one trial found. `previous` names the visit compared with; a `refusal` says why nothing."""

    title: str
    rows: tuple[ResultRow, ...]
    previous: str = ""
    method: str = ""
    flags: tuple[str, ...] = ()
    refusal: str = ""


class GaitCurve(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over gait cycles at 0, 2 ... 100 % and its standard deviation, empty where it is not drawn.

    `name` is its key in `bedside analyse gait --json`, and carries the unit.
    """

    name: str
    cycles: int
    mean: tuple[float, ...]
    sd: tuple[float, ...] = ()


class GaitStick(msgspec.Struct, frozen=True, array_like=True):
    """A segment at one moment of the mean cycle, from (`x_cm`, `y_cm`), seen from the side, walking to the right.

    Its direction and the foot's way are measured; its length is nominal, and where the sensor sits on it is not known.
    """

    segment: Literal["foot", "shank", "thigh"]
    x_cm: float
    y_cm: float
    to_x_cm: float
    to_y_cm: float


class GaitSide(msgspec.Struct, frozen=True, kw_only=True):
    """One leg's curves; `refusal` says why there is none, `notes` what else to know of them.

    `sticks` are its measured segments at tenths of the cycle; `nominal` names each with the length it is drawn with.
    """

    side: Literal["left", "right"]
    cycles: int = 0
    curves: tuple[GaitCurve, ...] = ()
    toe_off_pct: float | None = None
    clearance_cm: float | None = None
    clearance_sd_cm: float | None = None
    sticks: tuple[GaitStick, ...] = ()
    nominal: tuple[tuple[str, float], ...] = ()
    refusal: str = ""
    notes: tuple[str, ...] = ()

    def curve(self, name: str) -> GaitCurve | None:
        """The curve of that name."""
        return next((curve for curve in self.curves if curve.name == name), None)
