from collections.abc import Iterator
from pathlib import Path

import pytest

from bedside.events import Envelope, PulseReported, StationStarted, StepEntered, VisitClosed, VisitOpened
from bedside.record.chain import Stamp
from bedside.record.journal import Journal, read_journal
from bedside.record.outbox import unsent
from bedside.record.verify import verify
from bedside.station.books import PAGE_LINES, Books, gap_s, past_visits
from bedside.visit.inputs import Now

UTC = "2026-11-21T08:00:00.000000Z"


LATER = "2026-11-21T08:00:12.000000Z"


def open_books(data: Path, utc: str = UTC) -> Books:
    journal = Journal.open(
        data / "journal",
        box="b",
        software="s",
        config_hash="c",
        boot="boot",
        clock=lambda: Stamp(0, utc, "ntp"),
    )
    return Books(journal, data / "visits", lambda: "ntp")


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    books = open_books(tmp_path)
    yield books
    books.close("test over")


def opened(visit: str = "v1") -> VisitOpened:
    return VisitOpened(visit=visit, participant="P", study="S", session=1, sessions_planned=28, simulated=True)


def write(books: Books, *events: object) -> tuple[Envelope, ...]:
    return books.write(events, Now(mono_ns=5, utc=UTC), "thera", "control")  # type: ignore[arg-type]


def since(books: Books, n: int) -> list[Envelope]:
    """All events after number `n`."""
    return [envelope for page in books.pages(n, books.n) for envelope in page]


CLOSED = VisitClosed(outcome="complete", reason="signed")


def test_events_come_back_as_they_were_written(books: Books) -> None:
    written = write(books, opened(), StepEntered(step="checkin"))
    assert [envelope.event for envelope in written] == [opened(), StepEntered(step="checkin")]
    assert since(books, 0) == list(written)
    assert since(books, written[0].n) == [written[1]]
    assert (written[0].who, written[0].via, written[0].mono_ns) == ("thera", "control", 5)


@pytest.mark.parametrize("after", [0, 1, 149, 150, 151, 402])
def test_a_long_journal_comes_back_in_pages_over_its_files(books: Books, after: int) -> None:
    written = [*write(books, *[StepEntered(step="fit")] * 150)]
    for visit in ("v1", "v2"):
        written += write(books, opened(visit), *[PulseReported(purpose="treatment", course=1)] * 120, CLOSED)
        books.seal(visit)
    last = books.n - 3
    pages = list(books.pages(after, last))
    assert [envelope for page in pages for envelope in page] == [x for x in written if after < x.n <= last]
    assert max(map(len, pages), default=0) <= PAGE_LINES
    assert len(pages) > 1 or after > 150


def test_a_line_that_is_just_being_written_is_not_told(books: Books, tmp_path: Path) -> None:
    written = write(books, StepEntered(step="checkin"))
    newest = max((tmp_path / "journal").glob("*.jsonl"))
    whole = newest.read_bytes()
    newest.write_bytes(whole + whole.splitlines(keepends=True)[-1][:-1])
    assert since(books, 0) == list(written)
    newest.write_bytes(whole)


def test_an_open_visit_is_found_again_with_all_its_events(books: Books, tmp_path: Path) -> None:
    write(books, opened("old"), CLOSED)
    write(books, opened("new"), StepEntered(step="fit"))
    books.close("crash")
    again = open_books(tmp_path)
    assert [envelope.event for envelope in again.open_visit()] == [opened("new"), StepEntered(step="fit")]
    again.close("over")


def test_a_closed_visit_is_not_open(books: Books) -> None:
    write(books, opened(), CLOSED)
    assert books.open_visit() == []


def test_a_sealed_visit_holds_whole_files_and_is_ready_to_be_sent(books: Books, tmp_path: Path) -> None:
    write(books, StationStarted(software="s", config_hash="c", simulated=True))
    write(books, opened())
    write(books, PulseReported(purpose="treatment", course=1), CLOSED)
    books.seal("v1")
    events = [[type(e.event) for e in visit] for visit in past_visits(tmp_path / "visits")]
    assert events == [[VisitOpened, PulseReported, VisitClosed]]
    assert {item.visit for item in unsent(tmp_path)} == {"v1"}
    linked = next((tmp_path / "visits" / "v1" / "journal").glob("*.jsonl"))
    assert linked.samefile(tmp_path / "journal" / linked.name)


def test_a_visit_that_was_closed_but_not_sealed_is_found_and_sealed_later(books: Books, tmp_path: Path) -> None:
    write(books, opened(), CLOSED)
    assert books.unsealed() == "v1"
    books.close("crash before sealing")
    again = open_books(tmp_path)
    assert again.unsealed() == "v1"
    again.seal("v1")
    assert again.unsealed() is None
    again.seal("v1")
    again.close("over")


def test_the_chain_of_the_box_holds_over_several_visits(books: Books, tmp_path: Path) -> None:
    for visit in ("v1", "v2", "v3"):
        write(books, opened(visit), CLOSED)
        books.seal(visit)
    books.close("over")
    report = verify(tmp_path / "journal")
    assert report.ok, report.first


def test_opening_the_journal_again_is_not_its_last_event(books: Books, tmp_path: Path) -> None:
    assert books.last_utc() is None
    write(books, opened(), StepEntered(step="fit"))
    books.close("crash")
    again = open_books(tmp_path, LATER)
    wrote = {entry.ev for entry in read_journal(tmp_path / "journal", strict=False) if entry.utc == LATER}
    assert wrote == {"journal.open"}, "it spoke of itself alone"
    assert again.last_utc() == UTC
    assert gap_s(again.last_utc(), LATER) == 12.0
    again.close("test over")


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, UTC, None),
        ("2026-11-21T07:59:00.000000Z", UTC, 60.0),
        ("2026-11-21T08:00:01.000000Z", UTC, None),
    ],
)
def test_the_gap_is_unknown_when_the_clock_cannot_be_believed(
    last: str | None, now: str, expected: float | None
) -> None:
    assert gap_s(last, now) == expected
