"""Where the real recordings are, or a plain word that they are missing."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("BEDSIDE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


def need_recordings(folder: str) -> Path:
    """The folder of real recordings beside the project; skips where it is missing, since no one can install it."""
    path = SHARED_DATA / folder
    if not path.is_dir():
        pytest.skip(f"real recordings not found at {path} (set BEDSIDE_SHARED_DATA)")
    return path
