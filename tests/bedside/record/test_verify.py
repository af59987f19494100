import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record import chain
from bedside.record.chain import GENESIS, Entry, Head, Record
from bedside.record.errors import JournalDamaged
from bedside.record.journal import read_journal
from bedside.record.note import NOTE, note_bytes
from bedside.record.signing import sign
from bedside.record.verify import journals_below, verify
from tests.helpers.journals import Ticking, in_memory, numbers, open_journal, record

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
FORGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Three sealed and signed files of three events each."""
    folder = tmp_path / "journal"
    journal = open_journal(folder, key=KEY)
    for part in range(3):
        if part:
            journal.seal("part")
        journal.append_many([record(10 * part + number) for number in range(3)])
    journal.close()
    return folder


def place_of(data: bytes, position: int) -> tuple[int, int]:
    """Line (from 1) and the line's first byte of a position."""
    return data.count(b"\n", 0, position) + 1, data.rfind(b"\n", 0, position) + 1


def test_every_single_flipped_bit_is_found_at_its_exact_place(signed: Path) -> None:
    rng = random.Random(2026)
    files = sorted(path.name for path in signed.glob("*.jsonl*"))
    with in_memory() as memory:
        copy = memory / "journal"
        shutil.copytree(signed, copy)
        assert verify(copy, key=PUBLIC).ok
        for _ in range(600):
            name = rng.choice(files)
            original = (signed / name).read_bytes()
            position, bit = rng.randrange(len(original)), rng.randrange(8)
            flipped = bytearray(original)
            flipped[position] ^= 1 << bit
            (copy / name).write_bytes(flipped)
            first = verify(copy, key=PUBLIC).first
            assert first is not None, (name, position, bit)
            assert first.file == name
            if name.endswith(".jsonl"):
                assert (first.line, first.offset) == place_of(original, position), (name, position, bit)
            (copy / name).write_bytes(original)
        assert verify(copy, key=PUBLIC).ok


def test_every_bit_of_one_line_and_of_the_note(signed: Path) -> None:
    with in_memory() as memory:
        copy = memory / "journal"
        shutil.copytree(signed, copy)
        for name, start, stop in (("000002.jsonl", 600, 860), (NOTE, 0, (signed / NOTE).stat().st_size)):
            original = (signed / name).read_bytes()
            for position in range(start, stop):
                flipped = bytearray(original)
                flipped[position] ^= 1 << (position % 8)
                (copy / name).write_bytes(flipped)
                first = verify(copy).first
                assert first is not None, (name, position)
                assert first.file == name
            (copy / name).write_bytes(original)


def rechained(data: bytes, change: Callable[[Entry], Entry], start: Head) -> tuple[bytes, Head]:
    """What a forger who knows the format makes of a file: every hash right again."""
    head, out = start, b""
    for line in data.splitlines():
        entry = change(chain.parse(line))
        fields = {name: getattr(entry, name) for name in Record.__struct_fields__}
        text, _, head = chain.extend(head, entry.boot, [Record(**fields)])
        out += text
    return out, head


def fewer_pulses(entry: Entry) -> Entry:
    if entry.data.get("number") != 21:
        return entry
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return Entry(**(fields | {"data": {"number": 3}}))


def forge_the_last_file(folder: Path) -> Head:
    path = folder / "000003.jsonl"
    before = chain.parse((folder / "000002.jsonl").read_bytes().splitlines()[-1])
    forged, head = rechained(path.read_bytes(), fewer_pulses, Head(before.n, before.h))
    assert forged != path.read_bytes()
    path.write_bytes(forged)
    return head


def test_a_forger_without_the_key_is_found_by_the_signature(signed: Path) -> None:
    head = forge_the_last_file(signed)
    (signed / NOTE).write_bytes(note_bytes(head))
    first = verify(signed).first
    assert first is not None
    assert first.file == "000003.jsonl.sig"
    (signed / "000003.jsonl.sig").write_bytes(sign("000003.jsonl", head, FORGER))
    first = verify(signed, key=PUBLIC).first
    assert first is not None
    assert "not with" in first.reason


def test_a_forger_with_a_key_of_his_own_is_found_because_the_opening_line_names_ours(signed: Path) -> None:
    head = forge_the_last_file(signed)
    (signed / NOTE).write_bytes(note_bytes(head))
    (signed / "000003.jsonl.sig").write_bytes(sign("000003.jsonl", head, FORGER))
    assert not verify(signed).ok


def test_a_forger_who_forgets_the_note_is_found_by_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append_many([record(20), record(21), record(22)])
    journal.close()
    path = tmp_path / "000001.jsonl"
    forged, _ = rechained(path.read_bytes(), fewer_pulses, Head(0, GENESIS))
    path.write_bytes(forged)
    first = verify(tmp_path).first
    assert first is not None
    assert "is not the one that" in first.reason


