"""What `bedside analyse orientation` can be asked: its options, and the settings that a command line names."""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bedside.analyse.magnetometer_files import Calibration, day_of, read_calibrations
from bedside.analyse.recorded import WHOLE, Part, part_arguments, part_of


@dataclass(frozen=True)
class OrientationSettings:
    """The part of a recording, the sensors wanted, the magnetometer's use, and what is to be told.

    `calibrations` by sensor: None where none was given. `joint` is proximal, distal and the posture (from s, to s) that
    counts as zero.
    """

    part: Part = WHOLE
    sensors: tuple[str, ...] = ()
    compass: bool = True
    calibrations: Mapping[str, Calibration] | None = None
    calibrate: bool = False
    recorded_on: date | None = None
    joint: tuple[str, str] | None = None
    neutral_s: tuple[float, float] | None = None
    gyro_range_deg_s: float | None = None
    samples: bool = False


def orientation_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse orientation`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="NPZ, CSV, or the folder of a recording")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    text = "only this sensor: its name in the file, or where it is worn; may be repeated"
    parser.add_argument("--sensor", action="append", default=[], metavar="NAME", help=text)
    text = "a calibration that --calibrate --json wrote, or none: heading by the gyroscope alone"
    parser.add_argument("--magnetometer", metavar="CALIBRATION.json|none", help=text)
    text = "the file is a sensor turned every way: fit its magnetometer, and say whether the fit may be used"
    parser.add_argument("--calibrate", action="store_true", help=text)
    text = "the day of the recording, by which a calibration holds or has expired"
    parser.add_argument("--recorded-on", metavar="YYYY-MM-DD", help=text)
    text = "the angle of the joint between two sensors; needs --neutral"
    parser.add_argument("--joint", nargs=2, metavar=("PROXIMAL", "DISTAL"), help=text)
    text = "the posture that counts as 0 degrees of the joint"
    parser.add_argument("--neutral", nargs=2, type=float, metavar=("FROM_S", "TO_S"), help=text)
    parser.add_argument("--gyro-range-deg-s", type=float, metavar="W", help="of the sensors, where it is known")
    parser.add_argument("--samples", action="store_true", help="with --json: every sample's attitude")
    part_arguments(parser)


def orientation_settings(args: argparse.Namespace) -> OrientationSettings:
    """Settings of a command line. Raises ValueError naming the option."""
    if (args.joint is None) != (args.neutral is None):
        raise ValueError("--joint and --neutral belong together")
    if args.calibrate and (args.joint or args.magnetometer):
        raise ValueError("--calibrate: goes without --joint and --magnetometer")
    if args.neutral is not None and not (0 <= args.neutral[0] < args.neutral[1] < math.inf):
        raise ValueError(f"--neutral {args.neutral[0]:g} {args.neutral[1]:g}: give two rising times")
    if args.joint is not None and args.joint[0] == args.joint[1]:
        raise ValueError(f"--joint {args.joint[0]} {args.joint[1]}: give two sensors")
    if args.gyro_range_deg_s is not None and not args.gyro_range_deg_s > 0:
        raise ValueError(f"--gyro-range-deg-s {args.gyro_range_deg_s:g}: must be more than 0")
    given = args.magnetometer
    return OrientationSettings(
        part=part_of(args),
        sensors=tuple(dict.fromkeys([*args.sensor, *(args.joint or ())])) if args.sensor else (),
        compass=given != "none",
        calibrations=None if given in (None, "none") else read_calibrations(Path(given)),
        calibrate=args.calibrate,
        recorded_on=day_of(args.recorded_on),
        joint=None if args.joint is None else tuple(args.joint),
        neutral_s=None if args.neutral is None else tuple(args.neutral),
        gyro_range_deg_s=args.gyro_range_deg_s,
        samples=args.samples,
    )
