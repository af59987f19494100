"""`bedside watch`: follow the visit from elsewhere. It can STOP and nothing else."""

import argparse

from bedside.tui.command import folder_option


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bedside watch`."""
    folder_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the watcher's screen until it is closed."""
    from bedside.tui.app import run_app  # noqa: PLC0415 - argparse alone must not load Textual

    return run_app(args.folder, "observe")
