"""The few calls through which the journal and the recorder reach the disk.

`Storage` is the seam for every durable step: tests give a `Storage` whose n-th call fails, so each error path runs
without a broken disk. Semantics are those of write(2), fdatasync(2) and fsync(2): after an error of the latter two the
kernel may have dropped the dirty pages, so a second call that succeeds proves nothing and is never made here.
"""

import os
from pathlib import Path


class Storage:
    """The operating system's files."""

    def create(self, path: Path) -> int:
        """A new file open for appending; raises FileExistsError rather than touch an old one."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def reopen(self, path: Path) -> int:
        """An existing file open for appending."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def write(self, fd: int, data: bytes) -> None:
        """Write all of `data` at the end; raises OSError after any part of it may have been written."""
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]

    def fdatasync(self, fd: int) -> None:
        """Return when the file's bytes and size are on the device."""
        os.fdatasync(fd)

    def fsync_folder(self, folder: Path) -> None:
        """Return when names created, renamed or removed in `folder` are on the device."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


SYSTEM = Storage()


def write_whole(path: Path, data: bytes, storage: Storage = SYSTEM) -> None:
    """Put `data` at `path` so that after a power cut either the old file or the whole new one is there."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    fd = storage.create(temporary)
    try:
        storage.write(fd, data)
        storage.fdatasync(fd)
    finally:
        os.close(fd)
    temporary.replace(path)
    storage.fsync_folder(path.parent)


def truncate(path: Path, size_bytes: int, storage: Storage = SYSTEM) -> None:
    """Cut the file to `size_bytes`, durably."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(fd, size_bytes)
        storage.fdatasync(fd)
    finally:
        os.close(fd)
    storage.fsync_folder(path.parent)


def free_bytes(folder: Path) -> int:
    """Bytes an ordinary user may still write on the file system that holds `folder`."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
