"""Who is attached to the station's sockets, and what the sockets ask of the station."""

import asyncio
import pwd
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from bedside.commands import AnyCommand
from bedside.events import Envelope, Role
from bedside.station.catching_up import CatchingUp
from bedside.station.wire import Reply, Request, Subscribe

REQUESTS_PER_S = 50


@dataclass(eq=False, slots=True)
class Client:
    """One attached client, as the station sees it.

    `requests` wait to be answered, each with the number of stops that had come before it; `asked_after` is that number
    of the one in hand.
    """

    id: str
    role: Role
    user: str
    writer: asyncio.StreamWriter
    joined_s: float
    beat_s: float
    controls: bool = False
    dropped: int = 0
    wants: Subscribe = field(default_factory=Subscribe)
    catching_up: CatchingUp | None = None
    replay: asyncio.Task[None] | None = None
    replies: dict[int, Reply] = field(default_factory=dict)
    requests: asyncio.Queue[tuple[Request, int] | None] = field(default_factory=asyncio.Queue)
    asked_after: int = 0
    asked_s: deque[float] = field(default_factory=lambda: deque(maxlen=REQUESTS_PER_S))

    def too_fast(self, now_s: float) -> bool:
        """Whether this request is the 51st within a second."""
        full = len(self.asked_s) == REQUESTS_PER_S and now_s - self.asked_s[0] < 1.0
        self.asked_s.append(now_s)
        return full


class Hooks:
    """What the server asks of the station."""

    def __init__(
        self,
        *,
        execute: Callable[[Request, Client], Awaitable[Reply]],
        allow: Callable[[Client, AnyCommand], None],
        stop_now: Callable[[], None],
        stopped: Callable[[], None],
        joined: Callable[[Client], None],
        left: Callable[[Client, str], None],
        last_n: Callable[[], int],
        pages: Callable[[int, int], Iterator[list[Envelope]]],
        tells: Callable[[Role, Envelope], bool] = lambda role, envelope: role in envelope.event.visible_to,
        shown_n: Callable[[Role, int], int] = lambda _role, n: n,
        real_n: Callable[[Role, int], int] = lambda _role, n: n,
        stop_belt_now: Callable[[], None] = lambda: None,
    ) -> None:
        """`allow` raises `Refusal` for what a client may not ask; `tells` says what a role is told of.

        `stop_now` is called as soon as a stop has come, `stopped` when it has been carried out or refused;
        `stop_belt_now` as soon as a kiosk's stop of the belt has come.

        `pages` reads the events behind one number up to another; it is called in the loop and gone through in threads.

        `shown_n` and `real_n` turn journal numbers into those that a role may know, and back.
        """
        self.execute = execute
        self.allow = allow
        self.stop_now = stop_now
        self.stopped = stopped
        self.joined = joined
        self.left = left
        self.last_n = last_n
        self.pages = pages
        self.tells = tells
        self.shown_n = shown_n
        self.real_n = real_n
        self.stop_belt_now = stop_belt_now


def peer_user(writer: asyncio.StreamWriter) -> str:
    """The Unix user at the other end, as the kernel says (SO_PEERCRED); "uid N" for one without a name."""
    peer: socket.socket = writer.get_extra_info("socket")
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", packed)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
