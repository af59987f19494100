"""A driver's options, from a config's mapping to a frozen dataclass; and what may stand at a place of such a type."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import inspect

from hal.device import SetupError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
_AT = re.compile(r"(?P<what>.*) - at `\$(?P<place>.*)`", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<key>.*?)`")
_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]$]+")


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
    for name, value in options.items():
        key = f"options.{name}"
        if name not in known:
            raise SetupError(f"unknown option {name!r}", device=device, remedy=nearest(name, known), key=key)
        if not _finite(value):
            raise SetupError(f"option {name!r} is no number", device=device, remedy="write a number", key=key)
    try:
        return msgspec.convert(dict(options), kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise _explained(kind, list(options), str(error), device) from error


def types_at(kind: type[Any], place: str) -> list[inspect.Type]:
    """What may stand at `place` (msgspec's "$.a[0].b") of the type `kind`; a union's members one by one."""
    nodes = _alternatives(inspect.type_info(kind))
    for step in _STEP.findall(place):
        nodes = [inner for node in nodes for inner in _inside(node, step)]
    return nodes


def values_at(kind: type[Any], place: str) -> list[str]:
    """The words of which one must stand at `place`, or be a key of the table there; empty where others may too."""
    nodes = types_at(kind, place)
    keys = [key for node in nodes if isinstance(node, inspect.DictType) for key in _alternatives(node.key_type)]
    return [str(value) for node in nodes + keys if isinstance(node, inspect.LiteralType) for value in node.values]


def _explained(kind: type[Any], given: Sequence[str], message: str, device: str) -> SetupError:
    """What is wrong with which option. A check of the dataclass itself names options in its words: one of `given`."""
    found = _AT.fullmatch(message)
    what, place = (found["what"], found["place"].lstrip(".")) if found else (message, "")
    if missing := _MISSING.search(what):
        place = f"{place}.{missing['key']}".lstrip(".")
        what = f"option {place!r} is missing"
    else:
        place = place or next((word for word in re.findall(r"\w+", what) if word in given), "")
        what = f"option {place!r} makes no sense: {what}" if place else f"options make no sense: {what}"
    valid = values_at(kind, place) if place else []
    remedy = f"valid: {', '.join(valid)}" if valid else "correct the device file"
    return SetupError(what, device=device, remedy=remedy, key=f"options.{place}".rstrip("."))


def _inside(node: inspect.Type, step: str) -> list[inspect.Type]:
    if isinstance(node, inspect.StructType | inspect.DataclassType):
        return [inner for field in node.fields if field.encode_name == step for inner in _alternatives(field.type)]
    if isinstance(node, inspect.DictType):
        return _alternatives(node.value_type)
    if isinstance(node, inspect.VarTupleType | inspect.ListType):
        return _alternatives(node.item_type)
    if isinstance(node, inspect.TupleType):
        return [inner for item in node.item_types for inner in _alternatives(item)]
    return []


def _alternatives(node: inspect.Type) -> list[inspect.Type]:
    return list(node.types) if isinstance(node, inspect.UnionType) else [node]


def _finite(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    return not isinstance(value, float) or isfinite(value)
