"""What the variables of one stand must fulfil among each other, ours or a printed table's."""

TOLERANCE = 0.01
"""Programs divide by n samples or by n - 1 steps, and tables are rounded; both stay well under 1 %."""


def broken(
    *,
    path_length_cm: float | None = None,
    mean_speed_cm_s: float | None = None,
    duration_s: float | None = None,
    envelope_area_cm2: float | None = None,
    path_per_area_per_cm: float | None = None,
) -> tuple[str, ...]:
    """The identities that do not hold; one with a number missing is not asked.

    Path = mean speed times duration, and path per area = path / envelope area, each within 1 %. The second one holds
    within one trial and not among means over people.
    """
    names = []
    if path_length_cm is not None and mean_speed_cm_s is not None and duration_s is not None:
        implied = mean_speed_cm_s * duration_s
        if abs(path_length_cm - implied) > TOLERANCE * abs(implied):
            names.append(
                f"path is not mean speed times duration: {path_length_cm:.4g} cm beside {implied:.4g} cm; "
                f"the two imply {_implied(path_length_cm, mean_speed_cm_s)} and not {duration_s:.4g} s"
            )
    if path_length_cm is not None and envelope_area_cm2 is not None and path_per_area_per_cm is not None:
        implied = path_per_area_per_cm * envelope_area_cm2
        if abs(path_length_cm - implied) > TOLERANCE * abs(path_length_cm):
            names.append("path per area is not path over envelope area: of another area, or of other trials")
    return tuple(names)


def _implied(path_cm: float, speed_cm_s: float) -> str:
    return f"{path_cm / speed_cm_s:.4g} s" if speed_cm_s > 0 else "no duration"
