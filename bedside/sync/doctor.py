"""Prove on the actual server what sending relies on: nothing there can be replaced, and what is written comes back."""

import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from bedside.record.outbox import SealedFile
from bedside.sync.sftp import SftpStore, connect
from bedside.sync.worker import Target

PROBE_BYTES = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One thing tried; `remedy` is empty when it is well. `needed`: without it nothing may be sent."""

    what: str
    ok: bool
    remedy: str = ""
    needed: bool = True


async def examine(target: Target) -> AsyncIterator[Finding]:
    """Try each guarantee with files of a name never used before; raises `SyncError` when the server is not reached.

    The probe files stay on the server where it does not let this box delete.
    """
    async with connect(target.login) as store:
        yield Finding(f"logged in at {target.server}, its host key is the known one", ok=True)
        base = f"{target.prefix}/.probe-{secrets.token_hex(8)}"
        with tempfile.TemporaryDirectory() as folder:
            first, first_file = _probe(Path(folder) / "first")
            other, other_file = _probe(Path(folder) / "other")
            stored = await store.create(first, base, first_file)
            yield Finding("a file comes back as it was sent", stored.result == "created", "the server alters files")
            again = await store.create(first, base, first_file)
            yield Finding("sending it again changes nothing", again.result == "same", "report this server's software")
            clash = await store.create(other, base, other_file)
            yield Finding("other bytes under its name are a conflict", clash.result == "conflict", "report this server")
            yield await _rename_refuses(store, other, other_file, base)
            yield await _delete_refused(store, base)


async def _rename_refuses(store: SftpStore, other: Path, file: SealedFile, taken: str) -> Finding:
    what = "the server refuses to rename onto an existing file"
    await store.create(other, f"{taken}-2", file)
    try:
        await store.rename(f"{taken}-2", taken)
    except asyncssh.SFTPError:
        with suppress(asyncssh.SFTPError):
            await store.remove(f"{taken}-2")
        return Finding(what, ok=True)
    return Finding(what, ok=False, remedy="use OpenSSH's internal-sftp, whose plain rename never replaces a file")


async def _delete_refused(store: SftpStore, path: str) -> Finding:
    what = "the server refuses to delete"
    try:
        await store.remove(path)
    except asyncssh.SFTPError:
        return Finding(what, ok=True)
    return Finding(what, ok=False, remedy="allow this account to create only, if the server can", needed=False)


def _probe(path: Path) -> tuple[Path, SealedFile]:
    content = secrets.token_bytes(PROBE_BYTES)
    path.write_bytes(content)
    return path, SealedFile(name=path.name, bytes=PROBE_BYTES, sha256=hashlib.sha256(content).hexdigest())
