"""Seals: an Ed25519 signature (RFC 8032) over the head of a closed journal file, kept beside it.

What is signed is one plain line of text that anybody can put together from the file, so that a signature can be
checked with openssl and no bedside at all.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bedside.record.chain import Head

CREDENTIAL = "journal-key"


class Seal(msgspec.Struct, frozen=True):
    """The signature of one file: its last number and hash, the public key and the signature (hex)."""

    file: str
    n: int
    h: str
    key: str
    sig: str


class BadKey(ValueError):
    """A key file is not an Ed25519 key; the text names the file."""


def statement(file: str, head: Head) -> bytes:
    """The text that is signed for `file` when its last line is `head`."""
    return f"bedside journal 1 {file} {head.n} {head.h}\n".encode()


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public half of `key` as 64 hex digits."""
    return key.public_key().public_bytes_raw().hex()


def sign(file: str, head: Head, key: Ed25519PrivateKey) -> bytes:
    """The content of the signature file."""
    seal = Seal(file, head.n, head.h, public_hex(key), key.sign(statement(file, head)).hex())
    return msgspec.json.encode(seal) + b"\n"


def seal_fault(raw: bytes, file: str, head: Head, trusted: str | None) -> str | None:
    """Why the signature file `raw` does not prove `file` with last line `head`, or None when it does.

    `trusted` is the public key (hex) that must have signed; None accepts the key named in the signature, which proves
    only that file and signature belong together.
    """
    try:
        seal = msgspec.json.decode(raw, type=Seal)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.key))
        signature = bytes.fromhex(seal.sig)
    except ValueError:
        return "the signature file cannot be read"
    if msgspec.json.encode(seal) + b"\n" != raw or seal.key != seal.key.lower() or seal.sig != seal.sig.lower():
        return "the signature file was altered"
    if (seal.file, seal.n, seal.h) != (file, head.n, head.h):
        return f"the signature is for line {seal.n} of {seal.file} with another content"
    if trusted is not None and seal.key != trusted:
        return f"signed with key {seal.key[:16]}…, not with {trusted[:16]}…"
    try:
        key.verify(signature, statement(file, head))
    except InvalidSignature:
        return "the signature does not hold"
    return None


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """The signing key from a PEM file or a file of 32 raw bytes; raises BadKey, or OSError when unreadable."""
    raw = path.read_bytes()
    try:
        if len(raw) == 32:
            return Ed25519PrivateKey.from_private_bytes(raw)
        key = serialization.load_pem_private_key(raw, password=None)
    except (ValueError, TypeError) as error:
        raise BadKey(f"{path}: not an Ed25519 private key (PEM or 32 bytes): {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path}: the key is not of type Ed25519")
    return key


def load_public_key(path: Path) -> str:
    """A public key as hex from a PEM file or a file with 64 hex digits; raises BadKey, or OSError when unreadable."""
    raw = path.read_bytes()
    try:
        if b"BEGIN" not in raw:
            return Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw.decode().strip())).public_bytes_raw().hex()
        key = serialization.load_pem_public_key(raw)
    except ValueError as error:
        raise BadKey(f"{path}: not an Ed25519 public key (PEM or 64 hex digits): {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey(f"{path}: the key is not of type Ed25519")
    return key.public_bytes_raw().hex()


def credential_key(environ: Mapping[str, str]) -> Ed25519PrivateKey | None:
    """The signing key the service manager handed over (systemd's CREDENTIALS_DIRECTORY), None when it gave none."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder is None or not (Path(folder) / CREDENTIAL).exists():
        return None
    return load_private_key(Path(folder) / CREDENTIAL)
