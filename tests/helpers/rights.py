"""Being somebody who may not do everything: permissions hold for all but the superuser, as whom tests may run."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.tools import need_tools

VERSION_3 = 0x20080522
OVERRIDES = (1 << 1) | (1 << 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, capabilities(7): to read and write whatever the permissions say."""


@contextmanager
def nobody() -> Iterator[None]:
    """In this thread not the superuser's rights over files inside this block; no change for who has none.

    The user stays the same, so that Python itself can still be read.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    before = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; low words, then high ones
    inside = (ctypes.c_uint32 * 6)()
    _done(libc.capget(header, before))
    ctypes.memmove(inside, before, ctypes.sizeof(before))
    inside[0] &= ~OVERRIDES
    _done(libc.capset(header, inside))
    try:
        yield
    finally:
        _done(libc.capset(header, before))


def as_nobody() -> list[str]:
    """The same for a process of its own: what to put before its command."""
    if os.geteuid():
        return []
    need_tools("setpriv")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@contextmanager
def closed(path: Path, mode: int = 0) -> Iterator[Path]:
    """A file or folder with these permissions inside the block, so that it can be removed afterwards."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield path
    finally:
        path.chmod(before)


def _done(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
