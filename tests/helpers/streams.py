"""Byte streams for codecs: in pieces, and damaged."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """`data` cut into lengths of `cuts`, then the rest."""
    for cut in cuts:
        yield data[:cut]
        data = data[cut:]
    yield data


def fed(feed: Callable[[bytes], Any], data: bytes, cuts: list[int]) -> Any:
    """All arrays that `feed` makes of the pieces, joined."""
    return np.concatenate([feed(piece) for piece in pieces(data, cuts)])


def mutated(data: bytes, rng: np.random.Generator, every: int = 200) -> Iterator[bytes]:
    """`data` in random pieces, in each `every` bytes or so one flipped, one left out, one put in."""
    damaged = bytearray(data)
    for _ in range(len(data) // every):
        damaged[int(rng.integers(len(damaged)))] ^= 1 << int(rng.integers(8))
        del damaged[int(rng.integers(len(damaged)))]
        damaged.insert(int(rng.integers(len(damaged))), int(rng.integers(256)))
    at = 0
    while at < len(damaged):
        size = int(rng.integers(1, 700))
        yield bytes(damaged[at : at + size])
        at += size
