"""What the station offers to other programs over LSL, taken by a real inlet."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bedside.station.offer import Offer
from hal.drivers.gait.manual_robot import ManualRobot
from hal.roles import EmgBlock, EmgChannel, RobotState
from tests.helpers.tools import need_module

RATE_HZ, ROWS = 1000.0, 20


class Amplifier(ManualRobot):
    role = "emg"
    channels = (EmgChannel("TA left", "tibialis_anterior", "left"),)
    rate_hz = RATE_HZ
    rail_counts = 32767
    for_meps = True


def block(number: int, triggers: tuple[int, ...] = ()) -> EmgBlock:
    counts = np.full((ROWS, 1), number, np.int16)
    return EmgBlock(time.monotonic_ns(), counts, 0.5, RATE_HZ, number * ROWS, triggers)


def state(phase: Any, right: bool, left: bool) -> RobotState:
    return RobotState(time.monotonic_ns(), phase, 1.2, 20.0, 80.0, False, 3, contacts=(right, left))


@pytest.fixture
def offer() -> Iterator[Offer]:
    need_module("pylsl")
    offer = Offer("offer-of-test", Amplifier("amplifier", time.monotonic_ns), "machine", lambda: 48)
    yield offer
    offer.close()


def inlet(kind: str) -> Any:
    import pylsl

    found = pylsl.resolve_byprop("source_id", f"offer-of-test-{kind}", timeout=10)
    assert found, f"no stream of {kind}"
    stream = pylsl.StreamInlet(found[0])
    stream.open_stream(timeout=10)
    return stream


def pulled(stream: Any, count: int) -> tuple[list[list[Any]], list[float]]:
    values: list[list[Any]] = []
    stamps: list[float] = []
    deadline = time.monotonic() + 10
    while len(values) < count:
        assert time.monotonic() < deadline, f"{len(values)} of {count} came"
        more, at = stream.pull_chunk(timeout=0.2)
        values += more
        stamps += at
    return values, stamps


def test_emg_pulses_at_their_samples_and_phase_reach_another_program(offer: Offer) -> None:
    emg, pulses, phase = inlet("emg"), inlet("pulses"), inlet("phase")
    for number in range(5):
        time.sleep(ROWS / RATE_HZ)
        offer.take(block(number, (67,) if number == 3 else ()))
    for right in (False, True, True, False, True):
        offer.take(state("walk", right, not right))
    values, stamps = pulled(emg, 5 * ROWS)
    assert [row[0] for row in values[::ROWS]] == [0.0, 0.5, 1.0, 1.5, 2.0]
    told, at = pulled(pulses, 1)
    assert told == [["pulse, 48 %MSO"]]
    assert at[0] == pytest.approx(stamps[67], abs=0.02), "the time of the sample, not of the telling"
    words = [row[0] for row in pulled(phase, 5)[0]]
    assert words == ["walk", "contact left", "contact right", "contact left", "contact right"]
