"""`bedside report`: a visit's report in the terminal, or as one HTML file."""

import argparse
import sys
from pathlib import Path
from shutil import get_terminal_size

import msgspec

from bedside.config import ConfigError, config_folder
from bedside.events import Envelope, Role, VisitOpened
from bedside.record.errors import JournalDamaged
from bedside.record.journal import read_journal
from bedside.record.verify import journals_below
from bedside.report.assemble import NoVisitError, assemble
from bedside.report.html import html
from bedside.report.text import text
from bedside.station.books import envelopes
from bedside.visit.setup import load_setup


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a visit's folder, or the data folder: its last visit")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained HTML file")
    form.add_argument("--json", action="store_true", help="one JSON object: the same titles, tables and figures")
    parser.add_argument("--blinded", action="store_true", help="only what an assessor may know")
    parser.add_argument("--config", metavar="DIR", help="configuration that the visit was made with")


def run(args: argparse.Namespace) -> int:
    """Make the report; 0 when it was made."""
    role: Role = "assess" if args.blinded else "control"
    try:
        events, visit = last_visit(args.folder)
        setup = load_setup(config_folder(args.config), study=_study(events))
        report = assemble(events, setup, visit, role)
    except (ConfigError, JournalDamaged, NoVisitError, OSError) as error:
        sys.stderr.write(f"bedside report: {error}\n")
        return 2
    if args.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return 0
    if args.html is None:
        sys.stdout.write(text(report, min(get_terminal_size().columns, 120)))
        return 0
    try:
        args.html.write_text(html(report), encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"bedside report: {args.html}: {error.strerror}; choose another file\n")
        return 2
    return 0


def last_visit(folder: Path) -> tuple[list[Envelope], Path]:
    """The events of the last visit below `folder`, from its opening on, and its own folder. Raises `NoVisitError`."""
    if not folder.is_dir():
        raise NoVisitError(f"{folder}: no such folder")
    found: list[Envelope] = []
    for journal in journals_below(folder):
        events = _of_last(list(envelopes(read_journal(journal, strict=False))))
        if events and (not found or events[0].utc > found[0].utc):
            found = events
    if not found:
        raise NoVisitError(f"{folder}: no visit here or below")
    opened = found[0].event
    name = opened.visit if isinstance(opened, VisitOpened) else ""
    own = folder / "visits" / name
    return found, own if own.is_dir() else folder


def _of_last(events: list[Envelope]) -> list[Envelope]:
    opened = [place for place, envelope in enumerate(events) if isinstance(envelope.event, VisitOpened)]
    return events[opened[-1] :] if opened else []


def _study(events: list[Envelope]) -> str | None:
    return next((envelope.event.study for envelope in events if isinstance(envelope.event, VisitOpened)), None)
