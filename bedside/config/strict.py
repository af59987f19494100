"""Strict TOML: every key known, every value of the right type and range, every refusal with file, key and remedy."""

import difflib
import hashlib
import math
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import inspect

from bedside.config.lines import line_of, steps_of
from hal.options import types_at, values_at

T = TypeVar("T")

MAX_BYTES = 1 << 20
_UNKNOWN = re.compile(r"unknown field `(?P<key>.*?)`(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<key>.*?)`(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)
_AT = re.compile(r"^(?P<text>.*) - at `(?P<key>key` in `)?(?P<path>\$.*)`$", re.DOTALL)
_NO_SUCH_WORD = re.compile(r"Invalid enum value '(?P<word>.*)'$", re.DOTALL)


class ConfigError(Exception):
    """A file that cannot be used: `path` names it, `key` the place in it, `remedy` what to write instead.

    `line` (from 1) is where the key stands, None where that is not known.
    """

    def __init__(self, path: Path, key: str, problem: str, remedy: str, *, line: int | None = None) -> None:
        super().__init__(f"{path}{f', line {line}' if line else ''}: {key + ': ' if key else ''}{problem} ({remedy})")
        self.path = path
        self.key = key
        self.line = line
        self.problem = problem
        self.remedy = remedy


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that is read from a file."""


def read(path: Path, kind: type[T]) -> T:
    """Read one TOML file as `kind`; raises `ConfigError` and nothing else."""
    return convert(path, parse(path), kind)


def parse(path: Path) -> dict[str, Any]:
    """The file's table; raises `ConfigError` for what is absent, too large, not UTF-8 or not TOML."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(path, "", "larger than 1 MiB", "this is no configuration file")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", "is not UTF-8 text", "save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(path, "", f"is not valid TOML: {error}", "mend the named line") from error


def convert(path: Path, table: dict[str, Any], kind: type[T]) -> T:
    """A parsed table as `kind`; raises `ConfigError` naming the key, and the nearest known key for an unknown one."""
    try:
        _finite(path, table, "")
        return msgspec.convert(table, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _explain(path, str(error), kind) from error
    except RecursionError as error:
        raise ConfigError(path, "", "is nested too deeply", "write it as the shipped example does") from error


def _finite(path: Path, value: object, key: str) -> None:
    """TOML knows nan and inf; no key of ours does."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(path, key, f"is {value}", "write a number")
    if isinstance(value, dict):
        for name, inner in value.items():
            _finite(path, inner, _join(key, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _finite(path, inner, f"{key}[{place}]")


def _explain(path: Path, message: str, kind: type[Any]) -> ConfigError:
    if found := _UNKNOWN.search(message):
        place = found["path"] or "$"
        structs = [node for node in types_at(kind, place) if isinstance(node, inspect.StructType)]
        return _unknown_key(path, place, found["key"], [field.encode_name for one in structs for field in one.fields])
    if found := _MISSING.search(message):
        return ConfigError(path, _join(found["path"] or "$", found["key"]), "is missing", "add it")
    if found := _AT.match(message):
        place, text = found["path"], found["text"]
        word = _NO_SUCH_WORD.match(text)
        valid = values_at(kind, place) if word else []
        if word and found["key"]:
            return _unknown_key(path, place, word["word"], valid)
        remedy = f"valid: {', '.join(valid)}" if valid else "correct the value"
        line = _line(path, steps_of(place))
        return ConfigError(path, _join(place, ""), text[:1].lower() + text[1:], remedy, line=line)
    return ConfigError(path, "", message, "compare with the shipped example")


def _unknown_key(path: Path, place: str, key: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key, known, 1, 0.5)
    remedy = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known)) or 'none'}"
    line = _line(path, (*steps_of(place), key))
    return ConfigError(path, _join(place, key), "unknown key", remedy, line=line)


def _line(path: Path, steps: Sequence[str | int]) -> int | None:
    try:
        return line_of(path.read_text(encoding="utf-8"), steps)
    except (OSError, UnicodeDecodeError):
        return None


def _join(place: str, key: str) -> str:
    return ".".join(part for part in (place.removeprefix("$").removeprefix("."), key) if part)


def files_in(folder: Path) -> list[Path]:
    """The TOML files in a folder by name, none where it does not exist.

    Raises `ConfigError` for a folder that may not be looked into, which a glob would show as an empty one.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def is_there(path: Path) -> bool:
    """Whether there is such a file; raises `ConfigError` where that may not be known."""
    try:
        return path.exists()
    except OSError as error:
        raise _unreadable(path, error) from error


def digest(folder: Path) -> str:
    """SHA-256 (hex) over all TOML files below `folder`, names included, so that any edit is seen.

    Raises `ConfigError` for a file or folder that may not be read.
    """
    whole = hashlib.sha256()
    try:
        below = [Path(place) / name for place, _, names in os.walk(folder, onerror=_raise) for name in names]
        for path in sorted(path for path in below if path.suffix == ".toml"):
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0")
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    except OSError as error:
        raise _unreadable(Path(error.filename or folder), error) from error
    return whole.hexdigest()


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(path, "", f"cannot be read: {error.strerror or error}", "check the path and its permissions")


def _raise(error: OSError) -> NoReturn:
    raise error
