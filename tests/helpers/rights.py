"""Being somebody who may not do everything: permissions hold for all but the superuser, as whom tests may run."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOBODY = 65534


@contextmanager
def nobody() -> Iterator[None]:
    """Not the superuser inside this block; no change for who is none."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if before == 0:
            os.seteuid(0)


def as_nobody() -> dict[str, Any]:
    """The same for a process of its own: arguments of `subprocess.run`."""
    return {} if os.geteuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@contextmanager
def anybodys() -> Iterator[Path]:
    """A folder that anybody may reach and write, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@contextmanager
def closed(path: Path, mode: int = 0) -> Iterator[Path]:
    """A file or folder with these permissions inside the block, so that it can be removed afterwards."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield path
    finally:
        path.chmod(before)
