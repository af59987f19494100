"""A file of zeros that is given up when the disk is full, so that the journal has room for the end of the story."""

import os
from pathlib import Path

from bedside.record.fsutil import SYSTEM, Storage

BALLAST_BYTES = 64 * 1024 * 1024
_PIECE = bytes(1024 * 1024)


class Ballast:
    """Room kept back at `path` for a full disk; one for each file system, shared by all its journals."""

    def __init__(self, path: Path, size_bytes: int = BALLAST_BYTES, storage: Storage = SYSTEM) -> None:
        self.path = path
        self.size_bytes = size_bytes
        self._storage = storage

    @property
    def ready(self) -> bool:
        """Whether the whole ballast is on the disk."""
        return self.path.is_file() and self.path.stat().st_size == self.size_bytes

    def fill(self) -> None:
        """Write the ballast when it is missing or short; raises OSError when the disk has no room for it.

        Zeros are written rather than reserved, because compressing or thin file systems count only what is written.
        """
        if self.ready:
            return
        self.path.unlink(missing_ok=True)
        fd = self._storage.create(self.path)
        try:
            for start in range(0, self.size_bytes, len(_PIECE)):
                self._storage.write(fd, _PIECE[: self.size_bytes - start])
            self._storage.fdatasync(fd)
        except OSError:
            self.path.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)

    def release(self) -> bool:
        """Give the room back; False when there was none. The folder's sync makes the blocks free to use."""
        if not self.path.is_file():
            return False
        self.path.unlink()
        self._storage.fsync_folder(self.path.parent)
        return True
