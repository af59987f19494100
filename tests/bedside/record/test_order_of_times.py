"""Sample times on their way through a file: in order also where a clock's map had to go back."""

import numpy as np
import pytest

from bedside.record.samples import Item, sample_runs
from bedside.record.streams import OFFSET, encode_block
from bedside.station.entries import uneven_stream
from hal.clockmap import ClockMap

PERIOD_NS, ROWS = 10_000_000, 5
STREAM = uneven_stream("imu", "left_thigh", 100.0, (OFFSET, "x"), ("ms", "m/s2"))


def recorded(seed: int) -> list[Item]:
    """A sensor whose first packets come 1.2 s late, on a machine without time for them, and that then connects anew."""
    rng = np.random.default_rng(seed)
    clock, items = ClockMap(PERIOD_NS), []
    for packet in range(150):
        counts = np.arange(packet * ROWS, (packet + 1) * ROWS)
        starved_ns = 1_200_000_000 if packet < 60 else 0
        if packet == 60:
            clock.restart()
        clock.feed(int(counts[-1]), int(counts[-1]) * PERIOD_NS + starved_ns + int(rng.uniform(0, 60e6)))
        times_ns = clock.at_ns(counts)
        offsets_ms = ((times_ns - times_ns[0]) / 1e6).astype(np.float32)
        values = np.column_stack((offsets_ms, counts)).astype(np.float32)
        data = encode_block(STREAM, int(counts[0]), int(times_ns[0]), values)
        items.append(Item(STREAM, int(times_ns[0]), packet, data))
    return items


@pytest.mark.parametrize("seed", range(20))
def test_times_read_back_rise_also_where_the_map_went_back(seed: int) -> None:
    items = recorded(seed)
    times_ns = sample_runs(items)["imu"].times_ns
    steps_ns = np.diff(times_ns)
    assert steps_ns.min() > 0
    assert steps_ns.min() < PERIOD_NS / 10, "the map did go back"
