"""One pass over the outbox, and passes until it is empty."""

import asyncio
import fcntl
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bedside.record.outbox import (
    Item,
    LastTry,
    Receipt,
    ReceiptState,
    SealedFile,
    keep_last_try,
    keep_receipt,
    sha256_of,
    unsent,
)
from bedside.sync.backoff import delay_s
from bedside.sync.sftp import Login, SftpStore, SyncError, connect

Say = Callable[[str], None]
Sleep = Callable[[float], Awaitable[None]]
Outcome = Literal["created", "same", "conflict", "damaged"]
STATES: dict[Outcome, ReceiptState] = {
    "created": "verified-by-box",
    "same": "verified-by-box",
    "conflict": "conflict",
    "damaged": "damaged",
}


@dataclass(frozen=True)
class Target:
    """Where this box stores: the login and the folder `prefix` that is its own."""

    login: Login
    prefix: str

    @property
    def server(self) -> str:
        """The server's name in receipts."""
        return f"{self.login.user}@{self.login.host}:{self.login.port}"


@dataclass
class Pass:
    """What one pass did: outcome by VISIT/NAME, bytes that need not travel again, and what ended it early."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    resumed_bytes: int = 0
    problem: SyncError | None = None


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the lock of this outbox; raises `SyncError` when another program sends from it."""
    (data / "sync").mkdir(parents=True, exist_ok=True)
    handle = os.open(data / "sync/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


class Sender:
    """Sends what waits in the folder `data` to `target`; `say` gets a line for a person about every step."""

    def __init__(self, data: Path, target: Target, say: Say) -> None:
        self._data = data
        self._target = target
        self._say = say

    async def once(self) -> Pass:
        """Send each file at most once; what the connection or server does ends the pass and is reported in it.

        Conflicts and damaged files are looked at again in every pass, because a person may have resolved them.
        """
        done = Pass()
        try:
            await self._send([(item, item.file) for item in unsent(self._data) if item.file], done)
        except SyncError as error:
            done.problem = error
            self._say(f"{error} ({error.remedy})")
        problem, remedy = (str(done.problem), done.problem.remedy) if done.problem else ("", "")
        keep_last_try(self._data, LastTry(utc=_utc(), problem=problem, remedy=remedy))
        return done

    async def until_empty(self, sleep: Sleep = asyncio.sleep) -> None:
        """Pass after pass until nothing waits, with a growing pause after each that could not finish."""
        failures = 0
        while True:
            done = await self.once()
            if done.problem is None and not any(item.state == "waiting" for item in unsent(self._data)):
                return
            failures = 1 if {"created", "same"} & set(done.outcomes.values()) else failures + 1
            pause_s = delay_s(failures, random.random())
            self._say(f"next try in {pause_s:.0f} s")
            await sleep(pause_s)

    async def _send(self, items: list[tuple[Item, SealedFile]], done: Pass) -> None:
        if not items:
            return
        async with connect(self._target.login) as store:
            for item, file in items:
                name = f"{item.visit}/{item.name}"
                outcome, reason = await self._send_file(store, name, file, done)
                done.outcomes[name] = outcome
                self._say(f"{name}: {outcome}{', ' if reason else ''}{reason}")
                keep_receipt(self._data, self._receipt(item.visit, file, outcome, reason))

    async def _send_file(self, store: SftpStore, name: str, file: SealedFile, done: Pass) -> tuple[Outcome, str]:
        local = self._data / "visits" / name
        if damage := await asyncio.to_thread(_damage, local, file):
            return "damaged", damage
        stored = await store.create(local, f"{self._target.prefix}/{name}", file)
        done.resumed_bytes += stored.resumed_bytes
        return stored.result, "the server holds other bytes under this name" if stored.result == "conflict" else ""

    def _receipt(self, visit: str, file: SealedFile, outcome: Outcome, reason: str) -> Receipt:
        state = STATES[outcome]
        return Receipt(visit=visit, file=file, state=state, server=self._target.server, utc=_utc(), reason=reason)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        remedy = "let it end; `bedside sync status` shows it"
        raise SyncError("another `bedside sync run` is sending", remedy) from error


def _damage(local: Path, file: SealedFile) -> str:
    """Why the file is not the one that was sealed, or an empty string."""
    try:
        return "" if sha256_of(local) == file.sha256 else "these are not the bytes that were sealed"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
