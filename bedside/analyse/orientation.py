"""Attitude of the sensors of a file, the angle of a joint between two, and calibrations of magnetometers."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.magnetometer_files import as_values, calibrate
from bedside.analyse.orientation_files import Sensor, Sensors, read_fields, read_sensors
from bedside.analyse.orientation_options import OrientationSettings
from bedside.analyse.plain import plain
from dsp.orientation import Orientation, fit_magnetometer, joint_angle, orientation
from dsp.orientation.attitude import WATCH_S

FRAME = "quaternions w x y z, sensor to earth: x east, y (magnetic) north, z up"
MAGNET_SCALE_UT = (5.0, 500.0)
"""Iron on a board may add to the earth's field as much as this; beyond, it is gauss, nanotesla or counts."""
FREE = "6-axis: the magnetometer was not to be used; heading is relative"


def orientation_report(path: Path, settings: OrientationSettings) -> dict[str, Any]:
    """Every sensor of a file as values that JSON knows. Raises BadRecordingError."""
    if settings.calibrate:
        fields = read_fields(path, settings.part, settings.sensors)
        fitted = {name: calibrate(field, settings.recorded_on) for name, field in fields.items()}
        rows = [{"name": name, "calibration": as_values(one)} for name, one in fitted.items()]
        return dict(plain({"file": path, "sensors": rows}))
    read = read_sensors(path, settings.part, settings.sensors)
    found = {name: _oriented(read, name, sensor, settings) for name, sensor in read.by_name.items()}
    report = {
        "file": path,
        "rate_hz": read.rate_hz,
        "frame": FRAME,
        "sensors": [_values(name, found[name], read, settings) for name in found],
        "joint": _joint(read, found, settings),
    }
    return dict(plain(report))


def orientation_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [report["file"]]
    for one in report["sensors"]:
        lines += _calibration_lines(one) if "calibration" in one else _sensor_lines(one)
    joint = report.get("joint")
    if joint is not None:
        name = f"  {joint['proximal']} to {joint['distal']}"
        if joint["refusal"]:
            lines.append(f"{name}  REFUSED: {joint['refusal']}")
        else:
            low, high = joint["range_deg"]
            lines.append(f"{name}  {low:.1f} to {high:.1f} degrees, {joint['off_axis_deg']:.1f} beside the axis (RMS)")
    return "\n".join(lines) + "\n"


def _oriented(read: Sensors, name: str, sensor: Sensor, settings: OrientationSettings) -> Orientation:
    fit = None
    if settings.calibrations is not None and sensor.mag_ut is not None:
        known = settings.calibrations.get(name)
        # one that does not exist is asked of no samples, and says so
        fit = fit_magnetometer(np.empty((0, 3))) if known is None else known.on(settings.recorded_on)
    spin = settings.gyro_range_deg_s
    return orientation(
        sensor.motion,
        sensor.mag_ut if settings.compass else None,
        rate_hz=read.rate_hz,
        calibration=fit,
        gyro_range_rad_s=None if spin is None else math.radians(spin),
    )


def _values(name: str, found: Orientation, read: Sensors, settings: OrientationSettings) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "refusal": found.refusal,
        "flags": _flags(found, read.by_name[name], settings),
    }
    if found.refusal:
        return told
    part, rate_hz = found.measured, read.rate_hz
    up = found.quaternions[part]
    # cosine of the angle between the sensor's z axis and the vertical
    tilt_deg = np.degrees(np.arccos(np.clip(1 - 2 * (up[:, 1] ** 2 + up[:, 2] ** 2), -1, 1)))
    by_compass = found.by_compass[part]
    watched = by_compass[round(WATCH_S * rate_hz) :]
    share = float(np.mean(by_compass))
    with_field = settings.compass and read.by_name[name].mag_ut is not None
    bias = found.rest_bias_rad_s
    told |= {
        "axes": 9 if share else 6,
        "why": _why(name, found, read.by_name[name], settings),
        "heading_by_compass_share": share,
        "disturbed_share": 1.0 - float(np.mean(watched)) if with_field and watched.size else None,
        "field_ut": _field_ut(read.by_name[name]),
        "measured_s": [part.start / rate_hz, part.stop / rate_hz],
        "rest_s": float(np.count_nonzero(found.rest)) / rate_hz,
        "rest_bias_deg_s": None if bias is None else np.degrees(bias).tolist(),
        "z_from_up_deg": {
            "mean": float(tilt_deg.mean()),
            "least": float(tilt_deg.min()),
            "most": float(tilt_deg.max()),
        },
        "first": up[0].tolist(),
        "last": up[-1].tolist(),
    }
    if settings.samples:
        told |= {"quaternions": found.quaternions.tolist(), "by_compass": found.by_compass.tolist()}
    return told


