"""What is kept of a reading beside its samples: inputs that were at an end of their range."""

from pathlib import Path

import numpy as np
import pytest

from bedside.record.recorder import Recorder
from bedside.record.samples import read_samples, read_states, segment_files
from bedside.record.streams import RAILS
from bedside.station.entries import Entries
from hal.drivers.gait.manual_robot import ManualRobot
from hal.roles import MotionBlock, PlateBlock

AT_NS = 7 * 10**12


class Sensor(ManualRobot):
    """A device that only has a motion sensor's names."""

    role, placement, rate_hz, counter_unit = "imu", "foot_left", 100.0, ""


def motion(clipped: list[bool] | None) -> MotionBlock:
    marks = None if clipped is None else np.array(clipped)
    values, times = np.ones((5, 3), np.float32), AT_NS + np.arange(5) * 10_000_000
    return MotionBlock(0, values, values, times, first_sample=0, rate_hz=100.0, clipped=marks)


def plate(saturated: tuple[str, ...]) -> PlateBlock:
    times = AT_NS + np.arange(5) * 10_000_000
    loads, cop = np.ones((5, 4), np.float32), np.full((5, 2), np.nan, np.float32)
    return PlateBlock(0, loads, cop, times, first_sample=0, rate_hz=100.0, saturated=saturated)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (motion(None), []),
        (motion([False] * 5), []),
        (motion([False, True, True, False, False]), [(AT_NS, ["sensor"], 2)]),
        (plate(()), []),
        (plate(("top_left", "bottom_right")), [(AT_NS, ["top_left", "bottom_right"], 5)]),
    ],
)
def test_what_was_at_its_rail_is_kept_beside_the_samples(
    tmp_path: Path, block: MotionBlock | PlateBlock, told: list[tuple[int, list[str], int]]
) -> None:
    recorder = Recorder(tmp_path, ())
    recorder.start()
    Entries(recorder).take(Sensor("one", lambda: 0), block)
    recorder.stop()
    files = segment_files(tmp_path)
    assert len(read_samples(files, "one").values) == 5
    kept = [(at_ns, said["where"], said["samples"]) for at_ns, said in read_states(files, RAILS.name)]
    assert kept == told
