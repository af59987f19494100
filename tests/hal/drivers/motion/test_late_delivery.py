"""Everything arrives, but late: a radio in a shadow, a stalled program. Nothing of it is lost, and no time moves."""

import asyncio
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hal.drivers.motion import capture2go_codec, nus_imu_codec
from hal.drivers.motion.capture2go import Capture2Go
from hal.drivers.motion.clocked_stream import ClockedStream
from hal.drivers.motion.movella_dot import MovellaDot
from hal.drivers.motion.nus_imu import NusImu
from hal.drivers.motion.witmotion import WitMotion
from hal.links.gatt import Notification
from hal.roles import MotionBlock
from hal.sim.motion import imu_frames

START_NS = 10**13
DRIFT = 40e-6
DELAY_S = (0.01, 0.03)
STALL_AT_S, LASTS_S = 10.0, 16.0
MOST_WRONG_MS = 5.0
"""The bar for times of samples (beside the constant delay)."""
Packet = Callable[[int, float, np.random.Generator], bytes]
"""One packet: number of its first sample, what the sensor's clock shows then (s), chance."""


class NoLink:
    """What a driver asks of its link while a test hands it the notifications."""

    address, is_open, rssi_dbm = "ble:00", True, -50
    characteristics: Mapping[str, frozenset[str]] = {}


def _nus(first: int, shows_s: float, rng: np.random.Generator) -> bytes:
    rows = rng.integers(-200, 200, (8, 6)).astype(np.int16)
    return imu_frames.nus_frame(first, round(shows_s * 1e6) + 2**32 - 5_000_000, rows, 80)


def _capture2go(_first: int, shows_s: float, rng: np.random.Generator) -> bytes:
    rows = rng.integers(-200, 200, (8, 9)).astype(np.int16)
    body = imu_frames.capture2go_samples(10**17 + round(shows_s * 1e9), rows, 0)
    return b"\xff" + imu_frames.capture2go_package(0x0221, body)


def _dot(_first: int, shows_s: float, rng: np.random.Generator) -> bytes:
    return struct.pack("<I6f", (round(shows_s * 1e6) + 2**32 - 5_000_000) % 2**32, *rng.normal(0, 1, 6))


KINDS: dict[str, tuple[Callable[..., ClockedStream], int, Packet]] = {
    "nus": (NusImu, 8, _nus),
    "capture2go": (Capture2Go, 8, _capture2go),
    "dot": (MovellaDot, 1, _dot),
}


@dataclass
class Told:
    """What a driver said of samples `numbers` (n,): running index, time after `START_NS` (s), when they were taken."""

    driver: ClockedStream
    index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    told_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    taken_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def wrong_ms(self) -> NDArray[np.float64]:
        """Errors of the times beside the shortest delay (ms)."""
        wrong: NDArray[np.float64] = (self.told_s - self.taken_s - DELAY_S[0]) * 1e3
        return wrong


async def told(kind: str, stall_s: float, missing: range = range(0), *, at_s: float = STALL_AT_S) -> Told:
    """A sensor of which nothing arrives from `at_s` on for `stall_s`, then all at once but the packets `missing`."""
    made, n, packet = KINDS[kind]
    now = [START_NS]
    driver: Any = made("imu", lambda: now[0], NoLink(), {})
    blocks: list[MotionBlock] = []
    driver.subscribe(lambda reading: blocks.append(reading) if isinstance(reading, MotionBlock) else None)
    rng, period_s = np.random.default_rng(3), (1 + DRIFT) / driver.rate_hz
    taken: list[float] = []
    for number in range(int(LASTS_S * driver.rate_hz / n)):
        arrival_s = (number * n + n - 1) * period_s + rng.uniform(*DELAY_S)
        if at_s <= arrival_s < at_s + stall_s:
            arrival_s = at_s + stall_s
        data = packet(number * n, number * n / driver.rate_hz, rng)
        if number in missing:
            continue
        taken += [(number * n + row) * period_s for row in range(n)]
        now[0] = max(now[0] + 1000, START_NS + round(arrival_s * 1e9))
        driver.on_notification(Notification(now[0], "", data))
        await asyncio.sleep(0)
    driver.end_of_connection()
    index = np.concatenate([block.first_sample + np.arange(len(block.sample_ns)) for block in blocks])
    times = np.concatenate([block.sample_ns for block in blocks])
    return Told(driver, index, (times - START_NS) / 1e9, np.array(taken))


@pytest.mark.parametrize("stall_s", [0.2, 0.7, 1.8])
@pytest.mark.parametrize("kind", KINDS)
async def test_what_comes_late_is_neither_lost_nor_moved_in_time(kind: str, stall_s: float) -> None:
    found = await told(kind, stall_s)
    assert found.driver.lost == 0
    assert found.index.tolist() == list(range(len(found.taken_s)))
    settled = found.taken_s > 2.0
    assert np.abs(found.wrong_ms[settled]).max() < MOST_WRONG_MS