def _why(name: str, found: Orientation, sensor: Sensor, settings: OrientationSettings) -> str:
    if not settings.compass:
        return FREE
    if sensor.doubt:
        return f"6-axis: {sensor.doubt}; heading is relative"
    calibrations = settings.calibrations
    if calibrations is not None and sensor.mag_ut is not None and name not in calibrations:
        return f"6-axis: there is no calibration of {name}, only of {', '.join(calibrations)}; heading is relative"
    return found.reason


def _flags(found: Orientation, sensor: Sensor, settings: OrientationSettings) -> list[str]:
    flags = list(found.flags)
    field_ut = _field_ut(sensor)
    if settings.compass and field_ut is not None and not MAGNET_SCALE_UT[0] <= field_ut <= MAGNET_SCALE_UT[1]:
        flags.append(f"the magnetometer reads {field_ut:.3g} at the median: is it in microtesla?")
    if found.by_compass.any() and settings.calibrations is None:
        flags.append(
            "no calibration was given: the magnetometer is taken as calibrated, and only its strength was watched"
        )
    return flags


def _field_ut(sensor: Sensor) -> float | None:
    """Median strength as it was read; None without a magnetometer."""
    strength = np.linalg.norm(np.empty((0, 3)) if sensor.mag_ut is None else sensor.mag_ut, axis=1)
    known = strength[np.isfinite(strength)]
    return float(np.median(known)) if known.size else None


def _joint(read: Sensors, found: Mapping[str, Orientation], settings: OrientationSettings) -> dict[str, Any] | None:
    if settings.joint is None or settings.neutral_s is None:
        return None
    missing = [name for name in settings.joint if name not in found]
    if missing:
        raise BadRecordingError(f"{read.path}: no sensor {' and '.join(missing)}; it has {', '.join(found)}")
    proximal, distal = settings.joint
    neutral = slice(*(round(at_s * read.rate_hz) for at_s in settings.neutral_s))
    angle = joint_angle(found[proximal], found[distal], neutral)
    known = angle.angle_deg[np.isfinite(angle.angle_deg)]
    told: dict[str, Any] = {
        "proximal": proximal,
        "distal": distal,
        "refusal": angle.refusal,
        "off_axis_deg": angle.off_axis_deg,
    }
    told |= {"axis": None if angle.axis is None else angle.axis.tolist()}
    told |= {"range_deg": [float(known.min()), float(known.max())] if known.size else None}
    told |= {"measured_share": float(known.size / angle.angle_deg.size)}
    return told | ({"angle_deg": angle.angle_deg.tolist()} if settings.samples else {})


def _sensor_lines(one: Mapping[str, Any]) -> list[str]:
    if one["refusal"]:
        return [f"  {one['name']}  REFUSED: {one['refusal']}"]
    tilt, bias = one["z_from_up_deg"], one["rest_bias_deg_s"]
    rest = "no rest" if bias is None else "bias at rest " + ", ".join(f"{axis:.2f}" for axis in bias) + " deg/s"
    lines = [
        f"  {one['name']}  {one['why']}",
        f"    z axis {tilt['least']:.1f} to {tilt['most']:.1f} degrees from up; {rest}",
    ]
    return [*lines, *(f"    ! {flag}" for flag in one["flags"])]


def _calibration_lines(one: Mapping[str, Any]) -> list[str]:
    found = one["calibration"]
    verdict = "usable" if found["usable"] else "NOT USABLE"
    lines = [f"  {one['name']}  {verdict}: {found['reason']}"]
    if found["residual"] is not None:
        shares = f"residual {100 * found['residual']:.1f} %, coverage {100 * found['coverage']:.0f} %"
        lines.append(f"    {shares}, left out {100 * found['spoilt']:.1f} %, field {found['field_ut']:.1f} uT")
    holds = (
        f"holds from {found['made']} to {found['until']}" if found["until"] else "no day: give --recorded-on to use it"
    )
    return [*lines, f"    {holds}"]
