from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bedside.record.chain import Head
from bedside.record.signing import (
    BadKey,
    credential_key,
    load_private_key,
    load_public_key,
    public_hex,
    seal_fault,
    sign,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HEAD = Head(7, "ab" * 32)


def test_a_key_from_the_service_manager(tmp_path: Path) -> None:
    assert credential_key({}) is None
    assert credential_key({"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None
    (tmp_path / "journal-key").write_bytes(bytes(range(32)))
    key = credential_key({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert key is not None
    assert public_hex(key) == public_hex(KEY)


def test_keys_as_pem_and_hex(tmp_path: Path) -> None:
    private, public, plain = tmp_path / "key.pem", tmp_path / "key.pub.pem", tmp_path / "key.hex"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    plain.write_text(public_hex(KEY) + "\n")
    assert public_hex(load_private_key(private)) == public_hex(KEY)
    assert load_public_key(public) == load_public_key(plain) == public_hex(KEY)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 40, b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    for load in (load_private_key, load_public_key):
        with pytest.raises(BadKey, match=str(path)):
            load(path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    other = X25519PrivateKey.generate()
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(BadKey, match="Ed25519"):
        load_private_key(path)
    path.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(BadKey, match="Ed25519"):
        load_public_key(path)


def test_every_flipped_bit_of_a_seal_is_noticed() -> None:
    raw = sign("000001.jsonl", HEAD, KEY)
    assert seal_fault(raw, "000001.jsonl", HEAD, public_hex(KEY)) is None
    for position in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[position] ^= 1 << bit
            assert seal_fault(bytes(flipped), "000001.jsonl", HEAD, public_hex(KEY)), (position, bit)
