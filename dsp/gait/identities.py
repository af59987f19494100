"""What the variables of one gait trial must fulfil among each other, ours or a printed table's."""

SUM_TOLERANCE_PCT = 0.5
RELATIVE_TOLERANCE = 0.05
DOUBLE_TOLERANCE_PCT = 1.5


def broken(
    *,
    swing_left_pct: float | None = None,
    stance_left_pct: float | None = None,
    swing_right_pct: float | None = None,
    stance_right_pct: float | None = None,
    stride_length_m: float | None = None,
    gait_cycle_s: float | None = None,
    speed_m_s: float | None = None,
    step_frequency_per_min: float | None = None,
    double_support_pct: float | None = None,
    speed_rounding_m_s: float = 0.0,
) -> tuple[str, ...]:
    """The identities that do not hold; one with a number missing is not asked.

    Swing + stance = 100 +- 0.5 on each side; speed = length / cycle within 5 % or half the printed rounding; step
    frequency = 120 / cycle within 5 %; total double support = stance left + stance right - 100.
    """
    names = []
    for side, swing, stance in (
        ("left", swing_left_pct, stance_left_pct),
        ("right", swing_right_pct, stance_right_pct),
    ):
        if swing is not None and stance is not None and abs(swing + stance - 100) > SUM_TOLERANCE_PCT + 1e-9:
            names.append(f"{side} swing and stance do not sum to 100 %")
    if gait_cycle_s and stride_length_m is not None and speed_m_s is not None:
        implied = stride_length_m / gait_cycle_s
        if abs(speed_m_s - implied) > max(RELATIVE_TOLERANCE * implied, speed_rounding_m_s / 2):
            names.append("speed is not stride length over gait cycle")
    if gait_cycle_s and step_frequency_per_min is not None:
        implied = 120.0 / gait_cycle_s
        if abs(step_frequency_per_min - implied) > RELATIVE_TOLERANCE * implied:
            names.append("step frequency is not 120 over gait cycle")
    if double_support_pct is not None and stance_left_pct is not None and stance_right_pct is not None:
        implied = stance_left_pct + stance_right_pct - 100
        if abs(double_support_pct - implied) > DOUBLE_TOLERANCE_PCT:
            names.append("double support is not stance left + stance right - 100")
    return tuple(names)
