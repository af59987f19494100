"""What other programs of the laboratory receive over LSL."""

import asyncio
import os
from typing import Any

import numpy as np
import pytest

from hal.links import lsl_library
from hal.links.address import make_link
from hal.links.lsl import LslChunk, LslLink
from hal.lsl_outlet import LslOutlet, SampleClock
from hal.roles import EmgBlock, EmgChannel
from tests.helpers.tools import need_module

CHANNELS = (EmgChannel("TA left", "tibialis_anterior", "left"), EmgChannel("TA right", "tibialis_anterior", "right"))
RATE_HZ = 5000.0
NAME = f"bench-{os.getpid()}"


@pytest.fixture
def pylsl() -> Any:
    need_module("pylsl")
    return lsl_library.load("machine")


def block(first: int, count: int = 100, lost: int = 0) -> EmgBlock:
    counts = np.tile(np.arange(first, first + count, dtype=np.int16)[:, None], 2)
    return EmgBlock(0, counts, 0.5, RATE_HZ, first, (), lost)


async def _received(link: LslLink, rows: int) -> list[LslChunk]:
    got: list[LslChunk] = []
    while sum(len(chunk.stamps_s) for chunk in got) < rows:
        got += await asyncio.wait_for(link.read(), 5)
    return got


async def test_emg_pulses_and_phase_reach_another_program_on_one_time_line(pylsl: Any) -> None:
    start_s = pylsl.local_clock()
    sent = 0
    # Blocks arrive up to 30 ms late; the sample clock finds when the samples were taken.
    delays_s = iter([0.0, 0.03, 0.01, 0.0, 0.02])
    outlet = LslOutlet(NAME, CHANNELS, RATE_HZ, clock_s=lambda: start_s + sent / RATE_HZ + next(delays_s))
    links = [make_link(f"lsl:source_id={NAME}-{what}") for what in ("emg", "pulses", "phase")]
    try:
        await asyncio.wait_for(asyncio.gather(*(link.open() for link in links)), 8)
        emg, pulses, phase = links
        assert (emg.stream.rate_hz, emg.stream.units) == (RATE_HZ, ("microvolts", "microvolts"))
        assert emg.stream.labels == ("TA left", "TA right")
        for first in (0, 100, 350):
            sent = first + 100
            outlet.emg(block(first, lost=150 if first == 350 else 0))
        outlet.pulse(120, "pulse 1, 48 %MSO")
        outlet.pulse(None, "pulse 2")
        outlet.phase("walk")
        chunks = await _received(emg, 300)
        values = np.concatenate([chunk.values for chunk in chunks])
        stamps = np.concatenate([chunk.stamps_s for chunk in chunks])
        numbers = [*range(200), *range(350, 450)]
        assert values.dtype == np.float32
        np.testing.assert_allclose(values[:, 1], np.array(numbers) * 0.5)
        np.testing.assert_allclose((stamps - stamps[0]) * RATE_HZ, numbers, atol=0.01)
        told = await _received(pulses, 2)
        texts = [text for chunk in told for text in chunk.values]
        assert texts == ["pulse 1, 48 %MSO", "pulse 2 (time of telling, not of the pulse)"]
        assert told[0].stamps_s[0] == pytest.approx(stamps[120], abs=1e-6), "the time of its sample"
        assert [chunk.values for chunk in await _received(phase, 1)] == [("walk",)]
    finally:
        outlet.close()
        for link in links:
            link.close()
            await link.wait_closed()
    outlet.close()
    outlet.emg(block(450))
    outlet.pulse(1, "x")
    outlet.phase("stand")


def test_late_arrivals_do_not_move_the_sample_clock() -> None:
    clock = SampleClock(1000.0)
    assert clock.at_s(0) is None
    for end in range(100, 5000, 100):
        clock.heard(end, 50.0 + (end - 1) / 1000 + (0.04 if end % 300 else 0.0))
    assert clock.at_s(2000) == pytest.approx(52.0)
