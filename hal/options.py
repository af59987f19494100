"""A driver's options, from a config's mapping to a frozen dataclass."""

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hal.device import SetupError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def nearest(word: str, known: list[str]) -> str:
    """A remedy that names the closest of `known`, or all of them."""
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def parse_options(kind: type[T], options: Mapping[str, Any], *, device: str) -> T:
    """`options` as the dataclass `kind`; raises `SetupError` naming the key, and the nearest key for an unknown one.

    A `ValueError` from the dataclass itself (a value out of range) becomes a `SetupError` too. TOML knows `nan` and
    `inf`, which pass most checks of a range: neither is ever taken.
    """
    known = [field.name for field in fields(kind)]
    for key in options:
        if key not in known:
            raise SetupError(f"unknown option {key!r}", device=device, remedy=nearest(key, known))
        if not _finite(options[key]):
            raise SetupError(f"option {key!r} is no number", device=device, remedy="correct the device file")
    try:
        return msgspec.convert(dict(options), kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise SetupError(f"option makes no sense: {error}", device=device, remedy="correct the device file") from error


def _finite(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    return not isinstance(value, float) or isfinite(value)
