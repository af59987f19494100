"""A door that is stuck: whoever goes through blocks in the kernel, as in the driver of a bad USB adapter."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


class StuckDoor:
    """A named pipe that is opened for reading and has no writer until `free`. After `RESCUE_S` it frees itself.

    So a test of code that blocks its event loop ends too, and `rescued` tells it.
    """

    RESCUE_S = 10.0

    def __init__(self, folder: Path) -> None:
        self._pipe = folder / "stuck"
        os.mkfifo(self._pipe)
        self._open = os.open
        self._writer: int | None = None
        self._lock = threading.Lock()
        self.waiting = 0
        self.passed = 0
        self.rescued = False
        self._rescue = threading.Timer(self.RESCUE_S, self._come_to_the_rescue)
        self._rescue.daemon = True
        self._rescue.start()

    def wait(self) -> None:
        """Block in open(2) until the door is free."""
        with self._lock:
            self.waiting += 1
        os.close(self._open(self._pipe, os.O_RDONLY))
        with self._lock:
            self.passed += 1

    def before(self, call: Callable[..., Any], only: str = "") -> Callable[..., Any]:
        """`call`, behind the door; with `only`, calls whose first argument is another go straight through."""

        def behind(*words: Any, **named: Any) -> Any:
            if not only or str(words[0]) == only:
                self.wait()
            return call(*words, **named)

        return behind

    def free(self) -> None:
        """From now on nobody is held up; safe to call twice."""
        self._rescue.cancel()
        if self._writer is None:
            # for reading too, so that it opens with nobody there
            self._writer = self._open(self._pipe, os.O_RDWR)

    def close(self) -> None:
        """Free, and tidy up."""
        self.free()
        if self._writer is not None:
            os.close(self._writer)

    def _come_to_the_rescue(self) -> None:
        self.rescued = True
        self.free()
