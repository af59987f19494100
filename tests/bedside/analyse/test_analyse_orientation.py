"""Attitude, joint angles and calibrations from files: against known truth, against the library, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bedside.cli import main
from bedside.record.recorder import Recorder
from bedside.record.streams import MAGNETIC, SampleStream
from bedside.refusal import ANSWER_REFUSED
from dsp.orientation import estimate, fit_magnetometer
from dsp.orientation.attitude import WATCH_S
from tests.helpers.recordings import need_recordings

pytest.importorskip("vqf", reason="vqf is not installed: no wheel for this machine, see docs/dependencies.md")
Array = NDArray[np.float64]

RATE_HZ, SECONDS = 100.0, 40.0
FIELD_UT = np.array([0.0, 20.0, -44.0])
HARD_UT = np.array([30.0, -12.0, 8.0])
BIAS_DEG_S = np.array([0.5, -0.3, 0.2])
T = np.arange(0, SECONDS, 1 / RATE_HZ)
REST = 3.0
"""Seconds of rest at the start."""


def sensor(truth: Rotation, seed: int = 3) -> dict[str, Array]:
    """What a sensor measures that turns so, in place."""
    rng = np.random.default_rng(seed)
    turn = (truth[:-1].inv() * truth[1:]).as_rotvec() * RATE_HZ
    gyro = np.vstack([turn[:1], turn]) + np.radians(BIAS_DEG_S) + rng.normal(0, 0.003, (T.size, 3))
    accel = truth.inv().apply([0.0, 0.0, 9.81]) + rng.normal(0, 0.05, (T.size, 3))
    mag = truth.inv().apply(FIELD_UT) + rng.normal(0, 0.3, (T.size, 3))
    return {"gyr": gyro, "acc": accel, "mag": mag}


def waved() -> Rotation:
    """A calm movement about all axes after some rest."""
    moving = np.clip(T - REST, 0, None)
    return Rotation.from_euler("xyz", np.outer(np.sin(2 * np.pi * 0.13 * moving), [1.2, 0.5, 2.0]))


def about(axis: str, angle_rad: Array) -> Rotation:
    """Turns (n,) about one axis."""
    return Rotation.from_euler(axis, angle_rad[:, None])


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **({"fs": RATE_HZ} | arrays))
    return path


def analysed(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    assert main(["analyse", "orientation", *map(str, arguments), "--json"]) == code
    (made,) = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert isinstance(made, dict)
    return made


def errors_deg(quaternions: object, truth: Rotation) -> Array:
    found = Rotation.from_quat(np.array(quaternions, dtype=float), scalar_first=True)
    return np.asarray(np.degrees((found * truth.inv()).magnitude()))


def turned_every_way(seed: int = 1) -> Array:
    """Raw field of a sensor with iron on its board, turned every way."""
    rng = np.random.default_rng(seed)
    turns = Rotation.random(1500, rng=rng)
    return np.asarray(turns.inv().apply(FIELD_UT) + HARD_UT + rng.normal(0, 0.3, (1500, 3)))


def test_a_known_rotation_is_found_and_equals_the_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = sensor(waved())
    path = saved(tmp_path / "a.npz", **given)
    (one,) = analysed(capsys, path, "--samples")["sensors"]
    settled = slice(round(15 * RATE_HZ), None)
    assert np.sqrt(np.mean(errors_deg(one["quaternions"], waved())[settled] ** 2)) < 1.5
    direct = estimate(given["gyr"], given["acc"], given["mag"], rate_hz=RATE_HZ)
    assert np.array_equal(np.array(one["quaternions"]), direct.quaternions)
    assert np.array_equal(np.array(one["by_compass"]), direct.by_compass)
    assert (one["axes"], one["why"], one["disturbed_share"]) == (9, direct.reason, 0.0)
    assert one["rest_bias_deg_s"] == pytest.approx(BIAS_DEG_S, abs=0.05)
    assert one["rest_s"] == pytest.approx(REST, abs=0.5)
    assert any("no calibration was given" in flag for flag in one["flags"])
    assert "quaternions" not in analysed(capsys, path)["sensors"][0]


def test_without_the_magnetometer_the_heading_is_relative(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "a.npz", **sensor(waved()))
    (one,) = analysed(capsys, path, "--magnetometer", "none")["sensors"]
    assert (one["axes"], one["heading_by_compass_share"], one["disturbed_share"]) == (6, 0.0, None)
    assert "not to be used" in one["why"]
    assert main(["analyse", "orientation", str(path)]) == 0
    told = capsys.readouterr().out
    assert "9-axis: the field was steady" in told
    assert "bias at rest 0.5" in told


def test_a_sensor_upside_down_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = waved() * Rotation.from_euler("x", 180, degrees=True)
    (one,) = analysed(capsys, saved(tmp_path / "a.npz", **sensor(truth)), "--samples")["sensors"]
    assert one["refusal"] is None
    assert np.sqrt(np.mean(errors_deg(one["quaternions"], truth)[1500:] ** 2)) < 1.5
    assert one["z_from_up_deg"]["most"] > 175


def test_a_table_says_what_the_archive_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {f"shank_{key}": values.round(6) for key, values in sensor(waved()).items()}
    (kept,) = analysed(capsys, saved(tmp_path / "a.npz", **given), "--samples")["sensors"]
    columns = {"time_s": T} | {f"{key}_{axis}": values[:, at] for key, values in given.items() for at, axis in AXES}
    rows = np.column_stack(list(columns.values()))
    np.savetxt(tmp_path / "a.csv", rows, delimiter=",", header=",".join(columns), comments="", fmt="%.6f")
    (one,) = analysed(capsys, tmp_path / "a.csv", "--sensor", "shank", "--samples")["sensors"]
    assert one["name"] == kept["name"] == "shank"
    assert np.allclose(one["quaternions"], kept["quaternions"], atol=1e-6)


AXES = tuple(enumerate("xyz"))


@pytest.mark.parametrize(
    ("day", "axes", "word"),
    [
        ("2026-03-03", 9, "9-axis"),
        ("2026-03-09", 6, "expired on 2026-03-08"),
        ("2026-02-27", 6, "made later"),
        (None, 6, "--recorded-on"),
    ],
)
def test_a_calibration_holds_from_its_day_for_a_week(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], day: str | None, axes: int, word: str
) -> None:
    turn, kept = saved(tmp_path / "turn.npz", mag=turned_every_way()), tmp_path / "c.json"
    assert main(["analyse", "orientation", str(turn), "--calibrate", "--recorded-on", "2026-03-01", "--json"]) == 0
    kept.write_text(capsys.readouterr().out)
    found = json.loads(kept.read_text())[0]["sensors"][0]["calibration"]
    direct = fit_magnetometer(turned_every_way())
    assert (found["usable"], found["until"]) == (True, "2026-03-08")
    assert found["residual"] == direct.residual < 0.03
    assert found["hard_ut"] == pytest.approx(HARD_UT, abs=0.5)
    given = sensor(waved())
    path = saved(tmp_path / "a.npz", **(given | {"mag": given["mag"] + HARD_UT}))
    on = [] if day is None else ["--recorded-on", day]
    (one,) = analysed(capsys, path, "--magnetometer", kept, "--samples", *on)["sensors"]
    assert one["axes"] == axes
    assert word in one["why"]
    if axes == 9:
        assert np.sqrt(np.mean(errors_deg(one["quaternions"], waved())[1500:] ** 2)) < 1.5
        # the iron left in, the field has another strength in every direction: nobody steers by it
        assert analysed(capsys, path)["sensors"][0]["axes"] == 6


def test_a_turn_about_one_axis_is_no_calibration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat = about("z", np.linspace(0, 50, 1500)).inv().apply(FIELD_UT) + HARD_UT
    flat += np.random.default_rng(1).normal(0, 0.3, flat.shape)
    turn, kept = saved(tmp_path / "turn.npz", mag=flat), tmp_path / "c.json"
    assert main(["analyse", "orientation", str(turn), "--calibrate"]) == ANSWER_REFUSED
    told = capsys.readouterr().out
    assert "NOT USABLE" in told
    assert "give --recorded-on" in told
    asked = ["--calibrate", "--recorded-on", "2026-03-01", "--json"]
    assert main(["analyse", "orientation", str(turn), *asked]) == ANSWER_REFUSED
    kept.write_text(capsys.readouterr().out)
    path = saved(tmp_path / "a.npz", **sensor(waved()))
    (one,) = analysed(capsys, path, "--magnetometer", kept, "--recorded-on", "2026-03-02")["sensors"]
    assert (one["axes"], "not accepted" in one["why"]) == (6, True)


def test_the_calibration_of_another_sensor_is_not_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turn, kept = saved(tmp_path / "turn.npz", thigh_mag=turned_every_way()), tmp_path / "c.json"
    assert main(["analyse", "orientation", str(turn), "--calibrate", "--recorded-on", "2026-03-01", "--json"]) == 0
    kept.write_text(capsys.readouterr().out)
    path = saved(tmp_path / "a.npz", **{f"shank_{key}": values for key, values in sensor(waved()).items()})
    (one,) = analysed(capsys, path, "--magnetometer", kept, "--recorded-on", "2026-03-02")["sensors"]
    assert one["axes"] == 6
    assert "no calibration of shank, only of thigh" in one["why"]


def bent() -> tuple[Rotation, Array]:
    """A joint's angle in degrees over time, 0 while at rest, about the distal sensor's y axis."""
    angle = 30 * (1 - np.cos(2 * np.pi * 0.2 * np.clip(T - 10, 0, None)))
    return about("y", np.radians(angle)), angle


def leg() -> tuple[dict[str, Array], Array]:
    """Two sensors with different mounting on a waved thigh and a shank that bends against it."""
    knee, angle_deg = bent()
    mounted = Rotation.from_euler("xyz", [20, -70, 130], degrees=True)
    swing = about("x", 0.4 * np.sin(2 * np.pi * 0.1 * np.clip(T - 10, 0, None)))
    parts = {"thigh": sensor(swing * mounted, 4), "shank": sensor(swing * knee, 5)}
    return {f"{part}_{key}": values for part, keys in parts.items() for key, values in keys.items()}, angle_deg


def test_the_angle_of_a_joint_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, angle_deg = leg()
    path = saved(tmp_path / "a.npz", **given)
    options = ("--joint", "thigh", "shank", "--neutral", 6, 9)
    joint = analysed(capsys, path, *options, "--samples")["joint"]
    found = np.array(joint["angle_deg"], dtype=float)
    known = np.isfinite(found)
    assert known[round(WATCH_S * RATE_HZ) :].all()
    assert np.sqrt(np.mean((found[known] - angle_deg[known]) ** 2)) < 2.0
    assert abs(joint["axis"][1]) > 0.99
    assert joint["off_axis_deg"] < 2.0
    assert main(["analyse", "orientation", str(path), *map(str, options)]) == 0
    assert "thigh to shank  " in capsys.readouterr().out


def test_no_joint_between_relative_headings_or_from_a_moving_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path / "a.npz", **leg()[0])
    joint = ("--joint", "thigh", "shank", "--neutral")
    free = analysed(capsys, path, *joint, 6, 9, "--magnetometer", "none", code=ANSWER_REFUSED)
    assert "compass on both" in free["joint"]["refusal"]
    assert "compass is not believed" in analysed(capsys, path, *joint, 1, 4, code=ANSWER_REFUSED)["joint"]["refusal"]
    assert "joint moved by" in analysed(capsys, path, *joint, 15, 20, code=ANSWER_REFUSED)["joint"]["refusal"]
    assert "no sample" in analysed(capsys, path, *joint, 90, 95, code=ANSWER_REFUSED)["joint"]["refusal"]
    assert main(["analyse", "orientation", str(path), "--joint", "thigh", "foot", "--neutral", "6", "9"]) == 1
    assert "no sensor foot" in capsys.readouterr().err


def spoilt(what: str) -> dict[str, Any]:
    """A recording with one thing wrong with it."""
    given: dict[str, Any] = dict(sensor(waved()))
    match what:
        case "g":
            given["acc"] = given["acc"] / 9.81
        case "deg/s":
            given["gyr"] = np.degrees(given["gyr"])
        case "quarter":
            given["gyr"] = given["gyr"] / 4
        case "opposite":
            given["gyr"] = -given["gyr"]
        case "stuck":
            given["gyr"][:, 1] = 0.01
        case "short":
            given = {key: values[:300] for key, values in given.items()}
        case "hole":
            given["acc"][1500:2500] = np.nan
        case "saturated":
            given["gyr"] = np.clip(4 * given["gyr"], *np.radians([-125, 125]))
        case "stopped":
            for key in ("gyr", "acc"):
                given[key][1500:] = given[key][1500]
    return given


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ("g", "in g, not in m/s2"),
        ("deg/s", "deg/s"),
        ("quarter", "only times "),
        ("opposite", "opposite ways"),
        ("stuck", "never changes along y"),
        ("short", "too short"),
        ("hole", "missing"),
        ("saturated", "end of the sensor's range"),
        ("stopped", "stand still"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, word: str
) -> None:
    (one,) = analysed(capsys, saved(tmp_path / "a.npz", **spoilt(what)), code=ANSWER_REFUSED)["sensors"]
    assert word in one["refusal"]
    assert "first" not in one


def test_a_field_in_gauss_is_no_compass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = sensor(waved())
    (one,) = analysed(capsys, saved(tmp_path / "a.npz", **(given | {"mag": given["mag"] / 100})))["sensors"]
    assert one["axes"] == 6
    assert any("0.483 at the median: is it in microtesla?" in flag for flag in one["flags"])


def test_doubts_are_flagged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = sensor(waved())
    given["gyr"] = given["gyr"] + np.radians([3.0, 0.0, 0.0])
    given["acc"][1000:1005] = np.nan
    given["acc"][3500:] = np.nan
    given["mag"][2000:2500] *= 1.5
    (one,) = analysed(capsys, saved(tmp_path / "a.npz", **given))["sensors"]
    for word in ("505 samples lost", "measured from 0.0 to 35.0 s only", "3.5 deg/s, more than can be taken out"):
        assert any(word in flag for flag in one["flags"]), word
    assert "magnet or iron was near" in one["why"]
    assert one["measured_s"] == [0.0, 35.0]
    assert one["disturbed_share"] == pytest.approx(0.5, abs=0.02)
    busy = {key: values[round(REST * RATE_HZ) :] for key, values in sensor(waved()).items()}
    (one,) = analysed(capsys, saved(tmp_path / "b.npz", **busy))["sensors"]
    assert one["rest_bias_deg_s"] is None
    assert any("no rest" in flag for flag in one["flags"])


def test_bad_keys_files_and_options_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = dict(sensor(waved()))
    names = [
        saved(tmp_path / "mag.npz", **(given | {"mag": given["mag"][:-1]})),
        saved(tmp_path / "two.npz", **(given | {"acc": given["acc"][:, :2]})),
        saved(tmp_path / "half.npz", gyr=given["gyr"]),
        saved(tmp_path / "none.npz"),
        tmp_path / "gone.npz",
    ]
    assert main(["analyse", "orientation", *map(str, names), "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out) == []
    for word in ("'mag' must have 4000 rows", "must both be (n, 3)", "'acc' is missing", "no sensor at all", "no such"):
        assert word in told.err, word
    path = saved(tmp_path / "a.npz", **given)
    (tmp_path / "c.json").write_text("[]")
    for options, word in (
        (["--joint", "a", "b"], "belong together"),
        (["--magnetometer", str(tmp_path / "c.json")], "one calibration of each sensor"),
        (["--magnetometer", str(tmp_path / "no.json")], "is no calibration"),
        (["--recorded-on", "yesterday"], "2026-03-31"),
        (["--calibrate", "--magnetometer", "none"], "goes without"),
        (["--gyro-range-deg-s", "-1"], "more than 0"),
    ):
        assert main(["analyse", "orientation", str(path), *options]) == 2
        assert word in capsys.readouterr().err
    assert main(["analyse", "orientation", str(names[2]), "--calibrate"]) == 1
    assert "key 'mag' is wanted" in capsys.readouterr().err


def recorded(folder: Path, field_hz: float) -> Path:
    """A sensor on the left shank in our own recording, with a magnetometer of that rate."""
    given = sensor(waved())
    names = ("offset_ms", *(f"{kind}_{axis}" for kind in ("accel", "gyro") for axis in AXIS_NAMES[kind]))
    units = ("ms", *("m/s2",) * 3, *("rad/s",) * 3)
    stream = SampleStream(
        name="imu_shank",
        place="shank_left",
        rate_hz=RATE_HZ,
        channels=names,
        units=units,
        units_per_count=(1.0,) * 7,
        dtype="float32",
    )
    recorder = Recorder(folder, [stream, MAGNETIC])
    recorder.start()
    every = round(RATE_HZ / field_hz)
    for first in range(0, T.size, 50):
        part = slice(first, first + 50)
        rows = np.column_stack((10.0 * np.arange(50), given["acc"][part], given["gyr"][part])).astype(np.float32)
        assert recorder.samples("imu_shank", first, 10**9 + first * 10_000_000, rows)
        for at in range(first, first + 50, every):
            said = {"device": "imu_shank", "field_ut": given["mag"][at].tolist(), "raw": [0, 0, 0]}
            assert recorder.state("magnetic", 10**9 + at * 10_000_000, said)
    recorder.stop()
    return folder


AXIS_NAMES = {"accel": ("x_m_s2", "y_m_s2", "z_m_s2"), "gyro": ("x_rad_s", "y_rad_s", "z_rad_s")}


def test_our_own_recording_with_its_magnetometer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded(tmp_path / "quick", 50.0)
    (one,) = analysed(capsys, path, "--sensor", "shank_left", "--samples")["sensors"]
    assert (one["name"], one["axes"]) == ("shank_left", 9)
    rows = slice(1500, len(one["quaternions"]))
    assert np.sqrt(np.mean(errors_deg(one["quaternions"][1500:], waved()[rows]) ** 2)) < 1.5
    (fitted,) = analysed(capsys, path, "--calibrate", code=ANSWER_REFUSED)["sensors"]
    assert fitted["name"] == "shank_left"
    assert main(["analyse", "orientation", str(path), "--sensor", "foot_left"]) == 1
    assert "no sensor" in capsys.readouterr().err


def test_a_magnetometer_too_slow_to_steer_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = analysed(capsys, recorded(tmp_path / "slow", 5.0))["sensors"]
    assert one["axes"] == 6
    assert "5 Hz only" in one["why"]


# total RMS while moving that docs/accuracy.md states, degrees, and a twentieth more
TRIALS = (("02_undisturbed_slow_rotation_B", 1.13, 9), ("33_disturbed_attached_magnet_2cm", 4.23, 6))


@pytest.mark.parametrize(("name", "bar_deg", "axes"), TRIALS)
def test_an_optical_trial_within_its_bar(
    capsys: pytest.CaptureFixture[str], name: str, bar_deg: float, axes: int
) -> None:
    path = need_recordings("gait") / "orientation" / f"{name}.npz"
    (one,) = analysed(capsys, path, "--samples")["sensors"]
    with np.load(path) as file:
        reference = file["ref_quat"].astype(float)
        rows = file["movement"] & np.isfinite(reference).all(axis=1)
    found, truth = (Rotation.from_quat(np.array(q)[rows], scalar_first=True) for q in (one["quaternions"], reference))
    if axes == 6:
        off = (truth[:200] * found[:200].inv()).as_quat(scalar_first=True)
        found = Rotation.from_rotvec([0, 0, np.angle(np.mean(np.exp(2j * np.arctan2(off[:, 3], off[:, 0]))))]) * found
    assert np.degrees(np.sqrt(np.mean((found * truth.inv()).magnitude() ** 2))) < 1.05 * bar_deg
    assert one["axes"] == axes


@pytest.mark.parametrize("name", ["full_1", "leg_2", "spike_3"])
def test_a_sweep_of_known_iron_is_usable(capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = need_recordings("gait") / "magcal_synth" / f"{name}.npz"
    (one,) = analysed(capsys, path, "--calibrate")["sensors"]
    with np.load(path) as file:
        assert one["calibration"]["hard_ut"] == pytest.approx(file["hard_true"], abs=0.5)
    assert one["calibration"]["usable"]
    assert one["calibration"]["until"] is None
