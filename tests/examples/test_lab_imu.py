"""The example driver, as a laboratory would install it: found by its entry point, run over a real pseudo-terminal."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import SetupError
from hal.roles import MotionBlock, MotionSensor
from tests.helpers.far_ends import PtyEnd

EXAMPLE = Path(__file__).parent / "lab_imu"


@dataclass
class Rig:
    end: PtyEnd
    sensor: MotionSensor
    blocks: list[MotionBlock]
    asked: list[bytes]

    def send(self, *counts: int) -> None:
        from lab_imu.far_end import line

        self.end.send(b"".join(line(count, (0, 0, 9807), (0, count % 1000, 0)) for count in counts))

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come"
            await asyncio.sleep(0.005)

    @property
    def samples(self) -> list[int]:
        return [int(c) for block in self.blocks if block.counts is not None for c in block.counts]


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    shutil.copytree(EXAMPLE / "lab_imu", tmp_path / "lab_imu", ignore=shutil.ignore_patterns("__pycache__"))
    info = tmp_path / "lab_imu-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-imu\nVersion: 1.0\n")
    declared = (EXAMPLE / "pyproject.toml").read_text().split('[project.entry-points."bedside.drivers"]')[1]
    (info / "entry_points.txt").write_text("[bedside.drivers]" + declared.replace('"', ""))
    monkeypatch.syspath_prepend(str(tmp_path))
    end = PtyEnd(tmp_path)
    asked: list[bytes] = []
    end.on_bytes = asked.append
    await end.plug()
    sensor = build(DeviceSpec("foot", "lab_imu", end.address, {"placement": "foot_left"}), time.monotonic_ns)
    assert isinstance(sensor, MotionSensor)
    rig = Rig(end, sensor, [], asked)
    sensor.subscribe(lambda reading: rig.blocks.append(reading) if isinstance(reading, MotionBlock) else None)
    opening = asyncio.create_task(sensor.open())
    await rig.until(lambda: bool(asked), "the start command")
    rig.send(*range(65530, 65536))
    await opening
    yield rig
    await sensor.close()
    await end.unplug()


async def test_samples_arrive_in_order_over_the_counters_end_with_losses_marked(rig: Rig) -> None:
    assert rig.asked == [b"S"]
    rig.send(0, 1, 2, 5, 6)
    await rig.until(lambda: len(rig.samples) == 11, "all samples")
    assert np.diff(rig.samples).tolist() == [1] * 8 + [3, 1]
    assert sum(block.lost for block in rig.blocks) == 2 == rig.sensor.vitals.lost
    assert rig.blocks[-1].first_sample + len(rig.blocks[-1].sample_ns) == 13
    times = np.concatenate([block.sample_ns for block in rig.blocks])
    assert (np.diff(times) > 0).all()
    assert rig.blocks[0].accel_m_s2[0, 2] == pytest.approx(9.807)


async def test_a_damaged_line_costs_itself_and_is_counted(rig: Rig) -> None:
    rig.end.send(b"#1,2,3\xff garbage\r\n#0,0,0,9807,0,0,0*00\r\n")
    rig.send(1)
    await rig.until(lambda: len(rig.samples) == 7, "the whole line after it")
    assert rig.sensor.health.dropped == 2
    assert rig.sensor.vitals.lost == 1


async def test_a_cable_out_and_in_marks_the_gap_and_repeats_nothing(rig: Rig) -> None:
    await rig.end.unplug()
    await rig.until(lambda: rig.sensor.health.state == "lost", "the loss")
    await rig.end.plug()
    await rig.until(lambda: len(rig.asked) == 2, "a second start")
    rig.send(65535, 20, 21)
    await rig.until(lambda: rig.sensor.health.state == "ok", "samples again")
    assert rig.samples[-2:] == [rig.samples[5] + 21, rig.samples[5] + 22]
    assert len(rig.samples) == 8, "the repeated sample is not given twice"
    assert rig.sensor.vitals.lost == 20
    assert rig.sensor.health.reconnects == 1


async def test_an_option_nobody_knows_is_refused_by_name(rig: Rig) -> None:
    with pytest.raises(SetupError, match=r"foot: unknown option 'place' .*placement"):
        build(DeviceSpec("foot", "lab_imu", rig.end.address, {"place": "foot_left"}), time.monotonic_ns)
