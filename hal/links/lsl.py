"""A stream of another program over LSL, found by its source id or name."""

import asyncio
from collections.abc import Callable

from hal.device import LinkLost
from hal.links.lsl_library import Scope, load
from hal.links.lsl_pull import CHECK_SENDER, LslChunk, LslStream, Pull

__all__ = ["LslChunk", "LslLink", "LslStream", "lsl_link"]


class LslLink:
    """One stream. `read` gives what has come since the last; all methods run on the event loop's thread."""

    def __init__(self, address: str, *, key: str, value: str, scope: Scope, now_ns: Callable[[], int]) -> None:
        self.address = address
        self.scope = scope
        self._predicate = f"{key}='{value}'"
        self._what = f"{key} {value!r}"
        self._now_ns = now_ns
        self._pull: Pull | None = None
        self._ending: list[Pull] = []
        self.stream: LslStream | None = None

    @property
    def is_open(self) -> bool:
        """Whether a stream is being pulled."""
        return self._pull is not None

    def beside(self, source_id: str) -> "LslLink":
        """A link to another stream in the same scope."""
        address = f"lsl:source_id={source_id}&scope={self.scope}"
        return LslLink(address, key="source_id", value=_plain(source_id), scope=self.scope, now_ns=self._now_ns)

    async def open(self) -> None:
        """Find the stream and subscribe to it; raises `LinkNotFound`, and `SetupError` without the library."""
        self.close()
        pull = Pull(await asyncio.to_thread(load, self.scope), self._predicate, self._what, self._now_ns)
        self._pull = pull
        self.stream = await pull.begun

    async def read(self) -> list[LslChunk]:
        """At least one chunk; raises `LinkLost` when the stream ended."""
        if self._pull is None:
            raise LinkLost(f"LSL stream {self._what} is not open", remedy=CHECK_SENDER)
        return await self._pull.take()

    def close(self) -> None:
        """Unsubscribe; safe to call twice. A waiting `read` raises `LinkLost`."""
        pull, self._pull = self._pull, None
        if pull is not None:
            pull.end()
            self._ending.append(pull)

    async def wait_closed(self) -> None:
        """Wait until the library has let go of the stream."""
        ending, self._ending = self._ending, []
        for pull in ending:
            await pull.ended.wait()
            pull.thread.join()


def _plain(text: str) -> str:
    """`text`, fit for the library's query; raises ValueError."""
    if not text or not text.isprintable() or any(mark in text for mark in "'\"<>&"):
        raise ValueError(f"{text!r} cannot name a stream")
    return text


def lsl_link(address: str, given: dict[str, str], now_ns: Callable[[], int]) -> LslLink:
    """The link of an address's settings `source_id` or `name`, and `scope`; raises ValueError."""
    keys = [key for key in ("source_id", "name") if given[key]]
    if len(keys) != 1:
        raise ValueError("either source_id or name is needed")
    scopes: dict[str, Scope] = {"machine": "machine", "link": "link", "site": "site"}
    if given["scope"] not in scopes:
        raise ValueError(f"scope must be {', '.join(scopes)}, not {given['scope']!r}")
    return LslLink(address, key=keys[0], value=_plain(given[keys[0]]), scope=scopes[given["scope"]], now_ns=now_ns)
