"""The station's end of the guard: register descriptors, beat, and notice when nobody guards any more."""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

from hal.guard import FD_VARIABLE, PACKET_BYTES

ECHO_LATE_S = 1.0
"""A guard that has not echoed a heartbeat for this long hangs, which is as bad as dead."""


class GuardClient:
    """Never blocks and never raises for a guard that is gone: ask `alive`."""

    def __init__(self, guard: socket.socket) -> None:
        self._guard = guard
        self._guard.setblocking(False)
        self._gone = False
        self._waiting_since_s: float | None = None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> "GuardClient | None":
        """The guard that started us, None without one. The variable is taken out, so that no child inherits it."""
        number = environment.pop(FD_VARIABLE, "")
        if not number.isdecimal():
            return None
        try:
            guard = socket.socket(fileno=int(number))
        except OSError:
            return None
        guard.set_inheritable(False)
        return cls(guard)

    @property
    def alive(self) -> bool:
        """Whether the guard still listens. False: switch off, and do not arm again."""
        self._hear()
        late = self._waiting_since_s is not None and time.monotonic() - self._waiting_since_s > ECHO_LATE_S
        return not self._gone and not late

    def register(self, name: str, fd: int, off_bytes: bytes) -> None:
        """Guard `fd`: `off_bytes` are written to it when we fall silent. Again under the same name: replace."""
        self._send(b"R" + name.encode() + b"\0" + off_bytes, [fd])

    def unregister(self, name: str) -> None:
        """Guard the device no longer: it is off and its link closed."""
        self._send(b"U" + name.encode())

    def beat(self) -> None:
        """We live; to be called every 0.2 s or faster, from the loop that must not hang."""
        self._hear()
        if self._waiting_since_s is None:
            self._waiting_since_s = time.monotonic()
        self._send(b"B")

    def close(self) -> None:
        """Hang up; the guard then switches off what is still registered."""
        self._gone = True
        self._guard.close()

    def _send(self, packet: bytes, fds: list[int] | None = None) -> None:
        if self._gone:
            return
        try:
            socket.send_fds(self._guard, [packet], fds or [])
        except BlockingIOError:
            # A beat may be missed, `alive` judges that; a device nobody registered would be unguarded unseen.
            self._gone = bool(fds)
        except OSError:
            self._gone = True

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while not self._gone:
                try:
                    echo = self._guard.recv(PACKET_BYTES)
                except ConnectionError:
                    echo = b""
                self._gone = not echo
                self._waiting_since_s = None
