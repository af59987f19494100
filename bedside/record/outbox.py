"""What waits to be sent: the files of sealed visits less the receipts on disk. Nothing else is kept about it.

A visit is ready when its folder holds `sealed.json`, the manifest that is written last. Receipts lie in
DATA/sync/receipts/VISIT/NAME.json; losing them costs a comparison with the server, never a file.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from bedside.record.fsutil import write_whole

MANIFEST = "sealed.json"
BLOCK_BYTES = 1 << 20
_FOLDERS = ("journal", "analysis", "imports", "raw")
_SAFE = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,120}")

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
ReceiptState = Literal["verified-by-box", "conflict", "damaged"]
ItemState = Literal["waiting", "conflict", "damaged"]
T = TypeVar("T")


class SealedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that will not change any more; `name` is relative to the visit's folder."""

    name: str
    bytes: int
    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """sealed.json: every file of a closed visit, journal first."""

    visit: str
    files: tuple[SealedFile, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of sending one file.

    `verified-by-box`: the server holds these bytes, read back and hashed by this box. `conflict`: the server holds
    other bytes under this name. `damaged`: the file here is not the one that was sealed.
    """

    visit: str
    file: SealedFile
    state: ReceiptState
    server: str
    utc: str
    reason: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is not on the server, and why; `file` is None when the manifest itself cannot be used."""

    visit: str
    name: str
    state: ItemState
    file: SealedFile | None = None
    reason: str = ""


class LastTry(msgspec.Struct, frozen=True, kw_only=True):
    """How the last attempt to send ended; `problem` is empty when it ended well."""

    utc: str
    problem: str = ""
    remedy: str = ""


def seal_visit(folder: Path) -> Manifest:
    """Write the manifest of a closed visit's folder: the visit is ready to be sent from then on.

    Call it once no file of the visit changes any more. Raises `FileExistsError` when it is sealed already and
    `ValueError` for a file name that could not be sent.
    """
    target = folder / MANIFEST
    if target.exists():
        raise FileExistsError(f"{target} exists: the visit is sealed already")
    files = tuple(_describe(folder, path) for path in _content(folder))
    manifest = Manifest(visit=folder.name, files=files)
    write_whole(target, msgspec.json.encode(manifest))
    return manifest


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a visit's folder, None for a visit that is not sealed; raises `ValueError` for a damaged one."""
    path = folder / MANIFEST
    manifest = _load(path, Manifest)
    if manifest is None and path.exists():
        raise ValueError(f"{MANIFEST} cannot be read")
    return manifest


class Outbox:
    """The outbox below the folder `data`, for somebody who looks again and again.

    Visits that were wholly sent are remembered and looked at again only when their manifest or receipts change, so
    that a look costs little after years of visits.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._sent: dict[Path, tuple[int, ...]] = {}

    def unsent(self) -> list[Item]:
        """All files of sealed visits that the server is not known to hold.

        Order of sending: the journals of all visits, the manifests, what was found, the samples; oldest visit first.
        Raises `OSError` when the folder of visits may not be read.
        """
        items = [item for folder in _sealed(self._data) for item in self._of_visit(folder)]
        return sorted(items, key=lambda item: (_rank(item.name), item.visit, item.name))

    def _of_visit(self, folder: Path) -> list[Item]:
        kept = self._data / "sync/receipts" / folder.name
        places = [folder / MANIFEST, kept, *(kept / part for part in _FOLDERS)]
        seen = tuple(_changed_ns(place) for place in places)
        if self._sent.get(folder) == seen:
            return []
        items = list(_of_visit(self._data, folder))
        if not items:
            self._sent[folder] = seen
        return items


def unsent(data: Path) -> list[Item]:
    """All files of sealed visits that the server is not known to hold, in the order of sending; see `Outbox`.

    Raises `OSError` when the folder of visits may not be read.
    """
    return Outbox(data).unsent()


def receipts(data: Path) -> Iterator[Receipt]:
    """Every receipt that can be read."""
    for path in sorted((data / "sync/receipts").glob("*/**/*.json")):
        if receipt := _load(path, Receipt):
            yield receipt


def open_visits(data: Path) -> list[str]:
    """Visits that are not sealed yet, and so not ready to be sent."""
    return sorted(folder.name for folder in _visits(data) if not (folder / MANIFEST).exists())


def last_try(data: Path) -> LastTry | None:
    """How the last attempt to send ended; None before the first."""
    return _load(data / "sync/last.json", LastTry)


def keep_receipt(data: Path, receipt: Receipt) -> None:
    """Store a receipt durably, replacing an earlier one of the same file."""
    path = _receipt_path(data, receipt.visit, receipt.file.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode(receipt))


def keep_last_try(data: Path, outcome: LastTry) -> None:
    """Store how an attempt to send ended."""
    (data / "sync").mkdir(parents=True, exist_ok=True)
    write_whole(data / "sync/last.json", msgspec.json.encode(outcome))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file (hex), read a block at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _describe(folder: Path, path: Path) -> SealedFile:
    if not _SAFE.fullmatch(path.name):
        raise ValueError(f"{path}: this file name cannot be sent (letters, digits, '.', '_' and '-' only)")
    name = path.relative_to(folder).as_posix()
    return SealedFile(name=name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _content(folder: Path) -> Iterator[Path]:
    for part in _FOLDERS:
        yield from sorted(path for path in (folder / part).glob("*") if path.is_file())


def _visits(data: Path) -> list[Path]:
    # iterdir, not glob: glob would show a folder that may not be read as an empty one
    try:
        found = list((data / "visits").iterdir())
    except FileNotFoundError:
        return []
    return sorted(path for path in found if path.is_dir() and _SAFE.fullmatch(path.name))


def _sealed(data: Path) -> Iterable[Path]:
    return (folder for folder in _visits(data) if (folder / MANIFEST).exists())


def _of_visit(data: Path, folder: Path) -> Iterator[Item]:
    manifest = _load(folder / MANIFEST, Manifest)
    if manifest is None or manifest.visit != folder.name or not all(map(_sendable, manifest.files)):
        reason = "the manifest cannot be read, or is not of this visit"
        yield Item(visit=folder.name, name=MANIFEST, state="damaged", reason=reason)
        return
    for file in (*manifest.files, _describe(folder, folder / MANIFEST)):
        if item := _item(data, folder, file):
            yield item


def _item(data: Path, folder: Path, file: SealedFile) -> Item | None:
    receipt = _load(_receipt_path(data, folder.name, file.name), Receipt)
    state: ItemState = "waiting"
    reason = ""
    if receipt and receipt.file == file:
        if receipt.state == "verified-by-box":
            return None
        state, reason = receipt.state, receipt.reason
    path = folder / file.name
    if not path.is_file() or path.stat().st_size != file.bytes:
        state, reason = "damaged", "missing, or not of the sealed size"
    return Item(visit=folder.name, name=file.name, state=state, file=file, reason=reason)


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _sendable(file: SealedFile) -> bool:
    part, _, name = file.name.partition("/")
    return part in _FOLDERS and bool(_SAFE.fullmatch(name)) and file.bytes >= 0


def _rank(name: str) -> int:
    order = ("journal", MANIFEST, "analysis", "imports", "raw")
    return order.index(name.partition("/")[0])


def _receipt_path(data: Path, visit: str, name: str) -> Path:
    return data / "sync/receipts" / visit / f"{name}.json"


def _load(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
