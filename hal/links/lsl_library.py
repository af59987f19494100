"""The LSL library: an extra, loaded on demand, with its discovery kept off the clinic's network."""

import os
import threading
from importlib import import_module
from types import ModuleType
from typing import Literal

from hal.device import SetupError

Scope = Literal["machine", "link", "site"]
SCOPES: tuple[Scope, ...] = ("machine", "link", "site")
_MISSING = "install bedside with its extra: pip install 'bedside[lsl]'; where that brings no library, set PYLSL_LIB"
_lock = threading.Lock()
_loaded: list[Scope] = []


def load(scope: Scope = "machine") -> ModuleType:
    """The module `pylsl`; raises `SetupError` where it or its library is absent, or the scope was settled otherwise.

    The first call settles for the whole process how far discovery reaches: this machine, its network segment, or the
    site. An operator's own file, named by LSLAPICFG, goes before that.
    """
    try:
        pylsl = import_module("pylsl")
    except (ImportError, OSError, RuntimeError) as error:
        raise SetupError(f"LSL is not installed: {error}".splitlines()[0], remedy=_MISSING) from error
    with _lock:
        if "LSLAPICFG" in os.environ:
            return pylsl
        if not _loaded:
            pylsl.set_config_content(
                f"[ports]\nIPv6 = disable\n[multicast]\nResolveScope = {scope}\n[log]\nlevel = -3\n"
            )
            _loaded.append(scope)
    if _loaded[0] != scope:
        raise SetupError(
            f"LSL already looks for streams in the scope {_loaded[0]!r}, not {scope!r}",
            remedy="give all LSL addresses of this box the same scope",
        )
    return pylsl