def test_an_old_signature_does_not_pass_for_a_new_file(signed: Path) -> None:
    shutil.copy(signed / "000001.jsonl.sig", signed / "000002.jsonl.sig")
    first = verify(signed).first
    assert first is not None
    assert first.file == "000002.jsonl.sig"


def test_a_signature_that_was_taken_away_is_missed(signed: Path) -> None:
    (signed / "000002.jsonl.sig").unlink()
    first = verify(signed).first
    assert first is not None
    assert (first.file, first.line) == ("000002.jsonl", 5)


def test_a_cut_tail_is_found_and_where(signed: Path) -> None:
    path = signed / "000003.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    (signed / "000003.jsonl.sig").unlink()
    first = verify(signed).first
    assert first is not None
    assert (first.file, first.line) == ("000003.jsonl", 2)
    assert "lines 13 to 15 were durable once" in first.reason


@pytest.mark.parametrize("name", ["000001.jsonl", "000002.jsonl", "000003.jsonl"])
def test_a_deleted_file_is_missed(signed: Path, name: str) -> None:
    (signed / name).unlink()
    assert not verify(signed).ok


def test_swapped_files_are_found(signed: Path) -> None:
    one, two = signed / "000001.jsonl", signed / "000002.jsonl"
    first_bytes, second_bytes = one.read_bytes(), two.read_bytes()
    one.write_bytes(second_bytes)
    two.write_bytes(first_bytes)
    first = verify(signed).first
    assert first is not None
    assert (first.file, first.line) == ("000001.jsonl", 1)
    with pytest.raises(JournalDamaged, match=r"000001\.jsonl"):
        list(read_journal(signed))


def without_line(lines: list[bytes]) -> list[bytes]:
    return lines[:2] + lines[3:]


def twice(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[2], *lines[3:]]


def exchanged(lines: list[bytes]) -> list[bytes]:
    return [*lines[:1], lines[2], lines[1], *lines[3:]]