@pytest.mark.parametrize("kind", KINDS)
async def test_a_loop_that_stands_for_a_fifth_of_a_second_changes_no_stamp(kind: str) -> None:
    undisturbed, disturbed = await told(kind, 0.0), await told(kind, 0.2)
    apart_ms = np.abs(undisturbed.told_s - disturbed.told_s) * 1e3
    late_s = disturbed.taken_s - STALL_AT_S
    assert np.count_nonzero((late_s > 0) & (late_s < 0.17)) >= 8, "nothing was held up"
    assert apart_ms.max() < 1.0


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_late_heap_only_what_is_missing_counts_as_lost(kind: str) -> None:
    _, n, _ = KINDS[kind]
    per_s = {"nus": 100, "capture2go": 200, "dot": 60}[kind] / n
    # the sensor's own memory overflows: a second out of the middle of the shadow never arrives
    missing = range(round((STALL_AT_S + 0.4) * per_s), round((STALL_AT_S + 1.4) * per_s))
    found = await told(kind, 1.8, missing)
    assert found.driver.lost == len(missing) * n
    assert found.index[-1] == len(found.taken_s) + len(missing) * n - 1
    settled = found.taken_s > 2.0
    assert np.abs(found.wrong_ms[settled]).max() < MOST_WRONG_MS


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_may_begin_with_a_late_heap(kind: str) -> None:
    found = await told(kind, 1.2, at_s=0.0)
    assert found.driver.lost == 0
    assert np.abs(found.wrong_ms).max() < MOST_WRONG_MS + (DELAY_S[1] - DELAY_S[0]) * 1e3


def test_frames_of_these_tests_are_those_of_the_codecs() -> None:
    rng = np.random.default_rng(1)
    frame = nus_imu_codec.FrameReader().feed(_nus(5, 0.05, rng))[0]
    assert (frame.counter, len(frame.counts)) == (5, 8)
    samples = capture2go_codec.PackageReader().feed(_capture2go(5, 0.05, rng))[0]
    assert isinstance(samples, capture2go_codec.Samples)


# rates


async def _at_rate(kind: str, true_hz: float, lost: float = 0.0) -> tuple[ClockedStream, NDArray[np.float64]]:
    """A sensor whose own clock is right and whose samples are `true_hz` apart: the driver, and its times (s)."""
    made, n, packet = KINDS[kind]
    now = [START_NS]
    driver: Any = made("imu", lambda: now[0], NoLink(), {})
    blocks: list[MotionBlock] = []
    driver.subscribe(lambda reading: blocks.append(reading) if isinstance(reading, MotionBlock) else None)
    rng = np.random.default_rng(3)
    for number in range(int(8 * true_hz / n)):
        first_s = number * n / true_hz
        now[0] = START_NS + round((first_s + (n - 1) / true_hz + rng.uniform(*DELAY_S)) * 1e9)
        data = packet(number * n, first_s, rng)
        if rng.random() >= lost:
            driver.on_notification(Notification(now[0], "", data))
            await asyncio.sleep(0)
    return driver, (np.concatenate([block.sample_ns for block in blocks]) - START_NS) / 1e9


@pytest.mark.parametrize(
    ("kind", "true_hz", "said"),
    [
        ("nus", 50.0, "50 samples a second, not 100"),
        ("nus", 200.0, "200 samples a second, not 100"),
        ("nus", 104.0, "104 samples a second, not 100"),
        ("nus", 98.5, "98.5 samples a second, not 100"),
        ("capture2go", 208.0, "208 samples a second, not 200"),
        ("dot", 61.5, "61.5 samples a second, not 60"),
    ],
)
async def test_a_rate_that_is_not_the_configured_one_is_told_and_its_times_are_even(
    kind: str, true_hz: float, said: str
) -> None:
    driver, times_s = await _at_rate(kind, true_hz)
    assert said in driver.vitals.attention[0].what
    steps_ms = np.diff(times_s) * 1e3
    # a saw-tooth has one wrong step a packet; the map itself moves now and then, by a millisecond or two
    assert np.percentile(np.abs(steps_ms[int(2 * true_hz) :] - 1000 / true_hz), 95) < 0.5
    wrong_ms = (times_s - np.arange(times_s.size) / true_hz - DELAY_S[0]) * 1e3
    assert np.abs(wrong_ms[int(2 * true_hz) :]).max() < MOST_WRONG_MS


@pytest.mark.parametrize("kind", KINDS)
async def test_neither_a_crystal_nor_lost_packets_pass_for_another_rate(kind: str) -> None:
    nominal = {"nus": 100.0, "capture2go": 200.0, "dot": 60.0}[kind]
    driver, _ = await _at_rate(kind, nominal * (1 + 200e-6), lost=0.2)
    assert driver.lost > 0
    assert not driver.vitals.attention


@pytest.mark.parametrize(("true_hz", "said"), [(50.0, "50 of 100"), (112.0, "112 of 100"), (100.0, ""), (92.0, "")])
async def test_a_sensor_without_a_clock_is_judged_by_what_arrives(true_hz: float, said: str) -> None:
    now, made, rng = [START_NS], WitMotion, np.random.default_rng(2)
    driver: Any = made("imu", lambda: now[0], NoLink(), {})  # type: ignore[arg-type]
    driver._ready = True
    for number in range(int(8 * true_hz)):
        now[0] = START_NS + round((number / true_hz + rng.uniform(*DELAY_S)) * 1e9)
        row = rng.integers(-200, 200, (1, 6)).astype(np.int16)[0]
        driver.on_notification(Notification(now[0], "", imu_frames.witmotion_sample(row)))
        await asyncio.sleep(0)
    told = [part.what for part in driver.vitals.attention]
    assert told == ([f"{said} samples a second arrive"] if said else [])
