"""Sends on a D-Bus without losing the connection to a daemon that reads late.

dbus-fast 5.2 writes as soon as it has something to write and takes "no room at the moment" (EAGAIN) for the end of the
connection (python-dbus-next issue 153 tells of the same lines). A daemon that waits for a processor longer than the
socket can hold would then see the service vanish. Messages therefore wait here until the socket has room.
"""

import asyncio
import select
from collections import deque

from dbus_fast import Message
from dbus_fast.aio import MessageBus

LOOK_AGAIN_S = 0.005


class UnhurriedSender:
    """Sends messages on a connected `bus`, in the order of the calls."""

    def __init__(self, bus: MessageBus) -> None:
        self.waiting: deque[Message] = deque()
        self._bus = bus

    def send(self, message: Message) -> None:
        """Send it now or as soon as there is room; what a connection did not take before its end is dropped."""
        self.waiting.append(message)
        if len(self.waiting) == 1:
            self._send_what_fits()

    def _send_what_fits(self) -> None:
        while self.waiting and self._bus.connected:
            if not self._has_room():
                asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._send_what_fits)
                return
            self._bus.send(self.waiting.popleft())
        self.waiting.clear()

    def _has_room(self) -> bool:
        """Linux calls a stream socket writable while three quarters of its buffer are free: a message fits then."""
        # the library shows its socket to nobody, and asking the socket is the only way not to be told EAGAIN
        socket = self._bus._sock
        return socket is not None and bool(select.select((), (socket,), (), 0)[1])
