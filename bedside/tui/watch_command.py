"""`bedside watch`: follow the visit from elsewhere. It can STOP and nothing else."""

import argparse
from pathlib import Path

from bedside.tui.command import DEFAULT_RUN_FOLDER


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bedside watch`."""
    parser.add_argument(
        "--run",
        dest="folder",
        type=Path,
        default=DEFAULT_RUN_FOLDER,
        metavar="DIR",
        help="folder with the station's sockets",
    )


def run(args: argparse.Namespace) -> int:
    """Run the watcher's screen until it is closed."""
    from bedside.tui.app import run_app  # noqa: PLC0415 - argparse alone must not load Textual

    return run_app(args.folder, "observe")
