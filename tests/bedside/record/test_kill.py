import random
import subprocess
import sys
import time
from pathlib import Path

from bedside.record.journal import read_journal
from bedside.record.verify import verify
from tests.helpers.journals import numbers, open_journal

WRITER = """
import sys
from pathlib import Path
from tests.helpers.journals import open_journal, record

journal = open_journal(Path(sys.argv[1]), rotate_after_s=0.02)
for number in range(int(sys.argv[2]), 10**9):
    journal.append(record(number))
    print(number, flush=True)
"""
KILLS = 8


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed_again_and_again(tmp_path: Path) -> None:
    rng = random.Random(7)
    acknowledged = -1
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(acknowledged + 1)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        first = int(writer.stdout.readline())
        assert first == acknowledged + 1
        time.sleep(rng.uniform(0.0, 0.15))
        writer.kill()
        assert writer.wait() == -9, "the kill came while it wrote"
        acknowledged = max([first, *(int(line) for line in writer.stdout.read().splitlines() if line)])
        writer.stdout.close()
        kept = numbers(read_journal(tmp_path))
        assert kept == sorted(set(kept))
        assert acknowledged <= kept[-1] <= acknowledged + 1
        acknowledged = kept[-1]
    open_journal(tmp_path).close()
    entries = list(read_journal(tmp_path))
    assert numbers(entries) == list(range(acknowledged + 1))
    assert sum(entry.ev == "recover.interrupted" for entry in entries) == KILLS
    assert verify(tmp_path).ok
