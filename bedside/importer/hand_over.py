"""Hands a robot's table to the running station, the only one that writes into a visit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bedside.commands import ImportRobot
from bedside.events import RobotImported
from bedside.record.fsutil import write_whole
from bedside.refusal import Refusal
from bedside.station.client import StationClient
from bedside.station.wire import EventMessage

ANSWER_S = 60.0


@contextmanager
def handed_over(file: Path, folder: Path) -> Iterator[None]:
    """The file in the station's import folder, where it is not there by itself, until the block ends."""
    there = folder / file.name
    if file.resolve() == there.resolve():
        yield
        return
    if there.exists():
        raise Refusal(f"another {file.name} lies in {folder}", "move it away, or import that one")
    try:
        write_whole(there, file.read_bytes())
        # the station runs as another user; its data folder is closed to everybody else
        there.chmod(0o644)
    except OSError as error:
        raise Refusal(f"{there}: {error.strerror or error}", f"copy {file.name} into {folder} yourself") from error
    try:
        yield
    finally:
        there.unlink(missing_ok=True)


async def hand_over(run_dir: Path, asked: ImportRobot) -> RobotImported:
    """The event of the table that the station has kept; raises `Refusal` with its words, and `StationGone`."""
    client = await StationClient.connect(run_dir, "admin")
    seen: asyncio.Future[RobotImported] = asyncio.get_running_loop().create_future()
    listening = asyncio.create_task(_listen(client, asked, seen))
    try:
        async with asyncio.timeout(ANSWER_S):
            reply = await client.ask(asked)
            if not reply.ok:
                raise Refusal(reply.reason, reply.remedy)
            return await seen
    except TimeoutError:
        raise Refusal("the station does not answer", "look into the visit's report whether it has the table") from None
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await client.close()


async def _listen(client: StationClient, asked: ImportRobot, seen: "asyncio.Future[RobotImported]") -> None:
    async for message in client.messages():
        if isinstance(message, EventMessage) and isinstance(message.envelope.event, RobotImported):
            event = message.envelope.event
            if event.file == asked.file and not seen.done():
                seen.set_result(event)
