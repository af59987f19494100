"""What is sent and what is not, for a person and for a machine."""

from pathlib import Path

import msgspec

from bedside.record.outbox import Item, LastTry, last_try, open_visits, receipts, unsent


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The outbox at one moment; `open_visits` are not sealed yet and so wait for nothing."""

    sent: int
    waiting: tuple[Item, ...]
    conflicts: tuple[Item, ...]
    damaged: tuple[Item, ...]
    open_visits: tuple[str, ...]
    last_try: LastTry | None

    @property
    def all_sent(self) -> bool:
        """Whether the server holds every file of every sealed visit."""
        return not (self.waiting or self.conflicts or self.damaged)


def status(data: Path) -> Status:
    """The state of the outbox below the folder `data`."""
    items = unsent(data)
    return Status(
        sent=sum(receipt.state == "verified-by-box" for receipt in receipts(data)),
        waiting=tuple(item for item in items if item.state == "waiting"),
        conflicts=tuple(item for item in items if item.state == "conflict"),
        damaged=tuple(item for item in items if item.state == "damaged"),
        open_visits=tuple(open_visits(data)),
        last_try=last_try(data),
    )


def lines(now: Status) -> list[str]:
    """The status in words, a line each, with what to do about what will not resolve itself."""
    waiting_mb = sum(item.file.bytes for item in now.waiting if item.file) / 1e6
    said = [f"sent {now.sent} files, waiting {len(now.waiting)} ({waiting_mb:.1f} MB)"]
    said += [f"waiting   {item.visit}/{item.name}" for item in now.waiting]
    said += [f"conflict  {item.visit}/{item.name}: {item.reason}" for item in now.conflicts]
    said += [f"damaged   {item.visit}/{item.name}: {item.reason}" for item in now.damaged]
    if now.conflicts:
        said.append("a conflict is kept until the server's administrator has moved the other file away")
    if now.damaged:
        said.append("a damaged file is not sent; `bedside log verify` on its visit tells what holds")
    said += [f"open      {visit} (not closed yet)" for visit in now.open_visits]
    if now.last_try:
        problem = f"{now.last_try.problem} ({now.last_try.remedy})" if now.last_try.problem else "ended well"
        said.append(f"last try  {now.last_try.utc}: {problem}")
    return said