@pytest.mark.parametrize("change", [without_line, twice, exchanged])
def test_lines_taken_out_put_in_or_exchanged(signed: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = signed / "000002.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    first = verify(signed).first
    assert first is not None
    assert first.file == "000002.jsonl"


def test_a_line_after_the_seal_is_found(signed: Path) -> None:
    path = signed / "000003.jsonl"
    last = chain.parse(path.read_bytes().splitlines()[-1])
    text, _, _ = chain.extend(Head(last.n, last.h), "boot-1", [record(77)])
    path.write_bytes(path.read_bytes() + text)
    first = verify(signed).first
    assert first is not None
    assert first.reason == "a line after the seal"
    assert first.line == 6


def test_a_journal_that_does_not_chain_is_caught(tmp_path: Path) -> None:
    """A careless writer: right hashes of each line alone, but not of the line before."""
    journal = open_journal(tmp_path)
    journal.append_many([record(1), record(2)])
    journal.close()
    path = tmp_path / "000001.jsonl"
    lines = [line[72:] for line in path.read_bytes().splitlines()]
    unchained = [b'{"h":"' + hashlib.sha256(body).hexdigest().encode() + b'",' + body + b"\n" for body in lines]
    path.write_bytes(b"".join(unchained))
    first = verify(tmp_path).first
    assert first is not None
    assert (first.file, first.line) == ("000001.jsonl", 1)


def test_a_recovery_that_truncates_in_silence_is_caught(signed: Path) -> None:
    """A careless recovery: cuts the bad part off and goes on as if nothing had been there."""
    path = signed / "000002.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    (signed / "000002.jsonl.sig").unlink()
    report = verify(signed)
    assert report.first is not None
    assert report.first.file == "000003.jsonl"
    assert "is not how the file before it ends" in report.first.reason


def test_numbers_that_jump_are_found(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    head = journal.head
    journal.close()
    path = tmp_path / "000001.jsonl"
    text, _, _ = chain.extend(Head(head.n + 5, head.h), "boot-1", [record(1)])
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + text)
    first = verify(tmp_path).first
    assert first is not None
    assert first.reason == f"number {head.n + 6} follows {head.n}"


def test_a_clock_that_went_back_is_told_but_proves_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    late = record(2)
    journal.append(record(1))
    journal.append(late)
    journal.close()
    report = verify(tmp_path)
    assert report.ok
    assert [(place.file, place.line) for place in report.backwards] == [("000001.jsonl", 3)]


def test_time_starts_anew_with_another_boot(tmp_path: Path) -> None:
    open_journal(tmp_path, clock=Ticking(), boot="one").close()
    open_journal(tmp_path, clock=Ticking(), boot="two").close()
    assert verify(tmp_path).backwards == ()


def test_raw_files_are_bound_by_their_hash(tmp_path: Path) -> None:
    raw = tmp_path / "visit" / "raw"
    raw.mkdir(parents=True)
    (raw / "000001.mcap").write_bytes(b"not really samples")
    journal = open_journal(tmp_path / "visit" / "journal")
    sealed = {"name": "000001.mcap", "sha256": hashlib.sha256(b"not really samples").hexdigest()}
    entry = record(1)
    journal.append(
        Record(
            **{name: getattr(entry, name) for name in entry.__struct_fields__} | {"ev": "raw.sealed", "data": sealed}
        )
    )
    journal.close()
    report = verify(journal.folder)
    assert (report.ok, report.raw_files) == (True, 1)
    (raw / "000001.mcap").write_bytes(b"not really sampleS")
    first = verify(journal.folder).first
    assert first is not None
    assert "altered since 000001.jsonl line 2" in first.reason
    (raw / "000001.mcap").unlink()
    first = verify(journal.folder).first
    assert first is not None
    assert "missing" in first.reason


def test_nothing_is_no_proof(tmp_path: Path) -> None:
    report = verify(tmp_path)
    assert not report.ok
    assert report.first is not None
    assert "nothing is proven" in report.first.reason


def test_raw_files_of_the_whole_box_lie_in_their_visits(tmp_path: Path) -> None:
    raw = tmp_path / "visits" / "v7" / "raw"
    raw.mkdir(parents=True)
    (raw / "000001.mcap").write_bytes(b"samples")
    journal = open_journal(tmp_path / "journal")
    fields = {name: getattr(record(1), name) for name in Record.__struct_fields__}
    sealed = {"name": "000001.mcap", "sha256": hashlib.sha256(b"samples").hexdigest()}
    journal.append(Record(**fields | {"ev": "visit.opened", "data": {"visit": "v7"}}))
    journal.append(Record(**fields | {"ev": "raw.sealed", "data": sealed}))
    journal.close()
    report = verify(tmp_path / "journal")
    assert report.raw_files == 1
    assert report.ok
    (raw / "000001.mcap").unlink()
    first = verify(tmp_path / "journal").first
    assert first is not None
    assert first.file == str(raw / "000001.mcap")


def test_an_unknown_format_is_refused_by_name(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    path = tmp_path / "000001.jsonl"

    def newer(entry: Entry) -> Entry:
        fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
        return Entry(**(fields | {"data": {**entry.data, "format": 2}})) if entry.ev == chain.OPEN else entry

    forged, _ = rechained(path.read_bytes(), newer, Head(0, GENESIS))
    path.write_bytes(forged)
    first = verify(tmp_path).first
    assert first is not None
    assert first.reason == "journal format 2 is not format 1 of this version"


def test_journals_are_found_below_a_folder(tmp_path: Path) -> None:
    for name in ("station", "visits/v1/journal"):
        open_journal(tmp_path / name).close()
    (tmp_path / "sync").mkdir()
    (tmp_path / "sync" / "last.json").write_text("{}")
    (tmp_path / "visits/v1/raw").mkdir()
    assert [path.relative_to(tmp_path).as_posix() for path in journals_below(tmp_path)] == [
        "station",
        "visits/v1/journal",
    ]


def test_the_verifier_reads_only_json_that_is_there(signed: Path) -> None:
    """The report is built from the file's own bytes: an entry as read is the line as written."""
    for path in sorted(signed.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            assert json.loads(line)["n"] == chain.parse(line).n
    assert numbers(read_journal(signed)) == [0, 1, 2, 10, 11, 12, 20, 21, 22]


def test_a_result_that_was_altered_or_taken_away_is_found(tmp_path: Path) -> None:
    report = tmp_path / "analysis" / "stand-eyes_open-1.json"
    report.parent.mkdir()
    (tmp_path / "raw").mkdir()
    report.write_text('[{"path_length_cm": 40.5}]')
    journal = open_journal(tmp_path / "journal")
    entry = record(1)
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    bound = {"report": f"analysis/{report.name}", "sha256": hashlib.sha256(report.read_bytes()).hexdigest()}
    for data in (bound, {"report": "", "sha256": "", "refusal": "too short"}):
        journal.append(Record(**fields | {"ev": "capture.analysed", "data": data}))
    journal.close()
    assert verify(tmp_path / "journal").ok
    report.write_text('[{"path_length_cm": 30.5}]')
    first = verify(tmp_path / "journal").first
    assert first is not None
    assert "altered since 000001.jsonl line 2" in first.reason
    report.unlink()
    first = verify(tmp_path / "journal").first
    assert first is not None
    assert "missing" in first.reason
