from pathlib import Path

import pytest

from bedside.record.disk import MB, DiskLimits, disk_state, planned_bytes, start_refusal
from bedside.record.fsutil import free_bytes, write_whole
from tests.helpers.journals import FailingStorage

LIMITS = DiskLimits()


@pytest.mark.parametrize(
    ("free_mb", "stimulate", "record", "warn"),
    [
        (5000, True, True, False),
        (1000, True, True, False),
        (999, True, True, True),
        (200, True, True, True),
        (199, False, True, True),
        (100, False, True, True),
        (99, False, False, True),
        (0, False, False, True),
    ],
)
def test_what_goes_on_with_how_much_room(free_mb: int, stimulate: bool, record: bool, warn: bool) -> None:
    state = disk_state(free_mb * MB, LIMITS)
    assert (state.may_stimulate, state.may_record, state.warn) == (stimulate, record, warn)
    assert bool(state.reason) == bool(state.remedy) == warn
    if warn:
        assert f"{free_mb} MB" in state.reason


def test_a_start_needs_twice_the_plan_and_never_less_than_the_floor() -> None:
    assert start_refusal(2000 * MB, 100 * MB, LIMITS) is None
    assert start_refusal(1999 * MB, 100 * MB, LIMITS) is not None
    assert start_refusal(2999 * MB, 1500 * MB, LIMITS) is not None
    assert start_refusal(3000 * MB, 1500 * MB, LIMITS) is None
    assert "2000 MB" in str(start_refusal(10 * MB, 1, LIMITS))


def test_limits_are_configurable() -> None:
    small = DiskLimits(start_bytes=10 * MB)
    assert start_refusal(11 * MB, MB, small) is None


def test_twenty_minutes_of_eight_channels() -> None:
    assert planned_bytes(8, 5120.0, 2, 1200.0) == pytest.approx(108 * MB, rel=0.01)


def test_free_bytes_asks_the_file_system(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0


def test_write_whole_leaves_the_old_file_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    for call in range(3):
        storage = FailingStorage({call})
        with pytest.raises(OSError, match="injected"):
            write_whole(path, b"new and longer", storage)
        assert storage.fired
        assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
