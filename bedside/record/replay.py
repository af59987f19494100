"""Plays a journal back at the pace at which it was written, or faster."""

from collections.abc import Callable, Iterable, Iterator

from bedside.record.chain import Entry


def pauses(entries: Iterable[Entry], speed: float) -> Iterator[tuple[float, Entry]]:
    """Each entry with the seconds to wait before it at `speed` times the original pace; 0 means without waiting.

    Between two boots the monotonic clock says nothing, so nothing is waited there.
    """
    before: Entry | None = None
    for entry in entries:
        same_boot = before is not None and before.boot == entry.boot
        gap_s = max(0.0, (entry.mono_ns - before.mono_ns) / 1e9) if before and same_boot else 0.0
        yield (gap_s / speed if speed > 0 else 0.0), entry
        before = entry


def replay(
    entries: Iterable[Entry], emit: Callable[[Entry], None], *, speed: float, sleep: Callable[[float], None]
) -> int:
    """Give each entry to `emit` at its time and return how many there were."""
    count = 0
    for pause_s, entry in pauses(entries, speed):
        if pause_s > 0:
            sleep(pause_s)
        emit(entry)
        count += 1
    return count
