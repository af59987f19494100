"""Create-only storing on any SFTP server: written beside, read back, then given its name, which is never taken.

A file is written as NAME.part-HASH, resumed after a lost connection, hashed by reading all of it back from the
server, and renamed with SFTP's plain rename, which refuses an existing target (draft-ietf-secsh-filexfer-02 §6.5;
not posix-rename@openssh.com, which replaces it).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncssh

from bedside.record.outbox import BLOCK_BYTES, SealedFile
from bedside.sync.pieces import read_block, write_block

# an unacknowledged block may have holes: parts of it are written in parallel
COMPARED_BYTES = 2 * BLOCK_BYTES
LOST = (
    asyncssh.ChannelOpenError,
    asyncssh.DisconnectError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    BrokenPipeError,
    ConnectionResetError,
    TimeoutError,
)
Result = Literal["created", "same", "conflict"]
Progress = Callable[[str, int], None]


class SyncError(Exception):
    """Sending failed; `remedy` is what a person can do. Trying again later is always safe."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True)
class Stored:
    """What became of one file, and how many of its bytes an earlier try had left on the server."""

    result: Result
    resumed_bytes: int = 0


@dataclass(frozen=True)
class Login:
    """How to reach the server and be let in; every path names an existing file."""

    host: str
    port: int
    user: str
    key: Path
    known_hosts: Path
    timeout_s: float


@asynccontextmanager
async def connect(login: Login) -> AsyncIterator["SftpStore"]:
    """A store on the server; raises `SyncError`, also from within, for whatever the connection or server does."""
    try:
        async with (
            asyncssh.connect(
                login.host,
                login.port,
                username=login.user,
                client_keys=[str(login.key)],
                known_hosts=str(login.known_hosts),
                config=None,
                agent_path=None,
                preferred_auth=["publickey"],
                connect_timeout=login.timeout_s,
                login_timeout=login.timeout_s,
                keepalive_interval=login.timeout_s / 3,
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            yield SftpStore(client)
    except (asyncssh.Error, asyncssh.KeyImportError, OSError, TimeoutError) as error:
        raise _explain(error, login) from error


class SftpStore:
    """The files on the server, by their path relative to the account's start."""

    def __init__(self, client: asyncssh.SFTPClient) -> None:
        self._client = client
        limits = client.limits
        self._piece_bytes = min(limits.max_read_len, limits.max_write_len)

    async def create(self, local: Path, path: str, file: SealedFile, progress: Progress | None = None) -> Stored:
        """Store `local`, whose bytes are those of `file`, at `path` unless something is there already.

        `progress(path, bytes on the server)` is called after each block.
        """
        if await self.size(path) is not None:
            return Stored(await self._compare(path, file))
        await self._client.makedirs(path.rpartition("/")[0] or ".", exist_ok=True)
        part = f"{path}.part-{file.sha256[:16]}"
        start = await self._resume_at(local, part, file.bytes)
        await self._append(local, part, start, progress)
        if await self.sha256(part) != file.sha256:
            await self._client.remove(part)
            raise SyncError(
                f"{path}: the server gave back other bytes than were sent", "it is sent again from its start"
            )
        return Stored(await self._name(part, path, file), start)

    async def size(self, path: str) -> int | None:
        """Bytes of a file on the server; None when it is not there."""
        try:
            return (await self._client.stat(path)).size
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return None

    async def sha256(self, path: str) -> str:
        """SHA-256 (hex) over all bytes of a file as the server gives them back."""
        digest = hashlib.sha256()
        start = 0
        async with self._client.open(path, asyncssh.FXF_READ, encoding=None, block_size=0) as remote:
            while block := await read_block(remote, start, BLOCK_BYTES, self._piece_bytes):
                digest.update(block)
                start += len(block)
        return digest.hexdigest()

    async def remove(self, path: str) -> None:
        """Delete a file; raises asyncssh's SFTP error where the server does not allow it."""
        await self._client.remove(path)

    async def rename(self, old: str, new: str) -> None:
        """Plain rename: raises asyncssh's SFTP error when `new` exists."""
        await self._client.rename(old, new)

    async def _compare(self, path: str, file: SealedFile) -> Result:
        same = await self.size(path) == file.bytes and await self.sha256(path) == file.sha256
        return "same" if same else "conflict"

    async def _resume_at(self, local: Path, part: str, whole_bytes: int) -> int:
        """Where to go on in a part left by an earlier try: its end when its last bytes are ours, else the start."""
        held_bytes = await self.size(part)
        if held_bytes is None or held_bytes > whole_bytes:
            return 0
        start = max(0, held_bytes - COMPARED_BYTES)
        async with self._client.open(part, asyncssh.FXF_READ, encoding=None, block_size=0) as remote:
            while theirs := await read_block(remote, start, BLOCK_BYTES, self._piece_bytes):
                if theirs != await asyncio.to_thread(_read, local, start, len(theirs)):
                    return 0
                start += len(theirs)
        return start

    async def _append(self, local: Path, part: str, start: int, progress: Progress | None) -> None:
        flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | (0 if start else asyncssh.FXF_TRUNC)
        async with self._client.open(part, flags, encoding=None, block_size=0) as remote:
            while block := await asyncio.to_thread(_read, local, start, BLOCK_BYTES):
                await write_block(remote, start, block, self._piece_bytes)
                start += len(block)
                if progress:
                    progress(part, start)
            try:
                await remote.fsync()
            except asyncssh.SFTPOpUnsupported:
                pass

    async def _name(self, part: str, path: str, file: SealedFile) -> Result:
        try:
            await self._client.rename(part, path)
        except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
            if await self.size(path) is None:
                raise
            return await self._compare(path, file)
        return "created"


def _read(local: Path, start: int, count: int) -> bytes:
    with local.open("rb") as file:
        file.seek(start)
        return file.read(count)


def _explain(error: Exception, login: Login) -> SyncError:
    where = f"{login.host} port {login.port}"
    match error:
        case asyncssh.HostKeyNotVerifiable():
            remedy = (
                f"compare its fingerprint with the server's administrator, then put its key into {login.known_hosts}"
            )
            return SyncError(f"{where} shows a host key that is not the known one", remedy)
        case asyncssh.PermissionDenied():
            return SyncError(
                f"{where} does not let {login.user} in", "ask the server's administrator to enter this box's key"
            )
        case asyncssh.KeyImportError():
            return SyncError(f"{login.key} is no private key: {error}", "give the box its key again")
        case asyncssh.SFTPPermissionDenied():
            return SyncError(
                f"{where} refuses: {error}", f"the account {login.user} needs to create files in its folder"
            )
        case _ if isinstance(error, LOST):
            return SyncError(
                f"the connection to {where} was lost: {str(error) or 'no answer in time'}", "it is tried again"
            )
        case OSError(filename=str(name)):
            return SyncError(f"{name}: {error.strerror}", "check this box's disk and permissions")
        case OSError():
            return SyncError(f"{where} cannot be reached: {error.strerror or error}", "check network, host and port")
    return SyncError(f"{where}: {str(error) or type(error).__name__}", "see the server's log")
