"""Proves a journal and the samples and results bound to it, or names the first place where the proof fails."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from bedside.record.chain import GENESIS, Entry, Head
from bedside.record.layout import file_number, other_files
from bedside.record.named import named_files
from bedside.record.note import NOTE, DamagedNote, read_note
from bedside.record.outbox import sha256_of
from bedside.record.proof import KEEP, Problem, VerifyReport
from bedside.record.reading import FileRead, read_files
from bedside.record.samples import gaps_in
from bedside.record.signing import seal_fault

RAW_SEALED, ANALYSED, VISIT_OPENED = "raw.sealed", "capture.analysed", "visit.opened"
IMPORTED, IMPORTS = frozenset({"capture.imported", "robot.imported"}), "imports"
_START = "start the station once: it removes a line cut off by a crash"
_WHOLE = "copy a closed visit's whole folder, or the box's journal with its head.json, and verify that"


def verify(folder: Path, *, raw: Path | None = None, key: str | None = None) -> VerifyReport:
    """Check chain, numbers, links between files, seals, signatures, the note of the last number, samples and results.

    A folder without a note is an excerpt, such as a closed visit's: all of its files were sealed before they were put
    there, so one without a seal, or without the signature that its opening line promises, was cut or emptied.
    `raw` is where sealed segments of samples lie; when not given `../raw`, and for the whole box's journal
    `../visits/VISIT/raw`. `key` is the public key (hex) that must have signed; without it the key that each file names
    is used, which a forger could have replaced.
    """
    return _Verifier(folder, raw, key).run()


class _Verifier:
    def __init__(self, folder: Path, raw: Path | None, key: str | None) -> None:
        self.folder, self.raw, self.key = folder, raw, key
        self.problems: list[Problem] = []
        self.backwards: list[Problem] = []
        self.unsigned: list[str] = []
        self.notes: list[str] = []
        self.raw_good: list[Path] = []
        self.files = self.lines = self.sealed = self.signed = self.raw_files = 0
        self.visit = ""
        self.last: Entry | None = None
        self.last_place: Problem | None = None
        # looked at before the files are read: a writer at work seals and signs in between, and never the other way
        self.excerpt = not (folder / NOTE).exists()
        self.signatures = {path.name for path in folder.glob("*.sig")}
        self.note = self._noted()

    def run(self) -> VerifyReport:
        for read in read_files(self.folder):
            self._file(read)
        if not self.files and not self.problems:
            self._bad(self.folder.name, None, None, "there is no journal file here, so nothing is proven")
        if self.note and self.note.n > (self.last.n if self.last else 0):
            self._cut_off(self.note.n)
        if not self.lines and not self.problems:
            self._bad(self.folder.name, None, None, "there is no line in it, so nothing is proven")
        self.problems += named_files(self.folder)
        self.notes += [f"{path.name} is a copy made before a repair" for path in other_files(self.folder, ".broken")]
        return VerifyReport(
            folder=str(self.folder),
            ok=not self.problems,
            problems=tuple(self.problems),
            files=self.files,
            lines=self.lines,
            last_n=self.last.n if self.last else 0,
            head=self.last.h if self.last else "",
            sealed=self.sealed,
            signed=self.signed,
            unsigned=tuple(self.unsigned),
            raw_files=self.raw_files,
            gaps=tuple(gap for paths in self._recordings() for gap in gaps_in(paths)),
            backwards=tuple(self.backwards),
            notes=tuple(self.notes),
        )

    def _bad(self, file: str, line: int | None, offset: int | None, reason: str, remedy: str = KEEP) -> None:
        self.problems.append(Problem(file=file, line=line, offset=offset, reason=reason, remedy=remedy))

    def _file(self, read: FileRead) -> None:
        name, bad = read.path.name, read.scan.bad
        self.files += 1
        if read.broken_link:
            self._bad(name, 1, 0, read.broken_link)
        if read.opening:
            self._set_aside(read)
        for line in read.scan.lines:
            self._line(name, line.number, line.offset, line.entry)
        if bad:
            remedy = _START if read.being_written and not self.excerpt else KEEP
            self._bad(name, bad.number, bad.offset, bad.reason, remedy)
        if read.abandoned_bytes:
            self.notes.append(f"{name} ended with a write error, {read.abandoned_bytes} bytes were never acknowledged")
        self._seal(read)

    def _set_aside(self, read: FileRead) -> None:
        for item in read.opening.set_aside if read.opening else ():
            path = self.folder / item.file
            if not path.exists() or sha256_of(path) != item.sha256:
                self._bad(item.file, None, None, "the file that was set aside is missing or was altered since")

    def _line(self, name: str, number: int, offset: int, entry: Entry) -> None:
        here = Problem(file=name, line=number, offset=offset, reason="the monotonic clock went backwards")
        if self.last and entry.boot == self.last.boot and entry.mono_ns < self.last.mono_ns:
            self.backwards.append(here)
        self.last = entry
        self.last_place = here
        self.lines += 1
        if self.note and entry.n == self.note.n and entry.h != self.note.h != GENESIS:
            self._bad(name, number, offset, f"line {entry.n} is not the one that {NOTE} remembers")
        if entry.ev == VISIT_OPENED:
            self.visit = str(entry.data.get("visit"))
        if entry.ev == RAW_SEALED:
            self.raw_files += 1
            path = self._raw_folder() / Path(str(entry.data.get("name"))).name
            if self._bound(here, path, entry):
                self.raw_good.append(path)
        if entry.ev == ANALYSED and entry.data.get("report"):
            report = Path(str(entry.data["report"]))
            self._bound(here, self._raw_folder().parent / report.parent.name / report.name, entry)
        if entry.ev in IMPORTED:
            for kept, digest in (("kept", "sha256"), ("mapping_kept", "mapping_sha256")):
                path = self._raw_folder().parent / IMPORTS / Path(str(entry.data.get(kept))).name
                self._bound(here, path, entry, digest)

    def _bound(self, here: Problem, path: Path, entry: Entry, digest: str = "sha256") -> bool:
        """Whether the file that a line names is there with the bytes that the line names under `digest`."""
        if not path.is_file():
            self._bad(str(path), None, None, f"missing; {here.file} line {here.line} names it")
        elif sha256_of(path) != entry.data.get(digest):
            self._bad(str(path), None, None, f"altered since {here.file} line {here.line} named it")
        else:
            return True
        return False

    def _recordings(self) -> list[list[Path]]:
        """The proven sample files, those of one visit together."""
        return [list(paths) for _, paths in itertools.groupby(self.raw_good, key=lambda path: path.parent)]

    def _raw_folder(self) -> Path:
        beside = self.folder.parent
        # the data folder has an import folder too, and its visits in a folder of their own
        of_visit = not (beside / "visits").is_dir()
        if self.raw or (of_visit and any((beside / part).is_dir() for part in ("raw", "analysis", IMPORTS))):
            return self.raw or beside / "raw"
        return self.folder.parent / "visits" / self.visit / "raw"

    def _seal(self, read: FileRead) -> None:
        name, last = read.path.name, read.scan.last
        if last is None or not read.scan.sealed or read.scan.bad:
            if not read.scan.bad:
                self._unsealed(read)
            if not read.last:
                self.unsigned.append(name)
            return
        self.sealed += 1
        signature = read.path.with_name(name + ".sig")
        signer = read.opening.signer if read.opening else None
        if signature.exists():
            trusted = self.key or signer
            fault = seal_fault(signature.read_bytes(), name, Head(last.n, last.h), trusted)
            self._signature(read, fault)
        elif self.key or signer:
            place = read.scan.lines[-1]
            missing = "sealed, but the signature that its opening line promises is missing"
            # the box's last file may be sealed this moment, or by a crash, and is signed afterwards
            if not read.last or self.key or self.excerpt:
                self._bad(name, place.number, place.offset, missing)
            self.unsigned.append(name)
        else:
            self.unsigned.append(name)

    def _unsealed(self, read: FileRead) -> None:
        """A file that ends without its seal, as far as that tells of an end that is not there any more."""
        name, lines = read.path.name, read.scan.lines
        line, offset = (lines[-1].number, lines[-1].offset) if lines else (None, None)
        if f"{name}.sig" in self.signatures:
            self._bad(name, line, offset, f"its seal is missing, and {name}.sig signs one: the end was cut off")
        elif not lines and not read.last:
            self._bad(name, None, None, "it is empty, and files come after it")
        elif self.excerpt and read.last:
            reason = "it ends without its seal, and a copied visit holds closed files only: the end was cut off"
            self._bad(name, line, offset, reason, _WHOLE)

    def _signature(self, read: FileRead, fault: str | None) -> None:
        if fault is None:
            self.signed += 1
            return
        place = read.scan.lines[-1]
        self._bad(f"{read.path.name}.sig", 1, 0, f"{fault} (seal of {read.path.name}, line {place.number})")

    def _noted(self) -> Head | None:
        """The note, read before the files: a writer at work only adds lines in between."""
        try:
            note = read_note(self.folder)
        except DamagedNote as error:
            self._bad(NOTE, 1, 0, str(error))
            return None
        if note is None:
            self.notes.append(
                f"no {NOTE}: this is an excerpt, and whole files missing at its ends would not be noticed"
            )
        return note

    def _cut_off(self, noted: int) -> None:
        place, last_n = self.last_place, self.last.n if self.last else 0
        reason = f"lines {last_n + 1} to {noted} were durable once and are missing: the end was cut off"
        self._bad(place.file if place else NOTE, place.line if place else None, None, reason)


def journals_below(folder: Path) -> Iterator[Path]:
    """Every journal in `folder` or below it: a folder with a file of a chain, or what belongs to one, or the note.

    Raises OSError for a folder that may not be looked into: what is in it would go unseen.
    """
    found = []
    for place, _, names in os.walk(folder, onerror=_refuse):
        if NOTE in names or any(file_number(name) is not None for name in names):
            found.append(Path(place))
    yield from sorted(found)


def _refuse(error: OSError) -> NoReturn:
    raise error
