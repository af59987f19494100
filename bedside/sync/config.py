"""sync.toml: where sealed visits go, and how this box shows who it is."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from bedside.config.strict import ConfigError, Section, read

CREDENTIAL = "sync-key"


class SyncConfig(Section, frozen=True):
    """sync.toml. `folder` is relative to the account's start on the server; `key` may be left to a credential."""

    host: Annotated[str, Meta(min_length=1)]
    user: Annotated[str, Meta(min_length=1)]
    box: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    known_hosts: str
    key: str = ""
    folder: str = "incoming"
    port: Annotated[int, Meta(ge=1, le=65535)] = 22
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 30.0


def load(path: Path) -> SyncConfig:
    """Read sync.toml; raises `ConfigError` naming file, key and remedy."""
    return read(path, SyncConfig)


def key_path(path: Path, config: SyncConfig, environ: Mapping[str, str] = os.environ) -> Path:
    """The private key: the service's credential `sync-key` if there is one, else `key` of sync.toml at `path`.

    Raises `ConfigError` when neither is there.
    """
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / CREDENTIAL
    if _readable(credential):
        return credential
    remedy = "name a private key file, or let the service load a credential called sync-key"
    if not config.key:
        raise ConfigError(path, "key", "is missing", remedy)
    return _existing(path, "key", config.key, remedy)


def known_hosts_path(path: Path, config: SyncConfig) -> Path:
    """The file of server keys to trust; raises `ConfigError` when it is not there: no server is trusted unseen."""
    return _existing(path, "known_hosts", config.known_hosts, "put the server's public host key into that file")


def _existing(path: Path, key: str, value: str, remedy: str) -> Path:
    named = path.parent / value
    if not _readable(named):
        raise ConfigError(path, key, f"no readable file at {named}", remedy)
    return named


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK) and path.is_file()
