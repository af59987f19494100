"""The measured rate: right through stalls, bunches and losses, and said where it is not the configured one."""

import numpy as np
import pytest

from hal.device import Health
from hal.drivers.emg.delsys import Delsys
from hal.drivers.emg.emg_blocks import NOT_FOR_MEPS
from hal.drivers.emg.pace import Pace
from hal.links.address import make_link
from tests.helpers.emg_rig import CHANNELS

RATE_HZ, ROWS = 2000.0, 40


def fed(
    pace: Pace,
    true_hz: float,
    seconds: float,
    *,
    start: int = 0,
    late_s: float = 0.0,
    stall_s: tuple[float, float] = (0.0, 0.0),
    gone: tuple[float, int] = (0.0, 0),
    seed: int = 1,
) -> int:
    """Blocks that come up to `late_s` late; all from `stall_s` on come at its end; `gone` samples nobody counts.

    Returns how often the rate was said to be off.
    """
    rng = np.random.default_rng(seed)
    off, arrived_s, index = 0, 0.0, start
    for first in range(0, round(seconds * true_hz), ROWS):
        ready_s = 70_000.0 + (start + first + ROWS) / true_hz
        arrived_s = max(arrived_s, ready_s + rng.uniform(0.0, late_s) + rng.exponential(3e-4))
        into_s = first / true_hz
        if stall_s[0] < into_s < sum(stall_s):
            arrived_s = max(arrived_s, ready_s + sum(stall_s) - into_s)
        index += ROWS - (gone[1] if gone[0] <= into_s < gone[0] + ROWS / true_hz else 0)
        pace.feed(arrived_s, index, arrived_s)
        off += pace.is_off
    return off


@pytest.mark.parametrize("true_hz", [1925.93, 2041.0, 1000.0, 4000.0])
def test_another_rate_than_the_configured_one_is_found_within_twenty_seconds(true_hz: float) -> None:
    pace = Pace(RATE_HZ)
    assert pace.rate_hz is None
    fed(pace, true_hz, 20.0, late_s=0.02)
    assert pace.is_off
    assert pace.rate_hz == pytest.approx(true_hz, rel=0.008)


@pytest.mark.parametrize("true_hz", [2000.0, 1990.0, 2000.4])
@pytest.mark.parametrize(
    "case",
    [
        {},
        {"late_s": 0.06},
        {"late_s": 0.06, "stall_s": (2.0, 3.0)},
        {"stall_s": (0.0, 2.5)},
        {"gone": (3.0, 300)},
        {"gone": (3.0, -800)},
    ],
    ids=["even", "bunched", "a stall", "a starting station", "a loss nobody saw", "a gap estimated too long"],
)
def test_a_rate_that_is_right_is_not_doubted(case: dict[str, object], true_hz: float) -> None:
    for seed in range(3):
        pace = Pace(RATE_HZ)
        assert fed(pace, true_hz, 40.0, seed=seed, **case) == 0  # type: ignore[arg-type]
        assert pace.rate_hz == pytest.approx(true_hz, rel=0.003)


@pytest.mark.parametrize("speed", [2.0, 4.0, 60.0])
def test_a_computer_that_does_not_keep_up_with_a_faster_clock_is_no_wrong_rate(speed: float) -> None:
    pace = Pace(RATE_HZ)
    for number in range(3000):
        real_s = number * 0.02
        pace.feed(real_s * speed, round(0.7 * real_s * speed * RATE_HZ), real_s)
        assert not pace.is_off
    assert pace.rate_hz == pytest.approx(0.7 * RATE_HZ, rel=0.01)


def test_a_clock_that_stands_still_tells_no_rate() -> None:
    pace = Pace(RATE_HZ)
    for number in range(200):
        pace.feed(7.0, number * ROWS, number * 0.02)
    assert (pace.rate_hz, pace.is_off) == (None, False)


def test_the_clocks_offset_is_told_from_the_connection_on() -> None:
    pace = Pace(RATE_HZ)
    assert pace.offset_ms is None
    fed(pace, RATE_HZ / (1 + 100e-6), 100.0)
    assert pace.offset_ms == pytest.approx(10.0, abs=1.0)
    pace.restart()
    assert pace.offset_ms is None


async def test_an_amplifier_at_another_rate_is_for_no_evoked_potentials_until_it_is_set_right() -> None:
    now_ns = 0
    options = {"channels": CHANNELS, "trigger_sensor": 16}
    emg = Delsys("emg", lambda: now_ns, make_link("tcp:127.0.0.1:50040"), options)
    emg.real_s = lambda: now_ns / 1e9
    emg.set_health(Health("ok", 0))
    rng = np.random.default_rng(1)

    def come(rate_hz: float, seconds: float) -> None:
        nonlocal now_ns
        for _ in range(round(seconds * rate_hz / ROWS)):
            now_ns += round(ROWS / rate_hz * 1e9)
            emg.deliver(rng.normal(0, 5, (ROWS, 16)).astype(np.float32), [], [])

    come(2000.0, 15.0)
    assert emg.for_meps
    assert emg.vitals.clock_offset_ms == pytest.approx(0.0, abs=0.01)
    come(1925.93, 40.0)
    assert not emg.for_meps
    assert emg.health.error == "its rate is not what it should be: 2000 Hz are configured, and 1926 Hz come"
    assert "same rate" in emg.health.remedy
    assert NOT_FOR_MEPS in emg.vitals.notes
    come(2000.0, 40.0)
    assert emg.for_meps
    assert emg.health.error == ""
