"""A closed visit's folder, copied somewhere without the box's note: cut, emptied or with its seal gone it is not ok."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record import verify as proving
from bedside.record.note import NOTE
from bedside.record.outbox import MANIFEST, seal_visit
from bedside.record.reading import FileRead
from bedside.record.verify import journals_below, verify
from tests.helpers.journals import open_journal, record
from tests.helpers.rights import closed, nobody

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FIRST, LAST = "000002.jsonl", "000003.jsonl"
EVENTS = 20


@pytest.fixture(params=["signed", "unsigned", "manifest alone"])
def visit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The journal of a copied visit: two sealed files out of the middle of the box's journal."""
    journal = open_journal(tmp_path / "box", key=KEY if request.param == "signed" else None)
    for reason in ("a visit opens", "rotated", "the visit is closed"):
        journal.append_many([record(number) for number in range(EVENTS)])
        journal.seal(reason)
    copied = tmp_path / "visit" / "journal"
    copied.mkdir(parents=True)
    for path in (tmp_path / "box").glob("00000[23].jsonl*"):
        shutil.copy(path, copied)
    journal.close()
    if request.param == "manifest alone":
        seal_visit(copied.parent)
    return copied


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def seal_cut_off(folder: Path) -> None:
    (folder / LAST).write_bytes(b"".join(lines_of(folder / LAST)[:-1]))


def ten_lines_left(folder: Path) -> None:
    (folder / LAST).write_bytes(b"".join(lines_of(folder / LAST)[:10]))


def one_line_left(folder: Path) -> None:
    (folder / LAST).write_bytes(lines_of(folder / LAST)[0])


def emptied(folder: Path) -> None:
    (folder / LAST).write_bytes(b"")


def everything_emptied(folder: Path) -> None:
    for name in (FIRST, LAST):
        (folder / name).write_bytes(b"")


def first_file_emptied(folder: Path) -> None:
    (folder / FIRST).write_bytes(b"")


CUTS = [seal_cut_off, ten_lines_left, one_line_left, emptied, everything_emptied, first_file_emptied]


def test_a_healthy_excerpt_is_ok_and_says_that_it_is_one(visit: Path) -> None:
    report = verify(visit)
    assert report.problems == ()
    assert (report.files, report.sealed, report.lines) == (2, 2, 2 * (EVENTS + 2))
    assert [note for note in report.notes if "this is an excerpt" in note]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("signatures", ["kept", "taken away"])
def test_an_excerpt_that_was_cut_is_bad(visit: Path, cut: Callable[[Path], None], signatures: str) -> None:
    cut(visit)
    if signatures == "taken away":
        for path in visit.glob("*.sig"):
            path.unlink()
    report = verify(visit)
    assert not report.ok
    assert (FIRST if cut is first_file_emptied else LAST) in [problem.file for problem in report.problems]


def test_a_last_file_that_is_gone_is_missed_by_what_names_it(visit: Path) -> None:
    named = (visit / f"{LAST}.sig").exists() or (visit.parent / MANIFEST).exists()
    (visit / LAST).unlink()
    report = verify(visit)
    assert report.ok is not named
    if report.first:
        assert report.first.file == LAST
        assert "missing" in report.first.reason


def test_a_promised_signature_that_is_gone_is_missed_in_an_excerpt(visit: Path) -> None:
    promised = (visit / f"{LAST}.sig").exists()
    for path in visit.glob(f"{LAST}.sig"):
        path.unlink()
    report = verify(visit)
    assert report.ok is not promised
    if report.first:
        assert "signature that its opening line promises" in report.first.reason


def test_a_file_that_is_not_the_one_of_the_manifest_is_found(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "box")
    journal.append(record(1))
    journal.close()
    (tmp_path / "box" / NOTE).unlink()
    (tmp_path / "box").rename(tmp_path / "journal")
    seal_visit(tmp_path)
    assert verify(tmp_path / "journal").ok
    manifest = (tmp_path / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(manifest.replace('"sha256":"', '"sha256":"0')[:-4] + "]}")
    report = verify(tmp_path / "journal")
    assert report.first is not None
    assert (report.first.file, report.first.reason) == (MANIFEST, f"{MANIFEST} cannot be read")
    other = open_journal(tmp_path / "other")
    other.append(record(2))
    other.close()
    (tmp_path / MANIFEST).write_text(manifest)
    shutil.copy(tmp_path / "other" / "000001.jsonl", tmp_path / "journal")
    report = verify(tmp_path / "journal")
    assert report.first is not None
    assert report.first.reason == f"altered since {MANIFEST} named it"


def test_an_open_visit_on_the_box_is_ok(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal", key=KEY)
    journal.append(record(1))
    journal.seal("a visit opens")
    journal.append_many([record(number) for number in range(3)])
    report = verify(tmp_path / "journal")
    journal.close()
    assert report.problems == ()
    assert (report.files, report.sealed, report.signed) == (2, 1, 1)


def test_a_file_that_was_cut_and_is_still_signed_is_bad_on_the_box_too(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal", key=KEY)
    journal.append(record(1))
    journal.close()
    path = tmp_path / "journal" / "000001.jsonl"
    path.write_bytes(b"".join(lines_of(path)[:-1]))
    reasons = [problem.reason for problem in verify(tmp_path / "journal").problems]
    assert "its seal is missing, and 000001.jsonl.sig signs one: the end was cut off" in reasons


def test_a_file_that_is_sealed_while_it_is_looked_at_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path / "journal", key=KEY)
    journal.append(record(1))
    read_files = proving.read_files

    def then_sealed(folder: Path) -> Iterator[FileRead]:
        for read in read_files(folder):
            journal.seal("just now")
            yield read

    monkeypatch.setattr(proving, "read_files", then_sealed)
    report = verify(tmp_path / "journal")
    journal.close()
    assert (tmp_path / "journal" / "000001.jsonl.sig").exists()
    assert report.sealed == 0
    assert report.problems == ()


def test_a_folder_that_may_not_be_looked_into_is_no_empty_one(tmp_path: Path) -> None:
    open_journal(tmp_path / "journal").close()
    (tmp_path / "visits").mkdir()
    assert list(journals_below(tmp_path)) == [tmp_path / "journal"]
    with closed(tmp_path / "visits"), nobody(), pytest.raises(PermissionError, match="visits"):
        list(journals_below(tmp_path))
