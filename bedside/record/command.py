"""`bedside log`: show, prove and play back the journals in a folder or below it."""

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bedside.record.chain import Entry
from bedside.record.errors import JournalDamaged
from bedside.record.proof import VerifyReport
from bedside.record.reading import read_journal
from bedside.record.replay import replay
from bedside.record.signing import BadKey, load_public_key
from bedside.record.verify import journals_below, verify

_EXPLAINED = ("reason", "text", "error")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|verify|replay")
    show = actions.add_parser("show", help="print the events, one line each")
    check = actions.add_parser("verify", help="prove that nothing was changed, or name the first bad place")
    play = actions.add_parser("replay", help="print the events at the pace at which they happened")
    for sub in (show, check, play):
        sub.add_argument("folder", type=Path, metavar="DIR", help="a journal, a visit's folder or the data folder")
        sub.add_argument("--json", action="store_true", help="print JSON lines")
    check.add_argument("--key", type=Path, metavar="FILE", help="the box's public key: accept no other signature")
    play.add_argument("--speed", type=_pace, default=1.0, metavar="X", help="times the original pace; 0: do not wait")


def _pace(text: str) -> float:
    """A pace of 0 or more, for `argparse`."""
    try:
        pace = float(text)
    except ValueError:
        pace = math.nan
    if not (math.isfinite(pace) and pace >= 0):
        raise argparse.ArgumentTypeError(f"{text}: must be a number of 0 or more")
    return pace


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when all went well."""
    try:
        return _run(args)
    except BrokenPipeError:
        # who reads (head, less) has seen enough; the interpreter's own flush at exit must not complain either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _complain(f"{error.filename}: cannot be read: {error.strerror}; check the path and its permissions")


def _run(args: argparse.Namespace) -> int:
    folder: Path = args.folder
    if not folder.is_dir():
        return _complain(f"{folder}: no such folder")
    journals = list(journals_below(folder))
    if not journals:
        return _complain(f"{folder}: no journal here or below (a journal is a folder with files like 000001.jsonl)")
    if args.action == "verify":
        return _verify(journals, args.key, as_json=args.json)
    speed = args.speed if args.action == "replay" else 0.0
    return max([_print(journal, speed, as_json=args.json) for journal in journals])


def _verify(journals: list[Path], key_file: Path | None, *, as_json: bool) -> int:
    try:
        key = load_public_key(key_file) if key_file else None
    except (BadKey, OSError) as error:
        return _complain(str(error))
    reports = [verify(journal, key=key) for journal in journals]
    for report in reports:
        if as_json:
            _out(msgspec.json.encode(report).decode())
        else:
            _out("\n".join(verdict(report)))
    return 0 if all(report.ok for report in reports) else 1


def verdict(report: VerifyReport) -> Iterator[str]:
    """A report as lines for a person, the first bad place first."""
    counts = f"{report.lines} lines in {report.files} files, {report.raw_files} sample files"
    if report.ok:
        yield f"ok   {report.folder}: {counts}; last line {report.last_n}, {report.head[:16]}"
    else:
        yield f"BAD  {report.folder}: {counts}"
    for problem in report.problems:
        yield f"     {problem}"
        yield f"       do: {problem.remedy}"
    if report.unsigned:
        yield f"     unsigned: {', '.join(report.unsigned)}"
    for gap in report.gaps:
        yield f"     note: {gap.missing} of {gap.stream} are missing before {gap.mono_ns / 1e9:.3f} s"
    for problem in report.backwards:
        yield f"     note: {problem}"
    for note in report.notes:
        yield f"     note: {note}"


def _print(journal: Path, speed: float, *, as_json: bool) -> int:
    print(f"journal {journal}", file=sys.stderr)  # noqa: T201
    emit = (
        (lambda entry: _out(msgspec.json.encode(entry).decode())) if as_json else (lambda entry: _out(one_line(entry)))
    )
    try:
        told = replay(read_journal(journal, whole=True), emit, speed=speed, sleep=time.sleep)
    except JournalDamaged as error:
        return _complain(f"{error}; run bedside log verify")
    return 0 if told else _complain(f"{journal}: no line in it; run bedside log verify")


def one_line(entry: Entry) -> str:
    """An entry for a person: number, wall-clock time, who, tag, and its data."""
    data = " ".join(f"{name}={_brief(value)}" for name, value in entry.data.items() if name not in _EXPLAINED)
    said = " ".join(str(entry.data[name]) for name in _EXPLAINED if entry.data.get(name))
    held = "" if entry.sync == "ntp" else f" ({entry.sync})"
    text = f"{entry.n:>6}  {entry.utc[:23].replace('T', ' ')}{held}  {entry.who:<12} {entry.ev:<24} {data}"
    line = f"{text.rstrip()}  {said}".rstrip()
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _brief(value: object) -> str:
    if isinstance(value, str):
        return value if len(value) <= 24 else f"{value[:16]}…"
    return msgspec.json.encode(value).decode()


def _out(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _complain(text: str) -> int:
    print(f"bedside log: {text}", file=sys.stderr)  # noqa: T201
    return 1
