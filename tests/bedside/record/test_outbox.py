"""The outbox follows from the files: no state of its own to lose."""

import json
import os
from pathlib import Path

import pytest

from bedside.record.outbox import (
    Item,
    LastTry,
    Manifest,
    Outbox,
    Receipt,
    SealedFile,
    keep_last_try,
    keep_receipt,
    last_try,
    open_visits,
    receipts,
    seal_visit,
    unsent,
)
from tests.helpers.visits import write_visit


def receipt(item: Item, **changes: object) -> Receipt:
    assert item.file is not None
    values = {"visit": item.visit, "file": item.file, "state": "verified-by-box", "server": "s", "utc": "t"}
    return Receipt(**(values | changes))  # type: ignore[arg-type]


def names(items: list[Item]) -> list[str]:
    return [f"{item.visit}/{item.name}" for item in items]


def test_journals_go_first_then_manifests_then_samples_oldest_first(tmp_path: Path) -> None:
    for visit in ("v2", "v1"):
        seal_visit(write_visit(tmp_path, visit))
    assert names(unsent(tmp_path)) == [
        *("v1/journal/000001.jsonl", "v1/journal/000001.jsonl.sig"),
        *("v2/journal/000001.jsonl", "v2/journal/000001.jsonl.sig"),
        *("v1/sealed.json", "v2/sealed.json"),
        *("v1/raw/0001.mcap", "v1/raw/0002.mcap", "v2/raw/0001.mcap", "v2/raw/0002.mcap"),
    ]


def test_what_analyses_found_is_sealed_and_sent_before_the_samples(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, "v1")
    (folder / "analysis").mkdir()
    (folder / "analysis" / "gait_overground-walk_10m-1.json").write_text("[]")
    manifest = seal_visit(folder)
    assert "analysis/gait_overground-walk_10m-1.json" in [file.name for file in manifest.files]
    order = [item.name.partition("/")[0] for item in unsent(tmp_path)]
    assert order == ["journal", "journal", "sealed.json", "analysis", "raw", "raw"]


def test_an_open_visit_waits_for_its_seal(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, "v1")
    assert unsent(tmp_path) == []
    assert open_visits(tmp_path) == ["v1"]
    manifest = seal_visit(folder)
    assert open_visits(tmp_path) == []
    assert [file.name for file in manifest.files][:2] == ["journal/000001.jsonl", "journal/000001.jsonl.sig"]
    assert json.loads((folder / "sealed.json").read_bytes())["visit"] == "v1"


def test_a_visit_is_sealed_once(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, "v1")
    seal_visit(folder)
    with pytest.raises(FileExistsError):
        seal_visit(folder)


def test_a_receipt_takes_a_file_out(tmp_path: Path) -> None:
    seal_visit(write_visit(tmp_path, "v1"))
    first, *others = unsent(tmp_path)
    keep_receipt(tmp_path, receipt(first))
    assert unsent(tmp_path) == others
    assert [kept.file for kept in receipts(tmp_path)] == [first.file]


def test_a_receipt_of_other_bytes_or_of_no_meaning_counts_for_nothing(tmp_path: Path) -> None:
    seal_visit(write_visit(tmp_path, "v1"))
    waiting = unsent(tmp_path)
    first = waiting[0]
    assert first.file is not None
    keep_receipt(tmp_path, receipt(first, file=SealedFile(name=first.name, bytes=first.file.bytes, sha256="0" * 64)))
    assert unsent(tmp_path) == waiting
    path = next((tmp_path / "sync/receipts").glob("**/*.json"))
    path.write_bytes(b"\xff{")
    assert unsent(tmp_path) == waiting
    assert list(receipts(tmp_path)) == []


@pytest.mark.parametrize("state", ["conflict", "damaged"])
def test_what_needs_a_person_stays_in_the_outbox(tmp_path: Path, state: str) -> None:
    seal_visit(write_visit(tmp_path, "v1"))
    first = unsent(tmp_path)[0]
    keep_receipt(tmp_path, receipt(first, state=state, reason="why"))
    assert (unsent(tmp_path)[0].state, unsent(tmp_path)[0].reason) == (state, "why")


def test_a_missing_or_cut_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, "v1")
    seal_visit(folder)
    (folder / "raw/0001.mcap").unlink()
    (folder / "raw/0002.mcap").write_bytes(b"cut")
    assert [item.name for item in unsent(tmp_path) if item.state == "damaged"] == ["raw/0001.mcap", "raw/0002.mcap"]


@pytest.mark.parametrize(
    "manifest",
    [
        b"{",
        b"\xff\xfe",
        b'{"visit": "other", "files": []}',
        b'{"visit": "v1", "files": [{"name": "journal/../../../etc/passwd", "bytes": 1, "sha256": "%s"}]}'
        % (b"0" * 64),
        b'{"visit": "v1", "files": [{"name": "/etc/passwd", "bytes": 1, "sha256": "%s"}]}' % (b"0" * 64),
        b'{"visit": "v1", "files": [{"name": "raw/.hidden", "bytes": 1, "sha256": "%s"}]}' % (b"0" * 64),
        b'{"visit": "v1", "files": [{"name": "raw/a", "bytes": 1, "sha256": "short"}]}',
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_shown_and_nothing_of_it_sent(tmp_path: Path, manifest: bytes) -> None:
    folder = write_visit(tmp_path, "v1")
    (folder / "sealed.json").write_bytes(manifest)
    (item,) = unsent(tmp_path)
    assert (item.state, item.file) == ("damaged", None)


def test_a_file_name_that_could_not_be_sent_is_refused_at_sealing(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, "v1")
    (folder / "raw/a b.mcap").touch()
    with pytest.raises(ValueError, match="cannot be sent"):
        seal_visit(folder)
    assert not (folder / "sealed.json").exists()


def test_an_empty_data_folder_has_nothing_to_send(tmp_path: Path) -> None:
    assert unsent(tmp_path) == []
    assert last_try(tmp_path) is None
    keep_last_try(tmp_path, LastTry(utc="t", problem="p"))
    assert last_try(tmp_path) == LastTry(utc="t", problem="p")


def test_manifest_of_an_empty_visit(tmp_path: Path) -> None:
    (tmp_path / "visits/v1").mkdir(parents=True)
    assert seal_visit(tmp_path / "visits/v1") == Manifest(visit="v1", files=())
    assert names(unsent(tmp_path)) == ["v1/sealed.json"]


def test_a_visit_that_was_sent_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, "v1")
    seal_visit(folder)
    outbox = Outbox(tmp_path)
    for item in outbox.unsent():
        keep_receipt(tmp_path, receipt(item))
    assert outbox.unsent() == []
    manifest = (folder / "sealed.json").stat()
    (folder / "sealed.json").write_bytes(b"x" * manifest.st_size)
    os.utime(folder / "sealed.json", ns=(manifest.st_atime_ns, manifest.st_mtime_ns))
    assert outbox.unsent() == []
    assert len(unsent(tmp_path)) == 1

    next((tmp_path / "sync/receipts/v1/raw").iterdir()).unlink()
    assert len(outbox.unsent()) == 1
