"""What the tests of signal processing share."""

from pathlib import Path

import pytest

from tests.helpers.recordings import need_recordings


@pytest.fixture
def recordings() -> Path:
    """The folder of real EMG, or a skip that says where it was looked for."""
    return need_recordings("emg")
