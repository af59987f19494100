"""What is said of one quiet stand."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Posture:
    """One trial of standing. Lengths in cm, areas in cm2, times in s; what was not measured is NaN, or None.

    `refusal` says why nothing was measured, None when it was. `warnings` say what about the numbers is doubtful;
    `path_trusted` is False when one of them concerns the path, and with it speed and path per area.

    `envelope_area_cm2` is the area of `envelope` ("sector", "hull", "ellipse", "outline" or "outline_closed"),
    `definition` says it in words; hull, sector outline and ellipse are always there as well, the exact outlines (open,
    and with the last point joined to the first) where they were asked for, else None. `path_per_area_per_cm` uses the
    envelope and is None when the area is 0. `mean_speed_cm_s` times `duration_s`, (n - 1) / rate, is the path.
    Offsets are signed means about `origin_cm`; `mean_abs_x_cm` and `mean_abs_y_cm` are mean distances from that origin,
    `rms_x_cm` and `rms_y_cm` are about the trial's own mean. `frequency_hz` is the mean power frequency of both axes.
    The axes of sway are those of the covariance, the direction from the patient's right to the front in degrees.
    """

    path_length_cm: float = math.nan
    mean_speed_cm_s: float = math.nan
    envelope_area_cm2: float = math.nan
    sector_area_cm2: float = math.nan
    hull_area_cm2: float = math.nan
    ellipse_area_cm2: float = math.nan
    outline_area_cm2: float | None = None
    outline_closed_area_cm2: float | None = None
    offset_x_cm: float = math.nan
    offset_y_cm: float = math.nan
    path_per_area_per_cm: float | None = None
    mean_abs_x_cm: float = math.nan
    mean_abs_y_cm: float = math.nan
    rms_x_cm: float = math.nan
    rms_y_cm: float = math.nan
    rms_cm: float = math.nan
    range_x_cm: float = math.nan
    range_y_cm: float = math.nan
    frequency_hz: float = math.nan
    frequency_x_hz: float = math.nan
    frequency_y_hz: float = math.nan
    major_rms_cm: float = math.nan
    minor_rms_cm: float = math.nan
    major_axis_deg: float = math.nan
    rate_hz: float = math.nan
    samples: int = 0
    duration_s: float = math.nan
    lowpass_hz: float | None = None
    filter: str = "as given"
    envelope: str = "sector"
    definition: str = ""
    origin_cm: tuple[float, float] = (0.0, 0.0)
    path_trusted: bool = False
    refusal: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the trial was measured."""
        return self.refusal is None
