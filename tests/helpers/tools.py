"""Programs that system tests need: found, or a plain word that they are missing."""

import os
import shutil
from importlib import import_module
from typing import Any

import pytest

IN_CI = os.environ.get("CI") == "true"
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/lib/systemd"])


def need_tools(*names: str) -> dict[str, str]:
    """Paths by name. Skips where one is missing, naming it; in CI a missing program is a failure."""
    found = {name: shutil.which(name, path=SEARCH_PATH) for name in names}
    if missing := [name for name, path in found.items() if path is None]:
        miss(f"not installed: {', '.join(missing)}")
    return {name: path for name, path in found.items() if path is not None}


def need_module(name: str) -> Any:
    """A module that an optional extra brings. Skips where it, or a library below it, is missing; in CI fails."""
    try:
        return import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        miss(f"not installed: {name} ({error})")


def miss(what: str) -> None:
    """Skip because of `what`; in CI fail."""
    if IN_CI:
        pytest.fail(f"CI must provide what system tests need; {what}")
    pytest.skip(what)
