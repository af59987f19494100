"""An amplifier's blocks come late and in heaps; their times stay even."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bedside.station.stamping import Stamping
from hal.drivers.emg.emg_blocks import BlockMaker
from hal.drivers.emg.sessantaquattro import Sessantaquattro
from hal.roles import EmgBlock
from tests.helpers.emg_rig import rig

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
RATE_HZ, ROWS, START_NS = 5120.0, 103, 7_000_000_000_000


def blocks(
    seconds: float, *, ppm: float = 0.0, index: int = 0, start_s: float = 0.0, rows: int = ROWS
) -> Iterator[tuple[EmgBlock, int]]:
    """Blocks with the true time of their first sample: most arrive at once, some 5 to 80 ms late and with the next."""
    rng = np.random.default_rng(1)
    period_s = (1 + ppm / 1e6) / RATE_HZ
    arrived_s = 0.0
    for first in range(0, int(seconds * RATE_HZ), rows):
        taken_s = start_s + first * period_s
        late_s = rng.uniform(0.005, 0.08) if rng.random() < 0.1 else rng.exponential(0.0003)
        arrived_s = max(arrived_s, taken_s + rows * period_s + late_s)
        counts = np.zeros((rows, 8), np.int16)
        block = EmgBlock(START_NS + round(arrived_s * 1e9), counts, 0.5, RATE_HZ, index + first)
        yield block, START_NS + round(taken_s * 1e9)


def stamped(blocks: Iterable[EmgBlock], stamping: Stamping | None = None) -> Ints:
    """The first time of every block (ns), those that were held last included."""
    stamping = stamping or Stamping(RATE_HZ)
    told = [pair for block in blocks for pair in stamping.take(block)] + stamping.rest()
    index = [block.first_sample for block, _ in told]
    assert len(index) == len(set(index)), "a block came out twice"
    return np.array([first_ns for _, first_ns in told])


def errors_ms(given: Iterable[tuple[EmgBlock, int]], stamping: Stamping | None = None) -> Floats:
    """Told less true (ms), for each block."""
    pairs = list(given)
    told = stamped((block for block, _ in pairs), stamping)
    assert len(told) == len(pairs), "a block was lost"
    errors: Floats = (told - np.array([true_ns for _, true_ns in pairs])) / 1e6
    return errors


def apart_ns(begins: Ints, rows: int = ROWS) -> Ints:
    """From each block's last sample, as a file spaces them, to the next block's first."""
    return np.diff(begins) - round((rows - 1) * 1e9 / RATE_HZ)


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_times_are_even_and_within_two_milliseconds_though_blocks_are_late(ppm: float) -> None:
    given = list(blocks(60, ppm=ppm))
    begins = stamped(block for block, _ in given)
    assert (apart_ns(begins) > 0).all()
    assert np.abs(errors_ms(given)).max() < 2.0
    by_arrival_ms = [(block.mono_ns - ROWS / RATE_HZ * 1e9 - true_ns) / 1e6 for block, true_ns in given]
    assert max(by_arrival_ms) > 50.0, "stamping by arrival would have done"


@pytest.mark.parametrize("late_s", [0.1, 0.7, 2.5])
def test_what_waited_for_a_starting_station_gets_the_times_it_was_taken_at(late_s: float) -> None:
    ready_ns = START_NS + round(late_s * 1e9)
    given = [(replace(block, mono_ns=max(block.mono_ns, ready_ns)), true_ns) for block, true_ns in blocks(10)]
    assert given[3][0].mono_ns - given[3][1] > 20_000_000, "nothing waited"
    assert np.abs(errors_ms(given)).max() < 2.0
    assert (apart_ns(stamped(block for block, _ in given)) > 0).all()


def test_blocks_are_held_half_a_second_and_come_out_in_order() -> None:
    stamping, given = Stamping(RATE_HZ), [block for block, _ in blocks(2)]
    out = [[block.first_sample for block, _ in stamping.take(block)] for block in given]
    held = next(number for number, indices in enumerate(out) if indices)
    assert 20 <= held <= 30
    assert [index for indices in out for index in indices] == [block.first_sample for block in given]
    assert stamping.rest() == []


@pytest.mark.parametrize(("rows", "falls_ms"), [(32, 3.0), (32, 60.0), (103, 60.0), (512, 20.0)])
def test_no_sample_lies_before_one_that_was_recorded_earlier(rows: int, falls_ms: float) -> None:
    given = []
    for block, true_ns in blocks(30, ppm=100.0, rows=rows):
        # the whole delay falls: the map moves back
        delay_ns = round(falls_ms * 1e6) if block.mono_ns < START_NS + 3_000_000_000 else 0
        given.append((replace(block, mono_ns=block.mono_ns + delay_ns), true_ns))
    begins = stamped(block for block, _ in given)
    assert (apart_ns(begins, rows) > 0).all()
    before_ms, after_ms = errors_ms(given)[[0, -1]]
    assert before_ms > falls_ms - 1.0, "there was nothing to move back from"
    assert abs(after_ms) < 2.0


@pytest.mark.parametrize("stall_s", [0.3, 0.9, 3.0])
def test_a_stall_moves_no_time(stall_s: float) -> None:
    back_ns = START_NS + round((6.0 + stall_s) * 1e9)
    given = []
    for block, true_ns in blocks(20):
        # nothing is read for so long, and then everything that waited at once
        stalled = START_NS + 6_000_000_000 < block.mono_ns < back_ns
        given.append((replace(block, mono_ns=back_ns) if stalled else block, true_ns))
    assert apart_ns(stamped(block for block, _ in given)).min() > 0, "no block reaches into the next"
    assert np.abs(errors_ms(given)).max() < 2.0


def test_a_delay_that_stays_is_taken_for_the_new_one_and_the_times_go_on_rising() -> None:
    given = []
    for block, true_ns in blocks(20):
        late_ns = 400_000_000 if true_ns > START_NS + 6_000_000_000 else 0
        given.append((replace(block, mono_ns=block.mono_ns + late_ns), true_ns + late_ns))
    assert apart_ns(stamped(block for block, _ in given)).min() > 0
    assert np.abs(errors_ms(given)[-400:]).max() < 2.0


HOLE_S = 1.0


def after_a_hole(wrong_ms: float, *, index: int, start_s: float) -> list[tuple[EmgBlock, int]]:
    """What follows a hole that a driver estimated wrong: too long where its first block was late, else too short."""
    lost = round((HOLE_S + wrong_ms / 1e3) * RATE_HZ)
    given = []
    first_ns = None
    for block, true_ns in blocks(5, index=index + lost, start_s=start_s + HOLE_S):
        first_ns = first_ns or block.mono_ns + round(max(0.0, wrong_ms) * 1e6)
        late = replace(block, mono_ns=max(block.mono_ns, first_ns), lost=lost if not given else 0)
        given.append((late, true_ns))
    return given


@pytest.mark.parametrize("wrong_ms", [-400.0, -78.0, -20.0, 5.0, 20.0, 60.0, 150.0, 400.0])
def test_a_hole_that_was_estimated_wrong_moves_no_time(wrong_ms: float) -> None:
    before = list(blocks(40 if wrong_ms == 60.0 else 5))
    ends = before[-1][0].first_sample + ROWS
    given = before + after_a_hole(wrong_ms, index=ends, start_s=ends / RATE_HZ)
    begins = stamped(block for block, _ in given)
    assert np.abs(begins - np.array([true_ns for _, true_ns in given])).max() < 2_000_000
    assert apart_ns(begins).min() > 0, "no block reaches into the next"


@pytest.mark.parametrize(("late_before_ms", "late_after_ms"), [(0.0, 0.0), (30.0, 0.0), (0.0, 30.0), (0.0, 200.0)])
def test_a_reconnection_moves_no_time_whatever_the_driver_makes_of_its_gap(
    late_before_ms: float, late_after_ms: float
) -> None:
    stamping, maker = Stamping(RATE_HZ), BlockMaker(0.5, RATE_HZ)
    told: list[tuple[EmgBlock, int]] = []
    true_ns: list[int] = []
    for start_s, late_last_ms, late_first_ms in ((0.0, late_before_ms, 0.0), (7.3, 0.0, late_after_ms)):
        given = [(block.mono_ns, at_ns) for block, at_ns in blocks(5, start_s=start_s)]
        given[-1] = (given[-1][0] + round(late_last_ms * 1e6), given[-1][1])
        maker.restart()
        for arrived_ns, at_ns in given:
            at_least_ns = given[0][0] + round(late_first_ms * 1e6)
            (block,) = maker.cut(np.zeros((ROWS, 8), np.int16), [], [], max(arrived_ns, at_least_ns))
            told += stamping.take(block)
            true_ns.append(at_ns)
    told += stamping.rest()
    assert maker.lost > 2 * RATE_HZ, "it was not pulled"
    assert np.abs(np.array([at_ns for _, at_ns in told]) - np.array(true_ns)).max() < 2_000_000


def test_blocks_after_a_hole_are_held_come_out_once_and_in_order_and_are_flushed() -> None:
    stamping = Stamping(RATE_HZ)
    before = [block for block, _ in blocks(5)]
    stamped(before, stamping)
    ends = before[-1].first_sample + ROWS
    after = [block for block, _ in after_a_hole(60.0, index=ends, start_s=ends / RATE_HZ)]
    again = [
        block for block, _ in after_a_hole(-60.0, index=after[9].first_sample + ROWS, start_s=ends / RATE_HZ + 1.2)
    ]
    out = [[told.first_sample for told, _ in stamping.take(block)] for block in (*after[:10], *again)]
    assert not any(out[:10]), "nothing is told before its level is known"
    assert len(out[10]) == 10, "the next hole ends the wait"
    assert not any(out[11:30])
    told = [index for indices in out for index in indices] + [block.first_sample for block, _ in stamping.rest()]
    assert told == [block.first_sample for block in (*after[:10], *again)]
    stamping.take(replace(again[-1], first_sample=told[-1] + 2 * ROWS, lost=ROWS))
    ((last, _),) = stamping.rest()
    assert last.first_sample == told[-1] + 2 * ROWS
    assert stamping.rest() == []


def test_a_counted_loss_moves_no_time() -> None:
    counted = [
        (replace(block, lost=ROWS * (number % 50 == 41)), true_ns)
        for number, (block, true_ns) in enumerate(blocks(10))
        if number % 50 != 40
    ]
    assert np.abs(errors_ms(counted)).max() < 2.0


@pytest.mark.parametrize("ppm", [20_000.0, -20_000.0])
def test_a_sender_whose_rate_is_not_what_it_says_never_strays_far(ppm: float) -> None:
    assert np.abs(errors_ms(blocks(120, ppm=ppm))).max() < 400.0


def test_an_amplifier_that_counts_anew_is_followed() -> None:
    stamping = Stamping(RATE_HZ)
    before = stamped((block for block, _ in blocks(5)), stamping)
    again = list(blocks(5, start_s=5.1))
    assert np.abs(errors_ms(again, stamping)[100:]).max() < 2.0
    assert stamped([again[-1][0]], stamping)[0] > before[-1], "its times go on rising"


async def test_the_time_of_a_pulse_is_as_true_after_a_pulled_cable_as_before(tmp_path: Path) -> None:
    stamping = Stamping(2000.0)
    told: list[tuple[EmgBlock, int]] = []
    stalled_ns: list[int] = []

    def late_ns() -> int:
        """The loop stalls for 150 ms when the cable is back: what comes first comes late."""
        if run.emg.health.reconnects and not stalled_ns:
            stalled_ns.append(time.monotonic_ns() + 150_000_000)
        return max(time.monotonic_ns(), *stalled_ns, 0)

    async def pulse(number: int) -> None:
        run.pulse()
        await run.until(lambda: len(run.triggers) == number)

    async with rig("sessantaquattro", Sessantaquattro, tmp_path) as run:
        run.emg.subscribe(lambda said: told.extend(stamping.take(said)) if isinstance(said, EmgBlock) else None)
        await run.until(lambda: run.rows > 1500)
        await pulse(1)
        run.emg.now_ns = late_ns
        run.fault("sessantaquattro.cable_out@0+0.3")
        await run.until(lambda: run.lost)
        await pulse(2)
        end = run.rows + 1500
        await run.until(lambda: run.rows > end)
        told += stamping.rest()
        truths_ns = [run.around.clock.monotonic_ns(response.at_s) for response in run.around.patient._responses]
    assert stalled_ns
    late_ms = []
    for trigger, true_ns in zip(run.triggers, truths_ns, strict=True):
        first, first_ns = next((b.first_sample, at) for b, at in told if trigger < b.first_sample + len(b.counts))
        late_ms.append((first_ns + (trigger - first) * 1e9 / 2000.0 - true_ns) / 1e6)
    assert late_ms[1] == pytest.approx(late_ms[0], abs=20.0), "as late as before: by what the amplifier holds back"
