"""The folder into which other programs' tables are copied: what lies in it, read without following a link out of it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bedside.refusal import Refusal

MOST_BYTES = 8 << 20
"""Five minutes of two feet at 200 Hz fit; what is larger holds more than one trial."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What changes when a file does."""

    inode: int
    size: int
    written_ns: int

    @property
    def written(self) -> str:
        """When it was last written, ISO 8601, UTC, to the second; empty for a time that no calendar has."""
        try:
            return datetime.fromtimestamp(self.written_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError, OSError):
            return ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file's bytes and their fingerprint."""

    name: str
    data: bytes
    print: Fingerprint


def plain(name: str) -> bool:
    """Whether a name is one of a file in the folder itself that can be shown on a screen."""
    shown = name.isprintable() and 0 < len(name) <= LONGEST_NAME and not name.startswith(".")
    return shown and Path(name).name == name


def entries(folder: Path) -> list[tuple[str, Fingerprint]]:
    """The folder's plain files that are small enough, newest first; empty where there is no folder."""
    found = []
    try:
        with os.scandir(folder) as listed:
            for entry in listed:
                if plain(entry.name) and entry.is_file(follow_symlinks=False):
                    told = _fingerprint(entry.stat(follow_symlinks=False))
                    if 0 < told.size <= MOST_BYTES:
                        found.append((entry.name, told))
    except OSError:
        return []
    return sorted(found, key=lambda one: (-one[1].written_ns, one[0]))


def head(folder: Path, name: str, most: int) -> bytes:
    """A file's first `most` bytes; raises `Refusal` as `take` does."""
    with _opened(folder, name) as fd:
        return os.read(fd, most)


def take(folder: Path, name: str, size: int | None = None) -> Found:
    """The whole file; `size` is the one that a person saw. Raises `Refusal` that names the file and what to do."""
    with _opened(folder, name) as fd:
        before = _fingerprint(os.fstat(fd))
        if not before.size:
            raise Refusal(f"{name} is empty", "copy it again")
        if before.size > MOST_BYTES:
            raise Refusal(f"{name} is larger than {MOST_BYTES >> 20} MiB", "export one trial at a time")
        if size is not None and size != before.size:
            changed = f"{name} has changed since it was listed: {size} bytes then, {before.size} now"
            raise Refusal(changed, "wait until it is copied, and choose it again")
        data = _all_of(fd, before.size + 1)
        if len(data) != before.size or _fingerprint(os.fstat(fd)) != before or _now_at(folder, name) != before:
            raise Refusal(f"{name} was changed while it was read", "wait until it is copied, and choose it again")
    return Found(name, data, before)


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[int]:
    """A descriptor of a plain file of the folder; no link is followed, and nothing but a file is opened."""
    if not plain(name):
        raise Refusal(f"{name!r} is no file of the import folder", f"copy it into {folder}, with a plain name")
    try:
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        finally:
            os.close(at)
    except OSError as error:
        raise _not_opened(folder, name, error) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Refusal(f"{name} is no file", "copy the table itself into the import folder")
        yield fd
    except OSError as error:
        raise Refusal(f"{name} cannot be read: {error.strerror or error}", "copy it again") from error
    finally:
        os.close(fd)


def _not_opened(folder: Path, name: str, error: OSError) -> Refusal:
    if error.errno == errno.ELOOP:
        return Refusal(f"{name} is a link", "copy the file itself into the import folder")
    if error.errno == errno.ENOENT:
        return Refusal(f"{name} is not in the import folder", f"copy it into {folder}")
    return Refusal(f"{name} cannot be read: {error.strerror or error}", "ask the administrator")


def _all_of(fd: int, most: int) -> bytes:
    parts, size = [], 0
    while size < most and (part := os.read(fd, min(most - size, 1 << 20))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _now_at(folder: Path, name: str) -> Fingerprint:
    return _fingerprint((folder / name).stat(follow_symlinks=False))


def _fingerprint(told: os.stat_result) -> Fingerprint:
    return Fingerprint(told.st_ino, told.st_size, told.st_mtime_ns)
