"""Terminals for whoever sits at a screen."""

from collections.abc import Iterator

import pytest

from tests.helpers.at_the_screen import Opener, terminals


@pytest.fixture
def terminal() -> Iterator[Opener]:
    """Opens terminals, and closes them all at the end."""
    with terminals() as open_one:
        yield open_one
