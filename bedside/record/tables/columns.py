"""Our names for the columns of other programs' tables: by what a table is of, and whether it holds samples or results.

The end of a name is the unit its values are kept in. Outside its limits a value is no measurement of a person: it is of
another unit, or of another column.
"""

from collections.abc import Mapping
from typing import Literal

from hal.roles import JOINTS

Kind = Literal["robot", "gait", "balance"]
Holds = Literal["samples", "results"]
Limits = tuple[float, float]

TIME = "time_s"
PHASES = ("off", "fitting", "stand", "walk", "stopping", "fault", "unknown")
JOINT_COLUMNS = {
    "angles_deg": tuple(f"angle_{joint}_deg" for joint in JOINTS),
    "velocities_deg_s": tuple(f"velocity_{joint}_deg_s" for joint in JOINTS),
    "torques_nm": tuple(f"torque_{joint}_nm" for joint in JOINTS),
}
CONTACT_COLUMNS = ("contact_right", "contact_left")
WORDS: dict[str, tuple[str, ...]] = {
    "phase": PHASES,
    **dict.fromkeys(("e_stop", *CONTACT_COLUMNS), ("yes", "no")),
}
"""Columns that hold words, and which."""
COUNTS = ("steps",)

SIDES = ("left", "right")
AXES = ("x", "y", "z")
GYRO = {side: tuple(f"{side}_gyr_{axis}_rad_s" for axis in AXES) for side in SIDES}
ACCEL = {side: tuple(f"{side}_acc_{axis}_m_s2" for axis in AXES) for side in SIDES}
POSITION = ("cop_x_cm", "cop_y_cm")
CELLS = ("top_left_kg", "bottom_left_kg", "top_right_kg", "bottom_right_kg")
"""The cells of one plate; top is where the toes are."""
LOADS = (*CELLS, "left_kg", "right_kg", "fz_kg")

OF_A_FOOT: Mapping[str, Limits] = {
    "step_length_cm": (0.0, 150.0),
    "stride_length_cm": (0.0, 300.0),
    "gait_cycle_s": (0.3, 20.0),
    "speed_m_s": (0.0, 5.0),
    "swing_pct": (0.0, 100.0),
    "stance_pct": (0.0, 100.0),
    "initial_double_support_pct": (0.0, 100.0),
    "terminal_double_support_pct": (0.0, 100.0),
    "single_support_pct": (0.0, 100.0),
    "clearance_cm": (0.0, 100.0),
}
OF_A_WALK: Mapping[str, Limits] = {
    "gait_cycle_s": (0.3, 20.0),
    "step_frequency_per_min": (1.0, 400.0),
    "speed_m_s": (0.0, 5.0),
    "double_support_pct": (0.0, 100.0),
}
DOUBLE_SUPPORT_PARTS = ("double_support_initial_pct", "double_support_terminal_pct")
"""Of the whole walk, as printed tables have them: after a contact and before a toe-off."""
TEN_METRES: Mapping[str, Limits] = {"ten_metre_speed_m_s": (0.0, 5.0), "ten_metre_time_s": (2.0, 600.0)}
OF_A_STAND: Mapping[str, Limits] = {
    "path_length_cm": (0.0, 5000.0),
    "mean_speed_cm_s": (0.0, 200.0),
    "envelope_area_cm2": (0.0, 5000.0),
    "ellipse_area_cm2": (0.0, 5000.0),
    "path_per_area_per_cm": (0.0, 1000.0),
    "offset_x_cm": (-50.0, 50.0),
    "offset_y_cm": (-50.0, 50.0),
    "rms_x_cm": (0.0, 50.0),
    "rms_y_cm": (0.0, 50.0),
    "duration_s": (1.0, 3600.0),
}
OF_BOTH_LEGS: Mapping[str, Limits] = {
    "load_left_pct": (0.0, 100.0),
    "load_right_pct": (0.0, 100.0),
}

COLUMNS: Mapping[tuple[Kind, Holds], tuple[str, ...]] = {
    ("robot", "samples"): (
        TIME,
        "phase",
        "speed_kmh",
        "body_weight_support_kg",
        "assist_pct",
        "e_stop",
        "steps",
        "distance_m",
        *(name for names in JOINT_COLUMNS.values() for name in names),
        *CONTACT_COLUMNS,
    ),
    ("gait", "samples"): (TIME, *(name for side in SIDES for name in (*GYRO[side], *ACCEL[side]))),
    ("balance", "samples"): (TIME, *POSITION, *LOADS),
    ("gait", "results"): (
        *OF_A_WALK,
        *DOUBLE_SUPPORT_PARTS,
        *TEN_METRES,
        *(f"{side}_{name}" for side in SIDES for name in OF_A_FOOT),
    ),
    ("balance", "results"): (*OF_A_STAND, *OF_BOTH_LEGS),
}
LIMITS: Mapping[str, Limits] = {
    "speed_kmh": (0.0, 30.0),
    "body_weight_support_kg": (0.0, 200.0),
    "assist_pct": (0.0, 100.0),
    "steps": (0.0, 1e6),
    "distance_m": (0.0, 1e5),
    **{name: (-80.0, 80.0) for side in SIDES for name in GYRO[side]},
    **{name: (-2000.0, 2000.0) for side in SIDES for name in ACCEL[side]},
    **dict.fromkeys(POSITION, (-100.0, 100.0)),
    **dict.fromkeys(LOADS, (-500.0, 500.0)),
    **OF_A_WALK,
    **dict.fromkeys(DOUBLE_SUPPORT_PARTS, (0.0, 100.0)),
    **TEN_METRES,
    **{f"{side}_{name}": limits for side in SIDES for name, limits in OF_A_FOOT.items()},
    **OF_A_STAND,
    **OF_BOTH_LEGS,
}
TURNABLE = frozenset({*POSITION, "offset_x_cm", "offset_y_cm"}) | {
    name for side in SIDES for name in (*GYRO[side], *ACCEL[side])
}
"""Columns whose sign depends on how a program lays its axes."""
