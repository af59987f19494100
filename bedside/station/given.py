"""What a command line gives to a station: folders that can be used and a speed that is one. Refused before all else."""

import argparse
import errno
import math
import os
import tempfile
from pathlib import Path

from bedside.config import ConfigError
from bedside.station.wire import SOCKETS

SOCKET_PATH_BYTES = 107
"""The longest name of a Unix socket, unix(7)."""


def speed(text: str) -> float:
    """Visit time per real time, more than 0; for `argparse`."""
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if not (math.isfinite(given) and given > 0):
        raise argparse.ArgumentTypeError(f"{text}: must be a number of more than 0")
    return given


def usable_folder(folder: Path, option: str) -> None:
    """Make a folder where it is missing, and prove that files can be put in it. Raises `ConfigError` naming it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        # an existing file in its place is told by mkdir as "File exists"
        why = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror or str(error)
        remedy = f"give it to the user of bedside, or name another folder with {option}"
        raise ConfigError(folder, "", f"no file can be put there: {why}", remedy) from error


def usable_for_sockets(folder: Path, option: str) -> None:
    """The same for a folder of sockets, whose names may not be long. Raises `ConfigError` naming it."""
    size = max(len(os.fsencode(folder / name)) for name in SOCKETS.values())
    if size > SOCKET_PATH_BYTES:
        problem = f"a socket there has a name of {size} bytes, and {SOCKET_PATH_BYTES} is the most"
        raise ConfigError(folder, "", problem, f"name a folder with a shorter path with {option}")
    usable_folder(folder, option)
