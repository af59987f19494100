"""Blocks of a remote file, moved in pieces that travel together.

asyncssh would do so itself, but leaves tasks with exceptions that nobody fetches when the connection is lost.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from typing import TypeVar, cast

import asyncssh

T = TypeVar("T")


async def write_block(remote: asyncssh.SFTPClientFile, start: int, block: bytes, piece_bytes: int) -> None:
    """Write all of `block` at `start`; `remote` is open with `block_size=0`. Raises the first error of any piece."""
    spans = list(_spans(len(block), piece_bytes))
    await _together(remote.write(block[begin:end], start + begin) for begin, end in spans)


async def read_block(remote: asyncssh.SFTPClientFile, start: int, count: int, piece_bytes: int) -> bytes:
    """Up to `count` bytes from `start`, nothing at the end of the file; a server may send fewer than it has."""
    spans = list(_spans(count, piece_bytes))
    pieces = await _together(remote.read(end - begin, start + begin) for begin, end in spans)
    block = bytearray()
    for (_, end), piece in zip(spans, pieces, strict=True):
        block += cast("bytes", piece)
        if len(block) != end:
            break
    return bytes(block)


def _spans(count: int, piece_bytes: int) -> Iterator[tuple[int, int]]:
    return ((begin, min(begin + piece_bytes, count)) for begin in range(0, count, piece_bytes))


async def _together(requests: Iterable[Awaitable[T]]) -> list[T]:
    """All answers, in order; waits for every request before the first error is raised, so that none is lost."""
    answers = await asyncio.gather(*requests, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return cast("list[T]", answers)
