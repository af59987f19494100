"""Folders that look like closed visits."""

import random
from pathlib import Path


def write_visit(data: Path, visit: str, *, raw_bytes: int = 3000, seed: int = 0) -> Path:
    """A visit's folder with one journal file, its signature and two sample files; not sealed yet."""
    content = random.Random(f"{seed} {visit}")
    folder = data / "visits" / visit
    (folder / "journal").mkdir(parents=True)
    (folder / "raw").mkdir()
    (folder / "journal/000001.jsonl").write_bytes(content.randbytes(500))
    (folder / "journal/000001.jsonl.sig").write_bytes(content.randbytes(64))
    for number in (1, 2):
        (folder / f"raw/{number:04}.mcap").write_bytes(content.randbytes(raw_bytes))
    return folder
