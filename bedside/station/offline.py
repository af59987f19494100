"""A command line of this program, run in a process of its own that may die: what it printed, or why nothing of use."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bedside.refusal import ANSWER_REFUSED

RAW = "raw"
MOST_BYTES = 64 * 1024 * 1024
NICE = "10"
COMMAND = (sys.executable, "-m", "bedside.cli")


@dataclass(frozen=True, slots=True)
class Printed:
    """What the command said, or in words why it said nothing that can be used."""

    output: bytes = b""
    report: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


async def run_offline(command: tuple[str, ...], folder: Path, arguments: list[str], limit_s: float) -> Printed:
    """Run a command in a visit's folder; it is killed where it takes longer than `limit_s` or we are cancelled."""
    try:
        process = await asyncio.create_subprocess_exec(
            "nice",
            "-n",
            NICE,
            *command,
            *arguments,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return Printed(problem=f"the analysis cannot be started: {error}")
    try:
        async with asyncio.timeout(limit_s):
            output, said = await _hear(process)
            code = await process.wait()
    except TimeoutError:
        return Printed(problem=f"the analysis took longer than {limit_s:g} s and was ended; analyse it later")
    finally:
        await _end(process)
    return await asyncio.to_thread(_understood, code, output, said)


def _understood(code: int, output: bytes, said: bytes) -> Printed:
    if code < 0:
        return Printed(problem=f"the analysis was ended by signal {-code}; record the trial again or analyse it later")
    if code not in (0, ANSWER_REFUSED):
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        return Printed(problem=lines[-1].removeprefix("bedside analyse: ").removeprefix(f"{RAW}: ")[:300])
    try:
        reports = msgspec.json.decode(output)
    except msgspec.DecodeError:
        return Printed(problem=f"the analysis printed {len(output)} bytes that nobody can read")
    if not (isinstance(reports, list) and len(reports) == 1 and isinstance(reports[0], dict)):
        return Printed(problem="the analysis printed something else than one report")
    return Printed(output, reports[0])


async def _hear(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("both are piped")
    return await asyncio.gather(_all_of(process.stdout), _all_of(process.stderr))


async def _all_of(stream: asyncio.StreamReader) -> bytes:
    """Everything, but no more than can be a report: the rest is thrown away, and is then no JSON."""
    parts, size = [], 0
    while part := await stream.read(1 << 16):
        size += len(part)
        if size <= MOST_BYTES:
            parts.append(part)
    return b"".join(parts)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
