"""The note of the last number made durable: without it nobody would notice that the journal's end was cut off."""

import json
import os
import zlib
from pathlib import Path

from bedside.record.chain import Head
from bedside.record.fsutil import SYSTEM, Storage, write_whole

NOTE = "head.json"


class DamagedNote(ValueError):
    """The note of the last number cannot be read."""


def read_note(folder: Path) -> Head | None:
    """The last head known to have been durable, None without a note; raises DamagedNote."""
    try:
        raw = (folder / NOTE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(raw)
        head = Head(int(fields["n"]), str(fields["h"]))
    except (ValueError, KeyError, TypeError):
        raise DamagedNote(f"{NOTE} cannot be read") from None
    if raw != note_bytes(head):
        raise DamagedNote(f"{NOTE} was altered: its check sum does not hold")
    return head


def note_bytes(head: Head) -> bytes:
    """The note of `head`: always of one length, so that it is overwritten in place within one disk sector."""
    text = f'{{"n":{head.n:20d},"h":"{head.h}","crc":"'
    return f'{text}{zlib.crc32(text.encode()):08x}"}}\n'.encode()


class Note:
    """Keeps the note of the last number. It is written after each commit and synced only now and then.

    It may therefore lag behind the journal after a power cut, but is never ahead of it: a note with a higher number
    than the journal proves that acknowledged lines are gone.
    """

    def __init__(self, folder: Path, head: Head, storage: Storage = SYSTEM) -> None:
        write_whole(folder / NOTE, note_bytes(head), storage)
        self._storage = storage
        self._fd = os.open(folder / NOTE, os.O_WRONLY | os.O_CLOEXEC)

    def put(self, head: Head) -> None:
        """Overwrite the note."""
        os.pwrite(self._fd, note_bytes(head), 0)

    def sync(self) -> None:
        """Make the note durable."""
        self._storage.fdatasync(self._fd)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)
