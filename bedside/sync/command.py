"""`bedside sync`: send sealed visits to the study server, show what is unsent, examine the server."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

import msgspec

from bedside.config.strict import ConfigError
from bedside.sync.config import key_path, known_hosts_path, load
from bedside.sync.doctor import examine
from bedside.sync.sftp import Login, SyncError
from bedside.sync.status import lines, status
from bedside.sync.worker import Sender, Target, only_one

CONFIG = Path("/etc/bedside/sync.toml")
DATA = Path("/var/lib/bedside")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("status", help="what is sent, what waits, what needs a person")
    show.add_argument("--json", action="store_true", help="one JSON object")
    send = actions.add_parser("run", help="send what waits")
    how = send.add_mutually_exclusive_group(required=True)
    how.add_argument("--once", action="store_true", help="one try")
    how.add_argument("--loop", action="store_true", help="try, with growing pauses, until nothing waits")
    probe = actions.add_parser("doctor", help="prove on the server what sending relies on")
    probe.add_argument("--json", action="store_true", help="one JSON list, when all was tried")
    for action in (show, send):
        action.add_argument("--data", type=Path, default=DATA, help="the station's data folder (%(default)s)")
    for action in (send, probe):
        action.add_argument("--config", type=Path, default=CONFIG, help="sync.toml (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 only when everything sealed is on the server, or the server keeps every guarantee that is needed."""
    # a dying connection makes asyncio log a line for every block that was still queued
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    if args.action != "doctor" and not args.data.is_dir():
        tell(f"no data folder at {args.data} (name the station's with --data)")
        return 1
    try:
        if args.action == "status":
            return show(args.data, as_json=args.json)
        target = target_of(args.config)
        if args.action == "doctor":
            return asyncio.run(report(target, as_json=args.json))
        return send(args.data, target, loop=args.loop)
    except (ConfigError, SyncError) as error:
        tell(str(error) if isinstance(error, ConfigError) else f"{error} ({error.remedy})")
    except OSError as error:
        tell(f"{error.filename or 'this box'}: {error.strerror or error} (check disk and permissions)")
    return 1


def show(data: Path, *, as_json: bool) -> int:
    """Print the outbox; exit code 0 when nothing is unsent."""
    now = status(data)
    text = msgspec.json.encode(now).decode() if as_json else "\n".join(lines(now))
    sys.stdout.write(f"{text}\n")
    return 0 if now.all_sent else 1


def send(data: Path, target: Target, *, loop: bool) -> int:
    """Send once, or until nothing waits; raises `SyncError` when another program sends already."""
    with only_one(data):
        sender = Sender(data, target, tell)
        asyncio.run(sender.until_empty() if loop else sender.once())
    return 0 if status(data).all_sent else 1


async def report(target: Target, *, as_json: bool) -> int:
    """Print each finding about the server; raises `SyncError` when it is not reached."""
    findings = []
    async for finding in examine(target):
        findings.append(finding)
        word = "ok" if finding.ok else "FAILS" if finding.needed else "note"
        if not as_json:
            sys.stdout.write(f"{word:<6}{finding.what}{f' ({finding.remedy})' if not finding.ok else ''}\n")
    if as_json:
        sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")
    return 0 if all(finding.ok or not finding.needed for finding in findings) else 1


def target_of(path: Path) -> Target:
    """Where sync.toml says; raises `ConfigError`."""
    config = load(path)
    login = Login(
        host=config.host,
        port=config.port,
        user=config.user,
        key=key_path(path, config),
        known_hosts=known_hosts_path(path, config),
        timeout_s=config.timeout_s,
    )
    return Target(login=login, prefix=f"{config.folder.rstrip('/')}/{config.box}")


def tell(text: str) -> None:
    """A line of narration."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
